package fn

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// recordLen is a record in a snapshot: four times 8 bytes, FP 4, form, FFD,
// operation, confirmed, ФПО.
const recordLen = 4*8 + 4 + 4 + fpoLen

// encoder writes the byte part of a snapshot.
type encoder struct{ buf []byte }

func (e *encoder) u32(v uint32)    { e.buf = binary.LittleEndian.AppendUint32(e.buf, v) }
func (e *encoder) u64(v uint64)    { e.buf = binary.LittleEndian.AppendUint64(e.buf, v) }
func (e *encoder) bytes(b []byte)  { e.u32(uint32(len(b))); e.buf = append(e.buf, b...) }
func (e *encoder) moment(m moment) { e.u64(uint64(m)) }

func (e *encoder) record(r *record) {
	e.moment(r.Time)
	e.u64(r.Value)
	e.moment(r.First)
	e.moment(r.Acked)
	e.u32(r.FP)
	e.buf = append(e.buf, byte(r.Form), byte(r.FFD), byte(r.Op), b2i(r.Confirmed))
	e.buf = append(e.buf, r.FPO[:]...)
}

// numbered writes things kept by FD number in ascending order: the same drive gives
// the same bytes.
func (e *encoder) numbered(m map[uint32][]byte) {
	e.u32(uint32(len(m)))
	for _, fd := range slices.Sorted(maps.Keys(m)) {
		e.u32(fd)
		e.bytes(m[fd])
	}
}

func (e *encoder) box(o *outbox) {
	e.u32(uint32(o.count()))
	for _, x := range o.items[o.head:] {
		e.u32(x.Number)
		e.moment(x.Time)
		e.bytes(x.Container)
	}
}

// decoder reads it; the first error sticks.
type decoder struct {
	buf []byte
	err error
}

func (d *decoder) take(n int) []byte {
	if d.err == nil && n > len(d.buf) {
		d.err = fmt.Errorf("%d bytes wanted, %d left", n, len(d.buf))
	}
	if d.err != nil {
		return make([]byte, min(n, recordLen))
	}
	b := d.buf[:n:n]
	d.buf = d.buf[n:]
	return b
}

func (d *decoder) u32() uint32    { return binary.LittleEndian.Uint32(d.take(4)) }
func (d *decoder) u64() uint64    { return binary.LittleEndian.Uint64(d.take(8)) }
func (d *decoder) moment() moment { return moment(d.u64()) }

func (d *decoder) bytes() []byte {
	n := d.u32()
	if d.err != nil || int64(n) > int64(len(d.buf)) {
		if d.err == nil {
			d.err = fmt.Errorf("%d bytes wanted, %d left", n, len(d.buf))
		}
		return nil
	}
	return d.take(int(n))
}

// count reads how many things follow, each of at least size bytes.
func (d *decoder) count(size int) int {
	n := int64(d.u32())
	if d.err == nil && n*int64(size) > int64(len(d.buf)) {
		d.err = fmt.Errorf("%d entries of %d bytes announced, %d bytes left", n, size, len(d.buf))
	}
	if d.err != nil {
		return 0
	}
	return int(n)
}

func (d *decoder) record(r *record) {
	r.Time, r.Value, r.First, r.Acked = d.moment(), d.u64(), d.moment(), d.moment()
	r.FP = d.u32()
	b := d.take(4)
	r.Form, r.FFD, r.Op, r.Confirmed = fiscal.Form(b[0]), fiscal.FFD(b[1]), fiscal.OperationType(b[2]), b[3] == 1
	copy(r.FPO[:], d.take(fpoLen))
}

func (d *decoder) numbered() map[uint32][]byte {
	n := d.count(8)
	m := make(map[uint32][]byte, n)
	for range n {
		fd := d.u32()
		m[fd] = append([]byte{}, d.bytes()...)
	}
	if d.err == nil && len(m) != n {
		d.err = fmt.Errorf("a number stands twice among %d", n)
	}
	return m
}

func (d *decoder) box(f frozenBox) outbox {
	o := outbox{reading: f.Reading, awaiting: f.Awaiting}
	for range d.count(16) {
		o.items = append(o.items, entry{Number: d.u32(), Time: d.moment(), Container: append([]byte{}, d.bytes()...)})
	}
	return o
}
