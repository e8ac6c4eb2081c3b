package searchbench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// goal is what 99 of 100 searches must keep, but for those marked otherwise.
const goal = 50 * time.Millisecond

// pageRows is how many rows a list asks for.
const pageRows = 100

// both is what an engine's store can do.
type both interface {
	store.Store
	store.Projector
}

// question is one kind of search: ask draws what to look for, asks and checks the
// answer, so that a fast wrong answer is no answer.
type question struct {
	name string
	sums bool // reads all that it sums up: its time grows with them, and no goal is set
	ask  func(ctx context.Context, s both, b *base, rng *rand.Rand) error
}

var errWrong = errors.New("a wrong answer")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errWrong, fmt.Sprintf(format, args...))
}

// pick draws a receipt.
func (b *base) pick(rng *rand.Rand) (register, n int) {
	register = rng.IntN(b.registers)
	for {
		if n = 1 + rng.IntN(b.each-1); b.mould(register, n).form == fiscal.FormReceipt {
			return register, n
		}
	}
}

// listed checks a page of a search, newest first.
func listed(all []store.Projection, err error, rows int, fits func(p *store.Projection) bool) error {
	if err != nil {
		return err
	}
	if len(all) == 0 || len(all) > rows {
		return wrong("%d rows", len(all))
	}
	for i := range all {
		if !fits(&all[i]) {
			return wrong("FN %s FD %d does not fit", all[i].FN, all[i].FD)
		}
		if i > 0 && all[i].At.After(all[i-1].At) {
			return wrong("FN %s FD %d is out of order", all[i].FN, all[i].FD)
		}
	}
	return nil
}

// day draws the midnight of a day with documents.
func (b *base) day(rng *rand.Rand) time.Time { return firstDay.AddDate(0, 0, rng.IntN(b.days())) }

func within(from, to time.Time) func(p *store.Projection) bool {
	return func(p *store.Projection) bool { return !p.At.Before(from) && p.At.Before(to) }
}

var questions = []question{
	{name: "list, newest first, any page", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		register, n := b.pick(rng)
		at := b.place(register, n).at
		all, err := s.Search(ctx, store.Search{}, store.Place{At: at, ID: 1 << 60}, pageRows)
		return listed(all, err, pageRows, func(p *store.Projection) bool { return !p.At.After(at) })
	}},
	{name: "ФПД", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		register, n := b.pick(rng)
		want := b.place(register, n)
		all, err := s.Search(ctx, store.Search{FPD: want.fpd}, store.Place{}, pageRows)
		found := false
		return errors.Join(listed(all, err, 2, func(p *store.Projection) bool {
			found = found || p.FN == want.fn && p.FD == want.fd
			return p.FPD == want.fpd
		}), unless(found, "ФПД %d", want.fpd))
	}},
	{name: "ФПД, whole document", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		register, n := b.pick(rng)
		want := b.place(register, n)
		all, err := s.Documents(ctx, store.DocumentFilter{FN: want.fn, FPD: want.fpd}, store.Page{})
		return errors.Join(err, unless(len(all) == 1 && all[0].FD == want.fd, "ФПД %d", want.fpd))
	}},
	{name: "date: an hour of all registers", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		from := b.day(rng).Add(time.Duration(8+rng.IntN(12)) * time.Hour)
		to := from.Add(time.Hour)
		all, err := s.Search(ctx, store.Search{From: from, To: to, Forms: []fiscal.Form{fiscal.FormReceipt}}, store.Place{}, pageRows)
		return listed(all, err, pageRows, within(from, to))
	}},
	{name: "register, newest first", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		reg := regOf(rng.IntN(b.registers))
		all, err := s.Search(ctx, store.Search{RegIDs: []fiscal.RegNumber{reg}}, store.Place{}, pageRows)
		return listed(all, err, pageRows, func(p *store.Projection) bool { return p.RegID == reg })
	}},
	{name: "register, a day", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		reg, from := regOf(rng.IntN(b.registers)), b.day(rng)
		to := from.AddDate(0, 0, 1)
		all, err := s.Search(ctx, store.Search{RegIDs: []fiscal.RegNumber{reg}, From: from, To: to}, store.Place{}, pageRows)
		return listed(all, err, pageRows, func(p *store.Projection) bool { return p.RegID == reg && within(from, to)(p) })
	}},
	{name: "ФН and ФД, whole document", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		register, n := b.pick(rng)
		d, err := s.Document(ctx, fnOf(register), fiscal.FDNumber(n+1))
		return errors.Join(err, unless(d.FPD == fpd(register, n), "FN %s FD %d", d.FN, d.FD))
	}},
	{name: "items of a receipt", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		register, n := b.pick(rng)
		all, err := s.Items(ctx, fnOf(register), fiscal.FDNumber(n+1))
		return errors.Join(err, unless(len(all) > 0, "no items"))
	}},
	{name: "user, returns", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		user := userOf(rng.IntN(b.registers))
		all, err := s.Search(ctx, store.Search{UserINN: user, Operation: fiscal.SellReturn}, store.Place{}, pageRows)
		if err == nil && len(all) == 0 {
			return nil // of a small base
		}
		return listed(all, err, pageRows, func(p *store.Projection) bool { return p.UserINN == user && p.Operation == fiscal.SellReturn })
	}},
	{name: "user, sum", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		register, n := b.pick(rng)
		user, sum := userOf(register), b.mould(register, n).total
		all, err := s.Search(ctx, store.Search{UserINN: user, MinTotal: sum, MaxTotal: sum}, store.Place{}, pageRows)
		return listed(all, err, pageRows, func(p *store.Projection) bool { return p.UserINN == user && p.Total == sum })
	}},
	{name: "shift of a drive", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		register, n := b.pick(rng)
		fn, shift := fnOf(register), b.place(register, n).shift
		all, err := s.Search(ctx, store.Search{FN: fn, Shift: shift}, store.Place{}, pageRows)
		return listed(all, err, perShift, func(p *store.Projection) bool { return p.FN == fn && p.Shift == shift })
	}},
	{name: "feed of whole documents", ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		after := rng.Int64N(int64(b.documents()-pageRows) + 1)
		all, err := s.Documents(ctx, store.DocumentFilter{}, store.Page{After: after, Limit: pageRows})
		for i := range all {
			if all[i].ID <= after {
				return wrong("place %d after %d", all[i].ID, after)
			}
			after = all[i].ID
		}
		return errors.Join(err, unless(len(all) > 0, "no documents"))
	}},
	{name: "totals (Stats)", ask: func(ctx context.Context, s both, b *base, _ *rand.Rand) error {
		total, err := s.Stats(ctx)
		return errors.Join(err, unless(total.Documents == int64(b.documents()) && total.Behind == 0, "%+v", total))
	}},
	{name: "figures of a register by shifts", sums: true, ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		reg := regOf(rng.IntN(b.registers))
		all, err := s.Figures(ctx, store.Search{RegIDs: []fiscal.RegNumber{reg}}, store.ByShift)
		return errors.Join(err, unless(len(all) == b.days(), "%d shifts", len(all)))
	}},
	{name: "figures of a user by days", sums: true, ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		all, err := s.Figures(ctx, store.Search{UserINN: userOf(rng.IntN(b.registers))}, store.ByDay)
		return errors.Join(err, unless(len(all) > 0, "no days"))
	}},
	{name: "goods of a user, a day", sums: true, ask: func(ctx context.Context, s both, b *base, rng *rand.Rand) error {
		from := b.day(rng)
		all, err := s.Goods(ctx, store.Search{UserINN: userOf(rng.IntN(b.registers)), From: from, To: from.AddDate(0, 0, 1)}, pageRows)
		return errors.Join(err, unless(len(all) > 0, "no goods"))
	}},
}

func unless(right bool, format string, args ...any) error {
	if right {
		return nil
	}
	return wrong(format, args...)
}

// line is what was measured of a question.
type line struct {
	question
	times *hdrhistogram.Histogram // microseconds
}

func (l *line) at(percentile float64) time.Duration {
	return time.Duration(l.times.ValueAtPercentile(percentile)) * time.Microsecond
}

// measure asks every question so many times, one after another, after a few that are
// not counted: a server has been asked before.
func measure(ctx context.Context, s both, b *base, times int) ([]line, error) {
	rng := rand.New(rand.NewPCG(2026, 2))
	var lines []line
	for _, q := range questions {
		l := line{q, hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)}
		for i := range times + times/20 {
			began := time.Now()
			if err := q.ask(ctx, s, b, rng); err != nil {
				return lines, fmt.Errorf("%s: %w", q.name, err)
			}
			if i >= times/20 {
				_ = l.times.RecordValue(max(time.Since(began).Microseconds(), 1)) // up to a minute
			}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// check compares rows of the base with what the server's worker would have made.
func check(ctx context.Context, s both, b *base, times int) error {
	rng := rand.New(rand.NewPCG(7, 7))
	for range times {
		d, err := s.Document(ctx, fnOf(rng.IntN(b.registers)), fiscal.FDNumber(1+rng.IntN(b.each)))
		if err != nil {
			return err
		}
		want := projection.Decode(&d)
		items, err := s.Items(ctx, d.FN, d.FD)
		if err != nil {
			return err
		}
		got, err := s.Search(ctx, store.Search{FN: d.FN, FD: d.FD}, store.Place{}, 1)
		if err != nil || len(got) != 1 {
			return errors.Join(err, unless(len(got) == 1, "FN %s FD %d is not projected", d.FN, d.FD))
		}
		got[0].Items = items
		if fmt.Sprint(got[0]) != fmt.Sprint(want) {
			return wrong("FN %s FD %d is projected otherwise", d.FN, d.FD)
		}
	}
	return nil
}

// table is what docs/performance.md shows.
func table(title string, lines []line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| search | p50, ms | p99, ms | max, ms |\n|---|---|---|---|\n", title)
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", l.name, ms(l.at(50)), ms(l.at(99)), ms(time.Duration(l.times.Max())*time.Microsecond))
	}
	return b.String()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }
