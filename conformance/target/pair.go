package target

import (
	"context"
	"errors"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Pair is both built-in ends: each case gets an operator and a register of its own.
type Pair struct{ *SelfKKT }

// NewPair judges the built-in ends against each other.
func NewPair() *Pair { return &Pair{NewSelfKKT()} }

// String names the target.
func (*Pair) String() string { return "built-in register and operator" }

// Operator starts an operator.
func (*Pair) Operator(ctx context.Context, ofd string, settings map[string]string) (conformance.Target, func() error, error) {
	s, err := StartSelf(ctx, fiscal.INN(ofd))
	if err != nil {
		return nil, nil, err
	}
	if len(settings) > 0 {
		if err := s.Configure(ctx, settings); err != nil {
			return nil, nil, errors.Join(err, s.Stop())
		}
	}
	return s, s.Stop, nil
}
