package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"time"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// termFlags say how long rows are kept.
type termFlags struct {
	Keep      int           `name:"keep-years" default:"5" help:"Years that rows are kept from receipt, at least 5 (default ${default})."`
	BenchTerm time.Duration `name:"bench-term" placeholder:"DURATION" help:"Keep rows only so long: for a bench whose years are short, never for data that somebody needs."`
}

func (f *termFlags) term() (archive.Term, error) {
	t := archive.Term{Years: f.Keep, Bench: f.BenchTerm, AllowShort: f.BenchTerm > 0}
	if err := t.Check(); err != nil {
		return t, coded{exitUsage, fmt.Errorf("--keep-years=%d: %w", f.Keep, err)}
	}
	return t, nil
}

type retentionCmd struct {
	baseFlag
	termFlags
	Who    string `name:"who" placeholder:"NAME" help:"Who deletes, for the protocol (default: the user of this process)."`
	DryRun bool   `name:"dry-run" help:"Tell what would be deleted, delete nothing."`
}

func (c *retentionCmd) Run(p *process) error {
	t, err := c.term()
	if err != nil {
		return err
	}
	if c.Who == "" {
		u, err := user.Current()
		if err != nil {
			return usage("--who: %w", err)
		}
		c.Who = u.Username
	}
	return c.withArchive(false, func(ctx context.Context, b archive.Base) error {
		o := archive.RetentionOptions{Term: t, Who: c.Who, Now: time.Now(), DryRun: c.DryRun}
		return retain(ctx, p.out, b, o)
	})
}

// retain does it once and tells what was done.
func retain(ctx context.Context, out io.Writer, b archive.Base, o archive.RetentionOptions) error {
	did, documents, others := "deleted", int64(0), int64(0)
	if o.DryRun {
		did = "to delete"
	}
	err := archive.Retain(ctx, b, o, func(e *chain.Entry) {
		if e.What == "documents" {
			documents += e.Rows
			fmt.Fprintf(out, "FN %s: %d documents %s, places %d to %d of the chain, numbers %d to %d\n", e.FN, e.Rows, did, e.First, e.Last, e.FirstFD, e.LastFD)
			return
		}
		others += e.Rows
		fmt.Fprintf(out, "%s: %d rows %s, ids %d to %d\n", e.What, e.Rows, did, e.First, e.Last)
	})
	fmt.Fprintf(out, "%s: %d documents, %d other rows, all from before %s\n", did, documents, others, o.Term.Before(o.Now).UTC().Format(time.RFC3339))
	return err
}

// retainDaily does it at the start and then once a day until ctx ends. now is the clock
// that documents were received by.
func retainDaily(ctx context.Context, store string, f termFlags, now func() time.Time, log *slog.Logger) error {
	t, err := f.term()
	if err != nil {
		return err
	}
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	for {
		if err := retainOnce(ctx, store, t, now(), log); err != nil && ctx.Err() == nil {
			log.Error("deleting what has outlived its term", "err", err) // tomorrow again
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func retainOnce(ctx context.Context, store string, t archive.Term, now time.Time, log *slog.Logger) (err error) {
	b, err := openArchive(ctx, store, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return archive.Retain(ctx, b, archive.RetentionOptions{Term: t, Who: "ofd serve", Now: now}, func(e *chain.Entry) {
		log.Info("deleted after their term", "what", e.What, "fn", e.FN, "rows", e.Rows, "entry", e.ID)
	})
}
