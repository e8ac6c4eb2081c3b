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

// openStore opens the store that --store names.
func openStore(ctx context.Context, spec string, log *slog.Logger) (store.Store, error) {
	kind, path, _ := strings.Cut(spec, ":")
	switch {
	case kind == "sqlite" && path != "":
		db, err := sqlite.Open(path, sqlite.Options{Logger: log})
		if err != nil {
			return nil, coded{exitUnreachable, fmt.Errorf("--store=%q: %w", spec, err)}
		}
		return db, nil
	case (kind == "postgres" || kind == "postgresql") && strings.HasPrefix(path, "//"):
		db, err := postgres.Open(ctx, spec, postgres.Options{Logger: log})
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
