// Command fdump shows what bytes of the exchange between a register and its
// operator mean: every field with its offset, name and value, the verdicts of
// check codes, signs and format control, and where a wrong byte stands.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/internal/buildinfo"
)

// Exit codes (the same in every command of the bench).
const (
	exitFine   = 0
	exitFaulty = 1 // something in the bytes is wrong, or the two inputs differ
	exitUsage  = 2
)

type cli struct {
	Show    showCmd    `cmd:"" default:"withargs" help:"Explain bytes (the default command)."`
	Diff    diffCmd    `cmd:"" help:"Show where two inputs differ, field by field."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

type showCmd struct {
	Files    []string `arg:"" optional:"" help:"Files: hex, base64, binary, pcap or pcapng. Standard input when none or '-'."`
	JSON     bool     `help:"One JSON report a line."`
	Settings `embed:""`
}

type diffCmd struct {
	A        string `arg:"" help:"First input."`
	B        string `arg:"" help:"Second input."`
	JSON     bool   `help:"One JSON difference a line."`
	Settings `embed:""`
}

type versionCmd struct{}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() { os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) }

// errFaulty is the outcome of a command that ran well on bytes that are not.
var errFaulty = errors.New("faulty")

func run(args []string, s streams) int {
	var c cli
	stopped := -1
	parser, err := kong.New(&c, kong.Name("fdump"), kong.Description("Explain bytes of the fiscal exchange."),
		kong.Writers(s.out, s.err), kong.Exit(func(code int) { stopped = code }))
	if err != nil {
		panic(err) // a wrong static description of the command line
	}
	ctx, err := parser.Parse(args)
	if stopped >= 0 {
		return stopped
	}
	if err != nil {
		fmt.Fprintln(s.err, "fdump:", err)
		return exitUsage
	}
	switch err := ctx.Run(s); {
	case errors.Is(err, errFaulty):
		return exitFaulty
	case err != nil:
		fmt.Fprintln(s.err, "fdump:", err)
		return exitUsage
	}
	return exitFine
}

// Run explains every piece of every input.
func (c *showCmd) Run(s streams) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	files := c.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	wrong := false
	for _, name := range files {
		pieces, err := readInput(name, s.in)
		if err != nil {
			return err
		}
		for _, p := range pieces {
			for _, r := range explain.Bytes(context.Background(), p.bytes, options) {
				wrong = wrong || r.Faulty()
				if err := show(s.out, p.name, r, c.JSON); err != nil {
					return err
				}
			}
		}
	}
	if wrong {
		return errFaulty
	}
	return nil
}

func show(w io.Writer, name string, r *explain.Report, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			Input string `json:"input"`
			*explain.Report
		}{name, r})
	}
	fmt.Fprintf(w, "== %s: ", name)
	if err := r.WriteText(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// Run compares the first piece of each input.
func (c *diffCmd) Run(s streams) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	var reports [2]*explain.Report
	for i, name := range []string{c.A, c.B} {
		pieces, err := readInput(name, s.in)
		if err != nil {
			return err
		}
		if len(pieces) != 1 {
			return fmt.Errorf("%s: %d pieces, diff wants one", name, len(pieces))
		}
		reports[i] = explain.Bytes(context.Background(), pieces[0].bytes, options)[0]
	}
	differences := explain.Diff(reports[0], reports[1])
	for _, d := range differences {
		if err := showDifference(s.out, d, c.JSON); err != nil {
			return err
		}
	}
	if len(differences) > 0 {
		return errFaulty
	}
	return nil
}

func showDifference(w io.Writer, d explain.Difference, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(d)
	}
	for _, side := range []struct {
		mark string
		node *explain.Node
	}{{"-", d.A}, {"+", d.B}} {
		if n := side.node; n != nil {
			if _, err := fmt.Fprintf(w, "%s %06d %s %s: %s [%s]\n", side.mark, n.Offset, d.Path, n.Name, n.Value, n.Raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run prints the version of the module this command was built from.
func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "fdump", buildinfo.Version())
	return err
}
