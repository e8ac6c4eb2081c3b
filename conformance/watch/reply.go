package watch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// timeToAnswer is what TRN-064 calls normal.
const timeToAnswer = 3 * time.Second

// reply judges what the operator sent.
func (j *judge) reply(l *link, raw []byte, f fate, at time.Time) {
	if len(l.pending) == 0 {
		x := &exchange{fn: l.fn, answer: raw}
		j.tally.broke("W-21", x, 0, "nothing", fmt.Sprintf("%d bytes", len(raw)))
		if l.mute {
			j.tally.broke("O-025", x, 0, "no answer", fmt.Sprintf("%d bytes", len(raw)))
		}
		if l.half {
			j.tally.broke("O-111", x, 0, "no byte", fmt.Sprintf("%d bytes", len(raw)))
		}
		j.trace.write(x)
		return
	}
	x := l.pending[0]
	l.pending = l.pending[1:]
	l.done = append(l.done[:0], x)
	x.answer, x.ending, x.early, x.wrong = raw, conformance.Answered, l.ended[register] != "", ""
	defer j.trace.write(x)
	if f != message {
		x.wrong = "K-100"
		j.tally.broke("W-11", x, 0, fmt.Sprintf("%x", x.raw[:min(4, len(x.raw))]), fmt.Sprintf("%x", raw[:min(4, len(raw))]))
		return
	}
	d := x.msg.duty
	if d.obligation == leave {
		for _, id := range d.ids {
			j.tally.broke(id, x, 0, "no byte", fmt.Sprintf("%d bytes", len(raw)))
		}
		return
	}
	j.tally.hold("W-21", x)
	j.tally.hold("W-22", x)
	if d.wanted() {
		j.tally.hold("W-20", x)
		j.tally.judge("TRN-064", x, when(at.Sub(x.msg.at) <= timeToAnswer, 0, timeToAnswer, at.Sub(x.msg.at).Round(time.Millisecond)))
		if l.ended[register] == finished {
			j.tally.hold("O-110", x)
		}
	}
	switch d.obligation {
	case service:
		want := model.ServiceReply(x.raw)
		id := "O-032"
		if x.msg.Marking {
			id = "O-121"
		}
		j.tally.judge(id, x, when(bytes.Equal(raw, want), differ(raw, want), fmt.Sprintf("%x", want), fmt.Sprintf("%x", raw)))
	case markingReply:
		j.markingReply(x)
	default:
		if x.msg.Whole() && x.msg.STLV != nil && !x.msg.Marking && (j.o.NoSigns || d.obligation != anything) {
			j.confirmation(x)
		}
	}
}

// differ is where two strings of bytes part.
func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// confirmation judges an answer to a document.
func (j *judge) confirmation(x *exchange) {
	ack, problems := model.ReadAck(j.reader(x.msg.Message), x.raw, x.answer)
	problems = j.replyProblems(x, problems)
	x.wrong = j.category(x, problems, ack)
	onlyFPO := len(problems) > 0 && !slices.ContainsFunc(problems, func(p model.Problem) bool { return p.Check != "sign/fpo" })
	x.right = len(problems) == 0 || onlyFPO
	if len(problems) > 0 && onlyFPO {
		x.wrong = "K-091"
	}
	j.clock(x, ack)
	j.version(x, ack)
	x.code = ack.Code > 0 || ack.Message > 0
	p := x.msg.paper
	if p == nil {
		return
	}
	if x.msg.duty.obligation == repeat {
		same := p.answer == sum(x.answer)
		j.tally.judge("O-088", x, when(same, headerLen, "the confirmation given before", "another"))
	}
	if x.right {
		if !p.confirmed {
			p.confirmed, p.answer = true, sum(x.answer)
		}
		if d := x.msg.drive; d != nil {
			d.taken = max(d.taken, x.fd)
		}
		j.code(x, ack)
	}
}

// replyProblems judges everything that one answer shows by itself and returns what is
// wrong with it.
func (j *judge) replyProblems(x *exchange, problems []model.Problem) []model.Problem {
	if flags := binary.LittleEndian.Uint16(x.answer[26:]); flags&3 != 0 {
		h := x.answer[:28]
		if flags&3 == 2 {
			h = slices.Concat(h, x.answer[headerLen:])
		}
		if want, seen := model.CRC16(h), binary.LittleEndian.Uint16(x.answer[28:]); want != seen {
			problems = append(problems, model.Problem{Check: "session/crc", Offset: 28, Expected: fmt.Sprintf("%04x", want), Seen: fmt.Sprintf("%04x", seen)})
		}
	}
	problems = slices.DeleteFunc(problems, func(p model.Problem) bool { return j.o.NoSigns && strings.HasPrefix(p.Check, "sign/") })
	broken := map[string]bool{}
	for _, p := range problems {
		i := slices.IndexFunc(replyChecks, func(c struct{ check, ofd, kkt string }) bool { return c.check == p.Check })
		id := "W-22" // answer/whole
		if i >= 0 {
			id = replyChecks[i].ofd
		}
		if !broken[id] {
			broken[id] = true
			j.tally.broke(id, x, p.Offset, p.Expected, p.Seen)
		}
	}
	if len(x.answer) < headerLen+36 {
		return problems
	}
	for _, c := range replyChecks {
		switch {
		case broken[c.ofd], c.ofd == "O-028":
		case c.check == "session/crc" && x.answer[26]&3 == 0:
		case j.o.NoSigns && strings.HasPrefix(c.check, "sign/"):
		default:
			broken[c.ofd] = true
			j.tally.hold(c.ofd, x)
		}
	}
	return problems
}

// category is the requirement on what the register does after a wrong answer.
func (j *judge) category(x *exchange, problems []model.Problem, ack model.Ack) string {
	for _, p := range problems {
		switch p.Check {
		case "container/mirror":
			return j.mirror(x)
		case "document/1040":
			return j.another(x, ack.FD)
		}
		i := slices.IndexFunc(replyChecks, func(c struct{ check, ofd, kkt string }) bool { return c.check == p.Check })
		switch {
		case i < 0:
			return "K-096"
		case replyChecks[i].kkt != "":
			return replyChecks[i].kkt
		}
	}
	return ""
}

// mirror tells apart the ways in which bytes 9 to 24 of the container header are not
// repeated.
func (j *judge) mirror(x *exchange) string {
	want, seen := x.raw[39:55], x.answer[39:55]
	switch {
	case !bytes.Equal(want[:8], seen[:8]):
		return "K-071"
	case digits(string(seen[8:11])):
		return "K-081"
	case !bytes.Equal(want[8:11], seen[8:11]):
		return j.another(x, uint32(seen[8])<<16|uint32(seen[9])<<8|uint32(seen[10]))
	}
	return "K-083"
}

// another is a confirmation of another document: one that was given before, or not.
func (j *judge) another(x *exchange, fd uint32) string {
	if d := x.msg.drive; d != nil {
		if p := d.papers[fd]; p != nil && p.confirmed && p.answer == sum(x.answer) {
			return "K-082"
		}
	}
	return "K-080"
}

// clockSkew is how far the operator's clock may be from that of the watch.
const clockSkew = 5 * time.Minute

// clock is TRN-073: 1012 is the operator's time of arrival, unless the confirmation is
// one that was given before.
func (j *judge) clock(x *exchange, ack model.Ack) {
	if x.msg.duty.obligation == repeat || ack.Time == 0 || !x.right || j.before(x) {
		return
	}
	now := j.o.Now()
	off := time.Unix(int64(ack.Time), 0).Sub(now)
	j.tally.judge("O-028", x, when(off.Abs() <= clockSkew, documentOffset, "about "+now.UTC().Format(time.RFC3339), time.Unix(int64(ack.Time), 0).UTC().Format(time.RFC3339)))
}

// before reports whether the document came before: its confirmation may have been
// made then, and lost.
func (j *judge) before(x *exchange) bool {
	return x.msg.paper == nil || !x.msg.paper.at.Equal(x.msg.at)
}

// version is TRN-070.
func (j *judge) version(x *exchange, ack model.Ack) {
	if !x.right {
		return
	}
	if x.msg.FFD <= 2 {
		j.tally.judge("TRN-070", x, when(ack.Message < 0, documentOffset, "no 1206", ack.Message))
		return
	}
	j.tally.judge("TRN-070", x, when(ack.Code < 0, documentOffset, "no 1068", ack.Code))
}

// code judges what the operator says about the content.
func (j *judge) code(x *exchange, ack model.Ack) {
	old := x.msg.FFD <= 2
	said := fmt.Sprintf("1206 = %d", ack.Message)
	if old {
		said = fmt.Sprintf("1022 = %d", ack.Code)
	}
	var ok bool
	var expected string
	switch x.msg.duty.obligation {
	case confirmClean:
		ok, expected = old && ack.Code <= 0 || !old && ack.Message&2 == 0 || ack.Message < 0 && !old, "a clean code"
	case confirmFlag:
		ok, expected = old && ack.Code == 14 || !old && ack.Message > 0 && ack.Message&2 != 0, "1022 = 14 or bit 1 of 1206"
	case confirmUnread:
		ok, expected = old && ack.Code == 11 || !old && ack.Message > 0 && ack.Message&2 != 0, "1022 = 11 or bit 1 of 1206"
	case confirm:
		ok = true
	default:
		return
	}
	for _, id := range x.msg.duty.ids {
		j.tally.judge(id, x, when(ok, documentOffset, expected, said))
	}
}

// markingReply judges form 83 or 84.
func (j *judge) markingReply(x *exchange) {
	a, problems := model.ReadMarking(j.reader(x.msg.Message), x.raw, x.answer)
	if j.o.NoSigns {
		problems = slices.DeleteFunc(problems, func(p model.Problem) bool { return strings.HasPrefix(p.Check, "sign/") })
	}
	for _, p := range problems {
		j.tally.broke("W-28", x, p.Offset, p.Expected, p.Seen)
	}
	if len(problems) > 0 {
		return
	}
	want, seen, tag := x.msg.Number(2001), a.Request, 2001
	if x.msg.Form == 82 {
		want, seen, tag = x.msg.Number(2002), a.Notice, 2002
	}
	j.tally.judge("W-28", x, when(want < 0 || int64(seen) == want, documentOffset, fmt.Sprintf("%d = %d", tag, want), seen))
}
