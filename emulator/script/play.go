package script

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	injected "github.com/fiscalbench/fiscalbench/internal/fault"
)

// Options of playing. The zero value plays with seed 0 and sends nothing.
type Options struct {
	OFD       string      // host:port; nothing is sent when empty and Dial is nil
	Dial      link.Dialer // instead of OFD
	Marking   string      // host:port of the marking operator
	OFDINN    fiscal.INN  // of registrations that name no operator; 7704358518 when empty
	Seed      uint64
	KeepAlive bool // many documents on one connection
	Signs     *sign.TBGOST1
	Timers    link.Timers
	Faults    *injected.Set // of the register; a failed attempt is then made again at once, and clock.jump moves the clock
	Printer   io.Writer
	Document  func(Document) // told of each document made; nil: nobody
	Logger    *slog.Logger
}

// Document is one document that a life made.
type Document struct {
	FN fiscal.FNNumber `json:"fn"`
	kkt.Result
}

// Report sums a life up.
type Report struct {
	Documents int               `json:"documents"` // made
	Confirmed int               `json:"confirmed"` // confirmations that a drive took
	Refused   int               `json:"refused"`   // of these, with a code that is not 0
	Phase     uint8             `json:"phase"`     // of the drive at the end
	Drives    []fiscal.FNNumber `json:"drives"`
	Seed      uint64            `json:"seed"`
	SHA256    string            `json:"sha256"` // over all containers as first sent, in order
}

// StepError is a step that went otherwise than the script says.
type StepError struct {
	File string
	Line int
	Step string
	Err  error
}

func (e *StepError) Error() string {
	return fmt.Sprintf("script: %s:%d: %s: %v", e.File, e.Line, e.Step, e.Err)
}

func (e *StepError) Unwrap() error { return e.Err }

// ErrExpectation is wrapped by errors about expectations that were not met.
var ErrExpectation = errors.New("expectation not met")

// player is a life being lived.
type player struct {
	ctx    context.Context
	script *Script
	opt    Options
	rng    *rand.Rand
	clock  *emulator.Clock
	reg    *emulator.Emulator
	silent bool // the operator cannot be reached
	report Report
	sum    hash.Hash
	hashed fiscal.FDNumber // last document of the drive in the sum
	last   fiscal.FDNumber // last document of the drive that was made
}

// Play lives the script. The report is valid up to the error, which is *StepError.
func (s *Script) Play(ctx context.Context, o Options) (Report, error) {
	if o.OFDINN == "" {
		o.OFDINN = defaultOFD
	}
	if o.Signs == nil {
		o.Signs = sign.NewTBGOST1(sign.TBGOST1Options{})
	}
	if o.Faults == nil && s.injects() {
		o.Faults = injected.New(injected.Register, o.Seed)
	}
	p := &player{ctx: ctx, script: s, opt: o, rng: rand.New(rand.NewPCG(o.Seed, s.salt)), clock: emulator.NewClock(s.Start),
		sum: sha256.New(), report: Report{Seed: o.Seed}}
	if err := p.begin(); err != nil {
		return p.report, &StepError{s.File, 0, "drive", err}
	}
	defer func() { _ = p.reg.Close() }()
	for i := range s.Steps {
		step := &s.Steps[i]
		if err := p.step(step); err != nil {
			p.finish()
			return p.report, &StepError{s.File, step.Line, step.Name, err}
		}
	}
	p.finish()
	return p.report, nil
}

// injects reports whether a step switches fault points.
func (s *Script) injects() bool {
	return slices.ContainsFunc(s.Steps, func(one Step) bool { _, ok := one.Action.(*inject); return ok })
}

func (p *player) finish() {
	p.report.Phase = uint8(p.reg.Device().View().Phase)
	p.report.SHA256 = hex.EncodeToString(p.sum.Sum(nil))
}

func (p *player) begin() error {
	drive, err := p.drive(&p.script.Drive)
	if err != nil {
		return err
	}
	p.reg, err = emulator.New(emulator.Options{
		FN: drive, OFD: p.opt.OFD, Marking: p.opt.Marking, OneShot: !p.opt.KeepAlive, Now: p.clock.Now, Rand: p.rng, Signs: p.opt.Signs, Logger: p.opt.Logger,
		KKT:  kkt.Options{Printer: p.opt.Printer, NoReadBack: p.opt.Printer == nil && p.opt.Document == nil},
		Link: link.Options{Dial: p.opt.Dial, Timers: p.opt.Timers, Faults: p.opt.Faults, Observer: p.observe},
	})
	if err != nil {
		return err
	}
	p.report.Drives = append(p.report.Drives, p.reg.Number())
	return nil
}

// drive makes the options of a drive.
func (p *player) drive(d *Drive) (fn.Options, error) {
	o := fn.Options{Number: fiscal.FNNumber(d.Number), Settings: fn.Settings{Capacity: d.Capacity, StoreBytes: d.StoreBytes,
		Registrations: d.Registrations, FiveMinutes: d.FiveMinutes}}
	if o.Number == "" {
		o.Number = emulator.DrawNumber(p.rng)
	}
	if d.Model != "" {
		o.Model, _ = fn.ModelByName(d.Model)
	}
	if d.KeyLife != nil {
		o.Settings.KeyDays = int(time.Duration(*d.KeyLife) / (24 * time.Hour))
	}
	if d.KeyUpdate != nil {
		o.Settings.KeyUpdateDays = int(time.Duration(*d.KeyUpdate) / (24 * time.Hour))
	}
	if d.FiveMinutes {
		start := p.script.Start
		o.PowerTimer = func() time.Duration { return p.clock.Now().Sub(start) }
	}
	return o, nil
}

// observe counts what goes over the line.
func (p *player) observe(e link.Event) {
	switch e.Kind {
	case link.Sent:
		if e.FD > p.hashed {
			p.hashed = e.FD
			p.sum.Write(e.Data[min(wire.HeaderLen, len(e.Data)):]) // injected faults may leave less than a header
		}
	case link.Acknowledged:
		p.report.Confirmed++
		if e.Code != 0 {
			p.report.Refused++
		}
	}
}

// step does one step and compares a refusal with what the script expects.
func (p *player) step(s *Step) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	err := s.Action.run(p)
	if errors.Is(err, fnport.ErrSilent) { // a fault switch took the power away
		err = errors.Join(err, p.restart())
	}
	switch {
	case s.Fails == "":
		return err
	case err == nil:
		return fmt.Errorf("%w: it went through, and should have been refused with %s", ErrExpectation, s.Fails)
	}
	if got := refusals(err); !matches(got, s.Fails) {
		return fmt.Errorf("%w: refused with %s, expected %s: %w", ErrExpectation, strings.Join(got, ", "), s.Fails, err)
	}
	return nil
}

// refusals are the names by which a script may expect an error: rule and answer code.
func refusals(err error) (names []string) {
	var r *kkt.Refusal
	if errors.As(err, &r) {
		names = append(names, r.Rule)
	}
	var f *fn.Error
	if errors.As(err, &f) {
		names = append(names, fmt.Sprintf("%02Xh", byte(f.Answer.Code)))
	}
	var l *link.Error
	if errors.As(err, &l) {
		names = append(names, string(l.Stage))
	}
	if errors.Is(err, fnport.ErrSilent) {
		names = append(names, "silent")
	}
	if errors.Is(err, ErrExpectation) {
		names = append(names, "expectation")
	}
	return names
}

func matches(names []string, want string) bool {
	for _, n := range names {
		if strings.EqualFold(n, want) {
			return true
		}
	}
	return false
}

// made counts a document and sends it when it is time.
func (p *player) made(res kkt.Result, err error) error {
	if err != nil {
		return err
	}
	p.report.Documents += int(res.FD - p.last) // one call may make two: a state report before a new format
	p.last = res.FD
	if p.opt.Document != nil {
		p.opt.Document(Document{p.reg.Number(), res})
	}
	switch {
	case p.script.Every == ExchangeEach,
		p.script.Every == ExchangeShift && (res.Shift == 0 || res.Form == fiscal.FormCloseShift):
		return p.exchange()
	}
	return nil
}

// exchange drains the queue unless the operator is silent or there is none.
func (p *player) exchange() error {
	if p.silent || p.reg.Link() == nil {
		return nil
	}
	return p.send()
}

// injectedRetries is how often sending is tried again while faults are injected:
// they are meant to be lived through.
const injectedRetries = 100

// injecting reports whether there are fault rules.
func (p *player) injecting() bool { return p.opt.Faults != nil && len(p.opt.Faults.Rules()) > 0 }

// send sends the queue.
func (p *player) send() error {
	_, err := p.reg.Exchange(p.ctx)
	for n := 0; err != nil && p.injecting() && n < injectedRetries && p.ctx.Err() == nil; n++ {
		_, err = p.reg.Exchange(p.ctx)
	}
	return err
}
