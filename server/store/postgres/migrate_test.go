package postgres

import (
	"context"
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// A database of the first schema is brought up to date with what is in it, and then
// refuses itself to change what was stored (OPR-014).
func TestMigrate_FromFirstSchema(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	url := pgtest.Clone(t, "empty", func(context.Context, string) error { return nil })
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	db := stdlib.OpenDB(*config)
	defer func() { require.NoError(t, db.Close()) }()
	sub, err := fs.Sub(migrations, "migrations")
	require.NoError(t, err)
	p, err := goose.NewProvider(goose.DialectPostgres, db, sub)
	require.NoError(t, err)
	_, err = p.UpTo(ctx, 1)
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, `INSERT INTO exchanges (id, took, peer, fn, fd, detail) VALUES (nextval('row_ids'), 0, 'old', '1', 0, '')`)
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, `INSERT INTO quarantine (id, fn, fd, detail) SELECT nextval('row_ids'), fn, 0, '' FROM
		unnest('{"",0,01,9999078900000001,99990789000000012,x,"1 "," 1",-1,٣}'::text[]) fn`)
	require.NoError(t, err)

	s, err := Open(ctx, url, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Accept(ctx, storetest.Sample("1", 1, 1)))
	all, err := s.Exchanges(ctx, "1", store.Page{})
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, "old", all[0].Peer)
	rows, err := db.QueryContext(ctx, `SELECT fn, drive_id FROM quarantine UNION ALL SELECT fn, drive_id FROM exchanges`)
	require.NoError(t, err)
	for rows.Next() {
		var number string
		var id int64
		require.NoError(t, rows.Scan(&number, &id))
		assert.Equal(t, journalDrive(fiscal.FNNumber(number)), id, "%q", number)
	}
	require.NoError(t, rows.Err())

	for _, statement := range []string{
		"UPDATE documents SET total = 1", "DELETE FROM documents", "TRUNCATE documents",
		"UPDATE exchanges SET peer = ''", "DELETE FROM exchanges", "TRUNCATE exchanges",
		"INSERT INTO documents SELECT * FROM documents ON CONFLICT (drive_id, fd) DO UPDATE SET total = 1",
	} {
		_, err := db.ExecContext(ctx, statement)
		require.ErrorContains(t, err, "are append-only", statement)
	}
	again, err := s.Exchanges(ctx, "1", store.Page{})
	require.NoError(t, err)
	assert.Equal(t, all, again)
}

// What was projected before there were sums is added up when the database is opened.
func TestMigrate_AddsUpWhatIsProjected(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	url := pgtest.Clone(t, "empty", func(context.Context, string) error { return nil })
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	db := stdlib.OpenDB(*config)
	defer func() { require.NoError(t, db.Close()) }()
	sub, err := fs.Sub(migrations, "migrations")
	require.NoError(t, err)
	p, err := goose.NewProvider(goose.DialectPostgres, db, sub, goose.WithGoMigrations(chainMigration, sheetsMigration))
	require.NoError(t, err)
	_, err = p.UpTo(ctx, 5)
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, `CREATE TABLE days (day bigint)`) // of a version between
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, `INSERT INTO projections (id, drive_id, fd, at, form, shift, number, operation, total, fpd, taxation, cash, lines, reg_id, user_inn, vat3)
		SELECT i, 11 + i % 3, i, 1770000000 + 4000 * i, CASE i % 5 WHEN 0 THEN 31 WHEN 1 THEN 2 WHEN 2 THEN 4 ELSE 3 END, i / 20, i, 1 + i % 3, 7 * i, 0, 1,
			CASE WHEN i % 2 = 0 THEN 7 * i END, i % 6, 'reg' || (i % 2), 'inn' || (i % 2), CASE WHEN i % 3 = 0 THEN i END FROM generate_series(1, 300) i`)
	require.NoError(t, err)

	s, err := Open(ctx, url, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	for _, inn := range []fiscal.INN{"inn0", "inn1"} {
		all := storetest.RequireSums(t, s, inn)
		assert.EqualValues(t, 120, all.Receipts+all.Corrections)
		assert.Positive(t, all.SalesVAT[3])
	}
}
