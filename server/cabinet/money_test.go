package cabinet_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// trade is two days of three registers: «Север 1» and «Север 2» in the first outlet,
// «Юг 1» in the second; «Юг 2» has sent nothing. Kopecks:
//
//	yesterday  Север 1: +1000.00 cash
//	today      Север 1: +300.00 cash, +150.50 card (two lines), −50.25 cash
//	           Юг 1:    +2000.00 card; its closing report says a rouble more
//
// The clock stands at noon of 22 November 2026, a Sunday.
func (p *person) trade() (v access.Viewer, depts, outlets []fleet.Node, tills []*till) {
	p.t.Helper()
	v = p.owner()
	depts, outlets = p.shops(v)
	p.at("2026-11-21 09:00")
	north, south := p.till(1, moscow), p.till(3, moscow)
	north.open()
	p.at("2026-11-21 10:10")
	north.receipt(1, "Чай", 100000, 0, 1)
	p.at("2026-11-21 21:00")
	north.close(0)
	p.at("2026-11-22 09:00")
	north.open()
	south.open()
	p.at("2026-11-22 10:15")
	north.receipt(1, "Хлеб", 30000, 0, 1)
	north.receipt(1, "Сыр", 0, 15050, 2)
	p.at("2026-11-22 11:20")
	north.receipt(2, "Хлеб", 5025, 0, 1)
	south.receipt(1, "Торт", 0, 200000, 1)
	south.close(100)
	p.at("2026-11-22 12:00")
	p.settle()
	return v, depts, outlets, []*till{north, south}
}

func roubles(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") + "\u00a0₽" }

// block is the part of a page from a mark to the end of the element.
func block(t *testing.T, body, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(body, from)
	require.True(t, found, from)
	part, _, _ := strings.Cut(rest, to)
	return part
}

// rowOf is the last line of a table that names something: tables of drawings come first.
func rowOf(t *testing.T, body, name string) string {
	t.Helper()
	last := ""
	for _, row := range strings.Split(body, "<tr") {
		if row, _, _ = strings.Cut(row, "</tr>"); strings.Contains(row, ">"+name+"<") {
			last = row
		}
	}
	require.NotEmpty(t, last, "no line of %s", name)
	return last
}

// cell of a line by its label.
func cell(t *testing.T, row, label string) string {
	t.Helper()
	_, rest, found := strings.Cut(row, `data-label="`+label+`"`)
	require.True(t, found, label)
	_, rest, _ = strings.Cut(rest, ">")
	text, _, _ := strings.Cut(rest, "</td>")
	return text
}

// invite makes a person of the organisation with a role, logged in elsewhere.
func (p *person) invite(v access.Viewer, role access.Role, branches ...string) *person {
	p.t.Helper()
	ctx := context.Background()
	email := string(role) + "@shop.example"
	require.NoError(p.t, p.accounts.Invite(ctx, v, email, "Анна", role, branches))
	_, token, _ := strings.Cut(p.sent.link, "token=")
	require.NoError(p.t, p.accounts.ResetByLink(ctx, token, "ромашка-2026", "ромашка-2026", account.From{}))
	q := p.another()
	q.moved.Store(p.moved.Load())
	_, at, _ := q.post("/lk/login/password", "login", email, "password", "ромашка-2026")
	require.Equal(p.t, "/lk", at)
	return q
}

// CAB-115, CAB-182: all six on one screen, and equal to the reports.
func TestHome_SixFiguresEqualToTheReports(t *testing.T) {
	p := newPerson(t)
	p.trade()
	status, at, body := p.get("/lk")
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "/lk", at)
	assert.Contains(t, block(t, body, `id="today"`, "</section>"), roubles("2 400,25")) // 300.00 + 150.50 − 50.25 + 2000.00
	assert.Contains(t, block(t, body, `id="today"`, "</section>"), "чеков 3, средний "+roubles("816,83"))
	assert.Contains(t, block(t, body, `id="yesterday"`, "</section>"), roubles("1 000,00"))
	assert.Contains(t, block(t, body, `id="online"`, "</section>"), ">2</a>")
	assert.Contains(t, block(t, body, `id="offline"`, "</section>"), ">2</a>")
	for title, want := range map[string][2]string{
		"Выручка за 14 дней":     {roubles("1 000,00"), roubles("2 400,25")},
		"Чеки за 14 дней":        {"1", "3"},
		"Средний чек за 14 дней": {roubles("1 000,00"), roubles("816,83")},
	} {
		assert.Contains(t, body, `aria-label="`+title+`"`, "a drawing")
		table := block(t, body, "<caption>"+title, "</table>")
		assert.Contains(t, rowOf(t, table, "21.11.2026"), `class="number key">`+want[0]+"<", title)
		assert.Contains(t, rowOf(t, table, "22.11.2026"), `class="number key">`+want[1]+"<", title)
		assert.Equal(t, 14, strings.Count(table, "<tr>")-1)
	}
	for day, want := range map[string]string{"": roubles("2 400,25"), "&date=2026-11-21": roubles("1 000,00")} {
		_, _, report := p.get("/lk/analytics?period=day" + day)
		assert.Contains(t, block(t, report, `<span class="label">Выручка</span>`, "</section>"), `<span class="value">`+want)
	}
	goods := block(t, body, "Что продаётся сегодня", "</section>")
	assert.Less(t, strings.Index(goods, "Торт"), strings.Index(goods, "Хлеб"), "by revenue")
	assert.Contains(t, cell(t, rowOf(t, goods, "Хлеб"), "Выручка"), roubles("249,75"))
	assert.NotContains(t, goods, "Чай", "sold yesterday")
	_, _, goods = p.get("/lk/analytics/goods?period=own&from=2026-11-21&to=2026-11-22")
	assert.Contains(t, cell(t, rowOf(t, goods, "Чай"), "Выручка"), roubles("1 000,00"))
}

// CAB-070, CAB-911: colour, reason and last document of every register; numbers of
// troubles lead to lists.
func TestHome_StatusOfEveryRegister(t *testing.T) {
	p := newPerson(t)
	v, _, _, _ := p.trade()
	p.at("2026-11-23 12:00") // Север 1: open for 27 hours; silent for a day and some minutes
	_, _, body := p.get("/lk")
	row := rowOf(t, body, "Касса Север 1")
	assert.Contains(t, row, `class="light red"`)
	assert.Contains(t, row, "смена открыта дольше 24 ч")
	assert.Contains(t, row, "22.11.2026 11:20")
	assert.Contains(t, row, "№ 8")
	row = rowOf(t, body, "Касса Юг 1")
	assert.Contains(t, row, `class="light yellow"`)
	assert.Contains(t, row, "нет документов 24 ч")
	assert.Contains(t, rowOf(t, body, "Касса Юг 2"), "ждём первого документа")
	assert.Less(t, strings.Index(body, "Касса Север 1"), strings.Index(body, "Касса Юг 1"), "the worst first")
	section := block(t, body, "Состояние касс", "</section>")
	for link, want := range map[string]string{"/lk/monitoring?worst=red": "1 с проблемой", "/lk/monitoring?worst=yellow": "1 с предупреждением", "/lk/monitoring?worst=grey": "2 ждём"} {
		assert.Contains(t, block(t, section, `href="`+link+`"`, "</a>"), want)
		status, _, list := p.get(link)
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, list, map[string]string{"1 с проблемой": "Касса Север 1", "1 с предупреждением": "Касса Юг 1", "2 ждём": "Касса Юг 2"}[want])
	}
	assert.Contains(t, section, `href="/lk/monitoring?shift=red">1</a>`)
	assert.Contains(t, section, `href="/lk/monitoring?transfer=yellow">2</a>`)
	_, _, cut := p.get("/lk?kind=offline")
	assert.Contains(t, cut, "Показаны кассы: не на связи")
	assert.Equal(t, 4, strings.Count(block(t, cut, `id="registers"`, "</section>"), "<tr>")-1)
	_, _, cut = p.get("/lk?kind=online")
	assert.Contains(t, cut, "Таких касс нет")

	// Who may not see revenue sees how registers do, and no money.
	it := p.invite(v, access.IT)
	_, _, body = it.get("/lk")
	assert.Contains(t, body, "Касса Север 1")
	for _, hidden := range []string{"Выручка", "₽", "/lk/analytics", "/lk/map"} {
		assert.NotContains(t, body, hidden)
	}
	for _, path := range []string{"/lk/analytics", "/lk/analytics/shifts", "/lk/analytics/outlets", "/lk/analytics/hours", "/lk/analytics/goods", "/lk/map"} {
		status, _, _ := it.get(path)
		assert.Equal(t, http.StatusForbidden, status, path)
	}
}

var link = regexp.MustCompile(`<a href="(/lk/analytics\?[^"]*)">([^<]+)</a>`)

// follow a link of a page by its text.
func (p *person) follow(body, text string) string {
	p.t.Helper()
	for _, m := range link.FindAllStringSubmatch(body, -1) {
		if m[2] == text {
			_, at, next := p.get(m[1])
			q, err := url.Parse(at)
			require.NoError(p.t, err)
			assert.Equal(p.t, []string{"own", "2026-11-21", "2026-11-22"}, []string{q.Query().Get("period"), q.Query().Get("from"), q.Query().Get("to")}, "the period is kept")
			return next
		}
	}
	p.t.Fatalf("no link %s", text)
	return ""
}

// CAB-110, CAB-111: from the organisation to the register with the same period; each
// level is the sum of the next.
func TestAnalytics_DrillDownKeepsThePeriod(t *testing.T) {
	p := newPerson(t)
	p.trade()
	total := func(body string) string {
		value := block(t, body, `<span class="label">Выручка</span><span class="value">`, "<")
		return value
	}
	_, _, body := p.get("/lk/analytics?period=own&from=2026-11-21&to=2026-11-22")
	assert.Equal(t, roubles("3 400,25"), total(body))
	assert.Equal(t, roubles("1 400,25"), cell(t, rowOf(t, body, "Север"), "Выручка"))
	assert.Equal(t, roubles("2 000,00"), cell(t, rowOf(t, body, "Юг"), "Выручка"))
	assert.Equal(t, "41,2 %", cell(t, rowOf(t, body, "Север"), "Доля"))
	body = p.follow(body, "Север")
	assert.Equal(t, roubles("1 400,25"), total(body))
	body = p.follow(body, "Магазин Север")
	assert.Equal(t, roubles("1 400,25"), cell(t, rowOf(t, body, "Касса Север 1"), "Выручка"))
	assert.Equal(t, roubles("0,00"), cell(t, rowOf(t, body, "Касса Север 2"), "Выручка"))
	body = p.follow(body, "Касса Север 1")
	assert.Equal(t, roubles("1 400,25"), total(body))
	assert.Equal(t, roubles("400,25"), cell(t, rowOf(t, body, "22.11.2026"), "Выручка"))
	for label, want := range map[string]string{"Чеки": "3", "Средний чек": roubles("483,50"), "Позиций в чеке": "1,33", "Наличные": roubles("1 249,75"), "Безналичные": roubles("150,50"), "Возвраты": roubles("50,25"), "Коррекции": "0"} {
		assert.Equal(t, want, block(t, body, `<span class="label">`+label+`</span><span class="value">`, "<"), label)
	}
	body = p.follow(body, "Вся организация")
	assert.Equal(t, roubles("3 400,25"), total(body))
	assert.Contains(t, body, "приход − возврат прихода", "terms are on the page")
	status, _, _ := p.get("/lk/analytics?branch=nowhere")
	assert.Equal(t, http.StatusNotFound, status)
}

// CAB-113: day, week, month and own interval, each beside the one before.
func TestAnalytics_PeriodsAndTheOnesBefore(t *testing.T) {
	p := newPerson(t)
	p.trade()
	for query, want := range map[string][3]string{ // title, now, before
		"period=day":                   {"22.11.2026", "2 400,25", "1 000,00"},
		"":                             {"22.11.2026", "2 400,25", "1 000,00"},
		"period=day&date=2026-11-21":   {"21.11.2026", "1 000,00", "0,00"},
		"period=week":                  {"16.11.2026 — 22.11.2026", "3 400,25", "0,00"},
		"period=week&date=2026-11-23":  {"23.11.2026 — 29.11.2026", "0,00", "3 400,25"},
		"period=month":                 {"ноябрь 2026", "3 400,25", "0,00"},
		"period=month&date=2026-12-31": {"декабрь 2026", "0,00", "3 400,25"},
		"period=own&from=2026-11-22&to=2026-11-22": {"22.11.2026", "2 400,25", "1 000,00"},
		"period=own&from=2026-11-22&to=2026-11-30": {"22.11.2026 — 30.11.2026", "2 400,25", "1 000,00"},
	} {
		status, _, body := p.get("/lk/analytics?" + query)
		require.Equal(t, http.StatusOK, status, query)
		card := block(t, body, `<span class="label">Выручка</span>`, "</section>")
		assert.Contains(t, body, "<h2>"+want[0], query)
		assert.Contains(t, card, `<span class="value">`+roubles(want[1]), query)
		assert.Contains(t, card, "в прошлом периоде "+roubles(want[2]), query)
	}
	_, _, body := p.get("/lk/analytics?period=day")
	assert.Contains(t, body, "+140,0 %")
	for query, want := range map[string]string{"period=own&from=2026-11-22&to=2026-11-21": "Последний день раньше первого.", "period=own": "Укажите первый и последний день.", "date=вчера": "Дата — год-месяц-день."} {
		status, _, body := p.get("/lk/analytics?" + query)
		assert.Equal(t, http.StatusUnprocessableEntity, status)
		assert.Contains(t, body, want)
	}
}

// CAB-111, CAB-112: shifts with their figures, and each beside the counters of its
// closing report.
func TestAnalytics_ShiftsBesideTheirReports(t *testing.T) {
	p := newPerson(t)
	_, depts, _, tills := p.trade()
	_, _, body := p.get("/lk/analytics/shifts?period=day&date=2026-11-21")
	row := rowOf(t, body, "№ 1")
	assert.Contains(t, row, "сходится")
	assert.Contains(t, row, "Петрова А.А.")
	assert.Equal(t, `21.11.2026 09:00<span class="sub">до 21.11.2026 21:00</span>`, cell(t, row, "Открыта, закрыта"))
	_, _, body = p.get("/lk/analytics/shifts?period=day&branch=" + depts[0].ID)
	row = rowOf(t, body, "№ 2")
	for label, want := range map[string]string{"Открыта, закрыта": `22.11.2026 09:00<span class="sub">открыта</span>`, "Выручка": roubles("400,25"), "Наличные": roubles("249,75"), "Безналичные": roubles("150,50"), "Возвраты": roubles("50,25"), "Чеки": "2", "Средний чек": roubles("225,25"), "Отчёт о закрытии": "—"} {
		assert.Equal(t, want, cell(t, row, label), label)
	}
	assert.NotContains(t, body, "расходится", "the other branch is not there")

	_, _, body = p.get(fmt.Sprintf("/lk/analytics/shifts/%s/2", tills[0].FN))
	for label, want := range map[string]string{"Выручка": roubles("400,25"), "Наличные": roubles("249,75"), "Безналичные": roubles("150,50"), "Возвраты": roubles("50,25"), "Чеки": "2", "Средний чек": roubles("225,25"), "Позиций в чеке": "1,5"} {
		assert.Contains(t, block(t, body, `<span class="label">`+label+`</span><span class="value">`, "<"), want, label)
	}
	status, _, body := p.get(fmt.Sprintf("/lk/analytics/shifts/%s/1", tills[1].FN))
	require.Equal(t, http.StatusOK, status)
	row = rowOf(t, body, "приход: сумма")
	assert.Equal(t, roubles("2 000,00"), cell(t, row, "По документам"))
	assert.Equal(t, roubles("2 001,00"), cell(t, row, "В отчёте"))
	assert.Contains(t, row, "расходится")
	assert.Contains(t, rowOf(t, body, "приход: чеков"), "сходится")
	_, _, body = p.get(fmt.Sprintf("/lk/analytics/shifts/%s/2", tills[0].FN))
	assert.Contains(t, body, "Сравним, когда касса закроет смену.")
	for _, path := range []string{"/lk/analytics/shifts/9999000000000001/77", "/lk/analytics/shifts/1/1", "/lk/analytics/shifts/" + string(tills[0].FN) + "/x"} {
		status, _, _ := p.get(path)
		assert.Equal(t, http.StatusNotFound, status, path)
	}
}

// CAB-114: rating of outlets by each measure, and hours of the day.
func TestAnalytics_RatingAndHours(t *testing.T) {
	p := newPerson(t)
	p.trade()
	for sort, first := range map[string]string{"revenue": "Юг", "receipts": "Север", "average": "Юг", "returns": "Юг"} {
		_, _, body := p.get("/lk/analytics/outlets?period=day&sort=" + sort)
		table := block(t, body, "Выручка в прошлом периоде", "</table>")
		assert.Equal(t, first, strings.Fields(block(t, table, `place">1</td><td data-label="Точка" class="title"><span><a href="`, "</a>"))[3], sort)
	}
	_, _, body := p.get("/lk/analytics/outlets?period=day&sort=returns")
	row := rowOf(t, body, "Север / Магазин Север")
	assert.Equal(t, "11,2 %", cell(t, row, "Доля возвратов"))
	assert.Equal(t, roubles("1 000,00"), cell(t, row, "Выручка в прошлом периоде"))
	_, _, body = p.get("/lk/analytics/hours?period=day")
	row = rowOf(t, body, "10:00–10:59")
	for label, want := range map[string]string{"Выручка": roubles("450,50"), "Чеки": "2", "В прошлом периоде": roubles("1 000,00")} {
		assert.Equal(t, want, cell(t, row, label), label)
	}
	assert.NotContains(t, block(t, body, `<th scope="col">Час</th><th scope="col" class="number">Выручка</th><th scope="col" class="number">Чеки</th>`, "</table>"), "03:00–03:59", "nobody bought then")
	assert.Contains(t, body, `aria-label="Чеки по часам, 22.11.2026"`)
}

// CAB-074: the card of a register tells of its current shift: when it was opened, what
// the day brought, who works and how people paid.
func TestRegisterCard_CurrentShift(t *testing.T) {
	p := newPerson(t)
	v, _, _, tills := p.trade()
	_, _, body := p.get("/lk/registers/" + string(tills[0].RegID))
	card := block(t, body, "Текущая смена", "</section>")
	for _, want := range []string{"<dt>Смена открыта</dt><dd>22.11.2026 09:00", "<dt>Работает</dt><dd>Иванов И.И.", "<dt>Выручка за день</dt><dd>" + roubles("400,25"), "наличными " + roubles("249,75") + ", безналичными " + roubles("150,50")} {
		assert.Contains(t, card, want)
	}
	_, _, body = p.invite(v, access.IT).get("/lk/registers/" + string(tills[0].RegID))
	assert.NotContains(t, body, "Выручка")
}

// CAB-116: colours of markers follow the target; the list works without the drawing,
// and nothing is asked of other sites (SIM-09).
func TestMap_ColoursFollowTheTarget(t *testing.T) {
	p := newPerson(t)
	v, depts, outlets, _ := p.trade()
	ctx := context.Background()
	set := func(n fleet.Node) {
		tree, err := p.registers.Tree(ctx, v)
		require.NoError(t, err)
		n.Version = tree.Node(n.ID).Version
		require.NoError(t, p.registers.SetNode(ctx, v, n))
	}
	north, south := outlets[0], outlets[1]
	north.Lat, north.Lon, north.Address = 55.75, 37.62, "Москва, ул. Тверская, 1"
	south.Lat, south.Lon = 55.75, 37.62 // the same house: both are seen
	set(north)
	set(south)
	marker := func(body string, n int) string {
		return block(t, body, fmt.Sprintf(`<a href="#outlet-%d"`, n), " cx=")
	}
	_, _, body := p.get("/lk/map")
	assert.Contains(t, marker(body, 1), "unset")
	assert.Contains(t, body, "Москва, ул. Тверская, 1")
	// 22 of 30 days of November have begun; the outlet took 1400.25.
	for target, want := range map[string]string{"1 909,43": "good", "1 909,45": "middle", "2386,78": "middle", "2386.80": "poor", "": "unset"} {
		tree, err := p.registers.Tree(ctx, v)
		require.NoError(t, err)
		status, at, body := p.post("/lk/map", "outlet", north.ID, "target", target, "version", fmt.Sprint(tree.Node(north.ID).Version))
		require.Equal(t, http.StatusOK, status)
		assert.Equal(t, "/lk/map", at)
		assert.Contains(t, marker(body, 1), `class="marker `+want+`"`, target)
		assert.Contains(t, marker(body, 2), "unset")
	}
	row := rowOf(t, body, "Север / Магазин Север")
	assert.Equal(t, roubles("1 400,25"), cell(t, row, "Выручка"))
	near := regexp.MustCompile(`class="marker \w+" cx="([\d.]+)" cy="([\d.]+)"`).FindAllStringSubmatch(body, -1)
	require.Len(t, near, 2)
	assert.NotEqual(t, near[0][1:], near[1][1:], "markers do not cover each other")
	assert.NotRegexp(t, `(?:src|href)="(?:https?:)?//`, body)

	status, _, body := p.post("/lk/map", "outlet", north.ID, "target", "много")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "Сумма в рублях")
	assert.Contains(t, body, `value="много"`)
	status, _, _ = p.post("/lk/map", "outlet", depts[0].ID, "target", "1")
	assert.Equal(t, http.StatusNotFound, status)
	status, _, _ = p.post("/lk/map", "outlet", north.ID, "target", "1", "version", "1")
	assert.Equal(t, http.StatusConflict, status, "somebody was faster")
	_, _, body = p.get("/lk/map?zoom=near")
	assert.Contains(t, body, "Вся страна")
}

// Today is the day where a register stands: at eleven in the evening in Moscow it is
// the next morning on Kamchatka.
func TestHome_TodayIsWhereTheRegisterStands(t *testing.T) {
	p := newPerson(t)
	v, _, outlets, tills := p.trade()
	tree, err := p.registers.Tree(context.Background(), v)
	require.NoError(t, err)
	far := tree.Node(outlets[1].ID)
	far.TimeZone = "Asia/Kamchatka"
	require.NoError(t, p.registers.SetNode(context.Background(), v, far))
	kamchatka, err := time.LoadLocation("Asia/Kamchatka")
	require.NoError(t, err)
	p.at("2026-11-22 23:00")
	tills[1].zone = kamchatka
	tills[1].open()
	tills[1].receipt(1, "Торт", 700, 0, 1) // dated 23 November
	p.settle()
	_, _, body := p.get("/lk")
	assert.Contains(t, block(t, body, `id="today"`, "</section>"), roubles("407,25"), "22 November in Moscow and 23 on Kamchatka")
	assert.Contains(t, block(t, body, `id="yesterday"`, "</section>"), roubles("3 000,00"))
	_, _, body = p.get("/lk/analytics?period=day")
	assert.Contains(t, block(t, body, `<span class="label">Выручка</span>`, "</section>"), `<span class="value">`+roubles("407,25"))
	_, _, body = p.get("/lk/analytics?period=day&date=2026-11-23")
	assert.Contains(t, block(t, body, `<span class="label">Выручка</span>`, "</section>"), `<span class="value">`+roubles("7,00"))
}

// CAB-009: who is limited to a branch finds no money of another one.
func TestAnalytics_BranchesSeeTheirOwn(t *testing.T) {
	p := newPerson(t)
	v, depts, outlets, tills := p.trade()
	manager := p.invite(v, access.Manager, outlets[1].ID)
	_, _, body := manager.get("/lk")
	assert.Contains(t, block(t, body, `id="today"`, "</section>"), roubles("2 000,00"))
	assert.NotContains(t, body, "Север")
	for _, page := range []string{"/lk/analytics", "/lk/analytics/shifts", "/lk/analytics/outlets", "/lk/analytics/hours", "/lk/analytics/goods", "/lk/map"} {
		status, _, body := manager.get(page + "?period=month")
		assert.Equal(t, http.StatusOK, status, page)
		for _, hidden := range []string{"Север", "Хлеб", "Сыр", string(tills[0].FN), roubles("3 400,25"), roubles("1 400,25")} {
			assert.NotContains(t, body, hidden, page)
		}
	}
	for _, path := range []string{"/lk/analytics?branch=" + outlets[0].ID, "/lk/analytics/shifts?branch=" + depts[0].ID, "/lk/analytics/goods?register=" + string(tills[0].RegID), fmt.Sprintf("/lk/analytics/shifts/%s/1", tills[0].FN)} {
		status, _, _ := manager.get(path)
		assert.Equal(t, http.StatusNotFound, status, path)
	}
	status, _, _ := manager.post("/lk/map", "outlet", outlets[0].ID, "target", "1")
	assert.Equal(t, http.StatusNotFound, status)
}

// CAB-075, CAB-181: without registers pages say what to do; the bottom bar has its
// sections.
func TestMoney_EmptyPagesAndTheBar(t *testing.T) {
	p := newPerson(t)
	p.owner()
	for _, path := range []string{"/lk", "/lk/analytics", "/lk/analytics/shifts", "/lk/analytics/outlets", "/lk/analytics/hours", "/lk/analytics/goods"} {
		status, _, body := p.get(path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Contains(t, body, `href="/lk/registers/new">Добавить кассу`, path)
	}
	_, _, body := p.get("/lk/map")
	assert.Contains(t, body, "Точек пока нет")
	bar := block(t, body, `<nav class="bar"`, "</nav>")
	for _, want := range []string{"Статистика", "Все операции", "Карта"} {
		assert.Contains(t, bar, "<span>"+want+"</span>")
	}
	assert.Equal(t, roubles("0,00"), page.Money(fiscal.Kopecks(0)))
}
