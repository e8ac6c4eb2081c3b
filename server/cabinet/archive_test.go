package cabinet_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// CAB-080, CAB-081, CAB-082, CAB-064: several at once into the archive, with what the
// selection needs on the page; documents stay, and one comes back unless an active
// register has its drive.
func TestArchive_SeveralAtOnce(t *testing.T) {
	s := newShelf(t)
	s.keep(s.Receipt(123_45))
	s.p.settle()
	for n := uint64(2); n <= 4; n++ {
		s.p.post("/lk/registers/new", "regId", number(n), "serial", serial, "name", fmt.Sprintf("Касса %d", n))
	}
	_, _, body := s.p.get("/lk/registers")
	assert.Contains(t, body, "Активные (4)")
	assert.Contains(t, body, "Всего касс: 4")
	assert.Contains(t, body, `Выбрано: <span data-chosen>0</span>`)
	assert.Contains(t, body, `<input type="checkbox" data-all> Касса</label></th>`, "the header ticks all")
	assert.Contains(t, body, `name="do" value="archive" data-needs-choice>+ Добавить в архив`)
	status, at, body := s.p.read(s.p.c.PostForm(s.p.site.URL+"/lk/registers", url.Values{"do": {"archive"}, "reg": {number(1), number(2), number(3)}}))
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk/registers?tab=archive", at)
	for _, want := range []string{"Активные (1)", "Архивные (3)", "Всего касс: 3", "Касса 1", "Касса 2", "Касса 3", "Вернуть из архива"} {
		assert.Contains(t, body, want)
	}
	assert.NotContains(t, body, "Касса 4")
	_, _, body = s.p.get("/lk/registers")
	assert.NotContains(t, body, "Касса 1")
	fds, _ := s.found("register", number(1))
	assert.Equal(t, []string{"3", "2", "1"}, fds, "its documents stay readable")
	_, _, body = s.p.get(fmt.Sprintf("/lk/documents/%s/3", s.FN))
	assert.Contains(t, body, "=123.45")

	// Another register has the drive now.
	_, session, err := s.p.accounts.Login(t.Context(), "ivan@shop.example", "ромашка-2026", account.From{})
	require.NoError(t, err)
	v, err := s.p.accounts.Viewer(t.Context(), session)
	require.NoError(t, err)
	e, err := s.p.registers.Register(t.Context(), v, fiscal.RegNumber(number(4)))
	require.NoError(t, err)
	set := func(fn fiscal.FNNumber) {
		e.Register.FN = fn
		require.NoError(t, s.p.registers.Change(t.Context(), v, e.Register))
		e, err = s.p.registers.Register(t.Context(), v, fiscal.RegNumber(number(4)))
		require.NoError(t, err)
	}
	set(s.FN)
	_, _, body = s.p.post("/lk/registers", "reg", number(1), "do", "restore")
	assert.Contains(t, body, "стоит в активной кассе «Касса 4»")
	archived := true
	in, err := s.p.registers.Registers(t.Context(), v, fleet.Filter{Archived: &archived})
	require.NoError(t, err)
	assert.Len(t, in, 3)
	set("")
	_, _, body = s.p.post("/lk/registers", "reg", number(1), "do", "restore")
	assert.Contains(t, body, "Активные (2)")
}

// CAB-064: a register that nothing ever came of is deleted and may be added again; of one
// that has documents the archive is made, and they stay readable.
func TestRegisters_Delete(t *testing.T) {
	s := newShelf(t)
	s.keep(s.Receipt(123_45))
	s.p.settle()
	s.p.post("/lk/registers/new", "regId", number(2), "serial", serial, "name", "Опечатка")
	_, _, body := s.p.get("/lk/registers/" + number(2) + "/edit")
	assert.Contains(t, body, `name="do" value="remove"`)
	_, at, body := s.p.post("/lk/registers/"+number(2)+"/edit", "do", "remove")
	assert.Equal(t, "/lk/registers", at)
	assert.Contains(t, body, "Касса удалена.")
	assert.NotContains(t, body, "Опечатка")
	assert.Contains(t, body, "Архивные (0)")
	status, _, _ := s.p.get("/lk/registers/" + number(2))
	assert.Equal(t, http.StatusNotFound, status)
	_, _, body = s.p.post("/lk/registers/new", "regId", number(2), "serial", serial, "name", "Снова")
	assert.Contains(t, body, "От кассы ещё ничего не приходило")
	_, at, body = s.p.post("/lk/registers/"+number(1)+"/edit", "do", "remove")
	assert.Equal(t, "/lk/registers?tab=archive", at)
	assert.Contains(t, body, "она перенесена в архив")
	assert.Contains(t, body, "Касса 1")
	fds, _ := s.found("register", number(1))
	assert.Equal(t, []string{"3", "2", "1"}, fds)
	_, _, body = s.p.get(fmt.Sprintf("/lk/documents/%s/3", s.FN))
	assert.Contains(t, body, "=123.45")
	status, _, _ = s.p.post("/lk/registers/"+number(9)+"/edit", "do", "remove")
	assert.Equal(t, http.StatusNotFound, status)
}

// CAB-060: the page tells whether this register has ever reached the server, and what to
// write into it.
func TestSettings_ConnectionCheck(t *testing.T) {
	s := newShelf(t)
	s.p.post("/lk/registers/new", "regId", number(2), "serial", serial, "name", "Касса 2")
	s.p.settle()
	_, _, body := s.p.get("/lk/registers/settings")
	for _, want := range []string{"127.0.0.1", "7777", "7704358518", "Испытательный ОФД"} {
		assert.Contains(t, body, want)
	}
	_, _, body = s.p.get("/lk/registers/settings?reg=" + number(2))
	assert.Contains(t, body, "От кассы ещё ничего не приходило")
	assert.NotContains(t, body, "Касса на связи")
	_, _, body = s.p.get("/lk/registers/settings?reg=" + number(1))
	assert.Contains(t, body, "Касса на связи")
	assert.NotContains(t, body, "От кассы ещё ничего не приходило")
}
