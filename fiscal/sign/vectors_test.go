package sign

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// The drive and the operator of the vectors.
const (
	vectorFN  fiscal.FNNumber = "9999078900005488"
	vectorOFD fiscal.INN      = "7704358518"
	otherFN   fiscal.FNNumber = "9999078900000001"
	otherOFD  fiscal.INN      = "7841465198"
)

func scheme() *TBGOST1 { return NewTBGOST1(TBGOST1Options{}) }

// container parses a container that must be right in everything but its signs.
func container(t testing.TB, b []byte) wire.Container {
	t.Helper()
	c, _, err := wire.ParseContainer(b, wire.Strict)
	require.NoError(t, err)
	return c
}

func fault(t testing.TB, err error) fiscal.Fault {
	t.Helper()
	var e *wire.Error
	require.ErrorAs(t, err, &e)
	return e.Fault
}

func TestMasterKey_Vector(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol().TBGOST1.TestMasterKey
	assert.Equal(t, MasterKey(v.TMK), NeverUseForRealMasterKey())
	assert.Equal(t, gost.Sum256([]byte(v.Phrase)), [32]byte(NeverUseForRealMasterKey()))
	parsed, err := ParseMasterKey(v.TMK.String())
	require.NoError(t, err)
	assert.Equal(t, NeverUseForRealMasterKey(), parsed)
	sum := gost.Sum256(v.TMK)
	assert.Equal(t, hex.EncodeToString(sum[:4]), scheme().KeyID())
}

func TestParseMasterKey_NeverShowsTheKey(t *testing.T) {
	t.Parallel()
	secret := "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
	for _, s := range []string{"", "xyz", secret, secret + "zz"} {
		_, err := ParseMasterKey(s)
		require.Error(t, err)
		if s != "" {
			assert.NotContains(t, err.Error(), s)
		}
	}
	k, err := ParseMasterKey(secret + "ff")
	require.NoError(t, err)
	for _, format := range []string{k.String(), k.GoString()} {
		assert.NotContains(t, format, "00112233")
		assert.Contains(t, format, k.ID())
	}
}

// fiscal-sign.md section 5: every key of the vectors.
func TestKeys_Vectors(t *testing.T) {
	t.Parallel()
	for _, v := range fiscaltest.Protocol().TBGOST1.Keys {
		t.Run(string(v.FN), func(t *testing.T) {
			t.Parallel()
			tmk := NeverUseForRealMasterKey()
			root := tmk.drive(v.FN)
			for name, pair := range map[string]struct {
				want fiscaltest.Hex
				got  [32]byte
			}{
				"K_fn":     {v.FNKey, root},
				"K_doc":    {v.Doc, documentKey(root, v.DocGeneration)},
				"K_msg":    {v.Msg, linkKey(root, "msg", v.OFD)},
				"K_enc_up": {v.EncUp, linkKey(root, "enc-up", v.OFD)},
				"K_enc_dn": {v.EncDown, linkKey(root, "enc-dn", v.OFD)},
				"K_opr":    {v.Operator, tmk.operator(v.OFD)},
				"K_arc":    {v.Archive, archiveKey(root)},
				"K_km":     {v.Marking, markingKey(root)},
			} {
				assert.Equal(t, v.DocGeneration, uint32(0))
				assert.Equal(t, pair.want.String(), hex.EncodeToString(pair.got[:]), name)
			}
		})
	}
}

// fiscal-sign.md 5.1: the inputs and the signs of both documents.
func TestFPD_Vectors(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol()
	capture := v.Capture("cap-01").Body()
	bodies := map[string][]byte{
		"fields of cap-01": capture[36 : 36+390],
		"tb-receipt":       v.Message("tb-receipt").STLV()[4:],
	}
	for _, tt := range v.TBGOST1.FPD {
		t.Run(tt.ID, func(t *testing.T) {
			t.Parallel()
			body := bodies[tt.Document]
			require.NotEmpty(t, body)
			key := scheme().driveKeys(vectorFN).doc
			whole := key.MAC(tt.Input)
			if len(tt.CMAC128) > 0 {
				assert.Equal(t, tt.CMAC128.String(), hex.EncodeToString(whole[:]))
			}
			mac, _, _, err := macFields(key, tt.Form, covered(tt.Form), body)
			require.NoError(t, err)
			assert.Equal(t, whole, mac, "covered fields are the input")

			tag, err := scheme().Drive(vectorFN, 0).SignDocument(tt.Form, body)
			require.NoError(t, err)
			assert.Equal(t, tt.Tag1077.String(), hex.EncodeToString(tag[:]))
			fpd, err := fiscal.FPDFromTag(tag[:])
			require.NoError(t, err)
			assert.Equal(t, tt.Printed, fpd.Paper())
			if tt.QR != "" {
				assert.Equal(t, tt.QR, fpd.QR())
			}
		})
	}
}

// fiscal-sign.md 5.2, 5.4, 5.5: the drive makes the same messages byte for byte,
// and the operator opens them.
func TestMessages_DriveReproducesThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id      string
		encrypt bool
	}{{"tb-receipt", false}, {"tb-receipt-encrypted", true}} {
		t.Run(tt.id, func(t *testing.T) {
			t.Parallel()
			m := fiscaltest.Protocol().Message(tt.id)
			s := scheme()
			body, err := s.Drive(vectorFN, 0).Seal(fiscal.FormReceipt, 77, vectorOFD, m.STLV(), tt.encrypt)
			require.NoError(t, err)
			whole, err := wire.AppendMessage(nil, wire.Request(vectorFN, fiscal.FFD105), body)
			require.NoError(t, err)
			assert.Equal(t, m.Hex.String(), hex.EncodeToString(whole))

			c := container(t, m.Body())
			assert.Equal(t, tt.encrypt, c.Encrypted())
			o, err := s.Open(context.Background(), vectorFN, vectorOFD, c)
			require.NoError(t, err)
			assert.Equal(t, OK, o.FPS, o.Detail)
			assert.Equal(t, m.STLV(), o.STLV)
			assert.Equal(t, m.MessageSign.String()+"0000", hex.EncodeToString(o.Trailer))
			v, detail, err := s.CheckFPD(context.Background(), vectorFN, fiscal.FormReceipt, o.STLV)
			require.NoError(t, err)
			assert.Equal(t, OK, v, detail)
			assert.Equal(t, m.Body(), c.Raw, "opening leaves the message as it was")
		})
	}
}

// without1078 cuts the last field, which is ФПО, off a confirmation.
func without1078(t testing.TB, stlv []byte) []byte {
	t.Helper()
	body := stlv[tlv.HeaderLen : len(stlv)-tlv.HeaderLen-fpoLen]
	_, has := tlv.Find(body, ffd.TagFPO)
	require.False(t, has)
	var b tlv.Builder
	b.STLV(7, func(b *tlv.Builder) { b.Fields(body) })
	out, err := b.Bytes()
	require.NoError(t, err)
	return out
}

// fiscal-sign.md 5.3–5.5: the operator makes the same confirmations byte for byte,
// and the drive accepts them.
func TestMessages_OperatorReproducesConfirmations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, request string
		ffd         fiscal.FFD
	}{
		{"tb-confirmation", "tb-receipt", fiscal.FFD105},
		{"tb-confirmation-14", "tb-receipt", fiscal.FFD105},
		{"tb-confirmation-1206", "tb-receipt", fiscal.FFD12},
		{"tb-confirmation-encrypted", "tb-receipt-encrypted", fiscal.FFD105},
	} {
		t.Run(tt.id, func(t *testing.T) {
			t.Parallel()
			m := fiscaltest.Protocol().Message(tt.id)
			request := container(t, fiscaltest.Protocol().Message(tt.request).Body())
			s := scheme()
			body, err := s.Confirm(context.Background(), ConfirmRequest{FN: vectorFN, OFD: vectorOFD, Request: request, STLV: without1078(t, m.STLV())})
			require.NoError(t, err)
			asked, _, err := wire.ParseHeader((*[wire.HeaderLen]byte)(fiscaltest.Protocol().Message(tt.request).Header()), wire.Strict)
			require.NoError(t, err)
			asked.PVersion = wire.PVersionFor(tt.ffd)
			whole, err := wire.AppendMessage(nil, wire.Reply(asked, wire.CRCNone), body)
			require.NoError(t, err)
			assert.Equal(t, m.Hex.String(), hex.EncodeToString(whole))

			stlv, v, err := s.Drive(vectorFN, 0).OpenAck(vectorOFD, container(t, body))
			require.NoError(t, err)
			assert.Equal(t, OK, v)
			assert.Equal(t, m.STLV(), stlv)
			v, err = s.CheckFPO(vectorOFD, stlv)
			require.NoError(t, err)
			assert.Equal(t, OK, v)
		})
	}
}

func TestFPO_Vector(t *testing.T) {
	t.Parallel()
	m := fiscaltest.Protocol().Message("tb-confirmation")
	stlv := m.STLV()
	mac := scheme().operatorKey(vectorOFD).MAC(m.FPOInput)
	assert.Equal(t, m.FPO.String(), hex.EncodeToString(mac[:]))
	record, ok := ArchiveFPO(stlv[4:])
	require.True(t, ok)
	assert.Equal(t, m.FPOArchive.String(), hex.EncodeToString(record[:]))
	_, ok = ArchiveFPO(without1078(t, stlv)[4:])
	assert.False(t, ok)
}

// The printed receipt of tb-receipt: 123.45 on 2026-08-01 12:02 (fiscal-sign.md 8).
func TestPaper_BuyersCheck(t *testing.T) {
	t.Parallel()
	s := scheme()
	p := Paper{Form: fiscal.FormReceipt, Time: time.Date(2026, 8, 1, 12, 2, 0, 0, time.UTC), Total: 12345,
		Operation: fiscal.Sell, FN: vectorFN, FD: 77, FPD: 24771639}
	v, err := s.CheckPaper(p)
	require.NoError(t, err)
	assert.Equal(t, OK, v)
	local := p
	local.Time = time.Date(2026, 8, 1, 12, 2, 0, 0, time.FixedZone("", 5*3600))
	v, err = s.CheckPaper(local)
	require.NoError(t, err)
	assert.Equal(t, OK, v, "the wall clock counts, not the zone")
	for name, change := range map[string]func(*Paper){
		"form":      func(p *Paper) { p.Form = fiscal.FormBSO },
		"time":      func(p *Paper) { p.Time = p.Time.Add(time.Minute) },
		"total":     func(p *Paper) { p.Total++ },
		"operation": func(p *Paper) { p.Operation = fiscal.Buy },
		"FN":        func(p *Paper) { p.FN = otherFN },
		"FD":        func(p *Paper) { p.FD++ },
		"FPD":       func(p *Paper) { p.FPD++ },
	} {
		q := p
		change(&q)
		v, err := s.CheckPaper(q)
		require.NoError(t, err, name)
		assert.Equal(t, Bad, v, name)
	}
	p.Form = fiscal.FormOpenShift
	_, err = s.CheckPaper(p)
	require.Error(t, err)
	p.Form, p.Total = fiscal.FormReceipt, -1
	_, err = s.CheckPaper(p)
	require.Error(t, err)
}
