package archive_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(pgtest.Main(m))
}

// The drives of the sample: one plain, one of FFD 1.2 with a gap, one encrypted, one
// foreign.
var (
	plainFN   = servertest.NewRegister(1, fiscal.FFD105).FN
	gappedFN  = servertest.NewRegister(2, fiscal.FFD12).FN
	sealedFN  = servertest.NewRegister(3, fiscal.FFD11).FN
	foreignFN = servertest.NewRegister(4, fiscal.FFD105).FN
)

// receipts of each register of the sample.
const receipts = 8

// fill lets registers send a life to a server over db: every kind of row comes about.
func fill(t testing.TB, db store.Store) {
	t.Helper()
	rules := sign.PolicyOptions{Default: sign.PolicyTBGOST1}
	require.NoError(t, rules.AddRule(string(foreignFN)+"="+string(sign.PolicyAcceptUnverifiable)))
	policies, err := sign.NewPolicies(rules)
	require.NoError(t, err)
	srv, err := server.New(server.Options{Store: db, OFD: servertest.OFD, Policies: policies, Now: func() time.Time { return servertest.Clock }})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	send := func(d servertest.Doc) {
		_, err := servertest.Send(ln.Addr().String(), d.Message)
		require.NoError(t, err)
	}
	for i, v := range []fiscal.FFD{fiscal.FFD105, fiscal.FFD12, fiscal.FFD11, fiscal.FFD105} {
		r := servertest.NewRegister(i+1, v)
		r.Encrypt = r.FN == sealedFN
		send(r.Registration())
		send(r.OpenShift())
		var late []servertest.Doc
		for n := range receipts {
			d := r.Receipt(uint64(100 * (n + 1)))
			switch {
			case r.FN == gappedFN && (n == 2 || n == 3 || n == 5): // 5 and 6 never come, 8 comes last
				if n == 5 {
					late = append(late, d)
				}
				continue
			}
			send(d)
		}
		for _, d := range late {
			send(d)
			send(d) // a repeat: an exchange that stores nothing
		}
		bad := r.Receipt(5)
		bad.Message[len(bad.Message)-1] ^= 1 // closes the connection: quarantine or an incident
		if r.FN == plainFN {
			_, err := servertest.Send(ln.Addr().String(), bad.Message)
			assert.Error(t, err)
		}
	}
	require.NoError(t, db.Quarantine(t.Context(), store.Quarantined{At: servertest.Clock, FN: plainFN, FD: 77, Fault: fiscal.BadMessageSign, Detail: "не \xff UTF-8", Message: []byte("m")}))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, srv.Shutdown(ctx))
	require.NoError(t, <-served)
}

// sample is the file of the sample, made once.
var sample = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "ofd.db")
	db, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	var t *testing.T = sampleT
	fill(t, db)
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// sampleT is the test that asked first.
var (
	sampleT    *testing.T
	sampleOnce sync.Mutex
)

func sampleBytes(t *testing.T) []byte {
	t.Helper()
	sampleOnce.Lock()
	defer sampleOnce.Unlock()
	sampleT = t
	b, err := sample()
	require.NoError(t, err)
	return b
}

// engine makes bases of one kind.
type engine struct {
	name string
	// drive is the column that documents have of their drive.
	drive string
	// fresh gives the sample or an empty base, and the way past the server.
	fresh func(t *testing.T, empty bool) place
}

// place is where a base lies.
type place struct {
	open func(t *testing.T) archive.Base
	raw  func(t *testing.T) *sql.DB
	mark func(query string) string // of parameters
	drop []string                  // statements that take the triggers away
}

var engines = []engine{{"sqlite", "id", onSQLite}, {"postgres", "drive_id", onPostgres}}

func onSQLite(t *testing.T, empty bool) place {
	path := filepath.Join(t.TempDir(), "ofd.db")
	if !empty {
		require.NoError(t, os.WriteFile(path, sampleBytes(t), 0o600))
	}
	return place{open: func(t *testing.T) archive.Base {
		a, err := sqlite.OpenArchive(t.Context(), path, true)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, a.Close()) })
		return a
	}, raw: func(t *testing.T) *sql.DB {
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		return db
	}, mark: func(q string) string { return q }, drop: []string{
		"DROP TRIGGER documents_not_updated", "DROP TRIGGER documents_not_deleted", "DROP TRIGGER documents_not_replaced",
		"DROP TRIGGER protocol_not_updated", "DROP TRIGGER protocol_not_deleted",
	}}
}

func onPostgres(t *testing.T, empty bool) place {
	kind := "archive-sample"
	prepare := func(ctx context.Context, url string) error {
		a, err := postgres.OpenArchive(ctx, url)
		if err != nil {
			return err
		}
		defer a.Close()
		_, _, err = archive.Import(ctx, a, bytes.NewReader(exported(t)), nil)
		return err
	}
	if empty {
		kind, prepare = "archive-empty", func(ctx context.Context, url string) error {
			a, err := postgres.OpenArchive(ctx, url)
			if err != nil {
				return err
			}
			return a.Close()
		}
	}
	url := pgtest.Clone(t, kind, prepare)
	return place{open: func(t *testing.T) archive.Base {
		a, err := postgres.OpenArchive(t.Context(), url)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, a.Close()) })
		return a
	}, raw: func(t *testing.T) *sql.DB {
		c, err := pgx.ParseConfig(url)
		require.NoError(t, err)
		db := stdlib.OpenDB(*c)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		return db
	}, mark: func(q string) string {
		for n := 1; strings.Contains(q, "?"); n++ {
			q = strings.Replace(q, "?", fmt.Sprintf("$%d", n), 1)
		}
		return q
	}, drop: []string{
		"ALTER TABLE documents DISABLE TRIGGER USER", "ALTER TABLE protocol DISABLE TRIGGER USER",
	}}
}

// exported is the export of the sample.
func exported(t *testing.T) []byte {
	t.Helper()
	return export(t, onSQLite(t, false).open(t))
}

func export(t *testing.T, b archive.Base) []byte {
	t.Helper()
	var out bytes.Buffer
	_, err := archive.Export(t.Context(), b, &out, nil)
	require.NoError(t, err)
	return out.Bytes()
}

// verify returns what was found.
func verify(t *testing.T, b archive.Base, o archive.VerifyOptions) (archive.Verified, []archive.Problem) {
	t.Helper()
	if o.OFD == "" {
		o.OFD = servertest.OFD // of the encrypted ones
	}
	var all []archive.Problem
	v, err := archive.Verify(t.Context(), b, o, func(p archive.Problem) { all = append(all, p) })
	require.NoError(t, err)
	return v, all
}

// onEach runs a test on every engine.
func onEach(t *testing.T, test func(t *testing.T, e engine)) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}
