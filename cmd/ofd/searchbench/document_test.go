package searchbench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/store"
)

const (
	operator      = fiscal.INN("7704358518")
	receiptMoulds = 600
	stlvAt        = wire.HeaderLen + wire.ContainerHeaderLen
)

// moscow is where all registers of the bench stand.
var moscow = time.FixedZone("MSK", 3*3600)

// mould is a document that the emulated register has made. Copies differ in what
// tells documents apart: drive, register, user, numbers, time and signs' numbers; the
// signs themselves stay those of the original.
type mould struct {
	form         fiscal.Form
	operation    fiscal.OperationType
	total        fiscal.Kopecks
	message      []byte
	stlvLen      int
	confirmation []byte
}

// moulds are what documents of a life are cast from.
type moulds struct {
	registration, open, close mould
	receipts                  []mould
}

// caster makes the moulds with a register that trades for a day.
type caster struct {
	e      *emulator.Emulator
	clock  *emulator.Clock
	scheme *sign.TBGOST1
	rng    *rand.Rand
}

func castMoulds(ctx context.Context) (*moulds, error) {
	c := &caster{clock: emulator.NewClock(time.Date(2026, 2, 1, 9, 0, 0, 0, moscow)), scheme: sign.NewTBGOST1(sign.TBGOST1Options{}), rng: rand.New(rand.NewPCG(10, 7))}
	e, err := emulator.New(emulator.Options{Now: c.clock.Now, Signs: c.scheme, Rand: c.rng})
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	c.e = e
	const factory = "00105726645591"
	var m moulds
	user := fiscal.INN("7702203276")
	if m.registration, err = c.cast(ctx)(e.KKT().Register(kkt.Registration{
		FFD: fiscal.FFD12, RegNumber: fiscal.MakeRegNumber(5, user, factory), KKTNumber: factory, User: "ООО Ромашка", UserINN: user,
		Address: "101000, г. Москва, ул. Ленина, д. 1", Place: "Магазин №1", Tax: kkt.TaxGeneral, OFDINN: operator, OFDName: "Стенд",
		SellerAddress: "shop@example.test", Cashier: kkt.Cashier{Name: "Иванова А.А."},
	})); err != nil {
		return nil, err
	}
	if m.open, err = c.cast(ctx)(e.KKT().OpenShift(kkt.Cashier{})); err != nil {
		return nil, err
	}
	for range receiptMoulds {
		one, err := c.cast(ctx)(e.KKT().Receipt(c.receipt()))
		if err != nil {
			return nil, err
		}
		m.receipts = append(m.receipts, one)
	}
	m.close, err = c.cast(ctx)(e.KKT().CloseShift(kkt.Cashier{}))
	return &m, err
}

// receipt draws one: one item to four, one in twenty a return, one in ten with the
// buyer's contact.
func (c *caster) receipt() kkt.Receipt {
	r := kkt.Receipt{Operation: fiscal.Sell, Tax: kkt.TaxGeneral}
	var total fiscal.Kopecks
	for range 1 + c.rng.IntN(4) {
		price, n := fiscal.Kopecks(1000+c.rng.IntN(200_000)), 1+c.rng.IntN(3)
		vat := []kkt.VATRate{kkt.VAT22, kkt.VAT22, kkt.VAT10, kkt.VATNone}[c.rng.IntN(4)]
		r.Items = append(r.Items, kkt.Item{Name: goods[c.rng.IntN(len(goods))], Price: price, Quantity: kkt.Pieces(uint64(n)), VAT: vat})
		total += price * fiscal.Kopecks(n)
	}
	if c.rng.IntN(20) == 0 {
		r.Operation = fiscal.SellReturn
	}
	if c.rng.IntN(10) == 0 {
		r.BuyerContact = fmt.Sprintf("buyer%03d@example.test", c.rng.IntN(1000))
	}
	if c.rng.IntN(3) == 0 {
		r.Payments.Cash = total
	} else {
		r.Payments.Ecash = total
	}
	return r
}

var goods = strings.Fields("Хлеб Молоко Чай Кофе Сахар Соль Мука Гречка Рис Яблоки Груши Сыр Творог Сметана Масло Мыло Шампунь Батарейка Лампа Тетрадь Ручка Карандаш Носки Перчатки")

// cast turns what the register made into a mould, sealed and confirmed.
func (c *caster) cast(ctx context.Context) func(kkt.Result, error) (mould, error) {
	return func(r kkt.Result, err error) (mould, error) {
		if err != nil {
			return mould{}, fmt.Errorf("making a document: %w", err)
		}
		c.clock.Advance(time.Minute)
		fn := c.e.Number()
		container, err := c.scheme.Drive(fn, 0).Seal(r.Form, r.FD, operator, r.STLV, false)
		if err != nil {
			return mould{}, fmt.Errorf("sealing a document: %w", err)
		}
		message, err := wire.AppendMessage(nil, wire.Request(fn, fiscal.FFD12), container)
		if err != nil {
			return mould{}, err
		}
		request, err := wire.ReadContainer(container)
		if err != nil {
			return mould{}, err
		}
		var format ack.Format
		confirmation, err := format.Form(ctx, c.scheme, &ack.Confirmation{FN: fn, FD: r.FD, FFD: fiscal.FFD12, OFD: operator, At: c.clock.Now(), Request: request})
		if err != nil {
			return mould{}, fmt.Errorf("confirming a document: %w", err)
		}
		d, err := ffd.Decode(r.STLV)
		return mould{r.Form, fiscal.OperationType(d.Uint(ffd.TagOperationType)), r.Total, message, len(r.STLV), confirmation}, err
	}
}

// place is what makes a copy a document of its own.
type place struct {
	fn     fiscal.FNNumber
	reg    fiscal.RegNumber
	user   fiscal.INN
	fd     fiscal.FDNumber
	shift  uint32
	number uint32
	at     time.Time // tag 1012
	fpd    fiscal.FPD
}

// document is a copy of the mould at p.
func (m *mould) document(p *place) store.Document {
	message := append([]byte(nil), m.message...)
	container := message[wire.HeaderLen:]
	bcd := p.fn.BCD()
	copy(container[wire.OffFN:], bcd[:])
	copy(container[wire.OffFD:], []byte{byte(p.fd >> 16), byte(p.fd >> 8), byte(p.fd)})
	stlv := message[stlvAt : stlvAt+m.stlvLen]
	fn, reg, user := p.fn.Padded(), p.reg.Padded(), p.user.Padded()
	for w := tlv.Walk(stlv[tlv.HeaderLen:]); w.Next(); {
		switch f := w.Field(); f.Tag {
		case ffd.TagFNNumber:
			copy(f.Value, fn[:])
		case ffd.TagKKTRegID:
			copy(f.Value, reg[:])
		case ffd.TagUserINN:
			copy(f.Value, user[:])
		case ffd.TagFDNumber:
			binary.LittleEndian.PutUint32(f.Value, uint32(p.fd))
		case ffd.TagDateTime:
			binary.LittleEndian.PutUint32(f.Value, uint32(p.at.Unix()))
		case ffd.TagShiftNumber:
			binary.LittleEndian.PutUint32(f.Value, p.shift)
		case ffd.TagRequestNumber:
			binary.LittleEndian.PutUint32(f.Value, p.number)
		case ffd.TagFPD:
			binary.BigEndian.PutUint32(f.Value[2:], uint32(p.fpd))
		}
	}
	wire.FinishContainer(container)
	confirmation := append([]byte(nil), m.confirmation...)
	copy(confirmation[wire.OffFN:], bcd[:])
	copy(confirmation[wire.OffFD:], container[wire.OffFD:wire.OffFD+3])
	wire.FinishContainer(confirmation)
	return store.Document{
		FN: p.fn, FD: p.fd, Form: m.form, FFD: fiscal.FFD12, RegID: p.reg, UserINN: p.user, DateTime: p.at, ReceivedAt: p.at.Add(-3 * time.Hour),
		Shift: p.shift, Number: p.number, Operation: m.operation, Total: m.total, FPD: p.fpd, Message: message, STLV: stlv,
		Confirmation: confirmation, Policy: "tb-gost-1", FPS: "ok", FPDCheck: "ok",
	}
}
