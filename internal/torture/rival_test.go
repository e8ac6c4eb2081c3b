package torture

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// send sends a message on a connection of its own and tells the history how it ended.
func (l *load) send(d servertest.Doc) (ending, []byte) {
	began := l.history.tick()
	e, confirmation := l.exchange(d)
	l.history.sent(began, sending{d.FN, d.FD, digestOf(d.Container)}, e)
	return e, confirmation
}

func (l *load) exchange(d servertest.Doc) (ending, []byte) {
	nc, err := net.DialTimeout("tcp", l.addr(), answerLimit)
	if err != nil {
		return ending{}, nil
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(answerLimit))
	if _, err := nc.Write(d.Message); err != nil {
		return ending{}, nil
	}
	decoder := wire.Decoder{Profile: wire.Lenient}
	m, err := decoder.Read(nc)
	if err != nil || m == nil {
		return ending{}, nil
	}
	a, err := servertest.ReadAck(d, m)
	if err != nil {
		l.wrong("FN %s FD %d: no good confirmation: %v", d.FN, d.FD, err)
		return ending{}, nil
	}
	if a.Code == int(ack.CodeNotRecognised) || a.Bits > 0 {
		return ending{verdict: refused}, nil
	}
	return ending{confirmed, digestOf(m.Body())}, m.Body()
}

// rival sends what registers hold a confirmation of once more, from another place:
// the same bytes, which must bring the same confirmation, or others under the same
// number, which must bring none.
func (l *load) rival(ctx context.Context, r *rand.Rand) {
	for l.pause(ctx, time.Duration(5+r.IntN(25))*time.Millisecond) {
		one := l.registers[r.IntN(len(l.registers))]
		all := one.holds()
		if len(all) == 0 {
			continue
		}
		h := all[r.IntN(len(all))]
		if r.IntN(2) == 0 { // most repeats are of what is new
			h = all[len(all)-1]
		}
		d := servertest.Doc{FN: one.fn, FD: h.fd, OFD: servertest.OFD, Container: h.document, Message: h.message}
		if one.encrypt || r.IntN(3) > 0 {
			if e, confirmation := l.send(d); e.verdict == confirmed && !bytes.Equal(confirmation, h.confirmation) || e.verdict == refused {
				l.wrong("FN %s FD %d: repeated with %x, confirmed with %x", one.fn, h.fd, confirmation, h.confirmation)
			} else if e.verdict == confirmed {
				l.repeats.Add(1)
			}
			continue
		}
		forged, err := forge(d)
		if err != nil {
			l.wrong("FN %s FD %d: forging: %v", one.fn, h.fd, err)
			return
		}
		switch e, _ := l.send(forged); e.verdict {
		case confirmed:
			l.wrong("FN %s FD %d: other bytes are confirmed under a number that is taken", one.fn, h.fd)
		case refused:
			l.conflicts.Add(1)
		}
	}
}

// forge makes another document with the number of d and a right message sign.
func forge(d servertest.Doc) (servertest.Doc, error) {
	c, err := wire.ReadContainer(d.Container)
	if err != nil {
		return d, err
	}
	stlv, _, err := wire.SplitPayload(c.Payload())
	if err != nil {
		return d, err
	}
	stlv = bytes.Clone(stlv)
	stlv[len(stlv)-1] ^= 1 // of the last field, which is the ФПД
	if d.Container, err = servertest.Scheme.Drive(d.FN, 0).Seal(c.Form, c.FD, d.OFD, stlv, false); err != nil {
		return d, err
	}
	d.Message = append(bytes.Clone(d.Message[:wire.HeaderLen]), d.Container...)
	if len(d.Container) != len(c.Raw) {
		return d, errors.New("its length differs")
	}
	return d, nil
}

// contest sends two documents with one number at the same time from two places until
// both are answered: one must win, whatever happens meanwhile.
func (l *load) contest(ctx context.Context, number int) {
	r := servertest.NewRegister(number, fiscal.FFD105)
	r.Time = time.Now()
	until := func(d servertest.Doc) verdict {
		for {
			if e, _ := l.send(d); e.verdict != unknown {
				return e.verdict
			}
			if ctx.Err() != nil && l.over.Load() {
				return unknown
			}
			time.Sleep(retryAfter)
		}
	}
	for _, d := range []servertest.Doc{r.Registration(), r.OpenShift()} {
		until(d)
	}
	for l.pause(ctx, 10*time.Millisecond) {
		one := r.Receipt(100)
		another, err := forge(one)
		if err != nil {
			l.wrong("contest: %v", err)
			return
		}
		var a, b verdict
		var wg sync.WaitGroup
		wg.Go(func() { a = until(one) })
		wg.Go(func() { b = until(another) })
		wg.Wait()
		if a == unknown || b == unknown {
			return
		}
		l.contests.Add(1)
		if (a == confirmed) == (b == confirmed) {
			l.wrong("FN %s FD %d: two documents with one number both ended as %d", one.FN, one.FD, a)
		}
	}
}
