package steps

import (
	"context"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

func (w *world) documentSteps() []definition {
	return []definition{
		{in: action, sentence: [2]string{"the register opens a shift", "касса открывает смену"}, do: w.openShift},
		{in: action, sentence: [2]string{"the register closes the shift", "касса закрывает смену"}, do: w.closeShift},
		{in: action, sentence: [2]string{"the register closes the shift and sends it", "касса закрывает смену и передаёт отчёт"}, do: w.closeShiftSent},
		{in: action, sentence: [2]string{"the register issues {n} receipt(s)", "касса пробивает {n} чек/чека/чеков"}, do: w.issueReceipts},
		{in: action, sentence: [2]string{"the register issues and sends {n} receipt(s)", "касса пробивает и передаёт {n} чек/чека/чеков"}, do: w.issueAndSend},
		{in: action, sentence: [2]string{"the register issues a {operation} receipt for {sum}", "касса пробивает чек {operation} на сумму {sum}"}, do: w.issueReceipt},
		{in: action, sentence: [2]string{"the register issues a {operation} receipt for {sum} with {sum} paid", "касса пробивает чек {operation} на сумму {sum} с оплатой {sum}"}, do: w.issueMispaid},
		{in: action, sentence: [2]string{"the register issues a {operation} correction for {sum}", "касса пробивает чек коррекции {operation} на сумму {sum}"}, do: w.correct},
		{in: action, sentence: [2]string{"the register issues a {operation} correction for {sum} by order {text}", "касса пробивает чек коррекции {operation} на сумму {sum} по предписанию {text}"}, do: w.correctByOrder},
		{in: action, sentence: [2]string{"the register issues a correction that does not say what it corrects", "касса пробивает чек коррекции без даты корректируемого расчёта"}, do: w.correctNothing},
		{in: action, sentence: [2]string{"the register makes a state report", "касса формирует отчёт о текущем состоянии расчётов"}, do: w.stateReport},
		{in: action, sentence: [2]string{"the register trades for {n} day(s) with {n} receipt(s) a day", "касса торгует {n} день/дня/дней по {n} чек/чека/чеков/чеку в день"}, do: w.trade},
		{in: action, sentence: [2]string{"{n} {unit} pass(es)", "проходит/проходят {n} {unit}"}, do: w.passes},
		{in: action, sentence: [2]string{"the register's clock is put {n} {unit} back", "часы кассы переводят на {n} {unit} назад"}, do: w.clockBack},
	}
}

func (w *world) openShiftSent(ctx context.Context) error {
	k, err := w.register()
	if err != nil {
		return err
	}
	r, err := k.OpenShift(kkt.Cashier{})
	return w.deliver(ctx, r, err)
}

func (w *world) openShift() error {
	k, err := w.register()
	if err != nil {
		return err
	}
	return w.made(k.OpenShift(kkt.Cashier{}))
}

func (w *world) closeShift() error {
	k, err := w.register()
	if err != nil {
		return err
	}
	return w.made(k.CloseShift(kkt.Cashier{}))
}

// receipt is a receipt for a sum in cash.
func receipt(op fiscal.OperationType, sum fiscal.Kopecks) kkt.Receipt {
	return kkt.Receipt{
		Operation: op, Tax: kkt.TaxGeneral,
		Items:    []kkt.Item{{Name: "Товар", Price: sum, Quantity: kkt.Pieces(1), VAT: kkt.VAT10}},
		Payments: kkt.Payments{Cash: sum},
	}
}

// issue makes a receipt; on a register of strict reporting forms a service.
func (w *world) issue(r kkt.Receipt) error {
	k, err := w.register()
	if err != nil {
		return err
	}
	if w.reg.Services {
		for i := range r.Items {
			r.Items[i].Subject = subjectService
		}
	}
	return w.made(k.Receipt(r))
}

// subjectService is a service in tag 1212.
const subjectService = 4

func (w *world) issueReceipts(n int) error {
	for range n {
		sum := fiscal.Kopecks(100 + w.rand.Int64N(100_000))
		if err := w.issue(receipt(fiscal.Sell, sum)); err != nil || w.refusal != nil {
			return err
		}
	}
	return nil
}

// sending is a step with an exchange after it.
func (w *world) sending(ctx context.Context, err error) error {
	if err == nil && w.refusal == nil {
		w.send(ctx)
	}
	return err
}

func (w *world) issueAndSend(ctx context.Context, n int) error {
	return w.sending(ctx, w.issueReceipts(n))
}

func (w *world) closeShiftSent(ctx context.Context) error { return w.sending(ctx, w.closeShift()) }

// settled reads operation and sum of a step.
func settled(operation, sum string) (fiscal.OperationType, fiscal.Kopecks, error) {
	op, err := operations.find(operation)
	if err != nil {
		return 0, 0, err
	}
	k, err := money(sum)
	return op, k, err
}

func money(sum string) (fiscal.Kopecks, error) {
	return fiscal.ParseKopecks(strings.Replace(sum, ",", ".", 1))
}

func (w *world) issueReceipt(operation, sum string) error {
	op, k, err := settled(operation, sum)
	if err != nil {
		return err
	}
	return w.issue(receipt(op, k))
}

func (w *world) issueMispaid(operation, sum, paid string) error {
	op, k, err := settled(operation, sum)
	if err != nil {
		return err
	}
	r := receipt(op, k)
	if r.Cash, err = money(paid); err != nil {
		return err
	}
	return w.issue(r)
}

func (w *world) makeCorrection(c kkt.Correction) error {
	k, err := w.register()
	if err != nil {
		return err
	}
	return w.made(k.Correction(c))
}

func (w *world) correction(operation, sum string) (kkt.Correction, error) {
	op, k, err := settled(operation, sum)
	c := kkt.Correction{Receipt: receipt(op, k), Date: w.clock.Now().AddDate(0, 0, -1)}
	if w.reg.FFD < fiscal.FFD11 { // items are for later versions; here the sums stand alone
		c.Items, c.Total = nil, &k
		c.VAT = map[kkt.VATRate]fiscal.Kopecks{kkt.VAT10: kkt.VAT10.Tax(k, w.clock.Now())}
	}
	return c, err
}

func (w *world) correct(operation, sum string) error {
	c, err := w.correction(operation, sum)
	if err != nil {
		return err
	}
	return w.makeCorrection(c)
}

func (w *world) correctByOrder(operation, sum, order string) error {
	c, err := w.correction(operation, sum)
	if err != nil {
		return err
	}
	c.ByOrder, c.Number = true, unquote(order)
	return w.makeCorrection(c)
}

func (w *world) correctNothing() error {
	c, err := w.correction(`"sale"`, "100.00")
	if err != nil {
		return err
	}
	c.Date = time.Time{}
	return w.makeCorrection(c)
}

func (w *world) stateReport() error {
	k, err := w.register()
	if err != nil {
		return err
	}
	return w.made(k.StateReport())
}

// trade lives whole days: a shift of ten hours with its receipts, an exchange after
// closing, and then the same hour of the next day. Exchanges may fail: the step tells
// nothing of them. It stops at the first refusal of the register.
func (w *world) trade(ctx context.Context, days, receipts int) error {
	for range days {
		begin := w.clock.Now()
		if err := w.openShift(); err != nil || w.refusal != nil {
			return err
		}
		w.clock.Advance(5 * time.Hour)
		if err := w.issueReceipts(receipts); err != nil || w.refusal != nil {
			return err
		}
		w.clock.Advance(5 * time.Hour)
		if err := w.closeShift(); err != nil || w.refusal != nil {
			return err
		}
		w.send(ctx)
		w.exchange = nil
		w.clock.Set(begin.Add(24 * time.Hour))
	}
	return nil
}

func (w *world) span(n int, unit string) (time.Duration, error) {
	u, err := units.find(unit)
	return time.Duration(n) * u, err
}

func (w *world) passes(n int, unit string) error {
	d, err := w.span(n, unit)
	w.clock.Advance(d)
	return err
}

// clockBack moves the register's clock alone: the operator's stays right.
func (w *world) clockBack(n int, unit string) error {
	d, err := w.span(n, unit)
	w.clock.Advance(-d)
	w.behind += d
	return err
}
