package fleet_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// clocked is a bench whose clock is now.
func clocked(t *testing.T, now *time.Time) *bench {
	b := newBench(t)
	var err error
	b.Service, err = fleet.New(fleet.Options{Store: b.store, Orgs: orgs{}, Now: func() time.Time { return *now }})
	require.NoError(t, err)
	return b
}

// move puts a register into an outlet.
func (b *bench) move(t require.TestingT, reg fiscal.RegNumber, outlet string) {
	e, err := b.Register(b.ctx, b.viewer("a"), reg)
	require.NoError(t, err)
	e.Register.Outlet = outlet
	require.NoError(t, b.Change(b.ctx, b.viewer("a"), e.Register))
}

func (b *bench) outlet(name, zone string, parent ...string) string {
	n := fleet.Node{Kind: fleet.Outlet, Name: name, TimeZone: zone}
	if len(parent) > 0 {
		n.Parent = parent[0]
	}
	n, err := b.AddNode(b.ctx, b.viewer("a"), n)
	require.NoError(b.t, err)
	return n.ID
}

// at is a time of UTC, or what a register's clock showed, on the first of August.
func at(text string) time.Time {
	t, err := time.Parse("15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t.AddDate(2026, 7, 0)
}

// CAB-071: a move is kept from its moment on, by the clock that the register went by
// until then; what the place is called, or which zone it is in, changes no past.
func TestPlaces_HistoryOfMoves(t *testing.T) {
	t.Parallel()
	now := at("07:00:00")
	b := clocked(t, &now)
	omsk, moscow := b.outlet("Омск", "Asia/Omsk"), b.outlet("Москва", "Europe/Moscow")
	boss := b.viewer("a")
	_, err := b.Connect(b.ctx, boss, fleet.Register{RegID: number(1), Serial: serial, Outlet: omsk})
	require.NoError(t, err)
	places := func(v access.Viewer) []fleet.Stay {
		t.Helper()
		all, err := b.Places(b.ctx, v, number(1))
		require.NoError(t, err)
		return all
	}
	assert.Equal(t, []fleet.Stay{{Outlet: omsk}}, places(boss), "one that never moved")

	now = at("09:30:15").Add(700 * time.Millisecond)
	b.move(t, number(1), moscow)
	stays := places(boss)
	want := []fleet.Stay{{Outlet: moscow, From: now, Since: at("15:30:15")}, {Outlet: omsk, Until: now, To: at("15:30:15")}}
	assert.Equal(t, want, stays, "by the clock of Omsk, whole seconds")
	e, err := b.Register(b.ctx, boss, number(1))
	require.NoError(t, err)
	e.Register.Name = "Касса у входа"
	require.NoError(t, b.Change(b.ctx, boss, e.Register))
	tree, err := b.Tree(b.ctx, boss)
	require.NoError(t, err)
	n := tree.Node(omsk)
	n.TimeZone = "Asia/Vladivostok"
	require.NoError(t, b.SetNode(b.ctx, boss, n))
	assert.Equal(t, want, places(boss), "a new name and another zone change nothing")

	// A member of one outlet knows of the register's time there and of nothing else.
	mine, theirs := b.viewer("b", moscow), b.viewer("b", omsk)
	assert.Equal(t, want[:1], places(mine))
	_, err = b.Places(b.ctx, theirs, number(1))
	require.ErrorIs(t, err, fleet.ErrNotFound, "it stands elsewhere")
	require.ErrorIs(t, b.RemoveNode(b.ctx, boss, omsk), fleet.ErrStood)
	_, known, err := b.Known(b.ctx, theirs, fleet.Filter{})
	require.NoError(t, err)
	require.Len(t, known, 1)
	assert.Equal(t, fleet.Register{RegID: number(1), Name: "Касса у входа", Serial: serial}, known[0].Register, "nothing of where it is now")
	assert.False(t, known[0].Here())
	listed, err := b.Registers(b.ctx, theirs, fleet.Filter{})
	require.NoError(t, err)
	assert.Empty(t, listed)

	// Whoever read it before it was moved moves nothing.
	stale := e.Register
	stale.Outlet = omsk
	require.ErrorIs(t, b.Change(b.ctx, boss, stale), fleet.ErrStale)
	assert.Equal(t, want, places(boss))
}

// CAB-009: whatever is moved whenever, a member of a branch may read of each register
// what is dated while it stood in the branch, and nothing else; members of all branches
// together read each document once; and a key of some dates or registers reads no more.
func TestSight_FollowsThePlaceOfThatTime(t *testing.T) {
	t.Parallel()
	begin, wall := at("00:00:00"), at("03:00:00") // of Moscow
	now := begin
	b := clocked(t, &now)
	dept, err := b.AddNode(b.ctx, b.viewer("a"), fleet.Node{Kind: fleet.Department, Name: "Север"})
	require.NoError(t, err)
	outlets := []string{b.outlet("A", "", dept.ID), b.outlet("B", "", dept.ID), b.outlet("C", ""), ""}
	next := uint64(0)
	lives := 15
	if os.Getenv("TORTURE") != "" {
		lives = 300
	}
	for life := range lives {
		rng := rand.New(rand.NewPCG(uint64(life), 9))
		somewhere := func() string { return outlets[rng.IntN(len(outlets))] }
		type known struct {
			reg    fiscal.RegNumber
			places []string // by the minute
		}
		var all []known
		for range 1 + rng.IntN(2) {
			next++
			now = begin
			place := somewhere()
			r, err := b.Connect(b.ctx, b.viewer("a"), fleet.Register{RegID: number(next), Serial: serial, Outlet: place})
			require.NoError(t, err)
			k := known{reg: r.RegID}
			for minute := range 8 {
				now = begin.Add(time.Duration(minute) * time.Minute)
				if rng.IntN(4) == 0 {
					place = somewhere()
					b.move(t, r.RegID, place)
				}
				k.places = append(k.places, place)
			}
			all = append(all, k)
		}
		branch := map[string][]string{dept.ID: outlets[:2], outlets[0]: outlets[:1], outlets[1]: outlets[1:2], outlets[2]: outlets[2:3]}
		sight := func(v access.Viewer, f fleet.Filter) access.Sight {
			s, err := b.Sight(b.ctx, v, f)
			require.NoError(t, err)
			return s
		}
		boss := b.viewer("a")
		whole := sight(boss, fleet.Filter{})
		reg := all[0].reg
		key := b.viewer("b", dept.ID).Through("k", access.Limits{Rights: ^access.Right(0), Registers: []fiscal.RegNumber{reg}, From: wall.Add(2 * time.Minute), To: wall.Add(6 * time.Minute)})
		cut := sight(key, fleet.Filter{})
		for _, id := range []string{dept.ID, outlets[0], outlets[1], outlets[2]} {
			member, filtered := sight(b.viewer("b", id), fleet.Filter{}), sight(boss, fleet.Filter{Branch: id})
			require.True(t, whole.Covers(member))
			for _, k := range all {
				for minute, place := range k.places {
					when := wall.Add(time.Duration(minute)*time.Minute + time.Duration(rng.IntN(60))*time.Second)
					stood := slices.Contains(branch[id], place)
					require.True(t, whole.Shows(k.reg, inn, when))
					require.Equal(t, stood, member.Shows(k.reg, inn, when), "%s in %q at minute %d", id, place, minute)
					require.Equal(t, stood, filtered.Shows(k.reg, inn, when))
					inKey := slices.Contains(branch[dept.ID], place) && k.reg == reg && minute >= 2 && minute < 6
					require.Equal(t, inKey, cut.Shows(k.reg, inn, when))
				}
			}
		}
		// Each outlet's registers, as pages of money see them.
		_, entries, err := b.Known(b.ctx, boss, fleet.Filter{})
		require.NoError(t, err)
		for _, k := range all {
			i := slices.IndexFunc(entries, func(e fleet.Entry) bool { return e.RegID == k.reg })
			require.GreaterOrEqual(t, i, 0)
			for minute, place := range k.places {
				got, ok := entries[i].OutletAt(wall.Add(time.Duration(minute) * time.Minute))
				require.True(t, ok)
				require.Equal(t, place, got)
			}
			require.True(t, entries[i].Here())
			require.Equal(t, k.places[len(k.places)-1], entries[i].Outlet)
		}
	}
}

// SIM-11: the bench's clock may go back; a move is then from the new now on, and what
// the clock has not come to again holds nothing.
func TestPlaces_ClockGoesBack(t *testing.T) {
	t.Parallel()
	now := at("10:00:00")
	b := clocked(t, &now)
	one, two, three := b.outlet("1", "UTC"), b.outlet("2", "UTC"), b.outlet("3", "UTC")
	_, err := b.Connect(b.ctx, b.viewer("a"), fleet.Register{RegID: number(1), Serial: serial, Outlet: one})
	require.NoError(t, err)
	b.move(t, number(1), two)
	now = at("08:00:00")
	b.move(t, number(1), three)
	_, entries, err := b.Known(b.ctx, b.viewer("a"), fleet.Filter{})
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, []fleet.Stay{{Outlet: one, Until: now, To: now}, {Outlet: three, From: now, Since: now}}, entries[0].Stays)
	places, err := b.Places(b.ctx, b.viewer("a"), number(1))
	require.NoError(t, err)
	assert.Len(t, places, 3, "the history has all of it")
}
