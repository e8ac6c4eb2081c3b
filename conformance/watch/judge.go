package watch

import (
	"fmt"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// side of a connection.
type side int

const (
	register side = iota
	operator
)

// how a side ended.
const (
	finished = "fin"
	reset    = "reset"
	cut      = "cut" // by the watch itself: nothing is judged
)

// link is a connection as it is judged.
type link struct {
	in      [2]stream
	ended   [2]string
	fn      string
	pending []*exchange // that wait for an answer, oldest first
	done    []*exchange // answered, newest last; one is kept
	mute    bool        // the last message wanted no answer
	half    bool        // the register left inside a message
	replied bool        // the operator sent something
}

// judge reads along and decides. One goroutine at a time is in it.
type judge struct {
	o Options

	mu        sync.Mutex
	links     map[int]*link
	drives    map[string]*drive
	tally     *tally
	documents int // fiscal documents that passed, repeats not counted
	messages  int
	errs      []string // of the judging itself
	trace     *tracer
}

func newJudge(o Options) *judge {
	only := conformance.KKT
	if o.Forward != "" {
		only = ""
	}
	return &judge{o: o, links: map[int]*link{}, drives: map[string]*drive{}, tally: newTally(only, o.breach), trace: &tracer{w: o.Traffic}}
}

// guard keeps judging from stopping what is watched.
func (j *judge) guard(doing string) {
	if p := recover(); p != nil {
		j.errs = append(j.errs, fmt.Sprintf("%s: %v", doing, p))
		j.o.Logger.Error("judging broke", "doing", doing, "err", p)
	}
}

func (j *judge) link(id int) *link {
	l := j.links[id]
	if l == nil {
		l = &link{}
		j.links[id] = l
	}
	return l
}

// bytes takes what one side sent and returns the exchanges that a register began
// with it.
func (j *judge) bytes(id int, from side, b []byte, at time.Time) (begun []*exchange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.guard("reading along")
	l := j.link(id)
	l.in[from].add(b)
	if from == operator {
		l.replied = true
	}
	for {
		raw, f := l.in[from].next()
		switch {
		case f == nothing:
			return begun
		case from == operator:
			j.reply(l, raw, f, at)
		default:
			x := j.message(l, raw, f, at)
			begun = append(begun, x)
		}
		if f != message {
			return begun
		}
	}
}

// end tells that a side ended.
func (j *judge) end(id int, from side, how string, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.guard("at the end of a connection")
	l := j.link(id)
	if l.ended[from] == reset || l.ended[from] == how {
		return
	}
	first := l.ended[from] == ""
	l.ended[from] = how
	if how == cut {
		l.pending = nil
		return
	}
	if from == register {
		j.registerLeft(l, first, at)
		return
	}
	if first {
		j.operatorLeft(l)
	}
}

// forget drops a connection that is over on both sides.
func (j *judge) forget(id int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.guard("at the end of a connection")
	if l := j.links[id]; l != nil {
		for _, x := range l.pending { // the register left before the operator did
			x.wrong = "K-061"
			j.trace.write(x)
		}
		delete(j.links, id)
	}
}

// answerTimer is how long a register holds the connection (transport.md 7.1).
const answerTimer = 300 * time.Second

func (j *judge) registerLeft(l *link, first bool, at time.Time) {
	if rest := l.in[register].rest(); first && rest != nil {
		l.half = true
		x := &exchange{fn: l.fn, raw: rest}
		j.tally.broke("E-07", x, len(rest), "a whole message", fmt.Sprintf("%d bytes, then the end", len(rest)))
		j.trace.write(x)
	}
	for _, x := range l.pending {
		x.wrong = "K-061" // unless an answer still comes
	}
	if l.ended[register] != reset || l.ended[operator] != "" {
		return
	}
	for _, x := range l.pending {
		if x.msg.duty.wanted() && at.Sub(x.msg.at) < answerTimer {
			j.tally.broke("K-061", x, len(x.raw), "the answer awaited for 300 s", fmt.Sprintf("reset after %s", at.Sub(x.msg.at).Round(time.Millisecond)))
		}
	}
}

// operatorLeft: no answer comes any more.
func (j *judge) operatorLeft(l *link) {
	how := conformance.Closed
	if l.ended[operator] == reset {
		how = conformance.Reset
	}
	rest := l.in[operator].rest()
	if n := len(l.done); n > 0 && len(l.pending) == 0 && rest == nil {
		l.done[n-1].closed = true
	}
	if rest != nil && len(l.pending) == 0 {
		x := &exchange{fn: l.fn, answer: rest}
		j.tally.broke("W-21", x, 0, "nothing", fmt.Sprintf("%d bytes", len(rest)))
		j.trace.write(x)
	}
	for i, x := range l.pending {
		x.ending, x.wrong = how, "K-061"
		if i == 0 && rest != nil {
			x.answer, x.wrong = rest, "K-096"
			j.tally.broke("W-22", x, len(rest), "a whole answer", fmt.Sprintf("%d bytes, then the end", len(rest)))
		}
		j.unanswered(l, x, x.answer)
		j.trace.write(x)
	}
	if l.half && !l.replied {
		j.tally.hold("O-111", &exchange{fn: l.fn, raw: l.in[register].buf, ending: how})
	}
	l.pending = nil
}

// unanswered judges the operator's silence; piece is what came of an answer.
func (j *judge) unanswered(l *link, x *exchange, piece []byte) {
	switch d := x.msg.duty; {
	case d.obligation == leave:
		for _, id := range d.ids {
			if len(piece) > 0 {
				j.tally.broke(id, x, 0, "no byte", fmt.Sprintf("%d bytes", len(piece)))
			} else {
				j.tally.hold(id, x)
			}
		}
	case !d.wanted() || l.ended[register] == reset || len(piece) > 0:
	default:
		j.tally.broke("W-20", x, -1, "an answer", x.ending)
		if l.ended[register] == finished {
			j.tally.broke("O-110", x, -1, "an answer after the register shut its half", x.ending)
		}
	}
}

// drive is what is known of a drive by its number.
func (j *judge) drive(fn string) *drive {
	d := j.drives[fn]
	if d == nil {
		d = &drive{fn: fn, papers: map[uint32]*paper{}}
		j.drives[fn] = d
		j.o.event("drive", fmt.Sprintf("drive %s", fn))
	}
	return d
}

// reader is the register that an answer must fit.
func (j *judge) reader(m *model.Message) *model.Register {
	return &model.Register{FN: m.FN, OFD: j.o.OFD, FFD: m.FFD, Keys: model.DeriveKeys(j.o.Master, m.FN, j.o.OFD)}
}
