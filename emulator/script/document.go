package script

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

func (r *register) run(p *player) error {
	return p.made(p.reg.KKT().Register(r.registration(p, kkt.Registration{})))
}

func (c *change) run(p *player) error {
	old, ok, err := p.reg.KKT().Registration()
	if err != nil {
		return err
	}
	ch := kkt.Change{Registration: old}
	if ok { // else the register refuses whatever it is given
		ch.Registration = c.registration(p, old)
	}
	for _, n := range c.Reasons {
		ch.Reasons = append(ch.Reasons, uint8(n))
	}
	return p.made(p.reg.KKT().ChangeRegistration(ch))
}

func (r *replaceFN) run(p *player) error {
	drive, err := p.drive(&r.Drive)
	if err != nil {
		return err
	}
	reg, _, err := p.reg.KKT().Registration()
	if err != nil {
		return err
	}
	_, res, err := p.reg.ReplaceFN(drive, kkt.Change{Registration: reg})
	if err != nil {
		return err
	}
	p.hashed, p.last = 0, 0
	p.report.Drives = append(p.report.Drives, p.reg.Number())
	return p.made(res, nil)
}

// registration puts what the step gives over what holds, with defaults for a first one.
func (r *Registration) registration(p *player, reg kkt.Registration) kkt.Registration {
	first := reg.UserINN == ""
	set := func(v *string, given, none string) {
		if given != "" {
			*v = given
		} else if first {
			*v = none
		}
	}
	inn, ofdINN, number := string(reg.UserINN), string(reg.OFDINN), string(reg.RegNumber)
	set(&inn, r.INN, string(defaultINN))
	set(&reg.KKTNumber, r.KKTNumber, defaultKKT)
	set(&number, r.RegNumber, string(fiscal.MakeRegNumber(1, fiscal.INN(inn), reg.KKTNumber)))
	set(&reg.User, r.User, defaultUser)
	set(&reg.Address, r.Address, "101000, г. Москва, ул. Тестовая, д. 1")
	set(&reg.Place, r.Place, "магазин")
	set(&ofdINN, r.OFDINN, string(p.opt.OFDINN))
	set(&reg.OFDName, r.OFDName, "ОФД стенда")
	set(&reg.SellerAddress, r.SellerAddress, "shop@example.test")
	set(&reg.Cashier.Name, r.Cashier, "Кассир")
	set(&reg.MachineNumber, r.MachineNumber, "")
	reg.UserINN, reg.OFDINN, reg.RegNumber = fiscal.INN(inn), fiscal.INN(ofdINN), fiscal.RegNumber(number)
	if r.Tax != nil {
		reg.Tax = kkt.TaxSystem(*r.Tax)
	} else if first {
		reg.Tax = kkt.TaxSimplified
	}
	if r.FFD != nil {
		reg.FFD = fiscal.FFD(*r.FFD)
	} else if first {
		reg.FFD = fiscal.FFD12
	}
	if r.Modes != nil || first {
		reg.Modes = kkt.Modes{}
		for _, m := range r.Modes {
			*modeWords[m](&reg.Modes) = true
		}
	}
	if reg.Autonomous {
		reg.OFDINN, reg.OFDName = "", ""
	}
	if r.Agents != nil {
		reg.Agents = 0
		for _, a := range r.Agents {
			reg.Agents |= agentWords[a]
		}
	}
	return reg
}

func named(name string) kkt.Cashier { return kkt.Cashier{Name: name} }

func (o *openShift) run(p *player) error { return p.made(p.reg.KKT().OpenShift(named(o.Cashier))) }

func (c *closeShift) run(p *player) error { return p.made(p.reg.KKT().CloseShift(named(c.Cashier))) }

func (*stateReport) run(p *player) error { return p.made(p.reg.KKT().StateReport()) }

func (c *closeArchive) run(p *player) error {
	return p.made(p.reg.KKT().CloseArchive(named(c.Cashier)))
}

func (*exchangeNow) run(p *player) error {
	if p.silent {
		return nil
	}
	return p.send()
}

func (a *advance) run(p *player) error {
	p.clock.Advance(time.Duration(a.d))
	return nil
}

func (a *at) run(p *player) error {
	p.clock.Set(a.t.Time)
	return nil
}

func (o *ofd) run(p *player) error {
	p.silent = o.State == "silent"
	if o.For != nil {
		p.clock.Advance(time.Duration(*o.For))
	}
	if p.silent {
		return nil
	}
	return p.exchange()
}

func (k *keyExpiry) run(p *player) error {
	return p.faults(func(f *fn.Faults) { f.KeyDaysLeft = &k.DaysLeft })
}

func (f *fault) run(p *player) error {
	return p.faults(func(on *fn.Faults) { *on = f.settings(*on) })
}

func (i *inject) run(p *player) error {
	if i.Clear {
		p.opt.Faults.Clear()
		return nil
	}
	_, err := p.opt.Faults.Add(i.Rules...)
	return err
}

func (*updateKeys) run(p *player) error {
	_, err := p.reg.KKT().UpdateKeys()
	return err
}

// faults changes the switches. Setting them counts calls anew, so faults of single
// calls from earlier steps would happen once more: they end here.
func (p *player) faults(change func(*fn.Faults)) error {
	return p.reg.Do(func(d *fn.Device) error {
		on := d.Faults()
		on.Commands, on.RefuseAcks = nil, nil
		change(&on)
		return d.SetFaults(on)
	})
}

func (c *powerCut) run(p *player) error {
	if c.At != nil {
		return p.faults(func(f *fn.Faults) {
			f.Commands = []fn.CommandFault{{Command: byte(*c.At), Call: 1, PowerLoss: true}}
		})
	}
	if err := p.reg.Do(func(d *fn.Device) error { d.PowerCut(); return nil }); err != nil {
		return err
	}
	return p.restart()
}

// restart is what a register does when the power is back: its connections are gone,
// and it reads from the drive what it must know.
func (p *player) restart() error {
	p.reg.KKT().Forget()
	return p.reg.Close()
}

func (e *expect) run(p *player) error {
	v := p.reg.Device().View()
	shift := "closed"
	if v.ShiftOpen {
		shift = "open"
	}
	for _, c := range []struct {
		name      string
		given     bool
		got, want any
	}{
		{"phase", e.Phase != nil, fmt.Sprintf("%02X", byte(v.Phase)), hex2(e.Phase)},
		{"queue", e.Queue != nil, v.Unconfirmed, deref(e.Queue)},
		{"warnings", e.Warnings != nil, v.Warnings, byte(deref(e.Warnings))},
		{"shift", e.Shift != "", shift, e.Shift},
		{"last_fd", e.LastFD != nil, uint32(v.LastFD), deref(e.LastFD)},
		{"documents", e.Documents != nil, p.report.Documents, deref(e.Documents)},
		{"confirmed", e.Confirmed != nil, p.report.Confirmed, deref(e.Confirmed)},
		{"refused_by_ofd", e.Codes != nil, p.report.Refused, deref(e.Codes)},
		{"ffd", e.FFD != nil, v.FFD, fiscal.FFD(deref(e.FFD))},
		{"days_left", e.DaysLeft != nil, v.DaysLeft, deref(e.DaysLeft)},
	} {
		if c.given && c.got != c.want {
			return fmt.Errorf("%w: %s is %v, expected %v", ErrExpectation, c.name, c.got, c.want)
		}
	}
	return nil
}

func hex2(p *Phase) string { return fmt.Sprintf("%02X", byte(deref(p))) }

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
