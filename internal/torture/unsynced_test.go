package torture

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/baddisk"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// A server killed between writing a document and its sync leaves it in the cache of
// the system: the next server sees it and confirms the repeat. Then it must be on the
// disk, although nobody has written it again: the power may go next.
func TestSQLite_KeepsWhatTheKilledDidNotSync(t *testing.T) {
	d, err := baddisk.Mount("unsynced", true, baddisk.Options{Lost: 1}, nil)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "ofd.db")
	s, err := sqlite.Open(path, sqlite.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("1", 1, 1)))
	d.HaltAtSync()
	require.Error(t, s.Accept(t.Context(), storetest.Sample("1", 2, 2)))
	_ = s.Close() // by a dead process: nothing reaches the disk
	require.True(t, d.Resume())

	s, err = sqlite.Open(path, sqlite.Options{})
	require.NoError(t, err)
	_, err = s.Document(t.Context(), "1", 2)
	require.NoError(t, err, "it was written whole, and a server would confirm the repeat")
	lost, err := d.CutPower()
	require.NoError(t, err)
	t.Logf("%d sectors lost", lost)
	_ = s.Close()
	d.Resume()

	s, err = sqlite.Open(path, sqlite.Options{})
	require.NoError(t, err)
	_, err = s.Document(t.Context(), "1", 2)
	require.NoError(t, err, "confirmed and lost")
	require.NoError(t, s.Close())
}
