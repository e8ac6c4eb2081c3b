package main

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/record"
)

type replayCmd struct {
	Dir  string   `arg:"" type:"existingdir" help:"Folder that a run wrote with --out, or its trace folder."`
	Case []string `arg:"" optional:"" help:"Cases by id, or ID@VARIANT; all when absent."`
	targetFlags
	Verbose bool `short:"v" help:"A line per exchange."`
}

// Run plays the exchanges and says where the answers are not what they were.
func (c *replayCmd) Run(ctx context.Context, s streams) error {
	if err := c.check(); err != nil {
		return err
	}
	traces, err := record.Load(c.Dir, c.Case...)
	if err != nil {
		return err
	}
	keys, err := c.replayKeys()
	if err != nil {
		return err
	}
	under, err := c.open(ctx, s, &injecting{})
	if err != nil {
		return err
	}
	defer func() {
		if err := under.stop(); err != nil {
			fmt.Fprintln(s.err, "conformance: stopping the target:", err)
		}
	}()
	fmt.Fprintf(s.out, "%s, %d cases\n", under, len(traces))
	player := record.NewPlayer(record.Options{Addr: under.Addr(), Timeout: c.Timeout, Keys: keys})
	counts := map[record.Likeness]int{}
	for i := range traces {
		played, err := player.Play(ctx, &traces[i])
		for _, p := range played {
			counts[p.Likeness]++
			if p.Likeness == record.Different || c.Verbose {
				fmt.Fprintf(s.out, "%-9s %s exchange %d (%s)\n", p.Likeness, p.Case, p.N, p.Ending)
			}
			for _, d := range p.Differences {
				fmt.Fprintf(s.out, "    %s\n", d)
			}
		}
		if err != nil {
			return &exitError{exitUnreachable, err}
		}
	}
	fmt.Fprintf(s.out, "%d same, %d alike, %d different, %d unplayed\n", counts[record.Same], counts[record.Alike], counts[record.Different], counts[record.Unplayed])
	switch {
	case counts[record.Different] > 0:
		return &exitError{exitNotConformant, nil}
	case counts[record.Same]+counts[record.Alike] == 0:
		return &exitError{exitIncomplete, fmt.Errorf("nothing could be played: a %s speaks first", conformance.KKT)}
	}
	return nil
}
