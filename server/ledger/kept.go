package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Popular is Sold for pages that are opened again and again: what took long to add up
// is remembered five hundred times as long, up to a minute.
func (s *Service) Popular(ctx context.Context, parts []Part, limit int) ([]Good, error) {
	return s.popular.get(keyOf(parts, limit), func() ([]Good, error) { return s.Sold(ctx, parts, limit) })
}

const (
	keptTimes = 500         // as long as it took
	keptFor   = time.Minute // at most; of the machine's clock, as all pauses are
	keptMost  = 1000        // answers
)

// kept remembers answers for a while. The zero value works.
type kept[T any] struct {
	mu   sync.Mutex
	all  map[[sha256.Size]byte]keptOne[T]
	once singleflight.Group // many who ask the same at the same time
}

type keptOne[T any] struct {
	until  time.Time
	answer T
}

// keyOf is the same for questions about the same documents.
func keyOf(parts []Part, limit int) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range parts {
		for _, p := range part.Parts() {
			from, to := p.Dated()
			fmt.Fprintf(h, "%s %d %d", p.INN(), from.Unix(), to.Unix())
			for _, r := range p.Registers() {
				fmt.Fprintf(h, " %s", r)
			}
			fmt.Fprintln(h)
		}
	}
	fmt.Fprint(h, limit)
	return [sha256.Size]byte(h.Sum(nil))
}

func (k *kept[T]) get(key [sha256.Size]byte, ask func() (T, error)) (T, error) {
	k.mu.Lock()
	one, ok := k.all[key]
	k.mu.Unlock()
	if ok && time.Now().Before(one.until) {
		return one.answer, nil
	}
	answer, err, _ := k.once.Do(string(key[:]), func() (any, error) {
		began := time.Now()
		answer, err := ask()
		if err != nil {
			return nil, err
		}
		now := time.Now()
		k.put(key, keptOne[T]{now.Add(min(keptTimes*now.Sub(began), keptFor)), answer})
		return answer, nil
	})
	if err != nil {
		return ask() // whoever asked first may have gone away
	}
	return answer.(T), nil
}

func (k *kept[T]) put(key [sha256.Size]byte, one keptOne[T]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= keptMost {
		k.all = map[[sha256.Size]byte]keptOne[T]{} // simple, and a minute later all of it is old anyway
	}
	k.all[key] = one
}

// recent remembers one answer for a second. The zero value works.
type recent[T any] struct {
	mu     sync.Mutex
	at     time.Time
	answer T
}

// get holds everybody up who asks while the answer is being found.
func (r *recent[T]) get(ask func() (T, error)) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && time.Since(r.at) < time.Second {
		return r.answer, nil
	}
	answer, err := ask()
	if err == nil {
		r.answer, r.at = answer, time.Now()
	}
	return answer, err
}
