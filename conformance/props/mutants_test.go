package props_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/props"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/emulator/script"
)

// bent is a drive with a mistake.
type bent struct {
	props.Drive
	inner *props.Emulated
	exec  func(b *bent, cmd byte, data []byte) (fn.Answer, error)
	cut   func(b *bent)
	again func(b *bent) error

	n    int // for the mistake's own counting
	at   time.Time
	note string
}

func (b *bent) Exec(cmd byte, data []byte) (fn.Answer, error) {
	if b.exec == nil {
		return b.Drive.Exec(cmd, data)
	}
	return b.exec(b, cmd, data)
}

func (b *bent) PowerCut() {
	if b.cut == nil {
		b.Drive.PowerCut()
		return
	}
	b.cut(b)
}

func (b *bent) Restart() error {
	if b.again == nil {
		return b.Drive.Restart()
	}
	return b.again(b)
}

// answer bends done answers to one command.
func answer(cmd byte, bend func(b *bent, data []byte)) bent {
	return bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && c == cmd && a.Code == fn.Done {
			bend(b, a.Data)
		}
		return a, err
	}}
}

// forgives lets a command through that was refused with a code.
func forgives(code fn.Code, cmds ...byte) bent {
	return bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && a.Code == code && strings.IndexByte(string(cmds), c) >= 0 {
			a = fn.Answer{Code: fn.Done, Warning: a.Warning}
		}
		return a, err
	}}
}

// faulty switches a fault of the emulated drive on.
func faulty(f fn.Faults) bent {
	return bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		if b.n == 0 {
			b.n++
			if err := b.inner.Device.SetFaults(f); err != nil {
				return fn.Answer{}, err
			}
		}
		return b.inner.Exec(c, data)
	}}
}

// clamp moves the time of commands back to where a limit is not reached.
func clamp(limit func(b *bent) time.Time, cmds ...byte) bent {
	return bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		if strings.IndexByte(string(cmds), c) >= 0 {
			if at, err := fnport.ParseTime(data[:5]); err == nil {
				if end := limit(b); !end.IsZero() && at.After(end) {
					data = append(fnport.AppendTime(nil, end), data[5:]...)
				}
			}
		}
		a, err := b.inner.Exec(c, data)
		if err == nil && a.Code == fn.Done && c == fn.CmdBeginOpenShift {
			b.at, _ = fnport.ParseTime(data)
		}
		return a, err
	}}
}

func days(n int) *int { return &n }

func put16(b []byte, add int16) {
	binary.LittleEndian.PutUint16(b, binary.LittleEndian.Uint16(b)+uint16(add))
}

var receiptCommands = []byte{fn.CmdBeginReceipt, fn.CmdFormReceipt, fn.CmdBeginCorrection}

// driveMistakes are small mistakes of a drive. till: a register's program over such a
// drive shows them too; some are tried without TORTURE.
var driveMistakes = []struct {
	name string
	till bool
	bent bent
	opts func(*fn.Settings)
}{
	{name: "skips an FD number after each opening", till: true, bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && c == fn.CmdOpenShift && a.Code == fn.Done {
			v := b.inner.Device.View()
			if one, _ := b.inner.Exec(fn.CmdBeginStateReport, fnport.AppendTime(nil, v.LastTime)); one.Code == fn.Done {
				_, _ = b.inner.Exec(fn.CmdFormStateReport, nil)
			}
		}
		return a, err
	}}},
	{name: "ignores the 24 hours", bent: clamp(func(b *bent) time.Time {
		if b.at.IsZero() {
			return b.at
		}
		return b.at.Add(24 * time.Hour)
	}, receiptCommands...)},
	{name: "ends a shift at 24 hours sharp", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		if at, err := fnport.ParseTime(data[:min(5, len(data))]); err == nil && c == fn.CmdBeginReceipt && !b.at.IsZero() && at.Sub(b.at) == 24*time.Hour {
			return fn.Answer{Code: fn.ShiftTooLong}, nil
		}
		a, err := b.inner.Exec(c, data)
		if err == nil && a.Code == fn.Done && c == fn.CmdBeginOpenShift {
			b.at, _ = fnport.ParseTime(data)
		}
		return a, err
	}}},
	{name: "does not block at 30 days", till: true, bent: forgives(fn.WaitedTooLong, fn.CmdBeginOpenShift, fn.CmdBeginCloseShift, fn.CmdBeginReceipt, fn.CmdBeginCorrection)},
	{name: "does not block the closing of a shift at 30 days", bent: forgives(fn.WaitedTooLong, fn.CmdBeginCloseShift)},
	{name: "blocks a day early", till: true, bent: faulty(fn.Faults{OFDSilentDays: 1})},
	{name: "blocks state reports at 30 days", till: true, bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		if c == fn.CmdBeginStateReport {
			if a, _ := b.inner.Exec(fn.CmdBeginOpenShift, data); a.Code == fn.WaitedTooLong {
				return fn.Answer{Code: a.Code, Warning: true}, nil
			}
			_, _ = b.inner.Exec(fn.CmdCancel, nil)
		}
		return b.inner.Exec(c, data)
	}}},
	{name: "forgets that the operator is overdue", till: true, bent: answer(fn.CmdStatus, func(_ *bent, d []byte) { d[4] &^= 0x08 })},
	{name: "sees no end of its keys", till: true, bent: faulty(fn.Faults{KeyDaysLeft: days(400)})},
	{name: "lets time go back", till: true, bent: forgives(fn.WrongTime, fn.CmdBeginReceipt, fn.CmdBeginOpenShift, fn.CmdBeginCloseShift)},
	{name: "has no hour of relief for openings", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		if at, err := fnport.ParseTime(data[:min(5, len(data))]); err == nil && c == fn.CmdBeginOpenShift && at.Before(b.inner.Device.View().LastTime) &&
			!b.inner.Device.View().ShiftOpen && b.inner.Device.View().Phase == fn.PhaseFiscal {
			return fn.Answer{Code: fn.WrongTime, Warning: b.inner.Device.View().Warnings != 0}, nil
		}
		return b.inner.Exec(c, data)
	}}},
	{name: "takes another user in a change", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		if v := b.inner.Device.View(); (c == fn.CmdFormRegistration || c == fn.CmdFormRegistrationV2) && v.RegNumber != "" {
			inn, rnm := v.UserINN.Padded(), v.RegNumber.Padded()
			data = append([]byte{}, data...)
			copy(data[5:], inn[:])
			copy(data[17:], rnm[:])
		}
		return b.inner.Exec(c, data)
	}}},
	{name: "closes itself with a queue", bent: bent{}, opts: func(s *fn.Settings) { s.LooseClose = true }},
	{name: "takes one registration too many", till: true, bent: bent{}, opts: func(s *fn.Settings) { s.Registrations++ }},
	{name: "counts its keys a day longer", bent: answer(fn.CmdLife, func(_ *bent, d []byte) { d[2]++ })},
	{name: "has room for one document more", till: true, bent: bent{}, opts: func(s *fn.Settings) { s.Capacity++ }},
	{name: "closes itself before form 6 is confirmed", till: true, bent: answer(fn.CmdStatus, func(_ *bent, d []byte) {
		if d[0] == 0x07 {
			d[0] = 0x0F
		}
	})},
	{name: "numbers receipts through", till: true, bent: answer(fn.CmdFormReceipt, func(b *bent, d []byte) {
		if b.n++; b.inner.Device.View().Shift > 1 {
			put16(d, 1)
		}
	})},
	{name: "counts the open shift one short in its closing", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && c == fn.CmdNextTLV && a.Code == fn.Done && len(a.Data) == 8 && a.Data[0] == 0x57 && a.Data[1] == 0x04 { // 1111
			a.Data[4]--
		}
		return a, err
	}}},
	{name: "forgets a confirmation", till: true, bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && c == fn.CmdFindAck && a.Code == fn.Done && data[0]%2 == 0 {
			a = fn.Answer{Code: fn.NoData, Warning: a.Warning}
		}
		return a, err
	}}},
	{name: "forgets what a return was", bent: answer(fn.CmdFindDocument, func(_ *bent, d []byte) {
		if len(d) > 15 && d[0]&0x3F == 3 && d[15] == 2 {
			d[15] = 1
		}
	})},
	{name: "counts returns as sales", till: true, bent: answer(fn.CmdCounters, func(_ *bent, d []byte) { put16(d[6+76:], -int16(binary.LittleEndian.Uint16(d[6+76:]))) })},
	{name: "takes any confirmation", bent: forgives(fn.AckRefused, fn.CmdAck)},
	{name: "takes an old confirmation again", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && a.Code == fn.AckRefused && a.Data[0] == fn.AckWrongFD {
			a = fn.Answer{Code: fn.Done, Data: []byte{0}, Warning: a.Warning}
		}
		return a, err
	}}},
	{name: "gives another reason for a bad sign", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && a.Code == fn.AckRefused && a.Data[0] == fn.AckBadSign {
			a.Data[0] = fn.AckBadFormat
		}
		return a, err
	}}},
	{name: "changes a message between two readings", bent: answer(fn.CmdReadBlock, func(b *bent, d []byte) {
		if b.n++; b.n%2 == 0 {
			d[len(d)-1] ^= 1
		}
	})},
	{name: "waits for a receipt for ever", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		if x, _ := b.inner.Exec(fn.CmdExchangeStatus, nil); c == fn.CmdBeginRead && b.note == "read" && len(x.Data) > 1 && x.Data[0]&1 != 0 {
			return fn.Answer{Code: fn.NoData, Warning: x.Warning}, nil
		}
		a, err := b.inner.Exec(c, data)
		switch {
		case err != nil || a.Code != fn.Done:
		case c == fn.CmdEndRead:
			b.note = "read"
		case c == fn.CmdAck, c == fn.CmdTransport && data[0] == 0:
			b.note = ""
		}
		return a, err
	}, cut: func(b *bent) { b.note = ""; b.inner.PowerCut() }, again: func(b *bent) error { b.note = ""; return b.inner.Restart() }}},
	{name: "keeps the document being made through a power cut", bent: bent{cut: func(*bent) {}}},
	{name: "thinks the line is up after a power cut", till: true, bent: bent{cut: func(b *bent) {
		b.inner.PowerCut()
		_, _ = b.inner.Exec(fn.CmdTransport, []byte{1})
	}}},
	{name: "loses its last confirmation when switched off", bent: bent{exec: func(b *bent, c byte, data []byte) (fn.Answer, error) {
		a, err := b.inner.Exec(c, data)
		if err == nil && b.note == "off" && c == fn.CmdUnconfirmed {
			put16(a.Data, 1)
		}
		return a, err
	}, again: func(b *bent) error { b.note = "off"; return b.inner.Restart() }}},
	{name: "opens a shift twice", till: true, bent: answer(fn.CmdShiftParams, func(_ *bent, d []byte) {
		if d[1] > 1 {
			put16(d[1:], 1)
		}
	})},
}

// live makes a life with a mistake.
func live(life func(*rapid.T, *props.Trace, props.Breaker), m bent, opts func(*fn.Settings)) func(*rapid.T, *props.Trace) {
	return func(rt *rapid.T, trace *props.Trace) {
		life(rt, trace, props.Breaker{Settings: opts, Drive: func(d props.Drive, e *props.Emulated) props.Drive {
			one := m
			one.Drive, one.inner = d, e
			return &one
		}})
	}
}

// Each mistake is found, and its shortest life is told; what can be played goes through
// on the drive without the mistake.
func TestDrive_FindsMistakes(t *testing.T) {
	t.Parallel()
	for i, m := range driveMistakes {
		if torture() || i%driveShare == 0 {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				replay(t, hunt(t, live(props.DriveLife, m.bent, m.opts)))
			})
		}
		if m.till && (torture() || i%tillShare == 0) {
			t.Run("till/"+m.name, func(t *testing.T) {
				t.Parallel()
				replay(t, hunt(t, live(props.TillLife, m.bent, m.opts)))
			})
		}
	}
}

// replay reads the script of a quarry and, when nothing in it is only a comment, plays
// it on the drive of this bench, which has no mistake.
func replay(t *testing.T, q quarry) {
	t.Helper()
	replayWith(t, q, "")
}

func replayWith(t *testing.T, q quarry, addr string) {
	t.Helper()
	assert.LessOrEqual(t, q.steps, q.first)
	s, err := script.Parse("found.yaml", []byte(q.yaml))
	if !q.play {
		return // a life of comments alone has no steps
	}
	require.NoError(t, err, q.yaml)
	if addr == "" && strings.Contains(q.yaml, "exchange: {}") {
		return // needs an operator
	}
	_, err = s.Play(t.Context(), script.Options{OFD: addr, OFDINN: "7704358518", KeepAlive: true})
	require.NoError(t, err, q.yaml)
}
