package archive_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/ack"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// generate fills a base with so many confirmed receipts of so many drives, which take
// turns.
func generate(b *testing.B, base archive.Base, drives, each int) {
	registers, heads := make([]*servertest.Register, drives), make([]chain.Head, drives)
	var rows []chain.Row
	for n := range registers {
		registers[n] = servertest.NewRegister(n+1, fiscal.FFD105)
	}
	var format ack.Format
	for i := range drives * each {
		n := i % drives
		r := registers[n]
		d := r.Receipt(100)
		request, err := wire.ReadContainer(d.Container)
		require.NoError(b, err)
		confirmation, err := format.Form(b.Context(), servertest.Scheme, &ack.Confirmation{FN: d.FN, FD: d.FD, FFD: r.FFD, OFD: r.OFD, At: servertest.Clock, Request: request})
		require.NoError(b, err)
		row, err := chain.NewRow(&store.Acceptance{Document: store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: r.FFD, RegID: r.RegID, UserINN: r.UserINN, DateTime: r.Time,
			ReceivedAt: servertest.Clock, Message: d.Message, STLV: d.STLV, Confirmation: confirmation, Policy: "tb-gost-1", FPS: "ok", FPDCheck: "ok"}})
		require.NoError(b, err)
		digest := row.Digest()
		row.Link, heads[n] = digest.Link(heads[n])
		row.ID, row.Seq = int64(i+1), heads[n].Length
		rows = append(rows, row)
	}
	require.NoError(b, base.Fill(b.Context(), func(f archive.Filler) error {
		for n, r := range registers {
			if err := f.Drive(b.Context(), &archive.Drive{ID: int64(n + 1), FN: string(r.FN), Version: int64(each), LastFD: int64(each), Stored: int64(each), Confirmed: int64(each),
				ChainLength: heads[n].Length, ChainHead: heads[n].Hash[:], Registrations: []archive.Registration{{RegID: string(r.RegID), UserINN: string(r.UserINN)}}}); err != nil {
				return err
			}
		}
		for i := range rows {
			if err := f.Document(b.Context(), &rows[i]); err != nil {
				return err
			}
		}
		return nil
	}))
}

// BenchmarkArchive reads and writes a base of 8,000 documents on SQLite. The heap is
// what is in use in the middle of verifying: it does not grow with documents.
func BenchmarkArchive(b *testing.B) {
	const drives, each = 8, 1000
	path := b.TempDir() + "/ofd.db"
	base, err := sqlite.OpenArchive(b.Context(), path, true)
	require.NoError(b, err)
	defer func() { require.NoError(b, base.Close()) }()
	generate(b, base, drives, each)
	rate := func(b *testing.B) {
		b.ReportMetric(float64(drives*each)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
	}
	for name, chainsOnly := range map[string]bool{"Verify": false, "VerifyChainsOnly": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var heap uint64
			for b.Loop() {
				v, err := archive.Verify(b.Context(), base, archive.VerifyOptions{ChainsOnly: chainsOnly, Progress: func(n int64) {
					if n == drives*each/2 {
						var m runtime.MemStats
						runtime.GC()
						runtime.ReadMemStats(&m)
						heap = m.HeapInuse
					}
				}}, func(p archive.Problem) { b.Fatal(p) })
				require.NoError(b, err)
				require.EqualValues(b, drives*each, v.Documents)
			}
			rate(b)
			b.ReportMetric(float64(heap)/1e6, "heap-MB")
		})
	}
	var out bytes.Buffer
	b.Run("Export", func(b *testing.B) {
		for b.Loop() {
			_, err := archive.Export(b.Context(), base, io.Discard, nil)
			require.NoError(b, err)
		}
		rate(b)
	})
	_, err = archive.Export(b.Context(), base, &out, nil)
	require.NoError(b, err)
	b.Run("Import", func(b *testing.B) {
		for b.Loop() {
			to, err := sqlite.OpenArchive(b.Context(), b.TempDir()+"/ofd.db", true)
			require.NoError(b, err)
			_, _, err = archive.Import(b.Context(), to, bytes.NewReader(out.Bytes()), nil)
			require.NoError(b, err)
			require.NoError(b, to.Close())
		}
		rate(b)
	})
	b.Run("Backup", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, base.Backup(b.Context(), b.TempDir()+"/copy.db"))
		}
		rate(b)
	})
	b.Run("Retain", func(b *testing.B) { // once: then it is done
		began := time.Now()
		var rows int64
		require.NoError(b, archive.Retain(b.Context(), base, archive.RetentionOptions{Term: archive.Term{Years: 5}, Who: "bench", Now: servertest.Clock.AddDate(6, 0, 0)},
			func(e *chain.Entry) { rows += e.Rows }))
		if rows > 0 {
			b.Logf("deleted %.0f documents/s", float64(rows)/time.Since(began).Seconds())
		}
	})
}
