package kkt

import (
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Options of a register. Port is required; every other zero value works.
type Options struct {
	Port fnport.Port // the drive
	// Lock is held while the drive makes a document; nil when nobody else uses it.
	Lock sync.Locker
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
	// making documents that are wrong on purpose. The drive has its own rules.
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
	STLV     []byte   // the document as the drive keeps it; nil with NoReadBack
	Text     string   // as printed; empty without a Printer, see Print
	QR       string   // text of the QR code; receipts only
	Warnings []string // in Russian: characters replaced, rules waived, a printer that failed
}

// KKT is a register with its drive. It is safe for concurrent use.
type KKT struct {
	opts   Options
	drive  *fnport.Driver
	log    *slog.Logger
	mu     sync.Mutex  // one document at a time
	lock   sync.Locker // of the drive
	fn     fiscal.FNNumber
	reg    *Registration // in force; nil before registration
	loaded bool
	// opened is when the open shift was opened; zero when it is not known.
	opened time.Time
}

// New makes a register over a drive. The drive may be new or in the middle of its
// life: what the register must know, it reads from the drive at the first document.
func New(opts Options) (*KKT, error) {
	if opts.Port == nil {
		return nil, errors.New("kkt: no port to a drive")
	}
	switch opts.FFD {
	case 0:
		opts.FFD = fiscal.FFD12
	case fiscal.FFD105, fiscal.FFD11, fiscal.FFD12:
	default:
		return nil, errors.New("kkt: a register's FFD is 1.05, 1.1 or 1.2")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Version == "" {
		opts.Version = "001"
	}
	k := &KKT{opts: opts, drive: fnport.New(opts.Port), log: opts.Logger, lock: opts.Lock}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	if k.lock == nil {
		k.lock = new(sync.Mutex)
	}
	return k, nil
}

// hold takes the register and its drive for one document; the result lets both go.
func (k *KKT) hold() (release func()) {
	k.mu.Lock()
	k.lock.Lock()
	return func() { k.lock.Unlock(); k.mu.Unlock() }
}

// Driver is the register's way to its drive, for status and archive commands. Hold
// Options.Lock around its calls when others use the drive.
func (k *KKT) Driver() *fnport.Driver { return k.drive }

// Marking is the way to the marking operator, Options.Marking.
func (k *KKT) Marking() MarkingSource { return k.opts.Marking }

// Registration is the registration in force, as the drive keeps it; ok is false
// before registration.
func (k *KKT) Registration() (r Registration, ok bool, err error) {
	defer k.hold()()
	if _, err := k.begin(); err != nil {
		return Registration{}, false, err
	}
	if k.reg == nil {
		return Registration{}, false, nil
	}
	return *k.reg, true, nil
}

// Forget drops what the register remembers of its drive; the next document reads
// it anew. For drives that were restored from a snapshot or reset.
func (k *KKT) Forget() {
	defer k.hold()()
	k.loaded, k.reg, k.opened = false, nil, time.Time{}
}
