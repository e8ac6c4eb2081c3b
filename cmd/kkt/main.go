// Command kkt is an emulated cash register with its fiscal drive: it lives scripted
// lives, serves a register by hand and over a drive's serial line, issues real
// receipts again, probes operators and loads them. It is a test bench with public keys.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/internal/buildinfo"
)

// Exit codes (the same in every command of the bench).
const (
	exitFine        = 0
	exitFailed      = 1 // not conformant, or an expectation was not met
	exitUsage       = 2
	exitUnreachable = 3
	exitIncomplete  = 4 // interrupted, or some of the input could not be read
)

const description = "A test bench register (ККТ) with its fiscal drive (ФН). Its keys are public: what it makes is valid nowhere but on the bench."

type cli struct {
	LogLevel slog.Level `name:"log-level" default:"WARN" help:"Log events from this level on: DEBUG, INFO, WARN, ERROR."`

	Play    playCmd    `cmd:"" help:"Play a scripted life."`
	Serve   serveCmd   `cmd:"" help:"Serve a register: HTTP control, the drive's serial line, exchange with an operator."`
	Import  importCmd  `cmd:"" help:"Issue real receipts again."`
	Check   checkCmd   `cmd:"" help:"Probe an operator in service mode."`
	Load    loadCmd    `cmd:"" help:"Load an operator with documents of many registers and measure its confirmations."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

// process is what a command needs of its process.
type process struct {
	ctx      context.Context
	env      []string
	out, err io.Writer
	log      *slog.Logger
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// coded is an error with the exit code it ends the process with.
type coded struct {
	code int
	err  error
}

func (e coded) Error() string { return e.err.Error() }
func (e coded) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return coded{exitUsage, fmt.Errorf(format, args...)} }

func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) int {
	err := dispatch(args, &process{ctx: ctx, env: env, out: stdout, err: stderr})
	var stop stopped
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &stop):
		return int(stop)
	}
	fmt.Fprintln(stderr, "kkt:", err)
	return exitCode(err)
}

func exitCode(err error) int {
	var c coded
	var l *link.Error
	switch {
	case errors.As(err, &c):
		return c.code
	case errors.Is(err, context.Canceled):
		return exitIncomplete
	case errors.As(err, &l) && l.Stage == link.StageConnect:
		return exitUnreachable
	}
	return exitFailed
}

// stopped is the exit code of a parser that has answered by itself (--help).
type stopped int

func (s stopped) Error() string { return fmt.Sprintf("stopped with code %d", int(s)) }

func dispatch(args []string, p *process) error {
	c := &cli{}
	stop := stopped(-1)
	parser, err := kong.New(c, kong.Name("kkt"), kong.Description(description), kong.Writers(p.out, p.err), kong.Resolvers(fromEnv(p.env)),
		kong.Exit(func(code int) { stop = stopped(code) }))
	if err != nil {
		panic(err) // a wrong static description of the command line
	}
	k, err := parser.Parse(args)
	switch {
	case stop >= 0:
		return stop
	case err != nil:
		return coded{exitUsage, err}
	}
	p.log = slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: c.LogLevel}))
	return k.Run(p)
}

// fromEnv gives flags that were not set from the environment: KKT_OFD for --ofd,
// KKT_FN_SERIAL for --fn-serial.
func fromEnv(env []string) kong.Resolver {
	values := map[string]string{}
	for _, pair := range env {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, "KKT_") {
			values[name] = value
		}
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if v, ok := values["KKT_"+strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))]; ok {
			return v, nil
		}
		return nil, nil
	})
}

// Run prints the version.
func (versionCmd) Run(p *process) error {
	_, err := fmt.Fprintln(p.out, "kkt", buildinfo.Version())
	return err
}
