package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

type backupCmd struct {
	baseFlag
	Out string `name:"out" required:"" placeholder:"FILE" help:"New file. To restore, let ofd serve --store=sqlite:FILE have it, or a copy."`
}

func (c *backupCmd) Run(p *process) error {
	return c.withArchive(false, func(ctx context.Context, b archive.Base) error {
		file, ok := b.(*sqlite.Archive)
		if !ok {
			return usage("--store: a PostgreSQL database is backed up with its own tools, pg_dump or pg_basebackup: docs/schema.md")
		}
		if err := file.Backup(ctx, c.Out); err != nil {
			if errors.Is(err, os.ErrExist) {
				return usage("--out=%q: is there already", c.Out)
			}
			return err
		}
		fmt.Fprintf(p.err, "backed up to %s\n", c.Out)
		return nil
	})
}
