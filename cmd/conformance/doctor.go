package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/creack/pty"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

type doctorCmd struct {
	choice
	targetFlags
}

// Run looks at what the cases use of this machine, then at the target when one is
// named, and says which of the chosen cases it would skip.
func (c *doctorCmd) Run(ctx context.Context, s streams) error {
	broken := false
	say := func(name string, err error, needed bool, good string) {
		switch {
		case err == nil:
			fmt.Fprintf(s.out, "ok    %-10s %s\n", name, good)
		case needed:
			broken = true
			fmt.Fprintf(s.out, "FAIL  %-10s %v\n", name, err)
		default:
			fmt.Fprintf(s.out, "none  %-10s %v\n", name, err)
		}
	}
	addr, err := target.FreeAddr(ctx)
	say("loopback", err, true, "listens, as at "+addr)
	dir, err := temporary()
	say("files", err, true, "writes below "+dir)
	say("terminal", terminal(), false, "pseudo-terminals for registers on a serial line")
	say("shell", shell(), c.Exec != "", "/bin/sh for --exec")
	chosen, err := c.choose(c.party())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "ok    %-10s %d cases, %d with their variants\n", "cases", len(chosen), jobs(chosen))
	if !c.named() {
		fmt.Fprintln(s.out, "name a target to see which cases will be skipped: --self, --addr, --exec or --image; for a register --self, --control, --exec or --listen")
		return doctored(broken)
	}
	if err := c.check(); err != nil {
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
	fmt.Fprintf(s.out, "ok    %-10s %s\n", "target", under)
	if c.HTTP != "" && c.HTTP != "auto" {
		say("http", answersHTTP(ctx, c.HTTP), true, "the API answers at "+c.HTTP)
	}
	c.skips(ctx, s, under, chosen)
	return doctored(broken)
}

func doctored(broken bool) error {
	if broken {
		return &exitError{exitIncomplete, nil}
	}
	return nil
}

// skips has the engine decide about every case, with nothing in it to run.
func (c *doctorCmd) skips(ctx context.Context, s streams, under *reached, chosen []conformance.Case) {
	empty := slices.Clone(chosen)
	for i := range empty {
		empty[i].Run = func(_ context.Context, r *conformance.Run) {
			r.Expect("doctor/would-run", conformance.TB, "it would run", true, "", "")
		}
		empty[i].Variants, empty[i].Settings = nil, nil
	}
	runner := &conformance.Runner{Target: under.Target, OFD: c.INN, Timeout: c.Timeout, Start: caseStart}
	summary := runner.Run(ctx, empty)
	reasons := map[string][]string{}
	var order []string
	for _, r := range summary.Results {
		if r.Outcome == conformance.Pass {
			continue
		}
		if reasons[r.Reason] == nil {
			order = append(order, r.Reason)
		}
		reasons[r.Reason] = append(reasons[r.Reason], r.ID)
	}
	n := 0
	for _, reason := range order {
		n += len(reasons[reason])
		fmt.Fprintf(s.out, "skip  %-10d %s: %s\n", len(reasons[reason]), reason, strings.Join(reasons[reason], " "))
	}
	fmt.Fprintf(s.out, "%d of %d cases will run, %d will be skipped\n", len(empty)-n, len(empty), n)
}

func temporary() (string, error) {
	dir, err := os.MkdirTemp("", "conformance-doctor-")
	if err != nil {
		return "", err
	}
	return os.TempDir(), os.RemoveAll(dir)
}

func terminal() error {
	p, t, err := pty.Open()
	if err != nil {
		return err
	}
	t.Close()
	return p.Close()
}

func shell() error {
	_, err := os.Stat("/bin/sh")
	return err
}

// answersHTTP accepts any answer: which one is for the cases to judge.
func answersHTTP(ctx context.Context, addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/bench/v1/drives", nil)
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return reply.Body.Close()
}
