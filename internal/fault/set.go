package fault

import (
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Injected is one fault that was injected.
type Injected struct {
	Seq   uint64 // from 1, over all rules of a set
	At    time.Time
	Point Point
	Rule  string // as it was given
	N     uint64 // which of the rule's events it was, from 1
	Event Event
}

// Rule is a rule with what became of it.
type Rule struct {
	ID    int    `json:"id"`
	Text  string `json:"rule"` // as it was given
	Point Point  `json:"point"`
	Seen  uint64 `json:"seen"`  // events that passed its filters
	Fired uint64 `json:"fired"` // of these, the ones it acted at
}

// Rules is what the control ports of both ends answer about rules.
type Rules struct {
	Rules []Rule `json:"rules"`
}

// RulesOf is the answer about a list, which is never null in it.
func RulesOf(list []Rule) Rules {
	if list == nil {
		list = []Rule{}
	}
	return Rules{list}
}

// keptInjected is how many injected faults a set remembers.
const keptInjected = 1000

// Set is the rules of one end. It is safe for concurrent use; the zero value does
// not work, a nil *Set never does anything.
//
// What it decides depends on the seed, the rules and the order of events alone.
// next, nth and every count the events of all drives together; rate draws for each
// drive apart, so that drives at work at once do not disturb each other's chance.
type Set struct {
	side  Side
	seed  uint64
	armed atomic.Uint64 // bit of each point that has a rule
	clock atomic.Int64  // how far clock.jump has moved the clock, nanoseconds

	mu       sync.Mutex
	rules    []*rule
	lastID   int
	seq      uint64
	fired    [pointCount]uint64
	recent   []Injected // ring of the last ones, oldest at seq % keptInjected
	watchers []*func(Injected)
}

// New makes a set without rules.
func New(side Side, seed uint64) *Set { return &Set{side: side, seed: seed} }

// Side of the exchange that the set is for.
func (s *Set) Side() Side { return s.side }

// Seed of the rates.
func (s *Set) Seed() uint64 { return s.seed }

// Watch tells w of every injected fault until stop is called. It is called at the
// place of the fault, concurrently, and must be quick. Watching a nil set does
// nothing.
func (s *Set) Watch(w func(Injected)) (stop func()) {
	if s == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	watcher := &w
	s.watchers = append(slices.Clip(s.watchers), watcher)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		at := slices.Index(s.watchers, watcher)
		if at >= 0 {
			s.watchers = slices.Concat(s.watchers[:at], s.watchers[at+1:]) // a new one: Fire may be at the old one
		}
	}
}

// Add puts rules behind those that are there: all, or none with a *RuleError. When
// several rules of one point act at the same event the first one's parameters hold.
func (s *Set) Add(texts ...string) ([]Rule, error) {
	var parsed []*rule
	for _, text := range texts {
		r, err := parse(s.side, text)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var added []Rule
	for _, r := range parsed {
		s.lastID++
		r.id = s.lastID
		s.rules = append(s.rules, r)
		added = append(added, r.view())
	}
	s.arm()
	return added, nil
}

// Remove takes a rule away; false when there is none of this number.
func (s *Set) Remove(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return r.id == id })
	s.arm()
	return len(s.rules) < before
}

// Clear takes all rules away. Counters and a jumped clock stay.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	s.arm()
}

// Reset makes the set as new: no rules, no counters, the clock unmoved. Watchers
// stay.
func (s *Set) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.recent, s.seq, s.lastID, s.fired = nil, nil, 0, 0, [pointCount]uint64{}
	s.clock.Store(0)
	s.arm()
}

func (s *Set) arm() {
	var bits uint64
	for _, r := range s.rules {
		bits |= 1 << r.point
	}
	s.armed.Store(bits)
}

// Rules lists the rules in their order.
func (s *Set) Rules() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Rule
	for _, r := range s.rules {
		all = append(all, r.view())
	}
	return all
}

func (r *rule) view() Rule { return Rule{r.id, r.text, r.point, r.seen, r.fired} }

// Fired counts the injected faults of a point, those of removed rules too.
func (s *Set) Fired(p Point) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fired[p]
}

// Injected lists what was injected after number seq, oldest first, as far as it is
// remembered: the last 1000.
func (s *Set) Injected(after uint64) []Injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Injected
	for n := max(after, s.seq-uint64(len(s.recent))) + 1; n <= s.seq; n++ {
		all = append(all, s.recent[(n-1)%keptInjected])
	}
	return all
}

// Armed reports that a point has a rule, so that what an event needs to be asked at
// all must be looked for.
func (s *Set) Armed(p Point) bool { return s != nil && s.armed.Load()&(1<<p) != 0 }

// Fire asks whether a point acts at an event. Every rule of the point sees the
// event, so that each counts for itself.
func (s *Set) Fire(p Point, e Event) (Hit, bool) {
	if !s.Armed(p) {
		return Hit{}, false
	}
	s.mu.Lock()
	var hit *rule
	for _, r := range s.rules {
		if r.point == p && s.decide(r, &e) && hit == nil {
			hit = r
		}
	}
	if hit == nil {
		s.mu.Unlock()
		return Hit{}, false
	}
	hit.fired++
	s.fired[p]++
	s.seq++
	i := Injected{Seq: s.seq, At: time.Now(), Point: p, Rule: hit.text, N: hit.seen, Event: e}
	if len(s.recent) < keptInjected {
		s.recent = append(s.recent, i)
	} else {
		s.recent[(s.seq-1)%keptInjected] = i
	}
	watchers := s.watchers
	s.mu.Unlock()
	for _, w := range watchers {
		(*w)(i)
	}
	return Hit{Point: p, values: hit.values}, true
}

func (s *Set) decide(r *rule, e *Event) bool {
	if !r.trigger.matches(e) {
		return false
	}
	r.seen++
	return r.trigger.fires(r.seen, func() float64 { return s.draw(r, e.FN) })
}

// maxApart bounds the drives whose chance is drawn apart; further ones share theirs.
const maxApart = 100_000

// draw is the next number of the rule for a drive: a function of the seed, the
// rule's text, the drive and how many were drawn for it.
func (s *Set) draw(r *rule, fn fiscal.FNNumber) float64 {
	if r.byFN == nil {
		r.byFN = map[fiscal.FNNumber]uint64{}
	}
	if _, known := r.byFN[fn]; !known && len(r.byFN) >= maxApart {
		fn = ""
	}
	r.byFN[fn]++
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.text + "\n" + string(fn)))
	x := mix(mix(s.seed^h.Sum64()) + r.byFN[fn])
	return float64(x>>11) / (1 << 53)
}

// mix is the finisher of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// Jump moves the clock of the end.
func (s *Set) Jump(by time.Duration) { s.clock.Add(int64(by)) }

// Clock is now with the jumps of the set added. It is now itself for a nil set.
func (s *Set) Clock(now func() time.Time) func() time.Time {
	if s == nil {
		return now
	}
	return func() time.Time { return now().Add(time.Duration(s.clock.Load())) }
}

// Hit is a point that acts, with the values of its parameters.
type Hit struct {
	Point  Point
	values values
}

// Duration is the value of a parameter that is a time.
func (h Hit) Duration(name string) time.Duration { return h.values[name].(time.Duration) }

// Int is the value of a parameter that is a number.
func (h Hit) Int(name string) int { return h.values[name].(int) }

// Text is the value of a parameter that is a choice or the number of a drive.
func (h Hit) Text(name string) string { return h.values[name].(string) }
