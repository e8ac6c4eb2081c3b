package sign

import "sync"

// cache keeps about the last limit values by key. It is two maps: what is used
// moves to the young one, and when that is half the limit the old one is dropped.
// Safe for concurrent use.
type cache[K comparable, V any] struct {
	half       int
	mu         sync.RWMutex
	young, old map[K]V
}

func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{half: max(limit/2, 1), young: map[K]V{}}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	c.mu.RLock()
	v, ok := c.young[k]
	if !ok {
		v, ok = c.old[k]
		c.mu.RUnlock()
		if ok {
			c.put(k, v)
		}
		return v, ok
	}
	c.mu.RUnlock()
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.half {
		c.young, c.old = make(map[K]V, c.half), c.young
	}
	c.young[k] = v
}
