package ledger_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Main(m)) }

// base is a store that projects.
type base interface {
	store.Store
	store.Projector
}

// onBoth runs a test on both engines, each with a new base.
func onBoth(t *testing.T, run func(t *testing.T, db base)) {
	closing := func(t *testing.T, db base) base {
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		return db
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		db, err := sqlite.Open(filepath.Join(t.TempDir(), "ofd.db"), sqlite.Options{})
		require.NoError(t, err)
		run(t, closing(t, db))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		pgtest.URL(t)
		url := pgtest.Clone(t, "store", func(ctx context.Context, url string) error {
			s, err := postgres.Open(ctx, url, postgres.Options{})
			if err != nil {
				return err
			}
			return s.Close()
		})
		db, err := postgres.Open(context.Background(), url, postgres.Options{})
		require.NoError(t, err)
		run(t, closing(t, db))
	})
}

// accepted are documents as an operator that keeps them in memory took them: what the
// engines are then given is the same and made once.
func accepted(t *testing.T, tills []*till) []store.Document {
	policies, err := sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyTBGOST1})
	require.NoError(t, err)
	db := servertest.NewMemory()
	srv, err := server.New(server.Options{Store: db, OFD: servertest.OFD, Policies: policies, Now: func() time.Time { return servertest.Clock }})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	var g errgroup.Group
	for _, r := range tills {
		g.Go(func() error {
			c, err := servertest.Dial(ln.Addr().String())
			if err != nil {
				return err
			}
			defer c.Close()
			for _, d := range r.docs {
				if _, err := c.Exchange(d.Message); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.NoError(t, srv.Shutdown(context.Background()))
	require.NoError(t, <-served)
	var all []store.Document
	for _, r := range tills {
		for _, d := range r.docs {
			doc, err := db.Document(context.Background(), d.FN, d.FD)
			require.NoError(t, err)
			all = append(all, doc)
		}
	}
	return all
}

// keep stores documents in the order of their numbers and projects them.
func keep(t *testing.T, db base, docs []store.Document) {
	drives := map[fiscal.FNNumber][]store.Document{}
	for _, d := range docs {
		drives[d.FN] = append(drives[d.FN], d)
	}
	var g errgroup.Group
	for fn, docs := range drives {
		g.Go(func() error {
			for i, d := range docs {
				err := db.Accept(context.Background(), store.Acceptance{Document: d, Drive: store.Drive{FN: fn, Version: int64(i + 1), RegID: d.RegID, UserINN: d.UserINN,
					Status: store.DriveActive, LastFD: d.FD, LastAt: d.ReceivedAt, Documents: int64(i + 1), Policy: d.Policy}})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	projectAll(t, db)
}

// projectAll brings the projected tables up to the documents.
func projectAll(t *testing.T, db base) {
	for {
		n, err := db.Project(context.Background(), 512, projection.Decode)
		require.NoError(t, err)
		if n == 0 {
			return
		}
	}
}
