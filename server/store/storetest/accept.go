package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

func acceptThenRead(t *testing.T, open Open) {
	s := fresh(t, open)
	for i, one := range []struct {
		name   string
		change func(a *store.Acceptance)
	}{
		{"receipt", func(*store.Acceptance) {}},
		{"encrypted", func(a *store.Acceptance) { *a = encrypted(*a) }},
		{"content not seen", func(a *store.Acceptance) { a.Document.STLV = nil }},
		{"not confirmed", func(a *store.Acceptance) { a.Document.Confirmation, a.Exchange.Response = nil, nil }},
		{"flagged", func(a *store.Acceptance) { *a = flagged(*a) }},
		{"no times", func(a *store.Acceptance) { a.Document.DateTime, a.Document.ReceivedAt = time.Time{}, time.Time{} }},
		{"1970", func(a *store.Acceptance) { a.Document.DateTime = time.Unix(0, 0).UTC() }},
		{"not parsed", func(a *store.Acceptance) {
			a.Document = store.Document{FN: a.Document.FN, FD: a.Document.FD, Message: a.Document.Message, Fault: fiscal.UnparseableDocument}
		}},
		{"greatest numbers", func(a *store.Acceptance) {
			d := &a.Document
			d.FD, d.FPD, d.Total, d.Shift, d.Number = fiscal.MaxFDNumber, 1<<32-1, fiscal.MaxKopecks, 1<<32-1, 1<<32-1
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			a := Sample(fnNumber(i), 1, fiscal.FDNumber(i+1))
			one.change(&a)
			want := a.Document
			want.Message, want.STLV, want.Confirmation = slices.Clone(want.Message), slices.Clone(want.STLV), slices.Clone(want.Confirmation)
			accept(t, s, a)
			got, err := s.Document(t.Context(), want.FN, want.FD)
			require.NoError(t, err)
			assert.Positive(t, got.ID)
			assert.Equal(t, want, bare(got))
		})
	}
}

func driveThenRead(t *testing.T, open Open) {
	s := fresh(t, open)
	fn := fnNumber(1)
	for i, change := range []func(v *store.Drive){
		func(*store.Drive) {},
		func(v *store.Drive) {
			v.Gaps = []store.Gap{{From: 3, To: 7, Since: morning.Add(time.Hour)}, {From: 9, To: 9, Since: morning.Add(2 * time.Hour)}}
		},
		func(v *store.Drive) { v.Gaps = []store.Gap{{From: 3, To: 4, Since: morning.Add(time.Hour)}} },
		func(v *store.Drive) { v.Gaps, v.History, v.Status = nil, nil, store.DriveClosed },
		func(v *store.Drive) { *v = store.Drive{FN: v.FN, Version: v.Version, Status: store.DriveUnregistered} },
	} {
		a := Sample(fn, int64(i+1), fiscal.FDNumber(i+1))
		change(&a.Drive)
		accept(t, s, a)
		got, err := s.Drive(t.Context(), fn)
		require.NoError(t, err)
		assert.Positive(t, got.ID)
		assert.Equal(t, a.Drive, bareDrive(got), "change %d", i)
	}
}

func notFound(t *testing.T, open Open) {
	s := fresh(t, open)
	_, err := s.Drive(t.Context(), fnNumber(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	accept(t, s, Sample(fnNumber(1), 1, 1))
	_, err = s.Document(t.Context(), fnNumber(1), 2)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.Document(t.Context(), fnNumber(2), 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	all, err := s.Documents(t.Context(), store.DocumentFilter{FN: fnNumber(2)}, store.Page{})
	require.NoError(t, err)
	assert.Empty(t, all)
}

func refusesMismatchedDrive(t *testing.T, open Open) {
	s := fresh(t, open)
	a := Sample(fnNumber(1), 1, 1)
	a.Drive.FN = fnNumber(2)
	require.Error(t, s.Accept(t.Context(), a))
	requireEmpty(t, s)
}

// E-20: the stored confirmation is what a repeated document is answered with.
func repeatExists(t *testing.T, open Open) {
	s := fresh(t, open)
	fn := fnNumber(1)
	accept(t, s, life(fn, 2)...)
	want, err := s.Document(t.Context(), fn, 1)
	require.NoError(t, err)
	for _, version := range []int64{1, 2, 3, 4} { // old, old, fitting, from the future
		again := Sample(fn, version, 1)
		again.Document.Confirmation = []byte("another confirmation")
		again.Incidents = []store.Incident{{At: morning, FN: fn, FD: 1, Text: "не должно остаться"}}
		require.ErrorIs(t, s.Accept(t.Context(), again), store.ErrExists, "version %d", version)
	}
	got, err := s.Document(t.Context(), fn, 1)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	drive, err := s.Drive(t.Context(), fn)
	require.NoError(t, err)
	assert.EqualValues(t, 2, drive.Version)
	incidents, err := s.Incidents(t.Context(), "", store.Page{})
	require.NoError(t, err)
	assert.Empty(t, incidents, "a refused document leaves no incident")
	accept(t, s, Sample(fn, 3, 3))
}

func staleDrive(t *testing.T, open Open) {
	s := fresh(t, open)
	fn := fnNumber(1)
	for _, version := range []int64{-1, 0, 2, 3} {
		require.ErrorIs(t, s.Accept(t.Context(), Sample(fn, version, 1)), store.ErrStale, "version %d of a new drive", version)
	}
	requireEmpty(t, s)
	accept(t, s, life(fn, 3)...)
	for _, version := range []int64{0, 1, 2, 3, 5} {
		require.ErrorIs(t, s.Accept(t.Context(), Sample(fn, version, 4)), store.ErrStale, "version %d after 3", version)
	}
	_, err := s.Document(t.Context(), fn, 4)
	require.ErrorIs(t, err, store.ErrNotFound)
	accept(t, s, Sample(fn, 4, 4))
}

func replacesDrives(t *testing.T, open Open) {
	s := fresh(t, open)
	status := map[int]store.DriveStatus{1: store.DriveActive, 2: store.DriveClosed, 3: store.DriveActive, 4: store.DriveActive}
	for n, status := range status {
		a := Sample(fnNumber(n), 1, 1)
		a.Drive.Status = status
		if n == 3 { // another register
			a.Drive.RegID, a.Document.RegID = "0000000002054321", "0000000002054321"
		}
		accept(t, s, a)
	}
	plain := Sample(fnNumber(5), 1, 1)
	accept(t, s, plain)
	status[5] = store.DriveActive
	check := func(versions map[int]int64) {
		for n, want := range status {
			v, err := s.Drive(t.Context(), fnNumber(n))
			require.NoError(t, err)
			assert.Equal(t, want, v.Status, "drive %d", n)
			assert.Equal(t, versions[n], v.Version, "drive %d", n)
		}
	}
	check(map[int]int64{1: 1, 2: 1, 3: 1, 4: 1, 5: 1})

	change := Sample(fnNumber(5), 2, 2)
	change.Replaces = true
	accept(t, s, change)
	status[1], status[4] = store.DriveReplaced, store.DriveReplaced
	check(map[int]int64{1: 2, 2: 1, 3: 1, 4: 2, 5: 2})
	require.ErrorIs(t, s.Accept(t.Context(), Sample(fnNumber(1), 2, 2)), store.ErrStale, "who read the drive before must read it again")
}

// A document that is refused or cannot be written must not touch those that are
// committed with it.
func groupIsolation(t *testing.T, open Open) {
	s := fresh(t, open)
	const drives = 48
	for n := range drives {
		accept(t, s, Sample(fnNumber(n), 1, 1))
	}
	var wg sync.WaitGroup
	errs := make([]error, drives)
	for n := range drives {
		a := Sample(fnNumber(n), 2, 2)
		switch n % 4 {
		case 1: // stored, although the version fits: found out only after the drive was written
			a = Sample(fnNumber(n), 2, 1)
		case 2:
			a = Sample(fnNumber(n), 7, 2)
		}
		wg.Go(func() { errs[n] = s.Accept(context.Background(), a) })
	}
	wg.Wait()
	for n, err := range errs {
		v, readErr := s.Drive(t.Context(), fnNumber(n))
		require.NoError(t, readErr)
		switch n % 4 {
		case 1:
			require.ErrorIs(t, err, store.ErrExists)
			assert.EqualValues(t, 1, v.Version)
		case 2:
			require.ErrorIs(t, err, store.ErrStale)
			assert.EqualValues(t, 1, v.Version)
		default:
			require.NoError(t, err)
			assert.EqualValues(t, 2, v.Version)
			_, err := s.Document(t.Context(), fnNumber(n), 2)
			require.NoError(t, err)
		}
	}
}

func cancelled(t *testing.T, open Open) {
	s := fresh(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		require.ErrorIs(t, s.Accept(ctx, Sample(fnNumber(1), 1, 1)), context.Canceled)
		require.ErrorIs(t, s.Quarantine(ctx, store.Quarantined{FN: fnNumber(1)}), context.Canceled)
		require.ErrorIs(t, s.AddIncident(ctx, store.Incident{FN: fnNumber(1)}), context.Canceled)
		require.ErrorIs(t, s.LogExchange(ctx, store.Exchange{FN: fnNumber(1)}), context.Canceled)
	}
	requireEmpty(t, s)
	accept(t, s, Sample(fnNumber(1), 1, 1))
}

// Whoever stops waiting gets the context's error or a result; the store stays whole
// and a repeat tells what happened.
func givenUp(t *testing.T, open Open) {
	s := fresh(t, open)
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			go cancel()
			a := Sample(fnNumber(n), 1, 1)
			err := s.Accept(ctx, a)
			if err != nil && !assert.ErrorIs(t, err, context.Canceled) {
				return
			}
			again := s.Accept(context.Background(), Sample(fnNumber(n), 1, 1))
			if err == nil || again != nil {
				assert.ErrorIs(t, again, store.ErrExists)
			}
		})
	}
	wg.Wait()
	total, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 32, total.Documents)
}

func requireEmpty(t *testing.T, s store.Store) {
	t.Helper()
	total, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Stats{}, total)
	exchanges, err := s.Exchanges(t.Context(), "", store.Page{})
	require.NoError(t, err)
	require.Empty(t, exchanges)
}

// name of a document in messages.
func name(fn fiscal.FNNumber, fd fiscal.FDNumber) string { return fmt.Sprintf("%s/%d", fn, fd) }
