package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/emulator/script"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

type playCmd struct {
	Script    string        `arg:"" help:"File in YAML, or the name of an example that comes with the program (life36, day, …)."`
	OFD       string        `name:"ofd" placeholder:"HOST:PORT" help:"Operator to exchange with; nothing is sent without it."`
	Marking   string        `placeholder:"HOST:PORT" help:"Marking operator for codes of FFD 1.2."`
	OFDINN    string        `name:"ofd-inn" placeholder:"INN" help:"INN of the operator for registrations that name none."`
	Seed      uint64        `default:"1" help:"Seed of everything left to chance: one seed gives the same bytes."`
	KeepAlive bool          `name:"keep-alive" default:"true" negatable:"" help:"Send many documents on one connection; --no-keep-alive opens one for each."`
	Inject    []string      `name:"inject" sep:"none" placeholder:"NAME:TRIGGER,…" help:"Misbehave on purpose when sending, as send.drop:next=3 or @FILE with a rule on each line: docs/faults.md (repeatable)."`
	Print     bool          `help:"Print each document as on paper."`
	JSON      bool          `name:"json" help:"Print each document and the summary as lines of JSON."`
	Answer    time.Duration `default:"30s" help:"How long to wait for each confirmation."`
}

// Run plays the life.
func (c *playCmd) Run(p *process) error {
	if c.Print && c.JSON {
		return usage("--print and --json: choose one form of output")
	}
	text, err := readScript(c.Script)
	if err != nil {
		return err
	}
	s, err := script.Parse(c.Script, text)
	if err != nil {
		return coded{exitUsage, err}
	}
	faults, err := loadFaults(c.Seed, c.Inject)
	if err != nil {
		return err
	}
	o := script.Options{OFD: c.OFD, Marking: c.Marking, OFDINN: fiscal.INN(c.OFDINN), Seed: c.Seed, KeepAlive: c.KeepAlive,
		Timers: link.Timers{Answer: c.Answer}, Faults: faults, Logger: p.log}
	out := json.NewEncoder(p.out)
	switch {
	case c.Print:
		o.Printer = p.out
	case c.JSON:
		o.Document = func(d script.Document) { _ = out.Encode(documentLine(d)) }
	}
	begin := time.Now()
	r, err := s.Play(p.ctx, o)
	took := time.Since(begin)
	if c.JSON {
		_ = out.Encode(struct {
			script.Report
			Seconds float64 `json:"seconds"`
		}{r, took.Seconds()})
	} else {
		fmt.Fprintf(p.out, "%d documents, %d confirmed, phase %02X (seed %d, %.1f s, sha256 %s)\n", r.Documents, r.Confirmed, r.Phase, r.Seed, took.Seconds(), r.SHA256)
	}
	return err
}

// loadFaults reads the rules of --inject; nil when there are none.
func loadFaults(seed uint64, rules []string) (*fault.Set, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	set, err := fault.Load(fault.Register, seed, rules)
	if err != nil {
		return nil, usage("--inject: %w", err)
	}
	return set, nil
}

// readScript reads a file, or else an example by name.
func readScript(name string) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) && filepath.Base(name) == name {
		if text, ok := script.Example(name); ok {
			return text, nil
		}
		return nil, usage("%s: no such file, and no example of this name (there are: %v)", name, script.Examples())
	}
	if err != nil {
		return nil, coded{exitUsage, err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, script.MaxSize+1))
	if err != nil {
		return nil, coded{exitUsage, err}
	}
	return text, nil
}

// docLine is a document in lines of JSON.
type docLine struct {
	FN       fiscal.FNNumber `json:"fn"`
	FD       fiscal.FDNumber `json:"fd"`
	FPD      string          `json:"fpd"`
	Form     fiscal.Form     `json:"form"`
	DateTime time.Time       `json:"dateTime"`
	Shift    uint16          `json:"shift,omitempty"`
	Number   uint16          `json:"number,omitempty"`
	Total    fiscal.Kopecks  `json:"totalSum,omitempty"`
	QR       string          `json:"qr,omitempty"`
	STLV     string          `json:"stlv,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
}

func documentLine(d script.Document) docLine {
	return docLine{d.FN, d.FD, d.FPD.Paper(), d.Form, d.DateTime, d.Shift, d.Number, d.Total, d.QR, fmt.Sprintf("%x", d.STLV), d.Warnings}
}
