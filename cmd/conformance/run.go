package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

type runCmd struct {
	Pattern string        `arg:"" optional:"" help:"Regular expression over ids and paths; all cases when absent."`
	Self    bool          `help:"Judge the built-in operator." xor:"target"`
	Addr    string        `help:"Judge the server at HOST:PORT." xor:"target" placeholder:"HOST:PORT"`
	HTTP    string        `help:"JSON API of the server at --addr, for cases that look at what was stored." placeholder:"HOST:PORT"`
	INN     string        `default:"7704358518" help:"INN of the operator under test."`
	Key     string        `help:"Master key of TB-GOST-1, 64 hex digits; the public test key when absent." env:"CONFORMANCE_KEY"`
	Seed    uint64        `help:"Seed of all numbers; a random one when 0."`
	Timeout time.Duration `default:"5s" help:"Limit for an answer or a close."`
	Results string        `help:"Write results.json here." type:"path" placeholder:"FILE"`
}

// Run runs the cases and sums up on the last line.
func (c *runCmd) Run(ctx context.Context, s streams) error {
	runner, err := c.runner(s)
	if err != nil {
		return err
	}
	chosen, err := conformance.Select(cases.All(), c.Pattern)
	if err != nil {
		return err
	}
	under, stop, err := c.target(ctx, s)
	if err != nil {
		return err
	}
	defer stop()
	runner.Target = under
	if err := reachable(ctx, under.Addr(), c.Timeout); err != nil {
		return &exitError{exitUnreachable, err}
	}
	fmt.Fprintf(s.out, "%s, %d cases, seed %d\n", under, len(chosen), c.Seed)
	start := time.Now()
	summary := runner.Run(ctx, chosen)
	c.printFailures(s, summary)
	if err := c.writeResults(summary); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped, %d warned, %d errors (seed %d, %.1f s)\n", summary.Count(conformance.Pass), summary.Count(conformance.Fail),
		summary.Count(conformance.Skip), summary.Count(conformance.Warn), summary.Count(conformance.Error), c.Seed, time.Since(start).Seconds())
	switch {
	case ctx.Err() != nil:
		return &exitError{exitIncomplete, errors.New("interrupted")}
	case !summary.Conformant():
		return &exitError{exitNotConformant, nil}
	}
	return nil
}

func (c *runCmd) runner(s streams) (*conformance.Runner, error) {
	inn, err := fiscal.ParseINN(c.INN)
	if err != nil {
		return nil, fmt.Errorf("--inn: %w", err)
	}
	master := model.TestMasterKey()
	if c.Key != "" {
		key, err := hex.DecodeString(c.Key)
		if err != nil || len(key) != 32 {
			return nil, errors.New("--key: want 64 hex digits")
		}
		master = [32]byte(key)
	}
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano())
	}
	return &conformance.Runner{
		OFD: string(inn), Master: master, Seed: c.Seed, Timeout: c.Timeout, Start: caseStart,
		Report: func(r conformance.Result) {
			fmt.Fprintf(s.out, "%-5s %s %s%s\n", r.Outcome, r.ID, r.Path, reason(r))
		},
	}, nil
}

// caseStart is the wall clock of the first document of every case: fixed, so that
// one seed gives the same bytes.
var caseStart = time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)

func reason(r conformance.Result) string {
	if r.Reason == "" {
		return ""
	}
	return ": " + r.Reason
}

// target opens what is to be judged and returns how to stop it.
func (c *runCmd) target(ctx context.Context, s streams) (conformance.Target, func(), error) {
	switch {
	case c.Self:
		t, err := target.StartSelf(ctx, fiscal.INN(c.INN))
		if err != nil {
			return nil, nil, fmt.Errorf("starting the built-in operator: %w", err)
		}
		return t, func() { stopErr(s, t.Stop()) }, nil
	case c.Addr != "":
		if _, _, err := net.SplitHostPort(c.Addr); err != nil {
			return nil, nil, fmt.Errorf("--addr: %w", err)
		}
		return target.NewAddr(c.Addr, c.HTTP), func() {}, nil
	}
	return nil, nil, errors.New("say what to judge: --self or --addr HOST:PORT")
}

func reachable(ctx context.Context, addr string, limit time.Duration) error {
	d := net.Dialer{Timeout: limit}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("the target is not reachable: %w", err)
	}
	return conn.Close()
}

// printFailures shows what failed with what was expected and what came.
func (c *runCmd) printFailures(s streams, summary conformance.Summary) {
	for _, r := range summary.Results {
		if r.Outcome != conformance.Fail && r.Outcome != conformance.Warn {
			continue
		}
		fmt.Fprintf(s.out, "\n%s %s %s\n  %s (%s)\n", r.Outcome, r.ID, r.Path, r.Title, r.Source)
		for _, k := range r.Checks {
			if !k.OK {
				fmt.Fprintf(s.out, "  %s [%s]: %s\n    expected %s\n    seen     %s (offset %d)\n", k.Name, k.Mark, k.Requirement, k.Expected, k.Seen, k.Offset)
			}
		}
		for _, e := range r.Exchanges {
			fmt.Fprintf(s.out, "    > %s\n    < %s (%s)\n", e.Sent, e.Received, e.Ending)
		}
		fmt.Fprintf(s.out, "  again: conformance run %s %s --seed %d\n", r.ID, c.how(), c.Seed)
	}
}

func (c *runCmd) how() string {
	if c.Self {
		return "--self"
	}
	return "--addr " + c.Addr
}

func (c *runCmd) writeResults(summary conformance.Summary) error {
	if c.Results == "" {
		return nil
	}
	b, err := json.MarshalIndent(summary, "", "  ")
	if err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	if err := os.WriteFile(c.Results, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	return nil
}

func stopErr(s streams, err error) {
	if err != nil {
		fmt.Fprintln(s.err, "conformance: stopping the built-in operator:", err)
	}
}
