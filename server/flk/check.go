package flk

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Arrival is how a document came.
type Arrival struct {
	FN  fiscal.FNNumber
	FD  fiscal.FDNumber // of the container header
	OFD fiscal.INN      // the operator's own
	At  time.Time       // UTC
}

// Result is what a document means for the history of its drive.
type Result struct {
	Findings []flk.Finding
	// Faults among FDGap, FDBack, NotRegisteredFirst, AfterClose and OFDMismatch.
	Faults []fiscal.Fault
	// Alarms are texts of incidents, in Russian.
	Alarms []string
	// Replaces: the drive took over a register that had another FN (FN-013).
	Replaces bool
}

// check is one document under judgement. next is the history being changed; old
// is what it was.
type check struct {
	old, next *History
	doc       *ffd.Document // nil when the content was not seen
	arrival   Arrival
	fd        fiscal.FDNumber
	time      int64 // 1012
	result    Result

	// place of the next finding
	path   []tlv.Tag
	offset int
}

// Check judges a new document of the drive, one that is not stored yet, and
// returns the history after it. d is nil when the content could not be read: then
// only its number counts. h is not changed.
func (h *History) Check(d *ffd.Document, a Arrival) (History, Result) {
	next := *h
	c := &check{old: h, next: &next, doc: d, arrival: a, fd: a.FD}
	if d == nil {
		c.numbers()
		next.Unseen = max(next.Unseen, c.fd)
		if next.Status == "" {
			next.Status = store.DriveUnregistered
		}
		return next, c.result
	}
	c.time = d.DateTime().Unix()
	c.afterClose()
	c.numbers()
	c.registered()
	c.clock()
	c.keys()
	switch {
	case d.Form.IsRegistration():
		c.registration()
	case d.Form == fiscal.FormOpenShift:
		c.openShift()
	case d.Form == fiscal.FormCloseShift:
		c.closeShift()
	case d.Form.IsReceipt():
		c.receipt()
	case d.Form == fiscal.FormCurrentStateReport:
		c.stateReport()
	case d.Form == fiscal.FormCloseArchive:
		c.closeArchive()
	}
	c.remember()
	return next, c.result
}

// newest reports whether no later document was received before this one.
func (c *check) newest() bool { return c.fd > c.old.LastFD }

// known reports whether all documents between an earlier one and this are known.
func (c *check) known(from fiscal.FDNumber) bool { return c.old.unbroken(from, c.fd) && !c.jump() }

// jump reports whether the document itself leaves numbers out.
func (c *check) jump() bool {
	return c.old.LastFD != 0 && c.fd > c.old.LastFD+1
}

func (c *check) fault(f fiscal.Fault) { c.result.Faults = append(c.result.Faults, f) }

func (c *check) alarm(format string, args ...any) {
	c.result.Alarms = append(c.result.Alarms, fmt.Sprintf(format, args...))
}

// at names the field that the next finding is about; tags go from the document
// inwards.
func (c *check) at(n *tlv.Node, path ...tlv.Tag) *check {
	c.path, c.offset = path, 0
	if n != nil {
		c.offset = n.Offset
	}
	return c
}

// tag is at for a first-level field.
func (c *check) tag(t tlv.Tag) *check { return c.at(c.doc.Field(t), t) }

func (c *check) add(rule string, s flk.Severity, format string, args ...any) {
	c.result.Findings = append(c.result.Findings, flk.Finding{
		Rule: rule, Severity: s, Path: c.path, Offset: c.offset, Code: rules[rule], Text: fmt.Sprintf(format, args...),
	})
	c.path, c.offset = nil, 0
}

// numbers keeps the row of document numbers: gaps open and close (Q-03, E-22, E-23).
func (c *check) numbers() {
	h := c.next
	switch {
	case c.old.LastFD == 0:
		h.FirstFD, h.LastFD = c.fd, c.fd
	case c.newest():
		if c.jump() {
			from, to := c.old.LastFD+1, c.fd-1
			h.Gaps = addGap(h.Gaps, from, to, c.arrival.At)
			c.fault(fiscal.FDGap)
			c.pathIfSeen().add("Q-03", flk.Warning, "пропущены номера ФД %s", numberRun(from, to))
		}
		h.LastFD = c.fd
	default:
		c.fault(fiscal.FDBack)
		if c.fd < h.FirstFD {
			if c.fd+1 < h.FirstFD {
				h.Gaps = addGap(h.Gaps, c.fd+1, h.FirstFD-1, c.arrival.At)
			}
			h.FirstFD = c.fd
			return
		}
		h.Gaps, _ = fillGap(h.Gaps, c.fd)
	}
}

func (c *check) pathIfSeen() *check {
	if c.doc == nil {
		return c
	}
	return c.tag(ffd.TagFDNumber)
}

func numberRun(from, to fiscal.FDNumber) string {
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d–%d", from, to)
}

// afterClose: nothing but form 21 follows form 6 (Q-11, E-25).
func (c *check) afterClose() {
	if c.old.ClosedFD == 0 || c.fd < c.old.ClosedFD || c.doc.Form == fiscal.FormCurrentStateReport {
		return
	}
	c.fault(fiscal.AfterClose)
	c.add("Q-11", flk.Error, "документ после отчета о закрытии ФН (ФД %d)", c.old.ClosedFD)
}

// registered: the first document of a drive is a registration (E-24).
func (c *check) registered() {
	if c.old.Registered() || c.doc.Form.IsRegistration() {
		return
	}
	if c.old.LastFD == 0 {
		c.fault(fiscal.NotRegisteredFirst)
	}
	c.next.Status = store.DriveUnregistered
	c.add("E-24", flk.Warning, "отчет о регистрации этого ФН не получен")
}

// openingRelief is how far before the closing of the previous shift an opening may
// be dated (FN-030), in seconds.
const openingRelief = 3600

// clock: time does not go back within a drive (D-04).
func (c *check) clock() {
	if !c.newest() || c.old.LastTime == 0 || c.time <= 0 {
		return
	}
	relief := int64(0)
	if c.doc.Form == fiscal.FormOpenShift {
		relief = openingRelief
	}
	if c.time+relief < c.old.LastTime {
		c.tag(ffd.TagDateTime).add("D-04", flk.Warning, "время документа раньше времени предыдущего (ФД %d) на %s",
			c.old.LastFD, time.Duration(c.old.LastTime-c.time)*time.Second)
	}
}

// remember stores what the next document will be compared with.
func (c *check) remember() {
	h := c.next
	if lag := c.arrival.At.Unix() - c.time; h.Lag == 0 || lag < h.Lag {
		h.Lag = lag
	}
	if c.fd != h.LastFD {
		return
	}
	h.LastForm, h.LastTime, h.Unsent = c.doc.Form, max(c.time, 0), 0
	if c.doc.Form == fiscal.FormCurrentStateReport {
		h.Unsent = uint32(c.doc.Uint(ffd.TagUnsentCount))
	}
}
