package postgres

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every text becomes one that PostgreSQL takes, and comes back.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Мир", "\x00", "\xff\xfe", "\U0010FF00", "\U0010FFFF", "a\xf4\x8f\xbcb", "\uFFFD"} {
		f.Add(s)
	}
	f.Fuzz(checkText)
}

func TestText_RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"ю", "x", "\x00", "\xf4", "\x8f", "\xbc", "\x80", "\U0010FF00", "\U0010FEFF", "\U0010FFFE"})).Draw(rt, "parts")
		checkText(t, strings.Join(parts, ""))
	})
}

func checkText(t *testing.T, s string) {
	kept := text(s)
	require.True(t, utf8.ValidString(kept), "%q", s)
	require.NotContains(t, kept, "\x00")
	require.Equal(t, s, fromText(kept))
}
