package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/tries"
)

// Arrivals are documents in the order they came; store.Store has them.
type Arrivals interface {
	Documents(ctx context.Context, f store.DocumentFilter, page store.Page) ([]store.Document, error)
}

// Options of the API. The services are needed; without Check, Reports or Outbox their
// resources are left out.
type Options struct {
	Accounts    *account.Service
	Fleet       *fleet.Service
	Ledger      *ledger.Service
	Integration *integration.Service
	Arrivals    Arrivals
	Check       *receiptcheck.Service
	Reports     *report.Service
	Outbox      *notify.Service
	// Buyers know the designs of sellers, for view=pdf; nil: without designs.
	Buyers *buyers.Service

	// PerMinute is how many requests a key or a person may make in any minute; 600 when
	// zero. Tries counts them for all servers of the base; this process alone when nil.
	PerMinute int
	Tries     tries.Store
	Now       func() time.Time
	Logger    *slog.Logger
}

// Version of the API; the major number is in the path (API-10).
const Version = "1.0.0"

type api struct {
	o      Options
	huma   huma.API
	limits *tries.Quota
}

// New makes the API: everything under /api/ and /public/.
func New(o Options) (http.Handler, error) {
	if o.Accounts == nil || o.Fleet == nil || o.Ledger == nil || o.Integration == nil || o.Arrivals == nil {
		return nil, errors.New("rest: accounts, fleet, ledger, integration and documents are needed")
	}
	a, mux := build(o)
	document, err := describe(a.huma.OpenAPI())
	if err != nil {
		return nil, err
	}
	page, err := docsPage(document)
	if err != nil {
		return nil, err
	}
	mux.HandleFunc("GET /api/v1/openapi.json", static("application/vnd.oai.openapi+json;version=3.1", document))
	mux.HandleFunc("GET /api/docs", static("text/html; charset=utf-8", page))
	mux.HandleFunc("GET /api/docs.css", static("text/css; charset=utf-8", docsCSS))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, problem(http.StatusNotFound, "not_found", "Такого адреса в API нет."))
	})
	return a.around(mux), nil
}

// build registers everything, for the server and for the document alone.
func build(o Options) (*api, *http.ServeMux) {
	if o.PerMinute == 0 {
		o.PerMinute = 600
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	c := huma.DefaultConfig("API оператора фискальных данных (испытательный стенд)", Version)
	c.CreateHooks, c.DocsPath, c.SchemasPath, c.OpenAPIPath = nil, "", "", ""
	c.Info.Description = about
	c.RejectUnknownQueryParameters = true
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat, ndjson: ndjsonFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key":     {Type: "http", Scheme: "bearer", Description: "Ключ из раздела «Интеграции → API»: Authorization: Bearer ofdk_…"},
		"session": {Type: "apiKey", In: "cookie", Name: account.SessionCookie, Description: "Сеанс личного кабинета: для самого сайта."},
	}
	a := &api{o: o, huma: humago.New(mux, c), limits: tries.NewQuota(o.Tries, o.Now, o.PerMinute, time.Minute)}
	a.organizations()
	a.places()
	a.registers()
	a.stays()
	a.documents()
	a.statistics()
	a.monitoring()
	a.reports()
	a.messages()
	a.webhooks()
	a.reference()
	a.receipts()
	return a, mux
}

const about = `Данные организации за тем же порогом прав, что и в личном кабинете.

Деньги — целые копейки. Время сервера — RFC 3339 с зоной; время документа — dateTime, как на часах кассы, и timeZone места, где она стоит. РНМ и номер ФН — 16 цифр строкой.

Ошибки — application/problem+json с полями type, title, status, detail, code, field, traceId. Списки листаются курсором page.next; page.complete=false значит, что за период ещё могут прийти документы. Много документов сразу — с заголовком Accept: application/x-ndjson.

POST с заголовком Idempotency-Key можно повторять сутки. PATCH требует If-Match с ETag прочитанного. Пределы — в заголовках: RateLimit-Limit — сколько запросов можно за любую минуту, где бы она ни началась; RateLimit-Remaining — сколько осталось; RateLimit-Reset — через сколько секунд начнут возвращаться сделанные раньше. Они общие для всех серверов за одним адресом. Сверх предела — 429 и Retry-After в секундах: раньше повторять незачем.

Внутри v1 поля только добавляются. Что будет убрано, за полгода получает заголовки Deprecation и Sunset; несовместимое выходит под новым номером в адресе.`

// OpenAPI is the description of the API, OpenAPI 3.1 in JSON.
func OpenAPI() ([]byte, error) {
	a, _ := build(Options{})
	return describe(a.huma.OpenAPI())
}

func describe(o *huma.OpenAPI) ([]byte, error) {
	b, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("rest: describing the API: %w", err)
	}
	return append(b, '\n'), nil
}

func static(kind string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body)
	}
}

// need is what an operation asks of the caller: of everybody the right, of a key the
// scope, too.
type need struct {
	right access.Right
	scope integration.Scope
}

// operation is a short form of huma's.
func operation(method, path, id, tag, summary string) huma.Operation {
	op := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag}, Security: []map[string][]string{{"key": {}}, {"session": {}}}}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusCreated
	}
	op.Errors = []int{400, 401, 403, 404, 429}
	if method == http.MethodPatch || method == http.MethodPost {
		op.Errors = append(op.Errors, 409, 422)
	}
	if method == http.MethodPatch {
		op.Errors = append(op.Errors, 410, 412, 428)
	}
	return op
}

// add registers an operation: its handler runs for callers who have what is needed,
// and its errors become problems.
func add[I, O any](a *api, op huma.Operation, n need, h func(ctx context.Context, c *caller, in *I) (*O, error)) {
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		c := callerOf(ctx)
		if c == nil {
			return nil, problem(http.StatusUnauthorized, "unauthorized", "Нужен ключ API или вход в личный кабинет.")
		}
		if err := c.viewer.Need(n.right); err != nil {
			return nil, a.fail(ctx, err)
		}
		if c.key != nil && n.scope != "" && !c.key.Has(n.scope) {
			p := problem(http.StatusForbidden, "scope", "У ключа нет области "+string(n.scope)+".")
			p.Field = "Authorization"
			return nil, p
		}
		out, err := h(ctx, c, in)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		return out, nil
	})
}

// open registers an operation for everybody.
func open[I, O any](a *api, op huma.Operation, h func(ctx context.Context, in *I) (*O, error)) {
	op.Security = []map[string][]string{}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		return out, nil
	})
}
