package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/cabinet/desk"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

// people is the part of the operator that people meet; nil without --http or with
// --no-cabinet.
type people struct {
	*front.Front
	office *office.Office
	site   string
	hub    *desk.Hub
}

// openPeople opens the cabinet's base beside the store and puts the front on it.
func (s *serveCmd) openPeople(ctx context.Context, l listeners, o *server.Options, srv *server.Server, b *bench, log *slog.Logger) (*people, error) {
	if l.http == nil || !s.Cabinet {
		return nil, nil
	}
	base, err := office.Open(ctx, s.Store)
	if err != nil {
		return nil, coded{exitUnreachable, fmt.Errorf("--store=%q: %w", withoutPassword(s.Store), err)}
	}
	site := s.Site
	if site == "" {
		site = "http://" + l.http.Addr().String()
	}
	name := o.OFDName
	if name == "" {
		name = server.DefaultName
	}
	fo := front.Options{Store: o.Store, Office: base, OFD: o.OFD, OFDName: name, KKTAddr: l.kkt.Addr().String(), Site: site, Bench: true, Now: b.clock.Now, Clock: b.clock, Desk: b.desk(srv, o, s.atHome(l.http)), Logger: log, Registry: o.Registry}
	fo.HooksInside = s.atHome(l.http)
	if fo.HookSecret, err = hookSecret(s.HookSecret, s.Store); err == nil {
		err = s.mail(&fo)
	}
	if err == nil {
		err = s.identity(&fo, s.atHome(l.http), b.demo != nil)
	}
	var f *front.Front
	if err == nil {
		f, err = front.New(fo)
	}
	if err != nil {
		_ = base.Close()
		return nil, err
	}
	p := &people{f, base, site, b.hub}
	if b.demo != nil {
		if err := b.demo.furnish(ctx, p, b.clock.Now); err != nil {
			p.close(log)
			return nil, err
		}
		b.demo.o.Arrived = func(ctx context.Context) error { return p.paperwork(ctx, b.clock.Now) }
	}
	return p, nil
}

// hello tells the people of the demo how to come in; nothing without a cabinet.
func (p *people) hello() string {
	if p == nil {
		return ""
	}
	return chainHello(p.site)
}

// web is what is served at --http: the machine's side and, with a cabinet, people's.
func (p *people) web(machine http.Handler) http.Handler {
	if p == nil {
		return machine
	}
	mux := http.NewServeMux()
	mux.Handle("/", p.Handler())
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/bench/"} {
		mux.Handle(path, machine)
	}
	return mux
}

// machine is the machine's side without the bench's own API where that must not be:
// it shows every document of everybody, so it is for those who sit at this computer
// unless --bench-api says otherwise.
func (s *serveCmd) machine(h http.Handler, ln net.Listener) http.Handler {
	if ln == nil || s.atHome(ln) {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
			h.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	})
}

// atHome tells that whoever comes by ln may see and move all of the bench.
func (s *serveCmd) atHome(ln net.Listener) bool {
	addr, ok := ln.Addr().(*net.TCPAddr)
	return s.Bench == "on" || s.Bench != "off" && ok && addr.IP.IsLoopback()
}

// run keeps the cabinet up until ctx ends, then ends what browsers watch.
func (p *people) run(ctx context.Context) error {
	if p == nil {
		return nil
	}
	defer p.hub.Close()
	return p.Run(ctx)
}

// close closes the cabinet's base.
func (p *people) close(log *slog.Logger) {
	if p == nil {
		return
	}
	if err := p.office.Close(); err != nil {
		log.Error("closing the cabinet's base", "err", err)
	}
}
