package fn

import (
	"fmt"
	"time"
)

// Faults are the fault switches for tests of firmware (fn.md section 13). They can be
// set while the drive lives.
type Faults struct {
	Commands []CommandFault `json:"commands,omitempty"`
	// RefuseAcks refuses this many good confirmations with a reason of 26h.
	RefuseAcks []AckFault `json:"refuse_acks,omitempty"`
	// Critical is the stuck flag 0x80 of the warning byte (K-049).
	Critical bool `json:"critical,omitempty"`
	// OFDSilentDays makes every unconfirmed document older by so many days.
	OFDSilentDays int `json:"ofd_silent_days,omitempty"`
	// NoOutageBlock breaks the rule of 15h: documents are made however old the oldest
	// unconfirmed one is, so that it can be seen whether anybody notices.
	NoOutageBlock bool `json:"no_outage_block,omitempty"`
	// KeyDaysLeft is the rest of the keys' life whatever the date; below 0 it is over.
	KeyDaysLeft *int `json:"key_days_left,omitempty"`
	// ArchiveUsed adds so many documents to the archive's filling.
	ArchiveUsed int `json:"archive_used,omitempty"`
}

// CommandFault spoils calls of one command.
type CommandFault struct {
	Command byte `json:"command"`
	Call    int  `json:"call,omitempty"`  // which call from now on, from 1; 0: every call
	Times   int  `json:"times,omitempty"` // how many calls from that one; 1 when 0
	// Answer is given instead of doing the command; Reason is its data, when not 0.
	Answer *Code `json:"answer,omitempty"`
	Reason byte  `json:"reason,omitempty"`
	// PowerLoss takes the power away before the command is done: no answer, the
	// unfinished document is lost (K-013).
	PowerLoss bool `json:"power_loss,omitempty"`
	// What happens to the answer of a command that was done: for the serial line.
	DelayMS  int  `json:"delay_ms,omitempty"`
	Silent   bool `json:"silent,omitempty"`
	BadCRC   bool `json:"bad_crc,omitempty"`
	WrongLen bool `json:"wrong_len,omitempty"`
}

// AckFault refuses good confirmations.
type AckFault struct {
	Reason byte `json:"reason"`
	Times  int  `json:"times,omitempty"` // 1 when 0
}

func (f *Faults) check() error {
	for _, c := range f.Commands {
		if c.Call < 0 || c.Times < 0 || c.DelayMS < 0 {
			return fmt.Errorf("fn: fault of command %02Xh: call %d, times %d, delay %d ms: none may be negative", c.Command, c.Call, c.Times, c.DelayMS)
		}
		if c.Answer != nil && *c.Answer > 0x7F {
			return fmt.Errorf("fn: fault of command %02Xh: answer %02Xh: bit 7 is the warning, codes end at 7Fh", c.Command, byte(*c.Answer))
		}
	}
	for _, a := range f.RefuseAcks {
		if a.Reason == 0 || a.Times < 0 {
			return fmt.Errorf("fn: refused confirmation: reason %d, times %d: want a reason and no negative times", a.Reason, a.Times)
		}
	}
	if f.ArchiveUsed < 0 || f.OFDSilentDays < 0 {
		return fmt.Errorf("fn: faults: archive_used %d, ofd_silent_days %d: want 0 or more", f.ArchiveUsed, f.OFDSilentDays)
	}
	return nil
}

// SetFaults replaces the fault switches; calls are counted from now.
func (d *Device) SetFaults(f Faults) error {
	if err := f.check(); err != nil {
		return err
	}
	d.faults.set(f)
	return nil
}

// Faults tells the switches as they were set.
func (d *Device) Faults() Faults { return d.faults.Faults }

// faultState counts what the switches have done.
type faultState struct {
	Faults
	Calls   map[byte]int
	Refused []int
}

func (s *faultState) set(f Faults) {
	*s = faultState{Faults: f, Calls: map[byte]int{}, Refused: make([]int, len(f.RefuseAcks))}
}

// plan is what happens to one call.
type plan struct {
	answer    *Code
	data      []byte
	powerLoss bool
	line      Line
}

func (s *faultState) take(cmd byte) (p plan) {
	if len(s.Commands) == 0 {
		return p
	}
	s.Calls[cmd]++
	for _, c := range s.Commands {
		if c.Command != cmd || !c.hits(s.Calls[cmd]) {
			continue
		}
		if c.Answer != nil {
			p.answer = c.Answer
			if c.Reason != 0 {
				p.data = []byte{c.Reason}
			}
		}
		p.powerLoss = p.powerLoss || c.PowerLoss
		p.line.Delay += time.Duration(c.DelayMS) * time.Millisecond
		p.line.Silent = p.line.Silent || c.Silent
		p.line.BadCRC = p.line.BadCRC || c.BadCRC
		p.line.WrongLen = p.line.WrongLen || c.WrongLen
	}
	return p
}

func (c *CommandFault) hits(call int) bool {
	return c.Call == 0 || (call >= c.Call && call < c.Call+max(c.Times, 1))
}

// refuseAck is the reason with which the next good confirmation is refused; 0: none.
func (s *faultState) refuseAck() byte {
	for i, a := range s.RefuseAcks {
		if s.Refused[i] < max(a.Times, 1) {
			s.Refused[i]++
			return a.Reason
		}
	}
	return 0
}
