package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// Problem is an error as it is answered (API-05, RFC 9457).
type Problem struct {
	Type    string `json:"type" doc:"urn:ofd:error:… — вид ошибки"`
	Title   string `json:"title" doc:"Вид ошибки по-русски"`
	Status  int    `json:"status" doc:"Код ответа HTTP"`
	Detail  string `json:"detail,omitempty" doc:"Что случилось в этот раз"`
	Code    string `json:"code" doc:"Короткое постоянное слово"`
	Field   string `json:"field,omitempty" doc:"Поле, параметр или заголовок, в котором дело"`
	TraceID string `json:"traceId,omitempty" doc:"Номер запроса в журнале сервера: X-Request-Id"`

	wait time.Duration // of Retry-After
}

// Error implements error.
func (p *Problem) Error() string { return "rest: " + p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	wait := p.wait
	if wait == 0 && p.Status == http.StatusServiceUnavailable {
		wait = time.Minute
	}
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="ofd"`)
	}
	return h
}

var titles = map[int]string{
	400: "Запрос написан неверно", 401: "Вход не выполнен", 403: "Недостаточно прав", 404: "Не найдено", 405: "Метод не поддерживается", 406: "Такой формат не отдаётся",
	409: "Противоречит тому, что есть", 410: "В архиве", 412: "Данные изменились", 413: "Запрос слишком велик", 415: "Такой формат не принимается", 422: "Нарушено правило",
	428: "Нужен заголовок If-Match", 429: "Слишком много запросов", 500: "Внутренняя ошибка", 503: "Временно недоступно",
}

func problem(status int, code, detail string) *Problem {
	title := titles[status]
	if title == "" {
		title = http.StatusText(status)
	}
	return &Problem{Type: "urn:ofd:error:" + code, Title: title, Status: status, Detail: detail, Code: code}
}

// huma makes its own errors through these two variables and has no other way to
// replace them; nothing else in the program uses huma.
func init() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma(status, message, errs...)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := fromHuma(status, message, errs...)
		if ctx != nil {
			p.TraceID = traceOf(ctx.Context())
		}
		return p
	}
}

// fromHuma words what the checks of parameters and bodies found. What is wrong in an
// address or a header is malformed (400), in a body against a rule (422).
func fromHuma(status int, message string, errs ...error) *Problem {
	code, detail, field := "internal", "", ""
	switch status {
	case 400, 422:
		code, detail = "invalid", message
	case 404, 405, 406, 413, 415:
		code, detail = "unsupported", message
	}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			detail, field = d.ErrorDetail().Message, d.ErrorDetail().Location
			break
		}
	}
	if status == 422 && field != "" && !strings.HasPrefix(field, "body") {
		status = 400
	}
	if code == "internal" {
		detail = "Сообщите traceId поддержке."
	}
	p := problem(status, code, detail)
	p.Field = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(field, "body."), "query."), "path."), "header.")
	return p
}

// fail turns an error of a service into a problem. What nobody foresaw is logged in
// full and shown as an internal error.
func (a *api) fail(ctx context.Context, err error) error {
	p := a.problemOf(ctx, err)
	p.TraceID = traceOf(ctx)
	return p
}

func (a *api) problemOf(ctx context.Context, err error) *Problem {
	var p *Problem
	var refusal *access.Refusal
	var refused *account.Refused
	var fields invalid.Fields
	var tooMany *receiptcheck.TooMany
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		return problem(http.StatusForbidden, "forbidden", "Нет нужного права.")
	case errors.As(err, &refused):
		return problem(http.StatusForbidden, "forbidden", refused.Text())
	case errors.As(err, &fields):
		p = ofFields(fields)
		if errors.Is(err, fleet.ErrTaken) {
			field := p.Field
			p = problem(http.StatusConflict, "conflict", p.Detail)
			p.Field = field
		}
		return p
	case errors.As(err, &tooMany):
		p = problem(http.StatusTooManyRequests, "too_many", "С этого адреса слишком много запросов.")
		p.wait = tooMany.Wait
		return p
	case errors.Is(err, fleet.ErrNotFound), errors.Is(err, ledger.ErrNotFound), errors.Is(err, integration.ErrNotFound), errors.Is(err, account.ErrNotFound),
		errors.Is(err, notify.ErrNotFound), errors.Is(err, report.ErrNotFound), errors.Is(err, receiptcheck.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "Этого нет или вам не видно.")
	case errors.Is(err, fleet.ErrStale), errors.Is(err, integration.ErrStale), errors.Is(err, account.ErrStale):
		return problem(http.StatusPreconditionFailed, "stale", "Запись изменили после того, как вы её прочитали.")
	case errors.Is(err, fleet.ErrTaken), errors.Is(err, integration.ErrTaken), errors.Is(err, account.ErrTaken):
		return problem(http.StatusConflict, "conflict", "Такая запись уже есть.")
	case errors.Is(err, fleet.ErrStood):
		return problem(http.StatusConflict, "not_empty", "Здесь стояли кассы: точка нужна отчётам за то время.")
	case errors.Is(err, fleet.ErrNotEmpty):
		return problem(http.StatusConflict, "not_empty", "Сначала уберите то, что внутри.")
	case errors.Is(err, report.ErrStale):
		return problem(http.StatusConflict, "conflict", "Отчёт меняется прямо сейчас: повторите.")
	case errors.Is(err, report.ErrUndated):
		return problem(http.StatusForbidden, "limited_key", "Ключу с ограничением по периоду отчёты без периода не отдаются.")
	case errors.Is(err, report.ErrGone):
		return problem(http.StatusGone, "gone", "Срок хранения файла истёк: закажите отчёт ещё раз.")
	case errors.Is(err, integration.ErrNoSecret):
		return problem(http.StatusServiceUnavailable, "no_secret", "Веб-хуки на этом сервере не настроены: нет ключа шифрования.")
	}
	if ctx.Err() == nil {
		a.o.Logger.Error("api", "trace", traceOf(ctx), "err", err)
	}
	return problem(http.StatusInternalServerError, "internal", "Сообщите traceId поддержке.")
}

// ofFields is a problem of the first field in the order of names.
func ofFields(fields invalid.Fields) *Problem {
	first := ""
	for name := range fields {
		if first == "" || name < first {
			first = name
		}
	}
	p := problem(http.StatusUnprocessableEntity, "invalid", fields[first])
	if p.Field = first; fieldNames[first] != "" {
		p.Field = fieldNames[first]
	}
	return p
}

// fieldNames are the API's names of fields that services call otherwise.
var fieldNames = map[string]string{"regId": "kktRegId", "serial": "kktNumber", "fn": "fiscalDriveNumber", "outlet": "outletId", "parent": "parentId", "lat": "latitude", "target": "targetRevenue"}

// writeProblem answers outside of operations.
func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.TraceID = traceOf(r.Context())
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
