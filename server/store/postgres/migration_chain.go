package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// chainMigration ties the documents of an older database together and then lets
// nobody change them again.
var chainMigration = goose.NewGoMigration(4, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
	if err := tieDocuments(ctx, tx); err != nil {
		return fmt.Errorf("postgres: tying the stored documents together: %w", err)
	}
	for _, statement := range documentTriggers {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}}, nil)

// documentTriggers keep documents append-only. Rows that are added do not meet them.
var documentTriggers = []string{
	`CREATE TRIGGER documents_append_only BEFORE UPDATE OR TRUNCATE ON documents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
	`CREATE TRIGGER documents_kept BEFORE DELETE ON documents FOR EACH ROW EXECUTE FUNCTION refuse_unprotocolled_document()`,
}

// tieDocuments gives every document its link, in the order of storing.
func tieDocuments(ctx context.Context, tx *sql.Tx) error {
	heads := map[string]chain.Head{}
	var first, last, rows int64
	for {
		page, err := pageToTie(ctx, tx, last)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		n := len(page)
		drives, fds, seqs, links := make([]int64, n), make([]int64, n), make([]int64, n), make([][]byte, n)
		for i := range page {
			r := &page[i]
			digest := r.Digest()
			link, head := digest.Link(heads[r.FN])
			if drives[i], err = driveIDOf(fnNumber(r.FN)); err != nil {
				return err
			}
			fds[i], seqs[i], links[i] = r.FD, head.Length, link
			heads[r.FN], last, rows = head, r.ID, rows+1
			if first == 0 {
				first = r.ID
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE documents d SET chain_seq = u.seq, link = u.link
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[]) u (drive_id, fd, seq, link)
			WHERE d.drive_id = u.drive_id AND d.fd = u.fd`, drives, fds, seqs, links); err != nil {
			return err
		}
	}
	for fn, head := range heads {
		if _, err := tx.ExecContext(ctx, `UPDATE drives SET chain_length = $1, chain_head = $2 WHERE fn = $3`, head.Length, head.Hash[:], fn); err != nil {
			return err
		}
	}
	if rows == 0 {
		return nil
	}
	e := chain.Entry{ID: 1, At: time.Now().UnixNano(), Who: "migration", Kind: chain.KindChained, What: "documents", First: first, Last: last, Rows: rows}
	e.Hash = e.Sum(nil)
	_, err := tx.ExecContext(ctx, addEntry, entryValues(&e)...)
	return err
}

func pageToTie(ctx context.Context, tx *sql.Tx, after int64) (page []chain.Row, err error) {
	rows, err := tx.QueryContext(ctx, selectRows+` WHERE d.id > $1 ORDER BY d.id LIMIT 500`, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanChainRow(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, r)
	}
	return page, rows.Err()
}
