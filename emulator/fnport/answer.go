package fnport

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// AnswerError is an answer whose data do not fit the command.
type AnswerError struct {
	Command  byte
	Offset   int // in the answer's data, in bytes
	Expected string
	Got      string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("fnport: answer to %02Xh at offset %d: expected %s, got %s", e.Command, e.Offset, e.Expected, e.Got)
}

// reader takes an answer apart; the first error sticks.
type reader struct {
	cmd  byte
	buf  []byte // what is left
	size int
	err  error
}

func (r *reader) offset() int { return r.size - len(r.buf) }

func (r *reader) fail(expected, format string, args ...any) {
	if r.err == nil {
		r.err = &AnswerError{Command: r.cmd, Offset: r.offset(), Expected: expected, Got: fmt.Sprintf(format, args...)}
	}
}

func (r *reader) take(n int) []byte {
	if r.err != nil || len(r.buf) < n {
		r.fail(fmt.Sprintf("%d more bytes", n), "%d", len(r.buf))
		return nil
	}
	b := r.buf[:n:n]
	r.buf = r.buf[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// uint reads n bytes, little-endian.
func (r *reader) uint(n int) uint64 {
	var v uint64
	for i, b := range r.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func (r *reader) fd() fiscal.FDNumber { return fiscal.FDNumber(r.u32()) }

// fpd reads a printed sign: little-endian here, big-endian in tag 1077 (K-025).
func (r *reader) fpd() fiscal.FPD { return fiscal.FPD(r.u32()) }

func (r *reader) text(n int) string { return string(r.take(n)) }

func (r *reader) fnNumber() fiscal.FNNumber {
	at := r.offset()
	n, err := fiscal.ParseFNNumber(r.text(fiscal.FNNumberLen))
	if err != nil && r.err == nil {
		r.err = &AnswerError{Command: r.cmd, Offset: at, Expected: "an FN number", Got: err.Error()}
	}
	return n
}

// time reads DATE_TIME; all zero bytes are the zero time.
func (r *reader) time() time.Time {
	at := r.offset()
	b := r.take(5)
	if b == nil {
		return time.Time{}
	}
	t, err := ParseTime(b)
	if err != nil {
		r.err = &AnswerError{Command: r.cmd, Offset: at, Expected: "a date and time", Got: fmt.Sprintf("%x", b)}
	}
	return t
}

// date reads DATE; all zero bytes are the zero time.
func (r *reader) date() time.Time {
	at := r.offset()
	b := r.take(3)
	if b == nil {
		return time.Time{}
	}
	t, err := ParseTime([]byte{b[0], b[1], b[2], 0, 0})
	if err != nil {
		r.err = &AnswerError{Command: r.cmd, Offset: at, Expected: "a date", Got: fmt.Sprintf("%x", b)}
	}
	return t
}

// rest is whatever is left; nil when nothing is.
func (r *reader) rest() []byte {
	b := r.buf
	r.buf = nil
	if len(b) == 0 {
		return nil
	}
	return b
}

// AppendTime writes DATE_TIME: year−2000, month, day, hour, minute of t's own wall
// clock (fn.md section 2). The zero time is five zero bytes.
func AppendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0, 0, 0, 0, 0)
	}
	return append(dst, byte(t.Year()-2000), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()))
}

// ParseTime reads the five bytes of DATE_TIME as a wall clock shown in UTC; five
// zero bytes are the zero time.
func ParseTime(b []byte) (time.Time, error) {
	if len(b) != 5 {
		return time.Time{}, fmt.Errorf("fnport: date and time of %d bytes, want 5", len(b))
	}
	if [5]byte(b) == [5]byte{} {
		return time.Time{}, nil
	}
	t := time.Date(2000+int(b[0]), time.Month(b[1]), int(b[2]), int(b[3]), int(b[4]), 0, 0, time.UTC)
	if t.Month() != time.Month(b[1]) || t.Day() != int(b[2]) || t.Hour() != int(b[3]) || t.Minute() != int(b[4]) || b[0] > 99 {
		return time.Time{}, fmt.Errorf("fnport: %x is not a date and time", b)
	}
	return t, nil
}
