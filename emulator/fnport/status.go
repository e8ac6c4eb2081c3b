package fnport

import (
	"bytes"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Phase of a drive's life: accumulating bits (fn.md section 3).
type Phase byte

// Phases.
const (
	PhaseSetup      Phase = 0x00
	PhaseReady      Phase = 0x01
	PhaseFiscal     Phase = 0x03
	PhasePostFiscal Phase = 0x07
	PhaseArchive    Phase = 0x0F
)

// Warnings are the flags of the status answer (fn.md 5.3).
type Warnings byte

// Warning flags.
const (
	WarnReplace  Warnings = 0x01 // at most 3 days of key life left
	WarnResource Warnings = 0x02 // at most 30 days of key life left
	WarnMemory   Warnings = 0x04
	WarnOFD      Warnings = 0x08 // oldest unconfirmed document is older than 2 days (5 in FFD 1.0)
	WarnCritical Warnings = 0x80
)

// Status is the answer to 30h.
type Status struct {
	Phase     Phase
	Document  byte // code of the document being made; 0 none (fn.md 9.1)
	HasData   bool
	ShiftOpen bool
	Warnings  Warnings
	LastTime  time.Time // of the last document, wall clock; zero when none
	FN        fiscal.FNNumber
	LastFD    fiscal.FDNumber
}

// Status asks for the drive's state (30h).
func (d *Driver) Status() (Status, error) {
	r, err := d.start().call(fn.CmdStatus)
	if err != nil {
		return Status{}, err
	}
	return parseStatus(&r)
}

func parseStatus(r *reader) (Status, error) {
	s := Status{
		Phase: Phase(r.byte()), Document: r.byte(), HasData: r.byte() != 0, ShiftOpen: r.byte() != 0,
		Warnings: Warnings(r.byte()), LastTime: r.time(), FN: r.fnNumber(), LastFD: r.fd(),
	}
	return s, r.err
}

// Number asks for the drive's number (31h).
func (d *Driver) Number() (fiscal.FNNumber, error) {
	r, err := d.start().call(fn.CmdNumber)
	if err != nil {
		return "", err
	}
	n := r.fnNumber()
	return n, r.err
}

// Life is the answer to 32h.
type Life struct {
	Until time.Time // last day of the keys, wall clock; zero before registration
	Left  int       // registration reports that may still be made
	Done  int       // registration reports made
}

// Life asks how long the drive may work (32h).
func (d *Driver) Life() (Life, error) {
	r, err := d.start().call(fn.CmdLife)
	if err != nil {
		return Life{}, err
	}
	l := Life{Until: r.date(), Left: int(r.byte()), Done: int(r.byte())}
	return l, r.err
}

// Version is the answer to 33h.
type Version struct {
	Name   string // without padding
	Serial bool   // a serial drive; false for a debug one
	Extra  []byte // one more byte of FN 1.2, of unknown meaning
}

// Version asks for the firmware's name (33h).
func (d *Driver) Version() (Version, error) {
	r, err := d.start().call(fn.CmdVersion)
	if err != nil {
		return Version{}, err
	}
	return parseVersion(&r)
}

func parseVersion(r *reader) (Version, error) {
	v := Version{Name: string(bytes.TrimRight(r.take(16), " \x00")), Serial: r.byte() == 1}
	v.Extra = bytes.Clone(r.rest())
	return v, r.err
}

// LastErrors asks for the drive's own error record (35h), at most 256 opaque bytes.
func (d *Driver) LastErrors() ([]byte, error) { return d.start().Exec(fn.CmdLastErrors, nil) }

// FFD asks which format version the drive is registered for and its highest (3Ah).
// A drive before FFD 1.1 refuses the command.
func (d *Driver) FFD() (registered, highest fiscal.FFD, err error) {
	r, err := d.start().call(fn.CmdFFD)
	if err != nil {
		return 0, 0, err
	}
	registered, highest = fiscal.FFD(r.byte()), fiscal.FFD(r.byte())
	return registered, highest, r.err
}

// DaysLeft asks for the days of key life left at a moment (3Bh).
func (d *Driver) DaysLeft(at time.Time) (int, error) {
	r, err := d.start().time(at).call(fn.CmdDaysLeft)
	if err != nil {
		return 0, err
	}
	n := int(r.u16())
	return n, r.err
}

// Memory is the answer to 3Dh.
type Memory struct {
	Documents uint32 // that the archive can still take
	Store     uint32 // kilobytes left of the 30-day store
	Marking   byte   // share of the marking store in use
}

// MemoryLeft asks what the archive can still take (3Dh).
func (d *Driver) MemoryLeft() (Memory, error) {
	r, err := d.start().call(fn.CmdMemoryLeft)
	if err != nil {
		return Memory{}, err
	}
	m := Memory{Documents: r.u32(), Store: r.u32(), Marking: r.byte()}
	return m, r.err
}

// LineSpeed sets the speed of the serial line by its code (ABh).
func (d *Driver) LineSpeed(code byte) error { return d.start().byte(code).simple(fn.CmdLineSpeed) }

// Reset returns a debug drive to the phase before registration (60h 16h).
func (d *Driver) Reset() error { return d.start().byte(0x16).simple(fn.CmdReset) }
