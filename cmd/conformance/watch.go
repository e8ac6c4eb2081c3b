package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/report"
	"github.com/fiscalbench/fiscalbench/conformance/watch"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

type watchCmd struct {
	Listen    string        `default:":7777" help:"Where the register talks to (default ${default})." placeholder:"HOST:PORT"`
	Forward   string        `help:"Pass everything on to the operator at HOST:PORT, unchanged; without it the program is the operator." placeholder:"HOST:PORT"`
	INN       string        `name:"inn" default:"7704358518" help:"INN of the operator (default ${default})."`
	Key       string        `help:"Master key of TB-GOST-1, 64 hex digits; the public test key when absent." env:"CONFORMANCE_KEY" placeholder:"HEX"`
	Signs     string        `enum:"check,ignore" default:"check" help:"check signs, or ignore them: drive or operator have keys of their own (default ${default})."`
	For       time.Duration `help:"End after this time." placeholder:"DURATION"`
	Documents int           `name:"until-documents" help:"End when so many documents passed." placeholder:"N"`
	Strict    bool          `help:"Breaches of the bench's own decisions (TB) fail their requirement instead of warning."`
	Out       string        `type:"path" placeholder:"DIR" help:"Write results.json, junit.xml, report.html, protocol.md, protocol.html, trace/ and traffic.ndjson here."`
	Verbose   bool          `short:"v" help:"A line per requirement at the end, and decoded bytes of every broken one."`
}

// settle is how long answers under way are waited for once enough documents passed.
const settle = 500 * time.Millisecond

// Run watches until it is told to stop, and sums up on the last line.
func (c *watchCmd) Run(ctx context.Context, s streams) (err error) {
	master, keys, err := c.check()
	if err != nil {
		return err
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	if c.For > 0 {
		ctx, enough = context.WithTimeout(ctx, c.For)
		defer enough()
	}
	line := &watchLine{w: s.out, on: isTerminal(s.out)}
	o := watch.Options{Forward: c.Forward, OFD: c.INN, Master: master, NoSigns: c.Signs == "ignore", Strict: c.Strict, Breach: line.broken, Event: line.event}
	if c.Out != "" {
		traffic, err := c.traffic()
		if err != nil {
			return &exitError{exitIncomplete, err}
		}
		defer func() { err = errors.Join(err, traffic.Close()) }()
		o.Traffic = traffic
	}
	var w *watch.Watch
	var once sync.Once
	o.Passed = func() {
		line.show(w.Status)
		if c.Documents > 0 && w.Documents() >= c.Documents {
			once.Do(func() { time.AfterFunc(settle, enough) })
		}
	}
	w = watch.New(o)
	if err := w.Reach(ctx); err != nil {
		return &exitError{exitUnreachable, err}
	}
	ln, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(s.out, "watching on %s as %s; point the register here, end with Ctrl-C\n", ln.Addr(), c.role())
	if err := w.Serve(ctx, ln); err != nil {
		return &exitError{exitIncomplete, err}
	}
	line.clear()
	return c.report(s, w, keys)
}

func (c *watchCmd) role() string {
	if c.Forward == "" {
		return "the operator " + c.INN
	}
	return "the line to " + c.Forward
}

// check refuses flags that make no sense.
func (c *watchCmd) check() (master [32]byte, keys *report.Keys, err error) {
	if _, err := fiscal.ParseINN(c.INN); err != nil {
		return master, nil, fmt.Errorf("--inn: %w", err)
	}
	for _, a := range []struct{ flag, addr string }{{"listen", c.Listen}, {"forward", c.Forward}} {
		if _, _, err := net.SplitHostPort(a.addr); a.addr != "" && err != nil {
			return master, nil, fmt.Errorf("--%s: %w", a.flag, err)
		}
	}
	if c.For < 0 || c.Documents < 0 {
		return master, nil, errors.New("--for and --until-documents: must be more than zero")
	}
	if c.Key == "" {
		return model.TestMasterKey(), nil, nil
	}
	b, err := hex.DecodeString(c.Key)
	if err != nil || len(b) != 32 {
		return master, nil, errors.New("--key: want 64 hex digits")
	}
	key, err := sign.ParseMasterKey(c.Key)
	if err != nil {
		return master, nil, fmt.Errorf("--key: %w", err)
	}
	return [32]byte(b), report.NewKeys(key, c.INN), nil
}

// traffic opens the file that every exchange goes to.
func (c *watchCmd) traffic() (*os.File, error) {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(c.Out, "traffic.ndjson"))
}

// report writes the files of a run and says what was found.
func (c *watchCmd) report(s streams, w *watch.Watch, keys *report.Keys) error {
	run := w.Results()
	run.Tool = tool()
	run.Target.Flags = c.flags()
	if c.Key != "" {
		run.Target.Key = "own"
	}
	status := w.Status()
	few := status.Messages == 0 || status.Documents < c.Documents
	if few && run.Ended == report.Complete {
		run.Ended = report.Interrupted
	}
	if c.Out != "" {
		if err := run.WriteDir(c.Out, keys); err != nil {
			return &exitError{exitIncomplete, err}
		}
	}
	if err := run.WriteText(s.out, report.TextOptions{Keys: keys, Verbose: c.Verbose}); err != nil {
		return &exitError{exitIncomplete, err}
	}
	if c.Out != "" {
		fmt.Fprintf(s.out, "reports in %s\n", c.Out)
	}
	fmt.Fprintf(s.out, "%d documents of %d drives in %d messages passed\n%s\n", status.Documents, status.Drives, status.Messages, run.LastLine())
	if run.Verdict() == report.Incomplete && few && run.Ended == report.Interrupted {
		return &exitError{exitIncomplete, fmt.Errorf("too little passed: %d documents", status.Documents)}
	}
	return verdict(run)
}

// flags begin the same watch again.
func (c *watchCmd) flags() string {
	text := "watch --listen " + quoted(c.Listen)
	if c.Forward != "" {
		text += " --forward " + quoted(c.Forward)
	}
	if c.INN != defaultINN {
		text += " --inn " + quoted(c.INN)
	}
	if c.Key != "" {
		text += " --key $CONFORMANCE_KEY"
	}
	if c.Signs != "check" {
		text += " --signs " + c.Signs
	}
	return text
}

// watchLine tells what passes: a line per drive and first breach, and on a terminal
// how things stand below them.
type watchLine struct {
	mu    sync.Mutex
	w     io.Writer
	on    bool
	shown time.Time
	last  string
}

// showEvery bounds how often the standing line is written.
const showEvery = 100 * time.Millisecond

func (l *watchLine) broken(b watch.Breach) { l.line("BROKEN " + b.String()) }

func (l *watchLine) event(_, text string) { l.line(text) }

func (l *watchLine) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != "" {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
	fmt.Fprintf(l.w, "%s %s\n", time.Now().Format(time.TimeOnly), text)
	if l.last != "" {
		fmt.Fprint(l.w, l.last)
	}
}

func (l *watchLine) show(status func() watch.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); !l.on || now.Sub(l.shown) < showEvery {
		return
	} else {
		l.shown = now
	}
	s := status()
	l.last = fmt.Sprintf("%d documents of %d drives; %d requirements held, %d broken", s.Documents, s.Drives, s.Held, s.Broken)
	fmt.Fprint(l.w, "\r\x1b[K"+l.last)
}

func (l *watchLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != "" {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.last = ""
	}
}
