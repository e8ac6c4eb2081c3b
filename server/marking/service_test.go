package marking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fn fiscal.FNNumber = "9999000000000001"

var (
	scheme = sign.NewTBGOST1(sign.TBGOST1Options{})
	clock  = time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC)
)

func service(o Options) *Service {
	o.Signs, o.Now = scheme, func() time.Time { return clock }
	if o.Delay == 0 {
		o.Delay = -1
	}
	return New(o)
}

// message puts a document of the drive into a session message.
func message(t require.TestingT, v wire.SVersion, form fiscal.Form, fields func(b *tlv.Builder)) *wire.Message {
	var b tlv.Builder
	b.STLV(tlv.Tag(form), fields)
	stlv, err := b.Bytes()
	require.NoError(t, err)
	container, err := scheme.Marking(fn).Seal(form, 7, stlv)
	require.NoError(t, err)
	return frame(t, v, container)
}

func frame(t require.TestingT, v wire.SVersion, container []byte) *wire.Message {
	h := wire.Header{Signature: wire.SignatureMarking, SVersion: v, PVersion: wire.PVersion{0, 1}, FN: fn.Padded(), Flags: wire.FlagsContainer}
	raw, err := wire.AppendMessage(nil, h, container)
	require.NoError(t, err)
	var d wire.Decoder
	d.Feed(raw)
	m, err := d.Next()
	require.NoError(t, err)
	return m
}

// ask sends a request about a code (form 81).
func ask(t require.TestingT, code string, status byte) *wire.Message {
	return message(t, wire.SVersionMarking, fiscal.FormMarkingRequest, func(b *tlv.Builder) {
		number := fn.Padded()
		b.Raw(ffd.TagFNNumber, number[:])
		b.Uint32(ffd.TagMarkingRequestNumber, 5)
		b.Uint32(ffd.TagRequestTime, 1785585720)
		b.Byte(ffd.TagPlannedStatus, status)
		b.Byte(ffd.TagMarkingCodeType, 3)
		b.STLV(ffd.TagMarkedItem, func(b *tlv.Builder) { b.Text(ffd.TagMarkingCode, code) })
	})
}

// tell sends a notification of sale (form 82) with one item for each code.
func tell(t require.TestingT, status byte, codes ...string) *wire.Message {
	return message(t, wire.SVersionMarking, fiscal.FormMarkingNotice, func(b *tlv.Builder) {
		b.Uint32(ffd.TagMarkingNoticeNumber, 9)
		b.Uint32(ffd.TagFDNumber, 77)
		for _, c := range codes {
			b.STLV(ffd.TagMarkedItem, func(b *tlv.Builder) {
				b.Text(ffd.TagMarkingCode, c)
				b.Byte(ffd.TagAssignedStatus, status)
			})
		}
	})
}

// answer opens a reply as the drive does.
func answer(t *testing.T, m *wire.Message, r Result) *ffd.Document {
	t.Helper()
	require.NotNil(t, r.Reply, r.Detail)
	var d wire.Decoder
	d.Feed(r.Reply)
	reply, err := d.Next()
	require.NoError(t, err)
	assert.Equal(t, m.Header.Signature, reply.Header.Signature)
	assert.Equal(t, m.Header.SVersion, reply.Header.SVersion)
	assert.Equal(t, m.Header.FN, reply.Header.FN)
	c, _, err := wire.ParseContainer(reply.Body(), wire.Strict)
	require.NoError(t, err)
	assert.Equal(t, m.Body()[wire.OffFN:wire.OffTail], c.Raw[wire.OffFN:wire.OffTail], "TRN-030")
	stlv, v, err := scheme.Marking(fn).Open(c)
	require.NoError(t, err)
	require.Equal(t, sign.OK, v)
	doc, err := ffd.Decode(stlv)
	require.NoError(t, err)
	assert.Equal(t, c.Form, doc.Form)
	return doc
}

// O-122, O-123, O-124: what is said of a code is chosen by its last digits. 0 stands
// for a tag that is not there.
func TestService_AnswersRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, code                  string
		processing, status, results uint64
	}{
		{"in turnover", "0104670540176099215+bNW&7100", 0, 1, 15},
		{"unknown", "0104670540176099215+bNW&7190", 0, 2, 5},
		{"another status", "0104670540176099215+bNW&7191", 0, 2, 7},
		{"suspended", "0104670540176099215+bNW&7192", 0, 3, 7},
		{"malformed code", "0104670540176099215+bNW&7193", 2, 0, 0},
		{"malformed request", "0104670540176099215+bNW&7194", 1, 0, 0},
		{"sign and status wrong", "0104670540176099215+bNW&7195", 0, 2, 5},
		{"sign wrong", "0104670540176099215+bNW&7196", 0, 1, 13},
		{"no code at all", "", 2, 0, 0},
		{"no digit", "abcdef", 2, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := ask(t, c.code, 1)
			r, err := service(Options{}).Handle(t.Context(), m)
			require.NoError(t, err)
			d := answer(t, m, r)
			assert.Equal(t, fiscal.FormMarkingAnswer, d.Form)
			assert.EqualValues(t, 5, d.Uint(ffd.TagMarkingRequestNumber), "K-02")
			assert.EqualValues(t, 1785585720, d.Uint(ffd.TagRequestTime), "K-02")
			assert.Equal(t, c.processing, d.Uint(ffd.TagRequestProcessingCode))
			assert.Equal(t, c.status, d.Uint(ffd.TagProductStatusAnswer))
			assert.Equal(t, c.results, d.Uint(ffd.TagRequestResults))
			assert.Equal(t, c.processing == 0, d.Has(ffd.TagMarkingCodeType), "K-03")
		})
	}
}

// O-125: a notification of sale makes the code sold; a second sale is told; a return
// puts it back.
func TestService_RemembersSales(t *testing.T) {
	t.Parallel()
	s := service(Options{})
	const code = "0104670540176099215+bNW&7100"
	notice := func(status byte, codes ...string) *ffd.Document {
		m := tell(t, status, codes...)
		r, err := s.Handle(t.Context(), m)
		require.NoError(t, err)
		d := answer(t, m, r)
		assert.Equal(t, fiscal.FormMarkingReceipt, d.Form)
		assert.EqualValues(t, 77, d.Uint(ffd.TagFDNumber))
		assert.EqualValues(t, 9, d.Uint(ffd.TagMarkingNoticeNumber), "K-06")
		assert.Equal(t, clock, ffd.NodeTime(d.Field(ffd.TagRequestTime)))
		return d
	}
	status := func() uint64 {
		m := ask(t, code, 1)
		r, err := s.Handle(t.Context(), m)
		require.NoError(t, err)
		return answer(t, m, r).Uint(ffd.TagProductStatusAnswer)
	}
	assert.EqualValues(t, 1, status())
	d := notice(1, code)
	assert.True(t, d.Has(ffd.TagNoticeProcessingCode))
	assert.Zero(t, d.Uint(ffd.TagNoticeProcessingCode))
	assert.False(t, d.Has(ffd.TagInvalidMarkingCodesSign))
	assert.EqualValues(t, 2, status(), "sold")
	assert.EqualValues(t, 4, notice(1, "fresh12", code).Uint(ffd.TagInvalidMarkingCodesSign), "second sale")
	assert.False(t, notice(3, code).Has(ffd.TagInvalidMarkingCodesSign))
	assert.EqualValues(t, 1, status(), "returned")
	assert.EqualValues(t, 1, notice(1, "something97").Uint(ffd.TagNoticeProcessingCode))
	assert.EqualValues(t, 4, notice(1, "something98").Uint(ffd.TagInvalidMarkingCodesSign))
	assert.EqualValues(t, 1, notice(1).Uint(ffd.TagNoticeProcessingCode), "no item")
}

// K-115: the key service says that nothing needs loading.
func TestService_KeysFresh(t *testing.T) {
	t.Parallel()
	m := message(t, wire.SVersionKeyUpdate, fiscal.FormMarkingRequest, func(b *tlv.Builder) { b.Uint32(ffd.TagMarkingRequestNumber, 3) })
	r, err := service(Options{}).Handle(t.Context(), m)
	require.NoError(t, err)
	d := answer(t, m, r)
	assert.Equal(t, fiscal.FormMarkingRequest, d.Form)
	assert.EqualValues(t, 3, d.Uint(ffd.TagMarkingRequestNumber))
	assert.Zero(t, d.Uint(ffd.TagRequestProcessingCode))
}

// O-126: no answer when the marking operator is down, and for code …99.
func TestService_Silence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o Options
		m *wire.Message
	}{
		"down":         {Options{Down: true}, ask(t, "0104670540176099", 1)},
		"request …99":  {Options{}, ask(t, "0104670540179999", 1)},
		"notice …99":   {Options{}, tell(t, 1, "good1234", "0104670540179999")},
		"down, notice": {Options{Down: true}, tell(t, 1, "good1234")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := service(c.o).Handle(t.Context(), c.m)
			require.NoError(t, err)
			assert.Nil(t, r.Reply)
			assert.True(t, r.Silent)
			assert.Equal(t, fiscal.FaultNone, r.Fault)
			assert.NotEmpty(t, r.Detail)
		})
	}
}

// Messages that break the rules get no answer and a fault.
func TestService_Refuses(t *testing.T) {
	t.Parallel()
	good := ask(t, "0104670540176099", 1).Body()
	altered := func(change func(b []byte)) *wire.Message {
		b := append([]byte(nil), good...)
		change(b)
		wire.FinishContainer(b)
		return frame(t, wire.SVersionMarking, b)
	}
	crc := append([]byte(nil), good...)
	crc[3] ^= 1
	for name, c := range map[string]struct {
		m    *wire.Message
		want fiscal.Fault
	}{
		"check code":        {frame(t, wire.SVersionMarking, crc), fiscal.BadContainerCRC},
		"another FN":        {altered(func(b []byte) { b[wire.OffFN+7] ^= 1 }), fiscal.FNNumberMismatch},
		"sign":              {altered(func(b []byte) { b[len(b)-5] ^= 1 }), fiscal.BadMessageSign},
		"encryption bit":    {altered(func(b []byte) { b[wire.OffService] |= 1 }), fiscal.EncryptedUnreadable},
		"trailer":           {altered(func(b []byte) { b[len(b)-1] = 1 }), fiscal.BadTrailer},
		"form of an answer": {message(t, wire.SVersionMarking, fiscal.FormMarkingAnswer, func(*tlv.Builder) {}), fiscal.UnparseableDocument},
		"FN inside": {message(t, wire.SVersionMarking, fiscal.FormMarkingRequest, func(b *tlv.Builder) {
			b.Text(ffd.TagFNNumber, "9999000000000002")
		}), fiscal.FNNumberMismatch},
		"fields": {message(t, wire.SVersionMarking, fiscal.FormMarkingRequest, func(b *tlv.Builder) {
			b.Fields([]byte{0xD5, 0x07, 0xFF, 0x00})
		}), fiscal.UnparseableDocument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := service(Options{}).Handle(t.Context(), c.m)
			require.NoError(t, err)
			assert.Equal(t, c.want, r.Fault)
			assert.Nil(t, r.Reply)
			assert.NotEmpty(t, r.Detail)
		})
	}
}

// TRN-112: 200 ms by default; the end of the context ends the wait.
func TestService_Delay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Signs: scheme})
		began := time.Now()
		_, err := s.Handle(t.Context(), ask(t, "0104670540176000", 1))
		require.NoError(t, err)
		assert.Equal(t, 200*time.Millisecond, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = s.Handle(ctx, ask(t, "0104670540176000", 1))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// The memory of sales against a plain set, and its bound.
func TestRegister_AgainstSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r register
		sold := map[string]bool{}
		for range rapid.IntRange(0, 50).Draw(t, "steps") {
			code := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "code")
			status := rapid.SampledFrom([]uint8{statusSold, statusReturned, 255}).Draw(t, "status")
			again := r.notify([]byte(code), status)
			if again != (sold[code] && status == statusSold) {
				t.Fatalf("%s, status %d: again %v", code, status, again)
			}
			switch status {
			case statusSold:
				sold[code] = true
			case statusReturned:
				sold[code] = false
			}
			if r.isSold([]byte(code)) != sold[code] {
				t.Fatalf("%s: sold %v", code, !sold[code])
			}
		}
	})
}

func TestRegister_Bounded(t *testing.T) {
	t.Parallel()
	var r register
	for i := range maxSold + 10 {
		r.notify([]byte(time.Duration(i).String()), statusSold)
	}
	assert.Len(t, r.sold, maxSold)
	assert.False(t, r.isSold([]byte(time.Duration(3).String())), "the oldest are forgotten")
	assert.True(t, r.isSold([]byte(time.Duration(maxSold+9).String())))
}
