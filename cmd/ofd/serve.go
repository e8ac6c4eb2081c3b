package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/headroom"
)

// serveCmd are the settings of serve. Repeatable ones are slices.
type serveCmd struct {
	Config     string `name:"config" placeholder:"FILE" help:"YAML file with any of these settings; OFD_… variables and flags win over it."`
	KKT        string `name:"kkt" default:"127.0.0.1:7777" placeholder:"HOST:PORT" help:"Where registers connect (default ${default}; port 0: any free one)."`
	Marking    string `name:"marking" default:"127.0.0.1:7778" placeholder:"HOST:PORT" help:"Second address, given to registers for marking (default ${default}; empty: none). Both serve everything."`
	HTTP       string `name:"http" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Health, metrics and API (default ${default}; empty: none)."`
	Store      string `name:"store" default:"sqlite:ofd.db" placeholder:"sqlite:PATH|postgres://URL" help:"Where documents are kept: one file, or a database that several servers may share (default ${default})."`
	Writers    int    `name:"store-writers" default:"1" placeholder:"N" help:"Connections that write to a PostgreSQL database, each the documents of drives of its own; where tables are divided over machines, so many for each machine (default ${default})."`
	Cabinet    bool   `name:"cabinet" default:"true" negatable:"" help:"Serve the client's cabinet at --http too."`
	Bench      string `name:"bench-api" default:"auto" enum:"auto,on,off" placeholder:"auto|on|off" help:"The bench's own API under /bench/v1 at --http, which shows everything to everybody (default ${default}: only while --http is a loopback address)."`
	HookSecret string `name:"cabinet-key" placeholder:"HEX" help:"Key of 32 bytes that secrets of webhooks are encrypted with, better as OFD_CABINET_KEY (default: a file beside an SQLite base; without one, no webhooks)."`
	Site       string `name:"site" placeholder:"URL" help:"Address people reach the cabinet at, for links in letters (default: that of --http)."`
	mailFlags
	identityFlags
	INN  string `name:"inn" default:"7704358518" help:"Own INN (default ${default})."`
	Name string `name:"name" help:"Own name, for people."`

	Profile string   `name:"profile" default:"strict" placeholder:"strict|lenient" help:"How forgiving to be (default ${default})."`
	Fault   []string `name:"fault" sep:"none" placeholder:"FAULT=ACTION" help:"What to do about a fault of transport.md section 10, as bad_message_sign=code11 (repeatable)."`
	Set     []string `name:"set" sep:"none" placeholder:"NAME=VALUE" help:"Another setting: ack.fn_message, ack.operator_message, ack.extra_bits, ack.container_type, reply_crc, form_length, known_fn, rule.ID (repeatable)."`
	Policy  []string `name:"policy" sep:"none" placeholder:"[WHO=]POLICY" help:"Sign policy: POLICY for all, NUMBER=POLICY or PREFIX*=POLICY: auto, tb-gost-1, accept-unverifiable, external, reject (default auto; repeatable)."`

	NoConfirmUnverifiable bool   `name:"no-confirm-unverifiable" help:"Give no confirmation to drives whose signs cannot be checked."`
	CloseWithoutVerdict   bool   `name:"close-without-verdict" help:"Close when the plug-in gives no verdict in time, instead of taking the document unverified."`
	Plugin                string `name:"plugin" placeholder:"COMMAND" help:"Program that checks and makes signs under policy external, with arguments divided by spaces."`
	MasterKey             string `name:"master-key" placeholder:"HEX" help:"Secret master key of TB-GOST-1 instead of the public one (better as OFD_MASTER_KEY)."`

	Clock          string        `name:"clock" default:"now" placeholder:"now|documents|RFC3339" help:"Time of arrival: now, that of the latest document (for registers in accelerated time), or one fixed moment (default ${default})."`
	MarkingDelay   time.Duration `name:"marking-delay" default:"200ms" help:"How long the marking stand-in thinks (default ${default})."`
	MarkingDown    bool          `name:"marking-down" help:"The marking operator gives no answers."`
	Idle           time.Duration `name:"idle" default:"60s" help:"Limit between messages of a connection (default ${default})."`
	Silence        time.Duration `name:"silence" default:"30s" help:"Limit of silence inside a message (default ${default})."`
	MessageLimit   time.Duration `name:"message-limit" default:"120s" help:"Limit for a whole message (default ${default})."`
	WriteLimit     time.Duration `name:"write-limit" default:"30s" help:"Limit for sending an answer (default ${default})."`
	TimeScale      float64       `name:"time-scale" default:"1" help:"Multiplies all limits of connections (default ${default})."`
	MaxConnections int           `name:"max-connections" default:"8192" help:"Connections open at once (default ${default})."`
	MaxPerPeer     int           `name:"max-per-peer" default:"4096" help:"Connections open at once from one address (default ${default})."`
	ConnectRate    float64       `name:"connect-rate" placeholder:"N" help:"New connections a second from one address; more are closed unread (default: no limit)."`
	MessageRate    float64       `name:"message-rate" placeholder:"N" help:"Messages a second from one address; more wait for their answers (default: no limit)."`
	Drain          time.Duration `name:"drain" default:"10s" help:"How long messages under way may take after SIGTERM (default ${default})."`

	ReadyDelay time.Duration `name:"ready-delay" default:"0s" help:"How long after SIGTERM registers are still taken while /readyz says draining, for balancers to notice (default ${default})."`

	Retention bool          `name:"retention" help:"At the start and then once a day delete what has outlived its term, as ofd retention does."`
	KeepYears int           `name:"keep-years" default:"5" help:"Years that rows are kept from receipt, at least 5 (default ${default})."`
	BenchTerm time.Duration `name:"bench-term" placeholder:"DURATION" help:"Keep rows only so long: for a bench whose years are short, never for data that somebody needs."`

	Inject  []string `name:"inject" sep:"none" placeholder:"NAME:TRIGGER,…" help:"Misbehave on purpose, as reply.drop:next=3 or @FILE with a rule on each line: docs/faults.md (repeatable)."`
	Control string   `name:"control" placeholder:"127.0.0.1:PORT" help:"Control port for faults and counters; loopback only (default: none)."`

	Demo     bool   `name:"demo" help:"Run emulated registers in this process."`
	DemoDays int    `name:"demo-days" default:"90" help:"Days of history that the demo makes before it goes on in the present (default ${default})."`
	Seed     int64  `name:"seed" default:"1" help:"Seed of the demo and of faults by rate (default ${default})."`
	LogLevel string `name:"log-level" placeholder:"debug|info|warn|error" help:"What to log (default info; warn with --demo)."`
}

const banner = `
*******************************************************************
*  TEST BENCH. Not an operator permitted by the tax service.      *
*  %-62s *
*  Never send it documents of real settlements.                   *
*******************************************************************
`

// sweepEvery is how often gaps and key lives are looked at.
const sweepEvery = time.Minute

// Run serves until a signal. It returns nil when everything was drained.
func (s *serveCmd) Run(p *process) error {
	log, err := s.logger(p.err)
	if err != nil {
		return err
	}
	term := termFlags{s.KeepYears, s.BenchTerm}
	if _, err := term.term(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if usual := headroom.Keep(headroom.Default); usual != nil {
		defer usual()
	}

	o, closePlugin, err := s.options(ctx, log)
	if err != nil {
		return err
	}
	defer closePlugin()
	if o.Store, err = openStore(ctx, s.Store, s.Writers, log); err != nil {
		return err
	}
	defer func() {
		if err := o.Store.Close(); err != nil {
			log.Error("closing the store", "err", err)
		}
	}()
	b := s.newBench(o)
	srv, err := server.New(*o)
	if err != nil {
		return coded{exitUsage, err}
	}
	l, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if err := s.newDemo(ctx, l, o, b, p, log); err != nil {
		l.close()
		return err
	}
	office, err := s.openPeople(ctx, l, o, srv, b, log)
	if err != nil {
		l.close()
		return err
	}
	defer office.close(log)
	fmt.Fprintf(p.err, banner, s.keys())
	return s.serve(ctx, stop, p, srv, office, b, l, o, log)
}

func (s *serveCmd) keys() string {
	if s.MasterKey != "" {
		return "Its keys are derived from a master key of this installation."
	}
	return "Its keys are public: anybody can make its signs."
}

// listeners are the open ports; all but kkt may be nil.
type listeners struct{ kkt, marking, http, control net.Listener }

// listenConfig leaves TCP keep-alive out for registers: their silence has limits of its
// own, and it costs four system calls for each connection.
func listenConfig(flag string) *net.ListenConfig {
	if flag == "http" {
		return &net.ListenConfig{}
	}
	return &net.ListenConfig{KeepAlive: -1}
}

func (s *serveCmd) listen(ctx context.Context) (l listeners, err error) {
	for _, a := range []struct {
		flag, addr string
		ln         *net.Listener
	}{{"kkt", s.KKT, &l.kkt}, {"marking", s.Marking, &l.marking}, {"http", s.HTTP, &l.http}} {
		if a.addr == "" && a.flag != "kkt" {
			continue
		}
		if *a.ln, err = listenConfig(a.flag).Listen(ctx, "tcp", a.addr); err != nil {
			l.close()
			return l, coded{exitUnreachable, fmt.Errorf("--%s=%q: %w", a.flag, a.addr, err)}
		}
	}
	if l.control, err = s.listenControl(ctx); err != nil {
		l.close()
		return l, err
	}
	return l, nil
}

func (l *listeners) each(do func(name string, ln net.Listener)) {
	do("kkt", l.kkt)
	do("marking", l.marking)
	do("http", l.http)
	do("control", l.control)
}

func (l *listeners) close() {
	l.each(func(_ string, ln net.Listener) {
		if ln != nil {
			_ = ln.Close()
		}
	})
}

// ready is the one line on stdout that a starter waits for.
func (l *listeners) ready() string {
	line := "ready"
	l.each(func(name string, ln net.Listener) {
		addr := "-"
		if ln != nil {
			addr = ln.Addr().String()
		} else if name == "control" {
			return // said only when it was asked for
		}
		line += " " + name + "=" + addr
	})
	return line + "\n"
}

// serve runs everything until ctx ends or a part of it breaks, then drains.
func (s *serveCmd) serve(ctx context.Context, stop func(), p *process, srv *server.Server, office *people, b *bench, l listeners, o *server.Options, log *slog.Logger) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return srv.Serve(l.kkt) })
	if l.marking != nil {
		g.Go(func() error { return srv.Serve(l.marking) })
	}
	web, admin := newWeb(office.web(s.machine(office.withOutbox(b.api(srv.Handler(), log)), l.http)), log), newWeb(controlOf(srv, o, b, log), log)
	g.Go(func() error { return serveWeb(web, l.http) })
	g.Go(func() error { return serveWeb(admin, l.control) })
	g.Go(func() error { return ended(ctx, srv.Watch(ctx, sweepEvery)) })
	g.Go(func() error { return ended(ctx, office.run(ctx)) })
	if s.Retention {
		term := termFlags{s.KeepYears, s.BenchTerm}
		g.Go(func() error { return ended(ctx, retainDaily(ctx, s.Store, term, b.clock.Now, log)) })
	}
	fmt.Fprint(p.out, l.ready())
	if b.demo != nil {
		fmt.Fprint(p.out, office.hello())
		g.Go(func() error { return ended(ctx, b.demo.run(ctx)) })
	}
	g.Go(func() error {
		<-ctx.Done()
		stop() // a second signal ends the process at once
		srv.Leave()
		if s.ReadyDelay > 0 {
			log.Info("leaving", "after", s.ReadyDelay)
			time.Sleep(s.ReadyDelay) // registers are served as ever
		}
		log.Info("draining", "limit", s.Drain)
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Drain)
		defer cancel()
		err := srv.Shutdown(drain)
		if errors.Is(err, context.DeadlineExceeded) {
			log.Warn("connections cut off", "err", err)
			err = nil
		}
		return errors.Join(err, web.Shutdown(drain), admin.Shutdown(drain))
	})
	return g.Wait()
}

// ended drops the error of something that ended because it was told to.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
