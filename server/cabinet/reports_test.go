package cabinet_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// made runs the worker until nothing is left.
func (p *person) made() {
	p.t.Helper()
	for n := 1; n > 0; {
		var err error
		n, err = p.reports.Step(context.Background())
		require.NoError(p.t, err)
	}
}

// CAB-120, CAB-121, CAB-122, STM-08: from the order form to the line, the window, the file and
// the letter with the same file.
func TestReports_FromTheFormToTheFile(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	_, _, body := p.get("/lk/reports")
	assert.Contains(t, body, "Отчетов пока нет")
	_, _, body = p.get("/lk/reports/new")
	for _, want := range []string{"Отчет по чекам", "Отчет по сменам с налогами", "Продажи по номенклатуре", "Использование касс", "Север / Магазин Север", "Касса Юг 2"} {
		assert.Contains(t, body, want)
	}
	status, _, body := p.post("/lk/reports/new", "kind", "usage", "from", "2026-03-31T00:00", "to", "2026-03-01T00:00", "emails", "buh@, x@shop.example")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	for _, want := range []string{"Конец периода — после начала.", "Адрес «buh@» написан с ошибкой.", `value="buh@, x@shop.example"`, `value="2026-03-31T00:00"`} {
		assert.Contains(t, body, want)
	}
	status, at, body := p.post("/lk/reports/new", "kind", "usage", "from", "2026-03-01T09:30", "to", "2026-03-31T23:59", "emails", "buh@shop.example", "group", "Юг")
	assert.Equal(t, http.StatusOK, status)
	require.True(t, strings.HasPrefix(at, "/lk/reports/2"), at)
	assert.Contains(t, body, "в очереди")
	p.made()
	_, _, body = p.get("/lk/reports")
	for _, want := range []string{`<th scope="col">Отчеты</th><th scope="col">Дата</th><th scope="col">Пользователь</th>`, "Использование касс", "01.03.2026 09:30 – 31.03.2026 23:59", "ivan@shop.example", "отправлен", at + "/file"} {
		assert.Contains(t, body, want)
	}
	assert.Contains(t, body, `<a href="`+at+`">Использование касс</a>`, "the line opens the window")
	_, _, body = p.get(at)
	assert.Contains(t, body, "<h1>Использование касс</h1>")
	for _, want := range []string{"01.03.2026 09:30 – 31.03.2026 23:59", "Юг", "buh@shop.example", "отправлен"} {
		assert.Contains(t, body, want, "the window repeats the parameters")
	}
	status, file := p.raw(at + "/file")
	require.Equal(t, http.StatusOK, status)
	rows, err := workbook(t, file).GetRows("Отчет")
	require.NoError(t, err)
	require.Len(t, rows, 4)
	assert.Equal(t, "Касса Юг 1", rows[1][0])
	assert.Equal(t, number(3), rows[1][1], "leading zeros stay")
	letters, err := p.outbox.Messages(context.Background(), notify.Filter{Kind: "NTF-08"})
	require.NoError(t, err)
	require.Len(t, letters, 1)
	letter, err := p.outbox.Message(context.Background(), letters[0].ID)
	require.NoError(t, err)
	assert.Equal(t, "buh@shop.example", letter.To)
	assert.Equal(t, file, letter.Files[0].Data)
	assert.Contains(t, letter.Text, p.site.URL+at)

	p.moved.Store(int64(31 * 24 * time.Hour))
	p.made()
	_, _, body = p.get("/lk/reports")
	_, at2, _ := p.get(at + "/file")
	assert.Contains(t, at2, "/lk/login", "the session is over as well")
	assert.NotContains(t, body, at+"/file")
}

// CAB-123, CAB-124: the link of the letter opens for the orderer and the owner; others
// get "нет доступа", and see no line.
func TestReports_LinkOpensForTheOrderer(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	masha, petya, till := p.mate(v, "masha@shop.example", access.Manager), p.mate(v, "petya@shop.example", access.Admin), p.mate(v, "kassir@shop.example", access.Cashier)
	_, at, _ := masha.post("/lk/reports/new", "kind", "usage", "from", "2026-03-01T00:00", "to", "2026-03-31T23:59", "emails", "petya@shop.example, kassir@shop.example")
	require.True(t, strings.HasPrefix(at, "/lk/reports/2"), at)
	p.made()
	letters, err := p.outbox.Messages(context.Background(), notify.Filter{Kind: "NTF-08"})
	require.NoError(t, err)
	assert.Len(t, letters, 2, "all recipients get the letter")
	for name, one := range map[string]struct {
		who  *person
		want int
	}{"orderer": {masha, http.StatusOK}, "owner": {p, http.StatusOK}, "recipient": {petya, http.StatusForbidden}, "cashier": {till, http.StatusForbidden}} {
		for _, path := range []string{at, at + "/file"} {
			status, _, body := one.who.get(path)
			assert.Equal(t, one.want, status, name+" "+path)
			if one.want == http.StatusForbidden {
				assert.Contains(t, body, "Нет доступа", name)
			}
		}
		status, _, _ := one.who.post(at, "do", "retry")
		assert.Equal(t, one.want, status, name)
	}
	stranger := p.another()
	stranger.post("/lk/register", "org", "Чужая", "email", "x@other.example", "password", "ромашка-2026", "consent", "yes")
	for _, path := range []string{at, at + "/file", "/lk/reports/2026-nothing"} {
		status, _, body := stranger.get(path)
		assert.Equal(t, http.StatusForbidden, status)
		assert.Contains(t, body, "Нет доступа")
	}
	_, where, _ := p.another().get(at)
	assert.Contains(t, where, "/lk/login?next=", "a guest logs in first")
	_, _, body := petya.get("/lk/reports")
	assert.Contains(t, body, "Отчетов пока нет")
	_, _, body = p.get("/lk/reports")
	assert.Contains(t, body, at)
	status, _, _ := till.get("/lk/reports")
	assert.Equal(t, http.StatusForbidden, status)
}

// CAB-007: kinds that the rights do not allow are not offered, and refused when called directly.
func TestReports_KindsFollowRights(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	masha := p.mate(v, "masha@shop.example", access.Manager)
	_, at, _ := masha.post("/lk/reports/new", "kind", "shifts", "from", "2026-03-01T00:00", "to", "2026-03-31T23:59")
	require.True(t, strings.HasPrefix(at, "/lk/reports/2"))
	_, _, form := masha.get("/lk/reports/new")
	assert.Contains(t, form, `<option value="shifts"`)
	members, err := p.base.Accounts().Members(context.Background(), v.Org())
	require.NoError(t, err)
	for _, m := range members {
		if m.User != v.User() { // the owner takes revenue and reports away, on the tab «Пользователи»
			_, _, body := p.post("/lk/profile/users", "do", "role", "user", m.User, "role", string(access.IT))
			assert.Contains(t, body, "Готово.")
		}
	}
	status, _, form := masha.get("/lk/reports/new")
	assert.Equal(t, http.StatusForbidden, status)
	assert.NotContains(t, form, `<option value="shifts"`)
	status, _, _ = masha.post("/lk/reports/new", "kind", "shifts", "from", "2026-03-01T00:00", "to", "2026-03-31T23:59")
	assert.Equal(t, http.StatusForbidden, status, "a direct call")
	_, _, body := masha.get("/lk/monitoring")
	assert.NotContains(t, body, `href="/lk/reports"`)
	status, _, _ = masha.get(at + "/file")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Empty(t, report.Kinds(access.View(access.Grant{Org: "o", Rights: access.IT.Rights()})))
	assert.Equal(t, []report.Kind{report.Usage, report.Monitoring}, report.Kinds(access.View(access.Grant{Org: "o", Rights: access.OrderReports | access.SeeRegisters})))
}

// CAB-129: daily, weekly and monthly, several recipients, pause, the next run shown.
func TestReports_Schedules(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	_, _, body := p.get("/lk/reports/schedules")
	assert.Contains(t, body, "Рассылок пока нет")
	status, _, body := p.post("/lk/reports/schedules", "kind", "shifts", "every", "daily", "hour", "8", "zone", "Nowhere", "emails", "")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Такого часового пояса нет.")
	assert.Contains(t, body, "Укажите, кому отправлять.")
	for _, one := range [][2]string{{"daily", "ежедневно в 08:00"}, {"weekly", "по средам в 08:00"}, {"monthly", "каждый месяц 5-го в 08:00"}} {
		status, _, body = p.post("/lk/reports/schedules", "kind", "usage", "every", one[0], "weekday", "3", "day", "5", "hour", "8", "zone", "Asia/Omsk", "emails", "a@b.example, c@d.example")
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, one[1])
	}
	all, err := p.reports.Schedules(context.Background(), v)
	require.NoError(t, err)
	require.Len(t, all, 3)
	daily := all[0]
	omsk := time.FixedZone("", 6*3600)
	_, _, body = p.get("/lk/reports/schedules")
	assert.Contains(t, body, daily.Next.In(omsk).Format("02.01.2006 15:04"), "the next run, by the schedule's clock")
	_, _, body = p.post("/lk/reports/schedules/"+daily.ID, "do", "pause")
	assert.Contains(t, body, "приостановлена")
	_, _, body = p.post("/lk/reports/schedules/"+daily.ID, "do", "resume")
	assert.NotContains(t, body, "приостановлена")
	masha := p.mate(v, "masha@shop.example", access.Manager)
	status, _, _ = masha.post("/lk/reports/schedules/"+daily.ID, "do", "remove")
	assert.Equal(t, http.StatusForbidden, status)
	p.moved.Store(int64(time.Until(daily.Next) + time.Minute))
	p.made()
	letters, err := p.outbox.Messages(context.Background(), notify.Filter{Kind: "NTF-08", To: "c@d.example"})
	require.NoError(t, err)
	assert.NotEmpty(t, letters)
	_, _, body = p.get("/lk/reports/schedules")
	assert.Contains(t, body, "отправлен")
	_, _, body = p.get("/lk/reports")
	assert.Contains(t, body, "по расписанию")
	p.post("/lk/reports/schedules/"+daily.ID, "do", "remove")
	all, err = p.reports.Schedules(context.Background(), v)
	require.NoError(t, err)
	assert.Len(t, all, 2)
}

// CAB-051: requisites that were corrected are those of the next report, in the file and
// in its letter.
func TestReports_CarryTheRequisitesOfNow(t *testing.T) {
	p := newPerson(t)
	v := p.owner()
	p.shops(v)
	order := func() (about map[string]string, letter string) {
		t.Helper()
		_, at, _ := p.post("/lk/reports/new", "kind", "usage", "from", "2026-03-01T00:00", "to", "2026-03-31T23:59", "emails", "buh@shop.example")
		p.made()
		status, file := p.raw(at + "/file")
		require.Equal(t, http.StatusOK, status)
		f := workbook(t, file)
		about = map[string]string{}
		for _, sheet := range f.GetSheetList() {
			rows, err := f.GetRows(sheet)
			require.NoError(t, err)
			for _, r := range rows {
				if len(r) == 2 {
					about[r[0]] = r[1]
				}
			}
		}
		letters, err := p.outbox.Messages(context.Background(), notify.Filter{Kind: "NTF-08", About: "report/" + strings.TrimPrefix(at, "/lk/reports/")})
		require.NoError(t, err)
		require.Len(t, letters, 1)
		m, err := p.outbox.Message(context.Background(), letters[0].ID)
		require.NoError(t, err)
		return about, m.Text
	}
	about, letter := order()
	assert.Equal(t, "Ромашка", about["Организация"])
	assert.Contains(t, letter, "Ромашка")
	status, _, body := p.post("/lk/profile", "version", "2", "name", "Ромашка и сыновья", "inn", string(inn), "kpp", "770201001", "timeZone", "Asia/Omsk")
	require.Equal(t, http.StatusOK, status, body)
	about, letter = order()
	assert.Equal(t, "Ромашка и сыновья", about["Организация"])
	assert.Equal(t, string(inn), about["ИНН"])
	assert.Contains(t, about["Построен"], "+06:00", "in the zone of the card")
	assert.Contains(t, letter, "Ромашка и сыновья")
}
