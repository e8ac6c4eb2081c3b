package sqlite

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// The log goes into the file while the store is at work, long before it is so long
// that the writer must do it.
func TestCheckpointer_MovesTheLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ofd.db")
	s, err := Open(path, Options{})
	require.NoError(t, err)
	const fn = "9999078900000001"
	moved := func() bool {
		file, err := os.ReadFile(path)
		return err == nil && bytes.Contains(file, []byte(fn))
	}
	require.NoError(t, s.Accept(t.Context(), storetest.Sample(fn, 1, 1)))
	require.False(t, moved(), "it is in the log alone")
	c, err := startCheckpointer(path, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	c.committed(checkpointEvery - 1)
	require.False(t, moved())
	c.committed(1)
	require.Eventually(t, moved, time.Minute, 5*time.Millisecond)
	require.NoError(t, c.stop())
	require.NoError(t, s.Close())
}

// What cannot be moved stays in the log: it is told once, and nothing else happens.
func TestCheckpointer_OutlivesFailure(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c, err := startCheckpointer(filepath.Join(t.TempDir(), "missing", "ofd.db"), slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	for range 3 {
		c.committed(checkpointEvery)
		require.Eventually(t, func() bool { return len(c.wake) == 0 }, time.Minute, time.Millisecond)
	}
	require.NoError(t, c.stop())
	assert.Equal(t, 1, strings.Count(log.String(), "cannot be moved"), log.String())
}
