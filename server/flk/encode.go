package flk

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// encodingVersion is the first byte of an encoded history.
const encodingVersion = 1

var errShort = errors.New("flk: history ends early")

// encode appends the history without what the store keeps in columns: status, last
// number, gaps. Numbers are unsigned varints, texts are preceded by their length.
func (h *History) encode(b []byte) []byte {
	b = append(b, encodingVersion)
	b = putAll(b, uint64(h.FirstFD), uint64(h.LastForm), uint64(h.LastTime), uint64(h.Unsent), uint64(h.Unseen), uint64(h.ClosedFD))
	b = h.Current.encode(b)
	b = h.Previous.encode(b)
	s := &h.Shift
	b = putAll(b, uint64(s.Number), flag(s.Open)|flag(s.ReceiptSeen)<<1, uint64(s.OpenFD), uint64(s.At), uint64(s.Receipt), uint64(s.ReceiptFD))
	b = s.Count.encode(b)
	b = h.Totals.encode(b)
	b = putAll(b, uint64(h.KeyEnd), uint64(h.KeyResource), uint64(h.KeyReport), uint64(h.Alarms), uint64(h.Bits), uint64(h.BitsAt))
	return binary.AppendVarint(b, h.Lag)
}

func (r *Registration) encode(b []byte) []byte {
	b = putAll(b, uint64(r.FD))
	if r.FD == 0 {
		return b
	}
	for _, s := range r.texts() {
		b = binary.AppendUvarint(b, uint64(len(*s)))
		b = append(b, *s...)
	}
	return putAll(b, uint64(r.FFD), uint64(r.Taxation), uint64(r.Agents), uint64(r.Conditions), uint64(r.Carried))
}

func (r *Registration) texts() [6]*string {
	return [6]*string{(*string)(&r.RegID), (*string)(&r.UserINN), &r.KKTNumber, &r.User, &r.Address, (*string)(&r.OFD)}
}

func (c *Counters) encode(b []byte) []byte {
	b = putAll(b, uint64(c.Corrections))
	for i := range c.ByOperation {
		o := &c.ByOperation[i]
		b = putAll(b, uint64(o.Count), o.Total, o.Cash, o.Ecash)
	}
	return b
}

func putAll(b []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func flag(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// reader takes an encoded history apart; after the first error it gives zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.b, r.err = nil, errShort
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) text() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.b, r.err = nil, errShort
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func decode(b []byte) (h History, err error) {
	if b[0] != encodingVersion {
		return h, fmt.Errorf("flk: history of version %d, want %d", b[0], encodingVersion)
	}
	r := &reader{b: b[1:]}
	h.FirstFD, h.LastForm = fiscal.FDNumber(r.uint()), fiscal.Form(r.uint())
	h.LastTime, h.Unsent = int64(r.uint()), uint32(r.uint())
	h.Unseen, h.ClosedFD = fiscal.FDNumber(r.uint()), fiscal.FDNumber(r.uint())
	h.Current.decode(r)
	h.Previous.decode(r)
	s := &h.Shift
	s.Number = uint32(r.uint())
	flags := r.uint()
	s.Open, s.ReceiptSeen = flags&1 != 0, flags&2 != 0
	s.OpenFD, s.At = fiscal.FDNumber(r.uint()), fiscal.FDNumber(r.uint())
	s.Receipt, s.ReceiptFD = uint32(r.uint()), fiscal.FDNumber(r.uint())
	s.Count.decode(r)
	h.Totals.decode(r)
	h.KeyEnd, h.KeyResource, h.KeyReport = int64(r.uint()), uint16(r.uint()), fiscal.FDNumber(r.uint())
	h.Alarms, h.Bits, h.BitsAt = Alarm(r.uint()), uint8(r.uint()), int64(r.uint())
	lag, size := binary.Varint(r.b)
	if h.Lag = lag; r.err == nil && size != len(r.b) {
		r.err = errors.New("flk: history does not end where it should")
	}
	return h, r.err
}

func (g *Registration) decode(r *reader) {
	if g.FD = fiscal.FDNumber(r.uint()); g.FD == 0 {
		return
	}
	for _, s := range g.texts() {
		*s = r.text()
	}
	g.FFD, g.Taxation, g.Agents = fiscal.FFD(r.uint()), uint8(r.uint()), uint8(r.uint())
	g.Conditions, g.Carried = uint32(r.uint()), carriages(r.uint())
}

func (c *Counters) decode(r *reader) {
	c.Corrections = uint32(r.uint())
	for i := range c.ByOperation {
		c.ByOperation[i] = Operation{Count: uint32(r.uint()), Total: r.uint(), Cash: r.uint(), Ecash: r.uint()}
	}
}
