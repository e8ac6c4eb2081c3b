package archive_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

func TestTerm_Check(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		term archive.Term
		ok   bool
	}{
		"five years":            {archive.Term{Years: 5}, true},
		"ten years":             {archive.Term{Years: 10}, true},
		"four years":            {archive.Term{Years: 4}, false},
		"nothing":               {archive.Term{}, false},
		"less than nothing":     {archive.Term{Years: -5, AllowShort: true}, false},
		"nothing, on purpose":   {archive.Term{AllowShort: true}, false},
		"an hour":               {archive.Term{Bench: time.Hour}, false},
		"an hour, on purpose":   {archive.Term{Bench: time.Hour, AllowShort: true}, true},
		"four years on purpose": {archive.Term{Years: 4, AllowShort: true}, true},
	} {
		assert.Equal(t, c.ok, c.term.Check() == nil, name)
	}
	leap := time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, time.Date(2023, 3, 1, 12, 0, 0, 0, time.UTC), archive.Term{Years: 5}.Before(leap))
}

// OPR-014: deletion only after the term, only by the job, with a protocol; the rest
// still verifies, goes out and in.
func TestRetain(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		p := e.fresh(t, false)
		b := p.open(t)
		before := export(t, b)
		run := func(now time.Time, o archive.RetentionOptions) (entries []chain.Entry) {
			o.Term, o.Who, o.Now = archive.Term{Years: 5}, "test", now
			require.NoError(t, archive.Retain(t.Context(), b, o, func(e *chain.Entry) { entries = append(entries, *e) }))
			return entries
		}
		assert.Empty(t, run(servertest.Clock.AddDate(5, 0, 0), archive.RetentionOptions{}), "five years to the second are not over")
		assert.Equal(t, string(before), string(export(t, b)))

		after := servertest.Clock.AddDate(5, 0, 0).Add(time.Second)
		var planned int64
		for _, e := range run(after, archive.RetentionOptions{DryRun: true}) {
			planned += e.Rows
		}
		assert.Equal(t, string(before), string(export(t, b)), "a dry run deletes nothing")

		// Documents of a later day are not touched: here the youngest row stays.
		var done, documents int64
		entries := run(after, archive.RetentionOptions{Lot: 3})
		for i, e := range entries {
			assert.EqualValues(t, i+1, e.ID)
			assert.LessOrEqual(t, e.Rows, int64(3))
			assert.Equal(t, "test", e.Who)
			if done += e.Rows; e.What == "documents" {
				documents += e.Rows
			}
		}
		assert.Equal(t, planned, done)
		assert.EqualValues(t, 37, documents, "all but the youngest row")
		v, problems := verify(t, b, archive.VerifyOptions{})
		assert.Empty(t, problems)
		assert.EqualValues(t, 1, v.Documents)
		assert.Equal(t, documents, v.Deleted)
		assert.Empty(t, run(after, archive.RetentionOptions{}), "it was done")

		// What is left and the protocol go out and in.
		left := export(t, b)
		other := onSQLite(t, true).open(t)
		_, _, err := archive.Import(t.Context(), other, bytes.NewReader(left), nil)
		require.NoError(t, err)
		assert.Equal(t, string(left), string(export(t, other)))

		// The protocol cannot be taken back, and nobody else may delete.
		db := p.raw(t)
		for _, statement := range []string{"UPDATE protocol SET who = 'nobody'", "DELETE FROM protocol", "DELETE FROM documents"} {
			_, err := db.ExecContext(t.Context(), statement)
			require.ErrorContains(t, err, "append-only", statement)
		}
	})
}

// A chain that began after a deletion by the protocol breaks like any other.
func TestVerify_AfterRetention(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		p := e.fresh(t, false)
		b := p.open(t)
		lot := archive.Lot{What: "documents", FN: string(plainFN), Before: servertest.Clock.Add(time.Hour), Rows: 4, Who: "test", At: servertest.Clock}
		entry, err := b.Expire(t.Context(), lot)
		require.NoError(t, err)
		assert.EqualValues(t, 4, entry.Last)
		_, problems := verify(t, b, archive.VerifyOptions{})
		require.Empty(t, problems)

		db := p.raw(t)
		for _, statement := range append(p.drop, fmt.Sprintf("DELETE FROM documents WHERE fd = 5 AND drive_id = (SELECT %s FROM drives WHERE fn = '%s')", e.drive, plainFN)) {
			_, err := db.ExecContext(t.Context(), statement)
			require.NoError(t, err, statement)
		}
		_, problems = verify(t, b, archive.VerifyOptions{})
		require.NotEmpty(t, problems)
		assert.Equal(t, archive.BrokenMissing, problems[0].What)
		assert.EqualValues(t, 6, problems[0].FD)
		assert.Contains(t, problems[0].Text, "places 5 to 5")

		// The job does not go on over a broken chain.
		lot.Rows = 0
		_, err = b.Expire(t.Context(), archive.Lot{What: "documents", FN: string(gappedFN), Before: lot.Before, Who: "test", At: lot.At})
		require.NoError(t, err, "this chain is whole")
		_, err = db.ExecContext(t.Context(), "UPDATE documents SET link = NULL")
		require.NoError(t, err)
		_, err = b.Expire(t.Context(), lot)
		require.ErrorContains(t, err, "verify the base before")
	})
}
