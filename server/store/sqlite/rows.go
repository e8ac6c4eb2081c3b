package sqlite

import (
	"context"
	"database/sql"

	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// selectRows reads rows of documents as they lie.
const selectRows = `SELECT d.id, coalesce(v.fn, ''), d.fd, coalesce(r.reg_id, ''), coalesce(r.user_inn, ''), d.form, d.ffd, d.date_time, d.received_at, d.shift, d.number,
	d.operation, d.total, d.fpd, d.policy, d.fps, d.fpd_check, d.fault, d.exchange_at, d.took, d.peer, d.detail, d.stlv_at, d.stlv_len,
	d.findings, d.message, d.confirmation, d.stlv, d.request, d.response, d.response_head, coalesce(d.chain_seq, 0), d.link
	FROM documents d LEFT JOIN drives v ON v.id = d.drive_id LEFT JOIN registrations r ON r.id = d.registration_id`

func scanChainRow(s row) (r chain.Row, err error) {
	err = s.Scan(&r.ID, &r.FN, &r.FD, &r.RegID, &r.UserINN, &r.Form, &r.FFD, &r.DateTime, &r.ReceivedAt, &r.Shift, &r.Number,
		&r.Operation, &r.Total, &r.FPD, &r.Policy, &r.FPS, &r.FPDCheck, &r.Fault, &r.ExchangeAt, &r.Took, &r.Peer, &r.Detail, &r.STLVAt, &r.STLVLen,
		&r.Findings, &r.Message, &r.Confirmation, &r.STLV, &r.Request, &r.Response, &r.ResponseHead, &r.Seq, &r.Link)
	return r, err
}

// values are those of documentColumns; the first three, which belong to the base, and
// the last two, the place in the chain, may be filled in later.
func values(r *chain.Row, id, driveID int64, registration any) []any {
	return []any{id, driveID, registration, r.FD, r.Form, r.FFD, number(r.DateTime), number(r.ReceivedAt), r.Shift, r.Number,
		r.Operation, r.Total, r.FPD, r.Policy, r.FPS, r.FPDCheck, words(r.Fault), number(r.ExchangeAt), r.Took, r.Peer, r.Detail, number(r.STLVAt), number(r.STLVLen),
		words(r.Findings), blob(r.Message), blob(r.Confirmation), blob(r.STLV), blob(r.Request), blob(r.Response), blob(r.ResponseHead), r.Seq, r.Link}
}

// number and words spare the driver the asking.
func number(n sql.NullInt64) any {
	if !n.Valid {
		return nil
	}
	return n.Int64
}

func words(s sql.NullString) any {
	if !s.Valid {
		return nil
	}
	return s.String
}

const entryColumns = `id, at, who, kind, what, fn, before, first, last, first_fd, last_fd, rows, confirmed, findings, head, hash`

func scanEntry(s row) (e chain.Entry, err error) {
	err = s.Scan(&e.ID, &e.At, &e.Who, &e.Kind, &e.What, &e.FN, &e.Before, &e.First, &e.Last, &e.FirstFD, &e.LastFD, &e.Rows, &e.Confirmed, &e.Findings, &e.Head, &e.Hash)
	return e, err
}

// execer is what both *sql.Conn and *sql.Tx can do.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func addEntry(ctx context.Context, x execer, e *chain.Entry) error {
	_, err := x.ExecContext(ctx, `INSERT INTO protocol (`+entryColumns+`) VALUES (`+marks(entryColumns)+`)`,
		e.ID, e.At, e.Who, e.Kind, e.What, e.FN, e.Before, e.First, e.Last, e.FirstFD, e.LastFD, e.Rows, e.Confirmed, e.Findings, blob(e.Head), e.Hash)
	return err
}
