package cabinet_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
)

const inn, serial = fiscal.INN("7702203276"), "000000000002"

func number(n uint64) string { return string(fiscal.MakeRegNumber(n, inn, serial)) }

// owner registers a person whose organisation has its card.
func (p *person) owner() access.Viewer {
	p.t.Helper()
	p.post("/lk/register", "org", "Ромашка", "email", "ivan@shop.example", "password", "ромашка-2026", "consent", "yes")
	_, session, err := p.accounts.Login(context.Background(), "ivan@shop.example", "ромашка-2026", account.From{})
	require.NoError(p.t, err)
	v, err := p.accounts.Viewer(context.Background(), session)
	require.NoError(p.t, err)
	require.NoError(p.t, p.accounts.SetCard(context.Background(), v, account.Card{Name: "Ромашка", INN: string(inn), KPP: "770201001"}, 1))
	return v
}

// CAB-060, CAB-061, CAB-062, CAB-071, CAB-075: from the empty list to the card.
func TestRegisters_FromTheEmptyListToTheCard(t *testing.T) {
	p := newPerson(t)
	p.owner()
	_, _, body := p.get("/lk/registers")
	assert.Contains(t, body, "Касс пока нет")
	assert.Contains(t, body, "/lk/registers/new")
	_, _, body = p.get("/lk/registers/new")
	for _, field := range []string{"РНМ", "Заводской номер (ЗН)", "Номер ФН", "Модель", "Торговая точка"} {
		assert.Regexp(t, `<label for="f-\w+">`+regexp.QuoteMeta(field), body)
	}
	status, _, body := p.post("/lk/registers/new", "regId", number(1), "serial", "77", "name", "Касса 1")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Контрольные цифры РНМ не подходят")
	assert.Contains(t, body, `value="Касса 1"`)
	status, at, body := p.post("/lk/registers/new", "regId", number(1), "serial", serial, "name", "Касса 1", "groups", "кафе, юг")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk/registers/settings?reg="+number(1), at)
	for _, want := range []string{"127.0.0.1", "7777", "7704358518", "Испытательный ОФД", "От кассы ещё ничего не приходило"} {
		assert.Contains(t, body, want)
	}
	_, _, body = p.get("/lk/registers?group=кафе&q=" + serial)
	assert.Contains(t, body, "Касса 1")
	assert.Contains(t, body, "ждём первого документа")
	status, _, body = p.get("/lk/registers/" + number(1))
	assert.Equal(t, http.StatusOK, status)
	for _, want := range []string{"передача данных", "смена", "подключение к ОФД", "замена фискального накопителя", number(1)} {
		assert.Contains(t, body, want)
	}
	status, _, _ = p.get("/lk/registers/" + number(2))
	assert.Equal(t, http.StatusNotFound, status)
}

// CAB-080, CAB-081
func TestRegisters_ArchiveAndBack(t *testing.T) {
	p := newPerson(t)
	p.owner()
	for n := uint64(1); n <= 2; n++ {
		p.post("/lk/registers/new", "regId", number(n), "serial", serial)
	}
	_, at, body := p.post("/lk/registers", "reg", number(1), "do", "archive")
	assert.Equal(t, "/lk/registers?tab=archive", at)
	assert.Contains(t, body, "Активные (1)")
	assert.Contains(t, body, "Архивные (1)")
	assert.Contains(t, body, number(1))
	assert.NotContains(t, body, number(2))
	_, _, body = p.post("/lk/registers", "reg", number(1), "do", "restore")
	assert.Contains(t, body, "Активные (2)")
	_, _, body = p.post("/lk/registers", "do", "archive")
	assert.Contains(t, body, "Отметьте хотя бы одну кассу.")
}

// CAB-073: the tree of departments and outlets.
func TestOutlets_TreeAndForms(t *testing.T) {
	p := newPerson(t)
	p.owner()
	_, _, body := p.get("/lk/outlets")
	assert.Contains(t, body, "Точек пока нет")
	status, _, body := p.post("/lk/outlets/new", "kind", "outlet", "name", "", "target", "много")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Сумма в рублях")
	status, at, body := p.post("/lk/outlets/new", "kind", "outlet", "name", "Магазин", "lat", "55,75", "lon", "37,6", "target", "1 500 000")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk/outlets", at)
	assert.Contains(t, body, "Магазин")
}

// CAB-071: the card of a register that sells tells all there is of it, its last documents too.
func TestRegisters_CardOfOneThatSells(t *testing.T) {
	s := newShelf(t)
	for range 11 {
		s.keep(s.Receipt(12_345))
	}
	s.keep(s.Receipt(777), flk.Finding{Rule: "R-08", Severity: flk.Error, Text: "Сумма не сходится."})
	s.p.settle()
	_, _, body := s.p.get("/lk/registers/" + number(1))
	for _, want := range []string{"Касса 1", serial, string(s.FN), "Память ФН", "Срок ключа ФН", "№ 1, открыта", "№ 14", "документ № 14</a> от", "История ФН", "Последние документы",
		`href="/lk/documents?register=` + number(1)} {
		assert.Contains(t, body, want)
	}
	for fd := 5; fd <= 14; fd++ {
		assert.Contains(t, body, fmt.Sprintf(`href="/lk/documents/%s/%d"`, s.FN, fd))
	}
	assert.NotContains(t, body, fmt.Sprintf(`href="/lk/documents/%s/4"`, s.FN), "ten of them")
}
