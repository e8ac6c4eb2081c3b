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
)

// TestModel_MakesCleanDocuments: what cases break on purpose starts from documents
// in which the built-in operator finds nothing at all.
func TestModel_MakesCleanDocuments(t *testing.T) {
	t.Parallel()
	self, err := target.StartSelf(context.Background(), "7704358518")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, self.Stop()) })
	life := conformance.Case{ID: "T-001", Path: "test/life", Mark: conformance.Doc, Variants: conformance.EachWay, Run: func(ctx context.Context, r *conformance.Run) {
		for _, bso := range []bool{false, true} {
			reg := r.Standard()
			reg.BSO = bso
			c := r.Dial(ctx)
			check := func(d *model.Document) {
				r.CleanCode(reg, c.Accepted(reg, d.Bytes(), conformance.Doc), conformance.Doc)
				rules := r.Document(ctx, reg.FN, d.FD).Rules
				r.Expect("document/clean", conformance.Doc, "no finding", len(rules) == 0, "none", rules)
			}
			check(reg.Registration())
			for range 2 {
				check(reg.OpenShift())
				check(reg.Receipt(100))
				check(reg.Receipt(12345))
				check(reg.Correction(500))
				check(reg.StateReport())
				check(reg.CloseShift())
			}
			check(reg.Change(map[byte]uint32{2: 3, 3: 4, 4: 4}[reg.FFD]))
			check(reg.StateReport())
			check(reg.CloseArchive())
			check(reg.StateReport())
			next := reg.Replaced(r.Master(), r.Serial())
			reg = next
			check(reg.Change(1))
		}
	}}
	runner := &conformance.Runner{Target: self, OFD: "7704358518", Master: model.TestMasterKey(), Seed: 1, Start: time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)}
	for _, r := range runner.Run(context.Background(), []conformance.Case{life}).Results {
		assert.Equal(t, conformance.Pass, r.Outcome, "%s %s: %+v", r.Variant, r.Reason, failed(r))
	}
}
