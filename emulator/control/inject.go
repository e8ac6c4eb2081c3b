package control

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// Point is a fault point of the register's exchange.
type Point struct {
	fault.Info
	Asked   string   `json:"askedFor"`
	Filters []string `json:"filters,omitempty"`
}

// Injected is a fault that was injected.
type Injected struct {
	Seq   uint64          `json:"seq"`
	At    time.Time       `json:"at"`
	Point string          `json:"point"`
	Rule  string          `json:"rule"`
	N     uint64          `json:"n"` // which of the rule's events it was
	FN    fiscal.FNNumber `json:"fiscalDriveNumber,omitempty"`
	FD    fiscal.FDNumber `json:"fiscalDocumentNumber,omitempty"`
	Form  fiscal.Form     `json:"form,omitempty"`
}

func points(*handler, *http.Request) (any, error) {
	all := []Point{}
	for _, i := range fault.Points(fault.Register) {
		all = append(all, Point{i, i.Moment.String(), i.Moment.Filters()})
	}
	return map[string]any{"points": all}, nil
}

// set is that of the machine; an error when it injects nothing.
func (h *handler) set() (*fault.Set, error) {
	if s := h.machine.Injection(); s != nil {
		return s, nil
	}
	return nil, &problem{http.StatusNotFound, Error{Code: "not_found", Message: "this register has no fault points"}}
}

func (h *handler) injection(*http.Request) (any, error) {
	set, err := h.set()
	if err != nil {
		return nil, err
	}
	return fault.RulesOf(set.Rules()), nil
}

// inject answers with the rules it added: all or none.
func (h *handler) inject(r *http.Request) (any, error) {
	var in struct {
		Rules []string `json:"rules"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	set, err := h.set()
	switch {
	case err != nil:
		return nil, err
	case len(in.Rules) == 0:
		return nil, invalid(`no rules; want {"rules":["NAME:TRIGGER,…"]}`)
	}
	added, err := set.Add(in.Rules...)
	if err != nil {
		return nil, invalid("%v", err)
	}
	return fault.RulesOf(added), nil
}

func (h *handler) injectNothing(*http.Request) (any, error) {
	set, err := h.set()
	if err != nil {
		return nil, err
	}
	set.Clear()
	return fault.RulesOf(nil), nil
}

func (h *handler) injectLess(r *http.Request) (any, error) {
	set, err := h.set()
	if err != nil {
		return nil, err
	}
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !set.Remove(id) {
		return nil, &problem{http.StatusNotFound, Error{Code: "not_found", Message: fmt.Sprintf("no rule %q", r.PathValue("id"))}}
	}
	return fault.RulesOf(set.Rules()), nil
}

func (h *handler) injected(r *http.Request) (any, error) {
	set, err := h.set()
	if err != nil {
		return nil, err
	}
	after := uint64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, invalid("after=%q: want a number", text)
		}
	}
	all := []Injected{}
	for _, i := range set.Injected(after) {
		all = append(all, Injected{i.Seq, i.At.UTC(), i.Point.String(), i.Rule, i.N, i.Event.FN, i.Event.FD, i.Event.Form})
	}
	return map[string]any{"injected": all}, nil
}
