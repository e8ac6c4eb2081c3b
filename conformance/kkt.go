package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// KKTTarget is a target whose cases each take a register. Addr is empty: the register
// comes to the harness.
type KKTTarget interface {
	Target
	// Can is what the registers can do for a case: NeedsDrive, NeedsLine and the like.
	Can() Capability
	// Open gives a register that is not registered yet.
	Open(ctx context.Context, o KKTOptions) (Register, error)
}

// KKTOptions say what register a case wants.
type KKTOptions struct {
	FN          string    // number of the drive: 9999 and 12 digits; a target that cannot choose takes its own
	OFDAddr     string    // where the register sends
	Resolver    string    // UDP address of the name server that OFDAddr is to be asked of; empty: the system's
	MarkingAddr string    // where it asks about marking codes and sends notifications; empty: nowhere
	Master      [32]byte  // of the drive's keys
	Start       time.Time // wall clock of the place of settlement
	Line        bool      // the drive stands behind a serial line
	OneShot     bool      // one connection for each document
	Scale       float64   // of the register's own time limits; 1 when zero
	Drive       DriveSetup
	Case        string // id of the case, and its variant
	Variant     string
}

// DriveSetup is a drive made for a case (NeedsSetup). Zero fields are the defaults.
type DriveSetup struct {
	Registrations int    // reports on registration that it takes
	KeyDays       int    // life of the keys
	Capacity      int    // documents of the archive
	SumLimit      uint64 // greatest total of a shift, kopecks
	FiveMinutes   bool   // the rule of FN-032
	StrictLife    bool   // conditions that shorten the life of the keys are refused (FN-020)
	KeyUpdateDays int    // age of the marking keys at which they must be updated
	MarkingTable  int    // checked codes that wait for a receipt
	StoreBytes    int    // of the store of unsent documents
	MaxItems      int    // of a receipt (FFD 1.1 and later)
}

// Register is a register under test, as a person at it would use it. A refusal is
// *Refused; ErrHands means that somebody must lend a hand.
type Register interface {
	// FN is the number of its drive, FFD the format version it works in.
	FN() string
	// Do makes the register do something.
	Do(ctx context.Context, o Order) (Made, error)
	// Exchange lets the register send what waits, until its queue is empty or an
	// attempt failed, which is the error.
	Exchange(ctx context.Context) error
	// Work lets the register exchange by itself until ctx ends.
	Work(ctx context.Context) error
	// Advance lets time pass, for the drive too.
	Advance(ctx context.Context, d time.Duration) error
	// Shown are the operator's codes and messages that the register told its user.
	Shown(ctx context.Context) ([]Shown, error)
	Close() error
}

// Patient is a register that nobody may drive: it sends when it has something to
// send, and the harness waits.
type Patient interface {
	// Patience is how long a message is waited for.
	Patience() time.Duration
}

// ErrCannot: the register has no such function.
var ErrCannot = errors.New("the register has no such function")

// ErrHands: the register cannot be driven and nobody stands beside it.
var ErrHands = errors.New("needs hands")

// Order is one thing to do. Zero fields are ordinary: a sale of one item for cash,
// without VAT.
type Order struct {
	Do OrderKind

	// Of registrations and changes.
	FFD        byte
	Encrypt    bool
	Autonomous bool
	Marking    bool // marked goods are sold (FFD 1.2)
	OFD        string
	User       string   // new name of the user
	BadRNM     bool     // check digits that do not fit
	Reasons    []byte   // 1101; none: what changed
	Bits       uint32   // 1205; none: what changed
	Tax        byte     // 1062
	Modes      []string // "services", "bso", "excise"
	NewFN      string   // of OrderReplaceDrive

	// Of receipts and corrections.
	Operation byte
	Kopecks   uint64 // of one item
	Items     int
	Name      string // of the items
	Code      string // marking code of the only item
	VAT       byte   // 1199 of the items; 6, without VAT, when zero
	// Wrong breaks a rule of format control (flk.md): the register must refuse.
	Wrong string

	// WrongClock shifts the register's clock for this order alone, and not the time.
	WrongClock time.Duration
}

// OrderKind is what to do.
type OrderKind string

// Orders.
const (
	OrderRegister     OrderKind = "register"
	OrderChange       OrderKind = "change registration"
	OrderReplaceDrive OrderKind = "replace the drive"
	OrderOpenShift    OrderKind = "open the shift"
	OrderSell         OrderKind = "sell"
	OrderCorrect      OrderKind = "correct"
	OrderStateReport  OrderKind = "report the state"
	OrderCloseShift   OrderKind = "close the shift"
	OrderCloseArchive OrderKind = "close the drive"
	OrderUpdateKeys   OrderKind = "update the marking keys"
)

// Made is a document that the register made.
type Made struct {
	Form     int
	FD       uint32
	FPD      uint32
	Shift    uint32
	Number   uint32
	STLV     []byte
	Printed  string
	QR       string
	Warnings []string
}

// Refused is a document that the register would not make.
type Refused struct {
	Code byte   // answer of the drive; 0: the register itself refused
	Rule string // as the register names it
	Text string // for the person at the till
}

func (e *Refused) Error() string {
	return fmt.Sprintf("refused: code %02Xh, %s: %s", e.Code, e.Rule, e.Text)
}

// Shown is what the register told its user about a confirmation.
type Shown struct {
	FD      uint32
	Code    byte // 1022
	Message byte // 1206
}

// DriveView is the state of a drive of the bench (NeedsDrive): 30h, 20h, 10h.
type DriveView struct {
	Phase     byte
	ShiftOpen bool
	LastFD    uint32
	Queue     int    // documents not confirmed
	First     uint32 // the oldest of them
	Link      byte   // bits of 20h
	Document  byte   // being made; 0 none
	Warnings  byte
	Notices   int // notifications not sent
}

// DriveFaults are switches of a drive of the bench.
type DriveFaults struct {
	Commands    []CommandFault
	Critical    bool
	SilentDays  int  // age that the operator's silence gains
	KeyDays     *int // days left of the keys
	ArchiveUsed int
	RefuseAcks  []byte // reasons of good confirmations that are refused
}

// CommandFault spoils a call of a command: its answer, or its way over the line.
type CommandFault struct {
	Command byte
	Call    int // from 1; every call when 0
	Times   int // 1 when 0
	Answer  byte
	Refuse  bool // answer instead of doing it
	Delay   time.Duration
	Silent  bool
	BadCRC  bool
	// PowerLoss takes the power of drive and register away before the command is done.
	PowerLoss bool
}

// Driven is a register whose drive is the bench's (NeedsDrive).
type Driven interface {
	Drive(ctx context.Context) (DriveView, error)
	Faults(ctx context.Context, f DriveFaults) error
	// Exec gives the drive a command beside the register.
	Exec(ctx context.Context, cmd byte, data []byte) (code byte, answer []byte, err error)
	PowerCut(ctx context.Context) error
}

// Traced is a register whose commands to its drive are recorded (NeedsTrace).
type Traced interface {
	// Commands since the last Commands.
	Commands() []Command
	// Line are the bytes that the register wrote on the serial line since the last Line.
	Line() []byte
}

// Command is a command that the drive executed.
type Command struct {
	Cmd    byte
	Data   []byte
	Code   byte
	Answer []byte
	// Warning is bit 7 of the answer's code (fn.md 5.3).
	Warning bool
}
