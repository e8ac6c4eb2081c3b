package props

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// machine is a life being lived: a drive, whoever makes its documents, and the model.
type machine struct {
	t     *rapid.T
	terms Terms
	clock *emulator.Clock
	power time.Duration // on the drive's own timer, which knows no clock
	model *life.Drive
	drive Drive
	ask   *fnport.Driver
	trace *Trace
	maker maker

	// warnings tells whether the script may expect the warning flags: a register that
	// refuses by itself does not tell the drive the time.
	warnings bool
	messages map[uint32]string // containers by document, as read first
	signs    map[uint32]fiscal.FPD
	sent     map[uint32]string // confirmations given, by document
}

// maker makes documents: a register's program, or raw commands.
type maker interface {
	// make makes one whole document at the present moment. The answer code is that of
	// the first refusal; heard reports that the drive was told the time.
	make(m *machine, k life.Kind, s life.Sale, o order) (made, error)
}

// order is what varies in a document.
type order struct {
	otherINN bool // Change: another user
	otherRNM bool // CloseArchive: another registration number
	place    string
}

// made is what became of a document.
type made struct {
	code  life.Code
	heard bool
	name  string // the refusal as scripts name it
	fd    uint32
	fpd   fiscal.FPD
	num   int // shift or receipt number that was answered; -1 when none is
	stlv  []byte
}

func (m *machine) now() time.Time { return m.clock.Now() }

func (m *machine) timer() time.Duration { return m.power }

// advance moves the clock, and with it the timer when time goes forward.
func (m *machine) advance(d time.Duration) {
	m.clock.Advance(d)
	m.power += max(d, 0)
}

// fail ends the life.
func (m *machine) fail(format string, args ...any) {
	m.t.Helper()
	what := fmt.Sprintf(format, args...)
	m.trace.Fail(what)
	m.t.Fatalf("%s\n%s", what, m.trace)
}

// agree compares an answer code with what the papers want.
func (m *machine) agree(what string, r life.Reasons, err error) life.Code {
	m.t.Helper()
	c, ok := codeOf(err)
	if !ok {
		m.fail("%s: %v", what, err)
	}
	if !r.Allow(c) {
		m.fail("%s: answered %s, the papers want %s (%s; clock %s)", what, c, r, m.model, stamp(m.now()))
	}
	return c
}

// refusal is what a script calls the refusal of a document: a register names by rule
// what it refuses itself, in this order, and by code what its drive refuses.
func (m *machine) refusal(k life.Kind, r life.Reasons, o order) string {
	d := m.model
	open := k == life.CloseShift || k == life.Receipt || k == life.Correction
	switch {
	case k == life.Registration && d.Phase != life.Ready:
		return kkt.RuleFN
	case k != life.Registration && d.Phase == life.Ready:
		return kkt.RuleNotRegistered
	case k != life.Registration && k != life.StateReport && d.Phase != life.Fiscal:
		return kkt.RuleFN
	case k != life.Registration && k != life.StateReport && d.Shift.Open != open:
		return kkt.RuleShift
	case k == life.Change && d.Reports >= d.Registrations:
		return "FN-012"
	case k == life.Change && o.otherINN:
		return "I-04"
	case k == life.CloseArchive && d.Queue() > 0:
		return "FN-010"
	case (k == life.Receipt || k == life.Correction) && m.now().Sub(d.Shift.Opened) > life.ShiftLimit:
		return kkt.RuleShiftAge
	}
	return r.Codes()[0].String()
}

// codeOf is the answer code that an error stands for; ok is false when it is no
// answer of the drive.
func codeOf(err error) (life.Code, bool) {
	var e *fn.Error
	switch {
	case err == nil:
		return life.Done, true
	case errors.As(err, &e):
		return life.Code(e.Answer.Code), true
	}
	return 0, false
}

func stamp(t time.Time) string { return t.Format("2006-01-02 15:04") }

// sale draws a receipt.
func (m *machine) sale(operations ...int) life.Sale {
	return life.Sale{Operation: rapid.SampledFrom(operations).Draw(m.t, "operation"), Kopecks: rapid.Uint64Range(1, 10_000_00).Draw(m.t, "kopecks")}
}

// words are the steps of scripts by kind.
var words = map[life.Kind]string{life.OpenShift: "open: {}", life.CloseShift: "close: {}", life.StateReport: "state: {}", life.CloseArchive: "close_archive: {}"}

var operationWords = []string{"sell", "sell_return", "buy", "buy_return"}

// line is the document as a step of a script.
func (m *machine) line(k life.Kind, s life.Sale, o order) string {
	items := func() string {
		return fmt.Sprintf("operation: %s, items: [{name: Хлеб, price: %q}]", operationWords[s.Operation-1], roubles(s.Kopecks))
	}
	switch k {
	case life.Registration:
		return m.terms.registration()
	case life.Change:
		if m.model.Phase == life.Ready {
			return "" // a script asks the drive for the registration in force first
		}
		if o.otherINN {
			return fmt.Sprintf("change: {inn: %q}", string(otherINN))
		}
		return fmt.Sprintf("change: {place: %s}", o.place)
	case life.Receipt:
		return "sell: {" + items() + "}"
	case life.Correction:
		return "correction: {date: " + m.now().Format(time.DateOnly) + ", " + items() + "}"
	case life.CloseArchive:
		if o.otherRNM {
			return ""
		}
	}
	return words[k]
}

// document makes a document and compares everything about it with the model.
func (m *machine) document(k life.Kind, s life.Sale, o order) {
	m.t.Helper()
	at := m.now()
	r := m.model.Whole(k, at)
	if k == life.Change && o.otherINN {
		m.model.Identity(string(regNumber), string(otherINN), &r)
	}
	if o.otherRNM {
		r.No("registration number is written once", life.BadValue)
	}
	m.trace.Add(m.line(k, s, o), "%s %s%s", stamp(at), k, saleText(k, s))
	if r.Refused() {
		m.trace.Fails(m.refusal(k, r, o))
	}
	if !r.Clear() {
		m.trace.Unclear()
	}
	got, err := m.maker.make(m, k, s, o)
	if err != nil {
		m.fail("%s: %v", k, err)
	}
	if got.name != "" && r.Allow(got.code) {
		m.trace.Fails(got.name)
	}
	if !r.Allow(got.code) {
		m.fail("%s: answered %s, the papers want %s (%s; clock %s)", k, got.code, r, m.model, stamp(at))
	}
	if got.heard {
		m.model.Hear(at, got.code)
	}
	if got.code == life.Done {
		m.model.Start(k, at)
		m.madeOne(m.finish(at, s), &got)
	}
	m.expect()
}

func saleText(k life.Kind, s life.Sale) string {
	if k != life.Receipt && k != life.Correction {
		return ""
	}
	return fmt.Sprintf(", %s of %s", strings.ReplaceAll(operationWords[s.Operation-1], "_", " "), roubles(s.Kopecks))
}

// finish makes the document that the model has begun.
func (m *machine) finish(at time.Time, s life.Sale) life.Document {
	m.model.Register(string(regNumber), string(userINN))
	return m.model.Make(at, s)
}

func (m *machine) expect() { m.trace.Expect(expectation(m.model, m.warnings)) }

// madeOne compares numbers and content of a document with the model.
func (m *machine) madeOne(want life.Document, got *made) {
	m.t.Helper()
	if got.fd != want.FD {
		m.fail("%s: document number %d, must be %d", want.Kind, got.fd, want.FD)
	}
	num := -1
	switch want.Kind {
	case life.OpenShift, life.CloseShift:
		num = want.Shift
	case life.Receipt, life.Correction:
		num = want.Number
	}
	if got.num != num {
		m.fail("%s: number %d answered, must be %d", want.Kind, got.num, num)
	}
	m.signs[want.FD] = got.fpd
	m.content(want, got.stlv)
}
