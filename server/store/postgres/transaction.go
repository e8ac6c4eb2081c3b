package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// documentKey is what tells documents apart.
type documentKey struct {
	drive int64
	fd    fiscal.FDNumber
}

// foundError says that documents turned out to be stored although the state of
// their drives had not told so.
type foundError struct{ keys []documentKey }

func (e foundError) Error() string { return fmt.Sprintf("postgres: %d documents exist", len(e.keys)) }

// drive is what the next document of an FN needs to know.
type drive struct {
	version int64
	head    chain.Head
}

// transaction stores a group. It takes three round trips: lock the drives and draw
// places in the lists; send the documents; write the rest and commit. A new registration takes one more, and so do
// documents that are refused. In a database that is divided over machines all of the
// group lies in one piece, and so does all that the transaction reads and writes.
type transaction struct {
	conn    *pgx.Conn
	divided bool
	group   []*item
	stored  map[documentKey]bool // documents known to be there; grows

	known   map[registration]int64 // of committed transactions
	learned map[registration]int64 // in this one

	drives   map[int64]drive // locked, as they are after what was accepted so far
	ids      []int64         // drawn and not given out
	accepted []*acceptance
	inGroup  map[documentKey]bool
	refused  []*item
	due      []replacement // to be done on other machines after the commit
	room     []byte        // for the rows sent
}

func (t *transaction) run(ctx context.Context) error {
	if err := t.begin(ctx); err != nil {
		return fmt.Errorf("postgres: locking the drives: %w", err)
	}
	t.decide()
	if err := t.explain(ctx); err != nil {
		return fmt.Errorf("postgres: looking for stored documents: %w", err)
	}
	if err := t.register(ctx); err != nil {
		return fmt.Errorf("postgres: storing the registrations: %w", err)
	}
	if err := t.write(ctx); err != nil {
		if unique(err) {
			return errors.Join(err, t.lookAgain(ctx))
		}
		return fmt.Errorf("postgres: storing: %w", err)
	}
	return nil
}

// begin locks the drives, new ones included, in the order of their numbers: those
// that are new to the database first. Whoever waits for a lock of another process
// here holds only locks that stand before it.
func (t *transaction) begin(ctx context.Context) error {
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	b.Queue(announce)
	drives, fresh, replaced := t.involved()
	if len(fresh.driveIDs) > 0 {
		b.Queue(addDrives, fresh.driveIDs, fresh.fns)
	}
	t.drives = make(map[int64]drive, len(drives))
	if len(drives) > 0 {
		lock := b.Queue(lockDrives, drives)
		if replaced != "" {
			lock.SQL, lock.Arguments = lockReplaced, []any{drives, replaced}
		}
		lock.Query(func(rows pgx.Rows) error {
			var id, version, length int64
			var hash []byte
			_, err := pgx.ForEachRow(rows, []any{&id, &version, &length, &hash}, func() error {
				t.drives[id] = drive{version, chain.HeadOf(length, hash)}
				return nil
			})
			return err
		})
	}
	b.Queue(drawIDs, t.places()).Query(func(rows pgx.Rows) (err error) {
		t.ids, err = pgx.AppendRows(t.ids, rows, pgx.RowTo[int64])
		return err
	})
	return t.conn.SendBatch(ctx, b).Close()
}

// freshDrives are drives that some writer believes new.
type freshDrives struct {
	driveIDs []int64
	fns      []string
}

// involved are the drives of the group in the order of their numbers, and the register
// whose other drives are replaced.
func (t *transaction) involved() (all []int64, fresh freshDrives, replaced string) {
	for _, one := range t.group {
		if a := one.Work.acceptance; a != nil {
			all = append(all, a.driveID)
			if a.a.Drive.Version == 1 {
				fresh.driveIDs = append(fresh.driveIDs, a.driveID)
			}
			if a.replaces() && !t.divided {
				replaced = string(a.a.Drive.RegID)
			}
		}
	}
	all, fresh.driveIDs = sorted(all), sorted(fresh.driveIDs)
	for _, id := range fresh.driveIDs {
		fresh.fns = append(fresh.fns, string(fnOf(id)))
	}
	return all, fresh, replaced
}

func sorted(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// places is how many rows of lists the group makes at most.
func (t *transaction) places() (n int) {
	for _, one := range t.group {
		switch {
		case one.Work.acceptance != nil:
			n += 1 + len(one.Work.acceptance.a.Incidents)
		case one.Work.quarantine != nil:
			n += 2
		default:
			n++
		}
	}
	return n
}

func (t *transaction) newID() (id int64) {
	id, t.ids = t.ids[0], t.ids[1:]
	return id
}

// decide accepts what follows the state of its drive, in the order of the group.
func (t *transaction) decide() {
	t.inGroup = map[documentKey]bool{}
	for _, one := range t.group {
		one.Err = nil
		a := one.Work.acceptance
		if a == nil {
			continue
		}
		known, exists := t.drives[a.driveID]
		key := a.key()
		if !exists || a.a.Drive.Version-1 != known.version || t.stored[key] || t.inGroup[key] {
			t.refused = append(t.refused, one)
			continue
		}
		known.version = a.a.Drive.Version
		a.row.Link, known.head = a.digest.Link(known.head)
		a.row.Seq = known.head.Length
		t.drives[a.driveID], t.inGroup[key] = known, true
		t.accepted = append(t.accepted, a)
	}
}

// explain tells repeated documents from those decided on an old state.
func (t *transaction) explain(ctx context.Context) error {
	var unknown []documentKey
	for _, one := range t.refused {
		if key := one.Work.acceptance.key(); !t.stored[key] && !t.inGroup[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		found, err := t.findDocuments(ctx, unknown)
		if err != nil {
			return err
		}
		for _, key := range found {
			t.stored[key] = true
		}
	}
	for _, one := range t.refused {
		d, key := &one.Work.acceptance.a.Document, one.Work.acceptance.key()
		if t.stored[key] || t.inGroup[key] {
			one.Err = fmt.Errorf("FN %s FD %d: %w", d.FN, d.FD, store.ErrExists)
		} else {
			one.Err = fmt.Errorf("FN %s: version %d does not follow: %w", d.FN, one.Work.acceptance.a.Drive.Version, store.ErrStale)
		}
	}
	return nil
}

// findDocuments tells which of the documents are stored.
func (t *transaction) findDocuments(ctx context.Context, keys []documentKey) (found []documentKey, err error) {
	drives, fds := make([]int64, len(keys)), make([]int64, len(keys))
	for i, key := range keys {
		drives[i], fds[i] = key.drive, int64(key.fd)
	}
	rows, err := t.conn.Query(ctx, t.onPiece(documentsExist, ofDocuments), drives, fds)
	if err != nil {
		return nil, err
	}
	var drive, fd int64
	_, err = pgx.ForEachRow(rows, []any{&drive, &fd}, func() error {
		found = append(found, documentKey{drive, fiscal.FDNumber(fd)})
		return nil
	})
	return found, err
}

// register finds or makes the registrations of the accepted documents.
func (t *transaction) register(ctx context.Context) error {
	var drives []int64
	var regs, users []string
	t.learned = map[registration]int64{}
	missing := func(r registration) {
		if _, asked := t.learned[r]; asked || t.registration(r) != 0 || r.reg == "" && r.user == "" {
			return
		}
		t.learned[r] = 0
		drives, regs, users = append(drives, r.drive), append(regs, text(string(r.reg))), append(users, text(string(r.user)))
	}
	for _, one := range t.accepted {
		missing(one.registration())
		missing(registration{one.driveID, one.a.Drive.RegID, one.a.Drive.UserINN})
	}
	if len(drives) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	b.Queue(addRegistrations, drives, regs, users)
	b.Queue(t.onPiece(findRegistrations, ofRegistrations), drives, regs, users).Query(func(rows pgx.Rows) error {
		var r registration
		var id int64
		_, err := pgx.ForEachRow(rows, []any{&r.drive, (*string)(&r.reg), (*string)(&r.user), &id}, func() error {
			t.learned[registration{r.drive, fiscal.RegNumber(fromText(string(r.reg))), fiscal.INN(fromText(string(r.user)))}] = id
			return nil
		})
		return err
	})
	return t.conn.SendBatch(ctx, b).Close()
}

// onPiece adds to a statement what tells which piece it asks, where tables are divided.
func (t *transaction) onPiece(statement, condition string) string {
	if t.divided {
		return statement + condition
	}
	return statement
}

// registration of the document.
func (one *acceptance) registration() registration {
	return registration{one.driveID, one.a.Document.RegID, one.a.Document.UserINN}
}

// registration is the row of r; 0 when there is none.
func (t *transaction) registration(r registration) int64 {
	if id, ok := t.known[r]; ok {
		return id
	}
	return t.learned[r]
}
