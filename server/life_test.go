package server_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// O-001, O-007, O-010, O-034, O-035, O-038, O-050: a whole life in every version is
// accepted without one finding.
func TestServer_ConfirmsWholeLife(t *testing.T) {
	t.Parallel()
	for _, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			b := startSQLite(t)
			r := servertest.NewRegister(int(v), v)
			docs := []servertest.Doc{r.Registration()}
			b.confirmed(docs...)
			for range 2 {
				docs = append(docs, r.OpenShift(), r.Receipt(12345), r.Receipt(100), r.Sale(fiscal.FormReceiptCorrection, 500), r.State(0), r.CloseShift())
			}
			docs = append(docs, r.State(0), r.CloseArchive(), r.State(0))
			b.confirmed(docs[1:]...)
			for _, d := range docs {
				assert.Empty(t, b.document(d).Findings, "FD %d", d.FD)
			}
			d := b.drive(r.FN)
			assert.Equal(t, store.DriveClosed, d.Status)
			assert.Equal(t, r.RegID, d.RegID)
			assert.Empty(t, d.Gaps)
			assert.EqualValues(t, len(docs), d.Documents)
		})
	}
}
