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
	Exec    string        `help:"Judge what this shell command starts; its environment tells it where to listen, or where to send." xor:"reach" placeholder:"COMMAND"`
	Image   string        `help:"Judge the server in a container of this image, which is not pulled from anywhere when the machine has it." xor:"reach" placeholder:"REF"`
	Port    uint16        `default:"7777" help:"Port at which the server of --image takes documents (default ${default})."`
	Fresh   bool          `help:"The command of --exec begins with an empty store each time it is started."`
	Each    bool          `help:"Start the command of --exec anew for every case; CONFORMANCE_CASE tells it which."`
	HTTP    string        `name:"http" help:"JSON API of the server, for cases that look at what it keeps; with --exec, auto: at CONFORMANCE_HTTP." placeholder:"HOST:PORT|auto"`
	INN     string        `name:"inn" default:"7704358518" help:"INN of the operator (default ${default})."`
	Key     string        `help:"Master key of TB-GOST-1, 64 hex digits; the public test key when absent." env:"CONFORMANCE_KEY" placeholder:"HEX"`
	Timeout time.Duration `default:"5s" help:"Limit for an answer or a close (default ${default})."`
	Inject  []string      `sep:"none" placeholder:"RULE" help:"With --self: the built-in end misbehaves on purpose, as reply.drop:next=3 (conformance faults); the run is then no verdict (repeatable)."`
	registerFlags
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
	if err := errors.Join(f.contradictions(), f.checkInject()); err != nil {
		return err
	}
	for _, a := range []struct{ flag, addr string }{{"addr", f.Addr}, {"http", f.HTTP}, {"listen", f.Listen}, {"marking", f.Marking}} {
		if a.addr == "" || a.addr == "auto" {
			continue
		}
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return fmt.Errorf("--%s: %w", a.flag, err)
		}
	}
	return nil
}

// contradictions refuses flags that do not go together.
func (f *targetFlags) contradictions() error {
	if f.Target != string(conformance.OFD) {
		return f.registerContradictions()
	}
	switch {
	case f.registerFlags.any() != "":
		return fmt.Errorf("%s says something about a register: add --target kkt", f.registerFlags.any())
	case f.Control == "auto" || f.Control != "" && f.Self:
		return errors.New("--control: want HOST:PORT of the control port of an ofd serve that is judged")
	case !f.Self && f.Addr == "" && f.Exec == "" && f.Image == "":
		return errors.New("say what to judge: --self, --addr HOST:PORT, --exec COMMAND or --image REF")
	case (f.Fresh || f.Each) && f.Exec == "":
		return errors.New("--fresh and --each say something about the command of --exec: give one")
	case f.HTTP != "" && f.Self:
		return errors.New("--http is of no use with --self, which needs none")
	case f.HTTP != "" && f.Image != "":
		return errors.New("--http goes with --addr and --exec: only the port for documents of a container is in reach")
	case f.HTTP == "auto" && f.Exec == "":
		return errors.New("--http=auto goes with --exec")
	}
	return f.checkControl()
}

// named reports whether the flags say how the target is reached.
func (f *targetFlags) named() bool {
	return f.Self || f.Addr != "" || f.Exec != "" || f.Image != "" || f.Control != "" || f.Listen != ""
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
func (f *targetFlags) open(ctx context.Context, s streams, in *injecting) (*reached, error) {
	nothing := func() error { return nil }
	switch {
	case f.Target == string(conformance.KKT) && !f.Self:
		return f.register(ctx, s)
	case f.Target == string(conformance.KKT):
		return &reached{target.NewSelfKKT(in.register()...), nothing}, nil
	case f.Target == string(conformance.Pair):
		return &reached{target.NewPair(), nothing}, nil
	case f.Self:
		t, err := target.StartSelf(ctx, fiscal.INN(f.INN), in.operator()...)
		if err != nil {
			return nil, &exitError{exitUnreachable, fmt.Errorf("starting the built-in operator: %w", err)}
		}
		return &reached{t, t.Stop}, nil
	case f.Exec != "":
		return f.spawn(ctx, s)
	case f.Image != "":
		return f.container(ctx, s)
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
	case f.Image != "":
		add("image", f.Image)
		if f.Port != defaultPort {
			add("port", fmt.Sprint(f.Port))
		}
	case f.Addr != "":
		add("addr", f.Addr)
	}
	for _, b := range []struct {
		flag string
		on   bool
	}{{"--fresh", f.Fresh}, {"--each", f.Each}, {"--unattended", f.Unattended && f.Target == string(conformance.KKT)}} {
		if b.on {
			flags = append(flags, b.flag)
		}
	}
	for _, v := range []struct{ flag, value string }{{"control", f.Control}, {"listen", f.Listen}, {"marking", f.Marking}, {"fn-serial", f.FNSerial}} {
		if v.value != "" {
			add(v.flag, v.value)
		}
	}
	for _, rule := range f.Inject {
		add("inject", rule)
	}
	if f.Wait != 0 {
		add("wait", f.Wait.String())
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

const (
	defaultINN  = "7704358518"
	defaultPort = 7777
)

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
