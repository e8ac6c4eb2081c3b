package script

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	injected "github.com/fiscalbench/fiscalbench/internal/fault"
)

// modeWords are the signs of a registration.
var modeWords = map[string]func(*kkt.Modes) *bool{
	"automatic": func(m *kkt.Modes) *bool { return &m.Automatic }, "autonomous": func(m *kkt.Modes) *bool { return &m.Autonomous },
	"encryption": func(m *kkt.Modes) *bool { return &m.Encryption }, "internet": func(m *kkt.Modes) *bool { return &m.InternetOnly },
	"services": func(m *kkt.Modes) *bool { return &m.Services }, "bso": func(m *kkt.Modes) *bool { return &m.BSO },
	"lottery": func(m *kkt.Modes) *bool { return &m.Lottery }, "gambling": func(m *kkt.Modes) *bool { return &m.Gambling },
	"excise": func(m *kkt.Modes) *bool { return &m.Excise }, "printer_in_machine": func(m *kkt.Modes) *bool { return &m.PrinterInMachine },
	"marking": func(m *kkt.Modes) *bool { return &m.Marking }, "pawnshop": func(m *kkt.Modes) *bool { return &m.Pawnshop },
	"insurance": func(m *kkt.Modes) *bool { return &m.Insurance }, "vending": func(m *kkt.Modes) *bool { return &m.Vending },
	"catering": func(m *kkt.Modes) *bool { return &m.Catering }, "wholesale": func(m *kkt.Modes) *bool { return &m.Wholesale },
}

var agentWords = map[string]kkt.Agent{
	"bank_payment": kkt.AgentBankPayment, "bank_payment_sub": kkt.AgentBankPaymentSub, "payment": kkt.AgentPayment, "payment_sub": kkt.AgentPaymentSub,
	"attorney": kkt.AgentAttorney, "commission": kkt.AgentCommission, "other": kkt.AgentOther,
}

var dayWords = map[string]time.Weekday{
	"monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday, "thursday": time.Thursday, "friday": time.Friday,
	"saturday": time.Saturday, "sunday": time.Sunday,
}

// known checks a word against a list; the empty word passes.
func known[T any](n ast.Node, what, word string, words map[string]T) error {
	if _, ok := words[word]; ok || word == "" {
		return nil
	}
	return bad(n, slices.DeleteFunc(slices.Sorted(maps.Keys(words)), func(s string) bool { return s == "" }), "%s %q is not known", what, word)
}

func (d *Drive) check(n ast.Node) error {
	if d.Model != "" {
		if _, ok := fn.ModelByName(d.Model); !ok {
			var all []string
			for _, m := range fn.Models() {
				all = append(all, m.Name)
			}
			return bad(n, all, "model %q is not known", d.Model)
		}
	}
	if d.Number != "" && !strings.HasPrefix(d.Number, "9999") {
		return bad(n, nil, "number %q: an emulated drive has 9999 and 12 more digits", d.Number)
	}
	for _, one := range []struct {
		name string
		d    *Duration
	}{{"key_life", d.KeyLife}, {"key_update", d.KeyUpdate}} {
		if one.d != nil && (*one.d <= 0 || time.Duration(*one.d)%(24*time.Hour) != 0) {
			return bad(n, nil, "%s: want whole days, at least 1d", one.name)
		}
	}
	return nil
}

func (r *Registration) check(n ast.Node) error {
	for _, m := range r.Modes {
		if err := known(n, "mode", m, modeWords); err != nil {
			return err
		}
	}
	for _, a := range r.Agents {
		if err := known(n, "agent", a, agentWords); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sale) check(n ast.Node) error {
	if err := known(n, "operation", s.Operation, operationWords); err != nil {
		return err
	}
	if s.Count < 0 || s.Count > 100_000 {
		return bad(n, nil, "count %d: want 1 to 100000", s.Count)
	}
	if s.Count > 0 && len(s.Items) > 0 {
		return bad(n, nil, "count is for receipts made up by chance: give either count or items")
	}
	for _, it := range s.Items {
		if err := known(n, "agent", it.Agent, agentWords); err != nil {
			return err
		}
	}
	return nil
}

func (t *trade) check(n ast.Node) error {
	for _, d := range t.DaysOff {
		if err := known(n, "day", d, dayWords); err != nil {
			return err
		}
	}
	opens, closes := t.hours()
	switch {
	case (t.Days > 0) == (t.Until != nil):
		return bad(n, nil, "trade: give either days or until")
	case t.Days < 0 || t.Days > maxDays:
		return bad(n, nil, "trade: days %d: want 1 to %d", t.Days, maxDays)
	case t.Receipts < 0 || t.Receipts > 5000:
		return bad(n, nil, "trade: receipts_per_day %d: want 0 to 5000", t.Receipts)
	case t.Refunds < 0 || t.Refunds > 1:
		return bad(n, nil, "trade: refunds %g: want a share from 0 to 1", t.Refunds)
	case closes <= opens:
		return bad(n, nil, "trade: closes must be after opens")
	case len(t.DaysOff) >= 7:
		return bad(n, nil, "trade: every day is off")
	}
	return nil
}

// hours are the hours of trade, 09:00 to 21:00 unless given.
func (t *trade) hours() (opens, closes time.Duration) {
	opens, closes = 9*time.Hour, 21*time.Hour
	if t.Opens != nil {
		opens = time.Duration(*t.Opens)
	}
	if t.Closes != nil {
		closes = time.Duration(*t.Closes)
	}
	return opens, closes
}

func (o *ofd) check(n ast.Node) error {
	if o.State == "" {
		o.State = "silent"
	}
	return known(n, "state of the OFD", o.State, map[string]bool{"silent": true, "back": true})
}

func (e *expect) check(n ast.Node) error {
	if *e == (expect{}) {
		return bad(n, nil, "expect: nothing is expected")
	}
	return known(n, "state of the shift", e.Shift, map[string]bool{"open": true, "closed": true})
}

func (f *fault) check(n ast.Node) error {
	faults := f.settings(fn.Faults{})
	if f.Clear && (len(f.Commands) > 0 || len(f.RefuseAcks) > 0) {
		return bad(n, nil, "fault: clear stands alone")
	}
	for _, c := range faults.Commands {
		if c.Answer == nil && !c.PowerLoss {
			return bad(n, nil, "fault of command %02Xh: give answer or power_loss", c.Command)
		}
	}
	return nil
}

// check reads the rules, so that a wrong one is found before anything is played.
func (i *inject) check(n ast.Node) error {
	if i.Clear == (len(i.Rules) > 0) {
		return bad(n, nil, "inject: give either rules or clear")
	}
	if _, err := injected.New(injected.Register, 0).Add(i.Rules...); err != nil {
		return bad(n, nil, "inject: %v", err)
	}
	return nil
}

// settings adds what the step says to the switches that are on.
func (f *fault) settings(on fn.Faults) fn.Faults {
	if f.Clear {
		return fn.Faults{}
	}
	for _, c := range f.Commands {
		one := fn.CommandFault{Command: byte(c.Command), Call: max(c.Call, 1), Times: c.Times, Reason: byte(c.Reason), PowerLoss: c.PowerLoss}
		if c.Answer != nil {
			code := fn.Code(*c.Answer)
			one.Answer = &code
		}
		on.Commands = append(on.Commands, one)
	}
	for _, a := range f.RefuseAcks {
		on.RefuseAcks = append(on.RefuseAcks, fn.AckFault{Reason: byte(a.Reason), Times: a.Times})
	}
	if f.Critical != nil {
		on.Critical = *f.Critical
	}
	if f.OFDSilentDays != nil {
		on.OFDSilentDays = *f.OFDSilentDays
	}
	if f.ArchiveUsed != nil {
		on.ArchiveUsed = *f.ArchiveUsed
	}
	return on
}

func (c *correction) check(n ast.Node) error {
	if c.Count > 1 {
		return bad(n, nil, "correction: one at a time")
	}
	return c.Sale.check(n)
}

// defaults of a registration.
const (
	defaultUser            = "ООО \"Ромашка\""
	defaultINN  fiscal.INN = "7702203276"
	defaultKKT             = "00000000000001"
	defaultOFD  fiscal.INN = "7704358518"
)
