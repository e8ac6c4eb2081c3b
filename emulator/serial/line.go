package serial

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/fnport"
)

// OnBadFrame says what a damaged frame (wrong check code or LEN) is answered.
type OnBadFrame uint8

// Answers to a damaged frame (FN-040).
const (
	AnswerBadFrame OnBadFrame = iota // 01h
	SilentBadFrame
)

// SecondPeer says what happens to a peer that comes while another is connected.
type SecondPeer uint8

// Choices for a second peer. The newer one wins by default: a register that was
// restarted must not be kept out by its own dead connection.
const (
	ReplaceFirst SecondPeer = iota
	RefuseSecond
)

// Damage is what is done to one answer on its way, for tests of firmware (fn.md
// section 13). The zero value does nothing. An emulated drive asks for it by the Line
// of its answers; Faults add to that.
type Damage struct {
	Delay     time.Duration // before the answer is sent
	Silence   bool          // nothing is sent; ENQ still finds the answer
	BadCRC    bool          // one bit of the check code is changed
	BadLength bool          // LEN is written as 1026
}

func (d Damage) plus(o fn.Line) Damage {
	return Damage{d.Delay + o.Delay, d.Silence || o.Silent, d.BadCRC || o.BadCRC, d.BadLength || o.WrongLen}
}

// Faults decides about the damage of each answer. cmd is the command answered, 0 for
// the answer to a damaged frame; repeat tells that the answer goes out because of
// ENQ. Calls come one at a time.
type Faults interface {
	Damage(cmd byte, repeat bool) Damage
}

// Options of a server. Only Drive is needed.
type Options struct {
	Drive     fnport.Port
	BadFrame  OnBadFrame
	Second    SecondPeer
	FrameTime time.Duration    // DefaultFrameTime when zero
	Faults    Faults           // nil: no damage
	Now       func() time.Time // time.Now when nil; times the bytes of a frame
	Logger    *slog.Logger     // nil: discard
}

// line is the drive's end: it runs commands one at a time and remembers the last
// answer for ENQ.
type line struct {
	opt Options

	mu   sync.Mutex
	last []byte // answer frame without damage; nil before the first
	cmd  byte   // what it answered
}

func newLine(opt Options) *line {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &line{opt: opt}
}

// handle gives the bytes to send for an event, nil for none. It waits out a delay
// unless ctx ends.
func (l *line) handle(ctx context.Context, e Event) []byte {
	l.mu.Lock()
	frame, damage := l.answer(e)
	l.mu.Unlock()
	if frame == nil || damage.Silence {
		return nil
	}
	if damage.Delay > 0 {
		t := time.NewTimer(damage.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
	return damage.apply(frame)
}

func (l *line) answer(e Event) ([]byte, Damage) {
	repeat := false
	var asked fn.Line
	switch e.Kind {
	case GotENQ:
		if l.last == nil {
			return nil, Damage{}
		}
		repeat = true
	case GotFrame:
		l.last, asked = l.exec(e.Frame)
		l.cmd = e.Frame.Code
	default:
		l.opt.Logger.Info("damaged frame on the drive's line", "bad_length", e.Kind == GotBadLength)
		if l.opt.BadFrame == SilentBadFrame {
			return nil, Damage{}
		}
		l.last, l.cmd = mustFrame(fn.Answer{Code: fn.BadCommand}), 0
	}
	var damage Damage
	if l.opt.Faults != nil {
		damage = l.opt.Faults.Damage(l.cmd, repeat)
	}
	return l.last, damage.plus(asked)
}

func (l *line) exec(f Frame) ([]byte, fn.Line) {
	a, err := l.opt.Drive.Exec(f.Code, f.Data)
	if err == nil && len(a.Data) > MaxData {
		err = fmt.Errorf("serial: the drive answered %d bytes, a frame has at most %d", len(a.Data), MaxData)
	}
	if err != nil {
		l.opt.Logger.Error("no answer of the drive", "cmd", fmt.Sprintf("%02Xh", f.Code), "err", err)
		a = fn.Answer{Code: fn.DriveError}
	}
	l.opt.Logger.Debug("command", "cmd", fmt.Sprintf("%02Xh", f.Code), "bytes", len(f.Data), "answer", fmt.Sprintf("%02Xh", a.Byte()))
	return mustFrame(a), a.Line
}

// mustFrame writes an answer whose data are known to fit.
func mustFrame(a fn.Answer) []byte {
	b, _ := AppendFrame(nil, Frame{Code: a.Byte(), Data: a.Data})
	return b
}

func (d Damage) apply(frame []byte) []byte {
	if !d.BadCRC && !d.BadLength {
		return frame
	}
	b := append([]byte(nil), frame...)
	if d.BadCRC {
		b[len(b)-1] ^= 0x01
	}
	if d.BadLength {
		b[1], b[2] = (maxLen+1)&0xFF, (maxLen+1)>>8
	}
	return b
}
