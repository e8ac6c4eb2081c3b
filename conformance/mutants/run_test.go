package mutants_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/mutants"
)

const seed = 11

// chosen are the mutants that the environment chooses: MUTANTS is "all" or patterns of
// ids separated by spaces, as path.Match reads them with "/" for any character; KIND and
// SIDE narrow the choice.
func chosen(t *testing.T) []mutants.Mutant {
	patterns, kind, side := strings.Fields(os.Getenv("MUTANTS")), os.Getenv("KIND"), os.Getenv("SIDE")
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x01") }
	all := slices.DeleteFunc(mutants.All(), func(m mutants.Mutant) bool {
		if kind != "" && string(m.Kind()) != kind || side != "" && string(m.Side) != side {
			return true
		}
		return !slices.ContainsFunc(patterns, func(p string) bool {
			hit, err := path.Match(flat(p), flat(m.ID))
			require.NoError(t, err, p)
			return hit || p == "all"
		})
	})
	require.NotEmpty(t, all, "no mutant matches MUTANTS=%q KIND=%q SIDE=%q", os.Getenv("MUTANTS"), kind, side)
	return all
}

func number(t *testing.T, name string, otherwise int) int {
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	require.NoError(t, err, name)
	return n
}

// TestMutants runs the suites against the table (make mutants), prints a line for each
// mutant and writes the results. A survivor, a mutant that nothing can be said of, one
// that is not noticed by the cases that must, and a false alarm fail it.
func TestMutants(t *testing.T) {
	if os.Getenv("MUTANTS") == "" {
		t.Skip("long: make mutants")
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	all := chosen(t)
	r := reference(ctx, t)
	r.Parallel = number(t, "PARALLEL", runtime.GOMAXPROCS(0)+1)
	r.Stop = number(t, "STOP", 30)
	r.Quick = os.Getenv("QUICK") != ""
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

	times := number(t, "REFERENCE", 3)
	suites := map[mutants.Side][]mutants.Suite{}
	for _, m := range all {
		for _, s := range m.Judges() {
			if !slices.Contains(suites[m.Side], s) {
				suites[m.Side] = append(suites[m.Side], s)
			}
		}
	}
	results := map[mutants.Side]*mutants.Results{}
	for side, s := range suites {
		had, err := mutants.LoadResults(".", side)
		require.NoError(t, err)
		results[side] = &had
		if times == 0 {
			continue
		}
		ran, alarms, slow, err := r.Alarms(ctx, s, times)
		require.NoError(t, err)
		say("reference, %s: %d cases, %d false alarms", side, ran, len(alarms))
		for _, red := range slow {
			say("  red once: %s %s: %s", red.Case, red.Variant, red.Why)
		}
		assert.Empty(t, alarms, "false alarms")
		if ref := &had.Reference; times >= ref.Runs || len(alarms) > 0 {
			ref.Runs, ref.Ran, ref.Alarms = times, ran, len(alarms)
		}
	}

	began, n := time.Now(), 0
	r.Report = func(o mutants.Outcome) {
		n++
		m, _ := mutants.Find(o.ID)
		verdict := "killed by " + first(o.Cases(), 4)
		switch {
		case o.Error != "":
			verdict = "ERROR " + o.Error
		case !o.Killed():
			verdict = "SURVIVED"
		case len(o.Missing) > 0:
			verdict += ", NOT NOTICED by " + strings.Join(o.Missing, " ")
		}
		say("%3d/%d %5.1f s  %-10s %-45s %s", n, len(all), o.Seconds, m.Kind(), o.ID, verdict)
	}
	outcomes := r.Run(ctx, all)
	wall := time.Since(began).Round(time.Second).Seconds()
	for i := range outcomes {
		o := &outcomes[i]
		assert.Empty(t, o.Error, o.ID)
		assert.True(t, o.Error != "" || o.Killed(), "%s survived", o.ID)
		assert.True(t, !o.Killed() || len(o.Missing) == 0, "%s is not noticed by %v", o.ID, o.Missing)
	}
	if ctx.Err() != nil || os.Getenv("DRY") != "" {
		return
	}
	for side, res := range results {
		res.Merge(side, outcomes)
		if whole := len(outcomes); !r.Quick && (whole == len(mutants.Of(side)) || whole == len(mutants.All())) {
			res.Wall, res.Parallel = wall, r.Parallel
		}
		require.NoError(t, res.Save(".", side))
	}
	write(t)
	say("%d mutants in %.0f s", len(outcomes), wall)
}

func first(ids []string, n int) string {
	if len(ids) > n {
		return fmt.Sprintf("%s +%d", strings.Join(ids[:n], " "), len(ids)-n)
	}
	return strings.Join(ids, " ")
}

// reference builds the binary without edits.
func reference(ctx context.Context, t *testing.T) *mutants.Runner {
	dir := t.TempDir()
	r := &mutants.Runner{Root: root, Dir: dir, Reference: filepath.Join(dir, "reference.test"), Seed: seed}
	require.NoError(t, mutants.Build(ctx, root, nil, r.Reference))
	return r
}

var document = filepath.Join(root, "docs", "mutants.md")

func written(t *testing.T) string {
	results := map[mutants.Side]mutants.Results{}
	for _, side := range []mutants.Side{mutants.Operator, mutants.Register} {
		r, err := mutants.LoadResults(".", side)
		require.NoError(t, err)
		results[side] = r
	}
	return mutants.Document(results)
}

func write(t *testing.T) {
	require.NoError(t, os.WriteFile(document, []byte(written(t)), 0o644))
}

// TestDocument_IsOfTheTable: docs/mutants.md tells of every mutant as it is now, and of
// none that survived.
func TestDocument_IsOfTheTable(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile(document)
	require.NoError(t, err)
	assert.Equal(t, written(t), string(have), "run: make mutants")
	for _, side := range []mutants.Side{mutants.Operator, mutants.Register} {
		r, err := mutants.LoadResults(".", side)
		require.NoError(t, err)
		assert.Zero(t, r.Reference.Alarms)
		byID := map[string]mutants.Outcome{}
		for _, o := range r.Mutants {
			byID[o.ID] = o
		}
		for _, m := range mutants.Of(side) {
			o, ran := byID[m.ID]
			assert.True(t, ran && o.Digest == m.Digest(), "%s was not run as it is now: make mutants M='%s'", m.ID, m.ID)
			assert.True(t, !ran || o.Killed(), "%s survived", m.ID)
		}
	}
}
