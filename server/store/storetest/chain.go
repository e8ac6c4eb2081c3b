package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// ExerciseChain is the part of the contract that a keeper sees: whoever writes, in
// whatever order and through however many stores on the same place, the documents of
// each FN make one chain. openArchive opens what open has made; stores is how many may
// write to one place at once.
func ExerciseChain(t *testing.T, open Open, openArchive func(t testing.TB, place string) archive.Base, stores int) {
	t.Helper()
	for name, run := range map[string]func(t *testing.T, open Open, place string){
		"Refusals":    chainRefusals,
		"ManyWriters": func(t *testing.T, open Open, place string) { chainManyWriters(t, open, place, stores) },
		"Reopen":      chainReopen,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := t.TempDir()
			run(t, open, place)
			RequireChains(t, openArchive(t, place))
		})
	}
	t.Run("SumsAfterRetention", func(t *testing.T) {
		t.Parallel()
		sumsAfterRetention(t, open, openArchive)
	})
}

// RequireChains verifies a base of samples, whose messages are no containers, and
// closes it.
func RequireChains(t testing.TB, b archive.Base) archive.Verified {
	t.Helper()
	v, err := archive.Verify(context.Background(), b, archive.VerifyOptions{ChainsOnly: true}, func(p archive.Problem) {
		if p.What != archive.BrokenGaps && p.What != archive.BrokenTotals { // drives of samples say what the sample says
			t.Error(p)
		}
	})
	require.NoError(t, err)
	require.NoError(t, b.Close())
	return v
}

// What was refused, alone or in a group with others, leaves no trace in a chain.
func chainRefusals(t *testing.T, open Open, place string) {
	s := open(t, place)
	const drives = 12
	for n := range drives {
		accept(t, s, Sample(fnNumber(n), 1, 1), Sample(fnNumber(n), 2, 7), Sample(fnNumber(n), 3, 4))
		require.ErrorIs(t, s.Accept(t.Context(), Sample(fnNumber(n), 4, 7)), store.ErrExists)
		require.ErrorIs(t, s.Accept(t.Context(), Sample(fnNumber(n), 9, 8)), store.ErrStale)
	}
	var wg sync.WaitGroup
	for n := range drives {
		a := Sample(fnNumber(n), 4, 5)
		switch n % 4 {
		case 1:
			a = Sample(fnNumber(n), 4, 1) // found out only after the drive was written
		case 2:
			a.Replaces = true // changes versions of others, and no chain
		case 3:
			a = flagged(encrypted(a))
		}
		wg.Go(func() { _ = s.Accept(context.Background(), a) })
	}
	wg.Wait()
	for n := range drives {
		v, err := s.Drive(t.Context(), fnNumber(n))
		require.NoError(t, err)
		accept(t, s, Sample(v.FN, v.Version+1, 9))
	}
	require.NoError(t, s.Close())
}

// Stores on one place take turns on the same drives, each with what it remembers of
// them.
func chainManyWriters(t *testing.T, open Open, place string, stores int) {
	all := make([]store.Store, stores)
	for i := range all {
		all[i] = open(t, place)
	}
	const drives, each = 6, 15
	var wg sync.WaitGroup
	for i := range 2 * drives {
		s, fn := all[i%stores], fnNumber(i/2)
		wg.Go(func() {
			for fd := 1; fd <= each; fd++ {
				n := fiscal.FDNumber(2*fd + i%2)
				assert.NoError(t, acceptNext(s, fn, n), name(fn, n))
			}
		})
	}
	wg.Wait()
	for _, s := range all {
		require.NoError(t, s.Close())
	}
}

// acceptNext tries until the drive is where it was read.
func acceptNext(s store.Store, fn fiscal.FNNumber, fd fiscal.FDNumber) error {
	ctx := context.Background()
	for range 1000 {
		v, err := s.Drive(ctx, fn)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err = s.Accept(ctx, Sample(fn, v.Version+1, fd)); !errors.Is(err, store.ErrStale) {
			return err
		}
	}
	return fmt.Errorf("stale a thousand times")
}

func chainReopen(t *testing.T, open Open, place string) {
	for round := range 3 {
		s := open(t, place)
		for i := range 3 {
			version := int64(3*round + i + 1)
			accept(t, s, Sample(fnNumber(1), version, fdOf(version)))
		}
		require.NoError(t, s.Close())
	}
}
