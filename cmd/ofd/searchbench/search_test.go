package searchbench

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

var (
	documents = flag.Int("documents", 2000, "size of the base; ten million fill 15 GB for each engine, which are deleted afterwards")
	perUser   = flag.Int("per-user", 5, "registers of one taxpayer")
	times     = flag.Int("times", 20, "how often each question is asked")
	report    = flag.String("report", "", "file that the tables are added to, a path from the root of the disk")
	baseFile  = flag.String("sqlite", "", "a file that was filled by this bench before, which is kept")
	baseURL   = flag.String("postgres", "", "a database that was filled by this bench before, which is kept")
)

// full is from where on times mean something.
const full = 100_000

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m).Run()) }

func TestSearch_SQLite(t *testing.T) { run(t, sqliteEngine(t, *documents)) }

func TestSearch_PostgreSQL(t *testing.T) { run(t, postgresEngine(t, *documents)) }

// run fills a base, measures and tells. The goal is kept by a base of full size.
func run(t *testing.T, e *engine) {
	ctx := context.Background()
	b, err := newBase(ctx, *documents)
	require.NoError(t, err)
	s, err := e.open()
	require.NoError(t, err)
	began := time.Now()
	said, mu := began, sync.Mutex{}
	say := func(what string) func(done int64) {
		return func(done int64) {
			mu.Lock()
			defer mu.Unlock()
			if now := time.Now(); now.Sub(said) > 20*time.Second {
				said = now
				t.Logf("%s: %s %d of %d, %s", e.name, what, done, b.documents(), now.Sub(began).Round(time.Second))
			}
		}
	}
	total, err := s.Stats(ctx)
	require.NoError(t, err)
	if total.Documents == 0 {
		require.NoError(t, b.fill(ctx, s, say("accepted")))
		total, err = s.Stats(ctx)
		require.NoError(t, err)
	}
	require.EqualValues(t, b.documents(), total.Documents, "a base of another size")
	filled := time.Since(began)
	if total.Behind > 0 {
		require.NoError(t, s.Close())
		require.NoError(t, b.project(ctx, e, say("projected")))
		s, err = e.open()
		require.NoError(t, err)
	}
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, check(ctx, s, b, 3**times))
	t.Logf("%s: %d documents, %s to accept, %s in all", e.name, b.documents(), filled.Round(time.Second), time.Since(began).Round(time.Second))

	lines, err := measure(ctx, s, b, *times)
	require.NoError(t, err)
	text := table(fmt.Sprintf("%s, %d documents of %d registers, each question %d times", e.name, b.documents(), b.registers, *times), lines)
	t.Log("\n" + text)
	if *report != "" {
		f, err := os.OpenFile(*report, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		require.NoError(t, err)
		_, err = fmt.Fprintln(f, text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	if *documents < full {
		return
	}
	for _, l := range lines {
		if !l.sums {
			assert.Less(t, l.at(99), goal, l.name)
		}
	}
}

var _ store.Projector = both(nil)
