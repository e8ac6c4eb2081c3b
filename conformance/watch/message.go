package watch

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// arrived is a register's message as it was read.
type arrived struct {
	*model.Message
	at    time.Time
	duty  duty
	drive *drive // of a document whose sign is right
	paper *paper
}

// message judges what a register sent and says what the operator owes it.
func (j *judge) message(l *link, raw []byte, f fate, at time.Time) *exchange {
	j.messages++
	x := &exchange{raw: raw, msg: &arrived{Message: &model.Message{Raw: raw}, at: at}}
	switch f {
	case garbage:
		j.tally.broke("E-01", x, 0, fmt.Sprintf("%x", model.SignatureOFD), fmt.Sprintf("%x", raw[:min(4, len(raw))]))
		x.msg.duty = duty{leave, []string{"O-070"}}
		l.pending = append(l.pending, x)
		return x
	case oversize:
		x.fn = digitsOf(raw[8:24])
		j.tally.broke("E-06", x, 24, fmt.Sprintf("at most %d bytes", maxBody), binary.LittleEndian.Uint16(raw[24:]))
		x.msg.duty = duty{leave, []string{"O-105"}}
		l.pending = append(l.pending, x)
		return x
	}
	x.fn = digitsOf(raw[8:24])
	m, problems := model.ReadMessage(j.o.Master, j.o.OFD, raw)
	problems = j.relevant(m, problems)
	x.msg.Message, x.fd, l.fn = m, m.FD, x.fn
	x.msg.duty = j.headers(x, problems)
	if len(raw) > headerLen {
		j.tally.hold("E-06", x)
		j.tally.hold("E-07", x)
	}
	switch d := &x.msg.duty; {
	case d.obligation == leave || d.obligation == anything && d.ids == nil && len(problems) > 0:
	case len(raw) == headerLen:
		*d = duty{service, nil}
	case foreignService(raw):
		*d = duty{anything, nil}
	case m.Marking:
		j.marking(x, problems)
	default:
		j.document(x)
	}
	waiting := slices.ContainsFunc(l.pending, func(p *exchange) bool { return p.msg.duty.wanted() })
	if waiting {
		j.tally.broke("W-01", x, 0, "nothing before the answer", "another message")
	} else {
		j.tally.hold("W-01", x)
	}
	if len(raw) > headerLen && m.Flags>>4&3 == 0 && x.msg.duty.wanted() {
		x.msg.duty, l.mute = duty{stay, []string{"O-025"}}, true
		x.ending = conformance.Answered
		j.tally.hold("O-025", x)
		j.trace.write(x)
		return x
	}
	l.mute = false
	l.pending = append(l.pending, x)
	return x
}

func digitsOf(fn []byte) string {
	s := strings.TrimRight(string(fn), " ")
	if s == "" || !digits(s) {
		return ""
	}
	return s
}

// foreignService is an exchange of the marking protocol that is not with the marking
// operator: the key service and its probes (transport.md 12.1).
func foreignService(raw []byte) bool {
	return [4]byte(raw) == model.SignatureMarking && [2]byte(raw[4:]) != model.SVersionMarking
}

// relevant drops what is no fault of the register, or not to be judged.
func (j *judge) relevant(m *model.Message, all []model.Problem) []model.Problem {
	return slices.DeleteFunc(all, func(p model.Problem) bool {
		switch {
		case strings.HasPrefix(p.Check, "sign/"):
			return j.o.NoSigns
		case p.Check == "session/s-version":
			return m.Marking && len(m.Raw) >= headerLen && (m.Raw[4] == 0x82)
		case p.Check == "session/length":
			return true // the frame was cut by it
		case p.Check == "session/crc":
			return m.Flags&3 == 0 // nobody reads it
		case foreignService(m.Raw):
			return true
		}
		return j.o.NoSigns && m.Encrypted && strings.HasPrefix(p.Check, "document/")
	})
}

// headers judges what does not depend on other documents.
func (j *judge) headers(x *exchange, problems []model.Problem) (owed duty) {
	m := x.msg.Message
	owed = duty{confirmClean, nil}
	broken := map[string]bool{}
	for _, f := range faults {
		for _, p := range problems {
			if p.Check != f.check {
				continue
			}
			if !broken[f.kkt] {
				broken[f.kkt] = true
				j.tally.broke(f.kkt, x, j.place(x, p), p.Expected, p.Seen)
			}
			if rank(f.ofd.obligation) > rank(owed.obligation) {
				owed = f.ofd
			}
		}
	}
	for _, f := range faults {
		if broken[f.kkt] || !x.reached(f.check) || j.o.NoSigns && strings.HasPrefix(f.check, "sign/") {
			continue
		}
		broken[f.kkt] = true // once for each
		j.tally.hold(f.kkt, x)
	}
	if m.Flags>>4&3 > 1 {
		owed = duty{leave, []string{"O-073"}}
	}
	return owed
}

// rank orders obligations: what closes the connection comes before what is said in an
// answer, and what nobody prescribes before both.
func rank(o obligation) int {
	switch o {
	case leave:
		return 4
	case anything:
		return 3
	case confirmUnread:
		return 2
	case confirmFlag:
		return 1
	}
	return 0
}

// reached reports whether a check was made on the message at all.
func (x *exchange) reached(check string) bool {
	m := x.msg.Message
	switch {
	case check == "session/p-version":
		return !m.Marking
	case check == "session/crc":
		return m.Flags&3 != 0
	case strings.HasPrefix(check, "session/"):
		return true
	case !m.Whole():
		return false
	case check == "document/1040", check == "document/1041", check == "sign/fpd":
		return !m.Marking && m.STLV != nil
	case strings.HasPrefix(check, "document/"), strings.HasPrefix(check, "sign/"):
		return m.STLV != nil
	}
	return true
}

// place is the offending byte: the model tells that of the document for its fields.
func (j *judge) place(x *exchange, p model.Problem) int {
	tag := map[string]int{"document/1040": 1040, "document/1041": 1041, "sign/fpd": 1077}[p.Check]
	stlv := x.msg.STLV
	switch {
	case len(stlv) < 4:
	case tag != 0:
		top, _ := read(stlv[4:], documentOffset+4, 0)
		if f := find(top, tag); f != nil {
			return f.offset + 4
		}
	case p.Check == "document/tlv":
		if _, at := read(stlv[4:], documentOffset+4, 0); at >= 0 {
			return at
		}
	}
	return p.Offset
}

// sum is how a document is told from another with its number: its container.
func sum(raw []byte) [sha256.Size]byte { return sha256.Sum256(raw[headerLen:]) }
