package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// receiptsInShift is how many receipts a register makes before it closes its shift.
const receiptsInShift = 100

// till is a register with its drive that makes one document after another:
// registration, then shifts full of receipts.
type till struct {
	o      *Options
	fn     fiscal.FNNumber
	e      *emulator.Emulator
	drive  *fnport.Driver
	rng    *rand.Rand
	header wire.Header
	reg    kkt.Registration
	begun  bool
	open   bool
	sold   int // receipts in the shift
}

var goods = []struct {
	name  string
	price fiscal.Kopecks
}{
	{"Хлеб ржаной нарезной 400 г", 6490}, {"Молоко пастеризованное 3,2% 1 л", 9990}, {"Яйца куриные С1, 10 шт.", 13900}, {"Сыр российский 45%, 200 г", 23900},
	{"Чай черный байховый, 100 пак.", 31500}, {"Кофе натуральный молотый 250 г", 45900}, {"Вода питьевая негазированная 0,5 л", 4500}, {"Пакет", 900},
}

// newTill makes the i-th register of a run. The same options give the same bytes,
// but for the time of documents.
func newTill(o *Options, signs *sign.TBGOST1, i int) (*till, error) {
	rng := rand.New(rand.NewPCG(o.Seed, uint64(i)))
	number := drawn(o.Seed, i)
	t := &till{o: o, fn: number, rng: rng, header: wire.Request(number, o.FFD)}
	var err error
	t.e, err = emulator.New(emulator.Options{Now: o.Now, Rand: rng, Signs: signs, FN: fn.Options{Number: number},
		KKT: kkt.Options{FFD: o.FFD, NoReadBack: true}})
	if err != nil {
		return nil, fmt.Errorf("load: register %d: %w", i, err)
	}
	t.drive = t.e.KKT().Driver()
	inn := fiscal.WithCheckDigits(fmt.Sprintf("77%07d", rng.IntN(10_000_000)))
	factory := fmt.Sprintf("%014d", rng.Uint64N(1e14))
	t.reg = kkt.Registration{
		FFD: o.FFD, RegNumber: fiscal.MakeRegNumber(rng.Uint64N(1e10), inn, factory), KKTNumber: factory,
		User: fmt.Sprintf("ООО \"Нагрузка-%d\"", i), UserINN: inn, Address: "101000, г. Москва, ул. Нагрузочная, д. 1", Place: "магазин \"Продукты у дома\"",
		Tax: kkt.TaxGeneral, OFDINN: o.OFD, OFDName: "Испытательный стенд ОФД", SellerAddress: "shop@example.test", Cashier: cashier,
	}
	return t, nil
}

var cashier = kkt.Cashier{Name: "Кассир Нагрузкин"}

// drawn is the number of the i-th drive of a seed: no two of a run are the same.
func drawn(seed uint64, i int) fiscal.FNNumber {
	first := rand.New(rand.NewPCG(seed, 0)).IntN(maxRegisters)
	return fiscal.FNNumber(fmt.Sprintf("9999078902%06d", (first+i)%maxRegisters))
}

// make makes the next document of the register's life.
func (t *till) make() error {
	var err error
	k := t.e.KKT()
	switch {
	case !t.begun:
		_, err = k.Register(t.reg)
		t.begun = true
	case !t.open:
		_, err = k.OpenShift(cashier)
		t.open, t.sold = true, 0
	case t.sold == receiptsInShift:
		_, err = k.CloseShift(cashier)
		t.open = false
	default:
		_, err = k.Receipt(t.receipt())
		t.sold++
	}
	if err != nil {
		return fmt.Errorf("load: document of FN %s: %w", t.fn, err)
	}
	return nil
}

func (t *till) receipt() kkt.Receipt {
	r := kkt.Receipt{Operation: fiscal.Sell, Cashier: cashier}
	if t.rng.IntN(20) == 0 {
		r.Operation = fiscal.SellReturn
	}
	var total fiscal.Kopecks
	for range 1 + t.rng.IntN(3) {
		g, n := goods[t.rng.IntN(len(goods))], 1+t.rng.Uint64N(3)
		r.Items = append(r.Items, kkt.Item{Name: g.name, Price: g.price, Quantity: kkt.Pieces(n), VAT: kkt.VAT10})
		total += g.price * fiscal.Kopecks(n)
	}
	if t.rng.IntN(3) == 0 {
		r.Cash = total
	} else {
		r.Ecash = total
	}
	return r
}

// message makes the next document and appends the message that carries it.
func (t *till) message(dst []byte) ([]byte, error) {
	if err := t.make(); err != nil {
		return dst, err
	}
	if err := t.drive.Transport(true); err != nil {
		return dst, fmt.Errorf("load: FN %s: %w", t.fn, err)
	}
	container, err := t.drive.ReadMessage(nil)
	if err != nil {
		return dst, fmt.Errorf("load: reading a message of FN %s: %w", t.fn, err)
	}
	return wire.AppendMessage(dst, t.header, container)
}

// confirm gives the drive a confirmation of the bench's own for a message built
// before the clock starts: a drive makes nothing while it waits too long.
func (t *till) confirm(signs *sign.TBGOST1, message []byte, at time.Time) error {
	container, err := wire.ReadContainer(message[wire.HeaderLen:])
	if err != nil {
		return err
	}
	fn, inn := t.fn.Padded(), t.o.OFD.Padded()
	var b tlv.Builder
	b.STLV(tlv.Tag(fiscal.FormOperatorAck), func(b *tlv.Builder) {
		b.Raw(ffd.TagOFDINN, inn[:])
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Uint32(ffd.TagFDNumber, uint32(container.FD))
		b.Time(ffd.TagDateTime, at.UTC())
	})
	stlv, err := b.Bytes()
	if err != nil {
		return fmt.Errorf("load: confirming FD %d: %w", container.FD, err)
	}
	ack, err := signs.Confirm(context.Background(), sign.ConfirmRequest{FN: t.fn, OFD: t.o.OFD, Request: container, STLV: stlv})
	if err != nil {
		return err
	}
	if _, err = t.drive.Ack(ack); err != nil {
		return fmt.Errorf("load: confirming FD %d of FN %s: %w", container.FD, t.fn, err)
	}
	return nil
}
