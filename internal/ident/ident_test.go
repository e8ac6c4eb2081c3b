package ident_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/internal/ident"
)

func TestNew_OfTheRandomSource(t *testing.T) {
	t.Parallel()
	random := bytes.NewReader(make([]byte, 15+32))
	id, err := ident.New(random)
	require.NoError(t, err)
	assert.Equal(t, "AAAAAAAAAAAAAAAAAAAA", id)
	secret, err := ident.Secret(random)
	require.NoError(t, err)
	assert.Len(t, secret, 43)
	_, err = ident.New(random)
	require.ErrorContains(t, err, "ident: reading random bytes", "an empty source makes no id")
}

func TestTimed_GrowsWithTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Int64Range(0, 1<<60)
		tail := rapid.SliceOfN(rapid.Byte(), 9, 9)
		a, b := time.Unix(0, moment.Draw(t, "a")), time.Unix(0, moment.Draw(t, "b"))
		first, err := ident.Timed(a, bytes.NewReader(tail.Draw(t, "tail a")))
		require.NoError(t, err)
		second, err := ident.Timed(b, bytes.NewReader(tail.Draw(t, "tail b")))
		require.NoError(t, err)
		if a.Before(b) {
			require.Less(t, first, second)
		}
	})
}
