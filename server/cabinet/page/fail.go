package page

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// ErrNotFound makes a page say that there is nothing at the address: also for things
// that are there and not for this person.
var ErrNotFound = errors.New("page: not found")

// Failure is a page that says what went wrong and what to do.
type Failure struct {
	Status      int
	Title, Text string // in Russian
}

func (e *Failure) Error() string { return "page: " + e.Title + ": " + e.Text }

// Fields puts the errors of a service at the fields of a form. An error that is not
// about a field or a refusal comes back.
func Fields(err error) (invalid.Fields, error) {
	var fields invalid.Fields
	if errors.As(err, &fields) {
		return maps.Clone(fields), nil
	}
	var refused *account.Refused
	if errors.As(err, &refused) {
		return invalid.Fields{"": refused.Text()}, nil
	}
	return nil, err
}

// fail answers with the page of an error. What nobody foresaw is logged in full and
// shown as an internal error.
func (f *Frame) fail(v *Visit, err error) {
	failure := &Failure{Status: http.StatusInternalServerError, Title: "Внутренняя ошибка", Text: "Мы уже знаем о ней из журнала. Попробуйте ещё раз."}
	var known *Failure
	var refusal *access.Refusal
	var refused *account.Refused
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		failure = known
	case errors.As(err, &refusal):
		failure = &Failure{Status: http.StatusForbidden, Title: "Недостаточно прав", Text: "Попросите владельца аккаунта организации открыть вам этот раздел."}
	case errors.As(err, &refused):
		failure = &Failure{Status: http.StatusForbidden, Title: "Отказано", Text: refused.Text()}
		if refused.Reason == account.TooMany {
			failure.Status = http.StatusTooManyRequests
			v.W.Header().Set("Retry-After", strconv.Itoa(int(refused.Wait/time.Second)+1))
		}
	case errors.Is(err, ErrNotFound), errors.Is(err, account.ErrNotFound):
		failure = &Failure{Status: http.StatusNotFound, Title: "Страница не найдена", Text: "Проверьте адрес или начните с главной страницы."}
	case errors.Is(err, account.ErrStale):
		failure = &Failure{Status: http.StatusConflict, Title: "Данные изменились", Text: "Пока вы правили форму, её сохранил кто-то другой. Откройте страницу ещё раз."}
	case errors.As(err, &tooLarge):
		failure = &Failure{Status: http.StatusRequestEntityTooLarge, Title: "Файл слишком велик", Text: "Принимаются файлы до 8 МБ."}
	case errors.Is(err, context.Canceled):
		return // the browser went away
	default:
		f.o.Logger.Error("page", "path", v.R.URL.Path, "err", err)
	}
	if v.User.ID == "" {
		v.W.Header().Set("Cache-Control", "no-store")
	}
	if err := v.RenderStatus(failure.Status, f.errors, failure); err != nil {
		f.o.Logger.Error("page of an error", "err", err)
		http.Error(v.W, failure.Title, failure.Status)
	}
}
