package props

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Breaker puts a mistake into what a machine tests; the zero value puts none. The
// model knows nothing of it.
type Breaker struct {
	Drive    func(Drive, *Emulated) Drive
	Settings func(*fn.Settings)
	// Plain leaves out what scripts have no word for.
	Plain bool
}

// drawTerms draws how a drive is made and registered.
func drawTerms(t *rapid.T) Terms {
	terms := Terms{
		FFD:           rapid.SampledFrom([]fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}).Draw(t, "ffd"),
		Autonomous:    rapid.IntRange(0, 9).Draw(t, "autonomous") == 9,
		Services:      !rapid.Bool().Draw(t, "goods"),
		General:       rapid.Bool().Draw(t, "general"),
		Months:        rapid.SampledFrom([]int{15, 36}).Draw(t, "months"),
		Capacity:      rapid.SampledFrom([]int{1000, 1000, 9, 25}).Draw(t, "capacity"),
		Registrations: rapid.SampledFrom([]int{12, 2}).Draw(t, "registrations"),
		Number:        number(1),
	}
	return terms
}

// plan is what the model must know of the terms.
func (t *Terms) plan() life.Plan {
	terms := life.Terms{Months: t.Months, Autonomous: t.Autonomous, FFD12: t.FFD == fiscal.FFD12, General: t.General, Goods: !t.Services}
	return life.Plan{FFD: int(t.FFD), Autonomous: t.Autonomous, KeyDays: terms.KeyDays(), Capacity: t.Capacity, Registrations: t.Registrations}
}

// newMachine makes a machine without a drive.
func newMachine(t *rapid.T, trace *Trace, terms Terms) *machine {
	m := &machine{t: t, terms: terms, clock: emulator.NewClock(begin), model: life.New(terms.plan()), trace: trace,
		messages: map[uint32]string{}, signs: map[uint32]fiscal.FPD{}, sent: map[uint32]string{}}
	*trace = Trace{Name: trace.Name, Start: begin, Drive: terms.script()}
	return m
}

// DriveLife is a random life of a drive under raw commands.
func DriveLife(t *rapid.T, trace *Trace, b Breaker) {
	m := newMachine(t, trace, drawTerms(t))
	m.maker = commands{}
	m.withDrive(b)
	m.run(map[string]func(){
		"disturbed receipt": func() { m.disturbed(life.Receipt, m.sale(1, 2, 3, 4)) },
		"disturbed report": func() {
			m.disturbed(rapid.SampledFrom([]life.Kind{life.OpenShift, life.CloseShift, life.StateReport, life.CloseArchive}).Draw(t, "report"), life.Sale{})
		},
	})
}

// TillLife is a random life of a register's program over a drive.
func TillLife(t *rapid.T, trace *Trace, b Breaker) {
	m := newMachine(t, trace, drawTerms(t))
	m.warnings = true
	m.withDrive(b)
	var register *kkt.KKT
	start := func() {
		var err error
		if register, err = kkt.New(kkt.Options{Port: m.drive, Now: m.clock.Now}); err != nil {
			t.Fatal(err)
		}
	}
	start()
	m.maker = &till{func() *kkt.KKT { return register }}
	m.run(map[string]func(){
		"program started anew": func() {
			m.trace.Add("power_cut: {}", "%s the register's program is started anew, the power goes", stamp(m.now()))
			m.drive.PowerCut()
			m.model.PowerCut()
			start()
			m.expect()
		},
	})
}

// withDrive makes the drive and whatever stands before it.
func (m *machine) withDrive(b Breaker) {
	o := m.terms.options(m.timer)
	if b.Settings != nil {
		b.Settings(&o.Settings)
	}
	e, err := NewEmulated(o)
	if err != nil {
		m.t.Fatal(err)
	}
	m.drive = e
	if b.Drive != nil {
		m.drive = b.Drive(e, e)
	}
	m.ask = fnport.New(m.drive)
}

// run lives the life.
func (m *machine) run(more map[string]func()) {
	if rapid.IntRange(0, 9).Draw(m.t, "new") < 9 {
		m.document(life.Registration, life.Sale{}, order{})
	}
	actions := m.documents()
	m.weather(actions)
	m.exchange(actions)
	for name, f := range more {
		actions[name] = f
	}
	m.repeat(actions, func() {
		m.state()
		if fd := m.model.LastFD(); fd > 0 {
			m.look(fd)
		}
	})
}

// repeat runs actions in random order with the invariant after each.
func (m *machine) repeat(actions map[string]func(), invariant func()) {
	all := map[string]func(*rapid.T){"": func(t *rapid.T) { m.t = t; invariant() }}
	for name, f := range actions {
		all[name] = func(t *rapid.T) { m.t = t; f() }
	}
	m.t.Repeat(all)
}

// documents are the documents of a register.
func (m *machine) documents() map[string]func() {
	doc := func(k life.Kind) func() { return func() { m.document(k, life.Sale{}, order{}) } }
	sell := func() { m.document(life.Receipt, m.sale(1, 1, 1, 2, 3, 4), order{}) }
	places := 0
	return map[string]func(){
		"register":     doc(life.Registration),
		"open":         doc(life.OpenShift),
		"close":        doc(life.CloseShift),
		"sell":         sell,
		"sell again":   sell,
		"day of trade": func() { m.day(sell) },
		"another day":  func() { m.day(sell) },
		"correct":      func() { m.document(life.Correction, m.sale(1, 3), order{}) },
		"state":        doc(life.StateReport),
		"change": func() {
			places++
			o := order{place: fmt.Sprintf("касса %d", places), otherINN: rapid.IntRange(0, 3).Draw(m.t, "user") == 3}
			m.document(life.Change, life.Sale{}, o)
		},
		"close the drive": func() { m.closeDrive() },
	}
}

// day is a shift with some sales; the last one may stay open.
func (m *machine) day(sell func()) {
	if !m.model.Shift.Open {
		m.document(life.OpenShift, life.Sale{}, order{})
	}
	for range rapid.IntRange(0, 3).Draw(m.t, "sales") {
		sell()
	}
	if rapid.IntRange(0, 2).Draw(m.t, "closes") > 0 {
		m.document(life.CloseShift, life.Sale{}, order{})
	}
}

// closeDrive tries to close the drive; mostly after what must be done before it.
func (m *machine) closeDrive() {
	how := rapid.IntRange(0, 5).Draw(m.t, "closing")
	if how >= 4 && m.model.Shift.Open {
		m.document(life.CloseShift, life.Sale{}, order{})
	}
	if how >= 4 {
		m.confirmAll()
	}
	_, raw := m.maker.(commands)
	m.document(life.CloseArchive, life.Sale{}, order{otherRNM: raw && how == 0})
}

// weather is what time and power do.
func (m *machine) weather(actions map[string]func()) {
	actions["wait"] = func() {
		m.wait(rapid.SampledFrom([]time.Duration{time.Minute, 5 * time.Minute, time.Hour, 12 * time.Hour, life.Day, 3 * life.Day, 29 * life.Day, 100 * life.Day}).
			Draw(m.t, "wait"))
	}
	actions["wait for an edge"] = m.edge
	actions["wait for another edge"] = m.edge
	actions["clock back"] = func() {
		m.wait(-rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, time.Hour + time.Minute, life.Day}).Draw(m.t, "back"))
		if m.model.Shift.Open {
			m.document(life.Receipt, m.sale(1), order{})
		} else {
			m.document(life.OpenShift, life.Sale{}, order{})
		}
	}
	actions["power cut"] = func() {
		m.trace.Add("power_cut: {}", "%s the power goes and comes back", stamp(m.now()))
		m.drive.PowerCut()
		m.model.PowerCut()
		m.expect()
	}
	actions["restart"] = func() {
		m.trace.Add("power_cut: {}", "%s the drive is switched off and on", stamp(m.now()))
		if err := m.drive.Restart(); err != nil {
			m.fail("restart: %v", err)
		}
		m.model.PowerCut()
		m.expect()
	}
	actions["look back"] = func() { m.look(rapid.Uint32Range(0, m.model.LastFD()+1).Draw(m.t, "fd")) }
}

func (m *machine) wait(d time.Duration) {
	m.advance(d)
	word := "advance: " + span(d)
	if d < 0 {
		word = "at: " + m.now().Format("2006-01-02T15:04")
	}
	m.trace.Add(word, "%s (clock moved by %s)", stamp(m.now()), d)
}

// edges are the moments at which rules begin or cease to hold.
func (m *machine) edges() (all []time.Time) {
	add := func(when bool, at ...time.Time) {
		for _, e := range at {
			if when && e.Add(-time.Minute).After(m.now()) {
				all = append(all, e)
			}
		}
	}
	d := m.model
	add(d.Shift.Open, d.Shift.Opened.Add(life.ShiftLimit))
	add(d.Queue() > 0, d.First().At.Add(life.Blocked), d.First().At.Add(life.Overdue))
	add(!d.KeyEnd.IsZero(), d.KeyEnd.Add(life.Day), d.KeyEnd.Add(-3*life.Day), d.KeyEnd.Add(-30*life.Day), d.KeyEnd)
	return all
}

// edge moves the clock to where a rule begins to hold, a minute before it or after, and
// tries a document.
func (m *machine) edge() {
	edges := m.edges()
	if len(edges) == 0 {
		m.t.Skip("no edge")
	}
	at := rapid.SampledFrom(edges).Draw(m.t, "edge").Add(time.Duration(rapid.IntRange(-1, 1).Draw(m.t, "side")) * time.Minute)
	m.wait(at.Sub(m.now()))
	kinds := []life.Kind{life.StateReport, life.OpenShift}
	if m.model.Shift.Open {
		kinds = []life.Kind{life.Receipt, life.StateReport, life.CloseShift}
	}
	k := rapid.SampledFrom(kinds).Draw(m.t, "document")
	s := life.Sale{}
	if k == life.Receipt {
		s = m.sale(1)
	}
	m.document(k, s, order{})
}

// exchange is the line to an operator that confirms whatever it is given.
func (m *machine) exchange(actions map[string]func()) {
	o := newOffice()
	say := func(what string) { m.trace.Add("", "%s %s", stamp(m.now()), what) }
	actions["connect"] = func() { say("connection up"); m.link(true); m.expect() }
	actions["disconnect"] = func() { say("connection down"); m.link(false); m.expect() }
	actions["read"] = func() { say("the oldest message is read"); m.read(); m.expect() }
	actions["confirm"] = func() { say("the drive gets its confirmation"); m.take(o); m.expect() }
	actions["confirm wrongly"] = func() { m.spoiled(o) }
	actions["confirm one"] = func() {
		say("one document is confirmed")
		m.link(true)
		if m.read() {
			m.take(o)
		}
		m.expect()
	}
	actions["confirm all"] = m.confirmAll
}

func (m *machine) confirmAll() {
	m.trace.Add("exchange: {}", "%s everything is confirmed", stamp(m.now()))
	m.drain(newOffice())
	if m.model.Up {
		m.link(false) // as a register that has nothing more to send
	}
	m.expect()
}
