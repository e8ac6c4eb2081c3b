package postgres_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

func openArchive(t testing.TB, place string) archive.Base {
	a, err := postgres.OpenArchive(t.Context(), database(t, place))
	require.NoError(t, err)
	return a
}

func TestStore_Chain(t *testing.T) {
	t.Parallel()
	storetest.ExerciseChain(t, open, openArchive, 2)
}

// OPR-003: an export made while a replacement is on its way has the drives as they will
// be: it gives the same bytes before and after, and no engine that takes it in shows two
// drives in one register. A drive that came back with a later report, and those of other
// registers, stay as they are.
func TestArchive_ExportsPendingReplacements(t *testing.T) {
	t.Parallel()
	place := t.TempDir()
	url := dividedDatabase(t, place)
	s, err := postgres.Open(t.Context(), url, postgres.Options{})
	require.NoError(t, err)
	accept := func(n int, version int64, fd fiscal.FDNumber, form fiscal.Form, reg fiscal.RegNumber) {
		a := storetest.Sample(drive(n), version, fd)
		a.Document.Form, a.Document.RegID, a.Drive.RegID = form, reg, reg
		require.NoError(t, s.Accept(t.Context(), a))
	}
	const old, back, other, late, new = 0, 1, 2, 3, 4
	const reg, another = "0000000001012345", "0000000002054321"
	for n := range new {
		accept(n, 1, 1, fiscal.FormFiscalReport, map[bool]fiscal.RegNumber{false: reg, true: another}[n == other])
	}
	accept(new, 1, 1, fiscal.FormFiscalReport, reg)
	accept(back, 2, 2, fiscal.FormFiscalReportCorrection, reg) // after that
	accept(late, 2, 2, fiscal.FormReceipt, reg)                // which does not save it
	require.NoError(t, s.Close())
	c := raw(t, url)
	// What the server of the new drive leaves when it dies before it told the others.
	_, err = c.Exec(t.Context(), `INSERT INTO replacements SELECT d.drive_id, d.id, v.reg_id FROM documents d JOIN drives v USING (drive_id) WHERE v.fn = $1`, string(drive(new)))
	require.NoError(t, err)
	notes := func() (n int) {
		require.NoError(t, c.QueryRow(t.Context(), `SELECT count(*) FROM replacements`).Scan(&n))
		return n
	}
	require.Equal(t, 1, notes())
	want := map[int]store.DriveStatus{old: store.DriveReplaced, back: store.DriveActive, other: store.DriveActive, late: store.DriveReplaced, new: store.DriveActive}

	export := func(a archive.Base) []byte {
		defer func() { require.NoError(t, a.Close()) }()
		var out bytes.Buffer
		_, err := archive.Export(t.Context(), a, &out, nil)
		require.NoError(t, err)
		return out.Bytes()
	}
	check := func(a archive.Base) {
		defer func() { require.NoError(t, a.Close()) }()
		require.NoError(t, a.Snapshot(t.Context(), func(s archive.Snapshot) error {
			after := int64(0)
			for range want { // page by page
				page, err := s.Drives(t.Context(), after, 1)
				require.NoError(t, err)
				require.Len(t, page, 1)
				after = page[0].ID
				i := slices.IndexFunc([]int{old, back, other, late, new}, func(i int) bool { return string(drive(i)) == page[0].FN })
				assert.Equal(t, string(want[i]), page[0].Status, "drive %d", i)
			}
			return nil
		}))
	}
	pending := export(openArchive(t, place))
	check(openArchive(t, place))
	require.Equal(t, 1, notes(), "an export changes nothing")
	into, err := sqlite.OpenArchive(t.Context(), filepath.Join(t.TempDir(), "ofd.db"), true)
	require.NoError(t, err)
	for _, to := range []archive.Base{into, openArchive(t, t.TempDir())} {
		_, _, err := archive.Import(t.Context(), to, bytes.NewReader(pending), nil)
		require.NoError(t, err)
		check(to)
	}

	s, err = postgres.Open(t.Context(), url, postgres.Options{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return notes() == 0 }, waitLimit, waitStep)
	for n, status := range want {
		v, err := s.Drive(t.Context(), drive(n))
		require.NoError(t, err)
		assert.Equal(t, status, v.Status, "drive %d", n)
	}
	require.NoError(t, s.Close())
	assert.Equal(t, string(pending), string(export(openArchive(t, place))), "before and after")
}
