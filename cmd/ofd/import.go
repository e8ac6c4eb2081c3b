package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/fiscalbench/fiscalbench/server/archive"
)

type importCmd struct {
	baseFlag
	In string `name:"in" required:"" placeholder:"FILE|-" help:"Export to read, or - for stdin. All of it gets in, or nothing."`
}

func (c *importCmd) Run(p *process) error {
	var in io.Reader = os.Stdin
	if c.In != "-" {
		f, err := os.Open(c.In)
		if err != nil {
			return coded{exitUnreachable, fmt.Errorf("--in=%q: %w", c.In, err)}
		}
		defer f.Close()
		in = f
	}
	return c.withArchive(true, func(ctx context.Context, b archive.Base) error {
		n, equal, err := archive.Import(ctx, b, in, nil)
		switch {
		case err != nil:
			return fmt.Errorf("nothing was imported: %w", err)
		case equal:
			fmt.Fprintf(p.err, "nothing to do: the base holds exactly this: %s\n", rowsText(n))
		default:
			fmt.Fprintf(p.err, "imported %s\n", rowsText(n))
		}
		return nil
	})
}
