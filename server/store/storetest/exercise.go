package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// Open opens the store at place, an existing folder that belongs to the test: the
// same place opens the same store again after a Close.
type Open func(t testing.TB, place string) store.Store

// part of the contract.
type part struct {
	name string
	run  func(t *testing.T, open Open)
}

var contract = []part{
	{"AcceptThenRead", acceptThenRead},
	{"DriveThenRead", driveThenRead},
	{"NotFound", notFound},
	{"RefusesMismatchedDrive", refusesMismatchedDrive},
	{"RepeatExists", repeatExists},
	{"StaleDrive", staleDrive},
	{"ReplacesDrives", replacesDrives},
	{"GroupIsolation", groupIsolation},
	{"Cancelled", cancelled},
	{"GivenUp", givenUp},
	{"Quarantine", quarantine},
	{"Incidents", incidents},
	{"Exchanges", exchanges},
	{"ExchangesOfDocuments", exchangesOfDocuments},
	{"Paging", paging},
	{"Filters", filters},
	{"ListsOfOneFN", listsOfOneFN},
	{"Stats", stats},
	{"Projects", projects},
	{"ProjectsOnce", projectsOnce},
	{"ProjectsWhileWriting", projectsWhileWriting},
	{"AcceptsWhileReading", acceptsWhileReading},
	{"Searching", searching},
	{"Figures", figures},
	{"SumsOfShifts", sumsOfShifts},
	{"Goods", goods},
	{"ManyWriters", manyWriters},
	{"FollowWhileWriting", followWhileWriting},
	{"Reopen", reopen},
	{"Closed", closed},
	{"CloseFlushes", closeFlushes},
	{"Model", model},
}

// Exercise runs the whole contract.
func Exercise(t *testing.T, open Open) {
	t.Helper()
	ExerciseParts(t, open)
}

// ExerciseParts runs the parts of the contract with these names, for an engine that
// works in several ways; all when there are no names.
func ExerciseParts(t *testing.T, open Open, names ...string) {
	t.Helper()
	for _, name := range names {
		require.True(t, slices.ContainsFunc(contract, func(p part) bool { return p.name == name }), "%s is no part of the contract", name)
	}
	for _, one := range contract {
		if len(names) > 0 && !slices.Contains(names, one.name) {
			continue
		}
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.run(t, open)
		})
	}
}

// fresh opens an empty store that is closed when the test ends.
func fresh(t testing.TB, open Open) store.Store {
	t.Helper()
	s := open(t, t.TempDir())
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// accept stores and must succeed.
func accept(t require.TestingT, s store.Store, all ...store.Acceptance) {
	for _, a := range all {
		require.NoError(t, s.Accept(context.Background(), a))
	}
}
