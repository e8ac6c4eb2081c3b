package sign

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// Policy is how the signs of a drive are treated (fiscal-sign.md section 7).
type Policy string

// Policies.
const (
	// PolicyTBGOST1 checks every sign and confirms: drives of the bench's emulator.
	PolicyTBGOST1 Policy = "tb-gost-1"
	// PolicyAcceptUnverifiable checks nothing and stores: real and debug drives.
	PolicyAcceptUnverifiable Policy = "accept-unverifiable"
	// PolicyExternal asks a plug-in.
	PolicyExternal Policy = "external"
	// PolicyReject refuses every message.
	PolicyReject Policy = "reject"
	// PolicyAuto tries the first document of an unknown drive with TB-GOST-1: when its
	// ФПС fits the drive is PolicyTBGOST1 for good, else PolicyAcceptUnverifiable.
	PolicyAuto Policy = "auto"
)

// ParsePolicy reads the name of a policy.
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case PolicyTBGOST1, PolicyAcceptUnverifiable, PolicyExternal, PolicyReject, PolicyAuto:
		return p, nil
	}
	return "", fmt.Errorf("sign: policy %q: want tb-gost-1, accept-unverifiable, external, reject or auto", s)
}

// ErrRefused says that the policy of the drive lets the message have no answer:
// PolicyReject, or a silent plug-in with CloseWithoutVerdict.
var ErrRefused = errors.New("sign: refused by the policy of the drive")

// PolicyOptions say which drive has which policy. The choice is by exact number,
// then by the longest prefix, then Default.
type PolicyOptions struct {
	ByNumber map[fiscal.FNNumber]Policy
	ByPrefix map[string]Policy // prefixes of FN numbers
	Default  Policy            // PolicyAuto when empty: emulated drives are checked, all others accepted

	TBGOST1  *TBGOST1 // the scheme over the public test key when nil
	External Verifier // needed when a drive may have PolicyExternal

	// NoConfirmUnverifiable keeps back the confirmation, which a real drive refuses
	// anyway, under PolicyAcceptUnverifiable.
	NoConfirmUnverifiable bool
	// CloseWithoutVerdict makes Open return ErrRefused when a plug-in gives no verdict
	// in time; by default the document is accepted as unverifiable.
	CloseWithoutVerdict bool
}

// AddRule reads one line of settings: "9999078900005488=tb-gost-1" for a number,
// "99990789*=external" for a prefix, "*=reject" for the default.
func (o *PolicyOptions) AddRule(rule string) error {
	who, name, ok := strings.Cut(rule, "=")
	if !ok {
		return fmt.Errorf("sign: policy rule %q: want NUMBER=POLICY, PREFIX*=POLICY or *=POLICY", rule)
	}
	p, err := ParsePolicy(strings.TrimSpace(name))
	if err != nil {
		return fmt.Errorf("sign: policy rule %q: %w", rule, err)
	}
	who = strings.TrimSpace(who)
	prefix, isPrefix := strings.CutSuffix(who, "*")
	prefix = strings.TrimSpace(prefix)
	switch {
	case who == "*":
		o.Default = p
		return nil
	case !isPrefix:
		fn, err := fiscal.ParseFNNumber(who)
		if err != nil {
			return fmt.Errorf("sign: policy rule %q: %w", rule, err)
		}
		if o.ByNumber == nil {
			o.ByNumber = map[fiscal.FNNumber]Policy{}
		}
		o.ByNumber[fn] = p
		return nil
	}
	if _, err := fiscal.ParseFNNumber(prefix); err != nil {
		return fmt.Errorf("sign: policy rule %q: %w", rule, err)
	}
	if o.ByPrefix == nil {
		o.ByPrefix = map[string]Policy{}
	}
	o.ByPrefix[prefix] = p
	return nil
}

// Policies finds the treatment of each drive. Safe for concurrent use.
type Policies struct {
	o       PolicyOptions
	foreign Verifier
}

// Treatment is how one drive is treated.
type Treatment struct {
	Policy   Policy   // store it as the drive's policy with the first accepted document
	Verifier Verifier // nil under PolicyReject
	Confirm  bool     // make and send confirmations
	Checked  bool     // a Bad verdict is a fault of the message (E-13, E-19)
}

// NewPolicies checks the options: policies must be known, and PolicyExternal needs
// a plug-in. The maps are copied.
func NewPolicies(o PolicyOptions) (*Policies, error) {
	if o.Default == "" {
		o.Default = PolicyAuto
	}
	if o.TBGOST1 == nil {
		o.TBGOST1 = NewTBGOST1(TBGOST1Options{})
	}
	check := func(who string, p Policy) error {
		if _, err := ParsePolicy(string(p)); err != nil {
			return fmt.Errorf("sign: policy of %s: %w", who, err)
		}
		if p == PolicyExternal && o.External == nil {
			return fmt.Errorf("sign: policy of %s is external and there is no plug-in", who)
		}
		return nil
	}
	errs := []error{check("other drives", o.Default)}
	numbers, prefixes := make(map[fiscal.FNNumber]Policy, len(o.ByNumber)), make(map[string]Policy, len(o.ByPrefix))
	for fn, p := range o.ByNumber {
		errs = append(errs, check("drive "+string(fn), p))
		numbers[fn] = p
	}
	for prefix, p := range o.ByPrefix {
		errs = append(errs, check("drives "+prefix+"*", p))
		prefixes[prefix] = p
	}
	o.ByNumber, o.ByPrefix = numbers, prefixes
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Policies{o: o, foreign: AcceptUnverifiable(o.TBGOST1)}, nil
}

// chosen is the configured policy; under auto a decision stored earlier holds.
func (p *Policies) chosen(fn fiscal.FNNumber, stored Policy) Policy {
	policy, ok := p.o.ByNumber[fn]
	for n := len(fn); !ok && n > 0; n-- {
		policy, ok = p.o.ByPrefix[string(fn[:n])]
	}
	if !ok {
		policy = p.o.Default
	}
	if policy == PolicyAuto && (stored == PolicyTBGOST1 || stored == PolicyAcceptUnverifiable) {
		return stored
	}
	return policy
}

// For is the treatment of a drive without a message at hand. stored is the policy
// kept with the drive, "" for an unknown one; settings other than auto overrule it.
// Under an undecided PolicyAuto it is that of TB-GOST-1 with Policy auto.
func (p *Policies) For(fn fiscal.FNNumber, stored Policy) Treatment {
	return p.treatment(p.chosen(fn, stored))
}

func (p *Policies) treatment(policy Policy) Treatment {
	switch policy {
	case PolicyAcceptUnverifiable:
		return Treatment{Policy: policy, Verifier: p.foreign, Confirm: !p.o.NoConfirmUnverifiable}
	case PolicyExternal:
		return Treatment{Policy: policy, Verifier: p.o.External, Confirm: true, Checked: true}
	case PolicyReject:
		return Treatment{Policy: policy}
	}
	return Treatment{Policy: policy, Verifier: p.o.TBGOST1, Confirm: true, Checked: true}
}

// Open opens a message by the policy of its drive and decides PolicyAuto: the
// Treatment returned is never undecided, and the caller keeps its Policy with the
// drive and passes it as stored next time. Errors are ErrRefused, *wire.Error
// (transport faults), or of the context; the Treatment holds with an error too.
func (p *Policies) Open(ctx context.Context, fn fiscal.FNNumber, ofd fiscal.INN, stored Policy, c wire.Container) (Treatment, Opened, error) {
	t := p.For(fn, stored)
	switch t.Policy {
	case PolicyReject:
		return t, Opened{}, ErrRefused
	case PolicyAuto:
		if o, err := t.Verifier.Open(ctx, fn, ofd, c); err == nil && o.FPS == OK {
			t.Policy = PolicyTBGOST1
			return t, o, nil
		}
		t = p.treatment(PolicyAcceptUnverifiable)
	}
	o, err := t.Verifier.Open(ctx, fn, ofd, c)
	if err == nil && t.Policy == PolicyExternal && o.FPS == Unverifiable && p.o.CloseWithoutVerdict {
		return t, o, fmt.Errorf("%w: the plug-in gave no verdict", ErrRefused)
	}
	return t, o, err
}
