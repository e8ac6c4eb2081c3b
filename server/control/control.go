// Package control is the operator's control port: a second listener by which a test
// sets and clears injected faults, reads what was injected and the counters, and asks
// after the server's health, and by which an engineer takes profiles of the process
// (/debug/pprof/).
//
// It has no passwords, so it listens on a loopback address only and is off unless it
// is asked for. It cannot change what is stored. It is not the operator's API (package
// server/api), and not the control port of the register (package emulator/control).
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Options of the port. Only Faults is needed.
type Options struct {
	Faults *fault.Set
	Health func(context.Context) error                // nil error: fit for work; always when nil
	Stats  func(context.Context) (store.Stats, error) // totals of the store; none when nil
	Clock  *clock.Clock                               // the bench's, to be moved; nil: there is none
	Logger *slog.Logger                               // nil: discard
}

// Listen opens a port on the loopback interface. Other addresses are refused, names
// other than localhost too: what they stand for may change.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("control: address %q: want HOST:PORT", addr)
	}
	if !loopback(host) {
		return nil, fmt.Errorf("control: address %q: the control port has no password and listens on a loopback address only", addr)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if a, ok := ln.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() { // localhost that somebody bent
		_ = ln.Close()
		return nil, fmt.Errorf("control: address %q: is %s here, which is no loopback address", addr, ln.Addr())
	}
	return ln, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Error is the body of an answer that is not 200.
type Error struct {
	Code    string `json:"code"` // invalid, not_found, method_not_allowed, forbidden, unavailable, internal
	Message string `json:"message"`
}

func (e *Error) Error() string { return "control: " + e.Message }

var statuses = map[string]int{"invalid": http.StatusBadRequest, "not_found": http.StatusNotFound, "method_not_allowed": http.StatusMethodNotAllowed,
	"forbidden": http.StatusForbidden, "unavailable": http.StatusServiceUnavailable}

type handler struct {
	o Options
}

// route is one operation of the port.
type route struct {
	method, path string
	serve        func(*handler, *http.Request) (any, error)
}

var routes = []route{
	{"GET", "/health", (*handler).health},
	{"GET", "/points", (*handler).points},
	{"GET", "/faults", func(h *handler, _ *http.Request) (any, error) { return fault.RulesOf(h.o.Faults.Rules()), nil }},
	{"POST", "/faults", (*handler).add},
	{"DELETE", "/faults", (*handler).clear},
	{"DELETE", "/faults/{id}", (*handler).remove},
	{"GET", "/injected", (*handler).injected},
	{"GET", "/counters", (*handler).counters},
	{"POST", "/reset", (*handler).reset},
	{"GET", "/clock", (*handler).showClock},
	{"POST", "/clock", (*handler).moveClock},
}

// Handler serves the port. Requests that a browser makes for another site, or under
// another name than a loopback one, are refused.
func Handler(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{o}
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range routes {
		methods[r.path] = append(methods[r.path], r.method)
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) {
			req.Body = http.MaxBytesReader(w, req.Body, maxBody)
			out, err := r.serve(h, req)
			h.reply(w, out, err)
		})
	}
	for path, allowed := range methods {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			h.reply(w, nil, &Error{"method_not_allowed", "allowed: " + strings.Join(allowed, ", ")})
		})
	}
	profiles(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		h.reply(w, nil, &Error{"not_found", "no such path; there are /health, /points, /faults, /injected, /counters, /reset, /clock, /debug/pprof/"})
	})
	return http.NewCrossOriginProtection().Handler(h.local(mux))
}

// profiles serves those of the Go runtime, for go tool pprof.
func profiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // and all profiles by name
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// maxBody bounds a request in bytes.
const maxBody = 1 << 20

func (h *handler) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if bare, _, err := net.SplitHostPort(host); err == nil {
			host = bare
		}
		if !loopback(strings.Trim(host, "[]")) {
			h.reply(w, nil, &Error{"forbidden", "the control port answers to loopback names only"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *handler) reply(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			h.o.Logger.Error("control port", "err", err)
			e = &Error{"internal", "internal error"}
		}
		out, status = e, http.StatusInternalServerError
		if known, ok := statuses[e.Code]; ok {
			status = known
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // plain values only; the peer may be gone
}

func (h *handler) health(r *http.Request) (any, error) {
	if h.o.Health != nil {
		if err := h.o.Health(r.Context()); err != nil {
			return nil, &Error{"unavailable", err.Error()}
		}
	}
	return struct {
		Status string `json:"status"`
		Seed   uint64 `json:"seed"`
	}{"ok", h.o.Faults.Seed()}, nil
}

// Point is a fault point as the port shows it.
type Point struct {
	fault.Info
	Side    string   `json:"side"`
	Asked   string   `json:"askedFor"`
	Filters []string `json:"filters,omitempty"`
}

func (h *handler) points(*http.Request) (any, error) {
	var all []Point
	for _, i := range fault.Points(h.o.Faults.Side()) {
		all = append(all, Point{i, i.Side.String(), i.Moment.String(), i.Moment.Filters()})
	}
	return map[string]any{"points": all}, nil
}

// add answers with the rules it added.
func (h *handler) add(r *http.Request) (any, error) {
	var in struct {
		Rules []string `json:"rules"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, &Error{"invalid", fmt.Sprintf("body: %v; want {\"rules\":[\"NAME:TRIGGER,…\"]}", err)}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{"invalid", "body: more than one JSON value"}
	}
	if len(in.Rules) == 0 {
		return nil, &Error{"invalid", "body: no rules"}
	}
	added, err := h.o.Faults.Add(in.Rules...)
	if err != nil {
		return nil, &Error{"invalid", err.Error()}
	}
	h.o.Logger.Info("fault rules added", "rules", strings.Join(in.Rules, " "))
	return fault.RulesOf(added), nil
}

func (h *handler) clear(*http.Request) (any, error) {
	h.o.Faults.Clear()
	h.o.Logger.Info("fault rules cleared")
	return fault.RulesOf(nil), nil
}

func (h *handler) remove(r *http.Request) (any, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !h.o.Faults.Remove(id) {
		return nil, &Error{"not_found", fmt.Sprintf("no rule %q", r.PathValue("id"))}
	}
	return fault.RulesOf(h.o.Faults.Rules()), nil
}

// Injected is an injected fault as the port shows it.
type Injected struct {
	Seq   uint64          `json:"seq"`
	At    time.Time       `json:"at"`
	Point string          `json:"point"`
	Rule  string          `json:"rule"`
	N     uint64          `json:"n"` // which of the rule's events it was
	FN    fiscal.FNNumber `json:"fiscalDriveNumber,omitempty"`
	FD    fiscal.FDNumber `json:"fiscalDocumentNumber,omitempty"`
	Form  fiscal.Form     `json:"form,omitempty"`
	Conn  string          `json:"conn,omitempty"`
}

func (h *handler) injected(r *http.Request) (any, error) {
	after := uint64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, &Error{"invalid", fmt.Sprintf("after=%q: want a number", text)}
		}
	}
	all := []Injected{}
	for _, i := range h.o.Faults.Injected(after) {
		all = append(all, Injected{i.Seq, i.At.UTC(), i.Point.String(), i.Rule, i.N, i.Event.FN, i.Event.FD, i.Event.Form, i.Event.Peer})
	}
	return map[string]any{"injected": all}, nil
}

// Counters are the totals.
type Counters struct {
	Injected map[string]uint64 `json:"injected"` // by point, those that ever acted
	Store    *store.Stats      `json:"store,omitempty"`
}

func (h *handler) counters(r *http.Request) (any, error) {
	c := Counters{Injected: map[string]uint64{}}
	for _, i := range fault.Points(h.o.Faults.Side()) {
		if n := h.o.Faults.Fired(i.Point); n > 0 {
			c.Injected[i.Name] = n
		}
	}
	if h.o.Stats != nil {
		stats, err := h.o.Stats(r.Context())
		if err != nil {
			return nil, fmt.Errorf("reading the totals: %w", err)
		}
		c.Store = &stats
	}
	return c, nil
}

func (h *handler) reset(r *http.Request) (any, error) {
	h.o.Faults.Reset()
	h.o.Logger.Info("faults reset")
	return h.counters(r)
}
