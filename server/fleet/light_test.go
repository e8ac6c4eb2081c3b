package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/fleet"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// seen is a register that sends and whose shift is closed.
func seen(change func(*fleet.Entry)) fleet.Entry {
	e := fleet.Entry{State: fleet.State{First: noon.AddDate(0, -1, 0), Last: noon, LastFD: 100}}
	if change != nil {
		change(&e)
	}
	return e
}

// CAB-090, CAB-092, DEC-04, DEC-05: every edge of the table of section 6.
func TestLights_Edges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	zone := time.FixedZone("MSK", 3*3600)
	wall := func(before time.Duration) time.Time { // of the register's clock, so long ago
		at := noon.Add(-before).In(zone)
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	}
	silent := func(d time.Duration) func(*fleet.Entry) {
		return func(e *fleet.Entry) { e.State.Last = noon.Add(-d) }
	}
	open := func(d time.Duration) func(*fleet.Entry) {
		return func(e *fleet.Entry) { e.State.ShiftOpen, e.State.Shift, e.State.OpenedWall = true, 7, wall(d) }
	}
	paid := func(left time.Duration) func(*fleet.Entry) {
		return func(e *fleet.Entry) { e.PaidUntil = noon.Add(left) }
	}
	key := func(left time.Duration) func(*fleet.Entry) {
		return func(e *fleet.Entry) { e.State.KeyUntil = wall(-left) }
	}
	const day = 24 * time.Hour
	for name, one := range map[string]struct {
		change func(*fleet.Entry)
		light  string
		want   fleet.Colour
	}{
		"silent 24 h 00 m 00 s":       {silent(24 * time.Hour), "transfer", fleet.Green},
		"silent a second more":        {silent(24*time.Hour + time.Second), "transfer", fleet.Yellow},
		"silent a second before 72 h": {silent(72*time.Hour - time.Second), "transfer", fleet.Yellow},
		"silent 72 h":                 {silent(72 * time.Hour), "transfer", fleet.Red},
		"shift 23 h":                  {open(23 * time.Hour), "shift", fleet.Green},
		"shift a second more":         {open(23*time.Hour + time.Second), "shift", fleet.Yellow},
		"shift 24 h":                  {open(24 * time.Hour), "shift", fleet.Yellow},
		"shift over 24 h":             {open(24*time.Hour + time.Second), "shift", fleet.Red},
		"no term":                     {nil, "connection", fleet.Green},
		"31 days paid":                {paid(31*day + time.Second), "connection", fleet.Green},
		"30 days paid":                {paid(30 * day), "connection", fleet.Yellow},
		"paid till now":               {paid(0), "connection", fleet.Red},
		"blocked":                     {func(e *fleet.Entry) { e.Blocked = true }, "connection", fleet.Red},
		"31 days of the drive":        {key(31*day + time.Second), "drive", fleet.Green},
		"30 days of the drive":        {key(30 * day), "drive", fleet.Yellow},
		"the drive's key is over":     {key(-time.Second), "drive", fleet.Red},
		"key near its end":            {func(e *fleet.Entry) { e.State.KeyEnds = true }, "drive", fleet.Yellow},
		"the drive asks":              {func(e *fleet.Entry) { e.State.KeyUrgent = true }, "drive", fleet.Red},
		"archive closed":              {func(e *fleet.Entry) { e.State.Closed = true }, "drive", fleet.Red},
		"memory 89.9 %":               {func(e *fleet.Entry) { e.State.LastFD = 899 }, "drive", fleet.Green},
		"memory 90 %":                 {func(e *fleet.Entry) { e.State.LastFD = 900 }, "drive", fleet.Yellow},
		"memory 98.9 %":               {func(e *fleet.Entry) { e.State.LastFD = 989 }, "drive", fleet.Yellow},
		"memory 99 %":                 {func(e *fleet.Entry) { e.State.LastFD = 990 }, "drive", fleet.Red},
		"never seen":                  {func(e *fleet.Entry) { e.State = fleet.State{} }, "transfer", fleet.Grey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := b.Lights(seen(one.change), fleet.DefaultThresholds(), noon, zone)
			for _, i := range l.All() {
				want := fleet.Green
				switch {
				case i.Name == one.light:
					want = one.want
				case name == "never seen" && i.Name != "connection":
					want = fleet.Grey
				}
				assert.Equal(t, want, i.Colour, i.Name)
				assert.NotEmpty(t, i.Value)
				assert.Equal(t, i.Colour > fleet.Green, i.Reason != "", "a reason when it is not green")
			}
			if name != "never seen" {
				assert.Equal(t, one.want, max(l.Worst, one.want))
			}
			if one.want > fleet.Green {
				assert.Equal(t, one.want, l.Worst)
				assert.NotEmpty(t, l.Reason())
			}
		})
	}
}

// CAB-234
func TestMemoryFull_From99(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	assert.False(t, b.MemoryFull(seen(func(e *fleet.Entry) { e.State.LastFD = 989 })))
	assert.True(t, b.MemoryFull(seen(func(e *fleet.Entry) { e.State.LastFD = 990 })))
}

// CAB-093: own thresholds are one's own, and the default comes back.
func TestThresholds_AreOnesOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	silent := seen(func(e *fleet.Entry) { e.State.Last = noon.Add(-3 * time.Hour) })
	colour := func(user string) fleet.Colour {
		th, _, err := b.Thresholds(b.ctx, b.viewer(user))
		require.NoError(t, err)
		return b.Lights(silent, th, noon, time.UTC).Worst
	}
	own := fleet.DefaultThresholds()
	own.SilenceYellow = 2 * time.Hour
	require.NoError(t, b.SetThresholds(b.ctx, b.viewer("a"), own))
	assert.Equal(t, fleet.Yellow, colour("a"))
	assert.Equal(t, fleet.Green, colour("b"))
	require.NoError(t, b.DropThresholds(b.ctx, b.viewer("a")))
	assert.Equal(t, fleet.Green, colour("a"))
	own.SilenceRed = time.Hour
	require.ErrorContains(t, b.SetThresholds(b.ctx, b.viewer("a"), own), "silence")
}
