package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// register is an emulated register with its drive that sells, sends, and remembers
// what was confirmed.
type register struct {
	l       *load
	e       *emulator.Emulator
	fn      fiscal.FNNumber
	rand    *rand.Rand
	encrypt bool

	// Of the message under way; used by the goroutine that sends.
	began   int64
	sent    []byte
	reply   []byte
	dropped int

	mu   sync.Mutex
	held []held
}

// held is a document with the confirmation that its register has.
type held struct {
	fd                     fiscal.FDNumber
	message                []byte // with the session header
	document, confirmation []byte // containers
}

// Pace of a register.
const (
	betweenReceipts = 12 * time.Millisecond
	retryAfter      = 20 * time.Millisecond
	answerLimit     = 3 * time.Second
	shiftLen        = 40
	unsentLimit     = 12 // it stops selling there until somebody answers
)

func newRegister(l *load, n int, r *rand.Rand) (*register, error) {
	one := &register{l: l, fn: fiscal.FNNumber(fmt.Sprintf("9999078902%06d", n)), rand: r, encrypt: n%4 == 3}
	var err error
	one.e, err = emulator.New(emulator.Options{FN: fn.Options{Number: one.fn}, OneShot: n%2 == 1, Rand: r,
		Link: link.Options{Dial: one.dial, Observer: one.observe, Timers: link.Timers{Answer: answerLimit, Connect: answerLimit, Write: answerLimit}}})
	if err != nil {
		return nil, err
	}
	const user, factory = fiscal.INN("7702203276"), "00105726645591"
	format := []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}[n%3]
	_, err = one.e.KKT().Register(kkt.Registration{
		FFD: format, RegNumber: fiscal.MakeRegNumber(uint64(1000+n), user, factory), KKTNumber: factory,
		User: "ООО Ромашка", UserINN: user, Address: "101000, г. Москва, ул. Ленина, д. 1", Place: "Магазин №1",
		Tax: kkt.TaxGeneral, OFDINN: servertest.OFD, OFDName: "Стенд", SellerAddress: "shop@example.test",
		Cashier: kkt.Cashier{Name: "Иванова А.А."}, Modes: kkt.Modes{Encryption: one.encrypt},
	})
	return one, err
}

// live sells and sends until ctx ends.
func (r *register) live(ctx context.Context) {
	for n := 0; ctx.Err() == nil; {
		if r.unsent() < unsentLimit {
			if err := r.work(n); err != nil {
				r.l.wrong("FN %s: %v", r.fn, err)
				return
			}
			n++
		}
		pause := time.Duration(r.rand.Int64N(int64(2 * betweenReceipts)))
		if _, err := r.e.Exchange(ctx); err != nil {
			pause = time.Duration(r.rand.Int64N(int64(2 * retryAfter)))
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

// work makes the next document of a day.
func (r *register) work(n int) (err error) {
	k := r.e.KKT()
	switch n % shiftLen {
	case 0:
		_, err = k.OpenShift(kkt.Cashier{})
	case shiftLen - 1:
		_, err = k.CloseShift(kkt.Cashier{})
	default:
		price := fiscal.Kopecks(100 + r.rand.IntN(100_000))
		_, err = k.Receipt(kkt.Receipt{Operation: fiscal.Sell, Tax: kkt.TaxGeneral, Payments: kkt.Payments{Cash: price},
			Items: []kkt.Item{{Name: "Хлеб ржаной", Price: price, Quantity: kkt.Pieces(1), VAT: kkt.VAT22}}})
	}
	return err
}

// unsent is how many documents wait in the drive.
func (r *register) unsent() (n int) {
	_ = r.e.Do(func(d *fn.Device) error {
		n = d.View().Unconfirmed
		return nil
	})
	return n
}

// drain sends what is left.
func (r *register) drain(ctx context.Context) error {
	defer r.e.Close()
	for {
		_, err := r.e.Exchange(ctx)
		n := r.unsent()
		if n == 0 && err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("FN %s: %d documents are left: %w", r.fn, n, err)
		}
		time.Sleep(retryAfter)
	}
}

func (r *register) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", r.l.addr())
	if err != nil {
		r.l.refused.Add(1)
		return nil, err
	}
	return &tap{c, r}, nil
}

// tap watches a connection: a message begins with its writing and ends without an
// answer when the connection is closed.
type tap struct {
	net.Conn
	r *register
}

func (t *tap) Write(b []byte) (int, error) {
	t.r.end(ending{})
	t.r.began, t.r.sent, t.r.reply, t.r.dropped = t.r.l.history.tick(), append([]byte(nil), b...), nil, 0
	return t.Conn.Write(b)
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.r.reply = append(t.r.reply, b[:n]...)
	return n, err
}

func (t *tap) Close() error {
	t.r.end(ending{})
	return t.Conn.Close()
}

// end tells the history how the message under way ended.
func (r *register) end(e ending) {
	if r.sent == nil {
		return
	}
	c, err := wire.ReadContainer(r.sent[wire.HeaderLen:])
	if err != nil {
		r.l.wrong("FN %s sends what is no container: %v", r.fn, err)
		return
	}
	if e.verdict == unknown {
		r.l.reconnects.Add(1)
	}
	r.l.history.sent(r.began, sending{r.fn, c.FD, digestOf(r.sent[wire.HeaderLen:])}, e)
	r.sent = nil
}

func (r *register) observe(e link.Event) {
	switch e.Kind {
	case link.Dropped:
		r.dropped++
		r.l.wrong("FN %s FD %d: the drive refuses the confirmation %x: %v", r.fn, e.FD, e.Data, e.Err)
	case link.Acknowledged:
		if e.Code != 0 || e.Message != 0 {
			r.l.wrong("FN %s FD %d: confirmed with code %d, message %d", r.fn, e.FD, e.Code, e.Message)
		}
		d := wire.Decoder{Profile: wire.Lenient}
		d.Feed(r.reply)
		var m *wire.Message
		var err error
		for range r.dropped + 1 {
			if m, err = d.Next(); m == nil {
				r.l.wrong("FN %s FD %d: what confirmed it is no message: %v", r.fn, e.FD, err)
				return
			}
		}
		h := held{fd: e.FD, message: r.sent, document: r.sent[wire.HeaderLen:], confirmation: append([]byte(nil), m.Body()...)}
		r.end(ending{confirmed, digestOf(h.confirmation)})
		r.mu.Lock()
		r.held = append(r.held, h)
		r.mu.Unlock()
		r.l.confirmed.Add(1)
	}
}

func (r *register) holds() []held {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[:len(r.held):len(r.held)]
}
