package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestRunner_RepeatsWhatAStarvedMachineSpoiled: only then, only when the case begins
// anew, each time with longer limits, and a case that fails for good stays failed.
func TestRunner_RepeatsWhatAStarvedMachineSpoiled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		starve, settings bool
		good, want       float64 // pace from which on it passes, and of the last try
		outcome          Outcome
	}{
		"passes in the end":  {true, true, 16, 16, Pass},
		"fails for good":     {true, true, 1000, 16, Fail},
		"the machine slept":  {false, true, 16, 1, Fail},
		"cannot be repeated": {true, false, 16, 1, Fail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &monitor{from: time.Now().Add(-time.Second)}
			var paces []float64
			c := Case{ID: "T-001", Path: "test/pace", Mark: Doc, Run: func(_ context.Context, r *Run) {
				paces = append(paces, r.pace)
				if tc.starve {
					m.last.Store(int64(time.Since(m.from)) + int64(time.Second))
				}
				r.Expect("time/limit", Doc, "in time", r.pace >= tc.good, "", "")
			}}
			if tc.settings {
				c.Needs = NeedsSettings
			}
			r := &Runner{Target: configured{}, Again: 2}
			got := r.patiently(t.Context(), job{c: c}, m)
			assert.Equal(t, tc.outcome, got.Outcome, "%s", got.Reason)
			assert.Equal(t, tc.want, paces[len(paces)-1])
		})
	}
}

type configured struct{}

func (configured) Addr() string                                       { return "127.0.0.1:1" }
func (configured) String() string                                     { return "nothing" }
func (configured) Configure(context.Context, map[string]string) error { return nil }
