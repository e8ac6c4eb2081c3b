package sqlite

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// A file of the first schema is brought up to date with what is in it.
func TestMigrate_FromFirstSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	sub, err := fs.Sub(migrations, "migrations")
	require.NoError(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub)
	require.NoError(t, err)
	_, err = p.UpTo(t.Context(), 1)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO exchanges (id, took, peer, fn, fd, detail) VALUES (7, 0, 'old', '1', 0, '')`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	s, err := Open(path, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("1", 1, 1)))
	all, err := s.Exchanges(t.Context(), "1", store.Page{})
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, "old", all[0].Peer)
}

// OPR-014: the database itself refuses to change what was stored.
func TestStore_IsAppendOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.db")
	s, err := Open(path, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("1", 1, 1)))
	require.NoError(t, s.LogExchange(t.Context(), store.Exchange{Peer: "one"}))
	require.NoError(t, s.AddIncident(t.Context(), store.Incident{})) // what is queued before it is written
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for _, statement := range []string{
		"UPDATE documents SET total = 1", "DELETE FROM documents", "UPDATE exchanges SET peer = ''", "DELETE FROM exchanges",
		"INSERT OR REPLACE INTO documents SELECT * FROM documents", "INSERT OR REPLACE INTO exchanges SELECT * FROM exchanges",
		"INSERT OR REPLACE INTO documents (id, drive_id, fd, form, ffd, shift, number, operation, total, fpd, policy, fps, fpd_check, took, peer, detail) " +
			"VALUES (999, 1, 1, 3, 4, 0, 0, 0, 0, 0, '', '', '', 0, '', '')",
		"REPLACE INTO incidents SELECT * FROM incidents", "UPDATE incidents SET text = ''", "DELETE FROM incidents",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "append-only", statement)
	}
	total, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1, total.Documents)
}

// What was projected before there were sums is added up when the file is opened.
func TestMigrate_AddsUpWhatIsProjected(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	sub, err := fs.Sub(migrations, "migrations")
	require.NoError(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub, goose.WithGoMigrations(chainMigration, sheetsMigration))
	require.NoError(t, err)
	_, err = p.UpTo(t.Context(), 5)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO drives SELECT value, value, 0, '', '', '', '', '', 0, '', 0, NULL, 0, '', 0, NULL, 0, 0, 0, NULL, 0, NULL FROM json_each('["1", "2", "3"]')`)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `CREATE TABLE days (day INTEGER)`) // of a version between
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO projections (id, drive_id, fd, at, form, shift, number, operation, total, fpd, taxation, cash, lines, reg_id, user_inn, vat3)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		SELECT i, 1 + i % 3, i, 1770000000 + 4000 * i, CASE i % 5 WHEN 0 THEN 31 WHEN 1 THEN 2 WHEN 2 THEN 4 ELSE 3 END, i / 20, i, 1 + i % 3, 7 * i, 0, 1,
			CASE WHEN i % 2 = 0 THEN 7 * i END, i % 6, 'reg' || (i % 2), 'inn' || (i % 2), CASE WHEN i % 3 = 0 THEN i END FROM n`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	s, err := Open(path, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	for _, inn := range []fiscal.INN{"inn0", "inn1"} {
		all := storetest.RequireSums(t, s, inn)
		assert.EqualValues(t, 120, all.Receipts+all.Corrections)
		assert.Positive(t, all.SalesVAT[3])
	}
}
