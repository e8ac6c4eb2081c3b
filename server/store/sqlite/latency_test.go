package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// BenchmarkLatency is how long documents wait that come evenly, 4,000 a second from
// 400 drives, counted from when each was due. Moving the write-ahead log shows in the
// last percent.
func BenchmarkLatency(b *testing.B) {
	const drives, rate = 400, 4000
	s, err := sqlite.Open(filepath.Join(b.TempDir(), "bench.db"), sqlite.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Close()) }()
	took := make([][]time.Duration, drives)
	var wg sync.WaitGroup
	b.ResetTimer()
	start := time.Now()
	for i := range drives {
		wg.Go(func() {
			fn := fiscal.FNNumber(fmt.Sprintf("99990789%08d", i))
			for n := i; n < b.N; n += drives {
				version := int64(n/drives) + 1
				a := storetest.Sample(fn, version, fiscal.FDNumber(version))
				due := start.Add(time.Duration(n) * time.Second / rate)
				time.Sleep(time.Until(due))
				if err := s.Accept(context.Background(), a); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(due))
			}
		})
	}
	wg.Wait()
	all := slices.Sorted(func(yield func(time.Duration) bool) {
		for _, t := range took {
			for _, d := range t {
				if !yield(d) {
					return
				}
			}
		}
	})
	for _, q := range []int{50, 99} {
		b.ReportMetric(float64(all[len(all)*q/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", q))
	}
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "max-ms")
}
