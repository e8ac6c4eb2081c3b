package life

import (
	"fmt"
	"slices"
	"strings"
)

// Code is an answer code of a drive (fn.md section 10).
type Code byte

// Codes that the model speaks of.
const (
	Done            Code = 0x00
	WrongState      Code = 0x02
	LifeOver        Code = 0x05
	ArchiveFull     Code = 0x06
	WrongTime       Code = 0x07
	NoData          Code = 0x08
	BadValue        Code = 0x09
	NoTransport     Code = 0x11
	KeysOver        Code = 0x12
	QueueFull       Code = 0x14
	WaitedTooLong   Code = 0x15
	ShiftTooLong    Code = 0x16
	NotAsRegistered Code = 0x19
	AckRefused      Code = 0x20
)

// Reasons is what the papers say about one request. With a reason that must refuse,
// the answer is one of the codes named; with none it is Done, or a code for which
// the papers are not clear.
type Reasons struct {
	must, may []Code
	why       []string
}

// No says that the request must be refused with one of these codes.
func (r *Reasons) No(why string, codes ...Code) {
	r.must = append(r.must, codes...)
	r.why = append(r.why, why)
}

// Unclear says that the papers allow a refusal with this code and do not demand it.
func (r *Reasons) Unclear(c Code) { r.may = append(r.may, c) }

// Refused reports whether the request must be refused.
func (r Reasons) Refused() bool { return len(r.must) > 0 }

// Allow reports whether an answer code is right.
func (r Reasons) Allow(c Code) bool {
	switch {
	case slices.Contains(r.must, c), slices.Contains(r.may, c):
		return true
	}
	return c == Done && !r.Refused()
}

// Clear reports whether the papers leave no choice.
func (r Reasons) Clear() bool { return len(r.may) == 0 }

// Codes with which a request must be refused; none when it must be done.
func (r Reasons) Codes() []Code { return r.must }

// String is "15h: oldest unconfirmed document of 31 days", or "00h".
func (r Reasons) String() string {
	if !r.Refused() {
		return "00h"
	}
	names := make([]string, len(r.must))
	for i, c := range r.must {
		names[i] = c.String()
	}
	return strings.Join(names, " or ") + ": " + strings.Join(r.why, "; ")
}

// String is "15h".
func (c Code) String() string { return fmt.Sprintf("%02Xh", byte(c)) }
