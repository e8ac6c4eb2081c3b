package fault

import (
	"slices"
	"strings"
	"time"
)

// Side is the end of the exchange that a point belongs to.
type Side uint8

// Sides.
const (
	Operator Side = iota + 1
	Register
)

// String is the word for it.
func (s Side) String() string { return [...]string{"", "operator", "register"}[s] }

// Moment is the kind of event that a point is asked at, and with it what is known
// of the event.
type Moment uint8

// Moments.
const (
	AtConnection Moment = iota + 1 // nothing is known but the peer
	AtHeader                       // the drive's number is known
	AtMessage                      // a message came, or is about to be sent
	AtDocument                     // a document is about to be stored
	AtReply                        // an answer is about to be sent
	AtReceipt                      // an answer came
)

var momentNames = [...]string{"", "each connection", "each message, when its header has come", "each message",
	"each document to be stored", "each answer", "each answer that came"}

// String says it in a few words.
func (m Moment) String() string { return momentNames[m] }

// Filters that an event of this moment has values for.
func (m Moment) Filters() []string {
	switch m {
	case AtConnection:
		return nil
	case AtHeader:
		return []string{"fn"}
	}
	return []string{"fn", "fd", "doc"}
}

// Point is one fault point: a row of the table.
type Point uint8

// Points of the operator.
const (
	AcceptRefuse Point = iota + 1
	ReadStall
	OperatorClockJump
	OperatorReset
	OperatorHalfClose
	StoreFail
	ReplyCode
	ReplyWrongFD
	ReplyWrongFN
	ReplyStale
	ReplyForeign
	ReplyBadSign
	ReplyBadLength
	ReplyBadCRC
	ReplyDelay
	ReplyDrop
	ReplyDuplicate
	ReplyTruncate
	ReplySplit

	// Points of the register.
	DialFail
	RegisterClockJump
	RegisterReset
	RegisterHalfClose
	SendStale
	SendWrongFD
	SendWrongFN
	SendBadSign
	SendBadLength
	SendBadCRC
	SendDelay
	SendStall
	SendDrop
	SendDuplicate
	SendTruncate
	SendSplit
	ReceiptDrop

	pointCount
)

// Info is what the table says of a point.
type Info struct {
	Point  Point   `json:"-"`
	Name   string  `json:"name"`
	Side   Side    `json:"-"`
	Moment Moment  `json:"-"`
	Text   string  `json:"text"` // what it does, in one sentence
	Params []Param `json:"params,omitempty"`
}

// kind of a parameter's value.
type kind uint8

const (
	kindDuration kind = iota + 1
	kindInt
	kindChoice
	kindFN // number of a drive; empty: chosen by the point
)

// Param is a parameter of a point.
type Param struct {
	Name    string   `json:"name"`
	Default string   `json:"default"`
	Text    string   `json:"text"`
	Choices []string `json:"choices,omitempty"` // for choices, the first is the default

	kind     kind
	min, max int64 // for numbers; durations in nanoseconds
}

// Points lists the table of a side, in the order in which points of one event act.
func Points(s Side) []Info {
	var all []Info
	for _, i := range table {
		if i.Side == s {
			all = append(all, i)
		}
	}
	return all
}

// Info is the point's row.
func (p Point) Info() Info { return *p.row() }

// String is the name: "reply.bad-crc".
func (p Point) String() string { return p.row().Name }

func (p Point) row() *Info { return &table[p-1] }

func byName(s Side, name string) (Point, bool) {
	for i := range table {
		if table[i].Side == s && table[i].Name == name {
			return table[i].Point, true
		}
	}
	return 0, false
}

// MarshalText is the name.
func (p Point) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// otherSide finds the name among the points of the other end, for a better error.
func otherSide(s Side, name string) bool { _, ok := byName(Operator+Register-s, name); return ok }

func names(s Side) string {
	var all []string
	for _, i := range Points(s) {
		all = append(all, i.Name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// maxPause bounds durations that an end waits.
const maxPause = time.Hour

func pause(name, def, text string) Param {
	return Param{Name: name, Default: def, Text: text, kind: kindDuration, max: int64(maxPause)}
}

func number(name, def string, from, to int64, text string) Param {
	return Param{Name: name, Default: def, Text: text, kind: kindInt, min: from, max: to}
}

func choice(name, text string, choices ...string) Param {
	return Param{Name: name, Default: choices[0], Text: text, Choices: choices, kind: kindChoice}
}
