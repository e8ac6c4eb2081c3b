package fn

import (
	"fmt"
	"time"
)

// Code is the answer code of a command without its warning bit (fn.md section 10).
type Code byte

// Answer codes. 00h–20h are of the base interface, 0Ah–0Eh, 18h, 19h, 23h and
// above of FFD 1.1 and 1.2.
const (
	Done             Code = 0x00
	BadCommand       Code = 0x01 // unknown command, wrong format or unknown parameters
	WrongState       Code = 0x02
	DriveError       Code = 0x03
	CryptoError      Code = 0x04
	LifeOver         Code = 0x05 // FN 1.2: parameters do not suit the life time
	ArchiveFull      Code = 0x06
	WrongTime        Code = 0x07
	NoData           Code = 0x08
	BadValue         Code = 0x09
	NotForFFD        Code = 0x0A
	ForbiddenTags    Code = 0x0B
	DuplicateTags    Code = 0x0C
	MissingTags      Code = 0x0D
	TooManyItems     Code = 0x0E
	TooLong          Code = 0x10
	NoTransport      Code = 0x11
	KeysOver         Code = 0x12
	QueueFull        Code = 0x14
	WaitedTooLong    Code = 0x15 // oldest unconfirmed document is over 30 days old
	ShiftTooLong     Code = 0x16
	TimeDifference   Code = 0x17
	WrongTag         Code = 0x18
	NotAsRegistered  Code = 0x19
	AckRefused       Code = 0x20 // reason in the data
	KeyServiceNo     Code = 0x23
	UnknownAnswer    Code = 0x24
	RepeatKeyUpdate  Code = 0x30
	MarkingForbidden Code = 0x32
	MarkingOrder     Code = 0x33
	MarkingBlocked   Code = 0x34
	MarkingTableFull Code = 0x35
	MarkingTags      Code = 0x3C
	MarkingUnchecked Code = 0x3E
)

// Reasons of a refused confirmation: the byte of data with AckRefused (fn.md 9.1,
// command 26h).
const (
	AckBadSign     byte = 1
	AckBadFormat   byte = 2
	AckWrongFD     byte = 3
	AckWrongFN     byte = 4
	AckBadCRC      byte = 5
	AckWrongLength byte = 7
)

// Answer is what the drive returns to a command.
type Answer struct {
	Code    Code
	Warning bool   // bit 7 of the code on the wire: some warning flag of 30h is set
	Data    []byte // of a done command; with AckRefused one byte of reason
	Why     string // in Russian, for people and logs; never sent over the line
	Line    Line   // how a serial line has to spoil the answer; zero means not at all
}

// Line is what a fault switch does to an answer on the serial line (fn.md section
// 13). The command was executed; callers without a line ignore it.
type Line struct {
	Delay    time.Duration
	Silent   bool // send nothing; ENQ still gets the answer
	BadCRC   bool
	WrongLen bool
}

// Byte is the answer code as sent: bit 7 is the warning.
func (a Answer) Byte() byte {
	if a.Warning {
		return byte(a.Code) | 0x80
	}
	return byte(a.Code)
}

// Error is a refusal of the drive as a Go error.
type Error struct {
	Command byte
	Answer  Answer
}

func (e *Error) Error() string {
	return fmt.Sprintf("fn: command %02Xh: answer %02Xh: %s", e.Command, byte(e.Answer.Code), e.Answer.Why)
}

// refusal is why a command was not done. It becomes an Answer.
type refusal struct {
	code Code
	why  string
	data []byte
}

func refuse(code Code, format string, args ...any) *refusal {
	return &refusal{code: code, why: fmt.Sprintf(format, args...)}
}
