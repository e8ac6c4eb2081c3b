package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// registerFlags say how a register is reached, beside --self and --exec.
type registerFlags struct {
	Control    string        `placeholder:"HOST:PORT|auto" help:"Judge the register whose control port this is, as that of kkt serve; with --exec, auto: at CONFORMANCE_CONTROL. For an operator: the control port of ofd serve, whose faults in force are noted."`
	Listen     string        `placeholder:"HOST:PORT" help:"Where the harness is the register's operator. Alone: judge the register that is told to send there, by hand."`
	Marking    string        `placeholder:"HOST:PORT" help:"Where the harness is the register's marking operator."`
	FNSerial   string        `name:"fn-serial" placeholder:"HOST:PORT|pty" help:"Be the drive too, for a register that has none: its serial protocol at a TCP port, or at a pseudo-terminal whose path is printed."`
	Wait       time.Duration `help:"How long a message of a register worked by hand is waited for (1h10m)."`
	Unattended bool          `help:"Nobody is there: cases that need hands are skipped with their reason."`
}

// any names a flag that was given.
func (f *registerFlags) any() string {
	for _, g := range []struct {
		name string
		on   bool
	}{{"--listen", f.Listen != ""}, {"--marking", f.Marking != ""}, {"--fn-serial", f.FNSerial != ""}, {"--wait", f.Wait != 0}} {
		if g.on {
			return g.name
		}
	}
	return ""
}

// registerContradictions refuses flags that do not go together where a register is
// judged.
func (f *targetFlags) registerContradictions() error {
	for _, g := range []struct {
		name string
		on   bool
	}{{"--addr", f.Addr != ""}, {"--image", f.Image != ""}, {"--http", f.HTTP != ""}, {"--fresh", f.Fresh}, {"--each", f.Each}} {
		switch {
		case g.on && f.Target == string(conformance.Pair):
			return fmt.Errorf("--target=pair: %s cannot be had: the cases of a pair set the clocks and settings of both ends, which only the built-in ones let them; say --self, or judge each end alone", g.name)
		case g.on:
			return fmt.Errorf("--target=kkt: %s is for operators: a register calls the harness; say --self, --control, --exec or --listen", g.name)
		}
	}
	switch {
	case f.Target == string(conformance.Pair) && (f.Exec != "" || f.Control != "" || f.any() != ""):
		return errors.New("--target=pair: only the built-in ends can be judged, whose clocks and settings the cases set: say --self alone, or judge each end alone")
	case f.Target == string(conformance.Pair) && !f.Self:
		return errors.New("--target=pair: say --self; a pair of your own is judged one end at a time")
	case f.Self && f.Control != "":
		return errors.New("--control is of no use with --self, which has everything of its own")
	case f.Self && f.any() != "":
		return fmt.Errorf("%s is of no use with --self, which has everything of its own", f.any())
	case f.Self:
	case f.Control == "auto" && f.Exec == "":
		return errors.New("--control=auto goes with --exec")
	case f.Control != "" && f.Control != "auto" && f.Exec != "":
		return errors.New("--control names a register that runs already: leave out --exec, or say --control auto")
	case f.Control != "" && f.FNSerial != "":
		return errors.New("--fn-serial is for a register without a drive: one with a control port has one")
	case f.Control == "" && f.Exec == "" && f.Listen == "":
		return errors.New("--target=kkt: say which register: --self, --control HOST:PORT, --exec COMMAND, or --listen HOST:PORT for one that is worked by hand")
	}
	if err := f.checkControl(); err != nil {
		return err
	}
	if f.FNSerial != "" && f.FNSerial != "pty" {
		if _, _, err := net.SplitHostPort(f.FNSerial); err != nil {
			return fmt.Errorf("--fn-serial: %w", err)
		}
	}
	if f.Wait < 0 {
		return fmt.Errorf("--wait=%s: must be more than zero", f.Wait)
	}
	return nil
}

// controlAddr is --control without the scheme and path of a URL.
func (f *registerFlags) controlAddr() string {
	return strings.TrimSuffix(strings.TrimPrefix(f.Control, "http://"), "/")
}

// register finds or starts the register.
func (f *targetFlags) register(ctx context.Context, s streams) (*reached, error) {
	if f.Control != "" {
		return f.controlled(ctx, s)
	}
	return f.byHand(ctx, s)
}

// controlled judges a register over its control port.
func (f *targetFlags) controlled(ctx context.Context, s streams) (*reached, error) {
	under := &reached{stop: func() error { return nil }}
	addr := f.controlAddr()
	if f.Control == "auto" {
		p := &spawned{command: f.Exec}
		var err error
		if p.addr, err = target.FreeAddr(ctx); err != nil {
			return nil, &exitError{exitUnreachable, err}
		}
		addr = p.addr
		p.env = f.environment("CONFORMANCE_CONTROL=" + addr)
		if err := p.start(ctx); err != nil {
			return nil, &exitError{exitUnreachable, errors.Join(err, p.end())}
		}
		under.stop = p.end
	}
	t, err := target.FindControl(ctx, addr, f.Listen, f.Marking)
	if err != nil {
		return nil, &exitError{exitUnreachable, errors.Join(err, under.stop())}
	}
	under.Target = t
	if f.Listen != "" {
		fmt.Fprintf(s.out, "the operator of the register listens at %s\n", f.Listen)
	}
	return under, nil
}

// environment is what a register that is started is told.
func (f *targetFlags) environment(more ...string) []string {
	return append([]string{"CONFORMANCE_INN=" + f.INN, "CONFORMANCE_OFD=" + f.Listen, "CONFORMANCE_MARKING=" + f.Marking}, more...)
}

// byHand judges a register that calls: one on the desk, or a command that is started
// for each case.
func (f *targetFlags) byHand(ctx context.Context, s streams) (*reached, error) {
	var err error
	for _, at := range []*string{&f.Listen, &f.Marking} {
		if *at, err = chosen(*at); err != nil {
			return nil, &exitError{exitUnreachable, err}
		}
	}
	if f.Listen == "" {
		if f.Listen, err = target.FreeAddr(ctx); err != nil {
			return nil, &exitError{exitUnreachable, err}
		}
	}
	t := &target.Firmware{OFD: f.Listen, Marking: f.Marking, Wait: f.Wait}
	under := &reached{Target: t, stop: func() error { return nil }}
	fmt.Fprintf(s.out, "point the register at the operator %s, INN %s\n", f.Listen, f.INN)
	if f.Marking != "" {
		fmt.Fprintf(s.out, "and at the marking operator %s\n", f.Marking)
	}
	serial, stop, err := f.serialDrive(ctx, s, t)
	if err != nil {
		return nil, &exitError{exitUnreachable, err}
	}
	under.stop = stop
	if f.Exec != "" {
		t.Name = "command " + f.Exec
		t.Start = func(ctx context.Context, o conformance.KKTOptions) (func() error, error) {
			p := &spawned{command: f.Exec, quiet: true, env: f.environment("CONFORMANCE_FN_SERIAL="+serial, "CONFORMANCE_FN="+o.FN,
				"CONFORMANCE_CASE="+o.Case, "CONFORMANCE_VARIANT="+o.Variant, "CONFORMANCE_OFD="+o.OFDAddr, "CONFORMANCE_MARKING="+o.MarkingAddr)}
			if err := p.start(ctx); err != nil {
				return nil, errors.Join(err, p.end())
			}
			return p.end, nil
		}
	}
	if !f.Unattended && f.Exec == "" {
		t.Ask = (&person{in: bufio.NewReader(os.Stdin), out: s.out}).ask
	}
	return under, nil
}

// chosen is an address with a free port in the place of port 0: the register is told
// it once for all cases.
func chosen(addr string) (string, error) {
	if host, port, err := net.SplitHostPort(addr); err != nil || port != "0" || host == "" {
		return addr, nil
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return ln.Addr().String(), ln.Close()
}

// serialDrive plays the drive when it is asked to, and tells where.
func (f *targetFlags) serialDrive(ctx context.Context, s streams, t *target.Firmware) (at string, stop func() error, err error) {
	if f.FNSerial == "" {
		return "", func() error { return nil }, nil
	}
	master, err := f.master()
	if err != nil {
		return "", nil, err
	}
	const number = "9999078902000001"
	if t.Drive, err = target.NewDrive(number, master); err != nil {
		return "", nil, err
	}
	live, cancel := context.WithCancel(context.WithoutCancel(ctx)) // cases may still need it after a signal
	done := make(chan error, 1)
	stop = func() error { cancel(); return <-done }
	if f.FNSerial == "pty" {
		path := make(chan string, 1)
		go func() { done <- t.Drive.ServePTY(live, func(p string) { path <- p }) }()
		select {
		case at = <-path:
		case err := <-done:
			cancel()
			return "", nil, err
		}
	} else {
		ln, err := net.Listen("tcp", f.FNSerial)
		if err != nil {
			cancel()
			return "", nil, fmt.Errorf("the drive's serial port: %w", err)
		}
		at = ln.Addr().String()
		t.Drive.Overhear()
		go func() { done <- t.Drive.Serve(live, ln) }()
	}
	fmt.Fprintf(s.out, "the drive %s answers the serial protocol at %s\n", number, at)
	return at, stop, nil
}

// person is somebody beside the register.
type person struct {
	in   *bufio.Reader
	out  io.Writer
	gone bool
}

// ask has the person do something. Nobody at the keyboard is as nobody there.
func (p *person) ask(ctx context.Context, what string) error {
	if p.gone {
		return conformance.ErrHands
	}
	fmt.Fprintf(p.out, "\n%s\n  Enter: done; n and the text shown: the register refused; s: it cannot > ", what)
	line := make(chan string, 1)
	go func() {
		text, err := p.in.ReadString('\n')
		if err != nil && text == "" {
			close(line)
			return
		}
		line <- text
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case text, ok := <-line:
		text = strings.TrimSpace(text)
		switch word, rest, _ := strings.Cut(text, " "); {
		case !ok:
			p.gone = true
			fmt.Fprintln(p.out, "nobody answers: cases that need hands are skipped")
			return conformance.ErrHands
		case text == "":
			return nil
		case word == "n" || word == "н":
			return &conformance.Refused{Rule: "by hand", Text: rest}
		case word == "s" || word == "с":
			return conformance.ErrCannot
		}
		return fmt.Errorf("%q: want Enter, n or s", text)
	}
}
