package fn

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// fn.md section 13, as a control port would set them.
func TestDevice_FollowsFaultSwitches(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	set := func(text string) {
		t.Helper()
		var f Faults
		require.NoError(t, json.Unmarshal([]byte(text), &f))
		require.NoError(t, r.SetFaults(f))
		assert.Equal(t, f, r.Faults())
	}
	set(`{"commands": [{"command": 22, "call": 2, "answer": 3}]}`) // 16h, K-111 in kind
	r.sell(1)
	r.ok(CmdBeginReceipt, r.stamp())
	r.ok(CmdData, r.receiptData(1))
	r.no(DriveError, CmdFormReceipt, r.form16(1, 1))
	assert.Equal(t, uint32(3), r.lastFD(), "not done")
	r.ok(CmdFormReceipt, r.form16(1, 1))
	errs := r.ok(CmdLastErrors)
	assert.Equal(t, []byte{CmdFormReceipt, 3}, errs[len(errs)-2:])

	set(`{"commands": [{"command": 38, "answer": 32, "reason": 5}]}`)
	assert.Equal(t, []byte{5}, r.no(AckRefused, CmdAck).Data)

	set(`{"commands": [{"command": 48, "call": 1, "times": 2, "delay_ms": 20, "silent": true}, {"command": 48, "call": 2, "bad_crc": true, "wrong_len": true}]}`)
	assert.Equal(t, Line{Delay: 20 * time.Millisecond, Silent: true}, r.Exec(CmdStatus, nil).Line)
	assert.Equal(t, Line{Delay: 20 * time.Millisecond, Silent: true, BadCRC: true, WrongLen: true}, r.Exec(CmdStatus, nil).Line)
	assert.Equal(t, Line{}, r.Exec(CmdStatus, nil).Line)

	set(`{"commands": [{"command": 7, "call": 1, "power_loss": true}]}`) // K-013
	r.ok(CmdBeginReceipt, r.stamp())
	a := r.Exec(CmdData, r.receiptData(1))
	assert.True(t, a.Line.Silent)
	assert.NotEqual(t, Done, a.Code)
	assert.Zero(t, r.ok(CmdStatus)[1])

	set(`{"critical": true}`) // K-049
	assert.Equal(t, WarnCritical, r.warningByte())
	assert.True(t, r.Exec(CmdNumber, nil).Warning)

	set(`{"key_days_left": 3, "archive_used": 240000}`)
	assert.Equal(t, WarnMemory|WarnNearEnd|WarnReplace, r.warningByte())
	r.close()
	doc := r.document(r.lastFD())
	for _, tag := range []tlv.Tag{1050, 1051, 1052} {
		assert.Equal(t, uint64(1), doc.Uint(tag))
	}
	set(`{"key_days_left": -1}`)
	r.no(KeysOver, CmdBeginOpenShift, r.stamp())

	set(`{"refuse_acks": [{"reason": 1}, {"reason": 7, "times": 2}]}`)
	c := r.readMessage()
	for _, reason := range []byte{1, 7, 7} {
		assert.Equal(t, []byte{reason}, r.no(AckRefused, CmdAck, r.ack(c)).Data)
	}
	r.ok(CmdAck, r.ack(c))
}

func TestDevice_RefusesBadFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	code := Code(0x80)
	for _, f := range []Faults{
		{Commands: []CommandFault{{Times: -1}}}, {Commands: []CommandFault{{DelayMS: -1}}}, {Commands: []CommandFault{{Answer: &code}}},
		{RefuseAcks: []AckFault{{}}}, {ArchiveUsed: -1}, {OFDSilentDays: -1},
	} {
		assert.ErrorContains(t, r.SetFaults(f), "fn: ")
	}
}

// 60h: only a debug drive, only with its key.
func TestDevice_ResetsDebugOnly(t *testing.T) {
	t.Parallel()
	r := openRig(t, fiscal.FFD105)
	r.no(BadCommand, CmdReset, []byte{0x17})
	r.ok(CmdReset, []byte{0x16})
	assert.Equal(t, PhaseReady, r.st.Phase)
	assert.Zero(t, r.lastFD())
	assert.Zero(t, r.unsent())
	r.register(regFirst, 0)

	for _, o := range []func(*Options){
		func(o *Options) { o.Settings.Serial = true },
		func(o *Options) { o.Model, _ = ModelByName("ФН-1") },
	} {
		r := openRig(t, fiscal.FFD105, o)
		r.no(BadCommand, CmdReset, []byte{0x16})
		assert.Equal(t, uint32(2), r.lastFD())
	}
}

// 35h: at most 256 bytes, the newest stay.
func TestDevice_RemembersLastErrors(t *testing.T) {
	t.Parallel()
	r := newRig(t, fiscal.FFD105)
	for range 200 {
		r.no(BadCommand, 0xEE)
	}
	r.no(NoData, CmdFindDocument, fdArg(5))
	errs := r.ok(CmdLastErrors)
	assert.Len(t, errs, 256)
	assert.Equal(t, []byte{0xEE, 1, CmdFindDocument, 8}, errs[252:])
	r.ok(CmdLineSpeed, []byte{3})
	assert.Equal(t, byte(3), r.Speed())
}
