package target

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Do carries an order out.
func (t *till) Do(ctx context.Context, o conformance.Order) (conformance.Made, error) {
	if o.WrongClock != 0 {
		t.clock.misset(o.WrongClock)
		defer t.clock.misset(0)
	}
	r, err := t.make(ctx, o)
	if err != nil {
		return conformance.Made{}, refusal(err)
	}
	return made(r), nil
}

func (t *till) make(ctx context.Context, o conformance.Order) (kkt.Result, error) {
	switch o.Do {
	case conformance.OrderRegister:
		return t.kkt.Register(registration(o))
	case conformance.OrderChange:
		c, err := change(o, t.kkt.Registration)
		if err != nil {
			return kkt.Result{}, err
		}
		return t.kkt.ChangeRegistration(c)
	case conformance.OrderReplaceDrive:
		return t.replace(ctx, o)
	case conformance.OrderOpenShift:
		return t.kkt.OpenShift(kkt.Cashier{})
	case conformance.OrderSell:
		return t.kkt.Receipt(receipt(o))
	case conformance.OrderCorrect:
		return t.kkt.Correction(correction(o, t.clock.now()))
	case conformance.OrderStateReport:
		return t.kkt.StateReport()
	case conformance.OrderCloseShift:
		return t.kkt.CloseShift(kkt.Cashier{})
	case conformance.OrderCloseArchive:
		return t.kkt.CloseArchive(kkt.Cashier{})
	case conformance.OrderUpdateKeys:
		_, err := t.kkt.UpdateKeys()
		return kkt.Result{}, err
	}
	return kkt.Result{}, unknown(o)
}

// replace puts a new drive in.
func (t *till) replace(ctx context.Context, o conformance.Order) (kkt.Result, error) {
	reg, ok, err := t.kkt.Registration()
	if err != nil {
		return kkt.Result{}, err
	}
	if !ok {
		return kkt.Result{}, errors.New("target: the register is not registered")
	}
	old, oldTrace, oldNumber := t.device, t.trace, t.number
	if err := t.link.Close(); err != nil {
		return kkt.Result{}, err
	}
	if err := t.insert(ctx, fiscal.FNNumber(o.NewFN)); err != nil {
		return kkt.Result{}, err
	}
	r, err := t.kkt.ReplaceFN(t.trace, kkt.Change{Registration: reg})
	if err != nil {
		t.device, t.trace, t.number = old, oldTrace, oldNumber
		return r, errors.Join(err, t.connect(oldTrace))
	}
	return r, nil
}

// The standard register (scenarios.md section 0).
const (
	userINN = fiscal.INN("7702203276")
	factory = "000000000002"
)

func registration(o conformance.Order) kkt.Registration {
	r := kkt.Registration{
		FFD: fiscal.FFD(o.FFD), RegNumber: fiscal.MakeRegNumber(5, userINN, factory), KKTNumber: factory, User: "ООО Ромашка", UserINN: userINN,
		Address: "Москва, ул. Тестовая, 1", Place: "касса 1", Tax: kkt.TaxGeneral | kkt.TaxSimplified, OFDINN: fiscal.INN(o.OFD), OFDName: "ОФД стенда",
		SellerAddress: "shop@example.test", Cashier: kkt.Cashier{Name: "Кассир Иванов"},
	}
	if o.Tax != 0 {
		r.Tax = kkt.TaxSystem(o.Tax)
	}
	if o.User != "" {
		r.User = o.User
	}
	if o.BadRNM {
		last := r.RegNumber[15]
		r.RegNumber = r.RegNumber[:15] + fiscal.RegNumber('0'+(last-'0'+1)%10)
	}
	setModes(&r, o)
	return r
}

func setModes(r *kkt.Registration, o conformance.Order) {
	r.Encryption, r.Marking = o.Encrypt, o.Marking
	if o.Autonomous {
		r.Autonomous, r.OFDINN, r.OFDName, r.FNSSite, r.SellerAddress = true, "", "", "", ""
	}
	for _, m := range o.Modes {
		switch m {
		case "services":
			r.Services = true
		case "bso":
			r.BSO = true
		case "excise":
			r.Excise = true
		}
	}
}

// change starts from the registration in force.
func change(o conformance.Order, inForce func() (kkt.Registration, bool, error)) (kkt.Change, error) {
	r, ok, err := inForce()
	if err != nil {
		return kkt.Change{}, err
	}
	if !ok {
		return kkt.Change{}, errors.New("target: the register is not registered")
	}
	if o.FFD != 0 {
		r.FFD = fiscal.FFD(o.FFD)
	}
	c := kkt.Change{Registration: r, Reasons: o.Reasons, Bits: kkt.ChangeBits(o.Bits)}
	if o.User != "" {
		c.User = o.User
	}
	if o.OFD != "" && !o.Autonomous {
		c.OFDINN = fiscal.INN(o.OFD)
	}
	if o.Tax != 0 {
		c.Tax = kkt.TaxSystem(o.Tax)
	}
	if o.Autonomous {
		setModes(&c.Registration, o)
	}
	return c, nil
}

func receipt(o conformance.Order) kkt.Receipt {
	r := kkt.Receipt{Operation: fiscal.OperationType(max(o.Operation, 1)), Tax: kkt.TaxGeneral}
	kopecks, items, name := o.Kopecks, max(o.Items, 1), o.Name
	if kopecks == 0 {
		kopecks = 10000
	}
	if name == "" {
		name = "Хлеб"
	}
	for range items {
		item := kkt.Item{Name: name, Price: fiscal.Kopecks(kopecks), Quantity: kkt.Pieces(1), VAT: kkt.VATNone}
		if o.VAT != 0 {
			item.VAT = kkt.VATRate(o.VAT)
		}
		if o.Code != "" {
			item.Code, item.Subject = o.Code, 33
		}
		r.Items = append(r.Items, item)
	}
	r.Payments.Cash = fiscal.Kopecks(kopecks * uint64(items))
	if o.Wrong != "" {
		spoil(&r, o.Wrong)
	}
	return r
}

// correction is of a settlement of the day before, or of the day after when it shall be
// wrong.
func correction(o conformance.Order, now time.Time) kkt.Correction {
	day := -1
	if o.Wrong == "D-05" {
		day, o.Wrong = 1, ""
	}
	return kkt.Correction{Receipt: receipt(o), Date: now.AddDate(0, 0, day)}
}

func made(r kkt.Result) conformance.Made {
	return conformance.Made{Form: int(r.Form), FD: uint32(r.FD), FPD: uint32(r.FPD), Shift: uint32(r.Shift), Number: uint32(r.Number),
		STLV: r.STLV, Printed: r.Text, QR: r.QR, Warnings: r.Warnings}
}

// refusal is what the person at the till is told.
func refusal(err error) error {
	var r *kkt.Refusal
	if !errors.As(err, &r) {
		return fmt.Errorf("target: %w", err)
	}
	var drive *fn.Error
	out := &conformance.Refused{Rule: r.Rule, Text: r.Text}
	if errors.As(err, &drive) {
		out.Code = byte(drive.Answer.Code)
	}
	if code := fnport.Code(err); out.Code == 0 {
		out.Code = byte(code)
	}
	return out
}
