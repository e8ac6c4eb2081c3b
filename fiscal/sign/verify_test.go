package sign

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

var ctx = context.Background()

// E-13, E-19: the altered messages whose signs decide (neg-01 … 10, 12, 13 fall
// before a sign is looked at). The signs of neg-20 … 24 are right.
func TestNegative_SignVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id   string
		fps  Verdict
		fpd  Verdict
		torn bool // the fields of the document break
	}{
		{id: "neg-11", fps: Bad, fpd: OK},
		{id: "neg-14", fps: Bad, fpd: OK},
		{id: "neg-15", fps: Bad, fpd: Bad},
		{id: "neg-16", fps: Bad, fpd: Bad},
		{id: "neg-17", fps: Bad, fpd: OK},
		{id: "neg-18", fps: Bad, torn: true},
		{id: "neg-19", fps: OK, fpd: Bad},
		{id: "neg-20", fps: OK, torn: true},
		{id: "neg-21", fps: OK, fpd: OK},
		{id: "neg-22", fps: OK, fpd: OK},
		{id: "neg-23", fps: OK, fpd: OK},
		{id: "neg-24", fps: OK, fpd: OK},
	} {
		t.Run(tt.id, func(t *testing.T) {
			t.Parallel()
			n := fiscaltest.Protocol().NegativeByID(tt.id)
			s := scheme()
			o, err := s.Open(ctx, vectorFN, vectorOFD, container(t, n.Body()))
			require.NoError(t, err, n.What)
			assert.Equal(t, tt.fps, o.FPS, n.What)
			assert.Equal(t, tt.fps == Bad, o.Detail != "")
			v, _, err := s.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, o.STLV)
			if tt.torn {
				var broken *tlv.Error
				require.ErrorAs(t, err, &broken)
				require.ErrorIs(t, err, tlv.ErrOverrun)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.fpd, v, n.What)
		})
	}
}

func TestOpen_WrongKeys(t *testing.T) {
	t.Parallel()
	m := fiscaltest.Protocol().Message("tb-receipt")
	other := NeverUseForRealMasterKey()
	other[0] ^= 1
	for _, tt := range []struct {
		name string
		s    *TBGOST1
		fn   fiscal.FNNumber
		ofd  fiscal.INN
	}{
		{"another operator", scheme(), vectorFN, otherOFD},
		{"another drive", scheme(), otherFN, vectorOFD},
		{"another master key", NewTBGOST1(TBGOST1Options{Key: other}), vectorFN, vectorOFD},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, err := tt.s.Open(ctx, tt.fn, tt.ofd, container(t, m.Body()))
			require.NoError(t, err)
			assert.Equal(t, Bad, o.FPS)
			assert.Contains(t, o.Detail, tt.s.KeyID())
			assert.Equal(t, m.STLV(), o.STLV)

			encrypted := fiscaltest.Protocol().Message("tb-receipt-encrypted").Body()
			_, err = tt.s.Open(ctx, tt.fn, tt.ofd, container(t, encrypted))
			assert.Equal(t, fiscal.EncryptedUnreadable, fault(t, err)) // E-14
		})
	}
}

// fiscal-sign.md section 6: the shape of tag 1077 under both readings.
func TestCheckFPD_Shapes(t *testing.T) {
	t.Parallel()
	body := fiscaltest.Protocol().Message("tb-receipt").STLV()[tlv.HeaderLen:]
	right, ok := tlv.Find(body, ffd.TagFPD)
	require.True(t, ok)
	foreignMark := append([]byte{0x31, 0x04}, right[2:]...)
	for _, tt := range []struct {
		name            string
		value           []byte // nil: no 1077
		strict, foreign Verdict
	}{
		{"right", right, OK, Unverifiable},
		{"one byte changed", append(append([]byte{}, right[:5]...), right[5]^1), Bad, Unverifiable},
		{"foreign mark", foreignMark, BadFormat, Unverifiable},
		{"four bytes", right[2:], BadFormat, BadFormat},
		{"seven bytes", append(append([]byte{}, right...), 0), BadFormat, BadFormat},
		{"empty", []byte{}, BadFormat, BadFormat},
		{"absent", nil, Absent, Absent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b tlv.Builder
			b.STLV(tlv.Tag(fiscal.FormReceipt), func(b *tlv.Builder) {
				for w := tlv.Walk(body); w.Next(); {
					if w.Field().Tag != ffd.TagFPD {
						b.Fields(w.Raw())
					} else if tt.value != nil {
						b.Raw(ffd.TagFPD, tt.value)
					}
				}
			})
			stlv, err := b.Bytes()
			require.NoError(t, err)
			v, detail, err := scheme().CheckFPD(ctx, vectorFN, fiscal.FormReceipt, stlv)
			require.NoError(t, err)
			assert.Equal(t, tt.strict, v, detail)
			v, detail, err = AcceptUnverifiable(scheme()).CheckFPD(ctx, vectorFN, fiscal.FormReceipt, stlv)
			require.NoError(t, err)
			assert.Equal(t, tt.foreign, v, detail)
			assert.NotEmpty(t, detail)
		})
	}
}

func TestCheckFPD_OtherGenerationOfDocumentKeys(t *testing.T) {
	t.Parallel()
	stlv := fiscaltest.Protocol().Message("tb-receipt").STLV()
	tag, err := scheme().Drive(vectorFN, 1).SignDocument(fiscal.FormReceipt, stlv[4:])
	require.NoError(t, err)
	first, err := scheme().Drive(vectorFN, 0).SignDocument(fiscal.FormReceipt, stlv[4:])
	require.NoError(t, err)
	assert.NotEqual(t, first, tag)
	second := NewTBGOST1(TBGOST1Options{DocGeneration: 1})
	v, _, err := second.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, stlv)
	require.NoError(t, err)
	assert.Equal(t, Bad, v)
}

func TestFormsWithoutFPD(t *testing.T) {
	t.Parallel()
	for _, form := range []fiscal.Form{fiscal.FormOperatorAck, fiscal.FormMarkingRequest, 99, 0} {
		_, err := scheme().Drive(vectorFN, 0).SignDocument(form, nil)
		require.ErrorIs(t, err, ErrNoFPD)
		for _, v := range []Verifier{scheme(), AcceptUnverifiable(scheme())} {
			verdict, _, err := v.CheckFPD(ctx, vectorFN, form, []byte{byte(form), 0, 0, 0})
			require.NoError(t, err)
			assert.Equal(t, Skipped, verdict)
		}
	}
}

// fiscal-sign.md 5.1: which tags each form covers. A field that is covered changes
// the sign, another does not.
func TestFPD_CoversExactlyItsTags(t *testing.T) {
	t.Parallel()
	all := []tlv.Tag{1012, 1017, 1018, 1020, 1037, 1038, 1040, 1041, 1054, 1097, 1098, 1021, 1189}
	for form, tags := range map[fiscal.Form][]tlv.Tag{
		1: {1012, 1017, 1018, 1037, 1040, 1041}, 11: {1012, 1017, 1018, 1037, 1040, 1041},
		2: {1012, 1037, 1038, 1040, 1041}, 5: {1012, 1037, 1038, 1040, 1041},
		21: {1012, 1037, 1040, 1041, 1097, 1098},
		3:  {1012, 1020, 1040, 1041, 1054}, 4: {1012, 1020, 1040, 1041, 1054},
		31: {1012, 1020, 1040, 1041, 1054}, 41: {1012, 1020, 1040, 1041, 1054},
		6: {1012, 1037, 1040, 1041},
	} {
		d := scheme().Drive(vectorFN, 0)
		body := func(changed tlv.Tag) []byte {
			var b tlv.Builder
			for _, tag := range all {
				if tag == changed {
					b.Uint32(tag, 2)
				} else {
					b.Uint32(tag, 1)
				}
			}
			out, err := b.Bytes()
			require.NoError(t, err)
			return out
		}
		base, err := d.SignDocument(form, body(0))
		require.NoError(t, err)
		for _, tag := range all {
			got, err := d.SignDocument(form, body(tag))
			require.NoError(t, err)
			assert.Equal(t, contains(tags, tag), got != base, "form %d tag %d", form, tag)
		}
	}
}

func contains(tags []tlv.Tag, tag tlv.Tag) bool {
	for _, t := range tags {
		if t == tag {
			return true
		}
	}
	return false
}

func TestFPD_OrderAndRepetition(t *testing.T) {
	t.Parallel()
	d := scheme().Drive(vectorFN, 0)
	sign := func(tags ...[2]uint32) string {
		var b tlv.Builder
		for _, f := range tags {
			b.Uint32(tlv.Tag(f[0]), f[1])
		}
		body, err := b.Bytes()
		require.NoError(t, err)
		tag, err := d.SignDocument(fiscal.FormCloseArchive, body)
		require.NoError(t, err)
		return hex.EncodeToString(tag[:])
	}
	want := sign([2]uint32{1012, 1}, [2]uint32{1040, 2})
	assert.Equal(t, want, sign([2]uint32{1040, 2}, [2]uint32{1012, 1}), "ascending order whatever the order on the wire")
	assert.Equal(t, want, sign([2]uint32{1012, 1}, [2]uint32{1040, 2}, [2]uint32{1012, 9}), "the first occurrence counts")
	assert.NotEqual(t, want, sign([2]uint32{1012, 9}, [2]uint32{1040, 2}, [2]uint32{1012, 1}))
}

func TestConfirm_Refuses(t *testing.T) {
	t.Parallel()
	request := container(t, fiscaltest.Protocol().Message("tb-receipt").Body())
	whole := without1078(t, fiscaltest.Protocol().Message("tb-confirmation").STLV())
	for name, r := range map[string]ConfirmRequest{
		"no fields":         {FN: vectorFN, OFD: vectorOFD, Request: request, STLV: []byte{7, 0, 0, 0}},
		"no document":       {FN: vectorFN, OFD: vectorOFD, Request: request},
		"bytes after it":    {FN: vectorFN, OFD: vectorOFD, Request: request, STLV: append(append([]byte{}, whole...), 0)},
		"broken fields":     {FN: vectorFN, OFD: vectorOFD, Request: request, STLV: []byte{7, 0, 3, 0, 1, 2, 3}},
		"no request header": {FN: vectorFN, OFD: vectorOFD, STLV: whole},
	} {
		_, err := scheme().Confirm(ctx, r)
		assert.Error(t, err, name)
	}
	b, err := scheme().Confirm(ctx, ConfirmRequest{FN: vectorFN, OFD: vectorOFD, Request: request, STLV: whole, Type: wire.TypeOFD})
	require.NoError(t, err)
	c := container(t, b)
	assert.Equal(t, wire.TypeOFD, c.Type)
	_, v, err := scheme().Drive(vectorFN, 0).OpenAck(vectorOFD, c)
	require.NoError(t, err)
	assert.Equal(t, OK, v, "the container type is under the sign")
}

func TestDrive_RefusesAForgedConfirmation(t *testing.T) {
	t.Parallel()
	d := scheme().Drive(vectorFN, 0)
	good := fiscaltest.Protocol().Message("tb-confirmation").Body()
	for i := wire.OffType; i < len(good); i++ {
		forged := append([]byte{}, good...)
		forged[i] ^= 1
		c, err := wire.ReadContainer(forged)
		require.NoError(t, err)
		_, v, err := d.OpenAck(vectorOFD, c)
		assert.False(t, err == nil && v == OK, "byte %d", i)
	}
	_, v, err := d.OpenAck(otherOFD, container(t, good))
	require.NoError(t, err)
	assert.Equal(t, Bad, v)
}

func TestCheckFPO(t *testing.T) {
	t.Parallel()
	stlv := fiscaltest.Protocol().Message("tb-confirmation").STLV()
	s := scheme()
	v, err := s.CheckFPO(otherOFD, stlv)
	require.NoError(t, err)
	assert.Equal(t, Bad, v)
	v, err = s.CheckFPO(vectorOFD, without1078(t, stlv))
	require.NoError(t, err)
	assert.Equal(t, Absent, v)
	_, err = s.CheckFPO(vectorOFD, []byte{7, 0, 0, 0})
	require.Error(t, err)
	_, err = s.CheckFPO(vectorOFD, nil)
	require.Error(t, err)
}

func TestSeal_Refuses(t *testing.T) {
	t.Parallel()
	d := scheme().Drive(vectorFN, 0)
	assert.Equal(t, vectorFN, d.FN())
	good := fiscaltest.Protocol().Message("tb-receipt").STLV()
	for name, try := range map[string]func() error{
		"number over three bytes": func() error { _, err := d.Seal(3, fiscal.MaxFDNumber+1, vectorOFD, good, false); return err },
		"no STLV":                 func() error { _, err := d.Seal(3, 1, vectorOFD, nil, false); return err },
		"two documents":           func() error { _, err := d.Seal(3, 1, vectorOFD, append(good[:], good...), false); return err },
		"too long": func() error {
			long := make([]byte, 4+0xffff)
			long[0], long[2], long[3] = 3, 0xff, 0xff
			_, err := d.Seal(3, 1, vectorOFD, long, false)
			return err
		},
		"broken fields": func() error { _, err := d.SignDocument(3, []byte{1, 2, 3}); return err },
	} {
		assert.Error(t, try(), name)
	}
}

// E-21: two documents under one number are sealed alike, whichever comes first.
func TestSeal_HasNoMemory(t *testing.T) {
	t.Parallel()
	a, b := fiscaltest.Protocol().Message("tb-receipt"), fiscaltest.Protocol().NegativeByID("neg-24")
	s := scheme()
	d := s.Drive(vectorFN, 0)
	second, err := s.Open(ctx, vectorFN, vectorOFD, container(t, b.Body()))
	require.NoError(t, err)
	for range 2 {
		one, err := d.Seal(fiscal.FormReceipt, 77, vectorOFD, a.STLV(), false)
		require.NoError(t, err)
		assert.Equal(t, a.Body(), one)
		two, err := d.Seal(fiscal.FormReceipt, 77, vectorOFD, second.STLV, false)
		require.NoError(t, err)
		assert.Equal(t, b.Body(), two)
	}
}

// fiscal-sign.md 5.6.
func TestArchiveSign(t *testing.T) {
	t.Parallel()
	data := []byte("five years of data")
	a, b := scheme().Drive(vectorFN, 0).SignArchive(data), scheme().Drive(otherFN, 0).SignArchive(data)
	assert.NotEqual(t, a, b)
	key := fiscaltest.Protocol().KeysOf(vectorFN).Archive
	assert.Equal(t, macWith(key, data), a)
}
