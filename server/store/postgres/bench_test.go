package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// BenchmarkAccept measures confirmed documents with 1, 16 and 128 registers that
// each wait for the answer before the next document, of the same sizes as those of
// the other engine's benchmark.
func BenchmarkAccept(b *testing.B) {
	for _, waiting := range []int{1, 16, 128, 512} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			s := openURL(b, database(b, b.TempDir()))
			defer func() { require.NoError(b, s.Close()) }()
			accept(b, waiting, s)
		})
	}
}

// BenchmarkAcceptManyServers has two and three servers on one database, with 128
// registers on each.
func BenchmarkAcceptManyServers(b *testing.B) {
	for _, servers := range []int{2, 3} {
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			url := database(b, b.TempDir())
			var all []store.Store
			for range servers {
				s := openURL(b, url)
				defer func() { require.NoError(b, s.Close()) }()
				all = append(all, s)
			}
			accept(b, 128, all...)
		})
	}
}

// accept lets so many registers at each store send b.N documents in all.
func accept(b *testing.B, waiting int, all ...store.Store) {
	message := bytes.Repeat([]byte{0xA5, 0x01, 0x77}, 200)
	confirmation, history := message[:170], message[:300]
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for i := range waiting * len(all) {
		wg.Go(func() {
			fn := fiscal.FNNumber(fmt.Sprintf("99990789%08d", i))
			for n := int64(1); left.Add(-1) >= 0; n++ {
				err := all[i%len(all)].Accept(context.Background(), store.Acceptance{
					Document: store.Document{FN: fn, FD: fiscal.FDNumber(n), Form: fiscal.FormReceipt, FFD: fiscal.FFD12, RegID: "0000000001000001",
						UserINN: "7704358518", DateTime: at, ReceivedAt: at, Shift: 1, Number: uint32(n), Operation: fiscal.Sell, Total: 12345, FPD: fiscal.FPD(uint32(n*int64(i+1)) * 2654435761),
						Message: message, STLV: message[62:590], Confirmation: confirmation, Policy: "tb-gost-1", FPS: "ok", FPDCheck: "ok"},
					Drive: store.Drive{FN: fn, Version: n, RegID: "0000000001000001", UserINN: "7704358518", User: "ООО «Ромашка»", KKTNumber: "00106900000001",
						Address: "Москва, ул. Ленина, 1", FFD: fiscal.FFD12, Status: store.DriveActive, LastFD: fiscal.FDNumber(n), LastAt: at, Documents: n,
						Policy: "tb-gost-1", History: history},
					Exchange: store.Exchange{At: at, Took: time.Millisecond, Peer: "127.0.0.1:40000"},
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkRead measures what the intake asks before it decides: the drive's state
// and whether the document is stored.
func BenchmarkRead(b *testing.B) {
	s := openURL(b, database(b, b.TempDir()))
	defer func() { require.NoError(b, s.Close()) }()
	ctx := context.Background()
	const fn = fiscal.FNNumber("9999078900000001")
	for version := int64(1); version <= 1000; version++ {
		require.NoError(b, s.Accept(ctx, storetest.Sample(fn, version, fiscal.FDNumber(version))))
	}
	b.Run("Drive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Drive(ctx, fn); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Document", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Document(ctx, fn, 500); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("DocumentNotFound", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Document(ctx, fn, 5000); !errors.Is(err, store.ErrNotFound) {
				b.Fatal(err)
			}
		}
	})
	b.Run("DocumentsOfFN", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Documents(ctx, store.DocumentFilter{FN: fn}, store.Page{After: 500}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
