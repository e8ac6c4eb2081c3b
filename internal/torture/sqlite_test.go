package torture

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// onSQLite is a world over a file in a folder.
func onSQLite(t *testing.T, name, folder string) *world {
	t.Helper()
	w := newWorld(t, name)
	w.data = folder
	path := filepath.Join(folder, "ofd.db")
	w.c.store = "sqlite:" + path
	w.spec = func() string { return w.c.store }
	w.check = func(f func(ctx context.Context, s store.Store)) {
		t.Helper()
		// A copy: the server itself must cope with what the crash has left.
		place := t.TempDir()
		for _, end := range []string{"", "-wal"} {
			copyFile(t, path+end, filepath.Join(place, "copy.db"+end))
		}
		s, err := sqlite.Open(filepath.Join(place, "copy.db"), sqlite.Options{})
		require.NoError(t, err)
		f(t.Context(), s)
		require.NoError(t, s.Close())
		require.NoError(t, os.RemoveAll(place))
	}
	return w
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if os.IsNotExist(err) {
		return
	}
	require.NoError(t, err)
	defer in.Close()
	out, err := os.Create(to)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// The server is killed and its disk fails, tears and loses its power.
func TestTorture_SQLite(t *testing.T) {
	sized(t)
	w := onSQLite(t, "sqlite", t.TempDir())
	w.begin(size(6, 12))
	w.run(schedule(w.tally.seed, plan{killServer: kills(3), cutPower: size(3, 80)}))
}

// smallDisk is a disk of so many MiB that can be filled.
func smallDisk(t *testing.T, mib int) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "torture") // others must pass through it too
	require.NoError(t, err)
	require.NoError(t, os.Chmod(folder, 0o755))
	t.Cleanup(func() { require.NoError(t, os.Remove(folder)) })
	if err := mountSmall(folder, mib); err != nil {
		t.Skipf("no small disk can be mounted: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unmount(folder)) })
	return folder
}

func TestTorture_FullDiskSQLite(t *testing.T) {
	sized(t)
	w := onSQLite(t, "sqlite on a full disk", smallDisk(t, size(64, 256)))
	w.begin(size(4, 12))
	w.check = whileStopped(w, w.check)
	w.run(schedule(w.tally.seed, plan{fillDisk: size(1, 10), fillAndKill: size(1, 10)}))
}

// whileStopped looks only when no server runs: the copy of a file that is written is
// none.
func whileStopped(w *world, check func(func(context.Context, store.Store))) func(func(context.Context, store.Store)) {
	return func(f func(context.Context, store.Store)) {
		if w.s != nil {
			w.kill(9)
			check(f)
			w.start()
			return
		}
		check(f)
	}
}
