package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/report"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
)

// targetFlags say what is judged and how it is reached.
type targetFlags struct {
	Target  string        `enum:"ofd,kkt,pair" default:"ofd" help:"What is judged: an operator (ofd), a register (kkt) or both (pair)."`
	Self    bool          `help:"Judge the built-in end." xor:"reach"`
	Addr    string        `help:"Judge the server at HOST:PORT, which runs already." xor:"reach" placeholder:"HOST:PORT"`
	Exec    string        `help:"Judge the server that this shell command starts; CONFORMANCE_ADDR tells it where to listen." xor:"reach" placeholder:"COMMAND"`
	Fresh   bool          `help:"The command of --exec begins with an empty store each time it is started."`
	HTTP    string        `name:"http" help:"JSON API of the server, for cases that look at what it keeps; with --exec, auto: at CONFORMANCE_HTTP." placeholder:"HOST:PORT|auto"`
	INN     string        `name:"inn" default:"7704358518" help:"INN of the operator (default ${default})."`
	Key     string        `help:"Master key of TB-GOST-1, 64 hex digits; the public test key when absent." env:"CONFORMANCE_KEY" placeholder:"HEX"`
	Timeout time.Duration `default:"5s" help:"Limit for an answer or a close (default ${default})."`
}

// reached is an open target.
type reached struct {
	conformance.Target
	stop func() error
}

// check refuses flags that contradict each other.
func (f *targetFlags) check() error {
	if _, err := fiscal.ParseINN(f.INN); err != nil {
		return fmt.Errorf("--inn: %w", err)
	}
	if f.Timeout <= 0 {
		return fmt.Errorf("--timeout=%s: must be more than zero", f.Timeout)
	}
	if _, err := f.master(); err != nil {
		return err
	}
	switch {
	case f.Target != string(conformance.OFD) && !f.Self:
		return fmt.Errorf("--target=%s: only the built-in end can be judged so far: add --self", f.Target)
	case !f.Self && f.Addr == "" && f.Exec == "":
		return errors.New("say what to judge: --self, --addr HOST:PORT or --exec COMMAND")
	case f.Fresh && f.Exec == "":
		return errors.New("--fresh says something about the command of --exec: give one")
	case f.HTTP != "" && f.Self:
		return errors.New("--http is of no use with --self, which needs none")
	case f.HTTP == "auto" && f.Exec == "":
		return errors.New("--http=auto goes with --exec")
	}
	for _, a := range []struct{ flag, addr string }{{"addr", f.Addr}, {"http", f.HTTP}} {
		if a.addr == "" || a.addr == "auto" {
			continue
		}
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return fmt.Errorf("--%s: %w", a.flag, err)
		}
	}
	return nil
}

func (f *targetFlags) party() conformance.Party { return conformance.Party(f.Target) }

// master is the key that the target uses.
func (f *targetFlags) master() ([32]byte, error) {
	if f.Key == "" {
		return model.TestMasterKey(), nil
	}
	key, err := hex.DecodeString(f.Key)
	if err != nil || len(key) != 32 {
		return [32]byte{}, errors.New("--key: want 64 hex digits")
	}
	return [32]byte(key), nil
}

// keys look into bytes for the reports; nil for the public key, which they know.
func (f *targetFlags) keys() (*report.Keys, error) {
	if f.Key == "" {
		return nil, nil
	}
	master, err := sign.ParseMasterKey(f.Key)
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	return report.NewKeys(master, f.INN), nil
}

// open starts or finds the target.
func (f *targetFlags) open(ctx context.Context, s streams) (*reached, error) {
	nothing := func() error { return nil }
	switch {
	case f.Target == string(conformance.KKT):
		return &reached{target.NewSelfKKT(), nothing}, nil
	case f.Target == string(conformance.Pair):
		return &reached{target.NewPair(), nothing}, nil
	case f.Self:
		t, err := target.StartSelf(ctx, fiscal.INN(f.INN))
		if err != nil {
			return nil, &exitError{exitUnreachable, fmt.Errorf("starting the built-in operator: %w", err)}
		}
		return &reached{t, t.Stop}, nil
	case f.Exec != "":
		return f.spawn(ctx, s)
	}
	if err := reachable(ctx, f.Addr, f.Timeout); err != nil {
		return nil, &exitError{exitUnreachable, err}
	}
	return &reached{target.NewAddr(f.Addr, f.HTTP), nothing}, nil
}

func reachable(ctx context.Context, addr string, limit time.Duration) error {
	d := net.Dialer{Timeout: limit}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("the target is not reachable: %w", err)
	}
	return conn.Close()
}

// describe is the target for the results: the flags repeat the run.
func (f *targetFlags) describe(name string) report.Target {
	t := report.Target{Kind: f.Target, Name: name, OFD: f.INN, Key: "test"}
	var flags []string
	add := func(flag, value string) { flags = append(flags, "--"+flag, quoted(value)) }
	if f.Target != string(conformance.OFD) {
		add("target", f.Target)
	}
	switch {
	case f.Self:
		flags = append(flags, "--self")
	case f.Exec != "":
		add("exec", f.Exec)
	default:
		add("addr", f.Addr)
	}
	if f.Fresh {
		flags = append(flags, "--fresh")
	}
	if f.HTTP != "" {
		add("http", f.HTTP)
	}
	if f.INN != defaultINN {
		add("inn", f.INN)
	}
	if f.Key != "" {
		t.Key = "own"
		flags = append(flags, "--key", "$CONFORMANCE_KEY")
	}
	t.Flags = strings.Join(flags, " ")
	return t
}

const defaultINN = "7704358518"

// quoted is a value as a shell takes it.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// replayKeys look into encrypted answers, the public key included.
func (f *targetFlags) replayKeys() (*report.Keys, error) {
	if f.Key != "" {
		return f.keys()
	}
	return report.NewKeys(sign.MasterKey{}, f.INN), nil
}
