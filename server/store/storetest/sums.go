package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// RequireSums compares what the engine has added up beforehand for a taxpayer with what
// its projected documents add up to, and returns all of it together.
func RequireSums(t testing.TB, p store.Projector, inn fiscal.INN) (all store.Figures) {
	t.Helper()
	for _, by := range []store.Grouping{store.ByUser, store.ByRegister, store.ByDay, store.ByHour, store.Together} {
		sums, err := p.Figures(context.Background(), store.Search{UserINN: inn}, by)
		require.NoError(t, err)
		// A bound of the total that none is above: these cannot be answered beforehand.
		one, err := p.Figures(context.Background(), store.Search{UserINN: inn, MaxTotal: fiscal.MaxKopecks}, by)
		require.NoError(t, err)
		require.Equal(t, one, sums, "by %d", by)
		if by == store.Together && len(sums) > 0 {
			all = sums[0]
		}
	}
	one, err := p.Figures(context.Background(), store.Search{UserINN: inn}, store.ByShift) // from the documents: no shift is named
	require.NoError(t, err)
	if len(one) == 0 {
		return all
	}
	shifts := make([]store.ShiftOf, len(one))
	for i, f := range one {
		shifts[i] = store.ShiftOf{FN: fiscal.FNNumber(f.Key), Number: f.Shift}
	}
	sums, err := p.Figures(context.Background(), store.Search{UserINN: inn, Shifts: shifts}, store.ByShift)
	require.NoError(t, err)
	require.Equal(t, one, sums, "by shift")
	return all
}

// What is deleted after its term is taken off the sums, and so are the days that had
// nothing else; what was not projected yet is never in them.
func sumsAfterRetention(t *testing.T, open Open, openArchive func(t testing.TB, place string) archive.Base) {
	place := t.TempDir()
	s := open(t, place)
	const drives, documents, deleted, behind = 3, 60, 25, 4
	inn := Sample(fnNumber(0), 1, 1).Document.UserINN
	for n := range drives {
		for _, a := range life(fnNumber(n), documents) {
			d := &a.Document
			d.DateTime = d.DateTime.Add(time.Duration(d.FD) * 5 * time.Hour)
			d.Operation = fiscal.OperationType(1 + d.FD%4)
			if d.FD%7 == 0 {
				d.Form = fiscal.FormReceiptCorrection
			}
			accept(t, s, a)
		}
	}
	for left := drives*documents - behind; left > 0; {
		n, err := projector(t, s).Project(t.Context(), min(left, 50), project)
		require.NoError(t, err)
		left -= n
	}
	before := RequireSums(t, projector(t, s), inn)
	require.EqualValues(t, drives*documents-behind, before.Receipts+before.Corrections)
	require.NoError(t, s.Close())

	a := openArchive(t, place)
	e, err := a.Expire(t.Context(), archive.Lot{What: "documents", FN: string(fnNumber(1)), Before: morning.Add(deleted*time.Minute + time.Second), Who: "test", At: morning})
	require.NoError(t, err)
	require.EqualValues(t, deleted, e.Rows)
	require.NoError(t, a.Close())

	s = open(t, place)
	defer func() { require.NoError(t, s.Close()) }()
	p := projector(t, s)
	after := RequireSums(t, p, inn)
	assert.Equal(t, before.Receipts+before.Corrections-deleted, after.Receipts+after.Corrections)
	assert.Less(t, after.Revenue, before.Revenue)
	require.Equal(t, behind, projectAll(t, p, 50))
	after = RequireSums(t, p, inn)
	assert.EqualValues(t, drives*documents-deleted, after.Receipts+after.Corrections)
}

// Sums of any shifts, of all documents or of those of a taxpayer, of registers and of
// dates, kept beforehand as far as may be, are those of the documents themselves.
func sumsOfShifts(t *testing.T, open Open) {
	s := fresh(t, open)
	p := projector(t, s)
	rows := town(t, s, p)
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		at := rows[rapid.IntRange(0, len(rows)-1).Draw(t, "row")].At
		return at.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, -1, 3600, -86400}).Draw(t, "beside")) * time.Second)
	})
	found := 0
	rapid.Check(t, func(rt *rapid.T) {
		q := store.Search{NoVAT: rapid.Bool().Draw(rt, "no taxes")}
		if rapid.Bool().Draw(rt, "one") {
			q.FN, q.Shift = fnNumber(rapid.IntRange(0, 7).Draw(rt, "drive")), uint32(rapid.IntRange(1, 4).Draw(rt, "shift"))
		} else {
			q.Shifts = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) store.ShiftOf {
				return store.ShiftOf{FN: fnNumber(rapid.IntRange(0, 7).Draw(t, "drive")), Number: uint32(rapid.IntRange(0, 4).Draw(t, "shift"))}
			}), 1, 12).Draw(rt, "shifts")
		}
		if rapid.Bool().Draw(rt, "user") {
			q.UserINN = rows[rapid.IntRange(0, len(rows)-1).Draw(rt, "of")].UserINN
		}
		if rapid.Bool().Draw(rt, "registers") {
			for range rapid.IntRange(1, 4).Draw(rt, "n") {
				q.RegIDs = append(q.RegIDs, rows[rapid.IntRange(0, len(rows)-1).Draw(rt, "of")].RegID)
			}
		}
		if rapid.Bool().Draw(rt, "from") {
			q.From = moment.Draw(rt, "at")
		}
		if rapid.Bool().Draw(rt, "to") {
			q.To = moment.Draw(rt, "at")
		}
		got, err := p.Figures(context.Background(), q, store.ByShift)
		require.NoError(rt, err)
		q.MaxTotal = fiscal.MaxKopecks // none is above it, and days do not know
		want, err := p.Figures(context.Background(), q, store.ByShift)
		require.NoError(rt, err)
		require.Equal(rt, want, got)
		found += len(got)
	})
	require.Positive(t, found)
}
