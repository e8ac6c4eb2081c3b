package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// containers draws a finished container with an arbitrary plain document.
func containers() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		body := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
		h := wire.ContainerHeader{
			Form:     fiscal.Form(rapid.SampledFrom([]int{1, 2, 3, 11, 31}).Draw(t, "form")),
			FN:       fiscal.FNNumber(rapid.StringMatching(`9999[0-9]{12}`).Draw(t, "fn")).BCD(),
			FD:       fiscal.FDNumber(rapid.Uint32Range(1, uint32(fiscal.MaxFDNumber)).Draw(t, "fd")),
			STLVSize: uint16(len(body) + 4),
		}
		c := h.Append(nil)
		c = append(c, byte(h.Form), 0, byte(len(body)), byte(len(body)>>8))
		c = append(append(c, body...), make([]byte, wire.TrailerLen)...)
		wire.FinishContainer(c)
		return c
	})
}

func TestMessage_RoundTripInPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var bodies [][]byte
		for range rapid.IntRange(1, 4).Draw(t, "messages") {
			body := containers().Draw(t, "container")
			h := wire.Request("9999078900005488", fiscal.FFD12)
			h.Flags = h.Flags.WithCRC(wire.CRCMode(rapid.IntRange(0, 2).Draw(t, "mode")))
			var err error
			stream, err = wire.AppendMessage(stream, h, body)
			require.NoError(t, err)
			bodies = append(bodies, body)
		}
		var d wire.Decoder
		var got [][]byte
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "piece")
			d.Feed(stream[:n])
			stream = stream[n:]
			for {
				m, err := d.Next()
				require.NoError(t, err)
				if m == nil {
					break
				}
				_, _, err = wire.ParseContainer(m.Body(), wire.Strict)
				require.NoError(t, err)
				got = append(got, m.Body())
			}
		}
		assert.Equal(t, bodies, got)
	})
}

func TestContainer_AnyFlippedBitIsSeen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := containers().Draw(t, "container")
		bit := rapid.IntRange(0, 8*len(c)-1).Draw(t, "bit")
		c[bit/8] ^= 1 << (bit % 8)
		_, _, err := wire.ParseContainer(c, wire.Strict)
		assert.Error(t, err)
	})
}

func FuzzDecoder(f *testing.F) {
	p := fiscaltest.Protocol()
	f.Add(p.Captures[0].Hex.Bytes(), uint8(1))
	for _, v := range p.Negative {
		f.Add(v.Hex.Bytes(), uint8(7))
	}
	for _, v := range p.Probes {
		f.Add(v.Hex.Bytes(), uint8(30))
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		if len(stream) > 1<<17 {
			return
		}
		for _, profile := range []wire.Profile{wire.Strict, wire.Lenient} {
			d := wire.Decoder{Profile: profile}
			var fed, taken int
			for fed < len(stream) {
				n := min(int(piece)+1, len(stream)-fed)
				d.Feed(stream[fed : fed+n])
				fed += n
				for {
					m, err := d.Next()
					if err != nil || m == nil {
						mustBeTyped(t, err)
						break
					}
					if !bytes.Equal(m.Raw, stream[taken:taken+len(m.Raw)]) {
						t.Fatal("a message is not the bytes that came")
					}
					taken += len(m.Raw)
					parseAll(t, m.Body(), profile)
				}
			}
			mustBeTyped(t, d.Close())
		}
	})
}

func parseAll(t *testing.T, body []byte, p wire.Profile) {
	if len(body) == 0 {
		return
	}
	c, _, err := wire.ParseContainer(body, p)
	mustBeTyped(t, err)
	if err == nil {
		_, _, err = wire.SplitPayload(c.Payload())
		mustBeTyped(t, err)
	}
}

func mustBeTyped(t *testing.T, err error) {
	var e *wire.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("untyped error: %v", err)
	}
}

func BenchmarkDecoder(b *testing.B) {
	raw := fiscaltest.Protocol().Captures[0].Hex.Bytes()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	var d wire.Decoder
	for b.Loop() {
		d.Feed(raw)
		m, err := d.Next()
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := wire.ParseContainer(m.Body(), wire.Strict); err != nil {
			b.Fatal(err)
		}
	}
}
