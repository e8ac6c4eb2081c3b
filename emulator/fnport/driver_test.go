package fnport

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// step is one expected command with its answer.
type step struct {
	cmd  byte
	data string // hex
	fn.Answer
	err error
}

// scripted is a drive that knows its part by heart.
type scripted struct {
	t     *testing.T
	steps []step
}

func (s *scripted) Exec(cmd byte, data []byte) (fn.Answer, error) {
	require.NotEmpty(s.t, s.steps, "command %02Xh %x after the end of the script", cmd, data)
	next := s.steps[0]
	s.steps = s.steps[1:]
	require.Equal(s.t, hex.EncodeToString([]byte{next.cmd}), hex.EncodeToString([]byte{cmd}))
	require.Equal(s.t, next.data, hex.EncodeToString(data), "data of %02Xh", cmd)
	return next.Answer, next.err
}

func script(t *testing.T, steps ...step) *Driver {
	s := &scripted{t: t, steps: steps}
	t.Cleanup(func() { assert.Empty(t, s.steps, "commands never sent") })
	return New(s)
}

func ok(data string) fn.Answer {
	b, err := hex.DecodeString(data)
	if err != nil {
		panic(err)
	}
	return fn.Answer{Data: b}
}

// frame returns command (or answer code) and data of a serial frame of the vectors.
func frame(t *testing.T, id string) (byte, []byte) {
	for _, list := range [][]fiscaltest.Frame{fiscaltest.Protocol().FNFrames, fiscaltest.Protocol().FNFramesConstructed} {
		for _, f := range list {
			if f.ID == id {
				return f.Hex[3], f.Hex[4 : len(f.Hex)-2]
			}
		}
	}
	require.FailNow(t, "no vector "+id)
	return 0, nil
}

// exchange is a step whose request and answer are vectors.
func exchange(t *testing.T, request, answer string) step {
	cmd, data := frame(t, request)
	s := step{cmd: cmd, data: hex.EncodeToString(data)}
	if answer != "" {
		code, body := frame(t, answer)
		s.Answer = fn.Answer{Code: fn.Code(code & 0x7F), Warning: code&0x80 != 0, Data: body}
	}
	return s
}

var (
	august = time.Date(2026, 8, 1, 12, 2, 0, 0, time.UTC)
	fn5488 = fiscal.FNNumber("9999078900005488")
)

func TestDriver_Registration(t *testing.T) {
	t.Parallel()
	inn := "373730323230333237362020"
	rnm := "303030303030303030353030383537302020" + "2020"
	p := RegistrationParams{Time: august, INN: "7702203276", RegNumber: "0000000005008570", Tax: 6, Mode: ModeServices | ModeInternet}
	t.Run("first", func(t *testing.T) {
		d := script(t, step{cmd: 0x02, data: "00"}, step{cmd: 0x03, data: "1a08010c02" + inn + rnm + "0628", Answer: ok("01000000deadbeef")})
		require.NoError(t, d.BeginRegistration(FirstRegistration))
		f, err := d.FormRegistration(p)
		require.NoError(t, err)
		assert.Equal(t, Formed{FD: 1, FPD: 0xefbeadde}, f)
	})
	t.Run("change", func(t *testing.T) { // K-041
		p := p
		p.Type, p.Reason = ChangeOnly, 3
		d := script(t, step{cmd: 0x02, data: "02"}, step{cmd: 0x03, data: "1a08010c02" + inn + rnm + "062803", Answer: ok("0500000001000000")})
		require.NoError(t, d.BeginRegistration(ChangeOnly))
		_, err := d.FormRegistration(p)
		require.NoError(t, err)
	})
	t.Run("FFD 1.2 change", func(t *testing.T) {
		p := p
		p.Type, p.ExtMode, p.OFD, p.Reasons = ChangeOnly, 0x10, "7704358518", 0x80000004
		d := script(t, step{cmd: 0xA2, data: "0204"},
			step{cmd: 0xA3, data: "1a08010c02" + inn + rnm + "062810" + "373730343335383531382020" + "04000080", Answer: ok("0500000001000000")})
		require.NoError(t, d.BeginRegistrationV2(ChangeOnly, fiscal.FFD12))
		_, err := d.FormRegistrationV2(p)
		require.NoError(t, err)
	})
}

// Data goes in whole fields, as few commands as MaxData allows (fn.md 9.1, 07h).
func TestDriver_SplitsData(t *testing.T) {
	t.Parallel()
	var b tlv.Builder
	for range 5 {
		b.Raw(1059, make([]byte, 400))
	}
	fields, err := b.Bytes()
	require.NoError(t, err)
	var sizes []int
	port := portFunc(func(cmd byte, data []byte) (fn.Answer, error) {
		require.Equal(t, fn.CmdData, cmd)
		sizes = append(sizes, len(data))
		return fn.Answer{}, nil
	})
	require.NoError(t, New(port).Data(fields))
	assert.Equal(t, []int{808, 808, 404}, sizes)
	assert.ErrorIs(t, New(port).Data([]byte{1, 2, 3}), tlv.ErrHeader)
}

// A message longer than a block is read in blocks of MaxData; a failure in the
// middle cancels the reading (K-066).
func TestDriver_ReadMessage(t *testing.T) {
	t.Parallel()
	message := bytes.Repeat([]byte{1, 2, 3, 4, 5}, 500)
	t.Run("blocks", func(t *testing.T) {
		d := script(t, step{cmd: 0x22, Answer: ok("c409")},
			step{cmd: 0x23, data: "00000004", Answer: fn.Answer{Data: message[:1024]}},
			step{cmd: 0x23, data: "00040004", Answer: fn.Answer{Data: message[1024:1500]}}, // a drive may give less
			step{cmd: 0x23, data: "dc05e803", Answer: fn.Answer{Data: message[1500:]}},
			step{cmd: 0x25})
		got, err := d.ReadMessage([]byte("head"))
		require.NoError(t, err)
		assert.Equal(t, append([]byte("head"), message...), got)
	})
	t.Run("cut", func(t *testing.T) {
		broken := errors.New("line is dead")
		d := script(t, step{cmd: 0x22, Answer: ok("c409")}, step{cmd: 0x23, data: "00000004", err: broken}, step{cmd: 0x24})
		got, err := d.ReadMessage([]byte("head"))
		assert.ErrorIs(t, err, broken)
		assert.Equal(t, "head", string(got))
	})
	t.Run("empty block", func(t *testing.T) {
		d := script(t, step{cmd: 0x22, Answer: ok("0a00")}, step{cmd: 0x23, data: "00000a00"}, step{cmd: 0x24})
		_, err := d.ReadMessage(nil)
		assert.ErrorIs(t, err, ErrShortRead)
	})
	t.Run("no transport", func(t *testing.T) {
		d := script(t, step{cmd: 0x22, Answer: fn.Answer{Code: fn.NoTransport}})
		_, err := d.ReadMessage(nil)
		assert.Equal(t, fn.NoTransport, Code(err))
	})
}

func TestDriver_Document(t *testing.T) {
	t.Parallel()
	noMore := fn.Answer{Code: fn.NoData}
	t.Run("put together", func(t *testing.T) {
		d := script(t, step{cmd: 0x45, data: "05000000", Answer: ok("c3000a00")}, // form 3 with the mark of FFD 1.2
			step{cmd: 0x46, Answer: ok("1e04010001")}, step{cmd: 0x46, Answer: ok("fc03010064")}, step{cmd: 0x46, Answer: noMore})
		stlv, err := d.Document(5)
		require.NoError(t, err)
		assert.Equal(t, "03000a00"+"1e04010001"+"fc03010064", hex.EncodeToString(stlv))
	})
	t.Run("gone", func(t *testing.T) { // K-057
		_, err := script(t, step{cmd: 0x45, data: "05000000", Answer: noMore}).Document(5)
		assert.Equal(t, fn.NoData, Code(err))
	})
	t.Run("registration", func(t *testing.T) {
		d := script(t, step{cmd: 0x44, data: "ffff", Answer: ok("1e04010001")}, step{cmd: 0x47, Answer: ok("fc03010064")}, step{cmd: 0x47, Answer: noMore})
		fields, err := d.Registration(0)
		require.NoError(t, err)
		assert.Equal(t, "1e04010001fc03010064", hex.EncodeToString(fields))
	})
}

// Totals of 36h: 354 bytes (fn.md section 8).
func TestDriver_Counters(t *testing.T) {
	t.Parallel()
	data := make([]byte, 354)
	data[0], data[2] = 7, 9
	second := data[6+76:]
	second[0] = 3                     // count of returns
	second[4], second[5] = 0x39, 0x30 // total 123.45
	second[4+66] = 5                  // VAT 10/110, the last sum
	data[6+304] = 2                   // corrections
	copy(data[354-10:], []byte{1, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0})
	d := script(t, step{cmd: 0x36, data: "01", Answer: fn.Answer{Data: data}})
	c, err := d.LifeCounters()
	require.NoError(t, err)
	assert.Equal(t, uint16(7), c.Number)
	assert.Equal(t, uint32(9), c.Documents)
	assert.Equal(t, OperationCounters{Count: 3, Total: 12345, VAT10110: 5}, c.Operations[1])
	assert.Equal(t, uint32(2), c.Corrections)
	assert.Equal(t, CorrectionCounters{Count: 1, Total: 255}, c.Corrected[3])
	assert.Empty(t, c.Extra)
}

// K-110: parameters of the marking commands.
func TestDriver_Marking(t *testing.T) {
	t.Parallel()
	d := script(t,
		step{cmd: 0xB1, data: "0203414243", Answer: ok("0300")},
		step{cmd: 0xB5, data: "1a08010c02d307010001", Answer: ok("aabb")},
		step{cmd: 0xB6, data: "ccdd", Answer: ok("0f1e04010001")},
		step{cmd: 0xB2, data: "01", Answer: ok("0f")},
		step{cmd: 0xB0, Answer: ok("0101ff0100000500")})
	check, err := d.CheckMarking(2, []byte("ABC"), nil)
	require.NoError(t, err)
	assert.Equal(t, MarkingCheck{Result: 3}, check)
	request, err := d.MarkingRequest(august, []byte{0xd3, 7, 1, 0, 1})
	require.NoError(t, err)
	assert.Equal(t, []byte{0xaa, 0xbb}, request)
	result, fields, err := d.MarkingAnswer([]byte{0xcc, 0xdd})
	require.NoError(t, err)
	assert.Equal(t, byte(15), result)
	assert.Equal(t, "1e04010001", hex.EncodeToString(fields))
	kept, err := d.KeepMarking(true)
	require.NoError(t, err)
	assert.Equal(t, byte(15), kept)
	state, err := d.MarkingState()
	require.NoError(t, err)
	assert.Equal(t, MarkingState{Check: 1, Notice: 1, Allowed: 0xFF, Saved: 1, Queued: 5}, state)
}

func TestDriver_ShortAnswer(t *testing.T) {
	t.Parallel()
	_, err := script(t, step{cmd: 0x30, Answer: ok("0300")}).Status()
	var bad *AnswerError
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, byte(0x30), bad.Command)
	assert.Equal(t, 2, bad.Offset)
}

type portFunc func(cmd byte, data []byte) (fn.Answer, error)

func (f portFunc) Exec(cmd byte, data []byte) (fn.Answer, error) { return f(cmd, data) }
