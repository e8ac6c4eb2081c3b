package officetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// alerts is the part of Fleet about alerts; the organisation "o" and the user "u" are
// there.
func alerts(t *testing.T, s fleet.Store, ctx context.Context) {
	a := fleet.Alert{Org: "o", User: "u", Letters: true, Colours: map[fiscal.RegNumber]fleet.Colour{"1": fleet.Yellow},
		Changes: []fleet.Change{{RegID: "1", Name: "Касса", Before: fleet.Green, After: fleet.Yellow, Reason: "r", Since: epoch, Noted: epoch}}, Version: 1}
	_, err := s.Alert(ctx, "o", "u")
	require.ErrorIs(t, err, fleet.ErrNotFound)
	require.ErrorIs(t, s.UpdateAlert(ctx, a), fleet.ErrNotFound)
	require.NoError(t, s.AddAlert(ctx, a))
	require.NoError(t, s.AddAlert(ctx, fleet.Alert{Org: "o", User: "u"}), "there already: it stays")
	got, err := s.Alert(ctx, "o", "u")
	require.NoError(t, err)
	assert.Equal(t, a, got)
	a.Letters = false
	letter := notify.Message{ID: "alert", Kind: "NTF-11", Channel: notify.Letter, To: "a@b.example", Text: "x", State: notify.Queued, Created: epoch, Due: epoch, Done: epoch}
	stale := a
	stale.Version = 9
	require.ErrorIs(t, s.UpdateAlert(ctx, stale, letter), fleet.ErrStale, "and no letter")
	require.NoError(t, s.UpdateAlert(ctx, a, letter))
	require.ErrorIs(t, s.UpdateAlert(ctx, a), fleet.ErrStale)
	same := a
	same.Version, same.Letters = 2, true
	require.Error(t, s.UpdateAlert(ctx, same, letter), "a letter that cannot be kept keeps the change from being noted")
	all, err := s.Alerts(ctx)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.EqualValues(t, 2, all[0].Version)
	assert.False(t, all[0].Letters)
	require.NoError(t, s.DropAlert(ctx, "o", "u"))
	require.NoError(t, s.DropAlert(ctx, "o", "u"), "twice is once")
	all, err = s.Alerts(ctx)
	require.NoError(t, err)
	assert.Empty(t, all)
}
