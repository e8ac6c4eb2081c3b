package watch

import (
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// confirmedAs are the cases that say that a right document of a form is confirmed.
var confirmedAs = map[int]string{1: "O-001", 11: "O-040", 2: "O-010", 5: "O-010", 21: "O-051", 3: "O-021", 4: "O-038", 31: "O-035", 41: "O-038", 6: "O-050"}

// document judges a fiscal document whose headers and signs are right.
func (j *judge) document(x *exchange) {
	m := x.msg.Message
	if !m.Whole() || m.STLV == nil { // unread under --signs ignore
		x.msg.duty = duty{anything, nil}
		return
	}
	d := j.drive(x.fn)
	x.msg.drive = d
	j.reaction(d, x)
	if p := d.papers[m.FD]; p != nil {
		j.again(x, p)
		d.before = x
		return
	}
	p := &paper{sum: sum(x.raw), at: x.msg.at}
	d.papers[m.FD], x.msg.paper, d.before = p, p, x
	j.documents++
	top, at := read(m.STLV[4:], documentOffset+4, 0)
	s := &sheet{form: m.Form, ffd: uint64(m.FFD), fd: m.FD, at: time.Unix(max(m.Number(1012), 0), 0).UTC(), size: len(m.STLV) - 4, top: top, drive: d, ofd: j.o.OFD, now: j.o.Now().UTC()}
	owed := &x.msg.duty
	form, known := confirmedAs[m.Form]
	switch {
	case !known:
		j.tally.broke("E-16", x, documentOffset, "a known form", m.Form)
	case at >= 0 && owed.obligation != confirmUnread:
		j.tally.broke("E-16", x, at, "fields that fill their structure", "a field that does not fit")
	}
	if (!known || at >= 0) && rank(owed.obligation) < rank(confirmUnread) {
		*owed = duty{confirmUnread, []string{"O-098"}}
	}
	if rank(owed.obligation) >= rank(confirmUnread) {
		d.whole = false
		d.high = max(d.high, m.FD)
		p.duty = *owed
		return
	}
	if known && form == "O-040" && m.FD == 1 {
		form = "O-002"
	}
	late := m.FD < d.high
	orderly := j.order(x, s)
	broken := j.rules(x, s, owed)
	if !orderly || broken {
		d.whole = false
	}
	gap := d.high > 0 && m.FD > d.high+1
	d.keep(s)
	if !orderly || broken || late {
		d.whole = false
	}
	if owed.obligation == confirmClean {
		switch {
		case late:
			*owed = duty{confirm, []string{"O-091"}}
		case gap:
			*owed = duty{confirm, []string{"O-090"}}
		case !d.whole, s.ffd < 2:
			owed.obligation = confirm
		default:
			owed.ids = []string{form}
			if m.Encrypted {
				owed.ids = append(owed.ids, "O-030")
			}
		}
	}
	p.duty = *owed
}

// again judges a document that was seen before.
func (j *judge) again(x *exchange, p *paper) {
	x.msg.paper = p
	if sum(x.raw) == p.sum {
		j.tally.hold("TRN-060", x)
		x.msg.duty = p.duty
		if p.confirmed {
			x.msg.duty = duty{repeat, []string{"O-088"}}
		}
		return
	}
	j.tally.broke("TRN-060", x, headerLen, "the bytes sent before", "others")
	x.msg.duty = duty{anything, nil}
	if p.confirmed {
		x.msg.duty = duty{leave, []string{"O-089"}}
	}
}

// reaction judges what the register does after the message before.
func (j *judge) reaction(d *drive, x *exchange) {
	b := d.before
	if b == nil {
		return
	}
	done := func(fd uint32) bool { p := d.papers[fd]; return p != nil && p.confirmed }
	const numberAt = headerLen + 17
	switch {
	case x.fd == b.fd && done(x.fd):
		if b.right && !b.early {
			j.tally.broke("K-020", x, numberAt, "no confirmed document again", x.fd)
		}
	case x.fd == b.fd:
		if b.wrong != "" {
			j.tally.hold(b.wrong, x)
		}
	case x.fd < b.fd && done(x.fd):
		j.tally.broke("K-020", x, numberAt, "no confirmed document again", x.fd)
	case x.fd < b.fd:
		j.tally.broke("K-029", x, numberAt, "the oldest first", x.fd)
	case done(b.fd):
		j.tally.hold("K-020", x)
		j.tally.hold("K-029", x)
		if b.code {
			j.tally.hold("K-023", x)
		}
		if b.closed {
			j.tally.hold("K-098", x)
		}
		if b.wrong == "K-091" {
			j.tally.hold("K-091", x)
		}
	case b.wrong != "":
		j.tally.broke(b.wrong, x, numberAt, fmt.Sprintf("document %d again", b.fd), x.fd)
	}
}

// order judges the place of a document in the life of its drive.
func (j *judge) order(x *exchange, s *sheet) (ok bool) {
	d := s.drive
	ok = true
	look := func(id string, f finding) {
		j.tally.judge(id, x, f)
		ok = ok && (!f.judged || f.ok)
	}
	if s.fd == 1 {
		look("E-24", when(s.registration(), documentOffset, "form 1 or 11", s.form))
	}
	if d.closed != 0 && s.fd > d.closed {
		f := when(s.of(21), documentOffset, "form 21", s.form)
		look("E-25", f)
		if !f.ok {
			x.msg.duty = duty{confirmFlag, []string{"O-051"}}
		}
	}
	if d.last.fd != 0 && d.last.fd+1 == s.fd {
		limit := d.last.at
		if s.of(2) {
			limit = limit.Add(-time.Hour)
		}
		look("FN-030", when(!s.at.Before(limit), s.place(1012), "from "+limit.Format(time.DateTime), s.at.Format(time.DateTime)))
	}
	if s.receipt() && d.sure() && d.shift.open {
		look("K-010", when(s.at.Sub(d.shift.opened) <= 24*time.Hour, s.place(1012), "within 24 h of the opening at "+d.shift.opened.Format(time.DateTime), s.at.Format(time.DateTime)))
	}
	if s.of(2, 11, 6) && d.sure() && s.fd > 1 {
		look("Q-12", when(!d.shift.open, documentOffset, "a closed shift", "an open one"))
	}
	if s.of(6) && d.sure() {
		p := d.papers[s.fd-1]
		look("K-051", when(p != nil && p.confirmed, documentOffset, "everything before it confirmed", fmt.Sprintf("document %d is not", s.fd-1)))
	}
	if d.reg != nil && d.reg.autonomous && !s.registration() {
		look("K-042", bad(documentOffset, "nothing in autonomous mode", s.form))
	}
	if s.of(11) {
		j.tally.judge("K-041", x, s.reasons())
	}
	j.tally.judge("K-022", x, s.version(x.msg.PVersion))
	return ok
}

// reasons are those that the papers define (fn.md 9.1).
func (s *sheet) reasons() finding {
	if s.ffd < 3 {
		return when(s.number(1101) >= 1 && s.number(1101) <= 4, s.place(1101), "1 to 4", s.seen(1101))
	}
	const defined = 1<<22 - 1 | 1<<31
	n := s.number(1205)
	return when(n != 0 && n&^uint64(defined) == 0, s.place(1205), "bits 0 to 21 and 31", fmt.Sprintf("%x", n))
}

// version compares the P-version with the document's format (transport.md 3.1).
func (s *sheet) version(seen [2]byte) finding {
	want := map[uint64][2]byte{2: {1, 5}, 3: {1, 0x10}, 4: {1, 0x20}}
	w, ok := want[s.ffd]
	if !ok {
		if seen == want[2] || seen == want[3] || seen == want[4] {
			return notHere // as below
		}
		return when(seen == [2]byte{1, 0} || seen == [2]byte{0, 1} || seen == [2]byte{0, 2}, 6, "0100, 0001 or 0002", fmt.Sprintf("%x", seen))
	}
	if seen == want[s.ffd+1] && s.ffd < 4 || seen == want[s.ffd+2] && s.ffd < 3 { // made before a change of the version, sent after it
		return notHere
	}
	return when(seen == w, 6, fmt.Sprintf("%x", w), fmt.Sprintf("%x", seen))
}

// rules judges format control and says what the operator owes the document.
func (j *judge) rules(x *exchange, s *sheet, owed *duty) (broken bool) {
	for _, r := range rules {
		if s.ffd < 2 && !strings.ContainsRune("IQD", rune(r.id[0])) { // no tables of FFD 1.0 are at hand
			continue
		}
		f := r.look(s)
		j.tally.judge(r.id, x, f)
		if !f.judged || f.ok {
			continue
		}
		switch {
		case r.want == flagged && owed.obligation == confirmFlag:
			owed.ids = append(owed.ids, "F-"+r.id)
		case r.want == flagged && rank(owed.obligation) < rank(confirmFlag):
			*owed = duty{confirmFlag, []string{"F-" + r.id}}
		case r.want == loose:
			*owed = duty{anything, nil}
		case r.want == noted && owed.obligation == confirmClean && r.id != "Q-03":
			*owed = duty{confirm, nil}
		}
		broken = broken || r.want != noted
	}
	return broken
}

// marking judges a message of the marking exchange, whose headers are right.
func (j *judge) marking(x *exchange, problems []model.Problem) {
	m := x.msg.Message
	x.msg.duty = duty{markingReply, nil}
	ok := m.Form == 81 || m.Form == 82
	j.tally.judge("W-03", x, when(ok && len(problems) == 0, documentOffset, "a right message of form 81 or 82", m.Form))
	if !ok {
		x.msg.duty = duty{anything, nil}
	}
}
