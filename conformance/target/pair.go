package target

import (
	"context"
	"errors"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server"
)

// Pair is both built-in ends: each case gets an operator and a register of its own.
type Pair struct {
	*SelfKKT
	operator []func(*server.Options)
}

// NewPair judges the built-in ends against each other; the operators are built with
// the changes.
func NewPair(operator ...func(*server.Options)) *Pair { return NewPairOf(NewSelfKKT(), operator...) }

// NewPairOf is NewPair with these registers.
func NewPairOf(register *SelfKKT, operator ...func(*server.Options)) *Pair {
	return &Pair{register, operator}
}

// String names the target.
func (*Pair) String() string { return "built-in register and operator" }

// Operator starts an operator.
func (p *Pair) Operator(ctx context.Context, ofd string, settings map[string]string) (conformance.Target, func() error, error) {
	s, err := StartSelf(ctx, fiscal.INN(ofd), p.operator...)
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
