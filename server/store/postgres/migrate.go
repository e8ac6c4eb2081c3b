package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the advisory lock of who looks after the schema.
const migrationLock = 254<<52 | 1

// current reports whether the database has the schema of this program already, which
// one question tells.
func current(ctx context.Context, db querier) (bool, error) {
	rows, _ := db.Query(ctx, "SELECT DISTINCT version_id FROM goose_db_version WHERE is_applied AND version_id > 0 ORDER BY 1") // its error is that of CollectRows
	have, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	var e *pgconn.PgError
	var away *pgconn.ConnectError
	switch {
	case errors.As(err, &away):
		return false, fmt.Errorf("postgres: connecting: %w", err)
	case errors.As(err, &e) && e.Code == "42P01": // no such table
		return false, nil
	case err != nil:
		return false, fmt.Errorf("postgres: reading the schema version: %w", err)
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return false, fmt.Errorf("postgres: reading the migrations: %w", err)
	}
	want := []int64{chainMigration.Version, sheetsMigration.Version}
	for _, name := range files {
		version, err := goose.NumericComponent(path.Base(name))
		if err != nil {
			return false, fmt.Errorf("postgres: reading the migrations: %w", err)
		}
		want = append(want, version)
	}
	slices.Sort(want)
	return slices.Equal(have, want), nil
}

// migrate brings the database to the schema of this program; processes that start
// together take turns. It refuses a database that a newer program has changed: going
// on would lose what only that one understands.
func migrate(ctx context.Context, config *pgx.ConnConfig) (err error) {
	turn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("postgres: connecting: %w", err)
	}
	defer func() { err = errors.Join(err, turn.Close(ctx)) }()
	if _, err := turn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("postgres: waiting for the turn to migrate: %w", err)
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("postgres: reading the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, sub, goose.WithGoMigrations(chainMigration, sheetsMigration))
	if err != nil {
		return fmt.Errorf("postgres: reading the migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("postgres: reading the schema version of %s: %w", config.Database, err)
	}
	if current > target {
		return fmt.Errorf("postgres: %s has schema %d, written by a newer program; this one knows schemas up to %d", config.Database, current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("postgres: migrating %s: %w", config.Database, err)
	}
	return nil
}
