package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/emulator/control"
	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/emulator/serial"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

type serveCmd struct {
	HTTP     string        `name:"http" default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Control port; loopback only."`
	FNSerial string        `name:"fn-serial" placeholder:"HOST:PORT" help:"TCP port with the serial protocol of the drive, for somebody's register firmware."`
	PTY      bool          `name:"pty" help:"The same on a pseudo-terminal, whose path is printed."`
	OFD      string        `name:"ofd" placeholder:"HOST:PORT" help:"Operator to exchange with."`
	Marking  string        `env:"KKT_MARKING" placeholder:"HOST:PORT" help:"Marking operator for codes of FFD 1.2."`
	State    string        `env:"KKT_STATE" placeholder:"FILE" help:"Snapshot of the drive: read at start when it is there, written while serving."`
	FN       string        `name:"fn" placeholder:"NUMBER" help:"Number of a new drive: 9999 and 12 more digits; drawn from the seed by default."`
	Model    string        `placeholder:"NAME" help:"Model of a new drive, for example 'ФН-1.1М Ин36-1'."`
	Seed     uint64        `default:"1" help:"Seed of numbers left to chance."`
	Inject   []string      `name:"inject" sep:"none" placeholder:"NAME:TRIGGER,…" help:"Misbehave on purpose when sending, as send.drop:next=3 or @FILE with a rule on each line: docs/faults.md (repeatable)."`
	Drive    string        `name:"drive-faults" placeholder:"JSON" help:"Switches of the drive from the start, as of PUT /faults: {\"no_outage_block\":true}. Every drive of /setup has them too."`
	Print    bool          `help:"Print each document as on paper."`
	Poll     time.Duration `default:"1s" help:"How often the queue is looked at."`
	Keep     bool          `name:"keep-alive" default:"true" negatable:"" help:"Send many documents on one connection; --no-keep-alive opens one for each."`
	BadFrame string        `name:"bad-frame" default:"answer" enum:"answer,silent" help:"Damaged frames on the serial line: ${enum}."`
	Second   string        `name:"second-peer" default:"replace" enum:"replace,refuse" help:"A second register on the serial port: ${enum} (the first, or the second)."`
}

// Run serves until SIGTERM or SIGINT.
func (c *serveCmd) Run(p *process) error {
	if err := loopback(c.HTTP); err != nil {
		return err
	}
	till, err := c.till(p)
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", c.HTTP)
	if err != nil {
		return coded{exitUnreachable, fmt.Errorf("control port: %w", err)}
	}
	defer web.Close()
	var line net.Listener
	if c.FNSerial != "" {
		if line, err = net.Listen("tcp", c.FNSerial); err != nil {
			return coded{exitUnreachable, fmt.Errorf("serial port of the drive: %w", err)}
		}
		defer line.Close()
	}
	group, ctx := errgroup.WithContext(p.ctx)
	group.Go(func() error { return till.Run(ctx, c.Poll) })
	group.Go(func() error { return serveHTTP(ctx, web, control.Handler(till, control.Options{Logger: p.log})) })
	ready := []string{"http=" + web.Addr().String()}
	drive := serial.NewServer(c.serial(till, p))
	if line != nil {
		ready = append(ready, "fn-serial="+line.Addr().String())
		group.Go(func() error { return drive.Serve(ctx, line) })
	}
	if c.PTY {
		path := make(chan string, 1)
		group.Go(func() error { return drive.ServePTY(ctx, func(name string) { path <- name }) })
		select {
		case name := <-path:
			ready = append(ready, "pty="+name)
		case <-ctx.Done():
			return group.Wait()
		}
	}
	if c.State != "" {
		group.Go(func() error { return c.keep(ctx, till) })
	}
	status, err := till.Status()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "ready fn=%s %s\n", status.Drive.Number, strings.Join(ready, " "))
	return group.Wait()
}

func (c *serveCmd) serial(till *control.Till, p *process) serial.Options {
	o := serial.Options{Drive: till.Port(), Logger: p.log}
	if c.BadFrame == "silent" {
		o.BadFrame = serial.SilentBadFrame
	}
	if c.Second == "refuse" {
		o.Second = serial.RefuseSecond
	}
	return o
}

// till makes the register: from the state file when there is one.
func (c *serveCmd) till(p *process) (*control.Till, error) {
	start := time.Now()
	faults, err := loadFaults(c.Seed, c.Inject)
	if err != nil {
		return nil, err
	}
	if faults == nil { // the control port may add rules
		faults = fault.New(fault.Register, c.Seed)
	}
	o := control.TillOptions{OFD: c.OFD, Marking: c.Marking, OneShot: !c.Keep, Timers: link.Timers{Answer: 30 * time.Second}, Faults: faults,
		Rand: rand.New(rand.NewPCG(c.Seed, 1)), Logger: p.log}
	o.FN.PowerTimer = func() time.Duration { return time.Since(start) }
	if c.Drive != "" {
		d := json.NewDecoder(strings.NewReader(c.Drive))
		d.DisallowUnknownFields()
		if err := d.Decode(&o.FN.Faults); err != nil {
			return nil, usage("--drive-faults: %v", err)
		}
	}
	if c.Print {
		o.Printer = p.out
	}
	if c.FN != "" {
		n, err := fiscal.ParseFNNumber(c.FN)
		if err != nil {
			return nil, coded{exitUsage, err}
		}
		o.FN.Number = n
	}
	if c.Model != "" {
		m, ok := fn.ModelByName(c.Model)
		if !ok {
			return nil, usage("--model %q: no such model; there are: %s", c.Model, modelNames())
		}
		o.FN.Model = m
	}
	if c.State == "" {
		return newTill(o)
	}
	f, err := os.Open(c.State) // later ones are written by save
	if errors.Is(err, os.ErrNotExist) {
		return newTill(o)
	}
	if err != nil {
		return nil, coded{exitUsage, err}
	}
	defer f.Close()
	if c.FN != "" || c.Model != "" {
		return nil, usage("--state %s holds a drive already: leave out --fn and --model", c.State)
	}
	till, err := control.LoadTill(f, o)
	if err != nil {
		return nil, coded{exitUsage, fmt.Errorf("state %s: %w", c.State, err)}
	}
	return till, nil
}

func newTill(o control.TillOptions) (*control.Till, error) {
	till, err := control.NewTill(o)
	if err != nil {
		return nil, coded{exitUsage, err}
	}
	return till, nil
}

func modelNames() string {
	var names []string
	for _, m := range fn.Models() {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// keepEvery is how often a changed drive is written.
const keepEvery = 5 * time.Second

// keep writes the snapshot when the drive has changed, and at the end.
func (c *serveCmd) keep(ctx context.Context, till *control.Till) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	var last fn.View
	save := func() error {
		s, err := till.Status()
		if err != nil || s.Drive == last {
			return err
		}
		last = s.Drive
		return c.save(till)
	}
	for {
		if err := save(); err != nil {
			return fmt.Errorf("state %s: %w", c.State, err)
		}
		select {
		case <-ctx.Done():
			if err := c.save(till); err != nil {
				return fmt.Errorf("state %s: %w", c.State, err)
			}
			return nil
		case <-tick.C:
		}
	}
}

// save replaces the file in one step.
func (c *serveCmd) save(till *control.Till) error {
	f, err := os.CreateTemp(filepath.Dir(c.State), filepath.Base(c.State)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = errors.Join(till.Save(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), c.State)
	}
	return err
}

// loopback refuses addresses that others can reach: the control port has no password.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usage("--http %q: want host:port", addr)
	}
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return usage("--http %q: the control port has no password and listens on the loopback interface only", addr)
}

func serveHTTP(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(end)
	})
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control port: %w", err)
	}
	return nil
}
