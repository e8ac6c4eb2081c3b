package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	sqlite3 "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// acceptance is an operation whose values are made ready by the caller, so that
// the one writer only binds and inserts.
type acceptance struct {
	a        *store.Acceptance
	drive    []any // of driveColumns, then confirmed and findings
	document []any // of documentColumns; the first three are filled in by the writer
}

// Accept implements store.Store.
func (s *Store) Accept(ctx context.Context, a store.Acceptance) error {
	op, err := newAcceptance(&a)
	if err != nil {
		return err
	}
	return s.queue.Do(ctx, op)
}

func newAcceptance(a *store.Acceptance) (*acceptance, error) {
	d, v := &a.Document, &a.Drive
	if d.FN == "" || d.FN != v.FN {
		return nil, fmt.Errorf("sqlite: document of FN %q with the drive %q", d.FN, v.FN)
	}
	findings, err := encodeList(d.Findings)
	if err != nil {
		return nil, fmt.Errorf("sqlite: encoding the findings of FN %s FD %d: %w", d.FN, d.FD, err)
	}
	gaps, err := encodeList(utcGaps(v.Gaps))
	if err != nil {
		return nil, fmt.Errorf("sqlite: encoding the gaps of FN %s: %w", v.FN, err)
	}
	confirmed := 0
	if len(d.Confirmation) > 0 {
		confirmed = 1
	}
	stlvAt, stlvLen, stlv := shareSTLV(d)
	request, response, head := shareExchange(a)
	return &acceptance{
		a: a,
		drive: []any{
			string(v.RegID), string(v.UserINN), v.User, v.KKTNumber, v.Address, int64(v.FFD), string(v.Status),
			int64(v.LastFD), nanos(v.LastAt), v.Documents, v.Policy, int64(len(v.Gaps)), gaps, blob(v.History),
			int64(confirmed), int64(len(d.Findings)),
		},
		document: []any{
			nil, nil, nil, int64(d.FD), int64(d.Form), int64(d.FFD), seconds(d.DateTime), nanos(d.ReceivedAt), int64(d.Shift), int64(d.Number),
			int64(d.Operation), int64(d.Total), int64(d.FPD), d.Policy, d.FPS, d.FPDCheck, faultName(d.Fault), nanos(a.Exchange.At),
			int64(a.Exchange.Took), a.Exchange.Peer, a.Exchange.Detail, stlvAt, stlvLen,
			findings, blob(d.Message), blob(d.Confirmation), stlv, request, response, head,
		},
	}, nil
}

// shareSTLV finds the plain document inside the message, where it is unless the
// container was encrypted, and keeps its place instead of a copy.
func shareSTLV(d *store.Document) (at, length, own any) {
	if len(d.STLV) == 0 {
		return nil, nil, nil
	}
	if i := bytes.Index(d.Message, d.STLV); i >= 0 {
		return int64(i), int64(len(d.STLV)), nil
	}
	return nil, nil, d.STLV
}

// shareExchange keeps of the exchange's bytes what the document does not hold: a
// request that differs from the message, and of the response the session header
// before the confirmation or, when it has another tail, the whole.
func shareExchange(a *store.Acceptance) (request, response, head any) {
	e, d := &a.Exchange, &a.Document
	if len(e.Request) > 0 && !bytes.Equal(e.Request, d.Message) {
		request = e.Request
	}
	switch {
	case len(e.Response) == 0:
	case len(d.Confirmation) > 0 && bytes.HasSuffix(e.Response, d.Confirmation):
		head = blob(e.Response[:len(e.Response)-len(d.Confirmation)])
	default:
		response = e.Response
	}
	return request, response, head
}

func (op *acceptance) apply(ctx context.Context, w *writer) error {
	driveID, err := op.putDrive(ctx, w)
	if err != nil {
		return err
	}
	d := &op.a.Document
	registrationID, err := w.registration(ctx, registration{driveID, d.RegID, d.UserINN})
	if err != nil {
		return err
	}
	if r := (registration{driveID, op.a.Drive.RegID, op.a.Drive.UserINN}); r.reg != d.RegID || r.user != d.UserINN {
		if _, err := w.registration(ctx, r); err != nil {
			return err
		}
	}
	op.document[0], op.document[1], op.document[2] = w.newID(), driveID, registrationID
	if _, err := w.st.addDocument.ExecContext(ctx, op.document...); err != nil {
		if isCode(err, sqlitelib.SQLITE_CONSTRAINT_UNIQUE) {
			return undoError{existsError(d)}
		}
		return fmt.Errorf("sqlite: storing FN %s FD %d: %w", d.FN, d.FD, err)
	}
	for i := range op.a.Incidents {
		if err := addIncident(ctx, w, &op.a.Incidents[i]); err != nil {
			return err
		}
	}
	if op.a.Replaces && op.a.Drive.RegID != "" {
		if _, err := w.st.replaceDrives.ExecContext(ctx, string(store.DriveReplaced), string(op.a.Drive.RegID), driveID, string(store.DriveActive)); err != nil {
			return fmt.Errorf("sqlite: replacing the drives of %s: %w", op.a.Drive.RegID, err)
		}
	}
	return nil
}

// putDrive writes the drive's new state if the stored one is what the caller saw.
func (op *acceptance) putDrive(ctx context.Context, w *writer) (id int64, err error) {
	v := &op.a.Drive
	id, err = w.driveID(ctx, v.FN)
	switch {
	case errors.Is(err, sql.ErrNoRows) && v.Version == 1:
		r, err := w.st.addDrive.ExecContext(ctx, append(op.drive, string(v.FN))...)
		if err != nil {
			return 0, fmt.Errorf("sqlite: storing the drive %s: %w", v.FN, err)
		}
		if id, err = r.LastInsertId(); err != nil {
			return 0, fmt.Errorf("sqlite: storing the drive %s: %w", v.FN, err)
		}
		w.driveIDs[v.FN] = id
		return id, nil
	case errors.Is(err, sql.ErrNoRows):
		return 0, fmt.Errorf("FN %s: version %d of a drive never seen: %w", v.FN, v.Version, store.ErrStale)
	case err != nil:
		return 0, fmt.Errorf("sqlite: finding the drive %s: %w", v.FN, err)
	}
	r, err := w.st.setDrive.ExecContext(ctx, append(op.drive, id, v.Version-1)...)
	if err != nil {
		return 0, fmt.Errorf("sqlite: storing the drive %s: %w", v.FN, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return id, err
	}
	return 0, op.refuse(ctx, w, id)
}

// refuse tells a repeated document from one decided on an old state.
func (op *acceptance) refuse(ctx context.Context, w *writer, driveID int64) error {
	d := &op.a.Document
	var one int
	err := w.st.documentExists.QueryRowContext(ctx, driveID, int64(d.FD)).Scan(&one)
	switch {
	case err == nil:
		return existsError(d)
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("FN %s: version %d does not follow: %w", d.FN, op.a.Drive.Version, store.ErrStale)
	}
	return fmt.Errorf("sqlite: finding FN %s FD %d: %w", d.FN, d.FD, err)
}

func existsError(d *store.Document) error {
	return fmt.Errorf("FN %s FD %d: %w", d.FN, d.FD, store.ErrExists)
}

func (w *writer) driveID(ctx context.Context, fn fiscal.FNNumber) (id int64, err error) {
	if id, ok := w.driveIDs[fn]; ok {
		return id, nil
	}
	if err = w.st.driveID.QueryRowContext(ctx, string(fn)).Scan(&id); err == nil {
		w.driveIDs[fn] = id
	}
	return id, err
}

// registration finds or makes the row of r; nil when there is nothing to say.
func (w *writer) registration(ctx context.Context, r registration) (any, error) {
	if r.reg == "" && r.user == "" {
		return nil, nil
	}
	if id, ok := w.registrations[r]; ok {
		return id, nil
	}
	var id int64
	err := w.st.registrationID.QueryRowContext(ctx, r.drive, string(r.reg), string(r.user)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		var res sql.Result
		if res, err = w.st.addRegistration.ExecContext(ctx, r.drive, string(r.reg), string(r.user)); err == nil {
			id, err = res.LastInsertId()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: storing the registration %s: %w", r.reg, err)
	}
	w.registrations[r] = id
	return id, nil
}

func isCode(err error, code int) bool {
	var e *sqlite3.Error
	return errors.As(err, &e) && e.Code() == code
}

// encodeList is JSON, or NULL for an empty list.
func encodeList[T store.Gap | flk.Finding](list []T) (any, error) {
	if len(list) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

func utcGaps(gaps []store.Gap) []store.Gap {
	out := make([]store.Gap, len(gaps))
	for i, g := range gaps {
		out[i] = store.Gap{From: g.From, To: g.To, Since: g.Since.UTC()}
	}
	return out
}
