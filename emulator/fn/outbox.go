package fn

import (
	"time"
)

// entry is a message that waits to be confirmed. Its bytes never change (TRN-060).
type entry struct {
	Number    uint32 // FD number, or number of a notification
	Time      moment
	Container []byte
}

// outbox is a queue of messages, oldest first, and the state of its reading
// (fn.md 9.1, commands 22h–26h; BBh–BFh).
type outbox struct {
	items    []entry
	head     int
	reading  bool // between 22h and 24h or 25h
	awaiting bool // between 25h and the confirmation
	since    time.Duration
}

// awaitReceipt is how long a receipt is awaited before the message is offered again
// (transport.md 7.1, FN-042).
const awaitReceipt = 300 * time.Second

func (o *outbox) count() int { return len(o.items) - o.head }

// first is the oldest message; a zero one when there is none.
func (o *outbox) first() entry {
	if o.count() == 0 {
		return entry{}
	}
	return o.items[o.head]
}

func (o *outbox) push(e entry) { o.items = append(o.items, e) }

// pop drops the oldest message and ends its reading.
func (o *outbox) pop() {
	o.items[o.head] = entry{}
	o.head++
	if o.head == len(o.items) {
		o.items, o.head = o.items[:0], 0
	} else if o.head > 64 && o.head*2 > len(o.items) {
		o.items = append([]entry(nil), o.items[o.head:]...)
		o.head = 0
	}
	o.reset()
}

func (o *outbox) reset() { o.reading, o.awaiting = false, false }

// awaits reports whether a receipt is awaited now. Without a timer that ends only by
// a receipt, by 21h = 0, or by a new reading.
func (o *outbox) awaits(timer func() time.Duration) bool {
	if o.awaiting && timer != nil && timer()-o.since >= awaitReceipt {
		o.awaiting = false
	}
	return o.awaiting
}

// beginRead is 22h and BBh. A second one restarts the reading (FN-043).
func (o *outbox) beginRead(timer func() time.Duration) ([]byte, *refusal) {
	if o.count() == 0 {
		return nil, refuse(NoData, "сообщений для передачи нет")
	}
	if o.awaits(timer) && timer != nil {
		return nil, refuse(NoData, "ожидается квитанция на сообщение №%d, до повтора осталось %s", o.first().Number, awaitReceipt-(timer()-o.since))
	}
	o.reading, o.awaiting = true, false
	return le16(uint16(len(o.first().Container))), nil
}

// readBlock is 23h and BCh: offset u16, length u16.
func (o *outbox) readBlock(data []byte) ([]byte, *refusal) {
	if !o.reading {
		return nil, refuse(WrongState, "чтение сообщения не начато")
	}
	c := o.first().Container
	off, n := int(data[0])|int(data[1])<<8, int(data[2])|int(data[3])<<8
	if off >= len(c) {
		return nil, refuse(BadCommand, "смещение %d за концом сообщения длиной %d", off, len(c))
	}
	return append([]byte{}, c[off:min(off+min(n, maxData), len(c))]...), nil
}

// cancelRead is 24h and BDh.
func (o *outbox) cancelRead() ([]byte, *refusal) {
	if !o.reading {
		return nil, refuse(WrongState, "чтение сообщения не начато")
	}
	o.reading = false
	return nil, nil
}

// endRead is 25h and BEh: it starts the timer of FN-042.
func (o *outbox) endRead(timer func() time.Duration) ([]byte, *refusal) {
	if !o.reading {
		return nil, refuse(WrongState, "чтение сообщения не начато")
	}
	o.reading, o.awaiting = false, true
	if timer != nil {
		o.since = timer()
	}
	return nil, nil
}

func le16(v uint16) []byte { return []byte{byte(v), byte(v >> 8)} }
