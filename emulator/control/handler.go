package control

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

//go:embed openapi.json
var openAPI []byte

// Limits of request bodies in bytes. A receipt of the formats has at most 32 768; its
// JSON is several times as long.
const (
	maxJSON     = 1 << 20
	maxSnapshot = 512 << 20
)

// route is one operation of the port.
type route struct {
	method, path string
	limit        int64
	serve        func(*handler, *http.Request) (any, error)
}

var routes = []route{
	{"GET", "/openapi.json", 0, nil},
	{"GET", "/status", 0, (*handler).status},
	{"POST", "/register", maxJSON, document(Machine.Register)},
	{"POST", "/change", maxJSON, document(Machine.Change)},
	{"POST", "/replace-fn", maxJSON, (*handler).replaceFN},
	{"POST", "/open", maxJSON, document(Machine.OpenShift)},
	{"POST", "/receipt", maxJSON, document(Machine.Receipt)},
	{"POST", "/correction", maxJSON, document(Machine.Correction)},
	{"POST", "/state", maxJSON, document(func(m Machine, _ struct{}) (kkt.Result, error) { return m.StateReport() })},
	{"POST", "/close", maxJSON, document(Machine.CloseShift)},
	{"POST", "/close-archive", maxJSON, document(Machine.CloseArchive)},
	{"POST", "/update-keys", maxJSON, (*handler).updateKeys},
	{"POST", "/exchange", maxJSON, (*handler).exchange},
	{"POST", "/fn/exec", maxJSON, (*handler).exec},
	{"GET", "/faults", 0, func(h *handler, _ *http.Request) (any, error) { return h.machine.Faults(), nil }},
	{"PUT", "/faults", maxJSON, (*handler).setFaults},
	{"GET", "/points", 0, points},
	{"GET", "/inject", 0, (*handler).injection},
	{"POST", "/inject", maxJSON, (*handler).inject},
	{"DELETE", "/inject", 0, (*handler).injectNothing},
	{"DELETE", "/inject/{id}", 0, (*handler).injectLess},
	{"GET", "/injected", 0, (*handler).injected},
	{"POST", "/power-cut", maxJSON, func(h *handler, _ *http.Request) (any, error) { return empty{}, h.machine.PowerCut() }},
	{"POST", "/clock/advance", maxJSON, (*handler).advance},
	{"PUT", "/setup", maxJSON, (*handler).setup},
	{"PUT", "/sending", maxJSON, (*handler).sending},
	{"POST", "/trace/take", maxJSON, func(h *handler, _ *http.Request) (any, error) { return h.machine.Take(), nil }},
	{"GET", "/shown", 0, func(h *handler, _ *http.Request) (any, error) {
		return struct {
			Items []Shown `json:"items"`
		}{h.machine.Shown()}, nil
	}},
	{"GET", "/snapshot", 0, nil},
	{"PUT", "/snapshot", maxSnapshot, (*handler).load},
	{"GET", "/printed", 0, nil},
}

type empty struct{}

type handler struct {
	machine Machine
	log     *slog.Logger
}

// Options of the port.
type Options struct {
	Logger *slog.Logger // nil: discard
}

// Handler serves the control port of a machine. Requests that a browser makes for
// another site are refused.
func Handler(m Machine, o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{machine: m, log: o.Logger}
	raw := map[string]http.HandlerFunc{"/openapi.json": h.describe, "/snapshot": h.save, "/printed": h.printed}
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range routes {
		methods[r.path] = append(methods[r.path], r.method)
		if r.serve == nil {
			mux.HandleFunc(r.method+" "+r.path, raw[r.path])
			continue
		}
		mux.HandleFunc(r.method+" "+r.path, h.json(r))
	}
	for path, allowed := range methods {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			h.fail(w, &problem{http.StatusMethodNotAllowed, Error{Code: "method_not_allowed", Message: "allowed: " + strings.Join(allowed, ", ")}})
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, &problem{http.StatusNotFound, Error{Code: "not_found", Message: "no such path; see /openapi.json"}})
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// json serves a route whose answer is JSON.
func (h *handler) json(r route) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if r.limit > 0 {
			req.Body = http.MaxBytesReader(w, req.Body, r.limit)
		}
		out, err := r.serve(h, req)
		if err != nil {
			h.fail(w, err)
			return
		}
		h.reply(w, http.StatusOK, out)
	}
}

func (h *handler) reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		h.log.Error("answer cannot be written", "err", err)
		http.Error(w, `{"code":"internal","message":"internal error"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// decode reads a body strictly. An empty one is the zero value.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var big *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &big):
		return err
	case err != nil:
		return invalid("%v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("more than one JSON value")
	}
	return nil
}

// document serves a route that makes one.
func document[T any](make func(Machine, T) (kkt.Result, error)) func(*handler, *http.Request) (any, error) {
	return func(h *handler, r *http.Request) (any, error) {
		var in T
		if err := decode(r, &in); err != nil {
			return nil, err
		}
		res, err := make(h.machine, in)
		if err != nil {
			return nil, err
		}
		return result(res), nil
	}
}

// Document is a document made, as the port answers it.
type Document struct {
	Code     fiscal.Form     `json:"code"` // form
	Name     string          `json:"name"` // of the form, in Russian
	FD       fiscal.FDNumber `json:"fiscalDocumentNumber"`
	FPD      string          `json:"fiscalSign"` // ten digits, as printed
	DateTime time.Time       `json:"dateTime"`   // wall clock in UTC
	Shift    uint16          `json:"shiftNumber,omitempty"`
	Number   uint16          `json:"requestNumber,omitempty"`
	Total    fiscal.Kopecks  `json:"totalSum"`
	STLV     string          `json:"stlv,omitempty"` // hex
	Text     string          `json:"text,omitempty"` // as printed
	QR       string          `json:"qr,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
}

func result(r kkt.Result) Document {
	return Document{r.Form, r.Form.String(), r.FD, r.FPD.Paper(), r.DateTime, r.Shift, r.Number, r.Total, hex.EncodeToString(r.STLV), r.Text, r.QR, r.Warnings}
}

func (h *handler) status(*http.Request) (any, error) { return h.machine.Status() }

func (h *handler) replaceFN(r *http.Request) (any, error) {
	var in struct {
		Number fiscal.FNNumber `json:"number"`
		Model  string          `json:"model"`
		Change kkt.Change      `json:"change"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	res, err := h.machine.ReplaceFN(in.Number, in.Model, in.Change)
	if err != nil {
		return nil, err
	}
	return result(res), nil
}

func (h *handler) exchange(r *http.Request) (any, error) {
	sent, err := h.machine.Exchange(r.Context())
	if err != nil {
		return nil, err
	}
	return struct {
		Sent int `json:"sent"`
	}{sent}, nil
}

func (h *handler) updateKeys(*http.Request) (any, error) {
	updated, err := h.machine.UpdateKeys()
	if err != nil {
		return nil, err
	}
	return struct {
		Updated bool `json:"updated"`
	}{updated}, nil
}

// exec runs a raw command. A refusal of the drive is an answer, not an error.
func (h *handler) exec(r *http.Request) (any, error) {
	var in struct {
		Command string `json:"command"`
		Data    string `json:"data"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	cmd, err := strconv.ParseUint(strings.TrimSuffix(strings.ToLower(in.Command), "h"), 16, 8)
	if err != nil {
		return nil, invalid("command %q: want two hex digits, 30 or 30h", in.Command)
	}
	data, err := hex.DecodeString(in.Data)
	if err != nil || len(data) > 1024 {
		return nil, invalid("data: want hex, at most 1024 bytes")
	}
	a, err := h.machine.Exec(byte(cmd), data)
	if err != nil {
		return nil, err
	}
	return struct {
		Code    string `json:"code"` // two hex digits without the warning bit
		Warning bool   `json:"warning"`
		Data    string `json:"data"`
		Why     string `json:"why,omitempty"`
	}{fmt.Sprintf("%02X", byte(a.Code)), a.Warning, hex.EncodeToString(a.Data), a.Why}, nil
}

func (h *handler) setFaults(r *http.Request) (any, error) {
	var f fn.Faults
	if err := decode(r, &f); err != nil {
		return nil, err
	}
	if err := h.machine.SetFaults(f); err != nil {
		return nil, invalid("%v", err)
	}
	return h.machine.Faults(), nil
}

func (h *handler) advance(r *http.Request) (any, error) {
	var in struct {
		Days      int    `json:"days"`
		Duration  string `json:"duration"`
		ClockOnly bool   `json:"clock_only"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	var d time.Duration
	if in.Duration != "" {
		var err error
		if d, err = time.ParseDuration(in.Duration); err != nil {
			return nil, invalid("duration %q: want for example 90m or -1h", in.Duration)
		}
	}
	if in.Days > 36600 || in.Days < -36600 {
		return nil, invalid("days %d: want at most 36600", in.Days)
	}
	return struct {
		Time time.Time `json:"time"`
	}{h.machine.Advance(d+time.Duration(in.Days)*24*time.Hour, in.ClockOnly)}, nil
}

func (h *handler) setup(r *http.Request) (any, error) {
	var s Setup
	if err := decode(r, &s); err != nil {
		return nil, err
	}
	if err := h.machine.Setup(s); err != nil {
		return nil, err
	}
	return h.machine.Status()
}

func (h *handler) sending(r *http.Request) (any, error) {
	var in struct {
		Sending Sending `json:"sending"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	return empty{}, h.machine.SetSending(in.Sending)
}

func (h *handler) load(r *http.Request) (any, error) {
	if err := h.machine.Load(r.Body); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return nil, err
		}
		return nil, &problem{http.StatusUnprocessableEntity, Error{Code: "refused", Message: err.Error()}}
	}
	return h.machine.Status()
}

func (h *handler) save(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := h.machine.Save(w); err != nil {
		h.log.Error("snapshot not sent", "err", err)
	}
}

func (h *handler) printed(w http.ResponseWriter, _ *http.Request) {
	text := h.machine.Printed()
	if text == "" {
		h.fail(w, &problem{http.StatusNotFound, Error{Code: "not_found", Message: "nothing was printed yet"}})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

func (h *handler) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(openAPI)
}
