package storetest

import (
	"context"
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

// writing is what depends on how an engine writes.
var writing = []part{
	{"RepeatExists", repeatExists},
	{"StaleDrive", staleDrive},
	{"ReplacesDrives", replacesDrives},
	{"GroupIsolation", groupIsolation},
	{"Cancelled", cancelled},
	{"GivenUp", givenUp},
	{"Quarantine", quarantine},
	{"Incidents", incidents},
	{"Exchanges", exchanges},
	{"Paging", paging},
	{"ProjectsWhileWriting", projectsWhileWriting},
	{"ManyWriters", manyWriters},
	{"FollowWhileWriting", followWhileWriting},
	{"Reopen", reopen},
	{"Closed", closed},
	{"CloseFlushes", closeFlushes},
	{"Model", model},
}

// reading is the rest.
var reading = []part{
	{"AcceptThenRead", acceptThenRead},
	{"DriveThenRead", driveThenRead},
	{"NotFound", notFound},
	{"RefusesMismatchedDrive", refusesMismatchedDrive},
	{"ExchangesOfDocuments", exchangesOfDocuments},
	{"Filters", filters},
	{"Stats", stats},
	{"Projects", projects},
	{"ProjectsOnce", projectsOnce},
	{"AcceptsWhileReading", acceptsWhileReading},
	{"Searching", searching},
	{"Figures", figures},
	{"Goods", goods},
}

// Exercise runs the whole contract.
func Exercise(t *testing.T, open Open) {
	t.Helper()
	exercise(t, open, reading)
	exercise(t, open, writing)
}

// ExerciseWriting runs the parts of the contract that depend on how an engine writes,
// for one that can write in several ways.
func ExerciseWriting(t *testing.T, open Open) {
	t.Helper()
	exercise(t, open, writing)
}

func exercise(t *testing.T, open Open, parts []part) {
	t.Helper()
	for _, one := range parts {
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
