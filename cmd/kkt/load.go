package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/fiscalbench/fiscalbench/emulator/load"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

type loadCmd struct {
	OFD           string        `name:"ofd" required:"" placeholder:"HOST:PORT" help:"Operator to send to."`
	Registers     int           `default:"16" help:"Registers that send at once."`
	Rate          string        `default:"max" placeholder:"N|max" help:"Documents a second of all registers together; max: each sends as soon as its last document is confirmed."`
	Duration      time.Duration `default:"10s" help:"How long documents are sent."`
	Documents     int           `help:"End after so many documents; needed by --prebuilt with --rate=max."`
	OneConnection bool          `name:"one-connection-per-document" help:"Open a connection for each document instead of one for each register."`
	Prebuilt      bool          `help:"Sign all documents before the clock starts."`
	CheckSigns    bool          `name:"check-signs" help:"Check the sign of each confirmation (ФПП). Without --prebuilt the drives do."`
	FFD           string        `name:"ffd" default:"1.2" help:"Format version of the documents: 1.05, 1.1 or 1.2."`
	OFDINN        string        `name:"ofd-inn" placeholder:"INN" help:"INN of the operator."`
	Seed          uint64        `default:"1" help:"Seed of drive numbers and what is sold. A store that was loaded with one seed needs another."`
	Answer        time.Duration `default:"30s" help:"How long to wait for each confirmation."`
	JSON          string        `name:"json" placeholder:"FILE" help:"Write the result as JSON; - is the standard output, in place of the summary."`
}

// Run loads an operator and prints what was measured.
func (c *loadCmd) Run(p *process) error {
	o, err := c.options(p)
	if err != nil {
		return err
	}
	bar := newBar(p.err)
	if bar != nil {
		o.Progress = bar.show
	}
	result, err := load.Run(p.ctx, o)
	bar.clear()
	switch {
	case errors.Is(err, load.ErrUnreachable):
		return coded{exitUnreachable, err}
	case err != nil:
		return err
	}
	if err := c.write(p.out, &result); err != nil {
		return err
	}
	switch {
	case result.Interrupted:
		return coded{exitIncomplete, errors.New("interrupted")}
	case !result.Clean():
		return fmt.Errorf("not every document was accepted: %d refused, %d wrong answers, %d unconfirmed", result.Refused, result.Wrong, result.Unconfirmed)
	}
	return nil
}

func (c *loadCmd) options(p *process) (o load.Options, err error) {
	o = load.Options{Addr: c.OFD, Registers: c.Registers, Duration: c.Duration, Documents: c.Documents, OneConnection: c.OneConnection,
		Prebuilt: c.Prebuilt, CheckSigns: c.CheckSigns, OFD: fiscal.INN(c.OFDINN), Seed: c.Seed, Answer: c.Answer, Logger: p.log}
	if c.Rate != "max" {
		if o.Rate, err = strconv.ParseFloat(c.Rate, 64); err != nil || o.Rate <= 0 {
			return o, usage("--rate=%q: want documents a second, more than zero, or max", c.Rate)
		}
	}
	if o.FFD, err = fiscal.ParseFFD(c.FFD); err != nil {
		return o, usage("--ffd=%q: %w", c.FFD, err)
	}
	if c.Registers <= 0 || c.Duration <= 0 || c.Answer <= 0 {
		return o, usage("--registers, --duration and --answer must be more than zero")
	}
	if err := o.Check(); err != nil {
		return o, coded{exitUsage, err}
	}
	return o, nil
}

// write puts the result where it was asked for.
func (c *loadCmd) write(out io.Writer, r *load.Result) error {
	if c.JSON != "-" {
		fmt.Fprint(out, r)
	}
	if c.JSON == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if c.JSON == "-" {
		_, err = out.Write(text)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.JSON), 0o750); err != nil {
		return err
	}
	return os.WriteFile(c.JSON, text, 0o600)
}

// loadBar shows the stages of a run on a terminal.
type loadBar struct {
	out   io.Writer
	stage load.Stage
	bar   *progressbar.ProgressBar
}

// newBar is nil unless out is a terminal.
func newBar(out io.Writer) *loadBar {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &loadBar{out: out}
}

func (b *loadBar) show(p load.Progress) {
	done, of := p.Done, p.Of
	if p.Stage == load.Sending { // its end is that of the time
		done, of = int(p.Elapsed.Milliseconds()), int((p.Elapsed + p.Remaining).Milliseconds())
	}
	if b.stage != p.Stage {
		b.clear()
		b.stage = p.Stage
		b.bar = progressbar.NewOptions(max(of, 1), progressbar.OptionSetWriter(b.out), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
	}
	text := fmt.Sprintf("%-9s %d", p.Stage, p.Done)
	if p.Stage == load.Sending {
		text += fmt.Sprintf(" confirmed, %.0f/s, %s left", float64(p.Done)/max(p.Elapsed.Seconds(), 1e-3), p.Remaining.Round(time.Second))
	}
	b.bar.Describe(text)
	b.bar.ChangeMax(max(of, done, 1))
	_ = b.bar.Set(done) // a bar that cannot be drawn harms nothing
}

func (b *loadBar) clear() {
	if b != nil && b.bar != nil {
		_ = b.bar.Clear()
	}
}
