package officetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
)

// Watched counts the changes that went through a store, and the entries of the journal
// they came with. Tests of a service put it into a store of theirs that passes on what each
// change returns.
type Watched struct{ Changes, Entries int }

// Count notes a change that returned err with its entries, and returns err.
func (w *Watched) Count(err error, journal []account.Event) error {
	if err == nil {
		w.Changes++
		w.Entries += len(journal)
	}
	return err
}

// Fresh are the entries of the organisation's journal that are not among the known ones,
// which they are from then on, without their ids: the clock of a bench stands still and
// gives them no order.
func Fresh(t *testing.T, accounts account.Store, org string, known map[string]bool) (fresh []account.Event) {
	t.Helper()
	all, err := accounts.Events(t.Context(), org, account.EventFilter{Limit: 10_000})
	require.NoError(t, err)
	for _, e := range all {
		if !known[e.ID] {
			known[e.ID], e.ID = true, ""
			fresh = append(fresh, e)
		}
	}
	return fresh
}
