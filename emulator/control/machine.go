package control

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// Machine is what the port controls; *Till is one.
type Machine interface {
	Status() (Status, error)
	Register(kkt.Registration) (kkt.Result, error)
	Change(kkt.Change) (kkt.Result, error)
	ReplaceFN(number fiscal.FNNumber, model string, c kkt.Change) (kkt.Result, error)
	OpenShift(kkt.Cashier) (kkt.Result, error)
	Receipt(kkt.Receipt) (kkt.Result, error)
	Correction(kkt.Correction) (kkt.Result, error)
	StateReport() (kkt.Result, error)
	CloseShift(kkt.Cashier) (kkt.Result, error)
	CloseArchive(kkt.Cashier) (kkt.Result, error)
	// UpdateKeys exchanges the marking keys when the drive asks for it.
	UpdateKeys() (updated bool, err error)
	// Exchange sends everything that waits.
	Exchange(context.Context) (sent int, err error)
	// Exec gives one raw command to the drive.
	Exec(cmd byte, data []byte) (fn.Answer, error)
	Faults() fn.Faults
	SetFaults(fn.Faults) error
	// Injection are the fault points of the exchange; nil when it has none.
	Injection() *fault.Set
	PowerCut() error
	// Advance lets time pass, for the clock alone or for the drive's timer too, and tells
	// the new time.
	Advance(d time.Duration, clockOnly bool) time.Time
	// Setup makes the register anew.
	Setup(Setup) error
	SetSending(Sending) error
	// Take is what happened between register and drive since the last Take.
	Take() Recorded
	// Shown are the confirmations that the register told its user of.
	Shown() []Shown
	Save(io.Writer) error
	Load(io.Reader) error
	// Printed is the text of the last document; empty when none was printed.
	Printed() string
}

// Errors of a machine that the port answers with a code of their own.
var (
	ErrNoOperator = errors.New("control: the register has no operator to exchange with")
	ErrNoModel    = errors.New("control: no drive model of this name")
	ErrBadNumber  = errors.New("control: not a number of an emulated drive")
)

// Status is the register at a glance.
type Status struct {
	Time         time.Time         `json:"time"` // the register's clock
	Registered   bool              `json:"registered"`
	Registration *kkt.Registration `json:"registration,omitempty"`
	Drive        fn.View           `json:"drive"`
	Operator     string            `json:"operator,omitempty"` // host:port
	Sending      Sending           `json:"sending"`
	// Injected are the faults that are switched on: the register misbehaves on
	// purpose, and nothing it does proves anything.
	Injected     []string       `json:"injected,omitempty"`
	LastExchange *ExchangeState `json:"last_exchange,omitempty"`
}

// ExchangeState is the last attempt to send.
type ExchangeState struct {
	At    time.Time `json:"at"`
	Sent  int       `json:"sent"`
	Error string    `json:"error,omitempty"`
}
