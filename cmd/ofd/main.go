// Command ofd is a stand-in for an operator of fiscal data: it takes documents from
// registers, checks, keeps and confirms them. It is a test bench with public keys.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/fiscalbench/fiscalbench/internal/buildinfo"
)

// Exit codes (the same in every command of the bench).
const (
	exitFine        = 0
	exitFailed      = 1 // it ran and broke
	exitUsage       = 2
	exitUnreachable = 3 // an address or the store cannot be had
)

const description = "A test bench operator of fiscal data (ОФД). Its keys are public: never use it for real registers' duties."

type cli struct {
	Serve     serveCmd     `cmd:"" help:"Take documents from registers until SIGTERM or SIGINT."`
	Verify    verifyCmd    `cmd:"" help:"Check a whole base: chains, signs, totals; exit code 1 when it is damaged."`
	Export    exportCmd    `cmd:"" help:"Write a whole base as JSON lines."`
	Import    importCmd    `cmd:"" help:"Read an export into an empty base."`
	Backup    backupCmd    `cmd:"" help:"Copy a SQLite base to a new file while servers go on."`
	Migrate   migrateCmd   `cmd:"" help:"Bring a base up to this program's schema; divide a PostgreSQL base over several machines."`
	Retention retentionCmd `cmd:"" help:"Delete what has outlived its term, with a protocol."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

// process is what a command needs of its process.
type process struct {
	env      []string
	out, err io.Writer
}

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

// coded is an error with the exit code it ends the process with.
type coded struct {
	code int
	err  error
}

func (e coded) Error() string { return e.err.Error() }
func (e coded) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return coded{exitUsage, fmt.Errorf(format, args...)} }

func run(args, env []string, stdout, stderr io.Writer) int {
	err := dispatch(args, &process{env: env, out: stdout, err: stderr})
	var c coded
	var stop stopped
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &stop):
		return int(stop)
	case errors.As(err, &c):
		fmt.Fprintln(stderr, "ofd:", err)
		return c.code
	}
	fmt.Fprintln(stderr, "ofd:", err)
	return exitFailed
}

// stopped is the exit code of a parser that has answered by itself (--help).
type stopped int

func (s stopped) Error() string { return fmt.Sprintf("stopped with code %d", int(s)) }

// parse reads a command line.
func parse(args []string, p *process) (c *cli, k *kong.Context, err error) {
	c = &cli{}
	stop := stopped(-1)
	parser, err := kong.New(c, kong.Name("ofd"), kong.Description(description), kong.Writers(p.out, p.err),
		kong.Exit(func(code int) { stop = stopped(code) }))
	if err != nil {
		panic(err) // a wrong static description of the command line
	}
	k, err = parser.Parse(args)
	switch {
	case stop >= 0:
		return nil, nil, stop
	case err != nil:
		return nil, nil, coded{exitUsage, err}
	}
	return c, k, nil
}

func dispatch(args []string, p *process) error {
	c, k, err := parse(args, p)
	if err != nil {
		return err
	}
	if k.Command() == "serve" { // file and environment go below the flags that were set
		if err := contradictions("the command line", c.Serve.Fault, c.Serve.Set); err != nil {
			return err
		}
		if args, err = layered(args, c.Serve.Config, p); err != nil {
			return err
		}
		if _, k, err = parse(args, p); err != nil {
			return err
		}
	}
	return k.Run(p)
}

func (versionCmd) Run(p *process) error {
	_, err := fmt.Fprintln(p.out, "ofd", buildinfo.Version())
	return err
}
