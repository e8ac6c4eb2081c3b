package sqlite_test

import (
	"context"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func TestMain(m *testing.M) {
	// The model test of the contract; -rapid.checks asks for more.
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, place string) store.Store {
	s, err := sqlite.Open(file(place), sqlite.Options{})
	require.NoError(t, err)
	return s
}

func file(place string) string { return filepath.Join(place, "documents", "bench.db") }

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, open)
}

func TestStore_SurvivesKill(t *testing.T) {
	storetest.Crash(t, open, func(t *testing.T, place string) {
		db := raw(t, file(place))
		var verdict string
		require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
		assert.Equal(t, "ok", verdict)
		storetest.RequireChains(t, openArchive(t, place))
	})
}

func raw(t *testing.T, path string) *sql.DB {
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestOpen_RefusesNewerSchema(t *testing.T) {
	t.Parallel()
	place := t.TempDir()
	require.NoError(t, open(t, place).Close())
	_, err := raw(t, file(place)).ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	require.NoError(t, err)
	_, err = sqlite.Open(file(place), sqlite.Options{})
	require.ErrorContains(t, err, "has schema 99, written by a newer program")
}

func TestOpen_RefusesOtherFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(path, []byte("this is no database, only a text that is long enough to be read as one"), 0o600))
	_, err := sqlite.Open(path, sqlite.Options{})
	require.ErrorContains(t, err, "notes.txt")
	_, err = sqlite.Open(filepath.Join(path, "below a file.db"), sqlite.Options{})
	require.ErrorContains(t, err, "making the folder")
}

// Names with the marks of a URI are plain file names here.
func TestOpen_TakesAnyName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "касса №1 50%?mode=ro#x.db")
	s, err := sqlite.Open(path, sqlite.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("9999078900000001", 1, 1)))
	require.NoError(t, s.Close())
	require.FileExists(t, path)
}

func TestStore_KeepsDurabilitySettings(t *testing.T) {
	t.Parallel()
	place := t.TempDir()
	s := open(t, place)
	require.NoError(t, s.Accept(context.Background(), storetest.Sample("9999078900000001", 1, 1)))
	var mode string
	require.NoError(t, raw(t, file(place)).QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
	assert.Equal(t, "wal", mode)
	require.NoError(t, s.Close())
	wal, err := os.Stat(file(place) + "-wal")
	assert.True(t, os.IsNotExist(err) || wal.Size() == 0, "Close moves the log into the file")
}
