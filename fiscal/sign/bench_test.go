package sign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// receipt600 is a receipt of 600 bytes, header included: the one of the vectors
// with a longer user attribute.
func receipt600(b *testing.B, d *Drive) []byte {
	b.Helper()
	var w tlv.Builder
	fields := tlv.Walk(fiscaltest.Protocol().Message("tb-receipt").STLV()[tlv.HeaderLen:])
	for fields.Next() {
		if fields.Field().Tag != ffd.TagFPD {
			w.Fields(fields.Raw())
		}
	}
	body, err := w.Bytes()
	require.NoError(b, err)
	const fpd, headers = tlv.HeaderLen + fpdLen, 2 * tlv.HeaderLen
	w.Raw(1191, make([]byte, 600-fpd-headers-len(body)))
	body, err = w.Bytes()
	require.NoError(b, err)
	stlv := signed(b, d, fiscal.FormReceipt, body)
	require.Len(b, stlv, 600)
	return stlv
}

// BenchmarkSignCheck is all that an operator does about the signs of a receipt of
// 600 bytes from a drive that it knows.
func BenchmarkSignCheck(b *testing.B) {
	for name, encrypt := range map[string]bool{"plain": false, "encrypted": true} {
		b.Run(name, func(b *testing.B) {
			s := scheme()
			d := s.Drive(vectorFN, 0)
			body, err := d.Seal(fiscal.FormReceipt, 77, vectorOFD, receipt600(b, d), encrypt)
			require.NoError(b, err)
			c, err := wire.ReadContainer(body)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				o, err := s.Open(ctx, vectorFN, vectorOFD, c)
				if err != nil || o.FPS != OK {
					b.Fatal(o.FPS, err)
				}
				v, _, err := s.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, o.STLV)
				if err != nil || v != OK {
					b.Fatal(v, err)
				}
			}
		})
	}
}

// BenchmarkNewDrive is what the first document of a drive costs beside its check.
func BenchmarkNewDrive(b *testing.B) {
	s := NewTBGOST1(TBGOST1Options{CachedDrives: 1})
	fns := [...]fiscal.FNNumber{"1", "2", "3"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.linkKeys(fns[i%len(fns)], vectorOFD)
	}
}

func BenchmarkSeal(b *testing.B) {
	s := scheme()
	d := s.Drive(vectorFN, 0)
	stlv := receipt600(b, d)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.SignDocument(fiscal.FormReceipt, stlv[tlv.HeaderLen:]); err != nil {
			b.Fatal(err)
		}
		if _, err := d.Seal(fiscal.FormReceipt, 77, vectorOFD, stlv, false); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConfirm(b *testing.B) {
	s := scheme()
	m := fiscaltest.Protocol().Message("tb-confirmation")
	c, err := wire.ReadContainer(fiscaltest.Protocol().Message("tb-receipt").Body())
	require.NoError(b, err)
	stlv := m.STLV()
	cut := stlv[: len(stlv)-tlv.HeaderLen-fpoLen : len(stlv)-tlv.HeaderLen-fpoLen]
	cut[2] -= tlv.HeaderLen + fpoLen
	r := ConfirmRequest{FN: vectorFN, OFD: vectorOFD, Request: c, STLV: cut}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Confirm(ctx, r); err != nil {
			b.Fatal(err)
		}
	}
}
