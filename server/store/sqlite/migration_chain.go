package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// chainMigration ties the documents of an older file together and then lets nobody
// change them again.
var chainMigration = goose.NewGoMigration(4, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
	if err := tieDocuments(ctx, tx); err != nil {
		return fmt.Errorf("sqlite: tying the stored documents together: %w", err)
	}
	for _, statement := range documentTriggers {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}}, nil)

// documentTriggers keep documents append-only. A row may be deleted only when the
// protocol says that it was, in the same transaction at the latest. INSERT OR REPLACE
// deletes without meeting a trigger of deletion, so it is met on its way in; the
// row's id is a new one always, which max finds without looking for it.
var documentTriggers = []string{
	`CREATE TRIGGER documents_not_updated BEFORE UPDATE ON documents
	BEGIN
		SELECT RAISE(ABORT, 'documents are append-only');
	END`,
	`CREATE TRIGGER documents_not_deleted BEFORE DELETE ON documents
	WHEN NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = (SELECT fn FROM drives WHERE id = OLD.drive_id) AND p.what = 'documents'
		AND p.kind = 'retention' AND p.last >= OLD.chain_seq AND OLD.chain_seq >= p.first)
	BEGIN
		SELECT RAISE(ABORT, 'documents are append-only');
	END`,
	`CREATE TRIGGER documents_not_replaced BEFORE INSERT ON documents
	WHEN NEW.id <= (SELECT max(id) FROM documents) OR EXISTS (SELECT 1 FROM documents WHERE drive_id = NEW.drive_id AND fd = NEW.fd)
	BEGIN
		SELECT RAISE(ABORT, '` + replaced + `') WHERE EXISTS (SELECT 1 FROM documents WHERE drive_id = NEW.drive_id AND fd = NEW.fd);
		SELECT RAISE(ABORT, 'documents are append-only: the id is in use');
	END`,
}

const replaced = "documents are append-only: this one is there"

// tieDocuments gives every document its link, in the order of storing.
func tieDocuments(ctx context.Context, tx *sql.Tx) error {
	heads := map[string]chain.Head{}
	var first, last, rows int64
	for {
		page, err := collect(ctx, tx, selectRows+` WHERE d.id > ? ORDER BY d.id LIMIT 500`, []any{last}, scanChainRow)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			r := &page[i]
			digest := r.Digest()
			link, head := digest.Link(heads[r.FN])
			if _, err := tx.ExecContext(ctx, `UPDATE documents SET chain_seq = ?, link = ? WHERE id = ?`, head.Length, link, r.ID); err != nil {
				return err
			}
			heads[r.FN], last, rows = head, r.ID, rows+1
			if first == 0 {
				first = r.ID
			}
		}
	}
	for fn, head := range heads {
		if _, err := tx.ExecContext(ctx, `UPDATE drives SET chain_length = ?, chain_head = ? WHERE fn = ?`, head.Length, head.Hash[:], fn); err != nil {
			return err
		}
	}
	if rows == 0 {
		return nil
	}
	e := chain.Entry{ID: 1, At: time.Now().UnixNano(), Who: "migration", Kind: chain.KindChained, What: "documents", First: first, Last: last, Rows: rows}
	e.Hash = e.Sum(nil)
	return addEntry(ctx, tx, &e)
}
