package main

import (
	"context"
	"fmt"
	"io"

	"github.com/fiscalbench/fiscalbench/server/archive"
)

type exportCmd struct {
	baseFlag
	Out string `name:"out" required:"" placeholder:"FILE|-" help:"New file for one JSON object a line, or - for stdout. It holds personal data of buyers."`
}

func (c *exportCmd) Run(p *process) error {
	return c.withArchive(false, func(ctx context.Context, b archive.Base) error {
		var n archive.Counts
		err := toFile(c.Out, p.out, func(w io.Writer) (err error) {
			n, err = archive.Export(ctx, b, w, nil)
			return err
		})
		if err == nil {
			fmt.Fprintf(p.err, "exported %s\n", rowsText(n))
		}
		return err
	})
}

func rowsText(n archive.Counts) string {
	return fmt.Sprintf("%d drives, %d documents, %d exchanges, %d quarantined messages, %d incidents, %d entries of the protocol",
		n.Drives, n.Documents, n.Exchanges, n.Quarantine, n.Incidents, n.Protocol)
}
