package script

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Error is a script that cannot be read: where, what is wrong, what is allowed.
type Error struct {
	File    string
	Line    int // 1-based; 0 when the file as a whole is meant
	What    string
	Allowed []string
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "script: %s", e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": " + e.What)
	if len(e.Allowed) > 0 {
		b.WriteString(" (allowed: " + strings.Join(e.Allowed, ", ") + ")")
	}
	return b.String()
}

// bad is an error about a node; the file is filled in by Parse.
func bad(n ast.Node, allowed []string, format string, args ...any) *Error {
	line := 0
	if t := n.GetToken(); t != nil && t.Position != nil {
		line = t.Position.Line
	}
	return &Error{Line: line, What: fmt.Sprintf(format, args...), Allowed: allowed}
}

// scalar is the text of a scalar node, whatever YAML takes it for.
func scalar(n ast.Node) (string, error) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, nil
	case ast.ScalarNode:
		return v.GetToken().Value, nil
	}
	return "", bad(n, nil, "want one value, got a %s", strings.ToLower(n.Type().String()))
}

// choose reads one of a list of words.
func choose[T any](n ast.Node, what string, words map[string]T) (v T, err error) {
	s, err := scalar(n)
	if err != nil {
		return v, err
	}
	v, ok := words[s]
	if !ok {
		return v, bad(n, slices.Sorted(maps.Keys(words)), "%s %q is not known", what, s)
	}
	return v, nil
}

// Duration is "90m", "36h", "31d", "1d12h".
type Duration time.Duration

// UnmarshalYAML reads a duration.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	days := 0
	rest := s
	if a, b, ok := strings.Cut(s, "d"); ok {
		if days, err = strconv.Atoi(a); err != nil {
			return bad(n, nil, "duration %q: want for example 90m, 36h, 31d or 1d12h", s)
		}
		rest = b
	}
	var v time.Duration
	if rest != "" {
		if v, err = time.ParseDuration(rest); err != nil {
			return bad(n, nil, "duration %q: want for example 90m, 36h, 31d or 1d12h", s)
		}
	}
	*d = Duration(v + time.Duration(days)*24*time.Hour)
	return nil
}

// Time is a wall clock: "2026-08-01T09:00", or a day alone.
type Time struct{ time.Time }

// UnmarshalYAML reads a time.
func (t *Time) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if v, err := time.Parse(layout, s); err == nil {
			t.Time = v
			return nil
		}
	}
	return bad(n, nil, "time %q: want 2026-08-01T09:00 or 2026-08-01", s)
}

// Hour is a time of day, "09:00".
type Hour time.Duration

// UnmarshalYAML reads a time of day.
func (h *Hour) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	v, err := time.Parse("15:04", s)
	if err != nil {
		return bad(n, nil, "time of day %q: want 09:00", s)
	}
	*h = Hour(v.Sub(v.Truncate(24 * time.Hour)))
	return nil
}

// Money is a sum in roubles: 120, 99.9, "1250.00".
type Money fiscal.Kopecks

// UnmarshalYAML reads a sum.
func (m *Money) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	k, err := fiscal.ParseKopecks(s)
	if err != nil {
		return bad(n, nil, "sum %q: want roubles with at most two decimals", s)
	}
	*m = Money(k)
	return nil
}

// Quantity is tag 1023.
type Quantity struct{ kkt.Quantity }

// UnmarshalYAML reads a quantity.
func (q *Quantity) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if q.Quantity, err = kkt.ParseQuantity(s); err != nil {
		return bad(n, nil, "quantity %q: want a number like 2 or 0.748", s)
	}
	return nil
}

var vatWords = map[string]kkt.VATRate{
	"absent": kkt.VATAbsent, "20": kkt.VAT20, "10": kkt.VAT10, "20/120": kkt.VAT20120, "10/110": kkt.VAT10110, "0": kkt.VAT0, "none": kkt.VATNone,
	"5": kkt.VAT5, "7": kkt.VAT7, "5/105": kkt.VAT5105, "7/107": kkt.VAT7107, "22": kkt.VAT22, "22/122": kkt.VAT22122,
}

// VAT is a rate: 22, 10, 5, 7, 0, none, 22/122 …
type VAT kkt.VATRate

// UnmarshalYAML reads a rate.
func (v *VAT) UnmarshalYAML(n ast.Node) error {
	r, err := choose(n, "VAT rate", vatWords)
	*v = VAT(r)
	return err
}

var taxWords = map[string]kkt.TaxSystem{
	"general": kkt.TaxGeneral, "usn": kkt.TaxSimplified, "usn_margin": kkt.TaxSimplifiedMargin, "envd": kkt.TaxImputed,
	"agricultural": kkt.TaxAgricultural, "patent": kkt.TaxPatent,
}

// Tax is a set of tax systems: one word or a list.
type Tax kkt.TaxSystem

// UnmarshalYAML reads one system or several.
func (t *Tax) UnmarshalYAML(n ast.Node) error {
	*t = 0
	nodes := []ast.Node{n}
	if seq, ok := n.(*ast.SequenceNode); ok {
		nodes = seq.Values
	}
	for _, one := range nodes {
		v, err := choose(one, "tax system", taxWords)
		if err != nil {
			return err
		}
		*t |= Tax(v)
	}
	return nil
}

var ffdWords = map[string]fiscal.FFD{"1.0": fiscal.FFD10, "1.05": fiscal.FFD105, "1.1": fiscal.FFD11, "1.2": fiscal.FFD12}

// FFD is a format version: 1.0, 1.05, 1.1 or 1.2.
type FFD fiscal.FFD

// UnmarshalYAML reads a version.
func (v *FFD) UnmarshalYAML(n ast.Node) error {
	w, err := choose(n, "FFD version", ffdWords)
	*v = FFD(w)
	return err
}

// Byte is a code in hex: 15h, 0x15 or, decimal, 21.
type Byte uint8

// UnmarshalYAML reads a code.
func (b *Byte) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	v, err := parseByte(s)
	if err != nil {
		return bad(n, nil, "code %q: want 15h, 0x15 or a number up to 255", s)
	}
	*b = Byte(v)
	return nil
}

func parseByte(s string) (uint8, error) {
	if digits, ok := strings.CutSuffix(strings.ToLower(s), "h"); ok {
		v, err := strconv.ParseUint(digits, 16, 8)
		return uint8(v), err
	}
	v, err := strconv.ParseUint(s, 0, 8)
	return uint8(v), err
}

// Phase is a phase of life as two hex digits: 01, 03, 07, 0F.
type Phase uint8

// UnmarshalYAML reads a phase.
func (p *Phase) UnmarshalYAML(n ast.Node) error {
	v, err := choose(n, "phase", map[string]Phase{"01": 1, "03": 3, "07": 7, "0F": 15, "0f": 15, "1": 1, "3": 3, "7": 7})
	*p = v
	return err
}

var warningWords = map[string]uint8{"replace": 0x01, "resource": 0x02, "memory": 0x04, "ofd": 0x08, "critical": 0x80}

// Warnings is a set of warning flags of the drive (fn.md 5.3).
type Warnings uint8

// UnmarshalYAML reads a list of flags; an empty list means none is set.
func (w *Warnings) UnmarshalYAML(n ast.Node) error {
	*w = 0
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		return bad(n, nil, "warnings: want a list like [resource, ofd]")
	}
	for _, one := range seq.Values {
		v, err := choose(one, "warning", warningWords)
		if err != nil {
			return err
		}
		*w |= Warnings(v)
	}
	return nil
}
