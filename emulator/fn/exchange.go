package fn

import (
	"encoding/binary"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Bits of 20h (fn.md 9.1); bits 3–5 are never set.
const (
	LinkUp          byte = 1 << 0
	LinkMessage     byte = 1 << 1 // a message waits to be read
	LinkAwaitsReply byte = 1 << 2 // a receipt is awaited
)

// exchangeStatus is 20h.
func (d *Device) exchangeStatus([]byte) ([]byte, *refusal) {
	var bits byte
	if d.st.Transport {
		bits |= LinkUp
	}
	switch awaits := d.ofd.awaits(d.timer); {
	case awaits:
		bits |= LinkAwaitsReply
	case d.ofd.count() > 0:
		bits |= LinkMessage
	}
	first := d.ofd.first()
	out := append(make([]byte, 0, 13), bits, b2i(d.ofd.reading))
	out = binary.LittleEndian.AppendUint16(out, clamp16(d.ofd.count()))
	out = binary.LittleEndian.AppendUint32(out, first.Number)
	return appendTime(out, first.Time), nil
}

// transport is 21h: 0 resets reading and waiting (FN-042).
func (d *Device) transport(data []byte) ([]byte, *refusal) {
	switch data[0] {
	case 0:
		d.st.Transport = false
		d.ofd.reset()
	case 1:
		d.st.Transport = true
	default:
		return nil, refuse(BadCommand, "состояние соединения %d: 0 — нет, 1 — есть", data[0])
	}
	return nil, nil
}

func (d *Device) needTransport() *refusal {
	if !d.st.Transport {
		return refuse(NoTransport, "нет транспортного соединения, сообщите о нем командой 21h")
	}
	return nil
}

// beginRead is 22h.
func (d *Device) beginRead([]byte) ([]byte, *refusal) {
	if r := d.needTransport(); r != nil {
		return nil, r
	}
	return d.ofd.beginRead(d.timer)
}

// readBlock is 23h.
func (d *Device) readBlock(data []byte) ([]byte, *refusal) {
	if r := d.needTransport(); r != nil {
		return nil, r
	}
	return d.ofd.readBlock(data)
}

func (d *Device) cancelRead([]byte) ([]byte, *refusal) { return d.ofd.cancelRead() }
func (d *Device) endRead([]byte) ([]byte, *refusal)    { return d.ofd.endRead(d.timer) }

// ackMessageBits of 1206 are collected for the next shift report (TRN-080).
const ackMessageBits = 0xC2

// takeAck is 26h: the container of a confirmation. Answer: the operator's code (1022;
// 0 when there is none), then tag 1206 or 1067 as it came, for the register. A bad
// receipt costs nothing: the drive goes on waiting (transport.md 7.1).
func (d *Device) takeAck(data []byte) ([]byte, *refusal) {
	if !d.ofd.awaits(d.timer) {
		return nil, refuse(WrongState, "квитанция не ожидается")
	}
	first := d.ofd.first()
	ack, r := d.openReply(data, first, d.ackRule())
	if r != nil {
		return nil, r
	}
	if reason := d.faults.refuseAck(); reason != 0 {
		return nil, refuseAck(reason, "задано переключателем сбоя")
	}
	out := []byte{0}
	if m, ok := tlv.Find(ack, ffd.TagMessageToFN); ok {
		if code, ok := tlv.Find(m, ffd.TagOFDResponseCode); ok && len(code) == 1 {
			out[0] = code[0]
		}
	}
	if raw, ok := tlv.FindRaw(ack, ffd.TagOperatorMessage); ok {
		if len(raw) == tlv.HeaderLen+1 {
			d.st.Messages |= raw[tlv.HeaderLen] & ackMessageBits
		}
		out = append(out, raw...)
	}
	if raw, ok := tlv.FindRaw(ack, tagMessageToKKT); ok && len(out)+len(raw) <= maxData {
		out = append(out, raw...)
	}
	d.confirm(first.Number, ack)
	return out, nil
}

// tagMessageToKKT is 1067, known from FFD 1.0 only (transport.md 8.4).
const tagMessageToKKT tlv.Tag = 1067

// confirm marks the oldest document delivered and keeps its confirmation.
func (d *Device) confirm(fd uint32, ack []byte) {
	r := &d.archive.records[fd-1]
	r.Confirmed = true
	if v, ok := tlv.Find(ack, ffd.TagDateTime); ok {
		n, _ := tlv.Uint(v)
		r.Acked = moment(n)
	}
	if v, ok := tlv.Find(ack, ffd.TagFPO); ok {
		r.FPO = [fpoLen]byte{}
		copy(r.FPO[:], v)
	}
	d.confirmSums(r, d.store.docs[fd])
	d.store.confirm(fd, r.Form)
	d.ofd.pop()
	d.leavePostFiscal()
}

// refuseAck is code 20h with its reason.
func refuseAck(reason byte, format string, args ...any) *refusal {
	r := refuse(AckRefused, "квитанция отвергнута, причина %d: "+format, append([]any{reason}, args...)...)
	r.data = []byte{reason}
	return r
}
