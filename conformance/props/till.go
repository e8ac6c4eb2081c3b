package props

import (
	"errors"
	"slices"

	"github.com/fiscalbench/fiscalbench/conformance/model/life"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// till makes documents by the register's program.
type till struct{ kkt func() *kkt.KKT }

// refusalCodes are the drive's codes for what the register refuses by itself.
var refusalCodes = map[string]life.Code{
	kkt.RuleNotRegistered: life.WrongState, kkt.RuleShift: life.WrongState, kkt.RuleFN: life.WrongState, kkt.RuleShiftAge: life.ShiftTooLong,
	"FN-010": life.WrongState, "FN-012": life.WrongState, "FN-013": life.BadValue, "I-03": life.BadValue, "I-04": life.BadValue, "FN-030": life.WrongTime,
}

// timedCommands carry a time that the drive hears.
var timedCommands = []byte{fn.CmdFormRegistration, fn.CmdFormRegistrationV2, fn.CmdCloseArchive, fn.CmdBeginOpenShift, fn.CmdBeginCloseShift,
	fn.CmdBeginReceipt, fn.CmdFormReceipt, fn.CmdBeginCorrection, fn.CmdBeginStateReport}

func (r *till) make(m *machine, k life.Kind, s life.Sale, o order) (made, error) {
	res, err := r.document(m, k, s, o)
	if err == nil {
		num := absent
		switch k {
		case life.OpenShift, life.CloseShift:
			num = int(res.Shift)
		case life.Receipt, life.Correction:
			num = int(res.Number)
		}
		return made{heard: true, fd: uint32(res.FD), fpd: res.FPD, num: num, stlv: res.STLV}, nil
	}
	got := made{num: absent}
	var e *fn.Error
	if errors.As(err, &e) {
		got.code, got.name = life.Code(e.Answer.Code), life.Code(e.Answer.Code).String()
		got.heard = slices.Contains(timedCommands, e.Command)
		return got, nil
	}
	var refusal *kkt.Refusal
	if !errors.As(err, &refusal) {
		return got, err
	}
	c, ok := refusalCodes[refusal.Rule]
	if !ok {
		return got, err
	}
	got.code, got.name = c, refusal.Rule
	return got, nil
}

func (r *till) document(m *machine, k life.Kind, s life.Sale, o order) (kkt.Result, error) {
	register := r.kkt()
	receipt := kkt.Receipt{Operation: fiscal.OperationType(s.Operation), Payments: kkt.Payments{Cash: fiscal.Kopecks(s.Kopecks)},
		Items: []kkt.Item{{Name: "Хлеб", Price: fiscal.Kopecks(s.Kopecks), Quantity: kkt.Pieces(1), VAT: kkt.VATNone}}}
	switch k {
	case life.Registration:
		return register.Register(m.registration())
	case life.Change:
		c := m.registration()
		c.Place = o.place
		if o.otherINN {
			c.UserINN = otherINN
		}
		return register.ChangeRegistration(kkt.Change{Registration: c})
	case life.OpenShift:
		return register.OpenShift(kkt.Cashier{})
	case life.CloseShift:
		return register.CloseShift(kkt.Cashier{})
	case life.Receipt:
		return register.Receipt(receipt)
	case life.Correction:
		return register.Correction(kkt.Correction{Receipt: receipt, Date: m.now()})
	case life.StateReport:
		return register.StateReport()
	}
	return register.CloseArchive(kkt.Cashier{})
}

// registration is what scripts register when they say no more than the terms.
func (m *machine) registration() kkt.Registration {
	r := kkt.Registration{FFD: m.terms.FFD, RegNumber: regNumber, KKTNumber: factory, User: `ООО "Ромашка"`, UserINN: userINN,
		Address: "101000, г. Москва, ул. Тестовая, д. 1", Place: "магазин", Tax: kkt.TaxSystem(m.terms.taxByte()),
		OFDINN: ofdINN, OFDName: "ОФД стенда", SellerAddress: "shop@example.test", Cashier: kkt.Cashier{Name: "Кассир"}}
	r.Autonomous, r.Services = m.terms.Autonomous, m.terms.Services
	if r.Autonomous {
		r.OFDINN, r.OFDName = "", ""
	}
	return r
}
