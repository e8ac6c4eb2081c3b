package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// demoRegister is an emulated register of the demo. Its fields are read and written
// under mu; documents are made under it too, so buttons of the bench wait for a
// receipt under way.
type demoRegister struct {
	*chainRegister
	outlet *chainOutlet
	zone   *time.Location
	serial string
	regID  fiscal.RegNumber

	mu         sync.Mutex
	rng        *rand.Rand
	clock      *emulator.Clock
	e          *emulator.Emulator
	registered bool
	closed     bool      // its drive
	opened     time.Time // the open shift; zero: closed
	cut        bool      // the network

	thin       int         // demoOptions.Thin
	first, end time.Time   // of the history
	day        int         // days planned
	plan       []demoEvent // of days planned, what is not done yet, in order
}

// demoEvent is one document to be made.
type demoEvent struct {
	at time.Time
	do func(*demoRegister) (kkt.Result, error)
}

// newDemoRegister draws the numbers of a register: register n of the chain always has
// the same ones. Its drive is made by start.
func newDemoRegister(n int, seed int64) (*demoRegister, error) {
	plan := &chainRegisters[n]
	r := &demoRegister{chainRegister: plan, outlet: chainOutlets()[plan.outlet], rng: rand.New(rand.NewPCG(uint64(seed), uint64(n)))}
	var err error
	if r.zone, err = time.LoadLocation(r.outlet.zone); err != nil {
		return nil, err
	}
	r.serial = fmt.Sprintf("%014d", r.rng.Uint64N(1e14))
	r.regID = fiscal.MakeRegNumber(r.rng.Uint64N(1e10), chainINN, r.serial)
	return r, nil
}

// start puts a drive in whose number nobody has seen yet.
func (r *demoRegister) start(o *demoOptions, end time.Time, used func(fiscal.FNNumber) bool) error {
	r.end, r.thin = end, max(1, o.Thin)
	y, m, d := end.In(r.zone).Date()
	r.first = time.Date(y, m, d-o.Days, 0, 0, 0, 0, r.zone)
	number := emulator.DrawNumber(r.rng)
	for used(number) {
		number = emulator.DrawNumber(r.rng)
	}
	drive := fn.Options{Number: number}
	switch r.health {
	case termEnds:
		drive.Settings.KeyDays = o.Days + 18
	case memoryEnds: // its memory is as great as its warning wants
		drive.Settings.Capacity, drive.Settings.MemoryPercent = max(100, (r.perDay/r.thin+2)*o.Days*25), 3
	}
	r.clock = emulator.NewClock(r.first)
	var waive []string
	if r.health == flawed {
		waive = []string{"M-01"}
	}
	var dialer net.Dialer
	var err error
	r.e, err = emulator.New(emulator.Options{FN: drive, Now: r.clock.Now, Rand: r.rng, Logger: o.Logger,
		KKT: kkt.Options{Waive: waive, NoReadBack: true},
		Link: link.Options{Timers: link.Timers{Answer: 5 * time.Second}, Dial: func(ctx context.Context) (net.Conn, error) {
			if r.cut {
				return nil, errCut
			}
			return dialer.DialContext(ctx, "tcp", o.KKTAddr)
		}}})
	return err
}

var errCut = errors.New("сеть отключена на стенде")

// register makes the registration report.
func (r *demoRegister) register(ofd fiscal.INN) (kkt.Result, error) {
	res, err := r.e.KKT().Register(kkt.Registration{
		FFD: r.ffd, RegNumber: r.regID, KKTNumber: r.serial, User: chainName, UserINN: chainINN, Address: r.outlet.address, Place: r.outlet.name,
		Tax: kkt.TaxGeneral, OFDINN: ofd, OFDName: "Испытательный стенд ОФД", SellerAddress: "shop@example.com", Cashier: chainCashiers[0],
	})
	r.registered = err == nil
	return res, wrap("registering", err)
}

// live makes what the history holds before a moment and sends it at once.
func (r *demoRegister) live(ctx context.Context, o *demoOptions, until time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		for len(r.plan) == 0 {
			if !r.planDay(o.OFD, until) {
				return ctx.Err()
			}
		}
		next := r.plan[0]
		if !next.at.Before(until) {
			return ctx.Err()
		}
		r.plan = r.plan[1:]
		r.clock.Set(next.at.In(r.zone))
		o.Time.follow(next.at)
		if _, err := next.do(r); err != nil {
			return fmt.Errorf("%s, %s: %w", r.outlet.name, r.name, err)
		}
		if err := r.send(ctx, o); err != nil {
			return err
		}
	}
}

// planDay plans the next day that begins before until; false when there is none.
func (r *demoRegister) planDay(ofd fiscal.INN, until time.Time) bool {
	midnight := r.first.AddDate(0, 0, r.day)
	if r.health == fresh || !midnight.Before(until) {
		return false
	}
	if r.day == 0 {
		r.plan = append(r.plan, demoEvent{midnight, func(r *demoRegister) (kkt.Result, error) { return r.register(ofd) }})
	}
	r.day++
	left := int(r.dayOf(r.end).Sub(midnight).Hours()+12) / 24 // days before the last one
	switch {
	case r.health == silentDay && left < 2, r.health == silentDays && left < 5, r.health == archived && left < 19:
		return true
	case r.health == archived && left == 19:
		r.plan = append(r.plan, demoEvent{r.at(midnight, 12), func(r *demoRegister) (kkt.Result, error) {
			r.closed = true
			return r.e.KKT().CloseArchive(chainCashiers[0])
		}})
		return true
	case r.health == longShift:
		since := r.end.Add(-26 * time.Hour)
		if since.Before(r.first) {
			since = r.first
		}
		if !midnight.Before(r.dayOf(since)) {
			if midnight.Equal(r.dayOf(since)) {
				r.shift(since, since.Add(23*time.Hour), false)
			}
			return true
		}
	}
	r.shift(r.at(midnight, r.outlet.opens).Add(time.Duration(r.rng.IntN(600))*time.Second), r.at(midnight, r.outlet.closes), true)
	return true
}

func (r *demoRegister) dayOf(at time.Time) time.Time {
	y, m, d := at.In(r.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, r.zone)
}

func (r *demoRegister) at(midnight time.Time, hour int) time.Time {
	y, m, d := midnight.Date()
	return time.Date(y, m, d, hour, 0, 0, 0, r.zone)
}

// shift plans a shift: more buyers at week-ends and about noon and evening, a
// correction every other week.
func (r *demoRegister) shift(from, to time.Time, ends bool) {
	n := r.perDay*3/4 + r.rng.IntN(r.perDay/2+1)
	if d := from.Weekday(); d == time.Saturday || d == time.Sunday {
		n = n * 5 / 4
	}
	n = max(3, n/r.thin)
	times := make([]time.Time, n)
	for i := range times {
		share := (r.rng.Float64() + r.rng.Float64()) / 2
		times[i] = from.Add(time.Minute + time.Duration(share*float64(to.Sub(from)-2*time.Minute))).Truncate(time.Second)
	}
	slices.SortFunc(times, time.Time.Compare)
	r.plan = append(r.plan, demoEvent{from, (*demoRegister).openShift})
	for i, at := range times {
		do := func(r *demoRegister) (kkt.Result, error) { return r.sell(i == n/2) }
		if i == n-1 && r.day%14 == 5 {
			do = (*demoRegister).correct
		}
		r.plan = append(r.plan, demoEvent{at, do})
	}
	if ends {
		r.plan = append(r.plan, demoEvent{to, (*demoRegister).closeShift})
	}
}

// send empties the drive's queue. An operator that does not answer is no end of the
// demo: the drive keeps its documents for the next time.
func (r *demoRegister) send(ctx context.Context, o *demoOptions) error {
	_, err := r.e.Exchange(ctx)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errCut) {
		o.Logger.Warn("demo exchange", "fn", r.e.Number(), "err", err)
	}
	return ctx.Err()
}

// working tells a register that sells after the history too.
func (r *demoRegister) working() bool {
	switch r.health {
	case silentDay, silentDays, longShift, archived, fresh:
		return false
	}
	return true
}

// Pauses between two buyers at one register once the history is over.
const (
	leastPause = 15 * time.Second
	mostPause  = 75 * time.Second
	shiftEnds  = 20 * time.Hour // after that the cashier closes the shift
)

// trade sells for ever, whatever the hour.
func (r *demoRegister) trade(ctx context.Context, o *demoOptions) error {
	for ctx.Err() == nil {
		r.mu.Lock()
		pause := leastPause + time.Duration(r.rng.Int64N(int64(mostPause-leastPause)))
		r.mu.Unlock()
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		if err := r.tend(ctx, o); err != nil && ctx.Err() == nil {
			// A moved clock makes drives refuse; a register waits for better times.
			o.Logger.Info("demo register", "fn", r.e.Number(), "err", err)
		}
	}
	return nil
}

// tend makes what the register is due to make now.
func (r *demoRegister) tend(ctx context.Context, o *demoOptions) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock.Set(o.Time.Now().In(r.zone))
	if !r.opened.IsZero() && r.clock.Now().Sub(r.opened) > shiftEnds {
		if _, err := r.closeShift(); err != nil {
			return err
		}
	}
	if r.opened.IsZero() {
		if !r.registered {
			if _, err := r.register(o.OFD); err != nil {
				return err
			}
		}
		if _, err := r.openShift(); err != nil {
			return err
		}
	}
	if _, err := r.sell(r.rng.IntN(20) == 0); err != nil {
		return err
	}
	return r.send(ctx, o)
}
