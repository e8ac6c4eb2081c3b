package steps

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

func (w *world) markingSteps() []definition {
	return []definition{
		{in: action, sentence: [2]string{"the register sells a marked product {goods}", "касса продаёт маркированный товар {goods}"}, do: w.sellMarked},
		{in: action, sentence: [2]string{"the register sells the same product again", "касса снова продаёт тот же товар"}, do: w.sellAgain},
		{in: action, sentence: [2]string{"the register takes the same product back", "касса принимает тот же товар обратно"}, do: w.takeBack},
		{in: then, sentence: [2]string{"the receipt says of the product: {result}", "в чеке о товаре сказано: {result}"}, do: w.saysOfProduct},
		{in: then, sentence: [2]string{"the drive holds {n} unsent notification(s) of sale", "в ФН {n} неотправленное/неотправленных уведомление/уведомления/уведомлений о реализации"}, do: w.notices},
	}
}

// dialMarking connects requests about codes; their bytes are kept with the rest.
func (w *world) dialMarking(ctx context.Context) (net.Conn, error) {
	m, ok := w.operator.(conformance.Marking)
	if w.noMarking || !ok {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", m.MarkingAddr())
	if err != nil {
		return nil, err
	}
	return &recorded{Conn: c, line: w.line}, nil
}

// recorded is a connection of one request whose bytes are kept.
type recorded struct {
	net.Conn
	line *line
}

// Write keeps the request.
func (r *recorded) Write(b []byte) (int, error) {
	r.line.set(func(l *line) { l.log = append(l.log, Exchange{Message: append([]byte(nil), b...)}) })
	return r.Conn.Write(b)
}

// Read keeps the answer.
func (r *recorded) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.line.set(func(l *line) {
		if len(l.log) > 0 {
			e := &l.log[len(l.log)-1]
			e.Reply = append(e.Reply, b[:n]...)
		}
	})
	return n, err
}

// subjectMarked is a marked product in tag 1212.
const subjectMarked = 33

func (w *world) sellMarked(kind string) error {
	ending, err := goods.find(kind)
	if err != nil {
		return err
	}
	if _, ok := w.main.(conformance.Marking); !ok && w.main != nil {
		return skip("marking operator")
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var check strings.Builder
	for range 86 {
		check.WriteByte(letters[w.rand.IntN(len(letters))])
	}
	w.product = fmt.Sprintf("0104606419014681215K%011d", w.rand.Int64N(100_000_000_000)) + ffd.GS + "91EE07" + ffd.GS + "92" + check.String() + ending
	return w.settleMarked(fiscal.Sell)
}

func (w *world) settleMarked(op fiscal.OperationType) error {
	if w.product == "" {
		return errors.New("no marked product was sold before")
	}
	r := receipt(op, 150_00)
	r.Items = []kkt.Item{{Name: "Кроссовки", Price: 150_00, Quantity: kkt.Pieces(1), VAT: kkt.VAT22, Subject: subjectMarked, Code: w.product}}
	return w.issue(r)
}

func (w *world) sellAgain() error { return w.settleMarked(fiscal.Sell) }

func (w *world) takeBack() error { return w.settleMarked(fiscal.SellReturn) }

func (w *world) saysOfProduct(text string) error {
	want, err := markingResults.find(text)
	if err != nil {
		return err
	}
	d, err := w.lastDocument()
	if err != nil {
		return err
	}
	for _, item := range d.All(ffd.TagItem) {
		if n := item.Child(ffd.TagProductCheckResult); n != nil {
			if got := ffd.NodeUint(n); got != want {
				return differs("result of the check (2106)", want, got)
			}
			return nil
		}
	}
	return errors.New("the last document says nothing of a marked product (2106)")
}

func (w *world) notices(n int) error {
	if _, err := w.register(); err != nil {
		return err
	}
	return same("unsent notifications", n, w.view().Notices)
}
