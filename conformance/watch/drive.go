package watch

import (
	"crypto/sha256"
	"time"
)

// drive is what passed by of one fiscal drive.
type drive struct {
	fn     string
	papers map[uint32]*paper
	high   uint32 // greatest number
	whole  bool   // seen from its first document on, none missing, no rule of order broken
	reg    *registered
	shift  shift
	last   lastDocument
	closed uint32    // number of form 6
	before *exchange // its last message, whole and with a right sign
	taken  uint32    // greatest number that got a right confirmation
}

type lastDocument struct {
	form   int
	fd     uint32
	at     time.Time
	unsent uint64
}

// paper is a document that passed.
type paper struct {
	sum       [sha256.Size]byte // of its container
	confirmed bool              // a right confirmation passed whole
	answer    [sha256.Size]byte // of that confirmation's container
	duty      duty              // what the operator owes it
	at        time.Time         // of its arrival, when the watch is the operator
}

// registered is the registration in force.
type registered struct {
	ffd                         uint64
	rnm, inn                    string
	autonomous, automat, excise bool
}

type shift struct {
	number, receipts uint32
	open             bool
	opened           time.Time
}

// sure reports whether the shift is known: every document before was seen.
func (d *drive) sure() bool { return d.whole && d.high > 0 }

// keep takes a new document into the books.
func (d *drive) keep(s *sheet) {
	switch {
	case d.high == 0:
		d.whole = s.fd == 1 && s.registration()
	case s.fd != d.high+1:
		d.whole = false
	}
	d.high = max(d.high, s.fd)
	switch {
	case s.registration():
		inn := s.field(1018).text()
		if len(inn) == 12 && inn[:2] == "00" {
			inn = inn[2:]
		}
		d.reg = &registered{ffd: s.ffd, rnm: s.field(1037).text(), inn: inn, autonomous: s.number(1002) == 1,
			automat: s.number(1001) == 1, excise: s.number(1207) == 1 || s.number(1290)>>6&1 == 1}
	case s.of(2):
		d.shift = shift{number: uint32(s.number(1038)), open: true, opened: s.at}
	case s.receipt():
		d.shift.receipts++
	case s.of(5):
		d.shift.open = false
	case s.of(6):
		d.closed = s.fd
	}
	d.last = lastDocument{form: s.form, fd: s.fd, at: s.at, unsent: s.number(1097)}
}
