package api

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// Options of the API; the zero value works.
type Options struct {
	// Logger hears of failed requests. Nil discards.
	Logger *slog.Logger
	// ShowPersonal shows buyers' and cashiers' data in decoded documents: the
	// requisites of ffd.Personal.
	ShowPersonal bool
	// HideRaw leaves out messages, confirmations and bytes of exchanges.
	HideRaw bool
	// Clock answers at /bench/v1/clock: GET shows the bench's clock, POST moves it
	// (control.Clock). Nil: there is none, unless who mounts this API puts one there.
	Clock http.Handler
}

const (
	prefix    = "/bench/v1"
	clockPath = prefix + "/clock"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI is the description of the API, OpenAPI 3.1 in JSON.
func OpenAPI() []byte { return bytes.Clone(openAPI) }

type api struct {
	store store.Store
	o     Options
}

// route is a resource: where it is, what may be asked, who answers.
type route struct {
	Path       string   `json:"path"`
	Parameters []string `json:"parameters,omitempty"`
	Summary    string   `json:"summary"`
	serve      func(ctx context.Context, q *query) (any, error)
}

var (
	pageParameters   = []string{"after", "limit"}
	filterParameters = []string{"form", "rnm", "inn", "fpd", "from", "to", "findings", "count"}
)

func (a *api) routes() []route {
	ofFN := append([]string{"fn"}, pageParameters...)
	filtered := append(filterParameters[:len(filterParameters):len(filterParameters)], pageParameters...)
	return []route{
		{prefix + "/stats", nil, "Totals of everything stored", a.stats},
		{prefix + "/drives", pageParameters, "Drives (ФН) with their state", a.drives},
		{prefix + "/drives/{fn}", nil, "One drive", a.drive},
		{prefix + "/drives/{fn}/documents", filtered, "Documents of one drive", a.documents},
		{prefix + "/drives/{fn}/documents/{fd}", nil, "One document: decoded, tag by tag, printed, raw", a.document},
		{prefix + "/documents", append([]string{"fn"}, filtered...), "Documents of all drives", a.documents},
		{prefix + "/exchanges", ofFN, "Exchanges with registers, bytes both ways", a.exchanges},
		{prefix + "/incidents", ofFN, "What a person should look at", a.incidents},
		{prefix + "/quarantine", ofFN, "Messages kept although they were not accepted", a.quarantine},
		{clockPath, nil, "Clock of the bench, which terms, colours and reports follow; POST moves it", func(context.Context, *query) (any, error) {
			return nil, &Error{NotFound, "this operator has no clock that can be moved"}
		}},
		{prefix + "/openapi.json", nil, "Description of this API (OpenAPI 3.1)", func(context.Context, *query) (any, error) {
			return json.RawMessage(openAPI), nil
		}},
	}
}

// index is the answer at /.
type index struct {
	Name   string  `json:"name"`
	Notice string  `json:"notice"`
	Routes []route `json:"routes"`
}

const notice = "Испытательный стенд. Не является оператором фискальных данных и не связан с налоговой службой."

// New serves the resources of OpenAPI and an index of them at /.
func New(s store.Store, o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &api{store: s, o: o}
	mux := http.NewServeMux()
	routes := a.routes()
	for _, r := range routes {
		h := a.handler(r)
		if r.Path == clockPath && o.Clock != nil {
			h = o.Clock
		}
		mux.Handle(r.Path, h)
	}
	mux.Handle("/{$}", a.handler(route{serve: func(context.Context, *query) (any, error) {
		return index{"fiscalbench", notice, routes}, nil
	}}))
	mux.Handle("/", a.handler(route{Parameters: []string{"*"}, serve: func(context.Context, *query) (any, error) {
		return nil, &Error{NotFound, "no such resource; see / for all"}
	}}))
	return mux
}

// Codes of errors.
const (
	Invalid  = "invalid"   // 400, and 405 for a method other than GET
	NotFound = "not_found" // 404
	Internal = "internal"  // 500; the log says more
)

// Error is the body of an answer that is not 200.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return "api: " + e.Message }

func invalid(format string, args ...any) error { return &Error{Invalid, fmt.Sprintf(format, args...)} }

func (a *api) handler(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			a.reply(w, req, http.StatusMethodNotAllowed, &Error{Invalid, "this API only reads: use GET"})
			return
		}
		q, err := readQuery(req, r.Parameters)
		var body any
		if err == nil {
			body, err = r.serve(req.Context(), q)
		}
		if err != nil {
			a.fail(w, req, err)
			return
		}
		a.reply(w, req, http.StatusOK, body)
	})
}

// fail answers with the error's code; what is not for the client goes to the log.
func (a *api) fail(w http.ResponseWriter, req *http.Request, err error) {
	var e *Error
	status := http.StatusInternalServerError
	switch {
	case errors.As(err, &e) && e.Code == Invalid:
		status = http.StatusBadRequest
	case errors.As(err, &e) && e.Code == NotFound:
		status = http.StatusNotFound
	case errors.Is(err, store.ErrNotFound):
		status, e = http.StatusNotFound, &Error{NotFound, strings.TrimSuffix(err.Error(), ": "+store.ErrNotFound.Error()) + " is not stored"}
	default:
		if req.Context().Err() == nil { // else nobody waits for the answer
			a.o.Logger.Error("api request failed", "path", req.URL.Path, "err", err)
		}
		e = &Error{Internal, "internal error"}
	}
	a.reply(w, req, status, e)
}

func (a *api) reply(w http.ResponseWriter, req *http.Request, status int, body any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		a.o.Logger.Error("api answer not encoded", "path", req.URL.Path, "err", err)
		status = http.StatusInternalServerError
		b.Reset()
		b.WriteString(`{"code":"internal","message":"internal error"}` + "\n")
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(b.Bytes()); err != nil {
		a.o.Logger.Debug("api answer not sent", "path", req.URL.Path, "err", err)
	}
}
