package cabinet_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
)

// CAB-071, CAB-073, CAB-110, CAB-114: a register is moved in the middle of the day. What
// it sold stays with the outlet it stood in, the outlets add up to the register, and its
// card has the history of its places.
func TestRegister_IsMovedInTheMiddleOfADay(t *testing.T) {
	p := newPerson(t)
	v, depts, outlets, tills := p.trade()
	reg := tills[0].RegID
	p.at("2026-11-22 12:30")
	e, err := p.registers.Register(context.Background(), v, reg)
	require.NoError(t, err)
	status, at, body := p.post("/lk/registers/"+string(reg)+"/edit", "name", e.Name, "serial", e.Serial, "outlet", outlets[1].ID, "version", fmt.Sprint(e.Version))
	require.Equal(t, http.StatusOK, status, body)
	assert.Equal(t, "/lk/registers/"+string(reg), at)
	p.at("2026-11-22 12:31")
	tills[0].receipt(1, "Кофе", 77777, 0, 1)
	tills[0].receipt(2, "Кофе", 7, 0, 1)
	tills[0].close(0)
	p.settle()

	card := block(t, body, `id="places"`, "</section>")
	assert.Contains(t, card, "История мест")
	south, north := rowOf(t, card, "Юг / Магазин Юг"), rowOf(t, card, "Север / Магазин Север")
	assert.Equal(t, "22.11.2026 12:30", cell(t, south, "С"))
	assert.Equal(t, "сейчас", cell(t, south, "По"))
	assert.Equal(t, "с подключения", cell(t, north, "С"))
	assert.Equal(t, "22.11.2026 12:30", cell(t, north, "По"))
	assert.Equal(t, "с первого до 22.11.2026 12:30", cell(t, north, "Чеки по часам кассы"))

	total := func(body string) string {
		return block(t, body, `<span class="label">Выручка</span><span class="value">`, "<")
	}
	get := func(q *person, query string) string {
		t.Helper()
		status, _, body := q.get("/lk/analytics?period=day" + query)
		require.Equal(t, http.StatusOK, status)
		return body
	}
	whole := get(p, "")
	assert.Equal(t, roubles("3 177,95"), total(whole)) // 400.25 + 2000.00 + 777.77 − 0.07
	assert.Equal(t, roubles("400,25"), cell(t, rowOf(t, whole, "Север"), "Выручка"))
	assert.Equal(t, roubles("2 777,70"), cell(t, rowOf(t, whole, "Юг"), "Выручка"))
	assert.Equal(t, roubles("1 177,95"), total(get(p, "&register="+string(reg))), "the register, wherever it stood")
	left, came := get(p, "&branch="+outlets[0].ID), get(p, "&branch="+outlets[1].ID)
	assert.Equal(t, roubles("400,25"), total(left))
	assert.Equal(t, roubles("400,25"), cell(t, rowOf(t, left, "Касса Север 1"), "Выручка"))
	assert.Contains(t, rowOf(t, left, "Касса Север 1"), "стоит в другом месте")
	assert.Contains(t, left, "branch="+outlets[0].ID+"&period=day&register="+string(reg), "it leads to what it sold there")
	assert.Equal(t, roubles("777,70"), cell(t, rowOf(t, came, "Касса Север 1"), "Выручка"))
	assert.Equal(t, roubles("777,70"), total(get(p, "&branch="+outlets[1].ID+"&register="+string(reg))), "the register in this outlet")
	assert.Equal(t, roubles("400,25"), total(get(p, "&branch="+outlets[0].ID+"&register="+string(reg))))
	assert.Equal(t, roubles("1 000,00"), cell(t, rowOf(t, get(p, "&date=2026-11-21&branch="+depts[0].ID), "Магазин Север"), "Выручка"), "the day before is what it was")
	_, _, rating := p.get("/lk/analytics/outlets?period=day")
	assert.Equal(t, roubles("2 777,70"), cell(t, rowOf(t, rating, "Юг / Магазин Юг"), "Выручка"))
	_, _, month := p.get("/lk/map")
	assert.Contains(t, month, roubles("1 400,25"))

	// Who sees one outlet sees what was sold there.
	q := p.invite(v, access.Manager, outlets[0].ID)
	mine := get(q, "")
	assert.Equal(t, roubles("400,25"), total(mine))
	_, _, list := q.get("/lk/documents")
	assert.Contains(t, list, roubles("300,00"))
	assert.Contains(t, list, "Касса Север 1")
	for _, path := range []string{"/lk", "/lk/analytics?period=day", "/lk/analytics/goods?period=day", "/lk/analytics/hours?period=day", "/lk/analytics/shifts?period=day", "/lk/documents", "/lk/registers", "/lk/map",
		"/lk/analytics?period=day&register=" + string(reg), fmt.Sprintf("/lk/analytics/shifts/%s/2", tills[0].FN), "/lk/documents?register=" + string(reg)} {
		status, _, body := q.get(path)
		require.Equal(t, http.StatusOK, status, path)
		for _, hidden := range []string{roubles("777,77"), roubles("777,70"), roubles("1 177,95"), "Кофе", "Магазин Юг"} {
			assert.NotContains(t, body, hidden, path)
		}
	}
	status, _, _ = q.get("/lk/registers/" + string(reg))
	assert.Equal(t, http.StatusNotFound, status, "its card is where it stands")

	// Of the shift each place has its own part, which is not compared with the report of all.
	_, _, whole = p.get(fmt.Sprintf("/lk/analytics/shifts/%s/2", tills[0].FN))
	assert.Contains(t, whole, ">сходится<")
	assert.Contains(t, whole, "Север / Магазин Север", "where it was opened")
	r := p.mate(v, "south@shop.example", access.Manager, outlets[1].ID)
	for q, want := range map[*person]string{q: roubles("400,25"), r: roubles("777,70")} {
		status, _, part := q.get(fmt.Sprintf("/lk/analytics/shifts/%s/2", tills[0].FN))
		require.Equal(t, http.StatusOK, status)
		assert.Contains(t, part, want)
		for _, verdict := range []string{">сходится<", ">расходится<"} {
			assert.NotContains(t, part, verdict)
		}
	}

	// A place that registers stood in is kept for the figures of that time.
	for n := range 2 {
		e, err := p.registers.Register(context.Background(), v, fiscal.RegNumber(number(uint64(n+1))))
		require.NoError(t, err)
		if e.Outlet != outlets[1].ID {
			e.Register.Outlet = outlets[1].ID
			require.NoError(t, p.registers.Change(context.Background(), v, e.Register))
		}
	}
	_, at, body = p.post("/lk/outlets/"+outlets[0].ID, "do", "remove")
	assert.Equal(t, "/lk/outlets/"+outlets[0].ID, at)
	assert.Contains(t, body, "Здесь стояли кассы")
}
