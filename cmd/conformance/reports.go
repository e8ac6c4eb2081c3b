package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/fiscalbench/fiscalbench/conformance/expect"
	"github.com/fiscalbench/fiscalbench/conformance/report"
)

type reportCmd struct {
	File    string `arg:"" type:"existingfile" help:"A results.json."`
	Out     string `type:"path" placeholder:"DIR" help:"Where to write; the folder of the file when absent."`
	Key     string `help:"Master key of the run, when it was not the public one." env:"CONFORMANCE_KEY" placeholder:"HEX"`
	Verbose bool   `short:"v" help:"A line per case, and decoded bytes of every bad one."`
}

// Run makes every other file of a run, and its text.
func (c *reportCmd) Run(s streams) error {
	run, err := report.ReadFile(c.File)
	if err != nil {
		return err
	}
	flags := targetFlags{Key: c.Key, INN: run.Target.OFD}
	keys, err := flags.keys()
	if err != nil {
		return err
	}
	dir := c.Out
	if dir == "" {
		dir = filepath.Dir(c.File)
	}
	if err := report.RenderDir(c.File, dir, keys); err != nil {
		return &exitError{exitIncomplete, err}
	}
	if err := run.WriteText(s.out, report.TextOptions{Keys: keys, Expect: expect.Line, Verbose: c.Verbose}); err != nil {
		return &exitError{exitIncomplete, err}
	}
	fmt.Fprintf(s.out, "reports in %s\n%s\n", dir, run.LastLine())
	return nil
}

type diffCmd struct {
	Old   string `arg:"" type:"existingfile" help:"A results.json."`
	New   string `arg:"" type:"existingfile" help:"Another one."`
	Bytes bool   `help:"Also compare the bytes on the wire and everything else but times; any difference counts as worse."`
}

// Run lists what is not the same; what is worse ends in exit code 1.
func (c *diffCmd) Run(s streams) error {
	before, err := report.ReadFile(c.Old)
	if err != nil {
		return err
	}
	after, err := report.ReadFile(c.New)
	if err != nil {
		return err
	}
	d := report.Compare(before, after, c.Bytes)
	for _, k := range d {
		fmt.Fprintf(s.out, "%-7s %s %s\n", k.Change, k.Case, k.Text)
	}
	count := func(change report.Change) int {
		return len(slices.DeleteFunc(slices.Clone(d), func(k report.Changed) bool { return k.Change != change }))
	}
	fmt.Fprintf(s.out, "%d worse, %d better, %d changed, %d new, %d gone\n", count(report.Worse), count(report.Better), count(report.Other), count(report.New), count(report.Gone))
	if slices.ContainsFunc(d, func(k report.Changed) bool { return k.Bad }) {
		return &exitError{exitNotConformant, nil}
	}
	return nil
}
