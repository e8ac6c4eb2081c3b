package kkt

import (
	"io"
	"log/slog"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Options of a register. Port is required; every other zero value works.
type Options struct {
	Port fnport.Port // the drive
	// Now is the clock; its location is the place of settlement. nil: time.Now.
	Now     func() time.Time
	Printer io.Writer    // receives each document as text; nil: nothing is printed
	Logger  *slog.Logger // nil: discarded
	Version string       // 1188, version of the register's model; empty: "001"
	FFD     fiscal.FFD   // 1189, the highest format version of the register; zero: 1.2
	// Marking answers requests about marking codes (form 81). nil: no connection to
	// the marking operator; codes then carry the drive's own check only.
	Marking MarkingSource
	// Waive lists rules (Refusal.Rule) that the register does not enforce, for
	// making documents that are wrong on purpose.
	Waive []string
	// NoReadBack leaves Result.STLV and Result.Text empty and saves the drive's
	// commands 45h and 46h.
	NoReadBack bool
}

// MarkingSource carries a container of form 81 to the marking operator and the
// container of its answer (form 83) back.
type MarkingSource interface {
	AskMarking(request []byte) (answer []byte, err error)
}

// Result is a document that the drive has made.
type Result struct {
	Form     fiscal.Form
	FD       fiscal.FDNumber
	FPD      fiscal.FPD
	DateTime time.Time // wall clock of the place of settlement, in UTC, whole minutes
	Shift    uint16    // 0 outside shifts
	Number   uint16    // of a receipt in its shift; 0 for reports
	Total    fiscal.Kopecks
	STLV     []byte   // the document as the drive keeps it; nil with NoReadBack or when the drive no longer has it
	Text     string   // as printed
	QR       string   // text of the QR code; receipts only
	Warnings []string // in Russian: replaced characters, warning flags of the drive, rules waived
}
