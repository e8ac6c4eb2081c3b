package props

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
)

// serial gives each life a drive of its own: the operator forgets none.
var serial atomic.Int64

// pair is a register with its operator.
type pair struct {
	*machine
	ctx     context.Context
	file    *file
	wire    *wiring
	options emulator.Options
	reg     *emulator.Emulator
	breaker Breaker
}

// PairLife is a random life of an emulated register with an operator over TCP.
func PairLife(ctx context.Context, t *rapid.T, trace *Trace, op Operator, b Breaker) {
	terms := drawTerms(t)
	terms.Autonomous = false
	terms.Number = number(int(serial.Add(1)))
	m := newMachine(t, trace, terms)
	m.warnings = true
	p := &pair{machine: m, ctx: ctx, file: newFile(op, string(terms.Number)), wire: &wiring{addr: op.Addr}, breaker: b}
	p.wire.twice = rapid.IntRange(0, 9).Draw(t, "answers come twice") == 9
	device := terms.options(m.timer)
	if b.Settings != nil {
		b.Settings(&device.Settings)
	}
	p.options = emulator.Options{FN: device, Now: m.clock.Now, OneShot: rapid.Bool().Draw(t, "one shot"),
		Link: link.Options{Dial: p.wire.dial, Observer: p.observe, Timers: link.Timers{Answer: answerLimit}}}
	reg, err := emulator.New(p.options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.reg.Close() }() // the life is over; nothing is judged by it
	defer p.wire.hangUp()
	p.use(reg)
	m.maker = &till{func() *kkt.KKT { return p.reg.KKT() }}
	if rapid.IntRange(0, 9).Draw(t, "new") < 9 {
		m.document(life.Registration, life.Sale{}, order{})
	}
	actions := m.documents()
	m.weather(actions)
	p.exchanges(actions)
	delete(actions, "close the drive")
	actions["close the drive"] = p.closeDrive
	if b.Plain {
		for _, name := range []string{"answers lost", "message cut", "operator restarts", "operator dies after storing"} {
			delete(actions, name)
		}
	}
	m.repeat(actions, p.check)
}

// use makes a register the one in use.
func (p *pair) use(reg *emulator.Emulator) {
	p.reg = reg
	p.drive = &pairDrive{p}
	if p.breaker.Drive != nil {
		p.drive = p.breaker.Drive(p.drive, &Emulated{Device: reg.Device(), opts: p.options.FN})
		o := p.options
		o.Device, o.KKT.Port = reg.Device(), p.drive
		bent, err := emulator.New(o)
		if err != nil {
			p.t.Fatal(err)
		}
		p.reg = bent
	}
	p.ask = fnport.New(p.drive)
}

// pairDrive is the drive of the register in use.
type pairDrive struct{ p *pair }

// Exec does one command.
func (d *pairDrive) Exec(cmd byte, data []byte) (fn.Answer, error) {
	return fnport.Local(d.p.reg.Device()).Exec(cmd, data)
}

// PowerCut takes the power of register and drive: the connection is gone too.
func (d *pairDrive) PowerCut() {
	_ = d.p.reg.Close() // closing tells the drive; the power cut after it tells nobody
	d.p.reg.Device().PowerCut()
	d.p.reg.KKT().Forget()
}

// Restart goes through a saved register.
func (d *pairDrive) Restart() error {
	var b bytes.Buffer
	if err := d.p.reg.Close(); err != nil {
		return err
	}
	if err := d.p.reg.Save(&b); err != nil {
		return err
	}
	reg, err := emulator.Load(&b, d.p.options)
	if err != nil {
		return err
	}
	d.p.use(reg)
	return nil
}

func (p *pair) observe(e link.Event) {
	if e.Kind == link.Acknowledged {
		p.wire.acked = append(p.wire.acked, uint32(e.FD))
	}
}

// exchanges are what can happen between register and operator.
func (p *pair) exchanges(actions map[string]func()) {
	send := func() {
		p.trace.Add("exchange: {}", "%s the register sends what it has", stamp(p.now()))
		p.send(p.wire.down)
	}
	actions["send"], actions["send again"] = send, send
	actions["operator away"] = func() {
		d := rapid.SampledFrom([]time.Duration{0, 2 * life.Day, 5 * life.Day, 30 * life.Day, 31 * life.Day}).Draw(p.t, "away")
		p.trace.Add("ofd: {state: silent, for: "+span(d)+"}", "%s the operator cannot be reached; %s pass", stamp(p.now()), d)
		p.wire.down = true
		_ = p.reg.Close() // the line is cut: what is kept open goes too
		p.advance(d)
		p.model.SetLink(false)
		p.expect()
	}
	actions["operator back"] = func() {
		p.trace.Add("ofd: back", "%s the operator is back", stamp(p.now()))
		p.wire.down = false
		p.send(false)
	}
	actions["answers lost"] = func() {
		n := rapid.IntRange(1, 3).Draw(p.t, "answers")
		p.trace.Add("", "%s the register sends; %d answers are lost", stamp(p.now()), n)
		p.wire.lose = n
		p.send(true)
		p.wire.lose = 0
	}
	actions["message cut"] = func() {
		n := rapid.SampledFrom([]int{1, 29, 30, 31, 61, 62, 100, 10_000}).Draw(p.t, "bytes")
		p.trace.Add("", "%s the line breaks after %d bytes of a message", stamp(p.now()), n)
		p.wire.cut = n
		p.send(true)
		p.wire.cut = 0
	}
	actions["operator restarts"] = func() {
		p.trace.Add("", "%s the operator is restarted", stamp(p.now()))
		p.restart()
		p.expect()
	}
	actions["operator dies after storing"] = func() {
		p.trace.Add("", "%s the operator dies after it stored a document, and is started again", stamp(p.now()))
		if err := p.file.op.CutAfterStore(p.ctx); err != nil {
			p.t.Fatal(err)
		}
		p.send(true)
		p.restart()
	}
}

func (p *pair) restart() {
	if err := p.file.op.Restart(p.ctx); err != nil {
		p.t.Fatal(err)
	}
}

// send has the register send its queue and judges what passed. may: the attempt may
// fail.
func (p *pair) send(may bool) {
	p.t.Helper()
	p.wire.log, p.wire.acked = p.wire.log[:0], p.wire.acked[:0]
	before := p.model.Queue()
	_, err := p.reg.Exchange(p.ctx)
	for _, one := range p.wire.log {
		paper := paper(one.message)
		if one.reply == nil { // the operator may have it or not: it shows
			p.unanswered(paper)
			continue
		}
		if v := p.file.Arrive(paper); v.Flagged {
			p.fail("the register sent document %d, which breaks %s", paper.FD, v.Why)
		}
		if err := p.file.answered(paper, one.message, one.reply, true); err != nil {
			p.fail("%v", err)
		}
	}
	for _, fd := range p.wire.acked {
		compare(p.machine, "document confirmed", fd, p.model.First().FD)
		if !p.file.Has(fd) {
			p.fail("document %d is confirmed and was not stored", fd)
		}
		p.model.Took()
	}
	if err != nil && !may {
		p.fail("sending failed: %v", err)
	}
	if p.model.Queue() > 0 && !may {
		p.fail("%d of %d documents are still not confirmed", p.model.Queue(), before)
	}
	p.linkState()
	p.expect()
}

// unanswered is a message that went whole and got no answer on its connection. A kept
// connection that the operator closed meanwhile is no failure: the message comes again.
func (p *pair) unanswered(paper life.Paper) {
	if p.file.Has(paper.FD) {
		return
	}
	d, err := p.file.op.Document(p.ctx, p.file.fn, paper.FD)
	if err != nil {
		p.t.Fatal(err)
	}
	if d.FD == paper.FD {
		p.file.Keep(paper, "")
	}
}

// linkState takes over what the drive was told of the connection: it is the
// register's own affair whether it keeps one.
func (p *pair) linkState() {
	p.model.Awaiting, p.model.Reading = false, false
	if p.model.Phase == life.Archive {
		return
	}
	x, err := p.ask.ExchangeStatus()
	if err != nil {
		p.fail("20h: %v", err)
	}
	p.model.Up = x.Connected()
}

// closeDrive closes the drive, mostly after everything was sent.
func (p *pair) closeDrive() {
	if how := rapid.IntRange(0, 5).Draw(p.t, "closing"); how >= 4 && !p.wire.down {
		if p.model.Shift.Open {
			p.document(life.CloseShift, life.Sale{}, order{})
		}
		p.trace.Add("exchange: {}", "%s the register sends what it has", stamp(p.now()))
		p.send(false)
	}
	p.document(life.CloseArchive, life.Sale{}, order{})
}

// check is the invariant of the pair.
func (p *pair) check() {
	p.state()
	if fd := p.model.LastFD(); fd > 0 {
		p.look(fd)
	}
	if err := p.file.stored(p.ctx); err != nil {
		p.fail("%v", err)
	}
	for fd := uint32(1); fd <= p.model.Confirmed; fd++ {
		if err := p.file.record(p.ctx, fd); err != nil {
			p.fail("%v", err)
		}
	}
}
