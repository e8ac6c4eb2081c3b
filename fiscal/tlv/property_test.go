package tlv_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// tree draws a level of fields: nested ones have tags that nested() knows.
func tree(depth int) *rapid.Generator[[]tlv.Node] {
	return rapid.Custom(func(t *rapid.T) []tlv.Node {
		n := rapid.IntRange(0, 5).Draw(t, "fields")
		nodes := make([]tlv.Node, 0, n)
		for range n {
			if depth > 0 && rapid.Bool().Draw(t, "nested") {
				nodes = append(nodes, tlv.Node{Tag: 1059, Nested: true, Children: tree(depth-1).Draw(t, "children")})
				continue
			}
			tag := rapid.Uint16Range(2000, 65535).Draw(t, "tag")
			nodes = append(nodes, tlv.Node{Tag: tlv.Tag(tag), Value: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "value")})
		}
		return nodes
	})
}

func TestParse_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, err := tlv.Append(nil, tree(4).Draw(t, "tree"))
		require.NoError(t, err)
		nodes, err := tlv.Parse(raw, nested, tlv.Limits{})
		require.NoError(t, err)
		again, err := tlv.Append(nil, nodes)
		require.NoError(t, err)
		assert.Equal(t, string(raw), string(again))
		checkOffsets(t, raw, nodes)
	})
}

// checkOffsets: at every node's offset the buffer holds the node's tag.
func checkOffsets(t *rapid.T, raw []byte, nodes []tlv.Node) {
	for _, n := range nodes {
		assert.Equal(t, byte(n.Tag), raw[n.Offset])
		assert.Equal(t, byte(n.Tag>>8), raw[n.Offset+1])
		checkOffsets(t, raw, n.Children)
	}
}

func TestVLN_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "n")
		raw := tlv.AppendVLN(nil, n)
		back, err := tlv.Uint(raw)
		require.NoError(t, err)
		assert.Equal(t, n, back)
		if len(raw) > 1 {
			assert.NotZero(t, raw[len(raw)-1], "no redundant high byte")
		}
	})
}

func TestDecimal_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := tlv.FVLN{Decimals: uint8(rapid.IntRange(0, 9).Draw(t, "decimals")), Magnitude: rapid.Uint64Range(0, 1<<56-1).Draw(t, "magnitude")}
		back, err := tlv.ParseDecimal(f.String())
		require.NoError(t, err)
		assert.Equal(t, f, back)
		parsed, err := tlv.ParseFVLN(f.Append(nil))
		require.NoError(t, err)
		assert.Equal(t, f, parsed)
	})
}

func FuzzParse(f *testing.F) {
	f.Add(unhex(f, handItem))
	f.Add(unhex(f, "2304080023040400230400"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, buf []byte) {
		nodes, err := tlv.Parse(buf, nested, tlv.Limits{})
		if err != nil {
			var e *tlv.Error
			if !errors.As(err, &e) || e.Offset > len(buf) {
				t.Fatalf("untyped or misplaced error: %v", err)
			}
			return
		}
		again, err := tlv.Append(nil, nodes)
		if err != nil || string(again) != string(buf) {
			t.Fatalf("written back as %x, was %x (%v)", again, buf, err)
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	buf := make([]byte, 0, 600)
	for len(buf) < 594 {
		buf = append(buf, unhex(b, "fc0302003930")...)
	}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		w := tlv.Walk(buf)
		for w.Next() {
		}
	}
}
