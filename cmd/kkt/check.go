package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/link"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

type checkCmd struct {
	Addr    string        `arg:"" placeholder:"HOST:PORT" help:"Operator to probe."`
	Kind    string        `default:"documents" enum:"documents,marking,keys,point" help:"Service asked: ${enum}."`
	FN      string        `name:"fn" placeholder:"NUMBER" help:"Number of the drive in the probe; sixteen nines by default."`
	FFD     string        `name:"ffd" default:"1.05" enum:"1.0,1.05,1.1,1.2" help:"Format version in the probe: ${enum}."`
	CRC     bool          `name:"crc" help:"Ask for a check code over the header (mode 1)."`
	Timeout time.Duration `default:"10s" help:"Of the whole probe."`
	JSON    bool          `name:"json" help:"Print the result as JSON."`
}

// Run probes. An address that cannot be reached, or that stays silent, ends with
// code 3; an answer that breaks the rules with code 1.
func (c *checkCmd) Run(p *process) error {
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return usage("address %q: want host:port", c.Addr)
	}
	probe := link.Probe{Timeout: c.Timeout, Kind: map[string]link.ProbeKind{"documents": link.ProbeDocuments, "marking": link.ProbeMarking,
		"keys": link.ProbeKeys, "point": link.ProbePoint}[c.Kind]}
	var err error
	if probe.FFD, err = fiscal.ParseFFD(c.FFD); err != nil {
		return coded{exitUsage, err}
	}
	if c.FN != "" {
		if probe.FN, err = fiscal.ParseFNNumber(c.FN); err != nil {
			return coded{exitUsage, err}
		}
	}
	if c.CRC {
		probe.CRC = wire.CRCHeader
	}
	res, err := link.Check(p.ctx, c.Addr, probe)
	if c.JSON {
		c.json(p, res, err)
	} else {
		fmt.Fprintf(p.out, "sent     %x\n", res.Request)
		if len(res.Reply) > 0 {
			fmt.Fprintf(p.out, "received %x\n", res.Reply)
		}
		if err == nil {
			fmt.Fprintf(p.out, "%s answers for %s: connected in %s, answered in %s\n", c.Addr, probe.Kind, res.Connect.Round(time.Microsecond), res.Answer.Round(time.Microsecond))
		}
	}
	if err != nil && unreachable(err, len(res.Reply)) {
		return coded{exitUnreachable, err}
	}
	return err
}

func (c *checkCmd) json(p *process, res link.ProbeResult, err error) {
	line := struct {
		Address   string  `json:"address"`
		OK        bool    `json:"ok"`
		Sent      string  `json:"sent"`
		Received  string  `json:"received"`
		ConnectMS float64 `json:"connect_ms"`
		AnswerMS  float64 `json:"answer_ms"`
		Error     string  `json:"error,omitempty"`
	}{c.Addr, err == nil, fmt.Sprintf("%x", res.Request), fmt.Sprintf("%x", res.Reply), float64(res.Connect.Microseconds()) / 1000,
		float64(res.Answer.Microseconds()) / 1000, ""}
	if err != nil {
		line.Error = err.Error()
	}
	_ = json.NewEncoder(p.out).Encode(line)
}

// unreachable tells errors of the network from an answer that is wrong.
func unreachable(err error, received int) bool {
	var op *net.OpError
	var dns *net.DNSError
	var broken *wire.Error
	switch {
	case errors.As(err, &broken):
		return false
	case errors.As(err, &op), errors.As(err, &dns), errors.Is(err, os.ErrDeadlineExceeded):
		return true
	}
	return received == 0
}
