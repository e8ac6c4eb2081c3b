package server_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// A document that retention deleted and that comes again is confirmed, so that its
// drive does not stop, and stored as one out of order (OPR-014, OPR-030, E-23). The
// base still verifies.
func TestServer_ResentAfterRetention(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ofd.db")
	db, err := sqlite.Open(path, sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	b := startOn(t, db)
	r := servertest.NewRegister(1, fiscal.FFD105)
	docs := []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(100), r.Receipt(200)}
	b.confirmed(docs...)
	a, err := sqlite.OpenArchive(t.Context(), path, false)
	require.NoError(t, err)
	defer func() { assert.NoError(t, a.Close()) }()
	deleted := int64(0)
	require.NoError(t, archive.Retain(t.Context(), a, archive.RetentionOptions{Term: archive.Term{Years: 5}, Who: "test", Now: servertest.Clock.AddDate(6, 0, 0)},
		func(e *chain.Entry) {
			if e.What == "documents" {
				deleted += e.Rows
			}
		}))
	require.EqualValues(t, 3, deleted, "all but the youngest row")
	_, err = db.Document(t.Context(), r.FN, docs[2].FD)
	require.ErrorIs(t, err, store.ErrNotFound)

	b.confirmed(docs[2], docs[3], r.Receipt(300))
	assert.Equal(t, fiscal.FDBack, b.document(docs[2]).Fault)
	assert.Equal(t, fiscal.FDNumber(5), b.drive(r.FN).LastFD)
	assert.Empty(t, b.drive(r.FN).Gaps)
	stats, err := db.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 3, stats.Documents)
	var problems []string
	_, err = archive.Verify(t.Context(), a, archive.VerifyOptions{}, func(p archive.Problem) { problems = append(problems, p.String()) })
	require.NoError(t, err)
	assert.Empty(t, problems)
}
