package steps

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// pool is the built-in operators of a run. A scenario has one to itself while it
// runs, clock and all; drives have numbers of their own, so what earlier scenarios
// left in its store is not seen. Starting one costs more than a short scenario.
type pool struct {
	ofd  fiscal.INN
	mu   sync.Mutex
	free []*target.Self
}

// take gives an operator that nobody uses.
func (p *pool) take(ctx context.Context) (*target.Self, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		self := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return self, nil
	}
	p.mu.Unlock()
	self, err := target.StartSelf(ctx, p.ofd)
	if err != nil {
		return nil, fmt.Errorf("starting the built-in operator: %w", err)
	}
	return self, nil
}

// put takes an operator back as it was given: with the settings of the start.
func (p *pool) put(self *target.Self) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, self)
	return nil
}

// stop ends the operators, all of which must have been put back.
func (p *pool) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, self := range p.free {
		errs = append(errs, self.Stop())
	}
	p.free = nil
	return errors.Join(errs...)
}
