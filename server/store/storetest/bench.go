package storetest

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
)

// BenchmarkAccept measures confirmed documents with so many registers that each wait
// for the answer before the next document.
func BenchmarkAccept(b *testing.B, open Open, registers ...int) {
	for _, n := range registers {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := open(b, b.TempDir())
			defer func() { require.NoError(b, s.Close()) }()
			AcceptAll(b, n, s)
		})
	}
}

// AcceptAll lets so many registers at each store send b.N documents in all. A message
// has 600 bytes, a confirmation 170, the checker's memory 300, as for a receipt of
// two items.
func AcceptAll(b *testing.B, registers int, all ...store.Store) {
	message := bytes.Repeat([]byte{0xA5, 0x01, 0x77}, 200)
	confirmation, history := message[:170], message[:300]
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for i := range registers * len(all) {
		wg.Go(func() {
			fn := fnNumber(i)
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

// BenchmarkRead measures what the intake asks before it decides, the drive's state
// and whether the document is stored, and a page of a drive.
func BenchmarkRead(b *testing.B, open Open) {
	s := open(b, b.TempDir())
	defer func() { require.NoError(b, s.Close()) }()
	fn := fnNumber(1)
	accept(b, s, life(fn, 1000)...)
	ctx := context.Background()
	for _, one := range []struct {
		name string
		read func() error
		want error
	}{
		{"Drive", func() error { _, err := s.Drive(ctx, fn); return err }, nil},
		{"Document", func() error { _, err := s.Document(ctx, fn, 500); return err }, nil},
		{"DocumentNotFound", func() error { _, err := s.Document(ctx, fn, 5000); return err }, store.ErrNotFound},
		{"DocumentsOfFN", func() error {
			_, err := s.Documents(ctx, store.DocumentFilter{FN: fn}, store.Page{After: 500})
			return err
		}, nil},
	} {
		b.Run(one.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := one.read(); !errors.Is(err, one.want) {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkProject measures documents projected from a backlog, two items each, without
// the reading of their content, when they come from so many drives in turn.
func BenchmarkProject(b *testing.B, open Open, drives ...int) {
	for _, drives := range drives {
		b.Run(fmt.Sprint(drives), func(b *testing.B) {
			s := open(b, b.TempDir())
			defer func() { require.NoError(b, s.Close()) }()
			var wg sync.WaitGroup
			for n := range min(drives, 512) {
				wg.Go(func() {
					for i := n; i < b.N; i += min(drives, 512) {
						drive, fd := i%drives, i/drives+1
						if err := s.Accept(context.Background(), Sample(fnNumber(drive), int64(fd), fiscal.FDNumber(fd))); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportAllocs()
			b.ResetTimer()
			n := projectAll(b, s.(store.Projector), 512)
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}
