package props

import (
	"bytes"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Drive is a fiscal drive under test.
type Drive interface {
	fnport.Port
	// PowerCut takes the power away and gives it back.
	PowerCut()
	// Restart switches the drive off and starts it from what it saved.
	Restart() error
}

// Emulated is the emulated drive of this bench. The zero value is not usable.
type Emulated struct {
	Device *fn.Device
	opts   fn.Options
}

// NewEmulated makes a drive.
func NewEmulated(o fn.Options) (*Emulated, error) {
	d, err := fn.New(o)
	return &Emulated{Device: d, opts: o}, err
}

// Exec does one command.
func (e *Emulated) Exec(cmd byte, data []byte) (fn.Answer, error) {
	return fnport.Local(e.Device).Exec(cmd, data)
}

// PowerCut takes the power away.
func (e *Emulated) PowerCut() { e.Device.PowerCut() }

// Restart goes through a snapshot.
func (e *Emulated) Restart() error {
	var b bytes.Buffer
	if err := e.Device.Save(&b); err != nil {
		return err
	}
	d, err := fn.Load(&b, e.opts)
	if err != nil {
		return err
	}
	d.PowerCut()
	e.Device = d
	return nil
}

// The register of all machines.
const (
	userINN  fiscal.INN = "7702203276"
	otherINN fiscal.INN = "7707083893"
	ofdINN   fiscal.INN = "7704358518"
	factory             = "00000000000001"
)

// regNumber is the one that scripts use when they name none.
var regNumber = fiscal.MakeRegNumber(1, userINN, factory)

// begin is when lives begin.
var begin = time.Date(2026, time.August, 3, 9, 0, 0, 0, time.UTC)

// Terms of a life, drawn once.
type Terms struct {
	FFD           fiscal.FFD
	Autonomous    bool
	Services      bool
	General       bool // general tax system, else simplified
	Months        int  // 15 or 36
	Capacity      int
	Registrations int
	Number        fiscal.FNNumber
}

// options of the emulated drive.
func (t *Terms) options(timer func() time.Duration) fn.Options {
	m, _ := fn.ModelByName(t.model())
	return fn.Options{Number: t.Number, Model: m, PowerTimer: timer, Settings: fn.Settings{Capacity: t.Capacity, Registrations: t.Registrations}}
}

func (t *Terms) model() string { return fmt.Sprintf("ФН-1.1М Ин%d-1", t.Months) }

// script is the drive of a script.
func (t *Terms) script() string {
	return fmt.Sprintf("{number: %q, model: %s, capacity: %d, registrations: %d}", string(t.Number), t.model(), t.Capacity, t.Registrations)
}

func (t *Terms) tax() string {
	if t.General {
		return "general"
	}
	return "usn"
}

// registration is the step register of a script.
func (t *Terms) registration() string {
	modes := ""
	if t.Autonomous {
		modes = "autonomous"
	}
	if t.Services {
		if modes != "" {
			modes += ", "
		}
		modes += "services"
	}
	return fmt.Sprintf("register: {ffd: %s, tax: %s, modes: [%s]}", t.FFD, t.tax(), modes)
}

// taxByte is the byte of 03h and tag 1055.
func (t *Terms) taxByte() byte {
	if t.General {
		return 1
	}
	return 2
}

func number(serial int) fiscal.FNNumber {
	return fiscal.FNNumber(fmt.Sprintf("9999078902%06d", serial%1_000_000))
}
