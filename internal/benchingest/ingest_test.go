package benchingest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// size of a measure.
type size struct {
	registers int
	documents int           // that the bare stores are given
	each      time.Duration // for each figure of disk and bare store
	serve     time.Duration // for each run of the server
	half      time.Duration // for those at half of the rate: one percent of their time is no single stumble
	built     int           // documents prebuilt for a run at full speed
	rounds    int           // of runs at full speed; the mean is told
	all       bool          // every run: else those that show no other code are left out
}

var (
	sample = size{registers: 8, documents: 160, each: 50 * time.Millisecond, serve: 300 * time.Millisecond, half: 300 * time.Millisecond, built: 400, rounds: 1}
	full   = size{registers: 512, documents: 40000, each: 1500 * time.Millisecond, serve: 4 * time.Second, half: 12 * time.Second, built: 100_000, rounds: 2, all: true}
)

// TestSample keeps the measure working; its figures mean nothing.
func TestSample(t *testing.T) {
	t.Parallel()
	b := &bench{t: t, place: t.TempDir(), results: t.TempDir(), size: sample}
	b.run(engine{"SQLite", func(name string) string { return "sqlite:" + filepath.Join(b.place, name+".db") }})
	r := &b.report
	require.Len(t, r.Engines, 1)
	e := r.Engines[0]
	require.Len(t, e.Bare, len(groups))
	for _, figure := range append([]float64{e.Kept.Checked.PerSecond, e.Kept.Unchecked.PerSecond, e.Each.Checked.PerSecond, e.Each.Unchecked.PerSecond, e.Half.P99}, e.Bare...) {
		assert.Positive(t, figure)
	}
	assert.Positive(t, e.Kept.Checked.Allocations)
	b.write()
	for file, part := range map[string]string{"ingest.md": "| one connection per document, all checks |", "ingest.json": `"format": "fiscalbench.ingest/1"`,
		"cpu-SQLite-kept-checked.pprof": ""} {
		text, err := os.ReadFile(filepath.Join(b.results, file))
		require.NoError(t, err)
		assert.Contains(t, string(text), part)
		assert.NotEmpty(t, text)
	}
}

// TestIngest is make bench-ingest: BENCH_INGEST names the folder for its results.
func TestIngest(t *testing.T) {
	place := os.Getenv("BENCH_INGEST")
	if place == "" {
		t.Skip("set BENCH_INGEST to the folder for the results: make bench-ingest")
	}
	place, err := filepath.Abs(place)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(place, 0o750))
	work := t.TempDir()
	if dir, err := os.MkdirTemp(place, "work"); err == nil { // on the disk that is asked about
		work = dir
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	}
	b := &bench{t: t, place: work, results: place, size: full, say: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%s  "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
	}}
	if only := os.Getenv("BENCH_INGEST_CASES"); only != "" {
		b.only = strings.Split(only, ",")
	}
	engines := []engine{{"SQLite", func(name string) string { return "sqlite:" + filepath.Join(work, name+".db") }}}
	if os.Getenv("BENCH_INGEST_ENGINE") != "sqlite" {
		engines = append(engines, postgresEngine(t))
	}
	if os.Getenv("BENCH_INGEST_ENGINE") == "postgres" {
		engines = engines[1:]
	}
	b.run(engines...)
	b.write()
}

// engine gives an empty database for each run.
type engine struct {
	name string
	url  func(name string) string
}

// postgresEngine is a cluster of its own that waits for its disk.
func postgresEngine(t *testing.T) engine {
	t.Helper()
	c, err := pgtest.StartCluster(t.Context(), postgresSettings...)
	if err != nil {
		pgtest.Missing(t, err)
	}
	t.Cleanup(func() { require.NoError(t, c.Remove()) })
	recycle(t, c.URL())
	return engine{"PostgreSQL", func(name string) string {
		conn, err := pgx.Connect(t.Context(), c.URL())
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close(context.Background())) }()
		_, err = conn.Exec(t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
		require.NoError(t, err)
		u, err := url.Parse(c.URL())
		require.NoError(t, err)
		u.Path = "/" + name
		return u.String()
	}}
}

// recycle gives the cluster write-ahead segments to use again, as one has that has run
// for a while: a new one is 16 MB of zeros to be written and synced while all wait.
func recycle(t *testing.T, url string) {
	t.Helper()
	const segments = 100
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for range segments {
		_, err = conn.Exec(t.Context(), "SELECT pg_logical_emit_message(false, 'recycle', ''), pg_switch_wal()")
		require.NoError(t, err)
	}
	_, err = conn.Exec(t.Context(), "CHECKPOINT")
	require.NoError(t, err)
}

// postgresSettings are all that differs from the defaults of PostgreSQL 15.
var postgresSettings = []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=512MB", "min_wal_size=2GB", "max_wal_size=4GB", "checkpoint_timeout=15min", "autovacuum_naptime=15s"}

// bench is one run of everything.
type bench struct {
	t       *testing.T
	place   string // of databases
	results string // of profiles and the report; empty: none
	size    size
	only    []string // cases to measure; empty: all
	say     func(format string, args ...any)
	report  report
	seed    uint64
}

// asked reports whether a case is to be measured: append, bare, kept, each, half,
// halfeach, lone, projected.
func (b *bench) asked(name string) bool { return len(b.only) == 0 || slices.Contains(b.only, name) }

func (b *bench) run(engines ...engine) {
	if b.say == nil {
		b.say = b.t.Logf
	}
	b.report.Machine = steady(4 * b.size.each)
	b.say("a processor alone: %s", &b.report.Machine)
	var work [][]store.Acceptance
	if b.asked("append") || b.asked("bare") {
		work = accepted(b.t, b.size.registers, b.size.documents)
		b.say("%d documents made for the bare stores", b.size.documents)
	}
	b.report.Groups = groups
	for _, g := range groups {
		if !b.asked("append") {
			b.report.Append = append(b.report.Append, 0)
			continue
		}
		n := appended(b.t, b.place, work, g, b.size.each)
		b.report.Append = append(b.report.Append, n)
		b.say("append and fdatasync, groups of %d: %.0f documents/s", g, n)
	}
	for _, e := range engines {
		r := engineReport{Name: e.name}
		for _, g := range groups {
			if !b.asked("bare") {
				r.Bare = append(r.Bare, 0)
				continue
			}
			n := bare(b.t, e.url(fmt.Sprintf("bare%d", g)), work, g, b.size.each)
			r.Bare = append(r.Bare, n)
			b.say("bare %s, %d waiting: %.0f documents/s", e.name, g, n)
		}
		b.report.Engines = append(b.report.Engines, r)
	}
	work = nil // hundreds of megabytes that the servers shall not compete with
	for i, e := range engines {
		b.engine(e, &b.report.Engines[i])
	}
}

// engine measures the server on one engine.
func (b *bench) engine(e engine, r *engineReport) {
	for round := range b.size.rounds {
		for _, each := range []bool{false, true} {
			if !b.asked(name(each, "each", "kept")) {
				continue
			}
			for _, unchecked := range []bool{false, true} {
				s := serverSettings{Store: e.url(fmt.Sprintf("full%d%t%t", round, each, unchecked)), Unchecked: unchecked}
				if b.results != "" && round == 0 {
					s.Profile = filepath.Join(b.results, fmt.Sprintf("cpu-%s-%s-%s.pprof", e.name, name(each, "each", "kept"), name(unchecked, "unchecked", "checked")))
				}
				m := b.together(s, loadOptions{Registers: b.size.registers, Duration: b.size.serve, Documents: b.size.built, OneConnection: each, Prebuilt: true})
				b.say("%s, %s, %s: %s", e.name, name(each, "a connection each", "kept alive"), name(unchecked, "unchecked", "all checks"), &m)
				p := &r.Kept
				if each {
					p = &r.Each
				}
				p.add(unchecked, &m)
			}
		}
	}
	b.half(e, r)
	if !b.size.all {
		return
	}
	if b.asked("lone") {
		m := b.together(serverSettings{Store: e.url("lone")}, loadOptions{Registers: 1, Duration: b.size.serve / 2, Documents: b.size.built / 8, Prebuilt: true})
		r.Lone = latencyOf(m.Load.PerSecond, &m.Load.Latency)
		b.say("%s, one lone register: %s", e.name, &m)
	}
	if b.asked("projected") {
		m := b.together(serverSettings{Store: e.url("projected"), Project: true}, loadOptions{Registers: b.size.registers, Duration: b.size.serve, Documents: b.size.built, Prebuilt: true})
		r.Projected = m.Load.PerSecond
		b.say("%s, kept alive, all checks, items projected behind: %s", e.name, &m)
	}
}

// usualRate stands for the rate that a run without the full speed does not know.
const usualRate = 12_000

// half measures the latency at half of the rate that was reached at full speed.
func (b *bench) half(e engine, r *engineReport) {
	measure := func(each bool, full float64) latency {
		if full == 0 {
			full = usualRate / name(each, 2.0, 1.0)
		}
		m := b.together(serverSettings{Store: e.url(name(each, "halfeach", "half"))},
			loadOptions{Registers: b.size.registers, Rate: full / 2, Duration: b.size.half, Prebuilt: true, OneConnection: each})
		b.say("%s at half of that, %s, %.0f/s: %s", e.name, name(each, "a connection each", "kept alive"), full/2, &m)
		return latencyOf(full/2, &m.Load.Latency)
	}
	if b.asked("half") {
		r.Half = measure(false, r.Kept.Checked.PerSecond)
	}
	if b.asked("halfeach") && b.size.all {
		r.HalfEach = measure(true, r.Each.Checked.PerSecond)
	}
}

// together gives every run its own drives.
func (b *bench) together(s serverSettings, o loadOptions) measured {
	b.seed++
	o.Seed, o.Answer = b.seed, time.Minute
	return together(b.t, s, o)
}

func name[T any](yes bool, a, b T) T {
	if yes {
		return a
	}
	return b
}
