package pgtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(Main(m).Run()) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close(context.Background())) })
	return c
}

func TestClone_CopiesPreparedTemplate(t *testing.T) {
	t.Parallel()
	var prepared atomic.Int64
	prepare := func(ctx context.Context, url string) error {
		prepared.Add(1)
		return execute(url, "CREATE TABLE things (n int)")
	}
	kind := uniqueName("things") // tests may be run twice
	URL(t)                       // skips before the tests below are started
	var wg sync.WaitGroup
	urls := make([]string, 4)
	for i := range urls {
		wg.Go(func() { urls[i] = Clone(t, kind, prepare) })
	}
	wg.Wait()
	assert.EqualValues(t, 1, prepared.Load())
	for i, url := range urls {
		c := connect(t, url)
		_, err := c.Exec(t.Context(), "INSERT INTO things SELECT generate_series(1, $1)", i)
		require.NoError(t, err)
	}
	for i, url := range urls {
		var n int
		require.NoError(t, connect(t, url).QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&n))
		assert.Equal(t, i, n, "databases are apart")
	}
}

func TestClone_DropsDatabase(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("user", func(t *testing.T) {
		url = Clone(t, "empty", func(context.Context, string) error { return nil })
		c, err := pgx.Connect(t.Context(), url) // left open
		require.NoError(t, err)
		require.NoError(t, c.Ping(t.Context()))
	})
	if url == "" {
		t.Skip("no PostgreSQL")
	}
	_, err := pgx.Connect(t.Context(), url)
	require.ErrorContains(t, err, "does not exist")
}

// A cluster goes through what tests do to it.
func TestCluster_OutlivesCrash(t *testing.T) {
	t.Parallel()
	c, err := StartCluster(t.Context(), "work_mem=5MB")
	if err != nil {
		Missing(t, err)
	}
	defer func() {
		require.NoError(t, c.Remove())
		_, err := os.Stat(c.place)
		require.ErrorIs(t, err, os.ErrNotExist)
	}()
	require.NoError(t, execute(c.URL(), "CREATE TABLE things (n int)"))
	for i, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		require.NoError(t, execute(c.URL(), "INSERT INTO things VALUES (1)"))
		require.NoError(t, c.Signal(sig))
		require.Error(t, ping(t.Context(), c.URL()))
		require.NoError(t, c.Start(t.Context()))
		var n int
		var memory string
		require.NoError(t, connect(t, c.URL()).QueryRow(t.Context(), "SELECT count(*), current_setting('work_mem') FROM things").Scan(&n, &memory))
		assert.Equal(t, i+1, n)
		assert.Equal(t, "5MB", memory)
	}
}

func TestStartCluster_SaysWhyNot(t *testing.T) {
	t.Parallel()
	_, err := StartCluster(t.Context(), "no_such_setting=1")
	if _, none := findPrograms(); none != nil {
		require.ErrorContains(t, err, "not on this machine")
		return
	}
	require.ErrorContains(t, err, "no_such_setting")
}

// The third way, wherever a container engine answers. An image that was built on the
// machine is named in TEST_POSTGRES_IMAGE.
func TestContainer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	s, err := startContainer(ctx)
	if errors.Is(err, errNoEngine) {
		t.Skip(err)
	}
	if err != nil && os.Getenv(ImageVariable) == "" {
		t.Skipf("an engine answers, but %v: name an image of this machine in %s", err, ImageVariable)
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	require.NoError(t, create(s.url, "copied", "template0"))
	require.NoError(t, ping(ctx, withDatabase(s.url, "copied")))
	require.NoError(t, drop(s.url, "copied"))
}

// Without a server tests skip, and fail where one is required.
func TestMissing(t *testing.T) {
	for value, wantFailed := range map[string]bool{"": false, "0": false, "1": true} {
		t.Setenv(RequireVariable, value)
		one := &fakeTB{TB: t}
		func() {
			defer func() { _ = recover() }()
			Missing(one, errors.New("no luck"))
		}()
		assert.Equal(t, wantFailed, one.failed, "%q", value)
		assert.Equal(t, !wantFailed, one.skipped, "%q", value)
	}
}

type fakeTB struct {
	testing.TB
	failed, skipped bool
}

func (f *fakeTB) Helper()               {}
func (f *fakeTB) Fatalf(string, ...any) { f.failed = true; panic("ended") }
func (f *fakeTB) Skipf(string, ...any)  { f.skipped = true; panic("ended") }
