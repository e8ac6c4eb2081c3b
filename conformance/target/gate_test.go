package target_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server"
)

// TestSelf_FaultsOfTheConnectionAct: RST and a half-closed connection get through the
// gate of the built-in operator.
func TestSelf_FaultsOfTheConnectionAct(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]conformance.Ending{
		"conn.reset:always,at=request": conformance.Reset, "conn.half-close:always,at=request": conformance.Closed,
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			set := fault.New(fault.Operator, 1)
			_, err := set.Add(rule)
			require.NoError(t, err)
			self, err := target.StartSelf(t.Context(), "7704358518", func(o *server.Options) { o.Faults = set })
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, self.Stop()) })
			var end conformance.Ending
			still := false
			look := conformance.Case{ID: "T-001", Path: "test/reset", Mark: conformance.Doc, Run: func(ctx context.Context, r *conformance.Run) {
				c := r.Dial(ctx)
				_, end = c.Ask(r.Standard().Registration().Bytes())
				if end == conformance.Closed { // it shut one half and goes on reading: what is written meets no RST
					c.Send([]byte{1})
					got, again := c.Receive()
					still = len(got) == 0 && again == conformance.Closed
				}
				r.Expect("x", conformance.Doc, "x", true, "", "")
			}}
			runner := &conformance.Runner{Target: self, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1, Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
			runner.Run(t.Context(), []conformance.Case{look})
			assert.Equal(t, want, end)
			assert.Equal(t, want == conformance.Closed, still)
			assert.EqualValues(t, 1, set.Rules()[0].Fired)
		})
	}
}
