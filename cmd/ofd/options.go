package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/intake"
)

func (s *serveCmd) logger(w io.Writer) (*slog.Logger, error) {
	level := slog.LevelInfo
	if s.LogLevel == "" && s.Demo {
		level = slog.LevelWarn
	}
	if s.LogLevel != "" {
		if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
			return nil, usage("--log-level=%q: want debug, info, warn or error", s.LogLevel)
		}
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), nil
}

// options turns the settings into those of the server, all but the store. The
// function ends the plug-in.
func (s *serveCmd) options(ctx context.Context, log *slog.Logger) (*server.Options, func(), error) {
	inn, err := fiscal.ParseINN(s.INN)
	if err != nil {
		return nil, nil, usage("--inn=%q: %w", s.INN, err)
	}
	settings, err := s.settings()
	if err != nil {
		return nil, nil, err
	}
	now, follow, err := s.now()
	if err != nil {
		return nil, nil, err
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"idle", s.Idle}, {"silence", s.Silence}, {"message-limit", s.MessageLimit}, {"write-limit", s.WriteLimit}, {"drain", s.Drain}} {
		if d.value <= 0 {
			return nil, nil, usage("--%s=%s: must be more than zero", d.flag, d.value)
		}
	}
	if s.ReadyDelay < 0 {
		return nil, nil, usage("--ready-delay=%s: must not be negative", s.ReadyDelay)
	}
	if s.TimeScale <= 0 || s.MaxConnections <= 0 || s.MaxPerPeer <= 0 {
		return nil, nil, usage("--time-scale, --max-connections and --max-per-peer must be more than zero")
	}
	faults, err := s.faults()
	if err != nil {
		return nil, nil, err
	}
	timeouts := intake.Timeouts{Idle: s.Idle, Silence: s.Silence, Message: s.MessageLimit, Write: s.WriteLimit, Scale: s.TimeScale}
	if err := timeouts.Check(); err != nil {
		return nil, nil, coded{exitUsage, err}
	}
	limits := intake.Limits{Connections: s.MaxConnections, PerPeer: s.MaxPerPeer, ConnectRate: s.ConnectRate, MessageRate: s.MessageRate}
	if err := limits.Check(); err != nil {
		return nil, nil, coded{exitUsage, err}
	}
	policies, scheme, closePlugin, err := s.policies(ctx, log)
	if err != nil {
		return nil, nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	o := &server.Options{OFD: inn, OFDName: s.Name, Policies: policies, Settings: settings, Now: now, Follow: follow, Logger: log, Registry: registry,
		Faults: faults, Timeouts: timeouts, Limits: limits}
	o.Marking.Signs, o.Marking.Down, o.Marking.Delay = scheme, s.MarkingDown, s.MarkingDelay
	if s.MarkingDelay <= 0 {
		o.Marking.Delay = -1
	}
	return o, closePlugin, nil
}

// now makes the clock of --clock; follow is nil unless it follows documents.
func (s *serveCmd) now() (now func() time.Time, follow func(time.Time), err error) {
	switch s.Clock {
	case "now":
		return time.Now, nil, nil
	case "documents":
		var c documentClock
		return c.now, c.follow, nil
	}
	t, err := time.Parse(time.RFC3339, s.Clock)
	if err != nil {
		return nil, nil, usage("--clock=%q: want now, documents or a moment as 2026-08-01T09:02:01Z", s.Clock)
	}
	return func() time.Time { return t }, nil, nil
}

// documentClock shows the latest time that any document carried: that of registers
// which live faster than the world. Before the first document it shows the world's.
type documentClock struct{ latest atomic.Int64 } // seconds; 0: no document yet

func (c *documentClock) now() time.Time {
	if s := c.latest.Load(); s != 0 {
		return time.Unix(s, 0).UTC()
	}
	return time.Now()
}

func (c *documentClock) follow(t time.Time) {
	for {
		before := c.latest.Load()
		if t.Unix() <= before || c.latest.CompareAndSwap(before, t.Unix()) {
			return
		}
	}
}

// settings joins profile, faults and the rest.
func (s *serveCmd) settings() (set intake.Settings, err error) {
	if set.Profile, err = wire.ParseProfile(s.Profile); err != nil {
		return set, usage("--profile=%q: want strict or lenient", s.Profile)
	}
	for flag, list := range map[string][]string{"fault": s.Fault, "set": s.Set} {
		for _, one := range list {
			name, value, ok := strings.Cut(one, "=")
			if !ok {
				return set, usage("--%s=%q: want NAME=VALUE", flag, one)
			}
			if err := set.Set(strings.TrimSpace(name), value); err != nil {
				return set, usage("--%s=%s: %w", flag, one, err)
			}
		}
	}
	if err := set.Check(); err != nil {
		return set, coded{exitUsage, err}
	}
	return set, nil
}

// policies makes the choice of sign policies, the scheme they share and, when asked
// for, the plug-in, which the function ends.
func (s *serveCmd) policies(ctx context.Context, log *slog.Logger) (*sign.Policies, *sign.TBGOST1, func(), error) {
	var keys sign.TBGOST1Options
	if s.MasterKey != "" {
		k, err := sign.ParseMasterKey(s.MasterKey)
		if err != nil {
			return nil, nil, nil, usage("--master-key: %w", err)
		}
		keys.Key = k
	}
	o := sign.PolicyOptions{TBGOST1: sign.NewTBGOST1(keys), NoConfirmUnverifiable: s.NoConfirmUnverifiable, CloseWithoutVerdict: s.CloseWithoutVerdict}
	for _, rule := range s.Policy {
		if !strings.Contains(rule, "=") {
			rule = "*=" + rule
		}
		if err := o.AddRule(rule); err != nil {
			return nil, nil, nil, usage("--policy=%s: %w", rule, err)
		}
	}
	if s.CloseWithoutVerdict && s.Plugin == "" {
		return nil, nil, nil, usage("--close-without-verdict: says nothing without --plugin")
	}
	closePlugin := func() {}
	if s.Plugin != "" {
		plugin, err := sign.StartPlugin(context.WithoutCancel(ctx), sign.PluginOptions{Command: strings.Fields(s.Plugin), Logger: log})
		if err != nil {
			return nil, nil, nil, coded{exitUnreachable, err}
		}
		o.External = plugin
		closePlugin = func() { _ = plugin.Close() } // ends with the process either way
	}
	all, err := sign.NewPolicies(o)
	if err != nil {
		closePlugin()
		return nil, nil, nil, coded{exitUsage, err}
	}
	return all, o.TBGOST1, closePlugin, nil
}
