package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// Settings of the package.
const (
	// URLVariable names a server to use: a URL of a superuser or of a role that may
	// create databases. Its own database is only connected to.
	URLVariable = "TEST_DATABASE_URL"
	// WayVariable set to "local" or "container" allows that way alone.
	WayVariable = "TEST_POSTGRES"
	// RequireVariable set to 1 turns skips into failures.
	RequireVariable = "REQUIRE_POSTGRES"
)

// startLimit bounds the start of a server of one's own.
const startLimit = 2 * time.Minute

// server is what tests share: one for a test program.
type server struct {
	url   string // of a database for administration
	close func() error
}

// shared is the server of this test program, started by who asks first.
var shared struct {
	once sync.Once
	server
	err       error
	mu        sync.Mutex
	templates map[string]*template
}

func acquire() (*server, error) {
	shared.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startLimit)
		defer cancel()
		shared.server, shared.err = start(ctx)
	})
	return &shared.server, shared.err
}

// start finds the first way that works.
func start(ctx context.Context) (server, error) {
	if url := os.Getenv(URLVariable); url != "" {
		// Who names a server wants that one: no other is tried.
		if err := ping(ctx, url); err != nil {
			return server{}, fmt.Errorf("%s: %w", URLVariable, err)
		}
		return server{url: url}, nil
	}
	var reasons []error
	for _, w := range ways {
		if only := os.Getenv(WayVariable); only != "" && only != w.name {
			reasons = append(reasons, fmt.Errorf("%s: %s asks for %q", w.name, WayVariable, only))
			continue
		}
		s, err := w.start(ctx)
		if err == nil {
			return s, nil
		}
		reasons = append(reasons, fmt.Errorf("%s: %w", w.name, err))
	}
	return server{}, errors.Join(reasons...)
}

// ways to have a server of one's own, the cheaper first.
var ways = []struct {
	name  string
	start func(ctx context.Context) (server, error)
}{{"local", startLocal}, {"container", startContainer}}

func startLocal(ctx context.Context) (server, error) {
	c, err := StartCluster(ctx)
	if err != nil {
		return server{}, err
	}
	return server{url: c.URL(), close: c.Remove}, nil
}

// URL is the address of the server: of a database for administration. The test is
// skipped, or fails, when there is no server.
func URL(t testing.TB) string {
	t.Helper()
	s, err := acquire()
	if err != nil {
		Missing(t, err)
	}
	return s.url
}

// Missing ends a test that cannot have its PostgreSQL.
func Missing(t testing.TB, reason error) {
	t.Helper()
	if os.Getenv(RequireVariable) == "1" {
		t.Fatalf("no PostgreSQL, and %s is 1: %v", RequireVariable, reason)
	}
	t.Skipf("no PostgreSQL: %v", reason)
}

// Runner is what a *testing.M can do.
type Runner interface{ Run() int }

// Main wraps the tests of a program, to be run by os.Exit(pgtest.Main(m).Run()) or
// by what else takes an m: it ends the server when they have run.
func Main(m Runner) Runner { return stopping{m} }

type stopping struct{ m Runner }

// Run runs the tests, drops the templates and ends the server.
func (s stopping) Run() int {
	code := s.m.Run()
	if err := release(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	return code
}

func release() error {
	shared.once.Do(func() { shared.err = errors.New("the tests have ended") })
	if shared.err != nil {
		return nil
	}
	if shared.close != nil {
		return shared.close()
	}
	return dropTemplates()
}
