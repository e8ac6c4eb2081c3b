package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// STM-06, CAB-235, SIM-11: a drive's term ends so many days after the latest report with
// tag 1213 as the tag says, is unknown without one, and is each drive's own; colours
// follow as the clock comes near.
func TestDriveTerm_OfTheLatestReport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shops()
	var l line
	state := func(n uint64) (fleet.Entry, []fleet.Drive) {
		t.Helper()
		require.NoError(t, b.Follower(l).CatchUp(b.ctx))
		e, err := b.Register(b.ctx, b.viewer("a"), number(n))
		require.NoError(t, err)
		drives, err := b.Drives(b.ctx, b.viewer("a"), number(n))
		require.NoError(t, err)
		return e, drives
	}
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		return at
	}
	r := servertest.NewRegister(1, fiscal.FFD12)
	r.Time = time.Date(2026, 8, 1, 11, 0, 0, 0, time.UTC)
	l.add(t, decode(t, r.Registration()), r.RegID) // 1110 days
	e, drives := state(1)
	assert.Equal(t, day("2029-08-15"), e.State.KeyUntil)
	assert.Equal(t, time.Date(2026, 8, 1, 11, 0, 0, 0, time.UTC), e.State.DriveFrom)
	require.Len(t, drives, 1)
	assert.Equal(t, day("2029-08-15"), drives[0].KeyUntil)
	r.Time = time.Date(2026, 9, 10, 23, 59, 0, 0, time.UTC)
	l.add(t, decode(t, r.OpenShift()), r.RegID) // no such tag in it
	e, _ = state(1)
	assert.Equal(t, day("2029-08-15"), e.State.KeyUntil)
	r.Time = time.Date(2026, 9, 11, 20, 0, 0, 0, time.UTC)
	l.add(t, decode(t, r.CloseShift()), r.RegID) // 1000 days
	e, _ = state(1)
	assert.Equal(t, day("2029-06-07"), e.State.KeyUntil, "of the latest report")

	zone := time.FixedZone("MSK", 3*3600)
	until := time.Date(2029, 6, 7, 0, 0, 0, 0, zone)
	for _, one := range []struct {
		before time.Duration
		want   fleet.Colour
	}{{31 * 24 * time.Hour, fleet.Green}, {30 * 24 * time.Hour, fleet.Yellow}, {0, fleet.Yellow}, {-time.Second, fleet.Red}} {
		assert.Equal(t, one.want, b.Lights(e, fleet.DefaultThresholds(), until.Add(-one.before), zone).Drive.Colour, one.before)
	}

	next := *r
	next.FN, next.FD, next.Time = "9999078900009999", 0, time.Date(2027, 1, 10, 9, 0, 0, 0, time.UTC)
	l.add(t, decode(t, next.Registration()), r.RegID)
	e, drives = state(1)
	assert.Equal(t, next.FN, e.Drive())
	assert.Equal(t, time.Date(2027, 1, 10, 9, 0, 0, 0, time.UTC), e.State.DriveFrom, "its own date")
	assert.Equal(t, day("2030-01-24"), e.State.KeyUntil)
	require.Len(t, drives, 2)
	for _, d := range drives {
		if d.FN == r.FN {
			assert.Equal(t, day("2029-06-07"), d.KeyUntil, "the old one keeps its own")
			assert.Equal(t, time.Date(2026, 8, 1, 11, 0, 0, 0, time.UTC), d.From)
		}
	}

	plain := servertest.NewRegister(2, fiscal.FFD105) // sends no 1213
	l.add(t, decode(t, plain.Registration()), plain.RegID)
	e, _ = state(2)
	assert.True(t, e.State.KeyUntil.IsZero(), "unknown")
	assert.Equal(t, fleet.Green, b.Lights(e, fleet.DefaultThresholds(), noon.AddDate(9, 0, 0), zone).Drive.Colour)
}
