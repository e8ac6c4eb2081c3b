package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// Live is how many days of Daily are always added up anew: the last ones, which change
// while people look.
const Live = 2

// Daily is Revenue by day for pages that are opened again and again: days before the
// last two of each part, into which documents come only when a register was out of
// touch, may be up to a minute behind.
func (s *Service) Daily(ctx context.Context, parts []Part) ([]Totals, error) {
	by := newSums()
	for _, part := range parts {
		_, to := part.Dated()
		live := to.AddDate(0, 0, -Live)
		if to.IsZero() {
			return nil, fmt.Errorf("ledger: a part without a last day")
		}
		past, err := s.past.get(part.Between(time.Time{}, live), func(part Part) ([]store.Figures, error) {
			return s.Figures(ctx, part, store.Search{}, store.ByDay)
		})
		if err != nil {
			return nil, err
		}
		now, err := s.Figures(ctx, part.Between(live, time.Time{}), store.Search{}, store.ByDay)
		if err != nil {
			return nil, err
		}
		by.add(past)
		by.add(now)
	}
	return by.sorted(), nil
}

const (
	keptFor  = time.Minute // of the machine's clock, as all pauses are
	keptMost = 1000        // parts
)

// kept remembers figures of parts for a while. The zero value works.
type kept struct {
	mu    sync.Mutex
	parts map[[sha256.Size]byte]keptPart
	once  singleflight.Group // many who ask the same at the same time
}

type keptPart struct {
	at      time.Time
	figures []store.Figures
}

// keyOf is the same for parts that show the same documents.
func keyOf(p Part) [sha256.Size]byte {
	from, to := p.Dated()
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %d", p.INN(), from.Unix(), to.Unix())
	for _, r := range p.Registers() {
		fmt.Fprintf(h, " %s", r)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (k *kept) get(p Part, ask func(Part) ([]store.Figures, error)) ([]store.Figures, error) {
	key := keyOf(p)
	k.mu.Lock()
	one, ok := k.parts[key]
	k.mu.Unlock()
	if ok && time.Since(one.at) < keptFor {
		return one.figures, nil
	}
	figures, err, _ := k.once.Do(string(key[:]), func() (any, error) {
		at := time.Now()
		figures, err := ask(p)
		if err != nil {
			return nil, err
		}
		k.put(key, keptPart{at, figures})
		return figures, nil
	})
	if err != nil {
		return ask(p) // whoever asked first may have gone away
	}
	return figures.([]store.Figures), nil
}

func (k *kept) put(key [sha256.Size]byte, one keptPart) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.parts == nil || len(k.parts) >= keptMost {
		k.parts = map[[sha256.Size]byte]keptPart{} // simple, and a minute later all of it is old anyway
	}
	k.parts[key] = one
}
