// Command conformance runs the bench's cases against an operator's server and says,
// per requirement, whether it conforms.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/cases"
)

// Exit codes (the same in every command of the bench).
const (
	exitConformant    = 0
	exitNotConformant = 1
	exitUsage         = 2
	exitUnreachable   = 3
	exitIncomplete    = 4
)

type cli struct {
	Run  runCmd  `cmd:"" help:"Run cases against a server."`
	List listCmd `cmd:"" help:"List the cases."`
	Show showCmd `cmd:"" help:"Show one case."`
}

type listCmd struct {
	Pattern string `arg:"" optional:"" help:"Regular expression over ids and paths."`
}

type showCmd struct {
	Case string `arg:"" help:"Id or path of a case."`
}

// exitError carries an exit code with its reason.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }

type streams struct{ out, err io.Writer }

func main() { os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr})) }

func run(args []string, s streams) int {
	var c cli
	stopped := -1
	parser, err := kong.New(&c, kong.Name("conformance"), kong.Description("Judge an operator of fiscal data by what it does on the wire."),
		kong.Writers(s.out, s.err), kong.Exit(func(code int) { stopped = code }))
	if err != nil {
		panic(err) // a wrong static description of the command line
	}
	parsed, err := parser.Parse(args)
	if stopped >= 0 {
		return stopped
	}
	if err != nil {
		fmt.Fprintln(s.err, "conformance:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(s)
	var exit *exitError
	switch {
	case err == nil:
		return exitConformant
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(s.err, "conformance:", exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(s.err, "conformance:", err)
	return exitUsage
}

// Run prints a line a case.
func (c *listCmd) Run(s streams) error {
	chosen, err := conformance.Select(cases.All(), c.Pattern)
	if err != nil {
		return err
	}
	for _, k := range chosen {
		fmt.Fprintf(s.out, "%s  %-36s [%s] %s\n", k.ID, k.Path, k.Mark, k.Title)
	}
	return nil
}

// Run prints one case.
func (c *showCmd) Run(s streams) error {
	chosen, err := conformance.Select(cases.All(), c.Case)
	if err != nil {
		return err
	}
	for _, k := range chosen {
		fmt.Fprintf(s.out, "%s %s\n  %s\n  source: %s [%s]\n  needs: %s\n", k.ID, k.Path, k.Title, k.Source, k.Mark, k.Needs)
	}
	return nil
}
