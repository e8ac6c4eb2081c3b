package office

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	_ "modernc.org/sqlite" // the driver "sqlite", pure Go

	"github.com/fiscalbench/fiscalbench/server/fleet"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schema of the tables in PostgreSQL.
const schema = "cabinet"

// Office is the cabinet's base. Its methods are safe for concurrent use.
type Office struct {
	db     *sqlx.DB
	states decoded[fleet.State]
	drives decoded[fleet.Drive]
}

// Open opens the base that goes with a store of documents, named as `ofd serve
// --store` names it, makes it when it is not there and brings its tables up to
// date: "sqlite:PATH" has it in PATH with the ending "-cabinet", "postgres://…" in
// the schema "cabinet".
func Open(ctx context.Context, name string) (*Office, error) {
	var (
		db      *sqlx.DB
		dialect goose.Dialect
		err     error
	)
	switch path, ok := strings.CutPrefix(name, "sqlite:"); {
	case ok:
		db, err = openSQLite(path + "-cabinet")
		dialect = goose.DialectSQLite3
	case strings.HasPrefix(name, "postgres://"), strings.HasPrefix(name, "postgresql://"):
		db, err = openPostgres(ctx, name)
		dialect = goose.DialectPostgres
	default:
		return nil, fmt.Errorf("office: %q: want sqlite:PATH or postgres://URL", name)
	}
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db, dialect); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Office{db: db}, nil
}

func openSQLite(path string) (*sqlx.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("office: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("office: making the folder: %w", err)
	}
	settings := url.Values{
		// Every transaction takes the write lock at once: one that reads first and
		// writes later would fail half way.
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
	}
	db, err := sqlx.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("office: opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	return db, nil
}

func openPostgres(ctx context.Context, name string) (*sqlx.DB, error) {
	c, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, fmt.Errorf("office: reading the address of the database: %w", err) // pgx leaves the password out
	}
	c.RuntimeParams["search_path"] = schema
	c.RuntimeParams["application_name"] = "ofd cabinet"
	db := sqlx.NewDb(stdlib.OpenDB(*c), "pgx")
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(4)
	// Servers that start together may all try: two at once make PostgreSQL fail one.
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+schema); err != nil {
		var known bool
		again := db.GetContext(ctx, &known, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema)
		if again != nil || !known {
			return nil, errors.Join(fmt.Errorf("office: making the schema: %w", err), db.Close())
		}
	}
	return db, nil
}

// migrationLock is the advisory lock under which servers migrate in turn.
const migrationLock = 0x6f66666963650001

func migrate(ctx context.Context, db *sqlx.DB, dialect goose.Dialect) error {
	if dialect == goose.DialectPostgres {
		conn, err := db.Connx(ctx)
		if err != nil {
			return fmt.Errorf("office: connecting: %w", err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
			return fmt.Errorf("office: waiting for other servers: %w", err)
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("office: reading the migrations: %w", err)
	}
	store, err := database.NewStore(dialect, "office_version")
	if err != nil {
		return fmt.Errorf("office: reading the migrations: %w", err)
	}
	p, err := goose.NewProvider("", db.DB, files, goose.WithStore(store))
	if err != nil {
		return fmt.Errorf("office: reading the migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("office: reading the version of the tables: %w", err)
	}
	if current > target {
		return fmt.Errorf("office: the tables have version %d, written by a newer program; this one knows versions up to %d", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("office: migrating: %w", err)
	}
	return nil
}

// Close closes the base.
func (o *Office) Close() error {
	if err := o.db.Close(); err != nil {
		return fmt.Errorf("office: closing: %w", err)
	}
	return nil
}
