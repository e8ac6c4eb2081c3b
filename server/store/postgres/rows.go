package postgres

import (
	"bytes"
	"context"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// write sends all rows and commits: one round trip for the documents, one for what is
// with them and the commit.
func (t *transaction) write(ctx context.Context) error {
	var journal journalRows
	b := &pgx.Batch{}
	rows, replacing := newCopyRows(t.room), (*acceptance)(nil)
	for _, one := range t.group {
		switch {
		case one.Err != nil:
		case one.Work.acceptance != nil:
			a := one.Work.acceptance
			id := rows.document(t, a)
			for i := range a.a.Incidents {
				journal.incident(t, &a.a.Incidents[i])
			}
			switch {
			case a.replaces() && t.divided:
				t.due = append(t.due, replacement{a.driveID, id, text(string(a.a.Drive.RegID))})
			case a.replaces():
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
		// After a failure the driver may still be reading: the room is not used again.
		sent := rows.end()
		t.room = nil
		if _, err := t.conn.PgConn().CopyFrom(ctx, bytes.NewReader(sent), addDocuments); err != nil {
			return err
		}
		t.room = sent
		t.setDrives(b)
	}
	if replacing != nil {
		v := &replacing.a.Drive
		b.Queue(replaceDrives, string(store.DriveReplaced), text(string(v.RegID)), replacing.driveID, string(store.DriveActive))
	}
	if len(t.due) > 0 {
		b.Queue(addReplacements, replacementRows(t.due)...)
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
// drive had not told so: somebody decided without looking for them. A copy of rows that
// one of is there fails as a whole, so the group is done anew without it.
func (t *transaction) lookAgain(ctx context.Context) error {
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		return fmt.Errorf("postgres: undoing: %w", err)
	}
	var keys []documentKey
	for _, a := range t.accepted {
		keys = append(keys, a.key())
	}
	found, err := t.findDocuments(ctx, keys)
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

// setDrives gives the drives their new state. Of a divided table an update goes to one
// machine when it names its one drive, and may not take its values from a list.
func (t *transaction) setDrives(b *pgx.Batch) {
	columns := t.driveRows()
	if !t.divided {
		b.Queue(setDrives, columns...)
		return
	}
	for i := range columns[0].([]int64) {
		b.Queue(setDrive, rowOf(columns, i)...)
	}
}

// rowOf is a row of columns.
func rowOf(columns []any, i int) []any {
	row := make([]any, len(columns))
	for k, c := range columns {
		row[k] = reflect.ValueOf(c).Index(i).Interface()
	}
	return row
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
