package fiscaltest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func TestFFD_Loads(t *testing.T) {
	t.Parallel()
	v := FFD()
	assert.Len(t, v.Primitives, 14)
	assert.Len(t, v.Captures, 11)
	assert.Len(t, v.ProductCodes, 9)
	assert.Len(t, v.ControlCodes, 2)
	assert.Len(t, v.RegNumbers, 2)
	assert.Len(t, v.INNs, 13)
	assert.Len(t, v.QR, 3)
	assert.Len(t, v.JSONSamples, 1)
	documents := 0
	for _, c := range v.Captures {
		if c.Document != nil {
			documents++
			stlv := c.STLV()
			assert.Equal(t, byte(c.Document.Form), stlv[0], c.ID)
			assert.Equal(t, c.Document.Length, int(stlv[2])|int(stlv[3])<<8, c.ID)
		}
	}
	assert.Equal(t, 10, documents)
}

func TestRawReceipts_AreContainers(t *testing.T) {
	t.Parallel()
	all := RawReceipts()
	require.Len(t, all, 26)
	for _, r := range all {
		c, _, err := wire.ParseContainer(r.Container(), wire.Lenient)
		require.NoError(t, err, r.Name)
		assert.Equal(t, len(r.STLV), int(c.STLVSize), r.Name)
		stlv, sign, err := wire.SplitPayload(c.Payload())
		require.NoError(t, err, r.Name)
		assert.Equal(t, r.STLV, stlv, r.Name)
		assert.Equal(t, r.Sign, sign, r.Name)
	}
	assert.Len(t, ReceiptJSONs(), 12)
}
