package fnport

import (
	"bytes"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
)

// MarkingState is the answer to B0h (fn.md 9.2).
type MarkingState struct {
	Check   byte // 0 blocked, 1 none, 2 B1h done, 3 B5h done, 4 B6h done
	Notice  byte
	Allowed byte // bits: B1h, B2h, B3h, B5h, B6h, B7h parts 1–3
	Saved   byte // results kept
	Codes   byte // in the notification being made
	Fill    byte // 0–3
	Queued  uint16
}

// MarkingState asks where the work with marking codes stands (B0h).
func (d *Driver) MarkingState() (MarkingState, error) {
	r, err := d.start().call(fn.CmdMarkingState)
	if err != nil {
		return MarkingState{}, err
	}
	return parseMarkingState(&r)
}

func parseMarkingState(r *reader) (MarkingState, error) {
	s := MarkingState{Check: r.byte(), Notice: r.byte(), Allowed: r.byte(), Saved: r.byte(), Codes: r.byte(), Fill: r.byte(), Queued: r.u16()}
	return s, r.err
}

// MarkingCheck is the drive's own judgement of a code (B1h).
type MarkingCheck struct {
	Result byte // tag 2004: 0 not checked, 1 negative, 3 positive
	Reason byte // 0 checked, 1 type not checkable, 2 no key, 3 GS1 parts 91/92 bad, 4 other
}

// CheckMarking has the drive check a code (B1h). codeType is tag 2100; offsets
// say where parts of the code stand and may be nil.
func (d *Driver) CheckMarking(codeType byte, code, offsets []byte) (MarkingCheck, error) {
	r, err := d.start().byte(codeType).byte(byte(len(code))).raw(code).raw(offsets).call(fn.CmdMarkingCheck)
	if err != nil {
		return MarkingCheck{}, err
	}
	c := MarkingCheck{Result: r.byte(), Reason: r.byte()}
	return c, r.err
}

// KeepMarking keeps the result of a check for the receipt, or drops it (B2h). The
// answer is the value of tag 2106.
func (d *Driver) KeepMarking(keep bool) (result byte, err error) {
	var b byte
	if keep {
		b = 1
	}
	r, err := d.start().byte(b).call(fn.CmdMarkingKeep)
	if err != nil {
		return 0, err
	}
	if len(r.buf) > 0 {
		result = r.byte()
	}
	return result, r.err
}

// ClearMarking drops every result kept (B3h).
func (d *Driver) ClearMarking() error { return d.start().simple(fn.CmdMarkingClear) }

// MarkingRequest makes a request about the code just checked (B5h): the container
// of form 81, to be sent. fields are TLVs 2003, 2102, 1023, 2108, 1291, 2007.
func (d *Driver) MarkingRequest(at time.Time, fields []byte) ([]byte, error) {
	r, err := d.start().time(at).raw(fields).call(fn.CmdMarkingRequest)
	return bytes.Clone(r.rest()), err
}

// MarkingAnswer hands over the container of form 83 (B6h). result is the value of
// tag 2106; fields are the TLVs that follow it. A refused answer: see Reason.
func (d *Driver) MarkingAnswer(container []byte) (result byte, fields []byte, err error) {
	data, err := d.Exec(fn.CmdMarkingAnswer, container)
	if err != nil {
		return 0, nil, err
	}
	r := reader{cmd: fn.CmdMarkingAnswer, buf: data, size: len(data)}
	result = r.byte()
	return result, bytes.Clone(r.rest()), r.err
}

// MarkingNotice gives data for the notification of sale (B7h), part 1, 2 or 3.
func (d *Driver) MarkingNotice(part byte, fields []byte) error {
	return d.start().byte(part).raw(fields).simple(fn.CmdMarkingNotice)
}

// NoticeStatus is the answer to BAh.
type NoticeStatus struct {
	State     byte // 0 idle, 1 reading, 2 receipt awaited
	Count     uint16
	First     uint32
	FirstTime time.Time
	Fill      byte // of the store, per cent
}

// NoticeStatus asks for the queue of notifications (BAh).
func (d *Driver) NoticeStatus() (NoticeStatus, error) {
	r, err := d.start().call(fn.CmdNoticeStatus)
	if err != nil {
		return NoticeStatus{}, err
	}
	return parseNoticeStatus(&r)
}

func parseNoticeStatus(r *reader) (NoticeStatus, error) {
	s := NoticeStatus{State: r.byte(), Count: r.u16(), First: r.u32(), FirstTime: r.time(), Fill: r.byte()}
	return s, r.err
}

// CancelNotice drops a notification's reading (BDh).
func (d *Driver) CancelNotice() error { return d.start().simple(fn.CmdNoticeCancelRead) }

// KeyRequest makes a request to the key service (D0h).
func (d *Driver) KeyRequest(at time.Time) ([]byte, error) {
	r, err := d.start().time(at).call(fn.CmdKeyRequest)
	return bytes.Clone(r.rest()), err
}

// KeyAnswer hands over the key service's answer (D1h). Code 30h means that the
// exchange must be repeated.
func (d *Driver) KeyAnswer(container []byte) error {
	_, err := d.Exec(fn.CmdKeyAnswer, container)
	return err
}

// KeysNeedUpdate asks whether the keys must be updated (D7h 0).
func (d *Driver) KeysNeedUpdate() (bool, error) {
	r, err := d.start().byte(0).call(fn.CmdKeyService)
	if err != nil {
		return false, err
	}
	need := r.byte() != 0
	return need, r.err
}

// KeyServiceURI asks where the key service is (D7h 1).
func (d *Driver) KeyServiceURI() (string, error) {
	r, err := d.start().byte(1).call(fn.CmdKeyService)
	return string(r.rest()), err
}
