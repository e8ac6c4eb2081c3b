package postgres_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func TestMain(m *testing.M) {
	// The model test of the contract; -rapid.checks asks for more.
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(pgtest.Main(m))
}

// prepare makes the schema in the template.
func prepare(ctx context.Context, url string) error {
	s, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

// database is the URL of the database that belongs to a place: a file there keeps it,
// so that the same place is the same database again, in a child process too.
func database(t testing.TB, place string) string {
	return placed(t, place, func(t testing.TB) string { return pgtest.Clone(t, "store", prepare) })
}

// dividedDatabase has its tables divided among the machines of a stand-in. When the test
// ends no transaction must have written to two pieces.
func dividedDatabase(t testing.TB, place string) string {
	url := placed(t, place, postgres.Divided)
	t.Cleanup(func() { assert.False(t, postgres.Mixed(t, url), "a transaction has written to two pieces") })
	return url
}

func placed(t testing.TB, place string, clone func(t testing.TB) string) string {
	file := filepath.Join(place, "database")
	if url, err := os.ReadFile(file); err == nil {
		pgtest.DropAfter(t, string(url))
		return string(url)
	}
	url := clone(t)
	require.NoError(t, os.WriteFile(file, []byte(url), 0o600))
	return url
}

func open(t testing.TB, place string) store.Store { return openURL(t, database(t, place)) }

func openURL(t testing.TB, url string) *postgres.Store {
	s, err := postgres.Open(context.Background(), url, postgres.Options{Readers: 4})
	require.NoError(t, err)
	return s
}

// The whole contract, by several writers.
func TestStore(t *testing.T) {
	t.Parallel()
	pgtest.URL(t)
	storetest.Exercise(t, opensWith(4, database))
}

// What one writer may do otherwise than several.
func TestStore_OneWriter(t *testing.T) {
	t.Parallel()
	pgtest.URL(t)
	storetest.ExerciseParts(t, open, "ReplacesDrives", "GroupIsolation", "CloseFlushes")
}

// Writers of a database that is divided over machines keep the contract too, and no
// transaction touches two pieces.
func TestStore_Divided(t *testing.T) {
	t.Parallel()
	pgtest.URL(t)
	storetest.ExerciseParts(t, opensWith(1, dividedDatabase), "ReplacesDrives", "GroupIsolation", "ListsOfOneFN", "Model")
}

// TORTURE=1 runs the rest for both.
func TestTorture_Contract(t *testing.T) {
	t.Parallel()
	if size(0, 1) == 0 {
		t.Skip("TORTURE=1 runs it")
	}
	pgtest.URL(t)
	t.Run("one writer", func(t *testing.T) { storetest.Exercise(t, open) })
	t.Run("divided", func(t *testing.T) { storetest.Exercise(t, opensWith(2, dividedDatabase)) })
}

// size is how large a test is: larger with TORTURE=1.
func size(normal, torture int) int {
	if os.Getenv("TORTURE") == "1" {
		return torture
	}
	return normal
}

// opensWith opens stores with so many writers.
func opensWith(writers int, place func(t testing.TB, place string) string) storetest.Open {
	return func(t testing.TB, where string) store.Store {
		s, err := postgres.Open(context.Background(), place(t, where), postgres.Options{Readers: 4, Writers: writers})
		require.NoError(t, err)
		return s
	}
}

// raw is a connection past the store.
func raw(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close(context.Background())) })
	return c
}

func TestOpen_RefusesNewerSchema(t *testing.T) {
	t.Parallel()
	url := database(t, t.TempDir())
	_, err := raw(t, url).Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)")
	require.NoError(t, err)
	_, err = postgres.Open(t.Context(), url, postgres.Options{})
	require.ErrorContains(t, err, "has schema 99, written by a newer program")
}

// Servers that start together on an empty database make its schema once.
func TestOpen_TakesTurnsToMigrate(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, "empty", func(context.Context, string) error { return nil })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := postgres.Open(context.Background(), url, postgres.Options{})
			if assert.NoError(t, err) {
				assert.NoError(t, s.Close())
			}
		})
	}
	wg.Wait()
}

func TestOpen_HidesPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://user:s3cret@/db?host=/nowhere", "postgres://user:s3cret@127.0.0.1:1/db", "postgres://user:s3cret@host/db?sslmode=odd", "postgres://user:s3cret@host:port/db",
		"host=/nowhere password=s3cret", "host=/nowhere password=s3cret sslmode=odd",
	} {
		_, err := postgres.Open(t.Context(), url, postgres.Options{})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

// What is confirmed is on disk whatever the database, the role or the URL say.
func TestStore_KeepsDurabilitySettings(t *testing.T) {
	t.Parallel()
	url := database(t, t.TempDir())
	c := raw(t, url)
	_, err := c.Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s SET synchronous_commit = off", pgx.Identifier{c.Config().Database}.Sanitize()))
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), `CREATE TABLE seen (setting text);
		CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
		CREATE TRIGGER look AFTER INSERT ON documents EXECUTE FUNCTION look()`)
	require.NoError(t, err)
	for i, one := range []struct{ add, want string }{{"", "on"}, {"&synchronous_commit=off", "on"}, {"&synchronous_commit=remote_apply", "remote_apply"}} {
		s := openURL(t, url+one.add)
		require.NoError(t, s.Accept(t.Context(), storetest.Sample("9999078900000001", int64(i+1), fiscal.FDNumber(i+1))))
		require.NoError(t, s.Close())
		var got string
		require.NoError(t, c.QueryRow(t.Context(), "DELETE FROM seen RETURNING setting").Scan(&got))
		assert.Equal(t, one.want, got)
	}
}
