package life

import "slices"

// Paper is a document on its way to the operator, as far as the operator's duties
// depend on it.
type Paper struct {
	FD      uint32
	Form    int
	Shift   uint32 // 1038; 0 absent
	Number  uint32 // 1042
	Count   uint32 // 1118 of a closing report
	RNM     string
	INN     string
	Bytes   string // the container as the drive made it
	Damaged bool   // sign, check code or numbers wrong: the frame fails (E-09, E-11, E-13, E-17)
}

// File is what an operator must have of one drive. The zero value is a drive it
// never heard of.
type File struct {
	papers map[uint32]Paper
	replay map[uint32]string // what was answered
	first  uint32            // the number received first
	high   uint32
}

// Verdict is what the operator must do with a paper.
type Verdict struct {
	Silent  bool   // no confirmation, nothing stored
	Again   bool   // stored already: nothing is stored a second time
	Repeat  string // the confirmation to be given again, byte for byte; empty: nobody saw it yet
	Flagged bool   // code 14, or bit 1 of 1206: demanded
	Unclear bool   // either code is right
	Why     string // the rule
}

// Arrive says what the operator must do (transport.md section 10, flk.md section 3).
func (f *File) Arrive(p Paper) Verdict {
	if p.Damaged {
		return Verdict{Silent: true, Why: "E-09, E-11, E-13, E-17"}
	}
	if old, ok := f.papers[p.FD]; ok {
		if old.Bytes != p.Bytes {
			return Verdict{Silent: true, Why: "E-21"}
		}
		return Verdict{Again: true, Repeat: f.replay[p.FD], Why: "E-20"}
	}
	closed := f.closed()
	registration := p.Form == 1 || p.Form == 11
	switch {
	case closed != 0 && p.FD > closed && p.Form != 21:
		return Verdict{Flagged: true, Why: "E-25"}
	case len(f.papers) == 0 && !registration:
		return Verdict{Flagged: true, Why: "E-24"}
	case p.Form == 1 && p.FD != 1:
		return Verdict{Flagged: true, Why: "Q-01"}
	}
	return f.rules(p)
}

// rules judges a paper by those before it. Where some are missing only the lawful
// can be told to be right, which is for the caller to know: the verdict is unclear.
func (f *File) rules(p Paper) Verdict {
	v := Verdict{Unclear: !f.whole(p.FD)}
	s, broken := f.state(p.FD)
	if broken {
		v.Unclear = true
	}
	flag := func(rule string) { v.Flagged, v.Why = true, rule }
	if reg, ok := f.papers[1]; ok && p.FD > 1 {
		switch {
		case p.RNM != reg.RNM:
			flag("I-03")
		case p.INN != reg.INN:
			flag("I-04")
		}
	}
	if why := s.judge(p); why != "" {
		flag(why)
	}
	if v.Unclear {
		v.Flagged = false
	}
	return v
}

// Keep is a paper accepted and what was answered to it.
func (f *File) Keep(p Paper, answer string) {
	if f.papers == nil {
		f.papers, f.replay, f.first = map[uint32]Paper{}, map[uint32]string{}, p.FD
	}
	f.papers[p.FD], f.replay[p.FD] = p, answer
	f.high = max(f.high, p.FD)
}

// Answer replaces what was answered to a stored paper: an answer that nobody saw
// becomes known with the first repeat.
func (f *File) Answer(fd uint32, answer string) { f.replay[fd] = answer }

// Has reports whether a document must be there.
func (f *File) Has(fd uint32) bool { _, ok := f.papers[fd]; return ok }

// Paper is a document that must be there.
func (f *File) Paper(fd uint32) (p Paper, ok bool) { p, ok = f.papers[fd]; return p, ok }

// Count is how many documents must be there.
func (f *File) Count() int { return len(f.papers) }

// High is the greatest number received.
func (f *File) High() uint32 { return f.high }

// Missing are the numbers between the first received and the greatest that were not
// received (E-22, E-23). Numbers below the first are the operator's own affair.
func (f *File) Missing() (all []uint32) {
	for fd := f.first + 1; fd < f.high; fd++ {
		if !f.Has(fd) {
			all = append(all, fd)
		}
	}
	return all
}

// First is the number received first.
func (f *File) First() uint32 { return f.first }

func (f *File) whole(fd uint32) bool {
	for n := uint32(1); n < fd; n++ {
		if !f.Has(n) {
			return false
		}
	}
	return true
}

// closed is the number of form 6; 0 while the drive works.
func (f *File) closed() uint32 {
	for fd, p := range f.papers {
		if p.Form == 6 {
			return fd
		}
	}
	return 0
}

// tally is the shift before a document.
type tally struct {
	number, receipts uint32
	open             bool
}

// state counts through the papers before fd; broken: one of them was against the
// rules, and what holds after it is not said.
func (f *File) state(fd uint32) (s tally, broken bool) {
	var order []uint32
	for n := range f.papers {
		if n < fd {
			order = append(order, n)
		}
	}
	slices.Sort(order)
	for _, n := range order {
		p := f.papers[n]
		broken = broken || s.judge(p) != ""
		switch p.Form {
		case 2:
			s = tally{number: p.Shift, open: true}
		case 3, 4, 31, 41:
			s.receipts++
		case 5:
			s.open = false
		}
	}
	return s, broken
}

// judge names the rule of flk.md section 3 that a paper breaks, of severity E.
func (s *tally) judge(p Paper) string {
	switch p.Form {
	case 2:
		if !s.open && p.Shift != s.number+1 {
			return "Q-04"
		}
	case 3, 4, 31, 41:
		if !s.open || p.Shift != s.number {
			return "Q-05"
		}
	case 5:
		switch {
		case !s.open || p.Shift != s.number:
			return "Q-07"
		case p.Count != s.receipts:
			return "Q-08"
		}
	case 21:
		if p.Shift != 0 && !s.open {
			return "Q-09"
		}
	case 6:
		if p.Shift != s.number {
			return "Q-11"
		}
	}
	return ""
}
