package props_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/conformance/props"
)

// probe is a test that only notes whether it failed, for machines that must fail.
type probe struct {
	name   string
	failed bool
}

func (p *probe) Helper()               {}
func (p *probe) Name() string          { return p.name }
func (p *probe) Logf(string, ...any)   {}
func (p *probe) Log(...any)            {}
func (p *probe) Skipf(string, ...any)  { p.SkipNow() }
func (p *probe) Skip(...any)           { p.SkipNow() }
func (p *probe) SkipNow()              { runtime.Goexit() }
func (p *probe) Errorf(string, ...any) { p.failed = true }
func (p *probe) Error(...any)          { p.failed = true }
func (p *probe) Fatalf(string, ...any) { p.FailNow() }
func (p *probe) Fatal(...any)          { p.FailNow() }
func (p *probe) FailNow()              { p.failed = true; runtime.Goexit() }
func (p *probe) Fail()                 { p.failed = true }
func (p *probe) Failed() bool          { return p.failed }

// Bounds of a hunt: within so many lives the mistake must be found; shrinking stops
// after so long.
const (
	huntLives   = 400
	huntShrink  = 100 * time.Millisecond
	longTorture = 3 * time.Second
)

func shrinkFor() time.Duration {
	if torture() {
		return longTorture
	}
	return huntShrink
}

// quarry is what a hunt found.
type quarry struct {
	lives int    // lived until the mistake showed itself
	first int    // steps of that life
	trace string // shortest life found
	steps int
	play  bool // each step has a word in scripts, and the papers are clear about it
	yaml  string
}

// hunt lives random lives until one goes wrong, shrinks it for a while, and tells.
func hunt(t *testing.T, life func(*rapid.T, *props.Trace)) quarry {
	t.Helper()
	var q quarry
	trace := &props.Trace{Name: t.Name()}
	p := &probe{name: t.Name()}
	var since time.Time
	for q.lives < huntLives && !p.failed {
		done := make(chan struct{})
		go func() {
			defer close(done)
			rapid.Check(p, func(rt *rapid.T) {
				if !since.IsZero() && time.Since(since) > shrinkFor() {
					p.failed = true
					runtime.Goexit() // enough: the shortest life seen stands
				}
				defer func() {
					if !trace.Broken() {
						return
					}
					if since.IsZero() {
						since, q.first = time.Now(), trace.Len()
					}
					if q.steps == 0 || trace.Len() <= q.steps {
						q.steps, q.trace, q.play, q.yaml = trace.Len(), trace.String(), trace.Playable() && trace.Clear(), trace.Script()
					}
				}()
				if since.IsZero() {
					q.lives++
				}
				life(rt, trace)
			})
		}()
		<-done
	}
	require.True(t, p.failed, "not found in %d lives", q.lives)
	require.NotEmpty(t, q.trace, "found, but not told")
	if dir := os.Getenv("PROPS_OUT"); dir != "" {
		name := strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()) + ".yaml"
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(q.yaml), 0o600))
	}
	t.Logf("found in life %d, %d steps shrunk to %d:\n%s", q.lives, q.first, q.steps, q.trace)
	return q
}
