package flk

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// History is what later documents of one drive are judged against. It is a value:
// Check returns a changed copy. Its size does not depend on the number of
// documents. The zero value is a drive never heard of.
type History struct {
	Status store.DriveStatus // "" until the first document

	FirstFD  fiscal.FDNumber // the least number received
	LastFD   fiscal.FDNumber // the greatest number received
	LastForm fiscal.Form     // form of LastFD; 0 when its content was not seen
	LastTime int64           // 1012 of LastFD, seconds of the register's wall clock
	Unsent   uint32          // 1097 of LastFD when it is form 21
	Unseen   fiscal.FDNumber // the last document whose content could not be read
	ClosedFD fiscal.FDNumber // form 6; 0 while the drive works
	Gaps     []store.Gap     // ascending, at most MaxGaps; shared between copies, never changed in place

	Current  Registration // report in force
	Previous Registration // the one before, for late documents
	Shift    Shift
	Totals   Counters // of all receipts since document 1

	KeyEnd      int64  // last day of the fiscal keys, seconds of the register's clock; 0 unknown
	KeyResource uint16 // tag 1213 of the last report that carried it, days
	KeyReport   fiscal.FDNumber
	Alarms      Alarm // incidents raised already

	Bits   uint8 // 1206 bits sent since the last shift report (TRN-080)
	BitsAt int64 // when the last of them was sent, UTC seconds
	Lag    int64 // least (arrival − 1012) seen since then, seconds: zone and delay
}

// Registration is what a form 1 or 11 says, as far as later documents need it.
type Registration struct {
	FD         fiscal.FDNumber // of the report; 0: none known
	RegID      fiscal.RegNumber
	UserINN    fiscal.INN
	KKTNumber  string
	User       string
	Address    string
	OFD        fiscal.INN
	FFD        fiscal.FFD
	Taxation   uint8     // 1062
	Agents     uint8     // 1057
	Conditions uint32    // 1290, or the flags of FFD 1.05 and 1.1 in its bits
	Carried    carriages // requisites present in the report
}

// Bits of tag 1290 that rules use (enums.md).
const (
	condBSO    = 1 << 2
	condExcise = 1 << 6
)

// carriages says which requisites a registration has, for.
type carriages uint8

const (
	hasUser    carriages = 1 << iota // 1048
	hasUserINN                       // 1018
	hasSite                          // 1060
	hasSender                        // 1117
	hasMachine                       // 1036
	autoMode                         // 1001 = 1
	offline                          // 1002 = 1
)

// Shift is the last shift known.
type Shift struct {
	Number      uint32 // 0: none known
	Open        bool
	OpenFD      fiscal.FDNumber // the opening report; 0 when it was not seen
	At          fiscal.FDNumber // the last document that spoke of the shift
	Receipt     uint32          // 1042 of the last receipt
	ReceiptFD   fiscal.FDNumber
	ReceiptSeen bool
	Count       Counters
}

// Alarm is a set of incidents that are raised once per drive.
type Alarm uint8

// Alarms of the key life (O-045, O-046).
const (
	AlarmKeys30Days Alarm = 1 << iota
	AlarmKeys3Days
	AlarmKeysExpired
)

// Load reads the history of a drive as the store keeps it. A drive that was never
// stored gives a zero History.
func Load(d store.Drive) (History, error) {
	if len(d.History) == 0 {
		return History{}, nil
	}
	h, err := decode(d.History)
	if err != nil {
		return History{}, err
	}
	h.Status, h.LastFD, h.Gaps = d.Status, d.LastFD, d.Gaps
	return h, nil
}

// Save writes the history into the drive: its memory, and the fields that lists
// and searches show.
func (h *History) Save(d *store.Drive) {
	d.Status, d.LastFD, d.Gaps = h.Status, h.LastFD, h.Gaps
	if r := &h.Current; r.FD != 0 {
		d.RegID, d.UserINN, d.User = r.RegID, r.UserINN, r.User
		d.KKTNumber, d.Address, d.FFD = r.KKTNumber, r.Address, r.FFD
	}
	d.History = h.encode(make([]byte, 0, 512))
}

// Registered reports whether a registration report is known.
func (h *History) Registered() bool { return h.Current.FD != 0 }

// Answered tells the history which 1206 bits the confirmation of the last document
// carried; the drive repeats them in its next shift report (TRN-080).
func (h *History) Answered(bits uint8, at time.Time) {
	if bits &= repeatedBits; bits&^h.Bits != 0 {
		h.Bits |= bits
		h.BitsAt = at.Unix()
	}
}

// registrationFor is the report in force when document fd was made; nil when none
// is known.
func (h *History) registrationFor(fd fiscal.FDNumber) *Registration {
	switch {
	case h.Current.FD != 0 && h.Current.FD <= fd:
		return &h.Current
	case h.Previous.FD != 0 && h.Previous.FD <= fd:
		return &h.Previous
	}
	return nil
}

// whole reports whether every document of the drive from number 1 up to fd is
// known, fd itself aside.
func (h *History) whole(fd fiscal.FDNumber) bool { return h.FirstFD == 1 && h.unbroken(0, fd) }
