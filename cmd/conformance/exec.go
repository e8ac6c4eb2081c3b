package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/target"
)

// Limits of a spawned command.
const (
	startLimit = 15 * time.Second // until it listens
	stopLimit  = 5 * time.Second  // after SIGTERM, before SIGKILL
	pollEvery  = 20 * time.Millisecond
	tailKept   = 4096 // bytes of its output shown when it dies
)

// spawned is a command that serves while the cases run.
type spawned struct {
	command, addr string
	env           []string // CONFORMANCE_…=value
	quiet         bool     // it need not listen
	dir           string
	cmd           *exec.Cmd
	tail          *tail
	exited        chan struct{} // closed when the command ended
	err           error         // of its end; read after exited is closed
}

// spawn starts the command of --exec on a free loopback port and waits until it
// listens.
func (f *targetFlags) spawn(ctx context.Context, _ streams) (*reached, error) {
	p := &spawned{command: f.Exec}
	var err error
	if p.addr, err = target.FreeAddr(ctx); err != nil {
		return nil, &exitError{exitUnreachable, err}
	}
	http := f.HTTP
	if http == "auto" {
		if http, err = target.FreeAddr(ctx); err != nil {
			return nil, &exitError{exitUnreachable, err}
		}
	}
	p.env = []string{"CONFORMANCE_ADDR=" + p.addr, "CONFORMANCE_HTTP=" + http, "CONFORMANCE_INN=" + f.INN}
	if err := p.start(ctx); err != nil {
		return nil, &exitError{exitUnreachable, errors.Join(err, p.end())}
	}
	under := &reached{stop: p.end}
	plain := target.NewAddr(p.addr, http)
	api, has := plain.(*target.AddrWithAPI)
	marking, _ := plain.(conformance.Marking)
	// Which interfaces the target has says what can be asked of it.
	type inspected struct {
		*target.AddrWithAPI
		named
	}
	type bare struct {
		addressed
		conformance.Marking
		named
	}
	switch i, b := (inspected{api, named{p}}), (bare{addressed{p}, marking, named{p}}); {
	case has && f.Fresh && f.Each:
		under.Target = struct {
			inspected
			freshly
			anew
		}{i, freshly{p}, anew{p}}
	case has && f.Fresh:
		under.Target = struct {
			inspected
			freshly
		}{i, freshly{p}}
	case has && f.Each:
		under.Target = struct {
			inspected
			anew
		}{i, anew{p}}
	case has:
		under.Target = i
	case f.Fresh && f.Each:
		under.Target = struct {
			bare
			freshly
			anew
		}{b, freshly{p}, anew{p}}
	case f.Fresh:
		under.Target = struct {
			bare
			freshly
		}{b, freshly{p}}
	case f.Each:
		under.Target = struct {
			bare
			anew
		}{b, anew{p}}
	default:
		under.Target = b
	}
	return under, nil
}

// The abilities of a spawned target, to be put together.
type (
	addressed struct{ p *spawned }
	named     struct{ p *spawned }
	freshly   struct{ p *spawned }
	anew      struct{ p *spawned }
)

// Addr is where it takes documents.
func (a addressed) Addr() string { return a.p.addr }

// String names the target.
func (n named) String() string { return "command " + n.p.command }

// Reset starts the command again, which begins with an empty store.
func (f freshly) Reset(ctx context.Context) error {
	if err := f.p.end(); err != nil {
		return err
	}
	return f.p.start(ctx)
}

// Single: there is one process at a time.
func (anew) Single() {}

// Prepare starts the command again and tells it which case comes.
func (a anew) Prepare(ctx context.Context, id, variant string) error {
	if err := a.p.end(); err != nil {
		return err
	}
	return a.p.start(ctx, "CONFORMANCE_CASE="+id, "CONFORMANCE_VARIANT="+variant)
}

// start runs the command in a process group and an empty folder of its own.
func (p *spawned) start(ctx context.Context, more ...string) error {
	var err error
	if p.dir, err = os.MkdirTemp("", "conformance-exec-"); err != nil {
		return err
	}
	p.tail, p.exited, p.err = &tail{}, make(chan struct{}), nil
	p.cmd = exec.Command("/bin/sh", "-c", p.command)
	p.cmd.Stdout, p.cmd.Stderr = p.tail, p.tail
	p.cmd.Env = append(append(append(os.Environ(), p.env...), "CONFORMANCE_DIR="+p.dir), more...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = stopLimit
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("--exec: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	if p.quiet {
		return nil
	}
	return p.listens(ctx)
}

func (p *spawned) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		if reachable(ctx, p.addr, time.Second) == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("--exec: the command ended before it listened on %s (%v)%s", p.addr, p.err, p.tail)
		case <-ctx.Done():
			return fmt.Errorf("--exec: the command does not listen on %s after %s%s", p.addr, startLimit, p.tail)
		case <-ticker.C:
		}
	}
}

// end stops the command and what it started, and removes its folder.
func (p *spawned) end() error {
	if p.cmd != nil && p.cmd.Process != nil {
		group := -p.cmd.Process.Pid
		_ = syscall.Kill(group, syscall.SIGTERM) // it may be gone already
		select {
		case <-p.exited:
		case <-time.After(stopLimit):
		}
		_ = syscall.Kill(group, syscall.SIGKILL)
		<-p.exited
		p.cmd = nil
	}
	if p.dir == "" {
		return nil
	}
	dir := p.dir
	p.dir = ""
	return os.RemoveAll(dir)
}

// tail keeps the last of what a command printed.
type tail struct {
	mu sync.Mutex
	b  []byte
}

// Write keeps the end of b.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if over := len(t.b) - tailKept; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(b), nil
}

// String is the output, on lines of its own.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(bytes.ToValidUTF8(t.b, []byte("?"))))
	if text == "" {
		return ""
	}
	return "; it printed:\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}
