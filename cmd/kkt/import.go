package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/emulator/receipts"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

type importCmd struct {
	Files   []string      `arg:"" help:"Files or folders of receipts: JSON of the tax service's app, proverkacheka or operators' data sets; raw TLV in hex, base64 or bytes; - for stdin."`
	OFD     string        `name:"ofd" placeholder:"HOST:PORT" help:"Operator to send to; nothing is sent without it."`
	Marking string        `placeholder:"HOST:PORT" help:"Marking operator for codes of FFD 1.2."`
	OFDINN  string        `name:"ofd-inn" placeholder:"INN" help:"INN of the operator in the registrations; 7704358518 by default."`
	Seed    uint64        `help:"Seed of the numbers of drives and registers; by default drawn from the files, so that other receipts get other drives."`
	Brief   bool          `help:"Leave out values that every new register makes itself."`
	Print   bool          `help:"Print each document as on paper."`
	JSON    bool          `name:"json" help:"Print outcomes as lines of JSON."`
	Answer  time.Duration `default:"30s" help:"How long to wait for each confirmation."`
}

// Run reads everything, issues it, and tells what became of each receipt. Code 1 means
// that a receipt was refused, 4 that something could not be read.
func (c *importCmd) Run(p *process) error {
	if c.Print && c.JSON {
		return usage("--print and --json: choose one form of output")
	}
	files, err := c.expand()
	if err != nil {
		return err
	}
	sum := sha256.New()
	var all []*receipts.Receipt
	unread := 0
	for _, name := range files {
		found, skipped, err := readReceipts(name, sum)
		for _, s := range skipped {
			fmt.Fprintf(p.err, "kkt: %v\n", s)
		}
		unread += len(skipped)
		if err != nil {
			fmt.Fprintf(p.err, "kkt: %v\n", err)
			if len(skipped) == 0 {
				unread++
			}
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return usage("no receipt in %d file(s)", len(files))
	}
	seed := c.Seed
	if seed == 0 {
		seed = binary.LittleEndian.Uint64(sum.Sum(nil))
	}
	o := receipts.ReissueOptions{OFD: c.OFD, Marking: c.Marking, OFDINN: fiscal.INN(c.OFDINN), Rand: rand.New(rand.NewPCG(seed, 1)),
		Timers: link.Timers{Answer: c.Answer}, Logger: p.log}
	if c.Print {
		o.Printer = p.out
	}
	outcomes, err := receipts.Reissue(p.ctx, all, o)
	return c.report(p, outcomes, unread, seed, err)
}

func (c *importCmd) report(p *process, outcomes []receipts.Outcome, unread int, seed uint64, failed error) error {
	issued, refused := 0, 0
	enc := json.NewEncoder(p.out)
	for i := range outcomes {
		o := &outcomes[i]
		if o.Err != nil || o.Code != 0 {
			refused++
		} else {
			issued++
		}
		if c.JSON {
			_ = enc.Encode(outcomeLine(o))
			continue
		}
		fmt.Fprintln(p.out, outcomeText(o, c.OFD != ""))
		for _, n := range o.Notes {
			if c.Brief && (n.Reason == receipts.Remade || n.Reason == receipts.Envelope || n.Reason == receipts.Empty) {
				continue
			}
			fmt.Fprintf(p.out, "    %s\n", n)
		}
	}
	if !c.JSON {
		fmt.Fprintf(p.out, "%d receipts, %d issued, %d refused, %d not read (seed %d)\n", len(outcomes), issued, refused, unread, seed)
	}
	switch {
	case failed != nil:
		return failed
	case refused > 0:
		return coded{exitFailed, fmt.Errorf("%d of %d receipts were refused", refused, len(outcomes))}
	case unread > 0:
		return coded{exitIncomplete, fmt.Errorf("%d documents or files could not be read", unread)}
	}
	return nil
}

func outcomeText(o *receipts.Outcome, sent bool) string {
	where := o.Receipt.Origin.File + " " + o.Receipt.Origin.Path
	switch {
	case o.Err != nil:
		return fmt.Sprintf("%s: refused: %v", where, o.Err)
	case !sent:
		return fmt.Sprintf("%s: issued, not sent: ФН %s, ФД %d, ФПД %s", where, o.Register, o.Result.FD, o.Result.FPD.Paper())
	case !o.Answered:
		return fmt.Sprintf("%s: not confirmed: ФН %s, ФД %d, ФПД %s", where, o.Register, o.Result.FD, o.Result.FPD.Paper())
	case o.Code != 0:
		return fmt.Sprintf("%s: confirmed with code %d: ФН %s, ФД %d, ФПД %s", where, o.Code, o.Register, o.Result.FD, o.Result.FPD.Paper())
	}
	return fmt.Sprintf("%s: accepted: ФН %s, ФД %d, ФПД %s", where, o.Register, o.Result.FD, o.Result.FPD.Paper())
}

// outcome in lines of JSON.
type outcome struct {
	File     string          `json:"file"`
	Path     string          `json:"path"`
	Shape    receipts.Shape  `json:"shape"`
	FN       fiscal.FNNumber `json:"fn,omitempty"`
	FD       fiscal.FDNumber `json:"fd,omitempty"`
	FPD      string          `json:"fpd,omitempty"`
	QR       string          `json:"qr,omitempty"`
	Accepted bool            `json:"accepted"`
	Code     byte            `json:"code"`
	Error    string          `json:"error,omitempty"`
	Notes    []receipts.Note `json:"notes"`
}

func outcomeLine(o *receipts.Outcome) outcome {
	line := outcome{File: o.Receipt.Origin.File, Path: o.Receipt.Origin.Path, Shape: o.Receipt.Origin.Shape, FN: o.Register, FD: o.Result.FD,
		QR: o.Result.QR, Accepted: o.Answered && o.Code == 0, Code: o.Code, Notes: o.Notes}
	if o.Result.FD != 0 {
		line.FPD = o.Result.FPD.Paper()
	}
	if o.Err != nil {
		line.Error = o.Err.Error()
	}
	return line
}

// expand turns folders into the files in them, in the order of their names.
func (c *importCmd) expand() (files []string, err error) {
	for _, name := range c.Files {
		info, err := os.Stat(name)
		switch {
		case name == "-":
			files = append(files, name)
			continue
		case err != nil:
			return nil, coded{exitUsage, err}
		case !info.IsDir():
			files = append(files, name)
			continue
		}
		var inside []string
		err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && wanted(path) {
				inside = append(inside, path)
			}
			return err
		})
		if err != nil {
			return nil, coded{exitUsage, err}
		}
		if len(inside) == 0 {
			return nil, usage("%s: no .json, .hex, .txt, .b64, .tlv or .bin in it", name)
		}
		sort.Strings(inside)
		files = append(files, inside...)
	}
	return files, nil
}

// wanted are the files of a folder that may hold receipts.
func wanted(path string) bool {
	switch filepath.Ext(path) {
	case ".json", ".jsonl", ".ndjson", ".hex", ".txt", ".b64", ".tlv", ".bin":
		return true
	}
	return false
}

func readReceipts(name string, sum io.Writer) ([]*receipts.Receipt, []receipts.Skipped, error) {
	if name == "-" {
		return receipts.Read("stdin", io.TeeReader(os.Stdin, sum))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	all, skipped, err := receipts.Read(filepath.Base(name), io.TeeReader(f, sum))
	if errors.Is(err, receipts.ErrNoReceipt) {
		return all, skipped, fmt.Errorf("%s: no receipt in it", name)
	}
	return all, skipped, err
}
