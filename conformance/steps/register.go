package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

func (w *world) registerSteps() []definition {
	return []definition{
		{in: given, sentence: [2]string{"a new {register} of FFD {ffd}", "новая {register}, ФФД {ffd}"}, do: w.newRegister},
		{in: given, sentence: [2]string{"a registered {register} of FFD {ffd}", "зарегистрированная {register}, ФФД {ffd}"}, do: w.registeredRegister},
		{in: given, sentence: [2]string{"a(n) {register} of FFD {ffd} with an open shift", "{register} с открытой сменой, ФФД {ffd}"}, do: w.tradingRegister},
		{in: when, sentence: [2]string{"the register is registered", "кассу регистрируют"}, do: w.registerIt},
		{in: when, sentence: [2]string{"the register is registered under a wrong registration number", "кассу регистрируют с неверным регистрационным номером"}, do: w.registerWrong},
		{in: action, sentence: [2]string{"the register is re-registered with the user's name {text}", "кассу перерегистрируют с названием пользователя {text}"}, do: w.changeUser},
		{in: action, sentence: [2]string{"the register is re-registered with the address {text}", "кассу перерегистрируют с адресом {text}"}, do: w.changeAddress},
		{in: action, sentence: [2]string{"the register is re-registered with another INN of the user", "кассу перерегистрируют с другим ИНН пользователя"}, do: w.changeINN},
		{in: action, sentence: [2]string{"the register is re-registered to work autonomously", "кассу перерегистрируют в автономный режим"}, do: w.changeToAutonomous},
		{in: action, sentence: [2]string{"the register is re-registered for FFD {ffd}", "кассу перерегистрируют на ФФД {ffd}"}, do: w.changeFFD},
		{in: action, sentence: [2]string{"the register is re-registered to another operator", "кассу перерегистрируют к другому оператору"}, do: w.changeOperator},
		{in: action, sentence: [2]string{"the register closes the archive", "касса закрывает архив ФН"}, do: w.closeArchive},
		{in: action, sentence: [2]string{"the register closes the archive and sends it", "касса закрывает архив ФН и передаёт отчёт"}, do: w.closeArchiveSent},
		{in: action, sentence: [2]string{"a new drive is put into the register", "в кассу ставят новый ФН"}, do: w.replaceDrive},
		{in: action, sentence: [2]string{"the power fails while the next document is made", "при формировании следующего документа пропадает питание"}, do: w.powerFails},
	}
}

func (w *world) newRegister(ctx context.Context, kind, version string) error {
	k, err := registerKinds.find(kind)
	if err != nil {
		return err
	}
	v, err := fiscal.ParseFFD(version)
	if err != nil {
		return err
	}
	return w.build(ctx, k, v)
}

func (w *world) registeredRegister(ctx context.Context, kind, version string) error {
	if err := w.newRegister(ctx, kind, version); err != nil {
		return err
	}
	r, err := w.emu.KKT().Register(w.reg)
	return w.deliver(ctx, r, err)
}

func (w *world) tradingRegister(ctx context.Context, kind, version string) error {
	if err := w.registeredRegister(ctx, kind, version); err != nil {
		return err
	}
	return w.openShiftSent(ctx)
}

func (w *world) registerIt() error {
	k, err := w.register()
	if err != nil {
		return err
	}
	return w.made(k.Register(w.reg))
}

func (w *world) registerWrong() error {
	k, err := w.register()
	if err != nil {
		return err
	}
	n := []byte(w.reg.RegNumber)
	n[15] = '0' + (n[15]-'0'+1)%10 // the last check digit
	w.reg.RegNumber = fiscal.RegNumber(n)
	return w.made(k.Register(w.reg))
}

// change makes a report on a change of registration.
func (w *world) change(edit func(*kkt.Registration)) error {
	k, err := w.register()
	if err != nil {
		return err
	}
	edit(&w.reg)
	return w.made(k.ChangeRegistration(kkt.Change{Registration: w.reg}))
}

func (w *world) changeUser(name string) error {
	return w.change(func(r *kkt.Registration) { r.User = unquote(name) })
}

func (w *world) changeAddress(address string) error {
	return w.change(func(r *kkt.Registration) { r.Address = unquote(address) })
}

func (w *world) changeINN() error {
	return w.change(func(r *kkt.Registration) {
		r.UserINN = fiscal.WithCheckDigits(fmt.Sprintf("78%07d", w.rand.IntN(10_000_000)))
	})
}

func (w *world) changeToAutonomous() error {
	return w.change(func(r *kkt.Registration) {
		r.Autonomous, r.OFDINN, r.OFDName, r.SellerAddress = true, "", "", ""
	})
}

func (w *world) changeFFD(version string) error {
	v, err := fiscal.ParseFFD(version)
	if err != nil {
		return err
	}
	return w.change(func(r *kkt.Registration) { r.FFD = v })
}

// otherOFD is the operator that registers move to.
const otherOFD fiscal.INN = "7841465198"

func (w *world) changeOperator(ctx context.Context) error {
	if _, err := w.register(); err != nil {
		return err
	}
	twins, err := can[conformance.Twinned](w.main, "second operator beside it")
	if err != nil {
		return err
	}
	other, stop, err := twins.Twin(ctx, string(otherOFD))
	if err != nil {
		return err
	}
	w.stops = append(w.stops, stop)
	if err := w.change(func(r *kkt.Registration) { r.OFDINN, r.OFDName = otherOFD, "Другой ОФД" }); err != nil || w.refusal != nil {
		return err
	}
	w.former = w.operator
	w.use(other)
	return nil
}

func (w *world) closeArchive() error {
	k, err := w.register()
	if err != nil {
		return err
	}
	return w.made(k.CloseArchive(kkt.Cashier{}))
}

func (w *world) closeArchiveSent(ctx context.Context) error { return w.sending(ctx, w.closeArchive()) }

func (w *world) replaceDrive() error {
	if _, err := w.register(); err != nil {
		return err
	}
	w.oldFN = w.emu.Number()
	w.drive.Number = w.drawNumber()
	_, res, err := w.emu.ReplaceFN(w.drive, kkt.Change{Registration: w.reg})
	return w.made(res, err)
}

// powerFails takes the power away before the document's data reach the drive. The
// register's connection does not outlive that.
func (w *world) powerFails() error {
	if w.emu == nil {
		return errors.New("the scenario has no register yet")
	}
	if err := w.emu.Close(); err != nil {
		return err
	}
	return w.emu.Do(func(d *fn.Device) error {
		return d.SetFaults(fn.Faults{Commands: []fn.CommandFault{{Command: fn.CmdData, Call: 1, PowerLoss: true}}})
	})
}
