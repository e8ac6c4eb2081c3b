package intake

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	history "github.com/fiscalbench/fiscalbench/server/flk"
)

// Settings are how the server answers. The zero value is the strict profile with
// the defaults of transport.md section 10.
type Settings struct {
	Profile wire.Profile
	Faults  map[fiscal.Fault]Action // overrides of the profile's actions
	Ack     ack.Format

	// MirrorCRC makes replies use the CRC mode of the request; by default they have
	// none (TRN-020). Service mode always mirrors.
	MirrorCRC bool
	// AnyFormLength lets documents other than receipts be longer than their form
	// allows (TRN-050, O-106); then it is a finding. The lenient profile implies it.
	AnyFormLength bool
	// KnownFN are numbers and beginnings of numbers that are not unknown (E-12) though
	// they sent no registration yet.
	KnownFN []string
	// Rules switch ФЛК rules off or change their severity, those of single documents
	// and those of history alike (OPR-052).
	Rules flk.Settings
}

// SettingKey is the one name of a setting that may be written in several ways: a
// fault by its name, its row ("E-13") or an alias, anything else by itself. It fails
// on a name that does not exist.
func SettingKey(name string) (string, error) {
	if f, ok := faultSetting(name); ok {
		return f.String(), nil
	}
	if strings.HasPrefix(name, "rule.") {
		return name, nil
	}
	for _, known := range otherSettings {
		if name == known {
			return name, nil
		}
	}
	return "", fmt.Errorf("intake: setting %q: no such setting; faults are %s; others are %s", name, faultNames(), strings.Join(otherSettings, ", "))
}

var otherSettings = []string{"ack.fn_message", "ack.operator_message", "ack.extra_bits", "ack.container_type",
	"reply_crc", "form_length", "known_fn"}

func faultNames() string {
	var names []string
	for f := range rows {
		names = append(names, f.String())
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

func faultSetting(name string) (fiscal.Fault, bool) {
	if f, ok := aliases[name]; ok {
		return f, true
	}
	if f, ok := fiscal.FaultByName(name); ok && f != fiscal.FaultNone {
		return f, true
	}
	for f := range rows { // E-10 has two names: only rows of one are found by id
		if f.ID() == name && name != fiscal.BadContainerType.ID() {
			return f, true
		}
	}
	return fiscal.FaultNone, false
}

// Set changes one setting by name. Errors say name, value and reason.
func (s *Settings) Set(name, value string) error {
	key, err := SettingKey(name)
	if err != nil {
		return err
	}
	if err := s.set(key, strings.TrimSpace(value)); err != nil {
		return fmt.Errorf("intake: setting %s=%q: %w", name, value, err)
	}
	return nil
}

func (s *Settings) set(key, value string) error {
	if f, ok := faultSetting(key); ok {
		a, err := parseAction(value, rows[f].allowed)
		if err != nil {
			return err
		}
		if s.Faults == nil {
			s.Faults = map[fiscal.Fault]Action{}
		}
		s.Faults[f] = a
		return nil
	}
	if rule, ok := strings.CutPrefix(key, "rule."); ok {
		return s.setRule(rule, value)
	}
	switch key {
	case "ack.fn_message":
		return oneOf(value, map[string]func(){"always": func() { s.Ack.FNMessageOnError = false }, "on_error": func() { s.Ack.FNMessageOnError = true }})
	case "ack.operator_message":
		return oneOf(value, map[string]func(){"nonzero": func() { s.Ack.OperatorMessageAlways = false }, "always": func() { s.Ack.OperatorMessageAlways = true }})
	case "ack.container_type":
		return oneOf(value, map[string]func(){"a5": func() { s.Ack.ContainerType = wire.TypeFN }, "5a": func() { s.Ack.ContainerType = wire.TypeOFD }})
	case "reply_crc":
		return oneOf(value, map[string]func(){"none": func() { s.MirrorCRC = false }, "request": func() { s.MirrorCRC = true }})
	case "form_length":
		return oneOf(value, map[string]func(){"check": func() { s.AnyFormLength = false }, "any": func() { s.AnyFormLength = true }})
	case "ack.extra_bits":
		n, err := strconv.ParseUint(value, 0, 8)
		if err != nil {
			return errors.New("want a number of one byte, as 0x42")
		}
		s.Ack.ExtraBits = uint8(n)
	case "known_fn":
		s.KnownFN = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return nil
}

func (s *Settings) setRule(rule, value string) error {
	if !knownRule(rule) {
		return errors.New("no such rule")
	}
	return oneOf(value, map[string]func(){
		"off":     func() { s.Rules.Off = with(s.Rules.Off, rule, true) },
		"warning": func() { s.Rules.Severity = with(s.Rules.Severity, rule, flk.Warning) },
		"error":   func() { s.Rules.Severity = with(s.Rules.Severity, rule, flk.Error) },
	})
}

func with[V any](m map[string]V, k string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[k] = v
	return m
}

func oneOf(value string, choices map[string]func()) error {
	if choose, ok := choices[value]; ok {
		choose()
		return nil
	}
	names := make([]string, 0, len(choices))
	for n := range choices {
		names = append(names, n)
	}
	sort.Strings(names)
	return fmt.Errorf("want %s", strings.Join(names, " or "))
}

func knownRule(id string) bool {
	for _, r := range history.Rules() {
		if r == id {
			return true
		}
	}
	for _, r := range flk.Rules() {
		if r.ID == id {
			return true
		}
	}
	return false
}

// Action is what is done about a fault.
func (s *Settings) Action(f fiscal.Fault) Action {
	if a, ok := s.Faults[f]; ok {
		return a
	}
	if s.Profile == wire.Lenient {
		return rows[f].lenient
	}
	return rows[f].strict
}

// Check finds values that do not exist and settings that contradict each other.
func (s *Settings) Check() error {
	for f, a := range s.Faults {
		r, ok := rows[f]
		if !ok {
			return fmt.Errorf("intake: setting for fault %d: no such fault", f)
		}
		if _, err := parseAction(string(a), r.allowed); err != nil {
			return fmt.Errorf("intake: setting %s=%q: %w", f, a, err)
		}
	}
	if bad := s.Ack.ExtraBits &^ ack.BitsDefined; bad != 0 {
		return fmt.Errorf("intake: setting ack.extra_bits=%#02x: bits %#02x of 1206 have no meaning", s.Ack.ExtraBits, bad)
	}
	if t := s.Ack.ContainerType; t != 0 && t != wire.TypeFN && t != wire.TypeOFD {
		return fmt.Errorf("intake: setting ack.container_type=%#02x: want a5 or 5a", t)
	}
	for _, p := range s.KnownFN {
		if _, err := fiscal.ParseFNNumber(p); err != nil {
			return fmt.Errorf("intake: setting known_fn=%q: %w", p, err)
		}
	}
	if len(s.KnownFN) > 0 && s.Action(fiscal.UnknownFN) == Confirm {
		return errors.New("intake: setting known_fn contradicts unknown_fn=confirm: unknown drives are confirmed, so the list would say nothing")
	}
	for id := range s.Rules.Off {
		if _, both := s.Rules.Severity[id]; both {
			return fmt.Errorf("intake: setting rule.%s: switched off and given a severity", id)
		}
	}
	return nil
}

// judge applies the rule settings to findings in place.
func (s *Settings) judge(found []flk.Finding) []flk.Finding {
	if len(s.Rules.Off)+len(s.Rules.Severity) == 0 {
		return found
	}
	out := found[:0]
	for _, f := range found {
		if s.Rules.Off[f.Rule] {
			continue
		}
		if severity, ok := s.Rules.Severity[f.Rule]; ok {
			f.Severity = severity
		}
		out = append(out, f)
	}
	return out
}

// formLimit is the greatest body of a message of this form, in bytes (TRN-050,
// S-03, S-04). Registration reports get the room of FFD 1.2: their version is not
// known before they are read.
func (s *Settings) formLimit(f fiscal.Form) int {
	const overhead = wire.ContainerHeaderLen + 4 + wire.TrailerLen
	switch {
	case s.AnyFormLength || s.Profile == wire.Lenient || f.IsReceipt() || f == fiscal.FormMarkingNotice:
		return wire.MaxContainer
	case f.IsRegistration():
		return 6144 + overhead
	}
	return 4096 + overhead
}

func (s *Settings) profileFor(f fiscal.Fault) wire.Profile {
	if s.Action(f) == Accept {
		return wire.Lenient
	}
	return wire.Strict
}

// listed reports a drive of KnownFN.
func (s *Settings) listed(fn fiscal.FNNumber) bool {
	for _, p := range s.KnownFN {
		if strings.HasPrefix(string(fn), p) {
			return true
		}
	}
	return false
}
