package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
)

// CAB-009
func TestViewer_NobodySeesAndDoesNothing(t *testing.T) {
	t.Parallel()
	var nobody access.Viewer
	assert.False(t, nobody.Can(access.SeeRegisters))
	assert.False(t, nobody.Can(0))
	assert.False(t, nobody.Within("", "a"))
	assert.False(t, nobody.Within("org"))
	assert.False(t, nobody.Whole())
	var refusal *access.Refusal
	require.ErrorAs(t, nobody.Need(access.EditOrg), &refusal)
	assert.Equal(t, "access: no right: organisation", refusal.Error())
}

// CAB-009
func TestViewer_BranchesCutTheTree(t *testing.T) {
	t.Parallel()
	v := access.View(access.Grant{Org: "org", Rights: access.Manager.Rights(), Branches: []string{"north"}})
	assert.True(t, v.Within("org", "north", "shop-1"), "below the branch")
	assert.False(t, v.Within("org", "south", "shop-2"), "beside it")
	assert.False(t, v.Within("org"), "a thing without a place")
	assert.False(t, v.Within("other", "north"), "another organisation's")
	assert.True(t, access.View(access.Grant{Org: "org"}).Within("org"), "the whole organisation")
}

// CAB-902: an IT specialist sees no revenue, a cashier nothing but receipts.
func TestRole_Rights(t *testing.T) {
	t.Parallel()
	for _, r := range append(access.Roles(), access.Owner) {
		assert.True(t, r.Known())
		assert.NotEmpty(t, r.Title())
	}
	assert.False(t, access.Role("king").Known())
	assert.Zero(t, access.Role("king").Rights())
	assert.Zero(t, access.IT.Rights()&(access.SeeRevenue|access.SeeDocuments))
	assert.Zero(t, access.Cashier.Rights()&(access.SeeRevenue|access.EditRegisters|access.OrderReports))
	assert.Equal(t, access.SeeAllReports, access.Owner.Rights()&^access.Admin.Rights())
}

// A sight is never wider after any chain of cuts.
func TestSight_CutsNeverWiden(t *testing.T) {
	t.Parallel()
	numbers := rapid.SampledFrom([]fiscal.RegNumber{"1", "2", "3", "4", "5"})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 3).Draw(t, "none") == 0 {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(1, 100).Draw(t, "second"), 0)
	})
	rapid.Check(t, func(t *rapid.T) {
		before := access.NewSight("7704358518", rapid.SliceOf(numbers).Draw(t, "regs"))
		for range rapid.IntRange(0, 5).Draw(t, "cuts") {
			after := before
			if rapid.Bool().Draw(t, "only") {
				after = before.Only(rapid.SliceOf(numbers).Draw(t, "cut")...)
			} else {
				after = before.Between(moment.Draw(t, "from"), moment.Draw(t, "to"))
			}
			for range 10 {
				reg, at := numbers.Draw(t, "reg"), time.Unix(rapid.Int64Range(0, 101).Draw(t, "at"), 0)
				if after.Shows(reg, "7704358518", at) && !before.Shows(reg, "7704358518", at) {
					t.Fatalf("%v at %v is shown after a cut only", reg, at)
				}
				if after.Shows(reg, "7707083893", at) || after.Shows(reg, "", at) {
					t.Fatal("another taxpayer's document is shown")
				}
			}
			before = after
		}
	})
	assert.True(t, access.NewSight("", []fiscal.RegNumber{"1"}).Empty(), "no taxpayer, no sight")
}

// API-02: whatever limits a key has, it never shows or allows more than its maker.
func TestViewer_ThroughNeverWidens(t *testing.T) {
	t.Parallel()
	branch := rapid.SampledFrom([]string{"north", "south", "shop-1", "shop-2"})
	number := rapid.SampledFrom([]fiscal.RegNumber{"1", "2", "3"})
	rapid.Check(t, func(t *rapid.T) {
		before := access.View(access.Grant{Org: "org", Rights: access.Right(rapid.Uint32().Draw(t, "rights")), Branches: rapid.SliceOfN(branch, 0, 2).Draw(t, "branches")})
		for range rapid.IntRange(1, 3).Draw(t, "keys") {
			l := access.Limits{Rights: access.Right(rapid.Uint32().Draw(t, "scopes")), Branches: rapid.SliceOfN(branch, 0, 2).Draw(t, "cut"),
				Registers: rapid.SliceOfN(number, 0, 2).Draw(t, "registers"), From: time.Unix(rapid.Int64Range(0, 50).Draw(t, "from"), 0), To: time.Unix(rapid.Int64Range(0, 50).Draw(t, "to"), 0)}
			after := before.Through("key", l)
			require.Equal(t, "key", after.Key())
			for bit := range 12 {
				require.False(t, after.Can(1<<bit) && (!before.Can(1<<bit) || l.Rights&(1<<bit) == 0))
			}
			path := rapid.SliceOfN(branch, 0, 2).Draw(t, "path")
			require.False(t, after.Within("org", path...) && !before.Within("org", path...))
			require.False(t, after.Whole() && !before.Whole())
			reg := number.Draw(t, "reg")
			require.False(t, after.Sees(reg) && !before.Sees(reg))
			at := time.Unix(rapid.Int64Range(0, 60).Draw(t, "at"), 0)
			all := access.NewSight("7704358518", []fiscal.RegNumber{"1"})
			require.False(t, after.Cut(all).Shows("1", "7704358518", at) && !before.Cut(all).Shows("1", "7704358518", at))
			before = after
		}
	})
}

// spanned are random spans of a few registers, and whether they hold a document.
func spanned(t *rapid.T, name string) (all []access.Span, holds func(reg fiscal.RegNumber, at time.Time) bool) {
	moment := func(what string) time.Time {
		if rapid.IntRange(0, 4).Draw(t, what+" none") == 0 {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(1, 30).Draw(t, what), 0).UTC()
	}
	for range rapid.IntRange(0, 8).Draw(t, name) {
		all = append(all, access.Span{Register: rapid.SampledFrom([]fiscal.RegNumber{"1", "2", "3"}).Draw(t, "reg"), From: moment("from"), To: moment("to")})
	}
	return all, func(reg fiscal.RegNumber, at time.Time) bool {
		for _, s := range all {
			if s.Register == reg && !at.Before(s.From) && (s.To.IsZero() || at.Before(s.To)) {
				return true
			}
		}
		return false
	}
}

// CAB-009, CAB-071: a sight shows what its spans hold and nothing else, whichever way it
// is cut; its parts show each document once, and each of them knows its interval.
func TestSight_OfSpans(t *testing.T) {
	t.Parallel()
	const inn, other = fiscal.INN("7704358518"), fiscal.INN("7707083893")
	rapid.Check(t, func(t *rapid.T) {
		spans, holds := spanned(t, "spans")
		others, holdsToo := spanned(t, "others")
		a, b := access.SightOf(inn, spans), access.SightOf(inn, others)
		from, to := time.Unix(rapid.Int64Range(0, 31).Draw(t, "from"), 0), time.Unix(rapid.Int64Range(0, 31).Draw(t, "to"), 0)
		all, less := true, true
		for _, reg := range []fiscal.RegNumber{"1", "2", "3"} {
			for second := range int64(32) {
				at := time.Unix(second, 0).UTC()
				mine, theirs := holds(reg, at), holdsToo(reg, at)
				require.Equal(t, mine, a.Shows(reg, inn, at))
				require.False(t, a.Shows(reg, other, at))
				require.Equal(t, mine && theirs, a.And(b).Shows(reg, inn, at))
				require.False(t, a.And(access.SightOf(other, others)).Shows(reg, inn, at))
				require.Equal(t, mine && reg != "2", a.Only("1", "3").Shows(reg, inn, at))
				cut := a.Between(from, to)
				require.Equal(t, mine && !at.Before(from) && at.Before(to), cut.Shows(reg, inn, at))
				parts := 0
				for _, p := range a.Parts() {
					since, until := p.Dated()
					if p.Shows(reg, inn, at) {
						parts++
						require.False(t, at.Before(since) || (!until.IsZero() && !at.Before(until)))
					}
				}
				require.Equal(t, mine, parts == 1)
				require.LessOrEqual(t, parts, 1, "no document twice")
				all, less = all && mine == theirs, less && (mine || !theirs)
				if mine {
					require.Contains(t, a.Registers(), reg)
				}
			}
		}
		require.Equal(t, less, a.Covers(b))
		require.True(t, a.Covers(a.And(b)) && b.Covers(a.And(b)))
		if all {
			require.True(t, a.Covers(b) && b.Covers(a))
		}
		// Who reads one interval of a sight that has several finds nothing.
		if since, until := a.Dated(); len(a.Parts()) > 1 {
			require.False(t, since.Before(until))
			require.False(t, until.IsZero())
		}
	})
	assert.True(t, access.SightOf("", []access.Span{{Register: "1"}}).Empty(), "no taxpayer, no sight")
	assert.True(t, access.SightOf(inn, []access.Span{{Register: "1", From: time.Unix(2, 0), To: time.Unix(2, 0)}}).Empty(), "a stay of no time")
}
