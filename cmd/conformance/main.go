// Command conformance runs the bench's cases against a thing it did not write and
// says, per requirement and with the bytes that prove it, whether it conforms.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/fiscalbench/fiscalbench/internal/buildinfo"
)

// Exit codes (the same in every command of the bench).
const (
	exitConformant    = 0
	exitNotConformant = 1
	exitUsage         = 2 // wrong use, or nothing selected
	exitUnreachable   = 3
	exitIncomplete    = 4 // not everything was judged
)

type cli struct {
	Run     runCmd     `cmd:"" help:"Run cases against a target."`
	List    listCmd    `cmd:"" help:"List the cases."`
	Show    showCmd    `cmd:"" help:"Show cases with their sources and needs."`
	Watch   watchCmd   `cmd:"" help:"Judge what passes where a register talks, as the operator or between the two."`
	Replay  replayCmd  `cmd:"" help:"Play the recorded exchanges of a run again."`
	Report  reportCmd  `cmd:"" help:"Make all reports anew from a results.json."`
	Diff    diffCmd    `cmd:"" help:"Say what is worse or better in NEW than in OLD."`
	Faults  faultsCmd  `cmd:"" help:"List the fault points of both ends and how to switch them on."`
	Doctor  doctorCmd  `cmd:"" help:"Check the environment and say which cases will be skipped."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(s streams) error {
	fmt.Fprintln(s.out, tool())
	return nil
}

// tool is the name and version of this program.
func tool() string { return "conformance " + buildinfo.Version() }

// exitError carries an exit code, with its reason when there is one to print.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

type streams struct{ out, err io.Writer }

func main() { os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr})) }

// run is the one way from a command line to an exit code.
func run(args []string, s streams) int {
	var c cli
	stopped := -1
	parser, err := kong.New(&c, kong.Name("conformance"), kong.Description("Judge an operator of fiscal data, or a register, by what it does on the wire."),
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	return exitCode(parsed.Run(s), s)
}

func exitCode(err error, s streams) int {
	if err == nil {
		return exitConformant
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitUsage, err}
	}
	if exit.err != nil {
		fmt.Fprintln(s.err, "conformance:", strings.TrimPrefix(exit.err.Error(), "conformance: "))
	}
	return exit.code
}
