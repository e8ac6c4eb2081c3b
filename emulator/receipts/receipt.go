package receipts

import (
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Origin is where a receipt comes from and what it was there. None of it is carried
// into the new receipt except the time.
type Origin struct {
	File  string          `json:"file,omitempty"`
	Path  string          `json:"path"` // of the receipt in the file
	Shape Shape           `json:"shape"`
	FFD   fiscal.FFD      `json:"fiscalDocumentFormatVer,omitempty"` // as the source says; 0 unknown
	FN    fiscal.FNNumber `json:"fiscalDriveNumber,omitempty"`
	Reg   string          `json:"kktRegId,omitempty"` // as it stands, without padding
	KKT   string          `json:"kktNumber,omitempty"`
	FD    fiscal.FDNumber `json:"fiscalDocumentNumber,omitempty"`
	FPD   fiscal.FPD      `json:"fiscalSign,omitempty"`
	Shift uint32          `json:"shiftNumber,omitempty"`
	Time  time.Time       `json:"dateTime"` // wall clock in UTC; zero when the source has none
	Day   bool            `json:"-"`        // the source has only the day
	STLV  []byte          `json:"-"`        // the document itself, of raw sources
}

// Owner is what the receipt tells of the user and the register, which the new
// register is registered with.
type Owner struct {
	User          string
	INN           fiscal.INN // valid, or empty when the source has none
	FNSSite       string
	MachineNumber string // set for an automatic device
	Automatic     bool
	InternetOnly  bool
}

// Receipt is a real receipt ready to be issued again.
type Receipt struct {
	Origin Origin
	Owner  Owner
	FFD    fiscal.FFD // of the new receipt: 1.05 for 1.0 and unknown
	Form   fiscal.Form
	Sale   kkt.Receipt
	// Of corrections (forms 31 and 41).
	ByOrder          bool
	CorrectionDate   time.Time
	CorrectionNumber string

	// Refusal is why the receipt cannot be issued again whatever the register says; nil
	// when it can.
	Refusal *kkt.Refusal
	Notes   []Note // in the order of the source
}

// Correction is the receipt as a correction; for forms 31 and 41.
func (r *Receipt) Correction() kkt.Correction {
	return kkt.Correction{Receipt: r.Sale, ByOrder: r.ByOrder, Date: r.CorrectionDate, Number: r.CorrectionNumber}
}

// note appends what was found after reading.
func (r *Receipt) note(path string, reason Reason, text string) {
	r.Notes = append(r.Notes, Note{Path: path, Reason: reason, Text: text})
}
