package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the file to the schema of this program. It refuses a file that a
// newer program has written: going on would lose what only that one understands.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("sqlite: reading the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub, goose.WithGoMigrations(chainMigration, sheetsMigration))
	if err != nil {
		return fmt.Errorf("sqlite: reading the migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: reading the schema version of %s: %w", path, err)
	}
	if current > target {
		return fmt.Errorf("sqlite: %s has schema %d, written by a newer program; this one knows schemas up to %d", path, current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlite: migrating %s: %w", path, err)
	}
	return settle(ctx, db, path)
}
