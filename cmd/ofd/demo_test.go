package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/desk"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// shops are a demo with a server around it, and a present that stands still.
type shops struct {
	*demo
	t     *testing.T
	db    *sqlite.Store
	dir   string
	clock *clock.Clock
}

func newShops(t *testing.T, days int) *shops {
	t.Helper()
	present := time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)
	c := &shops{t: t, dir: t.TempDir(), clock: clock.New(func() time.Time { return present })}
	var err error
	c.db, err = sqlite.Open(filepath.Join(c.dir, "ofd.db"), sqlite.Options{})
	require.NoError(t, err)
	past := newDemoTime(c.clock.Now)
	srv, err := server.New(server.Options{Store: c.db, Now: past.Now})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	log, err := (&serveCmd{LogLevel: "error"}).logger(t.Output())
	require.NoError(t, err)
	c.demo, err = newDemo(demoOptions{KKTAddr: ln.Addr().String(), OFD: "7704358518", Seed: 5, Days: days, Thin: 4, Time: past, Drive: c.db.Drive, Stats: c.db.Stats, Logger: log})
	require.NoError(t, err)
	require.NoError(t, c.start(t.Context(), c.clock.Now()))
	t.Cleanup(func() {
		for _, r := range c.registers {
			assert.NoError(t, r.e.Close())
		}
		assert.NoError(t, srv.Shutdown(context.Background()))
		assert.NoError(t, <-served)
		assert.NoError(t, c.db.Close())
	})
	return c
}

// documents of the store, all of them.
func (c *shops) documents() (all []store.Document) {
	c.t.Helper()
	for after := int64(0); ; after = all[len(all)-1].ID {
		some, err := c.db.Documents(c.t.Context(), store.DocumentFilter{}, store.Page{After: after, Limit: store.MaxLimit})
		require.NoError(c.t, err)
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

// The same seed and the same present give the same documents, whatever the order in
// which they came.
func TestDemo_SameSeedSameDocuments(t *testing.T) {
	t.Parallel()
	type name struct {
		fn fiscal.FNNumber
		fd fiscal.FDNumber
	}
	var first map[name]string
	for range 2 {
		c := newShops(t, 1)
		require.NoError(t, c.history(t.Context()))
		docs := map[name]string{}
		for _, d := range c.documents() {
			docs[name{d.FN, d.FD}] = string(d.Message)
		}
		assert.Greater(t, len(docs), 60)
		if first != nil {
			assert.True(t, assert.ObjectsAreEqual(first, docs), "%d and %d documents", len(first), len(docs))
		}
		first = docs
	}
}

// The chain of the demo shows every state that a register can be in; its documents
// arrive when they are made, and nothing but what is meant to be wrong is wrong.
func TestDemo_History(t *testing.T) {
	t.Parallel()
	c := newShops(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	base, err := office.Open(ctx, "sqlite:"+filepath.Join(c.dir, "ofd.db"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, base.Close()) }()
	f, err := front.New(front.Options{Store: c.db, Office: base, Clock: c.clock, PasswordMemory: 64})
	require.NoError(t, err)
	require.NoError(t, c.furnish(ctx, &people{Front: f, office: base}, c.clock.Now))
	require.NoError(t, c.furnish(ctx, &people{Front: f, office: base}, c.clock.Now), "a second time makes nothing")
	require.NoError(t, c.history(ctx))

	forms, findings := map[fiscal.Form]int{}, map[fiscal.RegNumber]int{}
	for _, d := range c.documents() {
		forms[d.Form]++
		if len(d.Findings) > 0 {
			findings[d.RegID]++
		}
		zone := c.register(d.RegID).zone
		made := time.Date(d.DateTime.Year(), d.DateTime.Month(), d.DateTime.Day(), d.DateTime.Hour(), d.DateTime.Minute(), 0, 0, zone)
		late := d.ReceivedAt.Sub(made)
		assert.True(t, late >= 0 && late <= historyStep+time.Minute, "%s made %s, received %s", d.FN, made, d.ReceivedAt)
	}
	for _, form := range []fiscal.Form{fiscal.FormFiscalReport, fiscal.FormOpenShift, fiscal.FormReceipt, fiscal.FormReceiptCorrection, fiscal.FormCloseShift} {
		assert.Positive(t, forms[form], form)
	}
	for _, r := range c.registers {
		assert.Equal(t, r.health == flawed, findings[r.regID] > 0, "%s: findings", r.name)
	}

	followed := make(chan error, 1)
	go func() { followed <- f.Run(ctx) }()
	defer func() { cancel(); <-followed }()
	c.checkHealth(f)
	c.checkPeople(f)
	c.checkPaper(f)
	c.checkButtons()
}

func (c *shops) register(id fiscal.RegNumber) *demoRegister {
	for _, r := range c.registers {
		if r.regID == id {
			return r
		}
	}
	c.t.Fatalf("no register %s", id)
	return nil
}

// checkHealth compares the lights with the plan. CAB-090, CAB-092
func (c *shops) checkHealth(f *front.Front) {
	ctx := c.t.Context()
	_, session, err := f.Accounts.Login(ctx, chainPeople[0].email, chainPassword, account.From{})
	require.NoError(c.t, err)
	boss, err := f.Accounts.Viewer(ctx, session)
	require.NoError(c.t, err)
	docs := c.documents()
	var entries []fleet.Entry
	require.Eventually(c.t, func() bool {
		entries, err = f.Fleet.Registers(ctx, boss, fleet.Filter{})
		require.NoError(c.t, err)
		return caughtUp(entries, docs)
	}, time.Minute, 20*time.Millisecond)
	require.Len(c.t, entries, 20)
	for _, e := range entries {
		r := c.register(e.RegID)
		l := f.Fleet.Lights(e, fleet.DefaultThresholds(), c.clock.Now(), r.zone)
		assert.Equal(c.t, r.health == archived, !e.Archived.IsZero(), e.Name)
		want, reason := fleet.Green, ""
		switch r.health {
		case silentDay:
			want, reason = fleet.Yellow, "нет документов"
		case silentDays:
			want, reason = fleet.Red, "нет документов"
		case longShift:
			want, reason = fleet.Red, "смена открыта дольше 24 ч"
		case termEnds:
			want, reason = fleet.Yellow, "ФН"
		case memoryEnds:
			want, reason = fleet.Yellow, "память ФН заканчивается"
		case paidEnds:
			want, reason = fleet.Yellow, "срок подключения скоро закончится"
		case fresh:
			want = fleet.Grey
		case archived:
			continue
		}
		if r.health == fresh {
			assert.False(c.t, e.Seen())
			assert.Equal(c.t, fleet.Grey, l.Transfer.Colour)
			continue
		}
		assert.Equal(c.t, want, l.Worst, "%s: %s", e.Name, l.Reason())
		assert.Contains(c.t, l.Reason(), reason, e.Name)
	}
}

// caughtUp tells that the states have every document.
func caughtUp(entries []fleet.Entry, docs []store.Document) bool {
	last := map[fiscal.RegNumber]fiscal.FDNumber{}
	for _, d := range docs {
		last[d.RegID] = max(last[d.RegID], d.FD)
	}
	return !slices.ContainsFunc(entries, func(e fleet.Entry) bool { return e.State.LastFD != last[e.RegID] })
}

// checkPeople logs everybody in.
func (c *shops) checkPeople(f *front.Front) {
	ctx := c.t.Context()
	for i, want := range []int{20, 7, 3, 20} {
		p := chainPeople[i]
		_, session, err := f.Accounts.Login(ctx, p.email, chainPassword, account.From{})
		require.NoError(c.t, err, p.email)
		v, err := f.Accounts.Viewer(ctx, session)
		require.NoError(c.t, err)
		entries, err := f.Fleet.Registers(ctx, v, fleet.Filter{})
		require.NoError(c.t, err)
		assert.Len(c.t, entries, want, p.email)
	}
}

// checkPaper sees that the reports of the demo are made and the accountant's is sent.
func (c *shops) checkPaper(f *front.Front) {
	ctx := c.t.Context()
	require.NoError(c.t, (&people{Front: f}).paperwork(ctx, c.clock.Now))
	_, session, err := f.Accounts.Login(ctx, chainPeople[0].email, chainPassword, account.From{})
	require.NoError(c.t, err)
	boss, err := f.Accounts.Viewer(ctx, session)
	require.NoError(c.t, err)
	assert.Eventually(c.t, func() bool {
		jobs, err := f.Reports.Jobs(ctx, boss, "", 10)
		require.NoError(c.t, err)
		states := map[report.State]int{}
		for _, j := range jobs {
			states[j.State]++
		}
		return len(jobs) == 2 && states[report.Ready] == 1 && states[report.Mailed] == 1
	}, time.Minute, 20*time.Millisecond)
	schedules, err := f.Reports.Schedules(ctx, boss)
	require.NoError(c.t, err)
	assert.Len(c.t, schedules, 1)
}

// checkButtons presses those of the protocol desk.
func (c *shops) checkButtons() {
	ctx := c.t.Context()
	id := ""
	for _, r := range c.registers {
		if r.health == fresh {
			id = string(r.regID)
		}
	}
	state := func() desk.Register {
		for _, r := range c.List(ctx) {
			if r.ID == id {
				return r
			}
		}
		return desk.Register{}
	}
	press := func(a desk.Action, want string) {
		said, err := c.Do(ctx, id, a)
		require.NoError(c.t, err, a)
		assert.Contains(c.t, said, want)
	}
	assert.Equal(c.t, "не зарегистрирована", state().State)
	press(desk.OpenShift, "смена № 1 открыта, оператор подтвердил")
	press(desk.Sell, "оператор подтвердил")
	_, err := c.Do(ctx, id, desk.OpenShift)
	require.EqualError(c.t, err, "смена уже открыта")
	press(desk.Cut, "сеть отключена")
	press(desk.Sell, "ждёт сети")
	assert.True(c.t, state().Cut)
	assert.Equal(c.t, 1, state().Queue)
	press(desk.Restore, "сеть вернулась, оператор подтвердил")
	assert.Zero(c.t, state().Queue)
	press(desk.CloseShift, "смена № 1 закрыта")
	assert.False(c.t, state().Open)
	require.NoError(c.t, c.clock.Move(48*time.Hour))
	for _, r := range c.registers {
		if r.working() {
			require.NoError(c.t, r.tend(ctx, &c.o), "%s: after two days a shift is closed and another begins", r.name)
		}
	}
	_, err = c.Do(ctx, "x", desk.Sell)
	require.Error(c.t, err)
}

// What make run does: how to come in is said, the bench's clock is moved by the API
// and pages show it, and a stream that a browser watches does not hold the end up.
// SIM-11
func TestServe_Demo(t *testing.T) {
	t.Parallel()
	p := start(t, filepath.Join(t.TempDir(), "ofd.db"), "--demo", "--demo-days=1", "--seed=9")
	site := "http://" + p.http
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	resp, err := browser.PostForm(site+"/lk/login/password", url.Values{"login": {chainPeople[0].email}, "password": {chainPassword}})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "/lk", resp.Request.URL.Path)
	resp, err = http.Post(site+"/bench/v1/clock", "application/json", strings.NewReader(`{"move":"24h"}`))
	require.NoError(t, err)
	var s clock.State
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&s))
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "24h0m0s", s.Moved)
	resp, err = browser.Get(site + "/lk/desk")
	require.NoError(t, err)
	var page strings.Builder
	_, err = io.Copy(&page, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Contains(t, page.String(), "Часы стенда переведены")
	assert.Contains(t, page.String(), "Кассы-эмуляторы")
	live, err := browser.Get(site + "/lk/desk/live")
	require.NoError(t, err)
	defer live.Body.Close()
	require.Equal(t, http.StatusOK, live.StatusCode)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	out := <-p.rest
	_ = p.cmd.Wait()
	assert.Equal(t, exitFine, p.cmd.ProcessState.ExitCode(), p.log())
	assert.Contains(t, out, "cabinet http://"+p.http+"/lk password "+chainPassword)
	for _, one := range chainPeople {
		assert.Contains(t, out, "login "+one.email)
	}
	assert.NotContains(t, p.log(), "cut off")
}
