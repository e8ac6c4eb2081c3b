package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

const testFN fiscal.FNNumber = "9999078902000001"

// confirmed is a container that confirms FD 7 with what extra adds.
func confirmed(t testing.TB, extra func(b *tlv.Builder)) []byte {
	t.Helper()
	signs := sign.NewTBGOST1(sign.TBGOST1Options{})
	h := wire.ContainerHeader{Form: fiscal.FormReceipt, FN: testFN.BCD(), FD: 7}
	request, err := wire.ReadContainer(h.Append(nil))
	require.NoError(t, err)
	fn, inn := testFN.Padded(), DefaultOFD.Padded()
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.Raw(ffd.TagOFDINN, inn[:])
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Uint32(ffd.TagFDNumber, 7)
		b.Time(ffd.TagDateTime, time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC))
		extra(b)
	})
	stlv, err := b.Bytes()
	require.NoError(t, err)
	c, err := signs.Confirm(t.Context(), sign.ConfirmRequest{FN: testFN, OFD: DefaultOFD, Request: request, STLV: stlv})
	require.NoError(t, err)
	return c
}

// The code of the operator: 1022 in FFD 1.05, 1206 from FFD 1.1 on (TRN-074).
func TestConfirmation_ReadsCode(t *testing.T) {
	t.Parallel()
	signer := sign.NewTBGOST1(sign.TBGOST1Options{}).Drive(testFN, 0)
	for name, c := range map[string]struct {
		extra func(b *tlv.Builder)
		want  uint8
	}{
		"clean": {func(*tlv.Builder) {}, 0},
		"1022 = 0": {func(b *tlv.Builder) {
			b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, 0) })
		}, 0},
		"1022": {func(b *tlv.Builder) {
			b.STLV(ffd.TagMessageToFN, func(b *tlv.Builder) { b.Byte(ffd.TagOFDResponseCode, 14) })
		}, 14},
		"1206": {func(b *tlv.Builder) { b.Byte(ffd.TagOperatorMessage, 2) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range []sign.Signer{nil, signer} {
				code, err := confirmation(confirmed(t, c.extra), testFN.BCD(), 7, DefaultOFD, s)
				require.NoError(t, err)
				assert.Equal(t, c.want, code)
			}
		})
	}
}

func TestConfirmation_RefusesOthers(t *testing.T) {
	t.Parallel()
	good := confirmed(t, func(*tlv.Builder) {})
	_, err := confirmation(good, testFN.BCD(), 8, DefaultOFD, nil)
	require.ErrorContains(t, err, "confirmation of FD 7, 8 was sent")
	_, err = confirmation(good, fiscal.FNNumber("9999078902000002").BCD(), 7, DefaultOFD, nil)
	require.ErrorContains(t, err, "confirmation for FN")
	other := sign.NewTBGOST1(sign.TBGOST1Options{}).Drive("9999078902000002", 0)
	_, err = confirmation(good, testFN.BCD(), 7, DefaultOFD, other)
	require.ErrorContains(t, err, "the sign is bad")
	for i := range good {
		broken := append([]byte(nil), good...)
		broken[i] ^= 0x10
		_, err := confirmation(broken, testFN.BCD(), 7, DefaultOFD, nil)
		var bad wrongError
		require.ErrorAs(t, err, &bad, "byte %d", i)
	}
}

func FuzzConfirmation(f *testing.F) {
	good := confirmed(f, func(b *tlv.Builder) { b.Byte(ffd.TagOperatorMessage, 2) })
	f.Add(good)
	f.Add(good[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > wire.MaxAckContainer {
			return
		}
		if len(b) >= wire.ContainerHeaderLen {
			b = append([]byte(nil), b...)
			wire.FinishContainer(b) // past the check code
		}
		code, err := confirmation(b, testFN.BCD(), 7, DefaultOFD, nil)
		if err != nil {
			assert.Zero(t, code)
		}
	})
}
