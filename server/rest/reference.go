package rest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// Term is a line of a reference: a code and what it means.
type Term struct {
	Code  string `json:"code"`
	JSON  string `json:"json,omitempty" doc:"Имя в JSON налоговой службы"`
	Title string `json:"title"`
}

// rates by number of tag 1199.
var rateTitles = []string{1: "НДС 20 %", "НДС 10 %", "НДС 20/120", "НДС 10/110", "НДС 0 %", "без НДС", "НДС 5 %", "НДС 7 %", "НДС 5/105", "НДС 7/107", "НДС 22 %", "НДС 22/122"}

// taxations by bit of tag 1062.
var taxationTitles = []string{"ОСН", "УСН доход", "УСН доход − расход", "ЕНВД", "ЕСХН", "патент"}

var errorCodes = []Term{
	{"invalid", "", "Запрос написан неверно или нарушает правило: поле в field"}, {"unauthorized", "", "Вход не выполнен"}, {"bad_key", "", "Ключа нет, он отозван или истёк"},
	{"forbidden", "", "Нет права"}, {"scope", "", "У ключа нет нужной области"}, {"limited_key", "", "Ключ ограничен периодом, а у отчёта периода нет"}, {"origin", "", "Сайт не разрешён ключом"},
	{"cross_origin", "", "Запрос с другого сайта"}, {"no_organization", "", "Организация не выбрана"}, {"not_found", "", "Нет или не видно"}, {"conflict", "", "Такая запись уже есть"}, {"not_empty", "", "Внутри что-то есть"},
	{"in_progress", "", "Первый запрос с этим Idempotency-Key ещё выполняется"}, {"idempotency_key_reused", "", "Idempotency-Key был у другого запроса"}, {"archived", "", "Касса в архиве"},
	{"gone", "", "Срок хранения истёк"}, {"stale", "", "Запись изменилась"}, {"if_match", "", "Нужен If-Match"}, {"unread", "", "Содержание документа не видно"}, {"personal", "", "Нужно personal=true"},
	{"too_many", "", "Слишком много запросов"}, {"too_large", "", "Запрос слишком велик"}, {"unsupported", "", "Метод или формат не поддерживается"}, {"no_secret", "", "Веб-хуки не настроены"},
	{"receipt-not-found", "", "Чек не найден"}, {"internal", "", "Внутренняя ошибка"},
}

// terms of a reference; nil when there is none of that name.
func terms(name string) (all []Term) {
	number := func(titles []string, code func(int) int) {
		for i, title := range titles {
			if title != "" {
				all = append(all, Term{Code: fmt.Sprint(code(i)), Title: title})
			}
		}
	}
	same := func(i int) int { return i }
	switch name {
	case "tags":
		for tag := tlv.Tag(1000); tag < 2200; tag++ {
			if t := ffd.Lookup(tag); t != nil && !t.Obsolete() {
				all = append(all, Term{fmt.Sprint(tag), t.JSON, t.Name})
			}
		}
	case "kinds":
		for _, f := range forms {
			all = append(all, Term{fmt.Sprint(int(f)), f.JSONName(), f.String()})
		}
	case "operations":
		for t := fiscal.OperationType(1); t <= 4; t++ {
			all = append(all, Term{Code: fmt.Sprint(int(t)), Title: t.String()})
		}
	case "rates":
		number(rateTitles, same)
	case "taxation":
		number(taxationTitles, func(i int) int { return 1 << i })
	case "statuses":
		return []Term{{Code: accepted, Title: "Принят, нарушений нет"}, {Code: warned, Title: "Принят с предупреждениями"}, {Code: wrong, Title: "Принят с ошибками ФЛК"}, {Code: unknown, Title: "Содержание не видно"}}
	case "errors":
		return errorCodes
	case "events":
		for _, e := range integration.Events() {
			all = append(all, Term{Code: string(e), Title: e.Title()})
		}
	case "scopes":
		for _, s := range integration.Scopes() {
			all = append(all, Term{Code: string(s), Title: s.Title()})
		}
	}
	return all
}

func (a *api) reference() {
	type input struct {
		Paging
		Name string `path:"name" enum:"tags,kinds,operations,rates,taxation,statuses,errors,events,scopes"`
	}
	add(a, operation(http.MethodGet, "/api/v1/reference/{name}", "getReference", "Справочники", "Коды и что они значат"), need{},
		func(_ context.Context, _ *caller, in *input) (*many[Term], error) {
			in.Total = true // they are few, and it has always been said
			p, err := cut(terms(in.Name), in.Paging)
			return &many[Term]{p}, err
		})
}
