package fn

import (
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Options make a drive. The zero value is a debug drive with the public test keys.
type Options struct {
	// Number must begin with 9999 (FN-001): 16 digits, or 15 to test padding.
	// DefaultNumber when empty.
	Number fiscal.FNNumber
	Model  Model // the one of the number's prefix when zero
	// Signer and Marking hold the keys of this drive. Without a Signer both are those
	// of TB-GOST-1 with the public master key; without Marking alone the drive has no
	// marking keys.
	Signer   sign.Signer
	Marking  MarkingSigner
	Settings Settings
	// Unprepared makes a drive in phase 0x00 that answers status commands only, until
	// Prepare: for firmware that must cope with it.
	Unprepared bool
	// PowerTimer is the time since power-on, which never goes back. Nil switches off
	// the rule of 5 minutes (FN-032) and the 300 s that a receipt is awaited (FN-042).
	PowerTimer func() time.Duration
	Faults     Faults
}

// DefaultNumber is the drive that Options without a number make.
const DefaultNumber fiscal.FNNumber = "9999078902000001"

// MarkingSigner protects the exchange about marking codes (forms 81–84) and with the
// key service; *sign.Marking is one.
type MarkingSigner interface {
	Seal(form fiscal.Form, number fiscal.FDNumber, stlv []byte) (container []byte, err error)
	Open(c wire.Container) (stlv []byte, v sign.Verdict, err error)
}

// DupTags says what happens to tags that the drive itself adds and to repeated ones
// (fn.md section 12).
type DupTags string

// Ways to treat them.
const (
	DupAuto   DupTags = ""       // reject for FFD 1.1 and 1.2, keep for 1.0 and 1.05
	DupReject DupTags = "reject" // codes 0Bh, 0Ch
	DupKeep   DupTags = "keep"   // the document carries both
)

// Settings of the emulator (fn.md section 13). The zero value means the defaults.
type Settings struct {
	// LooseClose lets form 6 be made before everything is confirmed; strict_close of
	// fn.md FN-010 is its opposite and the default.
	LooseClose bool    `json:"loose_close,omitempty"`
	DupTags    DupTags `json:"dup_tags,omitempty"`
	// FiveMinutes switches on code 17h (FN-032); it needs a PowerTimer.
	FiveMinutes bool `json:"five_minutes,omitempty"`
	// Capacity of the archive in documents; 250 000 when zero (FN-022).
	Capacity int `json:"capacity,omitempty"`
	// StoreBytes of the 30-day store; 50 MiB when zero (FN-022).
	StoreBytes int `json:"store_bytes,omitempty"`
	// Registrations that a drive takes in its life, the first included; 12 when zero
	// (FN-012).
	Registrations int `json:"registrations,omitempty"`
	// MemoryPercent of the archive at which warning 0x04 appears, and tag 1052: 90
	// when zero (FN-023).
	MemoryPercent    int `json:"memory_percent,omitempty"`
	MemoryTagPercent int `json:"memory_tag_percent,omitempty"`
	// KeyDays is the life of the keys from registration; the table of fn.md 5.1 when
	// zero (FN-021).
	KeyDays int `json:"key_days,omitempty"`
	// SumLimit of one shift total, in kopecks: more is code 09h at 16h (K-014). The
	// width of a total, 48 bits, when zero.
	SumLimit uint64 `json:"sum_limit,omitempty"`
	// MaxItems of a receipt, FFD 1.1 and 1.2 (code 0Eh); no limit when zero.
	MaxItems int `json:"max_items,omitempty"`
	// MarkingTable is how many checked codes wait for a receipt; 128 when zero.
	MarkingTable int `json:"marking_table,omitempty"`
	// KeyUpdateDays after which D7h asks for new marking keys; never when zero.
	KeyUpdateDays int `json:"key_update_days,omitempty"`
	// KeyServiceURI is given by D7h.
	KeyServiceURI string `json:"key_service_uri,omitempty"`
	// Serial makes a debug model behave as a serial one: 60h is unknown to it.
	Serial bool `json:"serial,omitempty"`
}

// Defaults of Settings.
const (
	DefaultCapacity      = 250_000
	DefaultStoreBytes    = 50 << 20
	DefaultRegistrations = 12
	DefaultMemoryPercent = 90
	DefaultMarkingTable  = 128
	defaultKeyServiceURI = "tcp://127.0.0.1:7778"
	maxSum               = 1<<48 - 1
)

func (s Settings) withDefaults() Settings {
	orDefault(&s.Capacity, DefaultCapacity)
	orDefault(&s.StoreBytes, DefaultStoreBytes)
	orDefault(&s.Registrations, DefaultRegistrations)
	orDefault(&s.MemoryPercent, DefaultMemoryPercent)
	orDefault(&s.MemoryTagPercent, s.MemoryPercent)
	orDefault(&s.MarkingTable, DefaultMarkingTable)
	orDefault(&s.SumLimit, maxSum)
	orDefault(&s.KeyServiceURI, defaultKeyServiceURI)
	return s
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (s Settings) check() error {
	for _, f := range []struct {
		name string
		v    int
	}{
		{"capacity", s.Capacity}, {"store_bytes", s.StoreBytes}, {"registrations", s.Registrations},
		{"memory_percent", s.MemoryPercent}, {"memory_tag_percent", s.MemoryTagPercent}, {"key_days", s.KeyDays},
		{"max_items", s.MaxItems}, {"marking_table", s.MarkingTable}, {"key_update_days", s.KeyUpdateDays},
	} {
		if f.v < 0 {
			return fmt.Errorf("fn: setting %s is %d, want 0 or more", f.name, f.v)
		}
	}
	switch {
	case s.Registrations > 255:
		return fmt.Errorf("fn: setting registrations is %d, want at most 255: 32h has one byte for it", s.Registrations)
	case s.MarkingTable > 255:
		return fmt.Errorf("fn: setting marking_table is %d, want at most 255: B0h has one byte for it", s.MarkingTable)
	case s.SumLimit > maxSum:
		return fmt.Errorf("fn: setting sum_limit is %d, want at most 48 bits", s.SumLimit)
	case s.DupTags != DupAuto && s.DupTags != DupReject && s.DupTags != DupKeep:
		return fmt.Errorf("fn: setting dup_tags is %q, want reject or keep", s.DupTags)
	}
	return nil
}

// resolve checks o and fills its defaults.
func (o Options) resolve() (Options, error) {
	orDefault(&o.Number, DefaultNumber)
	n, err := fiscal.ParseFNNumber(string(o.Number))
	if err != nil {
		return o, fmt.Errorf("fn: %w", err)
	}
	o.Number = n
	if !strings.HasPrefix(string(n), "9999") || len(n) < 15 {
		return o, fmt.Errorf("fn: number %s: an emulated drive has 9999 and 12 more digits (FN-001)", n)
	}
	if o.Signer == nil {
		scheme := sign.NewTBGOST1(sign.TBGOST1Options{})
		o.Signer, o.Marking = scheme.Drive(n, 0), scheme.Marking(n)
	}
	if o.Model.Name == "" {
		o.Model, _ = ModelByNumber(n)
	}
	if o.Model.Months <= 0 || o.Model.HighestFFD < o.Model.LowestFFD || len(o.Model.Version) > 16 {
		return o, fmt.Errorf("fn: model %q: months %d, FFD %s to %s, version %q", o.Model.Name, o.Model.Months,
			o.Model.LowestFFD, o.Model.HighestFFD, o.Model.Version)
	}
	if err := o.Settings.check(); err != nil {
		return o, err
	}
	o.Settings = o.Settings.withDefaults()
	return o, o.Faults.check()
}
