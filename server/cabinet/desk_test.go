package cabinet_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/desk"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// bench is a cabinet with a protocol desk and a person in it.
type bench struct {
	*person
	clock  *clock.Clock
	hub    *desk.Hub
	faults *fault.Set
	tills  *tills
}

// tills are emulated registers that do nothing.
type tills struct {
	list    []desk.Register
	pressed []string
}

func (s *tills) List(context.Context) []desk.Register { return s.list }
func (s *tills) Do(_ context.Context, id string, a desk.Action) (string, error) {
	if a == desk.CloseShift {
		return "", errors.New("смена не открыта")
	}
	s.pressed = append(s.pressed, id+" "+string(a))
	return "сделано", nil
}

const (
	ownFN     = fiscal.FNNumber("9999078902000001")
	foreignFN = fiscal.FNNumber("9999078902000002")
	secret    = "anna@example.com"
)

// newBench logs the owner of a register in; its drive is ownFN. A second register has
// the number of a foreign drive typed in.
func newBench(t *testing.T, open bool) (*bench, access.Viewer) {
	t.Helper()
	b := &bench{person: newPerson(t), clock: clock.New(nil), hub: &desk.Hub{}, faults: fault.New(fault.Operator, 1), tills: &tills{}}
	f, err := front.New(front.Options{Store: b.documents, Office: b.base, OFD: "7704358518", OFDName: "Испытательный ОФД", KKTAddr: "127.0.0.1:7777", Bench: true, Clock: b.clock, PasswordMemory: 64,
		Desk: &desk.Options{Hub: b.hub, Faults: b.faults, Registers: b.tills, Open: open, Connections: func() []intake.Connection {
			return []intake.Connection{{Peer: "192.0.2.1:1", FN: ownFN}, {Peer: "192.0.2.2:2", FN: foreignFN}, {Peer: "192.0.2.3:3"}}
		}}})
	require.NoError(t, err)
	b.site = httptest.NewServer(f.Handler())
	t.Cleanup(b.site.Close)
	t.Cleanup(b.hub.Close)
	b.accounts, b.registers = f.Accounts, f.Fleet
	v := b.owner()
	for n, fn := range []fiscal.FNNumber{"", foreignFN} {
		b.tills.list = append(b.tills.list, desk.Register{ID: number(uint64(n + 1)), Name: "Своя касса", FN: fn, RegID: fiscal.RegNumber(number(uint64(n + 1))), Open: true})
		_, err := f.Fleet.Connect(t.Context(), v, fleet.Register{RegID: fiscal.RegNumber(number(uint64(n + 1))), Serial: serial, FN: fn})
		require.NoError(t, err)
	}
	b.tills.list = append(b.tills.list, desk.Register{ID: "77", Name: "Чужая касса", FN: foreignFN, RegID: "0000000000000077"})
	now := time.Now()
	require.NoError(t, b.base.Fleet().Advance(t.Context(), 0, 1, []fleet.State{{RegID: fiscal.RegNumber(number(1)), UserINN: inn, FN: ownFN, First: now, Last: now}}, nil))
	return b, v
}

// exchange is one with a real receipt in it, on behalf of a drive.
func exchange(fn fiscal.FNNumber) intake.Exchange {
	r := servertest.NewRegister(1, fiscal.FFD105)
	r.Registration()
	r.OpenShift()
	return intake.Exchange{At: time.Now(), Peer: "192.0.2.9:9", FN: fn, FD: 3, Form: fiscal.FormReceipt, Result: "accepted", Request: r.Receipt(12345, func(b *tlv.Builder) { b.Text(ffd.TagBuyerPhoneOrAddress, secret) }).Message}
}

// A tenant of a bench that others come to sees exchanges of own registers only, and
// what is common to all cannot be moved from here; a number that somebody typed in
// opens nothing.
func TestDesk_TenantsSeeTheirOwn(t *testing.T) {
	b, _ := newBench(t, false)
	for _, fn := range []fiscal.FNNumber{ownFN, foreignFN, ""} {
		b.hub.Look(exchange(fn))
	}
	_, _, body := b.get("/lk/desk")
	assert.Contains(t, body, string(ownFN))
	assert.Contains(t, body, "192.0.2.1:1")
	assert.Equal(t, 1, strings.Count(body, `<li class="exchange">`))
	for _, hidden := range []string{"192.0.2.2:2", "192.0.2.3:3", "Чужая касса", "Часы стенда", "Сбои оператора", "ФН не назван"} {
		assert.NotContains(t, body, hidden)
	}
	status, _, _ := b.post("/lk/desk/clock", "move", "24h")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Zero(t, b.clock.Moved())
	status, _, _ = b.post("/lk/desk/faults", "point", "reply.drop", "words", "next=1")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Empty(t, b.faults.Rules())
	status, _, _ = b.post("/lk/desk/registers/77", "do", "sell")
	assert.Equal(t, http.StatusNotFound, status)
	_, _, body = b.post("/lk/desk/registers/"+number(1), "do", "sell")
	assert.Contains(t, body, "Своя касса: сделано")
	assert.Equal(t, []string{number(1) + " sell"}, b.tills.pressed)
}

// Roles: cashiers and managers do not come in, who may not see documents sees no bytes.
func TestDesk_NeedsItsRight(t *testing.T) {
	b, boss := newBench(t, true)
	b.hub.Look(exchange(ownFN))
	for role, want := range map[access.Role]int{access.Cashier: 403, access.Manager: 403, access.IT: 200, access.Admin: 200} {
		guest := b.another()
		address := string(role) + "@shop.example"
		require.NoError(t, b.accounts.Invite(t.Context(), boss, address, "", role, nil))
		u, err := b.base.Accounts().UserBy(t.Context(), address)
		require.NoError(t, err)
		token, _, err := b.accounts.Enter(t.Context(), u.ID, account.From{})
		require.NoError(t, err)
		site, err := url.Parse(b.site.URL)
		require.NoError(t, err)
		guest.c.Jar.SetCookies(site, []*http.Cookie{{Name: account.SessionCookie, Value: token}})
		for _, path := range []string{"/lk/desk", "/lk/desk/live"} {
			if path == "/lk/desk/live" && want == 200 {
				continue // does not end
			}
			status, _, body := guest.get(path)
			assert.Equal(t, want, status, "%s %s", role, path)
			if want == 200 {
				assert.Equal(t, role == access.Admin, strings.Contains(body, "заголовок контейнера"), role)
			}
		}
	}
}

// SIM-11: the clock is moved from the page; every page says so, and colours follow.
func TestDesk_MovesTheClock(t *testing.T) {
	b, _ := newBench(t, true)
	_, _, body := b.get("/lk/registers/" + number(1))
	assert.NotContains(t, body, "Часы стенда переведены")
	assert.NotContains(t, body, "нет документов")
	_, at, body := b.post("/lk/desk/clock", "move", "25h")
	assert.Equal(t, "/lk/desk", at)
	assert.Contains(t, body, "Часы стенда показывают")
	for _, path := range []string{"/lk/registers", "/lk/profile", "/"} {
		_, _, body = b.get(path)
		assert.Contains(t, body, "Часы стенда переведены", path)
		assert.Contains(t, body, time.Now().Add(25*time.Hour).In(time.FixedZone("", 3*3600)).Format("02.01.2006"), path)
	}
	_, _, body = b.get("/lk/registers/" + number(1))
	assert.Contains(t, body, "нет документов 25 ч")
	assert.Contains(t, body, "light yellow")
	b.post("/lk/desk/clock", "move", "2d")
	_, _, body = b.get("/lk/registers/" + number(1))
	assert.Contains(t, body, "light red")
	for _, wrong := range [][]string{{"move", "x"}, {"set", "вчера"}, {"move", "9999d"}, {}} {
		status, _, _ := b.post("/lk/desk/clock", wrong...)
		assert.Equal(t, http.StatusUnprocessableEntity, status, wrong)
	}
	b.post("/lk/desk/clock", "do", "reset")
	assert.Zero(t, b.clock.Moved())
	// Sessions live by the same clock.
	b.post("/lk/desk/clock", "move", "31d")
	_, at, _ = b.get("/lk/desk")
	assert.Equal(t, "/lk/login?next=%2Flk%2Fdesk", at)
}

// SIM-11: on an open bench everything is seen and faults are switched.
func TestDesk_OpenBench(t *testing.T) {
	b, _ := newBench(t, true)
	for _, fn := range []fiscal.FNNumber{ownFN, foreignFN, ""} {
		b.hub.Look(exchange(fn))
	}
	_, _, body := b.get("/lk/desk")
	for _, want := range []string{string(ownFN), string(foreignFN), "ФН не назван", "192.0.2.3:3", "Чужая касса", "заголовок контейнера", "сигнатура: обмен с ОФД"} {
		assert.Contains(t, body, want)
	}
	assert.Contains(t, body, "скрыто")
	for _, personal := range []string{secret, hex.EncodeToString([]byte(secret))} {
		assert.NotContains(t, body, personal, "the buyer's address is hidden, as words and as bytes")
	}
	_, _, body = b.post("/lk/desk/faults", "point", "reply.drop", "words", "next=2")
	assert.Contains(t, body, "reply.drop:next=2")
	require.Len(t, b.faults.Rules(), 1)
	assert.True(t, b.faults.Armed(fault.ReplyDrop))
	status, _, body := b.post("/lk/desk/faults", "point", "reply.drop", "words", "sometimes")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, `value="sometimes"`)
	status, _, _ = b.post("/lk/desk/faults", "remove", "9")
	assert.Equal(t, http.StatusNotFound, status)
	b.post("/lk/desk/faults", "remove", "1")
	assert.Empty(t, b.faults.Rules())
	b.post("/lk/desk/faults", "point", "reply.delay", "words", "always,time=1s")
	b.post("/lk/desk/faults", "remove", "all")
	assert.Empty(t, b.faults.Rules())
	_, _, body = b.post("/lk/desk/registers/77", "do", "close")
	assert.Contains(t, body, "касса отказала: смена не открыта")
	status, _, _ = b.post("/lk/desk/registers/78", "do", "sell")
	assert.Equal(t, http.StatusNotFound, status)
}

// What happens is sent as it happens, to those who may see it; the end of the hub ends
// the stream, so that no browser holds a shutdown up.
func TestDesk_StreamsExchanges(t *testing.T) {
	b, _ := newBench(t, false)
	resp, err := b.c.Get(b.site.URL + "/lk/desk/live")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	require.True(t, lines.Scan())
	b.hub.Look(exchange(foreignFN))
	b.hub.Look(exchange(ownFN))
	b.hub.Close()
	var event []string
	for lines.Scan() {
		event = append(event, lines.Text())
	}
	require.NoError(t, lines.Err())
	text := strings.Join(event, "\n")
	assert.Equal(t, 1, strings.Count(text, "event: html"))
	assert.Contains(t, text, `data: <li class="exchange">`)
	assert.Contains(t, text, string(ownFN))
	assert.Contains(t, text, "заголовок контейнера")
	for _, line := range event {
		assert.True(t, line == "" || strings.HasPrefix(line, "event: ") || strings.HasPrefix(line, "data: ") || line == "data:", line)
	}
}

// A browser that does not read makes nobody wait: what it cannot take is counted.
func TestHub_NeverWaits(t *testing.T) {
	t.Parallel()
	var h desk.Hub
	l := h.Listen()
	for n := range 200 {
		h.Look(intake.Exchange{FD: fiscal.FDNumber(n)})
	}
	assert.EqualValues(t, 0, (<-l.C).FD)
	lost := l.Dropped()
	assert.EqualValues(t, 200-cap(l.C), lost)
	assert.Zero(t, l.Dropped())
	recent := h.Recent()
	require.Len(t, recent, desk.Kept)
	for i, s := range recent {
		assert.EqualValues(t, 199-i, s.FD)
	}
	l.Close()
	l.Close()
	h.Close()
	late := h.Listen()
	_, open := <-late.C
	assert.False(t, open)
	h.Look(intake.Exchange{})
}
