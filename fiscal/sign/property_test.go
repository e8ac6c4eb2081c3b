package sign

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

var (
	anyFN = rapid.Custom(func(t *rapid.T) fiscal.FNNumber {
		return fiscal.FNNumber(rapid.StringMatching(`[0-9]{1,16}`).Draw(t, "fn"))
	})
	anyForm = rapid.SampledFrom([]fiscal.Form{1, 11, 2, 21, 3, 31, 4, 41, 5, 6})
)

// anyBody is a document body of random fields, covered ones among them.
var anyBody = rapid.Custom(func(t *rapid.T) []byte {
	var b tlv.Builder
	tags := rapid.SampledFrom([]tlv.Tag{1012, 1017, 1018, 1020, 1037, 1038, 1040, 1041, 1054, 1059, 1097, 1098, 65535})
	for range rapid.IntRange(0, 12).Draw(t, "fields") {
		b.Raw(tags.Draw(t, "tag"), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "value"))
	}
	body, err := b.Bytes()
	require.NoError(t, err)
	return body
})

// signed is the document with its ФПД in front.
func signed(t require.TestingT, d *Drive, form fiscal.Form, body []byte) []byte {
	tag, err := d.SignDocument(form, body)
	require.NoError(t, err)
	var b tlv.Builder
	b.STLV(tlv.Tag(form), func(b *tlv.Builder) { b.Raw(ffd.TagFPD, tag[:]); b.Fields(body) })
	stlv, err := b.Bytes()
	require.NoError(t, err)
	return stlv
}

func TestSealOpen_RoundTrip(t *testing.T) {
	t.Parallel()
	s := scheme()
	rapid.Check(t, func(t *rapid.T) {
		fn, form := anyFN.Draw(t, "fn"), anyForm.Draw(t, "form")
		fd := fiscal.FDNumber(rapid.Uint32Range(0, uint32(fiscal.MaxFDNumber)).Draw(t, "fd"))
		ofd := rapid.SampledFrom([]fiscal.INN{vectorOFD, otherOFD}).Draw(t, "ofd")
		encrypt := rapid.Bool().Draw(t, "encrypt")
		d := s.Drive(fn, 0)
		stlv := signed(t, d, form, anyBody.Draw(t, "body"))
		b, err := d.Seal(form, fd, ofd, stlv, encrypt)
		require.NoError(t, err)

		c, notes, err := wire.ParseContainer(b, wire.Strict)
		require.NoError(t, err)
		assert.Empty(t, notes)
		got, err := c.FNNumber()
		require.NoError(t, err)
		assert.Equal(t, fn, got)
		assert.Equal(t, fd, c.FD)
		assert.Equal(t, form, c.Form)
		assert.Equal(t, encrypt, c.Encrypted())
		assert.Equal(t, len(stlv), int(c.STLVSize))

		o, err := s.Open(ctx, fn, ofd, c)
		require.NoError(t, err)
		assert.Equal(t, OK, o.FPS, o.Detail)
		assert.Equal(t, stlv, o.STLV)
		v, detail, err := s.CheckFPD(ctx, fn, form, o.STLV)
		require.NoError(t, err)
		assert.Equal(t, OK, v, detail)
	})
}

// Every byte after length and check code is under the sign: whichever changes, the
// message is not taken.
func TestOpen_NoticesEveryByte(t *testing.T) {
	t.Parallel()
	s := scheme()
	for _, encrypt := range []bool{false, true} {
		stlv := fiscaltest.Protocol().Message("tb-receipt").STLV()
		good, err := s.Drive(vectorFN, 0).Seal(fiscal.FormReceipt, 77, vectorOFD, stlv, encrypt)
		require.NoError(t, err)
		for i := wire.OffType; i < len(good); i++ {
			for bit := range 8 {
				b := append([]byte{}, good...)
				b[i] ^= 1 << bit
				c, err := wire.ReadContainer(b)
				require.NoError(t, err)
				o, err := s.Open(ctx, vectorFN, vectorOFD, c)
				require.False(t, err == nil && o.FPS == OK, "byte %d bit %d, encrypted %v", i, bit, encrypt)
			}
		}
	}
}

func TestConfirm_RoundTrip(t *testing.T) {
	t.Parallel()
	s := scheme()
	rapid.Check(t, func(t *rapid.T) {
		fn, encrypt := anyFN.Draw(t, "fn"), rapid.Bool().Draw(t, "encrypt")
		d := s.Drive(fn, 0)
		fd := fiscal.FDNumber(rapid.Uint32Range(1, uint32(fiscal.MaxFDNumber)).Draw(t, "fd"))
		request, err := d.Seal(fiscal.FormReceipt, fd, vectorOFD, signed(t, d, fiscal.FormReceipt, nil), encrypt)
		require.NoError(t, err)
		c, err := wire.ReadContainer(request)
		require.NoError(t, err)

		var b tlv.Builder
		b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
			b.FixedText(ffd.TagOFDINN, string(vectorOFD), fiscal.INNLen)
			b.FixedText(ffd.TagFNNumber, string(fn), fiscal.FNNumberLen)
			b.Uint32(ffd.TagFDNumber, uint32(fd))
			b.Uint32(ffd.TagDateTime, rapid.Uint32().Draw(t, "time"))
			b.Byte(ffd.TagOperatorMessage, rapid.Byte().Draw(t, "message"))
		})
		stlv, err := b.Bytes()
		require.NoError(t, err)
		reply, err := s.Confirm(ctx, ConfirmRequest{FN: fn, OFD: vectorOFD, Request: c, STLV: stlv})
		require.NoError(t, err)

		a, _, err := wire.ParseContainer(reply, wire.Strict)
		require.NoError(t, err)
		assert.Equal(t, c.Raw[9:25], a.Raw[9:25], "TRN-030")
		assert.Equal(t, encrypt, a.Encrypted())
		got, v, err := d.OpenAck(vectorOFD, a)
		require.NoError(t, err)
		assert.Equal(t, OK, v)
		assert.Equal(t, stlv[tlv.HeaderLen:], got[tlv.HeaderLen:len(got)-tlv.HeaderLen-fpoLen])
		v, err = s.CheckFPO(vectorOFD, got)
		require.NoError(t, err)
		assert.Equal(t, OK, v)
	})
}

func TestPaper_FitsWhatTheDriveSigned(t *testing.T) {
	t.Parallel()
	s := scheme()
	rapid.Check(t, func(t *rapid.T) {
		p := Paper{Form: rapid.SampledFrom([]fiscal.Form{3, 4, 31, 41}).Draw(t, "form"), FN: anyFN.Draw(t, "fn"),
			FD: fiscal.FDNumber(rapid.Uint32().Draw(t, "fd")), Operation: fiscal.OperationType(rapid.IntRange(1, 4).Draw(t, "op")),
			Total: fiscal.Kopecks(rapid.Int64Range(0, int64(fiscal.MaxKopecks)).Draw(t, "total"))}
		p.Time, _ = tlv.Time([]byte{0, rapid.Byte().Draw(t, "a"), rapid.Byte().Draw(t, "b"), rapid.ByteRange(0, 0x7f).Draw(t, "c")})
		var b tlv.Builder // another order than the sign's, as drives write it
		b.FixedText(ffd.TagFNNumber, string(p.FN), fiscal.FNNumberLen)
		b.Uint32(ffd.TagFDNumber, uint32(p.FD))
		b.Time(ffd.TagDateTime, p.Time)
		b.Byte(ffd.TagOperationType, uint8(p.Operation))
		b.VLN(ffd.TagTotalSum, uint64(p.Total))
		body, err := b.Bytes()
		require.NoError(t, err)
		tag, err := s.Drive(p.FN, 0).SignDocument(p.Form, body)
		require.NoError(t, err)
		p.FPD, err = fiscal.FPDFromTag(tag[:])
		require.NoError(t, err)
		v, err := s.CheckPaper(p)
		require.NoError(t, err)
		assert.Equal(t, OK, v)
	})
}

func FuzzOpen(f *testing.F) {
	v := fiscaltest.Protocol()
	for _, id := range []string{"tb-receipt", "tb-receipt-encrypted", "tb-confirmation"} {
		f.Add(v.Message(id).Body())
	}
	for i := range v.Negative {
		f.Add(v.Negative[i].Body())
	}
	f.Add(v.Capture("cap-01").Body())
	f.Add(v.Capture("cap-02").Body())
	s := scheme()
	p, err := NewPolicies(PolicyOptions{TBGOST1: s})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > wire.MaxContainer {
			return
		}
		c, err := wire.ReadContainer(b)
		if err != nil {
			return
		}
		for _, open := range []func() (Opened, error){
			func() (Opened, error) { return s.Open(ctx, vectorFN, vectorOFD, c) },
			func() (Opened, error) { return AcceptUnverifiable(s).Open(ctx, vectorFN, vectorOFD, c) },
			func() (Opened, error) { _, o, err := p.Open(ctx, vectorFN, vectorOFD, "", c); return o, err },
		} {
			o, err := open()
			if err != nil {
				fault(t, err)
				continue
			}
			if len(o.STLV)+len(o.Trailer) != len(c.Payload()) {
				t.Fatalf("%d + %d bytes out of %d", len(o.STLV), len(o.Trailer), len(c.Payload()))
			}
			_, _, _ = s.CheckFPD(ctx, vectorFN, c.Form, o.STLV)
			_, _, _ = AcceptUnverifiable(s).CheckFPD(ctx, vectorFN, c.Form, o.STLV)
			_, _ = s.CheckFPO(vectorOFD, o.STLV)
		}
		_, _, _ = s.Drive(vectorFN, 0).OpenAck(vectorOFD, c)
		_, _, _ = s.Marking(vectorFN).Open(c)
	})
}
