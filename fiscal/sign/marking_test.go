package sign

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/gost"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func macWith(key, data []byte) [16]byte { return gost.NewKuznyechik([32]byte(key)).MAC(data) }

// TRN-110, fiscal-sign.md 5.6: both directions of the marking exchange.
func TestMarking_RequestAndAnswer(t *testing.T) {
	t.Parallel()
	request := func(form fiscal.Form) []byte {
		var b tlv.Builder
		b.STLV(tlv.Tag(form), func(b *tlv.Builder) { b.Uint32(2001, 5); b.Byte(2003, 1) })
		stlv, err := b.Bytes()
		require.NoError(t, err)
		return stlv
	}
	m := scheme().Marking(vectorFN)
	for asked, answered := range map[fiscal.Form]fiscal.Form{
		fiscal.FormMarkingRequest: fiscal.FormMarkingAnswer, fiscal.FormMarkingNotice: fiscal.FormMarkingReceipt,
	} {
		body, err := m.Seal(asked, 5, request(asked))
		require.NoError(t, err)
		c := container(t, body)
		assert.Equal(t, asked, c.Form)
		assert.Equal(t, fiscal.FDNumber(5), c.FD)
		assert.False(t, c.Encrypted())
		stlv, v, err := m.Open(c)
		require.NoError(t, err)
		assert.Equal(t, OK, v)
		assert.Equal(t, request(asked), stlv)
		// 81 06 and six bytes of the MAC with K_km over header and STLV, by hand.
		mac := macWith(fiscaltest.Protocol().KeysOf(vectorFN).Marking, append(append([]byte{}, body[4:32]...), stlv...))
		assert.Equal(t, "8106"+hex.EncodeToString(mac[:6])+"0000", hex.EncodeToString(body[len(body)-10:]))

		reply, err := m.Answer(c, answered, request(answered))
		require.NoError(t, err)
		r := container(t, reply)
		assert.Equal(t, answered, r.Form)
		assert.Equal(t, c.Raw[9:25], r.Raw[9:25])
		assert.Equal(t, make([]byte, 7), r.Raw[25:32])
		_, v, err = m.Open(r)
		require.NoError(t, err)
		assert.Equal(t, OK, v)
		_, v, err = scheme().Marking(otherFN).Open(r)
		require.NoError(t, err)
		assert.Equal(t, Bad, v)
	}
}

func TestMarking_Refuses(t *testing.T) {
	t.Parallel()
	m := scheme().Marking(vectorFN)
	good := []byte{81, 0, 0, 0}
	_, err := m.Seal(fiscal.FormReceipt, 1, good)
	require.Error(t, err)
	_, err = m.Seal(fiscal.FormMarkingRequest, fiscal.MaxFDNumber+1, good)
	require.Error(t, err)
	_, err = m.Seal(fiscal.FormMarkingRequest, 1, good[:3])
	require.Error(t, err)
	_, err = m.Answer(wire.Container{}, fiscal.FormMarkingAnswer, good)
	require.Error(t, err)
	body, err := m.Seal(fiscal.FormMarkingRequest, 1, good)
	require.NoError(t, err)
	_, err = m.Answer(container(t, body), fiscal.FormReceipt, good)
	require.Error(t, err)
	body[7] |= 1
	wire.FinishContainer(body)
	_, v, err := m.Open(container(t, body))
	assert.Equal(t, fiscal.EncryptedUnreadable, fault(t, err))
	assert.Equal(t, Unverifiable, v)
	_, _, err = m.Open(container(t, append(make([]byte, 0), finish(append(body[:32:32], 81, 0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8))...)))
	require.Error(t, err)
}

// finish clears the encryption bit and completes the container.
func finish(b []byte) []byte {
	b[7] &^= 1
	wire.FinishContainer(b)
	return b
}
