package sqlite

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// Documents stored before chains were kept get their links in the order of storing,
// and the protocol tells that it was done later.
func TestMigrate_TiesOldDocuments(t *testing.T) {
	t.Parallel()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "bench.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	sub, err := fs.Sub(migrations, "migrations")
	require.NoError(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub)
	require.NoError(t, err)
	_, err = p.UpTo(ctx, 2)
	require.NoError(t, err)
	const drives, each = 3, 200 // more than a page
	for n := range drives {
		_, err := db.ExecContext(ctx, `INSERT INTO drives (id, fn, version, reg_id, user_inn, user_name, kkt_number, address, ffd, status, last_fd, documents, policy,
			gap_count, stored, confirmed, findings) VALUES (?, ?, ?, '', '', '', '', '', 4, 'active', ?, ?, '', 0, ?, ?, 0)`, n+1, string(rune('1'+n)), each, each, each, each, each)
		require.NoError(t, err)
	}
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	for i := range drives * each {
		_, err := tx.ExecContext(ctx, `INSERT INTO documents (id, drive_id, fd, form, ffd, received_at, shift, number, operation, total, fpd, policy, fps, fpd_check, took, peer,
			detail, message, confirmation) VALUES (?, ?, ?, 3, 4, ?, 1, 1, 1, ?, 1, 'p', 'ok', 'ok', 1, 'p', '', ?, ?)`, i+10, i%drives+1, i/drives+1, i, i, []byte{byte(i)}, []byte{1})
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	require.NoError(t, db.Close())

	s, err := Open(path, Options{})
	require.NoError(t, err)
	require.NoError(t, s.Accept(ctx, storetest.Sample("1", each+1, each+1)), "the chain goes on")
	require.NoError(t, s.Close())
	a, err := OpenArchive(ctx, path, false)
	require.NoError(t, err)
	require.NoError(t, a.Snapshot(ctx, func(s archive.Snapshot) error {
		entries, err := s.Protocol(ctx, 0, 10)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		assert.Equal(t, chain.KindChained, entries[0].Kind)
		assert.EqualValues(t, drives*each, entries[0].Rows)
		return nil
	}))
	v := storetest.RequireChains(t, a)
	assert.EqualValues(t, drives*each+1, v.Documents)
}
