package ack

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// request is the container of tb-receipt.
func request(t *testing.T) wire.Container {
	t.Helper()
	c, _, err := wire.ParseContainer(fiscaltest.Protocol().Message("tb-receipt").Body(), wire.Strict)
	require.NoError(t, err)
	return c
}

func confirmation(t *testing.T, v fiscal.FFD, a Answer) *Confirmation {
	return &Confirmation{FN: "9999078900005488", FD: 77, FFD: v, OFD: "7704358518",
		At: time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC), Answer: a, Request: request(t)}
}

// TRN-070 to TRN-072, TRN-074: which requisites, in which order. Hex by hand: 1017,
// 1041, 1040, 1012, then 1068/1022 or 1206.
func TestFormat_Document(t *testing.T) {
	t.Parallel()
	const head = "f9030c00" + "373730343335383531382020" + // 1017, INN and two spaces
		"11041000" + "39393939303738393030303035343838" + // 1041
		"10040400" + "4d000000" + // 1040 = 77
		"f4030400" + "09b66d6a" // 1012 = 2026-08-01 09:02:01 UTC
	const code, bits = "2c040500" + "fe030100", "b6040100"
	for name, c := range map[string]struct {
		format Format
		ffd    fiscal.FFD
		answer Answer
		want   string
	}{
		"1.0 accepted":                    {Format{}, fiscal.FFD10, Answer{}, "07003d00" + head + code + "00"},
		"1.05 accepted":                   {Format{}, fiscal.FFD105, Answer{}, "07003d00" + head + code + "00"},
		"1.05 failed":                     {Format{}, fiscal.FFD105, Answer{Code: 14}, "07003d00" + head + code + "0e"},
		"1.05 not recognised":             {Format{}, fiscal.FFD105, Answer{Code: 11}, "07003d00" + head + code + "0b"},
		"1.05 contact":                    {Format{}, fiscal.FFD105, Answer{Contact: true}, "07003d00" + head + code + "0e"},
		"1.05 on error, accepted":         {Format{FNMessageOnError: true}, fiscal.FFD105, Answer{}, "07003400" + head},
		"1.05 on error, failed":           {Format{FNMessageOnError: true}, fiscal.FFD105, Answer{Code: 14}, "07003d00" + head + code + "0e"},
		"1.05 knows no 1206":              {Format{ExtraBits: 0x42, OperatorMessageAlways: true}, fiscal.FFD105, Answer{}, "07003d00" + head + code + "00"},
		"1.1 accepted":                    {Format{}, fiscal.FFD11, Answer{}, "07003400" + head},
		"1.1 failed":                      {Format{}, fiscal.FFD11, Answer{Code: 14}, "07003900" + head + bits + "02"},
		"1.2 not recognised":              {Format{}, fiscal.FFD12, Answer{Code: 11}, "07003900" + head + bits + "02"},
		"1.2 contact":                     {Format{}, fiscal.FFD12, Answer{Contact: true}, "07003900" + head + bits + "40"},
		"1.2 failed, contact, extra bits": {Format{ExtraBits: 0x80}, fiscal.FFD12, Answer{Code: 14, Contact: true}, "07003900" + head + bits + "c2"},
		"1.2 always":                      {Format{OperatorMessageAlways: true}, fiscal.FFD12, Answer{}, "07003900" + head + bits + "00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.format.Document(confirmation(t, c.ffd, c.answer))
			require.NoError(t, err)
			assert.Equal(t, c.want, fiscaltest.Hex(got).String())
		})
	}
}

// fiscal-sign.md 5.3, 5.4: finished replies against the vectors.
func TestFormat_FormAndReply(t *testing.T) {
	t.Parallel()
	scheme := sign.NewTBGOST1(sign.TBGOST1Options{})
	for _, c := range []struct {
		want   string
		ffd    fiscal.FFD
		format Format
		answer Answer
	}{
		{"tb-confirmation", fiscal.FFD105, Format{}, Answer{}},
		{"tb-confirmation-14", fiscal.FFD105, Format{}, Answer{Code: CodeFLKFailed}},
		{"tb-confirmation-1206", fiscal.FFD12, Format{}, Answer{Code: CodeFLKFailed, Contact: true}},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			container, err := c.format.Form(t.Context(), scheme, confirmation(t, c.ffd, c.answer))
			require.NoError(t, err)
			h := wire.Request("9999078900005488", c.ffd)
			h.BodyLen = 363
			reply, err := Reply(h, container, wire.CRCNone)
			require.NoError(t, err)
			assert.Equal(t, fiscaltest.Protocol().Message(c.want).Hex.Bytes(), reply)
		})
	}
	t.Run("type 5A", func(t *testing.T) {
		t.Parallel()
		f := Format{ContainerType: wire.TypeOFD}
		container, err := f.Form(t.Context(), scheme, confirmation(t, fiscal.FFD105, Answer{}))
		require.NoError(t, err)
		assert.Equal(t, wire.TypeOFD, container[wire.OffType])
	})
}

// Reply mirrors the header of a probe in its own CRC mode (TRN-090).
func TestReply_ServiceMode(t *testing.T) {
	t.Parallel()
	modes := fiscaltest.Protocol().TBGOST1.ServiceMode
	for i := range 2 {
		h, _, err := wire.ParseHeader((*[wire.HeaderLen]byte)(modes[i].Hex.Bytes()), wire.Strict)
		require.NoError(t, err)
		reply, err := Reply(h, nil, h.Flags.CRCMode())
		require.NoError(t, err)
		assert.Equal(t, modes[i+2].Hex.Bytes(), reply)
	}
}

// failing is a verifier whose Confirm is a function.
type failing struct {
	sign.Verifier
	confirm func() ([]byte, error)
}

func (f failing) Confirm(context.Context, sign.ConfirmRequest) ([]byte, error) { return f.confirm() }

func TestFormat_FormRefuses(t *testing.T) {
	t.Parallel()
	var f Format
	cause := errors.New("no key")
	_, err := f.Form(t.Context(), failing{confirm: func() ([]byte, error) { return nil, cause }}, confirmation(t, fiscal.FFD12, Answer{}))
	assert.ErrorIs(t, err, cause)
	_, err = f.Form(t.Context(), failing{confirm: func() ([]byte, error) { return make([]byte, 1025), nil }}, confirmation(t, fiscal.FFD12, Answer{}))
	assert.ErrorContains(t, err, "1025 bytes", "one FN command 26h holds 1024")
}

// Merging answers does not depend on order, loses nothing and never gets milder.
func TestAnswer_Merge(t *testing.T) {
	t.Parallel()
	grave := map[uint8]int{CodeAccepted: 0, CodeFLKFailed: 1, CodeNotRecognised: 2}
	any := rapid.Custom(func(t *rapid.T) Answer {
		return Answer{Code: rapid.SampledFrom([]uint8{0, 11, 14}).Draw(t, "code"), Contact: rapid.Bool().Draw(t, "contact")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := any.Draw(t, "a"), any.Draw(t, "b")
		m := a.Merge(b)
		if m != b.Merge(a) || grave[m.Code] != max(grave[a.Code], grave[b.Code]) || m.Contact != (a.Contact || b.Contact) {
			t.Fatalf("%+v and %+v give %+v", a, b, m)
		}
	})
}
