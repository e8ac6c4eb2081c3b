package fault

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fires lists the events, from 1, at which a rule acts.
func fires(t require.TestingT, seed uint64, events int, rules ...string) []int {
	s := New(Operator, seed)
	_, err := s.Add(rules...)
	require.NoError(t, err)
	var at []int
	for n := 1; n <= events; n++ {
		if _, ok := s.Fire(ReplyDrop, Event{FN: "9999000000000001", FD: fiscal.FDNumber(n), Form: fiscal.FormReceipt}); ok {
			at = append(at, n)
		}
	}
	return at
}

func TestSet_ExactTriggers(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string][]int{
		"reply.drop:next=3":                       {1, 2, 3},
		"reply.drop:nth=5":                        {5},
		"reply.drop:every=4":                      {4, 8},
		"reply.drop:always":                       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		"reply.drop:for fd=3/7":                   {3, 7},
		"reply.drop:next=1,fn=9999000000000001":   {1},
		"reply.drop:next=1,fn=99990*":             {1},
		"reply.drop:next=1,fn=9999000000000002":   nil,
		"reply.drop:nth=2,doc=receipt,fd=4/5/9":   {5},
		"reply.drop:always,doc=openShift/service": nil,
		"reply.delay:always":                      nil,
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, fires(t, 1, 10, rule))
		})
	}
	assert.Equal(t, []int{1, 2, 5, 10}, fires(t, 1, 10, "reply.drop:next=2", "reply.drop:every=5"), "rules count each for itself")
}

// Triggers agree with a model that was written from their description alone.
func TestSet_AgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		kind := rapid.SampledFrom([]string{"next", "nth", "every"}).Draw(t, "kind")
		only := rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "only")
		rule := fmt.Sprintf("reply.drop:%s=%d", kind, n)
		if only != "" {
			rule += ",fn=" + only
		}
		s := New(Operator, 1)
		if _, err := s.Add(rule); err != nil {
			t.Fatal(err)
		}
		matched := 0
		for range rapid.IntRange(0, 30).Draw(t, "events") {
			fn := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "fn")
			want := false
			if only == "" || only == fn {
				matched++
				want = map[string]bool{"next": matched <= n, "nth": matched == n, "every": matched%n == 0}[kind]
			}
			if _, got := s.Fire(ReplyDrop, Event{FN: fiscal.FNNumber(fn)}); got != want {
				t.Fatalf("%s at event %d of those that match: %v, want %v", rule, matched, got, want)
			}
		}
		if seen := s.Rules()[0].Seen; int(seen) != matched {
			t.Fatalf("seen %d, want %d", seen, matched)
		}
	})
}

// One seed gives one run, another seed another one, and about as many faults as the
// rate says.
func TestSet_RateIsSeeded(t *testing.T) {
	t.Parallel()
	one := fires(t, 7, 2000, "reply.drop:rate=0.1")
	assert.Equal(t, one, fires(t, 7, 2000, "reply.drop:rate=0.1"))
	assert.NotEqual(t, one, fires(t, 8, 2000, "reply.drop:rate=0.1"))
	assert.NotEqual(t, one, fires(t, 7, 2000, "reply.drop:rate=0.1,fd=1/2/3"), "another rule, another chance")
	assert.InDelta(t, 200, len(one), 60)
	assert.Len(t, fires(t, 7, 100, "reply.drop:rate=1"), 100)
	assert.Equal(t, one, fires(t, 7, 2000, "reply.delay:rate=0.5", "reply.drop:rate=0.1"), "rules do not disturb each other")
}

// What chance brings a drive does not depend on the order in which drives come.
func TestSet_RateIsApartForDrives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SliceOfN(rapid.IntRange(0, 2), 0, 60).Draw(t, "order")
		run := func(order []int) (got [3][]bool) {
			s := New(Operator, 3)
			if _, err := s.Add("reply.drop:rate=0.5"); err != nil {
				t.Fatal(err)
			}
			for _, n := range order {
				_, hit := s.Fire(ReplyDrop, Event{FN: fiscal.FNNumber(fmt.Sprint(n))})
				got[n] = append(got[n], hit)
			}
			return got
		}
		var sorted []int
		for n := range 3 {
			for _, o := range order {
				if o == n {
					sorted = append(sorted, n)
				}
			}
		}
		if a, b := run(order), run(sorted); fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("%v\n%v", a, b)
		}
	})
}

func TestSet_NilDoesNothing(t *testing.T) { // not parallel: it counts allocations
	var s *Set
	_, hit := s.Fire(ReplyDrop, Event{})
	assert.False(t, hit)
	assert.False(t, s.Armed(ReplyDrop))
	now := time.Unix(5, 0)
	assert.Equal(t, now, s.Clock(func() time.Time { return now })())
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.Fire(ReplyDrop, Event{FN: "1"}) }))
	armed := New(Operator, 1)
	assert.Zero(t, testing.AllocsPerRun(100, func() { armed.Fire(ReplyDrop, Event{FN: "1"}) }), "nor does a set without rules")
}

func TestSet_RulesComeAndGo(t *testing.T) {
	t.Parallel()
	s := New(Operator, 1)
	added, err := s.Add("reply.drop:next=2", "clock.jump:next=1,by=90s")
	require.NoError(t, err)
	assert.Equal(t, []Rule{{ID: 1, Text: "reply.drop:next=2", Point: ReplyDrop}, {ID: 2, Text: "clock.jump:next=1,by=90s", Point: OperatorClockJump}}, added)
	s.Fire(ReplyDrop, Event{})
	hit, ok := s.Fire(OperatorClockJump, Event{})
	require.True(t, ok)
	s.Jump(hit.Duration("by"))
	now := time.Unix(0, 0)
	assert.Equal(t, 90*time.Second, s.Clock(func() time.Time { return now })().Sub(now))

	assert.True(t, s.Remove(1))
	assert.False(t, s.Remove(1))
	assert.False(t, s.Armed(ReplyDrop))
	assert.EqualValues(t, 1, s.Fired(ReplyDrop), "counters stay")
	s.Clear()
	assert.Empty(t, s.Rules())
	assert.Len(t, s.Injected(0), 2)
	assert.Len(t, s.Injected(1), 1)
	s.Reset()
	assert.Empty(t, s.Injected(0))
	assert.Zero(t, s.Fired(ReplyDrop))
	assert.Equal(t, now, s.Clock(func() time.Time { return now })())
}

func TestSet_TellsAndRemembers(t *testing.T) {
	t.Parallel()
	s := New(Operator, 1)
	var told []Injected
	stop := s.Watch(func(i Injected) { told = append(told, i) })
	_, err := s.Add("reply.drop:every=2")
	require.NoError(t, err)
	for n := range 2*keptInjected + 20 {
		s.Fire(ReplyDrop, Event{FN: "1", FD: fiscal.FDNumber(n)})
	}
	require.Len(t, told, keptInjected+10)
	assert.EqualValues(t, 2, told[0].N)
	assert.EqualValues(t, 1, told[0].Seq)
	assert.EqualValues(t, 1, told[0].Event.FD)
	kept := s.Injected(0)
	require.Len(t, kept, keptInjected)
	assert.Equal(t, told[10:], kept, "the last ones, oldest first")
	assert.Equal(t, told[len(told)-3:], s.Injected(keptInjected+7))
	s.Watch(func(Injected) {})
	stop()
	stop()
	s.Fire(ReplyDrop, Event{})
	s.Fire(ReplyDrop, Event{})
	assert.Len(t, told, keptInjected+10)
	(*Set)(nil).Watch(func(Injected) {})()
}

// Counting is exact under concurrency (and -race is content).
func TestSet_Concurrent(t *testing.T) {
	t.Parallel()
	s := New(Operator, 1)
	_, err := s.Add("reply.drop:every=3", "reply.delay:rate=0.5")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 300 {
				s.Fire(ReplyDrop, Event{FN: fiscal.FNNumber(fmt.Sprint(g))})
				s.Fire(ReplyDelay, Event{FN: fiscal.FNNumber(fmt.Sprint(g))})
				s.Rules()
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 800, s.Fired(ReplyDrop))
	assert.EqualValues(t, 2400, s.Rules()[1].Seen)
}
