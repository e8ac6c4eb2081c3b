package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/fiscalbench/fiscalbench/internal/clock"
)

// showClock is what the clock shows and how far it was moved.
func (h *handler) showClock(*http.Request) (any, error) {
	if h.o.Clock == nil {
		return nil, &Error{"not_found", "this operator has no clock that can be moved"}
	}
	return h.o.Clock.State(), nil
}

// moveClock moves it: SIM-11.
func (h *handler) moveClock(r *http.Request) (any, error) {
	if h.o.Clock == nil {
		return nil, &Error{"not_found", "this operator has no clock that can be moved"}
	}
	var in clock.Request
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, &Error{"invalid", fmt.Sprintf("body: %v; want {\"move\":\"24h\"}, {\"set\":\"2026-08-01T09:00:00+03:00\"} or {\"reset\":true}", err)}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{"invalid", "body: more than one JSON value"}
	}
	state, err := h.o.Clock.Do(in)
	if err != nil {
		return nil, &Error{"invalid", err.Error()}
	}
	h.o.Logger.Info("clock moved", "now", state.Now, "moved", state.Moved)
	return state, nil
}

// Clock serves the clock of the bench outside the control port: GET shows it, POST
// moves it. Requests of other sites' pages are refused; who may come at all is the
// caller's affair.
func Clock(c *clock.Clock, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h := &handler{Options{Clock: c, Logger: log}}
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var out any
		var err error
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			out, err = h.showClock(r)
		case http.MethodPost:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			out, err = h.moveClock(r)
		default:
			w.Header().Set("Allow", "GET, POST")
			err = &Error{"method_not_allowed", "allowed: GET, POST"}
		}
		w.Header().Set("Cache-Control", "no-store")
		h.reply(w, out, err)
	}))
}
