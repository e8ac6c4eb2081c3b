package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// MinYears is how long data must be kept at least, from receipt (OPR-014).
const MinYears = 5

// Term is how long rows are kept, from receipt.
type Term struct {
	Years int           // MinYears or more
	Bench time.Duration // instead of Years, for a bench whose time is short; AllowShort must be set
	// AllowShort lets rows be deleted earlier than the law lets an operator.
	AllowShort bool
}

// Check says why a term cannot be.
func (t Term) Check() error {
	switch {
	case t.Bench < 0 || t.Years < 0:
		return fmt.Errorf("archive: a term of less than nothing")
	case t.Bench > 0 && !t.AllowShort:
		return fmt.Errorf("archive: a term of %s needs the bench switch: an operator keeps data for at least %d years", t.Bench, MinYears)
	case t.Bench == 0 && t.Years < MinYears && !t.AllowShort:
		return fmt.Errorf("archive: a term of %d years: an operator keeps data for at least %d", t.Years, MinYears)
	case t.Bench == 0 && t.Years == 0:
		return fmt.Errorf("archive: a term of nothing")
	}
	return nil
}

// Before is the moment before which everything has outlived its term.
func (t Term) Before(now time.Time) time.Time {
	if t.Bench > 0 {
		return now.Add(-t.Bench)
	}
	return now.AddDate(-t.Years, 0, 0)
}

// RetentionOptions: Term and Who must be set.
type RetentionOptions struct {
	Term   Term
	Who    string // for the protocol
	Now    time.Time
	DryRun bool // count, delete nothing
	// Lot is how many rows go in one transaction, so that a server that works on the
	// same base waits no longer than for a group of its own; 2,000 when zero.
	Lot int
}

// Retain deletes what has outlived its term, lot by lot, and reports the entry of
// each. Of a chain only the beginning goes: a document that came later than its
// successors in the chain waits for them. What was done before an error is done, and
// is in the protocol.
func Retain(ctx context.Context, b Base, o RetentionOptions, report func(*chain.Entry)) error {
	if err := o.Term.Check(); err != nil {
		return err
	}
	if o.Lot <= 0 {
		o.Lot = 2000
	}
	lot := Lot{Before: o.Term.Before(o.Now), Who: o.Who, At: o.Now, DryRun: o.DryRun, Rows: o.Lot}
	if o.DryRun {
		lot.Rows = 0
	}
	fns, err := oldDrives(ctx, b)
	if err != nil {
		return fmt.Errorf("archive: looking for what is old: %w", err)
	}
	for _, fn := range fns {
		lot.What, lot.FN = "documents", fn
		if err := expireAll(ctx, b, lot, report); err != nil {
			return fmt.Errorf("archive: deleting old documents of FN %s: %w", fn, err)
		}
	}
	lot.FN = ""
	for _, table := range Tables {
		lot.What = string(table)
		if err := expireAll(ctx, b, lot, report); err != nil {
			return fmt.Errorf("archive: deleting old %s: %w", table, err)
		}
	}
	return nil
}

// oldDrives are the drives that have rows.
func oldDrives(ctx context.Context, b Base) (fns []string, err error) {
	err = b.Snapshot(ctx, func(s Snapshot) error {
		return each(func(after int64, limit int) ([]Drive, error) { return s.Drives(ctx, after, limit) },
			func(d *Drive) int64 { return d.ID }, func(d *Drive) error {
				if d.Stored > 0 {
					fns = append(fns, d.FN)
				}
				return nil
			})
	})
	return fns, err
}

func expireAll(ctx context.Context, b Base, lot Lot, report func(*chain.Entry)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := b.Expire(ctx, lot)
		if err != nil || e == nil {
			return err
		}
		report(e)
		if lot.DryRun {
			return nil
		}
	}
}
