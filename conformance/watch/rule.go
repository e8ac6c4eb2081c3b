package watch

import (
	"fmt"
	"slices"
	"time"
)

// want is what the operator must do about a document that breaks a rule.
type want uint8

const (
	loose   want = iota // its setting decides
	flagged             // confirm, and say that format control failed
	noted               // confirm; the code is free
	unread              // confirm, and say that the content was not recognised
)

// finding is what a rule says about a document: that it does not apply, that it
// holds, or where it is broken.
type finding struct {
	judged, ok     bool
	offset         int
	expected, seen string
}

var notHere, holds = finding{}, finding{judged: true, ok: true}

// bad points at a byte of the message.
func bad(offset int, expected, seen any) finding {
	return finding{judged: true, offset: offset, expected: fmt.Sprint(expected), seen: fmt.Sprint(seen)}
}

// when is holds, or bad.
func when(ok bool, offset int, expected, seen any) finding {
	if ok {
		return holds
	}
	return bad(offset, expected, seen)
}

// rule is a row of flk.md, judged on each new document of a register.
type rule struct {
	id   string
	want want
	look func(*sheet) finding
}

// sheet is a document in front of the rules, and what is known of its drive.
type sheet struct {
	form  int
	ffd   uint64 // 1209; 1 when absent
	fd    uint32
	at    time.Time // 1012, the register's wall clock shown in UTC
	size  int       // of the document's value
	top   []node
	drive *drive
	ofd   string
	now   time.Time
}

func (s *sheet) of(forms ...int) bool { return slices.Contains(forms, s.form) }

// Groups of forms.
func (s *sheet) receipt() bool      { return s.of(3, 4, 31, 41) }
func (s *sheet) sale() bool         { return s.of(3, 4) }
func (s *sheet) correction() bool   { return s.of(31, 41) }
func (s *sheet) registration() bool { return s.of(1, 11) }

func (s *sheet) field(tag int) *node   { return find(s.top, tag) }
func (s *sheet) has(tag int) bool      { return find(s.top, tag) != nil }
func (s *sheet) number(tag int) uint64 { return s.field(tag).number() }

// place is where a field stands, or where the document begins when it is absent.
func (s *sheet) place(tag int) int {
	if f := s.field(tag); f != nil {
		return f.offset
	}
	return documentOffset
}

// items are the goods of a receipt.
func (s *sheet) items() (all []*node) {
	for i := range s.top {
		if s.top[i].tag == 1059 {
			all = append(all, &s.top[i])
		}
	}
	return all
}

// seen shows a number that may be absent.
func (s *sheet) seen(tag int) string {
	if f := s.field(tag); f != nil {
		return fmt.Sprint(f.number())
	}
	return "absent"
}

// each looks at every item and tells of the first that is wrong.
func (s *sheet) each(look func(item *node) finding) finding {
	sum := notHere
	for _, item := range s.items() {
		switch f := look(item); {
		case f.judged && !f.ok:
			return f
		case f.judged:
			sum = holds
		}
	}
	return sum
}

// newDrive reports a change that tells of a new drive.
func (s *sheet) newDrive() bool {
	if s.ffd >= 3 {
		return s.number(1205)&1 != 0
	}
	for i := range s.top {
		if s.top[i].tag == 1101 && s.top[i].number() == 1 {
			return true
		}
	}
	return false
}

// rules are all rows that are judged.
var rules = slices.Concat(structureRules, identityRules, sequenceRules, moneyRules, receiptRules, reportRules)
