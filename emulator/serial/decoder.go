package serial

import (
	"encoding/binary"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// DefaultFrameTime is how long a frame may take from its first byte to its last
// (FN-040).
const DefaultFrameTime = time.Second

// EventKind is what a decoder found in the bytes of a line.
type EventKind uint8

// Kinds of events.
const (
	GotFrame EventKind = iota + 1
	GotENQ
	GotBadCRC    // a whole frame whose check code does not fit
	GotBadLength // LEN is 0 or over 1025
)

// Event is one thing found on the line. Frame is set for GotFrame and GotBadCRC;
// its data belong to the event.
type Event struct {
	Kind  EventKind
	Frame Frame
}

// Decoder finds frames in bytes that are fed to it one at a time. Garbage before 04h
// is skipped; a frame that is not complete within FrameTime of its first byte is
// dropped without an event when the next byte comes (FN-040). After a bad LEN the
// decoder looks for the next 04h and, since what it skips is the rest of a frame,
// takes no 05h in it for ENQ until a good frame or FrameTime of silence.
//
// The zero value is ready.
type Decoder struct {
	FrameTime time.Duration // DefaultFrameTime when zero

	buf     []byte
	began   time.Time
	last    time.Time
	lost    bool // after a bad LEN: bytes outside frames are the remains of one
	skipped int
}

// Feed takes one byte that arrived at now. ok is false while nothing is complete.
func (d *Decoder) Feed(b byte, now time.Time) (e Event, ok bool) {
	limit := d.FrameTime
	if limit == 0 {
		limit = DefaultFrameTime
	}
	if len(d.buf) > 0 && now.Sub(d.began) > limit {
		d.drop()
	}
	if d.lost && now.Sub(d.last) > limit {
		d.lost = false
	}
	d.last = now
	if len(d.buf) == 0 {
		return d.between(b, now)
	}
	d.buf = append(d.buf, b)
	if len(d.buf) < headLen {
		return Event{}, false
	}
	n := int(binary.LittleEndian.Uint16(d.buf[1:]))
	if n == 0 || n > maxLen {
		d.drop()
		d.lost = true
		return Event{Kind: GotBadLength}, true
	}
	if len(d.buf) < headLen+n+crcLen {
		return Event{}, false
	}
	return d.whole(), true
}

// between handles a byte outside frames.
func (d *Decoder) between(b byte, now time.Time) (Event, bool) {
	switch {
	case b == Start:
		d.buf, d.began = append(d.buf, b), now
	case b == ENQ && !d.lost:
		return Event{Kind: GotENQ}, true
	default:
		d.skipped++
	}
	return Event{}, false
}

func (d *Decoder) whole() Event {
	end := len(d.buf) - crcLen
	e := Event{Kind: GotFrame, Frame: Frame{Code: d.buf[headLen], Data: append([]byte(nil), d.buf[headLen+1:end]...)}}
	if binary.LittleEndian.Uint16(d.buf[end:]) != fiscal.CRC16(d.buf[1:end]) {
		e.Kind = GotBadCRC
	}
	d.lost = false
	d.buf = d.buf[:0]
	return e
}

func (d *Decoder) drop() {
	d.skipped += len(d.buf)
	d.buf = d.buf[:0]
}

// Reset forgets a frame that has begun.
func (d *Decoder) Reset() { d.buf, d.lost = d.buf[:0], false }

// Pending reports whether a frame has begun and is not complete.
func (d *Decoder) Pending() bool { return len(d.buf) > 0 }

// Skipped is the number of bytes that belonged to no frame so far.
func (d *Decoder) Skipped() int { return d.skipped }
