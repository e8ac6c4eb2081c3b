package fnport

import (
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Formed is what the drive answers to a finishing command.
type Formed struct {
	Number uint16 // of the shift (12h, 14h) or of the receipt in its shift (16h); 0 for other documents
	FD     fiscal.FDNumber
	FPD    fiscal.FPD
}

// formed sends a finishing command; numbered answers begin with a u16.
func (d *Driver) formed(cmd byte, numbered bool) (Formed, error) {
	r, err := d.call(cmd)
	if err != nil {
		return Formed{}, err
	}
	var f Formed
	if numbered {
		f.Number = r.u16()
	}
	f.FD, f.FPD = r.fd(), r.fpd()
	return f, r.err
}

// RegistrationType is the first parameter of 02h and A2h.
type RegistrationType byte

// Types of registration reports.
const (
	FirstRegistration RegistrationType = 0 // form 1
	Replacement       RegistrationType = 1 // form 11 with replacement of the drive
	ChangeOnly        RegistrationType = 2 // form 11 without it
)

// Mode is the byte of operating modes in a registration (fn.md 9.1).
type Mode byte

// Operating modes.
const (
	ModeEncryption Mode = 1 << iota
	ModeAutonomous
	ModeAutomatic
	ModeServices
	ModeBSO
	ModeInternet
	ModeAgents
)

// RegistrationParams are the parameters of 03h and A3h. ExtMode, OFD and Reasons
// are of A3h only; Reason (1–4) is of 03h with ChangeOnly.
type RegistrationParams struct {
	Type      RegistrationType
	Time      time.Time
	INN       fiscal.INN
	RegNumber fiscal.RegNumber
	Tax       byte
	Mode      Mode
	Reason    byte
	ExtMode   byte
	OFD       fiscal.INN
	Reasons   uint32
}

// BeginRegistration starts form 1 or 11 of FFD 1.0 or 1.05 (02h).
func (d *Driver) BeginRegistration(t RegistrationType) error {
	return d.start().byte(byte(t)).simple(fn.CmdBeginRegistration)
}

// FormRegistration finishes what BeginRegistration started (03h).
func (d *Driver) FormRegistration(p RegistrationParams) (Formed, error) {
	d.start().time(p.Time).inn(p.INN).regNumber(p.RegNumber).byte(p.Tax).byte(byte(p.Mode))
	if p.Type == ChangeOnly {
		d.byte(p.Reason)
	}
	return d.formed(fn.CmdFormRegistration, false)
}

// BeginRegistrationV2 starts form 1 or 11 of FFD 1.1 or 1.2 (A2h).
func (d *Driver) BeginRegistrationV2(t RegistrationType, v fiscal.FFD) error {
	return d.start().byte(byte(t)).byte(byte(v)).simple(fn.CmdBeginRegistrationV2)
}

// FormRegistrationV2 finishes what BeginRegistrationV2 started (A3h).
func (d *Driver) FormRegistrationV2(p RegistrationParams) (Formed, error) {
	d.start().time(p.Time).inn(p.INN).regNumber(p.RegNumber).byte(p.Tax).byte(byte(p.Mode)).byte(p.ExtMode).inn(p.OFD)
	if p.Type != FirstRegistration {
		d.u32(p.Reasons)
	}
	return d.formed(fn.CmdFormRegistrationV2, false)
}

// Cancel drops the document being made (06h).
func (d *Driver) Cancel() error { return d.start().simple(fn.CmdCancel) }

// Data hands over fields of the document being made (07h), whole TLVs in as few
// commands of at most MaxData bytes as they need. A single field above that goes
// in one command, which a serial line cannot carry.
func (d *Driver) Data(fields []byte) error {
	for start := 0; start < len(fields); {
		end := start
		w := tlv.Walk(fields[start:])
		for w.Next() {
			next := start + w.Field().Offset + len(w.Raw())
			if end > start && next-start > MaxData {
				break
			}
			end = next
		}
		if err := w.Err(); err != nil && end == start {
			return err
		}
		if _, err := d.Exec(fn.CmdData, fields[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// ShiftParams is the answer to 10h.
type ShiftParams struct {
	Open    bool
	Shift   uint16 // the open one, or the last closed
	Receipt uint16 // number of the last receipt in it
}

// ShiftParams asks for shift and receipt numbers (10h).
func (d *Driver) ShiftParams() (ShiftParams, error) {
	r, err := d.start().call(fn.CmdShiftParams)
	if err != nil {
		return ShiftParams{}, err
	}
	p := ShiftParams{Open: r.byte() != 0, Shift: r.u16(), Receipt: r.u16()}
	return p, r.err
}

// BeginOpenShift starts form 2 (11h).
func (d *Driver) BeginOpenShift(at time.Time) error {
	return d.start().time(at).simple(fn.CmdBeginOpenShift)
}

// OpenShift finishes form 2 (12h); Number is the shift's.
func (d *Driver) OpenShift() (Formed, error) { return d.start().formed(fn.CmdOpenShift, true) }

// BeginCloseShift starts form 5 (13h).
func (d *Driver) BeginCloseShift(at time.Time) error {
	return d.start().time(at).simple(fn.CmdBeginCloseShift)
}

// CloseShift finishes form 5 (14h); Number is the shift's.
func (d *Driver) CloseShift() (Formed, error) { return d.start().formed(fn.CmdCloseShift, true) }

// BeginReceipt starts a receipt or БСО (15h).
func (d *Driver) BeginReceipt(at time.Time) error {
	return d.start().time(at).simple(fn.CmdBeginReceipt)
}

// BeginCorrection starts a correction (17h).
func (d *Driver) BeginCorrection(at time.Time) error {
	return d.start().time(at).simple(fn.CmdBeginCorrection)
}

// FormReceipt finishes a receipt, БСО or correction (16h); the total has five
// bytes. Number is the receipt's in its shift.
func (d *Driver) FormReceipt(at time.Time, op fiscal.OperationType, total fiscal.Kopecks) (Formed, error) {
	return d.start().time(at).byte(byte(op)).u40(uint64(total)).formed(fn.CmdFormReceipt, true)
}

// MaxTotal is the greatest total that FormReceipt can carry.
const MaxTotal fiscal.Kopecks = 1<<40 - 1

// StateReport is the answer to 19h.
type StateReport struct {
	Formed
	Unconfirmed uint32
	FirstDate   time.Time // of the first unconfirmed document; zero when none
}

// BeginStateReport starts form 21 (18h).
func (d *Driver) BeginStateReport(at time.Time) error {
	return d.start().time(at).simple(fn.CmdBeginStateReport)
}

// FormStateReport finishes form 21 (19h).
func (d *Driver) FormStateReport() (StateReport, error) {
	r, err := d.start().call(fn.CmdFormStateReport)
	if err != nil {
		return StateReport{}, err
	}
	return parseStateReport(&r)
}

func parseStateReport(r *reader) (StateReport, error) {
	s := StateReport{Formed: Formed{FD: r.fd(), FPD: r.fpd()}, Unconfirmed: r.u32(), FirstDate: r.date()}
	return s, r.err
}

// BeginCloseArchive starts form 6 (04h).
func (d *Driver) BeginCloseArchive() error { return d.start().simple(fn.CmdBeginCloseArchive) }

// CloseArchive finishes form 6 (05h).
func (d *Driver) CloseArchive(at time.Time, n fiscal.RegNumber) (Formed, error) {
	return d.start().time(at).regNumber(n).formed(fn.CmdCloseArchive, false)
}
