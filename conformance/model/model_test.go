package model_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

// fromVector is the register that sent tb-receipt.
func fromVector() *model.Register {
	r := model.NewRegister(model.TestMasterKey(), "7704358518", 5488, 2, time.Time{})
	r.FN, r.RNM, r.INN = "9999078900005488", "0000000005008570", "7702203276"
	r.Keys = model.DeriveKeys(model.TestMasterKey(), r.FN, r.OFD)
	return r
}

// TestReadAck_JudgesTheVectors: the confirmations of the vectors are right, and any
// changed byte of one is noticed.
func TestReadAck_JudgesTheVectors(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol()
	for reply, want := range map[string]struct {
		request       string
		code, message int
	}{
		"tb-confirmation":           {"tb-receipt", 0, -1},
		"tb-confirmation-14":        {"tb-receipt", 14, -1},
		"tb-confirmation-encrypted": {"tb-receipt-encrypted", 0, -1},
	} {
		request, answer := v.Message(want.request).Hex.Bytes(), v.Message(reply).Hex.Bytes()
		a, problems := model.ReadAck(fromVector(), request, answer)
		assert.Empty(t, problems, reply)
		assert.Equal(t, want.code, a.Code, reply)
		assert.Equal(t, want.message, a.Message, reply)
		assert.EqualValues(t, 77, a.FD)
		for i := range answer {
			if i == 26 || i == 27 || i == 28 || i == 29 || i == 34 || i == 36 || i == 38 {
				continue // flags, an unused check code, container type and version, service byte: several values are legal
			}
			broken := append([]byte{}, answer...)
			broken[i] ^= 0x08
			_, problems := model.ReadAck(fromVector(), request, broken)
			assert.NotEmpty(t, problems, "%s: byte %d changed and nobody noticed", reply, i)
		}
	}
}

// TestReadAck_LongDocument: a document of 508 bytes, whose length has bits that adding
// the header carries over, is found whole.
func TestReadAck_LongDocument(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol()
	request, answer := v.Message("tb-receipt").Hex.Bytes(), v.Message("tb-confirmation").Hex.Bytes()
	for _, n := range []int{251, 252, 255, 256, 507, 508, 511, 512, 764} {
		long := append([]byte{}, answer[:62]...)
		long = append(long, 7, 0, byte(n), byte(n>>8), 0x0f, 0x27, byte(n-4), byte((n-4)>>8))
		long = append(long, make([]byte, n-4+8)...) // the only field, tag 9999, and a trailer
		_, problems := model.ReadAck(fromVector(), request, long)
		for _, p := range problems {
			assert.NotContains(t, []string{"document/stlv", "document/tlv"}, p.Check, "%d bytes", n)
		}
		assert.NotEmpty(t, problems, "it says nothing that was asked for")
	}
}

// TestRegister_MakesTheVectorsBytes: built from the same fields, the message is the
// vector byte for byte.
func TestRegister_MakesTheVectorsBytes(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol().Message("tb-receipt")
	r := fromVector()
	d := &model.Document{Register: r, Form: 3, FD: 77, Flags: 0x0014, PVersion: [2]byte{1, 5}}
	assert.Equal(t, hex.EncodeToString(v.Hex), hex.EncodeToString(d.Message(v.STLV())))
	r.Encrypt = true
	e := fiscaltest.Protocol().Message("tb-receipt-encrypted")
	assert.Equal(t, hex.EncodeToString(e.Hex), hex.EncodeToString(d.Message(e.STLV())))
}

func TestNewRegister_HasRightCheckDigits(t *testing.T) {
	t.Parallel()
	r := model.NewRegister(model.TestMasterKey(), "7704358518", 5, 2, time.Time{})
	require.Equal(t, "000000000005", r.Factory)
	// The worked example of flk.md section 9 has factory number 000000000002.
	ex := fiscaltest.Protocol().RNM.Example
	assert.Equal(t, "7702203276", string(ex.INN))
	assert.Len(t, r.RNM, 16)
	assert.Equal(t, "0000000005", r.RNM[:10])
}

// TestReadMessage_JudgesTheVectors: the messages of the vectors are right, and any
// changed byte of one is noticed.
func TestReadMessage_JudgesTheVectors(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"tb-receipt", "tb-receipt-encrypted"} {
		raw := fiscaltest.Protocol().Message(id).Hex.Bytes()
		m, problems := model.ReadMessage(model.TestMasterKey(), "7704358518", raw)
		require.Empty(t, problems, id)
		assert.EqualValues(t, 77, m.FD)
		assert.Equal(t, 3, m.Form)
		assert.EqualValues(t, 24771639, m.FPD())
		assert.EqualValues(t, 12345, m.Number(1020))
		assert.Equal(t, "7702203276", m.Text(1018))
		for i := range raw {
			if i == 6 || i == 7 || i == 26 { // several P-versions and priorities are legal
				continue
			}
			broken := append([]byte{}, raw...)
			broken[i] ^= 0x40
			_, problems := model.ReadMessage(model.TestMasterKey(), "7704358518", broken)
			assert.NotEmpty(t, problems, "%s: byte %d changed and nobody noticed", id, i)
		}
	}
}

// TestConfirmation_MakesTheVectorsBytes: the confirmations of the vectors, byte for
// byte.
func TestConfirmation_MakesTheVectorsBytes(t *testing.T) {
	t.Parallel()
	v := fiscaltest.Protocol()
	at := time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC)
	for want, request := range map[string]string{"tb-confirmation": "tb-receipt", "tb-confirmation-14": "tb-receipt", "tb-confirmation-encrypted": "tb-receipt-encrypted"} {
		m, _ := model.ReadMessage(model.TestMasterKey(), "7704358518", v.Message(request).Hex.Bytes())
		c := model.Confirm(m, "7704358518", at)
		if want == "tb-confirmation-14" {
			c.Code = 14
		}
		assert.Equal(t, hex.EncodeToString(v.Message(want).Hex), hex.EncodeToString(c.Bytes()), want)
	}
}

// TestReadMarking_JudgesItsOwnAnswers: both sides of the marking exchange agree, and
// a changed byte is noticed.
func TestReadMarking_JudgesItsOwnAnswers(t *testing.T) {
	t.Parallel()
	r := model.NewRegister(model.TestMasterKey(), "7704358518", 5, 4, time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC))
	for _, request := range [][]byte{r.MarkingRequest(7, "010460043993125621000000000000000", 1).Plain(), r.MarkingNotice(8, 3, "010460043993125621000000000000000", 1).Plain()} {
		m, problems := model.ReadMessage(model.TestMasterKey(), "7704358518", request)
		require.Empty(t, problems)
		require.True(t, m.Marking)
		reply := (&model.Confirmation{To: m}).MarkingReply(model.U8(2105, 0), model.U8(2109, 1), model.U8(2111, 0))
		a, problems := model.ReadMarking(r, request, reply)
		require.Empty(t, problems)
		assert.Equal(t, 1, a.Status)
		for _, i := range []int{0, 4, 8, 24, 32, 35, 40, 62, 70, len(reply) - 3} {
			broken := append([]byte{}, reply...)
			broken[i] ^= 0x04
			_, problems := model.ReadMarking(r, request, broken)
			assert.NotEmpty(t, problems, "byte %d", i)
		}
	}
}
