package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/postgres"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// baseFlag is the setting that all commands of the archive share.
type baseFlag struct {
	Store string `name:"store" required:"" placeholder:"sqlite:PATH|postgres://URL" help:"The base, as in ofd serve."`
}

// withArchive opens the base and runs do until it ends or a signal comes. Only create
// makes a base where there is none.
func (f *baseFlag) withArchive(create bool, do func(ctx context.Context, b archive.Base) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	b, err := openArchive(ctx, f.Store, create)
	if err != nil {
		return err
	}
	err = do(ctx, b)
	var broken *pgconn.ConnectError
	if errors.As(err, &broken) {
		err = coded{exitUnreachable, err}
	}
	return errors.Join(err, b.Close())
}

func openArchive(ctx context.Context, spec string, create bool) (b archive.Base, err error) {
	kind, path, _ := strings.Cut(spec, ":")
	switch {
	case kind == "sqlite" && path != "":
		b, err = sqlite.OpenArchive(ctx, path, create)
	case (kind == "postgres" || kind == "postgresql") && strings.HasPrefix(path, "//"):
		b, err = postgres.OpenArchive(ctx, spec)
		if bad := (*pgconn.ParseConfigError)(nil); errors.As(err, &bad) {
			return nil, usage("--store: %w", err)
		}
	default:
		return nil, usage("--store=%q: want sqlite:PATH or postgres://USER@HOST/DATABASE", withoutPassword(spec))
	}
	if err != nil {
		return nil, coded{exitUnreachable, fmt.Errorf("--store=%q: %w", withoutPassword(spec), err)}
	}
	return b, nil
}

// toFile lets write fill a new file, which is there only when it is whole and on
// disk; "-" is stdout.
func toFile(name string, stdout io.Writer, write func(io.Writer) error) (err error) {
	if name == "-" {
		return write(stdout)
	}
	if _, err := os.Lstat(name); err == nil {
		return usage("--out=%q: is there already", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".part*")
	if err != nil {
		return coded{exitUnreachable, fmt.Errorf("--out=%q: %w", name, err)}
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	// A link, unlike a renaming, does not replace what came there meanwhile.
	if err := os.Link(f.Name(), name); err != nil {
		return fmt.Errorf("--out=%q: %w", name, err)
	}
	return nil
}
