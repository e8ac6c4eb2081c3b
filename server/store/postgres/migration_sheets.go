package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/fiscalbench/fiscalbench/server/store/search"
)

// sheetsMigration makes days of what is projected.
var sheetsMigration = goose.NewGoMigration(8, &goose.GoFunc{RunTx: makeSheets}, nil)

func makeSheets(ctx context.Context, tx *sql.Tx) error {
	for _, text := range append(search.SheetTable("bigint", "text", ""), "ANALYZE days") {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("postgres: adding up what is projected: %w", err)
		}
	}
	return nil
}
