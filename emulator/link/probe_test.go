package link

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// prb-01 … prb-03: the bytes of probes as captured.
func TestProbe_Vectors(t *testing.T) {
	t.Parallel()
	kinds := map[string]ProbeKind{"prb-01": ProbeMarking, "prb-02": ProbeKeys, "prb-03": ProbePoint}
	for _, v := range fiscaltest.Protocol().Probes {
		p := Probe{Kind: kinds[v.ID]}
		require.NotZero(t, p.Kind, v.ID)
		b, err := wire.AppendMessage(nil, p.Header(), nil)
		require.NoError(t, err)
		assert.Equal(t, v.Hex.String(), hexOf(b), v.What)
	}
}

// TRN-090: flags 0010h and 0011h, the reply mirrored.
func TestCheck(t *testing.T) {
	t.Parallel()
	mirror := func(t *testing.T, o *operator, c net.Conn) {
		m := o.next(t, c)
		_, _ = c.Write(mustMessage(wire.Reply(m.Header, m.Header.Flags.CRCMode())))
	}
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		o := serve(t, mirror)
		for _, p := range []Probe{{FN: testFN, FFD: fiscal.FFD12}, {FN: testFN, CRC: wire.CRCHeader}, {Kind: ProbeMarking}, {Kind: ProbePoint}} {
			r, err := Check(t.Context(), o.addr, p)
			require.NoError(t, err)
			assert.Len(t, r.Reply, wire.HeaderLen)
			assert.Equal(t, p.CRC, r.Header.Flags.CRCMode())
		}
	})
	for name, answer := range map[string]func(h wire.Header) []byte{
		"another FN": func(h wire.Header) []byte { h.FN = fiscal.FNNumber("1").Padded(); return mustMessage(wire.Reply(h, 0)) },
		"version":    func(h wire.Header) []byte { h.PVersion = wire.PVersion{1, 0x10}; return mustMessage(wire.Reply(h, 0)) },
		"a body":     func(h wire.Header) []byte { return receipt(1, 0) },
		"as request": mustMessage,
		"nothing":    func(wire.Header) []byte { return nil },
		"rubbish":    func(wire.Header) []byte { return make([]byte, 40) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serve(t, func(t *testing.T, o *operator, c net.Conn) { _, _ = c.Write(answer(o.next(t, c).Header)) })
			_, err := Check(t.Context(), o.addr, Probe{FN: testFN, FFD: fiscal.FFD12})
			assert.Error(t, err)
		})
	}
	t.Run("silent", func(t *testing.T) {
		t.Parallel()
		hold := make(chan struct{})
		defer close(hold)
		o := serve(t, func(t *testing.T, o *operator, c net.Conn) { o.next(t, c); <-hold })
		_, err := Check(t.Context(), o.addr, Probe{Timeout: 50 * time.Millisecond})
		assert.True(t, timedOut(err), "%v", err)
	})
}

// The marking exchange: own signature and versions, one answer.
func TestMarking_Ask(t *testing.T) {
	t.Parallel()
	o := serve(t, func(t *testing.T, o *operator, c net.Conn) {
		m := o.next(t, c)
		answer, _ := wire.AppendMessage(nil, wire.Reply(m.Header, wire.CRCNone), append([]byte("answer to "), m.Body()...))
		_, _ = c.Write(answer)
	})
	m := Marking{FN: testFN, Addr: o.addr}
	got, err := m.AskMarking([]byte("form 81"))
	require.NoError(t, err)
	assert.Equal(t, "answer to form 81", string(got))
	assert.Equal(t, wire.SignatureMarking, o.got[0].Header.Signature)
	assert.Equal(t, wire.PVersion{0, 1}, o.got[0].Header.PVersion)

	foreign := serve(t, func(t *testing.T, o *operator, c net.Conn) { o.next(t, c); _, _ = c.Write(receipt(1, 0)) })
	m.Addr = foreign.addr
	_, err = m.AskMarking([]byte("form 81"))
	assert.Error(t, err)
}
