package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// maxWriters keeps a slip of the finger from taking all connections of a database.
const maxWriters = 64

// openStore opens the store that --store names, with so many writers: 0 is the usual one.
func openStore(ctx context.Context, spec string, writers int, log *slog.Logger) (store.Store, error) {
	kind, path, _ := strings.Cut(spec, ":")
	switch {
	case writers < 0 || writers > maxWriters:
		return nil, usage("--store-writers=%d: want 1 to %d", writers, maxWriters)
	case kind == "sqlite" && writers > 1:
		return nil, usage("--store-writers=%d: a file has one writer; several are for --store=postgres://…", writers)
	case kind == "sqlite" && path != "":
		db, err := sqlite.Open(path, sqlite.Options{Logger: log})
		if err != nil {
			return nil, coded{exitUnreachable, fmt.Errorf("--store=%q: %w", spec, err)}
		}
		return db, nil
	case (kind == "postgres" || kind == "postgresql") && strings.HasPrefix(path, "//"):
		db, err := postgres.Open(ctx, spec, postgres.Options{Logger: log, Writers: writers})
		var bad *pgconn.ParseConfigError
		switch {
		case errors.As(err, &bad):
			return nil, usage("--store: %w", err)
		case err != nil:
			return nil, coded{exitUnreachable, fmt.Errorf("--store=%q: %w", withoutPassword(spec), err)}
		}
		return db, nil
	}
	return nil, usage("--store=%q: want sqlite:PATH or postgres://USER@HOST/DATABASE", withoutPassword(spec))
}

// withoutPassword is the URL as it may be shown.
func withoutPassword(spec string) string {
	u, err := url.Parse(spec)
	switch {
	case err != nil:
		return "(not a URL)"
	case u.Query().Has("password"):
		q := u.Query()
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
