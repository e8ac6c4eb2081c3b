package archive

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Broken is what does not hold.
type Broken string

// What may be broken. The first six break the chain of a FN.
const (
	BrokenMessage      Broken = "message"      // the row's message is not what was stored
	BrokenConfirmation Broken = "confirmation" // its confirmation is not
	BrokenRecord       Broken = "record"       // another of its values is not
	BrokenMissing      Broken = "missing"      // rows of the chain are not there
	BrokenOrder        Broken = "order"        // rows stand in another order than they were stored in
	BrokenLink         Broken = "link"         // the row fits, its link or its numbers do not
	BrokenContainer    Broken = "container"    // a container's length or check code
	BrokenSign         Broken = "sign"         // a sign of a confirmation
	BrokenTotals       Broken = "totals"       // what the drive says of its rows
	BrokenGaps         Broken = "gaps"         // its list of numbers that have not come
	BrokenDrive        Broken = "drive"        // rows without a drive
	BrokenProtocol     Broken = "protocol"     // the protocol of what was deleted
)

// Problem is one thing found. FD and ID are 0 when it is about a drive, FN is empty
// when it is about the base.
type Problem struct {
	FN   string
	FD   int64
	ID   int64 // of the row
	What Broken
	Text string // with no word out of a document
}

// String is one line.
func (p Problem) String() string {
	switch {
	case p.FN == "" && p.ID == 0:
		return fmt.Sprintf("base: %s: %s", p.What, p.Text)
	case p.ID == 0:
		return fmt.Sprintf("FN %s: %s: %s", p.FN, p.What, p.Text)
	}
	return fmt.Sprintf("FN %s FD %d (row %d): %s: %s", p.FN, p.FD, p.ID, p.What, p.Text)
}

// VerifyOptions: the zero value verifies everything with the public keys.
type VerifyOptions struct {
	FN fiscal.FNNumber // only this one; empty: all
	// Scheme has the keys of TB-GOST-1; nil: the public ones.
	Scheme *sign.TBGOST1
	// OFD is tried for encrypted confirmations, which do not tell their operator.
	OFD fiscal.INN
	// ChainsOnly leaves out check codes and signs, which take most of the time.
	ChainsOnly bool
	// MaxPerFN is how many problems of one FN are reported; 10 when zero. All count.
	MaxPerFN int
	// Progress hears of documents read, every few hundred; nil: nobody does.
	Progress func(documents int64)
}

// Verified is what was looked at, and how much of it was broken.
type Verified struct {
	Drives, Documents, Confirmations int64
	Entries                          int64 // of the protocol
	Deleted                          int64 // documents, by the protocol
	Problems                         int64
	BrokenFNs                        int64 // drives with problems
}

// Verify reads a base from end to end and reports what does not hold, the first
// broken link of each FN before what follows from it. Its memory grows with the
// number of drives (about 300 bytes each), not of documents. An error means that the
// base could not be read.
func Verify(ctx context.Context, b Base, o VerifyOptions, report func(Problem)) (Verified, error) {
	if o.Scheme == nil {
		o.Scheme = sign.NewTBGOST1(sign.TBGOST1Options{})
	}
	if o.MaxPerFN == 0 {
		o.MaxPerFN = 10
	}
	v := &verifier{o: o, out: report, lives: map[string]*life{}}
	err := b.Snapshot(ctx, func(s Snapshot) error {
		for _, step := range []func(context.Context, Snapshot) error{v.protocol, v.drives, v.documents, v.totals} {
			if err := step(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	for _, l := range v.lives {
		if l.problems > 0 {
			v.sum.BrokenFNs++
		}
	}
	if err != nil {
		return v.sum, fmt.Errorf("archive: verifying: %w", err)
	}
	return v.sum, nil
}

type verifier struct {
	o     VerifyOptions
	out   func(Problem)
	sum   Verified
	lives map[string]*life
	other int // problems of no FN reported
}

// life is what is known of a FN while its rows pass by.
type life struct {
	head     chain.Head
	known    bool // there is a drive
	problems int
	missing  *Problem // rows that were not there; they may come yet, in a wrong order
	from, to int64    // their places

	deletedTo               int64 // greatest number of a deleted document
	rows, confirmed, broken int64 // broken rules, that is
	greatest                int64 // number
	seen                    runs
	entries                 int64 // of the protocol
}

func (v *verifier) wanted(fn string) bool { return v.o.FN == "" || fn == string(v.o.FN) }

func (v *verifier) life(fn string) *life {
	l := v.lives[fn]
	if l == nil {
		l = &life{}
		v.lives[fn] = l
	}
	return l
}

func (v *verifier) report(p Problem) {
	v.sum.Problems++
	n := &v.other
	if p.FN != "" {
		l := v.life(p.FN)
		if n = &l.problems; l.missing != nil && l.missing.ID != p.ID { // what was found first is said first
			first := *l.missing
			l.missing = nil
			v.report(first)
		}
	}
	if *n++; *n <= v.o.MaxPerFN {
		v.out(p)
	}
}

// protocol checks the entries and finds where chains begin.
func (v *verifier) protocol(ctx context.Context, s Snapshot) error {
	var previous []byte
	var last int64
	return each(func(after int64, limit int) ([]chain.Entry, error) { return s.Protocol(ctx, after, limit) },
		func(e *chain.Entry) int64 { return e.ID }, func(e *chain.Entry) error {
			v.sum.Entries++
			switch {
			case e.ID != last+1:
				v.report(Problem{What: BrokenProtocol, Text: fmt.Sprintf("after entry %d comes entry %d", last, e.ID)})
			case !bytes.Equal(e.Hash, e.Sum(previous)):
				v.report(Problem{What: BrokenProtocol, Text: fmt.Sprintf("entry %d is not what was written, or does not follow the one before", e.ID)})
			}
			last, previous = e.ID, e.Hash
			if e.Kind != chain.KindRetention || e.What != "documents" || !v.wanted(e.FN) {
				return nil
			}
			l := v.life(e.FN)
			if e.First != l.head.Length+1 || e.Rows != e.Last-e.First+1 {
				v.report(Problem{FN: e.FN, What: BrokenProtocol, Text: fmt.Sprintf("entry %d tells of %d documents at places %d to %d, after those to %d", e.ID, e.Rows, e.First, e.Last, l.head.Length)})
			}
			l.head = chain.HeadOf(e.Last, e.Head)
			l.deletedTo, l.entries = max(l.deletedTo, e.LastFD), l.entries+1
			v.sum.Deleted += e.Rows
			return nil
		})
}

func (v *verifier) eachDrive(ctx context.Context, s Snapshot, do func(d *Drive)) error {
	return each(func(after int64, limit int) ([]Drive, error) { return s.Drives(ctx, after, limit) },
		func(d *Drive) int64 { return d.ID }, func(d *Drive) error {
			if v.wanted(d.FN) {
				do(d)
			}
			return nil
		})
}

func (v *verifier) drives(ctx context.Context, s Snapshot) error {
	return v.eachDrive(ctx, s, func(d *Drive) {
		v.sum.Drives++
		v.life(d.FN).known = true
	})
}

func (v *verifier) documents(ctx context.Context, s Snapshot) error {
	err := each(func(after int64, limit int) ([]chain.Row, error) {
		if v.o.Progress != nil {
			v.o.Progress(v.sum.Documents)
		}
		return s.Documents(ctx, string(v.o.FN), after, limit)
	}, func(r *chain.Row) int64 { return r.ID }, func(r *chain.Row) error {
		v.sum.Documents++
		if r.Confirmed() {
			v.sum.Confirmations++
		}
		v.row(r)
		return nil
	})
	if err != nil {
		return err
	}
	for _, fn := range slices.Sorted(maps.Keys(v.lives)) {
		if l := v.lives[fn]; l.missing != nil {
			v.report(*l.missing)
			l.missing = nil
		}
	}
	return nil
}

// totals compares what drives say with what was seen.
func (v *verifier) totals(ctx context.Context, s Snapshot) error {
	err := v.eachDrive(ctx, s, func(d *Drive) {
		l := v.life(d.FN)
		say := func(what Broken, format string, args ...any) {
			v.report(Problem{FN: d.FN, What: what, Text: fmt.Sprintf(format, args...)})
		}
		if h := chain.HeadOf(d.ChainLength, d.ChainHead); h != l.head {
			switch {
			case h.Length > l.head.Length:
				say(BrokenMissing, "its chain ends at place %d, the drive knows %d", l.head.Length, h.Length)
			case h.Length < l.head.Length:
				say(BrokenLink, "its chain goes to place %d, the drive knows only %d", l.head.Length, h.Length)
			default:
				say(BrokenLink, "its chain does not end in the hash that the drive knows")
			}
		}
		for _, one := range []struct {
			name      string
			said, are int64
		}{{"documents", d.Stored, l.rows}, {"confirmations", d.Confirmed, l.confirmed}, {"broken rules", d.Findings, l.broken}} {
			if one.said != one.are {
				say(BrokenTotals, "the drive says %d %s, its rows have %d", one.said, one.name, one.are)
			}
		}
		if l.rows > 0 && d.LastFD < l.greatest {
			say(BrokenTotals, "the drive says that number %d was the last, there is %d", d.LastFD, l.greatest)
		}
		if text := l.compareGaps(d); text != "" {
			say(BrokenGaps, "%s", text)
		}
	})
	return err
}
