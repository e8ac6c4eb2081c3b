package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/server/cabinet/desk"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
)

var _ desk.Registers = (*demo)(nil)

// List shows the registers as the protocol desk wants them.
func (d *demo) List(context.Context) []desk.Register {
	all := make([]desk.Register, 0, len(d.registers))
	for _, r := range d.registers {
		one := desk.Register{ID: string(r.regID), Name: r.outlet.name + ", " + r.name, FN: r.e.Number(), RegID: r.regID}
		if !r.mu.TryLock() { // it waits for an answer
			one.State = "идёт обмен"
			all = append(all, one)
			continue
		}
		one.Open, one.Cut = !r.opened.IsZero(), r.cut
		if s, err := r.e.KKT().Driver().ExchangeStatus(); err == nil {
			one.Queue = int(s.Count)
		}
		switch {
		case r.closed:
			one.State = "ФН закрыт"
		case !r.registered:
			one.State = "не зарегистрирована"
		case one.Open:
			one.State = "смена открыта " + r.opened.Format("02.01.2006 15:04")
		default:
			one.State = "смена закрыта"
		}
		r.mu.Unlock()
		all = append(all, one)
	}
	return all
}

var errHistory = errors.New("история ещё создаётся, подождите минуту")

// Do presses a button of a register.
func (d *demo) Do(ctx context.Context, id string, a desk.Action) (string, error) {
	if !d.o.Time.over.Load() {
		return "", errHistory
	}
	for _, r := range d.registers {
		if string(r.regID) == id {
			return r.press(ctx, &d.o, a)
		}
	}
	return "", errors.New("такой кассы нет")
}

// press does what a button says, by the bench's clock.
func (r *demoRegister) press(ctx context.Context, o *demoOptions, a desk.Action) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock.Set(o.Time.Now().In(r.zone))
	var res kkt.Result
	var err error
	said := ""
	switch a {
	case desk.Cut:
		r.cut = true
		return "сеть отключена, документы копятся в ФН", r.e.Close()
	case desk.Restore:
		r.cut = false
		said = "сеть вернулась"
	case desk.OpenShift:
		if !r.registered {
			if _, err := r.register(o.OFD); err != nil {
				return "", reason(err)
			}
		}
		res, err = r.openShift()
		said = fmt.Sprintf("смена № %d открыта", res.Shift)
	case desk.Sell:
		res, err = r.sell(false)
		said = fmt.Sprintf("чек № %d на %s, ФД %d", res.Number, page.Money(res.Total), res.FD)
	case desk.CloseShift:
		res, err = r.closeShift()
		said = fmt.Sprintf("смена № %d закрыта", res.Shift)
	default:
		return "", errors.New("такой кнопки нет")
	}
	if err != nil {
		return "", reason(err)
	}
	if r.cut {
		return said + ", ждёт сети", nil
	}
	sending, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := r.e.Exchange(sending); err != nil {
		return said + "; оператор не подтвердил, ФН пришлёт позже", nil
	}
	return said + ", оператор подтвердил", nil
}

// reason is why the register refused, in its own words.
func reason(err error) error {
	var refused *kkt.Refusal
	if errors.As(err, &refused) {
		return errors.New(refused.Text)
	}
	return err
}
