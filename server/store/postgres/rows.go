package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// write sends all rows and commits in one round trip.
func (t *transaction) write(ctx context.Context) error {
	var journal journalRows
	b := &pgx.Batch{}
	documents, replacing := newDocumentRows(len(t.accepted)), (*acceptance)(nil)
	for _, one := range t.group {
		switch {
		case one.Err != nil:
		case one.Work.acceptance != nil:
			a := one.Work.acceptance
			documents.add(t, a)
			for i := range a.a.Incidents {
				journal.incident(t, &a.a.Incidents[i])
			}
			if a.replaces() {
				replacing = a
			}
		case one.Work.quarantine != nil:
			journal.quarantined(t, one.Work.quarantine)
		case one.Work.incident != nil:
			journal.incident(t, one.Work.incident)
		case one.Work.exchange != nil:
			journal.exchange(t, one.Work.exchange)
		}
	}
	if len(t.accepted) > 0 {
		b.Queue(addDocuments, documents.args()...)
		b.Queue(setDrives, t.driveRows()...)
	}
	if replacing != nil {
		v := &replacing.a.Drive
		b.Queue(replaceDrives, string(store.DriveReplaced), text(string(v.RegID)), replacing.driveID, string(store.DriveActive))
	}
	journal.queue(b)
	if b.Len() == 0 {
		_, err := t.conn.Exec(ctx, "ROLLBACK")
		return err
	}
	// After an error the database skips the rest, the end included.
	b.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return fmt.Errorf("the commit was answered with %s", tag)
		}
		return nil
	})
	return t.conn.SendBatch(ctx, b).Close()
}

// lookAgain finds the documents that were there already although the version of the
// drive had not told so: somebody decided without looking for them. To insert with
// ON CONFLICT instead would take a round trip more for each group, to commit only
// when nothing was left out.
func (t *transaction) lookAgain(ctx context.Context) error {
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		return fmt.Errorf("postgres: undoing: %w", err)
	}
	var keys []documentKey
	for _, a := range t.accepted {
		keys = append(keys, a.key())
	}
	found, err := findDocuments(ctx, t.conn, keys)
	if err != nil {
		return fmt.Errorf("postgres: looking for stored documents: %w", err)
	}
	for _, key := range found {
		t.stored[key] = true
	}
	if len(found) == 0 {
		return nil // then it is another row that is there twice
	}
	return foundError{found}
}

// documentRows are the columns of documents.
type documentRows struct {
	ids, drives, fds, shifts, numbers, totals, fpds, took, seqs        []int64
	registrations, dateTimes, receivedAts, exchangeAts                 []pgtype.Int8
	stlvAts, stlvLens                                                  []pgtype.Int4
	forms                                                              []int32
	ffds, operations                                                   []int16
	policies, fpss, fpdChecks, peers, details                          []string
	faults                                                             []pgtype.Text
	findings, messages, confirmations, stlvs, requests, replies, heads [][]byte
	links                                                              [][]byte
}

func newDocumentRows(n int) *documentRows {
	return &documentRows{
		ids: make([]int64, 0, n), drives: make([]int64, 0, n), fds: make([]int64, 0, n), shifts: make([]int64, 0, n),
		messages: make([][]byte, 0, n), confirmations: make([][]byte, 0, n),
	}
}

func (r *documentRows) add(t *transaction, one *acceptance) {
	d, e := &one.a.Document, &one.a.Exchange
	registration := t.registration(one.registration())
	r.ids, r.drives, r.fds = append(r.ids, t.newID()), append(r.drives, one.driveID), append(r.fds, int64(d.FD))
	r.registrations = append(r.registrations, pgtype.Int8{Int64: registration, Valid: registration != 0})
	r.forms, r.ffds, r.operations = append(r.forms, int32(d.Form)), append(r.ffds, int16(d.FFD)), append(r.operations, int16(d.Operation))
	r.dateTimes, r.receivedAts = append(r.dateTimes, seconds(d.DateTime)), append(r.receivedAts, nanos(d.ReceivedAt))
	r.shifts, r.numbers, r.totals, r.fpds = append(r.shifts, int64(d.Shift)), append(r.numbers, int64(d.Number)), append(r.totals, int64(d.Total)), append(r.fpds, int64(d.FPD))
	r.policies, r.fpss, r.fpdChecks = append(r.policies, text(d.Policy)), append(r.fpss, text(d.FPS)), append(r.fpdChecks, text(d.FPDCheck))
	r.faults, r.exchangeAts, r.took = append(r.faults, faultName(d.Fault)), append(r.exchangeAts, nanos(e.At)), append(r.took, int64(e.Took))
	r.peers, r.details = append(r.peers, text(e.Peer)), append(r.details, text(e.Detail))
	row := &one.row
	r.stlvAts, r.stlvLens, r.stlvs = append(r.stlvAts, int4(row.STLVAt)), append(r.stlvLens, int4(row.STLVLen)), append(r.stlvs, row.STLV)
	r.findings, r.messages, r.confirmations = append(r.findings, jsonText(row.Findings)), append(r.messages, row.Message), append(r.confirmations, row.Confirmation)
	r.requests, r.replies, r.heads = append(r.requests, row.Request), append(r.replies, row.Response), append(r.heads, row.ResponseHead)
	r.seqs, r.links = append(r.seqs, row.Seq), append(r.links, row.Link)
}

// args are in the order of documentColumns.
func (r *documentRows) args() []any {
	return []any{r.ids, r.drives, r.registrations, r.fds, r.forms, r.ffds, r.dateTimes, r.receivedAts, r.shifts, r.numbers, r.operations, r.totals, r.fpds,
		r.policies, r.fpss, r.fpdChecks, r.faults, r.exchangeAts, r.took, r.peers, r.details, r.stlvAts, r.stlvLens,
		r.findings, r.messages, r.confirmations, r.stlvs, r.requests, r.replies, r.heads, r.seqs, r.links}
}

// driveRows are the last states of the drives and what is added to their totals, in
// the order of driveColumns.
func (t *transaction) driveRows() []any {
	places := make(map[int64]int, len(t.accepted))
	var last []*acceptance
	var stored, confirmed, found []int64
	for _, one := range t.accepted {
		i, seen := places[one.driveID]
		if !seen {
			i = len(last)
			places[one.driveID] = i
			last, stored, confirmed, found = append(last, nil), append(stored, 0), append(confirmed, 0), append(found, 0)
		}
		last[i] = one
		stored[i]++
		if len(one.a.Document.Confirmation) > 0 {
			confirmed[i]++
		}
		found[i] += int64(len(one.a.Document.Findings))
	}
	n := len(last)
	ids, fds, documents, gapCounts, versions := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	regs, users, userNames, kkts, addresses := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	statuses, policies, ffds, lastAts := make([]string, n), make([]string, n), make([]int16, n), make([]pgtype.Int8, n)
	gaps, histories, lengths, heads := make([][]byte, n), make([][]byte, n), make([]int64, n), make([][]byte, n)
	for i, one := range last {
		v := &one.a.Drive
		ids[i], fds[i], documents[i], gapCounts[i], versions[i] = one.driveID, int64(v.LastFD), v.Documents, int64(len(v.Gaps)), v.Version
		regs[i], users[i], userNames[i], kkts[i], addresses[i] = text(string(v.RegID)), text(string(v.UserINN)), text(v.User), text(v.KKTNumber), text(v.Address)
		statuses[i], policies[i], ffds[i], lastAts[i] = text(string(v.Status)), text(v.Policy), int16(v.FFD), nanos(v.LastAt)
		gaps[i], histories[i] = one.gaps, blob(v.History)
		head := t.drives[one.driveID].head
		lengths[i], heads[i] = head.Length, head.Hash[:]
	}
	return []any{ids, regs, users, userNames, kkts, addresses, ffds, statuses, fds, lastAts, documents, policies, gapCounts, gaps, histories,
		stored, confirmed, found, versions, lengths, heads}
}
