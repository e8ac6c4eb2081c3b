package life

import (
	"fmt"
	"time"
)

// Phase of a drive's life (fn.md section 3).
type Phase byte

// Phases.
const (
	Ready      Phase = 0x01
	Fiscal     Phase = 0x03
	PostFiscal Phase = 0x07
	Archive    Phase = 0x0F
)

// Kind is a document that a drive makes, by its form.
type Kind int

// Kinds. Forms 1 and 11 of a new drive are one kind: they differ in nothing that the
// model counts.
const (
	Registration Kind = 1
	OpenShift    Kind = 2
	Receipt      Kind = 3
	CloseShift   Kind = 5
	CloseArchive Kind = 6
	Change       Kind = 11
	StateReport  Kind = 21
	Correction   Kind = 31
)

var kindNames = map[Kind]string{
	Registration: "registration", OpenShift: "opening", Receipt: "receipt", CloseShift: "closing", CloseArchive: "closing of the drive",
	Change: "change of registration", StateReport: "state report", Correction: "correction",
}

// String names the kind.
func (k Kind) String() string { return kindNames[k] }

// Plan is how a drive was made and how it will be registered.
type Plan struct {
	FFD           int // tag 1209: 2, 3 or 4
	Autonomous    bool
	KeyDays       int // from registration to the last day of the keys (fn.md 5.1)
	Capacity      int // of the archive, documents
	Registrations int // that the drive takes, the first included (FN-012)
}

// Day and limits of fn.md sections 5 and 7.
const (
	Day          = 24 * time.Hour
	ShiftLimit   = 24 * time.Hour
	Overdue      = 2 * Day
	Blocked      = 30 * Day
	OpenRelief   = time.Hour
	ReceiptTimer = 300 * time.Second // FN-042
)

// Document is one document as far as counting goes.
type Document struct {
	FD        uint32
	Kind      Kind
	At        time.Time
	Shift     int    // the shift it belongs to; 0 outside shifts
	Number    int    // of a receipt in its shift
	Operation int    // of a receipt, 1–4
	Kopecks   uint64 // of a receipt
	Receipts  int    // of the shift, in a closing report
	Documents int    // of the shift, in a closing report, itself included
	Unsent    int    // before it, in closings and state reports
	First     uint32 // oldest of the unsent
}

// Shift is the open shift, or the last one.
type Shift struct {
	Number    int
	Open      bool
	Opened    time.Time
	Receipts  int
	Documents int // since and with the opening report
	Ledger    Ledger
}

// Drive is a drive's life. The zero value with a Plan and phase Ready is a new one.
type Drive struct {
	Plan
	Phase     Phase
	RNM, INN  string // written once (fn.md section 1)
	Reports   int    // registration reports made
	Docs      []Document
	Confirmed uint32 // last document confirmed; they are confirmed in order
	Shift     Shift
	Ledger    Ledger
	KeyEnd    time.Time // last day of the keys
	Clock     time.Time // of the last command that carried a time

	Making Kind // being made; 0 none
	Begun  time.Time

	Up       bool // told that the connection is up
	Reading  bool
	Awaiting bool
	ReadAt   time.Duration // on the drive's own timer
}

// New is a drive ready for fiscalisation.
func New(p Plan) *Drive { return &Drive{Plan: p, Phase: Ready} }

// LastFD is the number of the last document.
func (d *Drive) LastFD() uint32 { return uint32(len(d.Docs)) }

// LastTime is that of the last document.
func (d *Drive) LastTime() time.Time {
	if len(d.Docs) == 0 {
		return time.Time{}
	}
	return d.Docs[len(d.Docs)-1].At
}

// Queue is how many documents wait to be confirmed.
func (d *Drive) Queue() int {
	if d.Autonomous {
		return 0
	}
	return int(d.LastFD() - d.Confirmed)
}

// First is the oldest unconfirmed document; the zero one when there is none.
func (d *Drive) First() Document {
	if d.Queue() == 0 {
		return Document{}
	}
	return d.Docs[d.Confirmed]
}

// Age of the oldest unconfirmed document by a clock; 0 when there is none.
func (d *Drive) Age(at time.Time) time.Duration {
	if d.Queue() == 0 {
		return 0
	}
	return at.Sub(d.First().At)
}

// KeyDaysLeft counts calendar days to the last day of the keys.
func (d *Drive) KeyDaysLeft(at time.Time) int {
	return int(date(d.KeyEnd).Sub(date(at)) / Day)
}

func date(t time.Time) time.Time { return t.Truncate(Day) }

// Hear tells the model of a time that the drive heard: with any command that it did
// not refuse for its state alone.
func (d *Drive) Hear(at time.Time, answer Code) {
	if answer != WrongState {
		d.Clock = at
	}
}

// PowerCut loses the document being made and whatever was under way on the line
// (FN-034).
func (d *Drive) PowerCut() {
	d.Making, d.Up, d.Reading, d.Awaiting = 0, false, false, false
}

// Warnings are the flags of the status answer that must be set, and those that the
// papers leave open at this very moment (fn.md 5.3).
func (d *Drive) Warnings() (must, may byte) {
	if len(d.Docs)*100 >= d.Capacity*90 {
		must |= 0x04
	}
	if d.Reports == 0 {
		return must, may
	}
	left := d.KeyDaysLeft(d.Clock)
	if left <= 30 {
		must |= 0x02
	}
	if left <= 3 {
		must |= 0x01
	}
	switch age := d.Age(d.Clock); {
	case age > Overdue:
		must |= 0x08
	case age == Overdue:
		may |= 0x08
	}
	return must, may
}

// String sums the drive up.
func (d *Drive) String() string {
	shift := "closed"
	if d.Shift.Open {
		shift = "open"
	}
	return fmt.Sprintf("phase %02X, %d documents, %d unconfirmed, shift %d %s", byte(d.Phase), len(d.Docs), d.Queue(), d.Shift.Number, shift)
}
