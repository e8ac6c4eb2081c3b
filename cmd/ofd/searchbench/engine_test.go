package searchbench

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// engine is a database with what the bench must know to fill it past its store.
type engine struct {
	name, driver, source string
	open                 func() (both, error)
	pour                 func(ctx context.Context, b *base, progress func(done int64)) error
	indexes              string   // asks for names and definitions
	hurry, rest          []string // statements before and after
	writers              int      // connections that fill the projections
	itemKey, itemOf      string

	cabinet        func(t *testing.T) string // an empty base for a cabinet, as office.Open names it
	office, places string                    // its source, and the table of followers' places in it
}

func opened[S both](s S, err error) (both, error) { return s, err }

func sqliteEngine(t *testing.T, _ int) *engine {
	t.Helper()
	path, people := *baseFile, filepath.Join(t.TempDir(), "people")
	if path == "" {
		path = filepath.Join(t.TempDir(), "ofd.db")
	}
	return &engine{
		name: "SQLite", driver: "sqlite", source: "file:" + path + "?_pragma=busy_timeout(10000)",
		open: func() (both, error) { return opened(sqlite.Open(path, sqlite.Options{})) },
		pour: func(ctx context.Context, b *base, progress func(int64)) error {
			return b.pourSQLite(ctx, path, progress)
		},
		indexes: "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('projections', 'items') AND sql IS NOT NULL",
		hurry:   []string{"PRAGMA synchronous = OFF", "PRAGMA cache_size = -500000", "PRAGMA wal_autocheckpoint = 50000"},
		rest:    []string{"PRAGMA wal_checkpoint(TRUNCATE)"},
		itemKey: "document_id", itemOf: "d.id", writers: 1,
		cabinet: func(*testing.T) string { return "sqlite:" + people },
		office:  "file:" + people + "-cabinet?_pragma=busy_timeout(10000)", places: "places",
	}
}

// postgresEngine has a cluster of its own for a base of full size.
func postgresEngine(t *testing.T, documents int) *engine {
	t.Helper()
	url := *baseURL
	switch {
	case url != "":
	case documents >= full:
		c, err := pgtest.StartCluster(t.Context(), "shared_buffers=1GB", "max_wal_size=4GB")
		if err != nil {
			pgtest.Missing(t, err)
		}
		t.Cleanup(func() { assert.NoError(t, c.Remove()) })
		url = c.URL()
	default:
		url = pgtest.Clone(t, "empty", func(context.Context, string) error { return nil })
	}
	return &engine{
		name: "PostgreSQL", driver: "pgx", source: url,
		open: func() (both, error) { return opened(postgres.Open(context.Background(), url, postgres.Options{})) },
		pour: func(ctx context.Context, b *base, progress func(int64)) error {
			return b.pourPostgres(ctx, url, progress)
		},
		indexes: `SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE i.indrelid IN ('projections'::regclass, 'items'::regclass) AND NOT i.indisunique`,
		hurry:   []string{"ALTER ROLE CURRENT_USER SET maintenance_work_mem = '512MB'"},
		rest:    []string{"VACUUM ANALYZE"},
		itemKey: "drive_id, fd", itemOf: "d.drive_id, d.fd", writers: 4,
		cabinet: func(t *testing.T) string {
			db, err := sql.Open("pgx", url)
			require.NoError(t, err)
			defer db.Close()
			_, err = db.ExecContext(t.Context(), "DROP SCHEMA IF EXISTS cabinet CASCADE") // of the run before
			require.NoError(t, err)
			return url
		},
		office: url, places: "cabinet.places",
	}
}
