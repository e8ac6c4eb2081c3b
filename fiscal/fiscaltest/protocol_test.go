package fiscaltest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProtocol_ReadsEverySection(t *testing.T) {
	t.Parallel()
	v := Protocol()
	assert.Len(t, v.Primitives, 9)
	assert.Len(t, v.Captures, 2)
	assert.Len(t, v.FNFrames, 2)
	assert.Len(t, v.FNFramesConstructed, 24)
	assert.Len(t, v.FNPayloads, 8)
	assert.Len(t, v.Probes, 3)
	assert.Len(t, v.TBGOST1.Keys, 2)
	assert.Len(t, v.TBGOST1.FPD, 2)
	assert.Len(t, v.TBGOST1.Messages, 6)
	assert.Len(t, v.TBGOST1.SessionHeaderVariants, 2)
	assert.Len(t, v.TBGOST1.ServiceMode, 4)
	assert.Len(t, v.Negative, 24)
	assert.Len(t, v.CRC16.ExtraChecks, 3)
	assert.Equal(t, Word(0x29b1), v.CRC16.Check123456789)
	assert.Equal(t, "0000000005008570", v.RNM.Example.RNM)

	c := v.Capture("cap-01")
	assert.Len(t, c.Body(), c.Session.BodyLength)
	assert.Equal(t, Word(0x7825), c.Container.CRC)
	assert.Len(t, c.Container.Fields, 29)
	assert.Len(t, v.Capture("cap-02").Body(), 305)

	m := v.Message("tb-receipt")
	assert.Equal(t, Word(0x0014), m.Session.Flags)
	assert.Equal(t, uint8(1), m.Session.FlagsDecoded.Answer)
	assert.Len(t, m.STLV(), m.Container.STLVSize)
	assert.Len(t, m.Header(), 30)
	assert.Equal(t, m.STLV(), v.Message("tb-receipt-encrypted").STLV())
	assert.Len(t, v.KeysOf("9999078900005488").Operator, 32)
	assert.Equal(t, "04010030ffcd", v.Frame("fnf-01").Hex.String())
	assert.Equal(t, 391.0, v.FNPayload("fnp-01").Decoded["last_fd"])
	require.Equal(t, "bad_container_crc", v.NegativeByID("neg-09").Expect)
	require.Panics(t, func() { v.Message("no such") })
}
