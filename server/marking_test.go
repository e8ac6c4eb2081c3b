package server_test

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
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// markingRequest is form 81 about a code in its session message.
func markingRequest(t *testing.T, fn fiscal.FNNumber, code string) []byte {
	t.Helper()
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormMarkingRequest), func(b *tlv.Builder) {
		b.Uint32(ffd.TagMarkingRequestNumber, 1)
		b.Text(ffd.TagMarkingCode, code)
	})
	stlv, err := b.Bytes()
	require.NoError(t, err)
	container, err := servertest.Scheme.Marking(fn).Seal(fiscal.FormMarkingRequest, 1, stlv)
	require.NoError(t, err)
	h := wire.Header{Signature: wire.SignatureMarking, SVersion: wire.SVersionMarking, PVersion: wire.PVersion{0, 1}, FN: fn.Padded(), Flags: wire.FlagsContainer}
	m, err := wire.AppendMessage(nil, h, container)
	require.NoError(t, err)
	return m
}

// O-121, O-122: marking and fiscal messages on one connection, routed by signature,
// both answered and logged.
func TestServer_RoutesBySignature(t *testing.T) {
	t.Parallel()
	b := start(t)
	r := servertest.NewRegister(1, fiscal.FFD12)
	c := b.dial()
	a, err := c.Confirm(r.Registration())
	require.NoError(t, err)
	assert.True(t, a.Accepted())
	request := markingRequest(t, r.FN, "0104670540176000")
	m, err := c.Exchange(request)
	require.NoError(t, err)
	container, _, err := wire.ParseContainer(m.Body(), wire.Strict)
	require.NoError(t, err)
	stlv, v, err := servertest.Scheme.Marking(r.FN).Open(container)
	require.NoError(t, err)
	assert.Equal(t, sign.OK, v)
	d, err := ffd.Decode(stlv)
	require.NoError(t, err)
	assert.Equal(t, fiscal.FormMarkingAnswer, d.Form)
	assert.EqualValues(t, 1, d.Uint(ffd.TagProductStatusAnswer))
	a, err = c.Confirm(r.OpenShift())
	require.NoError(t, err)
	assert.True(t, a.Accepted())
	require.Eventually(t, func() bool {
		list, err := b.store.Exchanges(t.Context(), r.FN, store.Page{})
		if err != nil {
			return false
		}
		for _, e := range list {
			if string(e.Request) == string(request) {
				return string(e.Response) == string(m.Raw) && e.Detail == "in turnover"
			}
		}
		return false
	}, 5*time.Second, 2*time.Millisecond)
}

// O-126: with the marking operator down its requests get no answer of the operator's
// own, and fiscal exchange goes on.
func TestServer_MarkingDown(t *testing.T) {
	t.Parallel()
	b := start(t, func(o *server.Options) { o.Marking.Down = true })
	r := servertest.NewRegister(1, fiscal.FFD12)
	c := b.dial()
	_, err := c.Write(markingRequest(t, r.FN, "0104670540176000"))
	require.NoError(t, err)
	b.confirmed(r.Registration(), r.OpenShift())
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout(), "held open without a byte")
}
