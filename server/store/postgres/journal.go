package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// journalRows are the columns of quarantine, incidents and exchanges.
type journalRows struct {
	q, i, e entryRows
	details struct{ q, i, e []string }
	bytes   struct{ message, request, response [][]byte }
	took    []int64
	peers   []string
}

// entryRows are the columns that the three share.
type entryRows struct {
	ids, fds []int64
	drives   []int64 // drive_id of the FN
	ats      []pgtype.Int8
	fns      []string
	faults   []pgtype.Text
}

func (r *journalRows) quarantined(t *transaction, q *store.Quarantined) {
	r.q.ids, r.q.ats, r.q.fns = append(r.q.ids, t.newID()), append(r.q.ats, nanos(q.At)), append(r.q.fns, text(string(q.FN)))
	r.q.drives = append(r.q.drives, journalDrive(q.FN))
	r.q.fds, r.q.faults = append(r.q.fds, int64(q.FD)), append(r.q.faults, faultName(q.Fault))
	r.details.q, r.bytes.message = append(r.details.q, text(q.Detail)), append(r.bytes.message, blob(q.Message))
	r.incident(t, &store.Incident{At: q.At, FN: q.FN, FD: q.FD, Fault: q.Fault, Text: q.Detail})
}

func (r *journalRows) incident(t *transaction, i *store.Incident) {
	r.i.ids, r.i.ats, r.i.fns = append(r.i.ids, t.newID()), append(r.i.ats, nanos(i.At)), append(r.i.fns, text(string(i.FN)))
	r.i.drives = append(r.i.drives, journalDrive(i.FN))
	r.i.fds, r.i.faults = append(r.i.fds, int64(i.FD)), append(r.i.faults, faultName(i.Fault))
	r.details.i = append(r.details.i, text(i.Text))
}

func (r *journalRows) exchange(t *transaction, e *store.Exchange) {
	r.e.ids, r.e.ats, r.e.fns = append(r.e.ids, t.newID()), append(r.e.ats, nanos(e.At)), append(r.e.fns, text(string(e.FN)))
	r.e.drives = append(r.e.drives, journalDrive(e.FN))
	r.e.fds, r.e.faults = append(r.e.fds, int64(e.FD)), append(r.e.faults, faultName(e.Fault))
	r.took, r.peers, r.details.e = append(r.took, int64(e.Took)), append(r.peers, text(e.Peer)), append(r.details.e, text(e.Detail))
	r.bytes.request, r.bytes.response = append(r.bytes.request, blob(e.Request)), append(r.bytes.response, blob(e.Response))
}

// queue adds the statements, with values in the order of quarantineColumns,
// incidentColumns and exchangeColumns.
func (r *journalRows) queue(b *pgx.Batch) {
	if len(r.q.ids) > 0 {
		b.Queue(addQuarantine, r.q.drives, r.q.ids, r.q.ats, r.q.fns, r.q.fds, r.q.faults, r.details.q, r.bytes.message)
	}
	if len(r.i.ids) > 0 {
		b.Queue(addIncidents, r.i.drives, r.i.ids, r.i.ats, r.i.fns, r.i.fds, r.i.faults, r.details.i)
	}
	if len(r.e.ids) > 0 {
		b.Queue(addExchanges, r.e.drives, r.e.ids, r.e.ats, r.took, r.peers, r.e.fns, r.e.fds, r.e.faults, r.details.e, r.bytes.request, r.bytes.response)
	}
}
