package steps

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

func (w *world) exchangeSteps() []definition {
	return []definition{
		{in: action, sentence: [2]string{"the register exchanges with the operator", "касса обменивается с оператором"}, do: w.exchanges},
		{in: action, sentence: [2]string{"the operator is out of reach", "оператор недоступен"}, do: w.outage},
		{in: action, sentence: [2]string{"the operator takes messages and answers nothing", "оператор принимает сообщения и не отвечает"}, do: w.silence},
		{in: action, sentence: [2]string{"the operator is in reach again", "оператор снова доступен"}, do: w.outageEnds},
		{in: action, sentence: [2]string{"the operator comes back and gets what has piled up", "оператор возвращается и получает накопленное"}, do: w.catchUp},
		{in: action, sentence: [2]string{"the next confirmation is lost", "следующее подтверждение теряется"}, do: w.loseReply},
		{in: action, sentence: [2]string{"the connection breaks in the middle of the next message", "связь рвётся посреди следующего сообщения"}, do: w.breakMessage},
		{in: action, sentence: [2]string{"the next message goes out with {damage}", "следующее сообщение уходит с {damage}"}, do: w.damageNext},
		{in: action, sentence: [2]string{"the next confirmation comes with {spoiling}", "следующее подтверждение приходит с {spoiling}"}, do: w.spoilNext},
		{in: action, sentence: [2]string{"the operator's reserve site takes {n} receipt(s)", "{n} чек/чека/чеков принимает резервная площадка оператора"}, do: w.reserveTakes},
		{in: action, sentence: [2]string{"the reserve site hands its documents over", "резервная площадка передаёт основной свои документы"}, do: w.handOver},
	}
}

func (w *world) exchanges(ctx context.Context) error {
	if _, err := w.register(); err != nil {
		return err
	}
	w.send(ctx)
	return nil
}

// fresh changes the line and drops the kept connection, so that the next message
// begins a connection of its own: a register resends at once when a kept one turns
// out to be dead.
func (w *world) fresh(f func(*line)) error {
	w.line.set(f)
	if w.emu == nil {
		return nil
	}
	return w.emu.Close()
}

func (w *world) outage() error { return w.fresh(func(l *line) { l.down = true }) }

func (w *world) silence() error { return w.fresh(func(l *line) { l.mute = true }) }

func (w *world) outageEnds() error { return w.fresh(func(l *line) { l.down, l.mute = false, false }) }

func (w *world) catchUp(ctx context.Context) error {
	if err := w.outageEnds(); err != nil {
		return err
	}
	return w.exchanges(ctx)
}

func (w *world) loseReply() error { return w.fresh(func(l *line) { l.lose = true }) }

func (w *world) breakMessage() error { return w.fresh(func(l *line) { l.breaks = true }) }

func (w *world) damageNext(damage string) error {
	f, err := damages.find(damage)
	return errors.Join(err, w.fresh(func(l *line) { l.damage = f }))
}

func (w *world) spoilNext(spoiling string) error {
	f, err := spoilings.find(spoiling)
	return errors.Join(err, w.fresh(func(l *line) { l.spoiling = f }))
}

// reserveTakes sends receipts to the operator's other site, which is of the same INN
// and keys and has a store of its own, and comes back to the main one.
func (w *world) reserveTakes(ctx context.Context, n int) error {
	if _, err := w.register(); err != nil {
		return err
	}
	if w.reserve == nil {
		twins, err := can[conformance.Twinned](w.main, "second operator beside it")
		if err != nil {
			return err
		}
		site, stop, err := twins.Twin(ctx, string(w.opts.OFD))
		if err != nil {
			return err
		}
		w.stops, w.reserve = append(w.stops, stop), site
	}
	w.use(w.reserve)
	defer w.use(w.main)
	return w.issueAndSend(ctx, n)
}

// handOver sends to the main site every message that the reserve site keeps.
func (w *world) handOver(ctx context.Context) error {
	if w.reserve == nil {
		return errors.New("no reserve site took anything")
	}
	shows, err := can[conformance.Inspector](w.reserve, "way to show what it keeps")
	if err != nil {
		return err
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", w.main.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	number := string(w.emu.Number())
	for fd := uint32(1); fd <= uint32(w.last.FD); fd++ {
		doc, err := shows.Document(ctx, number, fd)
		if err != nil {
			return err
		}
		if doc.FD == 0 {
			continue
		}
		if _, err := c.Write(doc.Message); err != nil {
			return err
		}
		reply, err := readReply(c)
		w.line.set(func(l *line) { l.log = append(l.log, Exchange{Message: doc.Message, Reply: reply}) })
		if err != nil && !(errors.Is(err, io.EOF) && len(reply) > 0) {
			return err
		}
	}
	return nil
}

// marking tells a message of the marking exchange by its signature.
func marking(message []byte) bool {
	return len(message) >= len(wire.SignatureMarking) && wire.Signature(message[:4]) == wire.SignatureMarking
}
