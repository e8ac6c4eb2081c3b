package target

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Firmware is a register on somebody's desk that knows the harness as its operator.
// Nothing drives it: a person does what Ask says, or nobody does, and then only those
// cases run that judge what comes by itself. With a real drive something always
// comes, for it refuses the bench's confirmations and the register tries again.
type Firmware struct {
	OFD, Marking string // where the harness listens
	// Ask tells the person what to do and returns when it is done, with a
	// *conformance.Refused when the register would not; nil: nobody is there.
	Ask func(ctx context.Context, what string) error
	// Wait is how long a message is waited for: longer than the register's answer and
	// retry timers together. An hour and ten minutes when zero (transport.md 7.1).
	Wait time.Duration
	// Drive is the bench's, for a register that has none; nil: it has one of its own.
	Drive *Drive
	// Start starts the register for a case; nil: it runs already.
	Start func(ctx context.Context, o conformance.KKTOptions) (stop func() error, err error)
	Name  string // for reports; made of OFD when empty
}

// Addr is empty: the register comes to the harness.
func (*Firmware) Addr() string { return "" }

// String names the target.
func (f *Firmware) String() string {
	if f.Name != "" {
		return f.Name
	}
	return "register that calls " + f.OFD
}

// Can is nothing without a person and without a drive of the bench.
func (f *Firmware) Can() (c conformance.Capability) {
	if f.Ask != nil {
		c |= conformance.NeedsTill
	}
	if f.Drive != nil {
		c |= conformance.NeedsDrive | conformance.NeedsTrace | conformance.NeedsSetup
		if f.Drive.heard {
			c |= conformance.NeedsLine
		}
	}
	return c
}

// Single: there is one register.
func (*Firmware) Single() {}

// Attended reports whether a person stands beside it.
func (f *Firmware) Attended() bool { return f.Ask != nil }

// Listen is where the register sends.
func (f *Firmware) Listen() (ofd, marking string) { return f.OFD, f.Marking }

// Patience is how long a message is waited for.
func (f *Firmware) Patience() time.Duration {
	if f.Wait == 0 {
		return 70 * time.Minute
	}
	return f.Wait
}

// Open takes the register as it is, or starts it. With somebody there to register it
// anew it gets a new drive.
func (f *Firmware) Open(ctx context.Context, o conformance.KKTOptions) (conformance.Register, error) {
	if f.Drive != nil && (f.Ask != nil || f.Start != nil) {
		if err := f.Drive.insert(fiscal.FNNumber(o.FN), o.Drive); err != nil {
			return nil, err
		}
	}
	hand := byHand{f: f}
	if f.Start != nil {
		var err error
		if hand.stop, err = f.Start(ctx, o); err != nil {
			return nil, fmt.Errorf("target: starting the register: %w", err)
		}
	}
	if f.Drive != nil {
		return &withDrive{hand, f.Drive}, nil
	}
	return &hand, nil
}

// byHand is a register that a person works.
type byHand struct {
	f    *Firmware
	stop func() error // nil: it goes on
}

// FN is not known before a message came.
func (*byHand) FN() string { return "" }

// Do asks the person. What document was made only its message tells.
func (h *byHand) Do(ctx context.Context, o conformance.Order) (conformance.Made, error) {
	if h.f.Ask == nil {
		return conformance.Made{}, conformance.ErrHands
	}
	err := h.f.Ask(ctx, instruction(o))
	var refused *conformance.Refused
	switch {
	case errors.As(err, &refused):
		return conformance.Made{}, refused
	case errors.Is(err, conformance.ErrHands), errors.Is(err, conformance.ErrCannot):
		return conformance.Made{}, err
	case err != nil:
		return conformance.Made{}, fmt.Errorf("target: asking for hands: %w", err)
	}
	return conformance.Made{}, nil
}

// instruction is an order in words.
func instruction(o conformance.Order) string {
	text := string(o.Do)
	switch o.Do {
	case conformance.OrderSell, conformance.OrderCorrect:
		kopecks := max(o.Kopecks, 1)
		if o.Kopecks == 0 {
			kopecks = 10000
		}
		text += fmt.Sprintf(": %d item(s) of %d.%02d roubles, cash, without VAT", max(o.Items, 1), kopecks/100, kopecks%100)
	case conformance.OrderRegister, conformance.OrderChange:
		text += fmt.Sprintf(": operator %s", o.OFD)
	}
	if o.WrongClock != 0 {
		text += fmt.Sprintf(", with the clock set off by %s", o.WrongClock)
	}
	return text
}

// Exchange waits for nothing: the register sends when it wants to.
func (*byHand) Exchange(context.Context) error { return nil }

// Work does nothing: the register works by itself.
func (*byHand) Work(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Advance needs a person and a calendar.
func (h *byHand) Advance(ctx context.Context, d time.Duration) error {
	if h.f.Ask == nil {
		return conformance.ErrHands
	}
	return h.f.Ask(ctx, fmt.Sprintf("let %s pass, or move the clock by it", d))
}

// Shown is not known.
func (*byHand) Shown(context.Context) ([]conformance.Shown, error) {
	return nil, errors.Join(conformance.ErrHands, conformance.ErrCannot)
}

// Close ends the register that was started, and leaves any other as it is.
func (h *byHand) Close() error {
	if h.stop != nil {
		return h.stop()
	}
	return nil
}
