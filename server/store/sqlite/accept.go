package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	sqlite3 "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// acceptance is an operation whose values are made ready by the caller, so that
// the one writer only links, binds and inserts.
type acceptance struct {
	a         *store.Acceptance
	face      face
	confirmed int64
	document  []driver.NamedValue // of documentColumns; the writer fills in what only it knows
	digest    chain.Digest
}

// face is what a drive's row tells that seldom changes.
type face struct {
	regID, userINN, user, kktNumber, address string
	ffd                                      int64
	status, policy                           string
	gapCount                                 int64
	gaps                                     any // JSON, or nil
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
	gaps, err := encodeList(utcGaps(v.Gaps))
	if err != nil {
		return nil, fmt.Errorf("sqlite: encoding the gaps of FN %s: %w", v.FN, err)
	}
	r, err := chain.NewRow(a)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	op := &acceptance{
		a: a, digest: r.Digest(), document: inOrder(values(&r, 0, 0, nil)),
		face: face{string(v.RegID), string(v.UserINN), v.User, v.KKTNumber, v.Address, int64(v.FFD), string(v.Status), v.Policy, int64(len(v.Gaps)), gaps},
	}
	if r.Confirmed() {
		op.confirmed = 1
	}
	return op, nil
}

// inOrder are values in their order.
func inOrder(values []any) []driver.NamedValue {
	out := make([]driver.NamedValue, len(values))
	for i, v := range values {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out
}

// driveState is of driveColumns, then what the document adds to the totals.
func (op *acceptance) driveState() []any {
	v, f := &op.a.Drive, &op.face
	return []any{f.regID, f.userINN, f.user, f.kktNumber, f.address, f.ffd, f.status,
		int64(v.LastFD), nanos(v.LastAt), v.Documents, f.policy, f.gapCount, f.gaps, blob(v.History),
		op.confirmed, int64(len(op.a.Document.Findings))}
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
	op.document[0].Value, op.document[1].Value, op.document[2].Value = w.newID(), driveID, registrationID
	if _, err := w.st.addDocument.ExecContext(ctx, op.document); err != nil {
		if isThere(err) {
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

// putDrive writes the drive's new state, and the document's place in its chain into
// its values, if the stored state is what the caller saw.
func (op *acceptance) putDrive(ctx context.Context, w *writer) (id int64, err error) {
	v := &op.a.Drive
	known, err := w.drive(ctx, v.FN, v.Version-1)
	isNew := errors.Is(err, sql.ErrNoRows)
	switch {
	case isNew && v.Version != 1:
		return 0, fmt.Errorf("FN %s: version %d of a drive never seen: %w", v.FN, v.Version, store.ErrStale)
	case err != nil && !isNew:
		return 0, fmt.Errorf("sqlite: finding the drive %s: %w", v.FN, err)
	}
	next := drive{id: known.id, version: v.Version}
	var link []byte
	link, next.head = op.digest.Link(known.head)
	place := op.document[len(op.document)-2:]
	place[0].Value, place[1].Value = next.head.Length, link
	if isNew {
		r, err := w.st.addDrive.ExecContext(ctx, append(op.driveState(), next.head.Length, link[:chain.HashLen], string(v.FN))...)
		if err != nil {
			return 0, fmt.Errorf("sqlite: storing the drive %s: %w", v.FN, err)
		}
		if next.id, err = r.LastInsertId(); err != nil {
			return 0, fmt.Errorf("sqlite: storing the drive %s: %w", v.FN, err)
		}
		next.face = op.keptFace()
		w.drives[v.FN] = next
		return next.id, nil
	}
	r, err := op.setDrive(ctx, w, &known, &next, link)
	if err != nil {
		return 0, fmt.Errorf("sqlite: storing the drive %s: %w", v.FN, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		w.drives[v.FN] = next
		return next.id, err
	}
	return 0, op.refuse(ctx, w, next.id)
}

// setDrive writes next; of what seldom changes only when the stored row may differ.
func (op *acceptance) setDrive(ctx context.Context, w *writer, known, next *drive, link []byte) (sql.Result, error) {
	v := &op.a.Drive
	if next.face = known.face; next.face == nil || *next.face != op.face {
		next.face = op.keptFace()
		return w.st.setDrive.ExecContext(ctx, append(op.driveState(), next.head.Length, link[:chain.HashLen], next.id, v.Version-1)...)
	}
	return w.st.moveDrive.ExecContext(ctx, inOrder([]any{int64(v.LastFD), nanos(v.LastAt), v.Documents, blob(v.History),
		op.confirmed, int64(len(op.a.Document.Findings)), next.head.Length, link[:chain.HashLen], next.id, v.Version - 1}))
}

// keptFace is a copy that does not keep the document.
func (op *acceptance) keptFace() *face {
	kept := op.face
	return &kept
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

// drive is the row of a drive, from memory when it was left at that version. Only a
// change of the version changes the head of the chain, whoever makes it.
func (w *writer) drive(ctx context.Context, fn fiscal.FNNumber, version int64) (v drive, err error) {
	if v, ok := w.drives[fn]; ok && v.version == version {
		return v, nil
	}
	var head []byte
	if err = w.st.drive.QueryRowContext(ctx, string(fn)).Scan(&v.id, &v.version, &v.head.Length, &head); err == nil {
		v.head = chain.HeadOf(v.head.Length, head)
	}
	return v, err
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

// isThere reports that the document was found by the trigger that guards against
// replacing, or by the index behind it.
func isThere(err error) bool {
	return isCode(err, sqlitelib.SQLITE_CONSTRAINT_UNIQUE) || isCode(err, sqlitelib.SQLITE_CONSTRAINT_TRIGGER) && strings.Contains(err.Error(), replaced)
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
