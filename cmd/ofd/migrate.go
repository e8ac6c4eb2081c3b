package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"

	"github.com/fiscalbench/fiscalbench/server/store/postgres"
)

type migrateCmd struct {
	Store       string `name:"store" required:"" placeholder:"sqlite:PATH|postgres://URL" help:"The base to bring up to date; it is made when it is not there."`
	Distributed bool   `name:"distributed" help:"Then divide the tables over the machines of a Citus cluster, whose coordinator --store names. No server may be running."`
	DryRun      bool   `name:"dry-run" help:"With --distributed: print the statements that divide the tables, touch nothing."`
}

func (c *migrateCmd) Run(p *process) error {
	remote := strings.HasPrefix(c.Store, "postgres://") || strings.HasPrefix(c.Store, "postgresql://")
	switch {
	case c.Distributed && !remote:
		return usage("--distributed: wants --store=postgres://…, not %q", withoutPassword(c.Store))
	case c.DryRun && !c.Distributed:
		return usage("--dry-run: says nothing without --distributed")
	case c.DryRun:
		for _, statement := range postgres.DistributionStatements() {
			fmt.Fprintln(p.out, statement+";")
		}
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	base, err := openStore(ctx, c.Store, 0, slog.New(slog.NewTextHandler(p.err, nil)))
	if err != nil {
		return err
	}
	if err := base.Close(); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s has the schema of this program\n", withoutPassword(c.Store))
	if !c.Distributed {
		return nil
	}
	err = postgres.Distribute(ctx, c.Store, func(statement string) { fmt.Fprintln(p.out, statement+";") })
	if errors.Is(err, postgres.ErrNoCitus) {
		return coded{exitUnreachable, err}
	}
	return err
}
