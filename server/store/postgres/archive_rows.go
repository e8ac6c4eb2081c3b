package postgres

import (
	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// selectRows reads rows of documents as they lie.
const selectRows = `SELECT d.id, substr(d.drive_id::text, 2), d.fd, coalesce(r.reg_id, ''), coalesce(r.user_inn, ''), d.form, d.ffd, d.date_time, d.received_at, d.shift, d.number,
	d.operation, d.total, d.fpd, d.policy, d.fps, d.fpd_check, d.fault, d.exchange_at, d.took, d.peer, d.detail, d.stlv_at, d.stlv_len,
	d.findings::text, d.message, d.confirmation, d.stlv, d.request, d.response, d.response_head, coalesce(d.chain_seq, 0), d.link
	FROM documents d LEFT JOIN registrations r ON r.drive_id = d.drive_id AND r.id = d.registration_id`

// scanChainRow reads a row of selectRows, from either way to the database.
func scanChainRow(s pgx.Row) (r chain.Row, err error) {
	err = s.Scan(&r.ID, &r.FN, &r.FD, &r.RegID, &r.UserINN, &r.Form, &r.FFD, &r.DateTime, &r.ReceivedAt, &r.Shift, &r.Number,
		&r.Operation, &r.Total, &r.FPD, &r.Policy, &r.FPS, &r.FPDCheck, &r.Fault, &r.ExchangeAt, &r.Took, &r.Peer, &r.Detail, &r.STLVAt, &r.STLVLen,
		&r.Findings, &r.Message, &r.Confirmation, &r.STLV, &r.Request, &r.Response, &r.ResponseHead, &r.Seq, &r.Link)
	for _, s := range []*string{&r.RegID, &r.UserINN, &r.Policy, &r.FPS, &r.FPDCheck, &r.Fault.String, &r.Peer, &r.Detail} {
		*s = fromText(*s)
	}
	return r, err
}

const (
	entryColumns = `id, at, who, kind, what, fn, before, first, last, first_fd, last_fd, rows, confirmed, findings, head, hash`
	addEntry     = `INSERT INTO protocol (` + entryColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
)

func entryValues(e *chain.Entry) []any {
	return []any{e.ID, e.At, text(e.Who), text(e.Kind), text(e.What), text(e.FN), e.Before, e.First, e.Last, e.FirstFD, e.LastFD,
		e.Rows, e.Confirmed, e.Findings, blob(e.Head), e.Hash}
}

func scanEntry(s pgx.Row) (e chain.Entry, err error) {
	err = s.Scan(&e.ID, &e.At, &e.Who, &e.Kind, &e.What, &e.FN, &e.Before, &e.First, &e.Last, &e.FirstFD, &e.LastFD, &e.Rows, &e.Confirmed, &e.Findings, &e.Head, &e.Hash)
	for _, s := range []*string{&e.Who, &e.Kind, &e.What, &e.FN} {
		*s = fromText(*s)
	}
	return e, err
}

func fnNumber(s string) fiscal.FNNumber { return fiscal.FNNumber(s) }
