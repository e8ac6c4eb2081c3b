package office_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/rest"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// server is one of several that share a base: its own connections and services.
type server struct {
	*office.Office
	accounts *account.Service
	fleet    *fleet.Service
	watcher  *fleet.Watcher
	notify   *notify.Service
	reports  *report.Service
	keys     *integration.Service
	check    *receiptcheck.Service
	api      http.Handler
}

// perMinute is how many requests a key may make to the servers of a test.
const perMinute = 60

// post counts what it carries, by address.
type post struct {
	mu   sync.Mutex
	sent map[string]int
}

func (p *post) Carry(_ context.Context, m notify.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[m.To+" "+m.About]++
	return nil
}

// servers share one base, one clock and one post.
type servers struct {
	t     *testing.T
	ctx   context.Context
	clock atomic.Int64
	post  post
	all   []*server
}

func (s *servers) now() time.Time { return time.Unix(s.clock.Load(), 0).UTC() }

func newServers(t *testing.T, n int) *servers {
	t.Helper()
	return newServersOn(t, "PostgreSQL", n)
}

func newServersOn(t *testing.T, engine string, n int) *servers {
	t.Helper()
	base := engines[engine](t)
	documents, err := sqlite.Open(filepath.Join(t.TempDir(), "documents.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, documents.Close()) })
	s := &servers{t: t, ctx: context.Background(), post: post{sent: map[string]int{}}}
	s.clock.Store(time.Date(2026, 8, 3, 12, 0, 0, 0, time.UTC).Unix())
	l := ledger.New(documents, documents)
	for range n {
		one := &server{Office: open(t, base)}
		one.notify, err = notify.New(notify.Options{Store: one.Messages(), Mail: &s.post, Now: s.now})
		require.NoError(t, err)
		one.accounts, err = account.New(account.Options{Store: one.Accounts(), Messenger: one.notify, Tries: one.Tries(), Memory: 64, Now: s.now})
		require.NoError(t, err)
		one.fleet, err = fleet.New(fleet.Options{Store: one.Fleet(), Orgs: one.accounts, Now: s.now})
		require.NoError(t, err)
		one.watcher = &fleet.Watcher{Fleet: one.fleet, People: one.accounts, Outbox: one.notify, Site: "https://ofd.example"}
		one.reports, err = report.New(report.Options{Store: one.Reports(), People: one.accounts, Fleet: one.fleet, Ledger: l, Outbox: one.notify, Now: s.now})
		require.NoError(t, err)
		one.keys, err = integration.New(integration.Options{Store: one.Integration(), Accounts: one.accounts, Fleet: one.fleet, Outbox: one.notify, Reports: one.reports,
			Secret: bytes.Repeat([]byte{7}, 32), Private: true, Now: s.now})
		require.NoError(t, err)
		one.check, err = receiptcheck.New(receiptcheck.Options{Documents: documents, Counts: one.Tries(), Now: s.now})
		require.NoError(t, err)
		one.api, err = rest.New(rest.Options{Accounts: one.accounts, Fleet: one.fleet, Ledger: l, Integration: one.keys, Arrivals: documents, Tries: one.Tries(), PerMinute: perMinute, Now: s.now})
		require.NoError(t, err)
		s.all = append(s.all, one)
	}
	return s
}

// atOnce runs work on all servers, several times each, at the same moment.
func (s *servers) atOnce(work func(one *server) error) {
	s.t.Helper()
	gate := make(chan struct{})
	var wait sync.WaitGroup
	for _, one := range s.all {
		for range 3 {
			wait.Go(func() {
				<-gate
				assert.NoError(s.t, work(one))
			})
		}
	}
	close(gate)
	wait.Wait()
}

// CAB-032, OPR-062: an address and a name have their tries once, on however many
// servers.
func TestServers_TriesAreShared(t *testing.T) {
	t.Parallel()
	s := newServers(t, 2)
	_, err := s.all[0].accounts.Register(s.ctx, account.Application{OrgName: "Ромашка", Contact: "Иван", Email: "ivan@x.example", Password: "correct horse battery", Consent: true, Address: "192.0.2.99"})
	require.NoError(t, err)
	var wrong, late, let atomic.Int64
	s.atOnce(func(one *server) error {
		for n := range 5 {
			_, _, err := one.accounts.Login(s.ctx, "ivan@x.example", "guess", account.From{Address: fmt.Sprintf("192.0.2.%d", n)})
			var refused *account.Refused
			switch {
			case !errors.As(err, &refused):
				return fmt.Errorf("let in: %w", err)
			case refused.Reason == account.TooMany:
				late.Add(1)
			default:
				wrong.Add(1)
			}
		}
		for range 10 {
			var many *receiptcheck.TooMany
			switch err := one.check.Allow("192.0.2.1"); {
			case err == nil:
				let.Add(1)
			case !errors.As(err, &many):
				return err
			}
		}
		return nil
	})
	assert.EqualValues(t, 10, wrong.Load(), "guesses at one name")
	assert.EqualValues(t, 20, late.Load())
	assert.EqualValues(t, 30, let.Load(), "receipts asked for in a minute")
	s.clock.Add(15 * 60)
	_, _, err = s.all[1].accounts.Login(s.ctx, "ivan@x.example", "guess", account.From{Address: "192.0.2.9"})
	var refused *account.Refused
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, account.WrongPassword, refused.Reason, "the window is over")
	require.NoError(t, s.all[1].check.Allow("192.0.2.1"))
}

// API-06: a key has its requests once, on however many servers, in any minute; the
// headers of each tell of all.
func TestServers_RequestsAreShared(t *testing.T) {
	t.Parallel()
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := newServersOn(t, engine, 2)
			accounts := s.all[0].Accounts()
			require.NoError(t, accounts.CreateUser(s.ctx, account.User{ID: "u", CreatedAt: s.now()}))
			require.NoError(t, accounts.CreateOrg(s.ctx, account.Org{ID: "o", Name: "Ромашка", INN: "7702203276", Owner: "u", CreatedAt: s.now()}, account.Member{Org: "o", User: "u", Role: access.Owner, Since: s.now()}))
			v, err := s.all[0].accounts.Viewer(s.ctx, account.Session{Org: "o", User: "u"})
			require.NoError(t, err)
			_, secret, err := s.all[0].keys.CreateKey(s.ctx, v, integration.Key{Name: "учёт", Scopes: integration.Scopes()})
			require.NoError(t, err)
			ask := func(n int) (status int, header func(name string) int) {
				r := httptest.NewRequestWithContext(s.ctx, http.MethodGet, "/api/v1/registers", nil)
				r.Header.Set("Authorization", "Bearer "+secret)
				w := httptest.NewRecorder()
				s.all[n%2].api.ServeHTTP(w, r)
				return w.Code, func(name string) int {
					value, err := strconv.Atoi(w.Header().Get(name))
					assert.NoError(t, err, "%s: %q", name, w.Header().Get(name))
					return value
				}
			}
			// In turn until both refuse: all of the quota, and no more.
			let := 0
			for n := range 2 * perMinute {
				status, header := ask(n)
				assert.Equal(t, perMinute, header("RateLimit-Limit"))
				switch status {
				case http.StatusOK:
					let++
					// Each knows of the other as of its last lease.
					assert.InDelta(t, perMinute-let, header("RateLimit-Remaining"), perMinute/4)
					assert.LessOrEqual(t, header("RateLimit-Reset"), 63)
				case http.StatusTooManyRequests:
					assert.Zero(t, header("RateLimit-Remaining"))
					assert.Equal(t, header("RateLimit-Reset"), header("Retry-After"))
				default:
					require.Equal(t, http.StatusOK, status)
				}
			}
			assert.Equal(t, perMinute, let)

			// As long as was said: one second before nobody, then whoever comes.
			status, header := ask(0)
			require.Equal(t, http.StatusTooManyRequests, status)
			wait := header("Retry-After")
			s.clock.Add(int64(wait) - 1)
			for n := range 2 {
				status, _ := ask(n)
				assert.Equal(t, http.StatusTooManyRequests, status)
			}
			s.clock.Add(1)
			status, _ = ask(1)
			assert.Equal(t, http.StatusOK, status)

			// All at once.
			s.clock.Add(3600)
			var passed atomic.Int64
			s.atOnce(func(one *server) error {
				for range perMinute {
					r := httptest.NewRequestWithContext(s.ctx, http.MethodGet, "/api/v1/registers", nil)
					r.Header.Set("Authorization", "Bearer "+secret)
					w := httptest.NewRecorder()
					if one.api.ServeHTTP(w, r); w.Code == http.StatusOK {
						passed.Add(1)
					} else if w.Code != http.StatusTooManyRequests {
						return fmt.Errorf("status %d: %s", w.Code, w.Body)
					}
				}
				return nil
			})
			assert.EqualValues(t, perMinute, passed.Load())

			// Guesses of keys are counted by address, on both.
			refused := 0
			for n := range perMinute + 10 {
				r := httptest.NewRequestWithContext(s.ctx, http.MethodGet, "/api/v1/registers", nil)
				r.Header.Set("Authorization", "Bearer ofdk_guess")
				w := httptest.NewRecorder()
				s.all[n%2].api.ServeHTTP(w, r)
				if w.Code == http.StatusTooManyRequests {
					refused++
				}
			}
			assert.Equal(t, 10, refused)
		})
	}
}

// NTF-08, NTF-11, API-07, CAB-129: what several servers see at once is told once: changed
// colours, webhooks about them and about reports, runs of schedules and their letters.
func TestServers_TellOnce(t *testing.T) {
	t.Parallel()
	s := newServers(t, 2)
	first := s.all[0]
	require.NoError(t, first.Accounts().CreateUser(s.ctx, account.User{ID: "u", Email: "ivan@x.example", CreatedAt: s.now()}))
	require.NoError(t, first.Accounts().CreateOrg(s.ctx, account.Org{ID: "o", Name: "Ромашка", INN: "7702203276", Owner: "u", CreatedAt: s.now()}, account.Member{Org: "o", User: "u", Role: access.Owner, Since: s.now()}))
	v, err := first.accounts.Viewer(s.ctx, account.Session{Org: "o", User: "u"})
	require.NoError(t, err)
	const registers = 5
	var states []fleet.State
	for n := range registers {
		reg := fiscal.MakeRegNumber(uint64(n)+1, "7702203276", fmt.Sprintf("%012d", n+1))
		require.NoError(t, first.Fleet().CreateRegister(s.ctx, fleet.Register{Org: "o", RegID: reg, Name: fmt.Sprintf("Касса %d", n), Connected: s.now()}))
		states = append(states, fleet.State{RegID: reg, UserINN: "7702203276", FN: "9999000000000001", FFD: fiscal.FFD12, First: s.now(), Last: s.now(), LastFD: 1, LastForm: fiscal.FormCloseShift, LastWall: s.now()})
	}
	require.NoError(t, first.Fleet().Advance(s.ctx, 0, 1, states, nil))
	require.NoError(t, first.fleet.SetAlert(s.ctx, v, true, true))
	var mu sync.Mutex
	heard := map[string]int{}
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		heard[r.Header.Get("OFD-Event")]++
		heard[string(b)]++
	}))
	defer ear.Close()
	_, _, err = first.keys.CreateHook(s.ctx, v, nil, integration.Hook{URL: ear.URL, Events: []integration.Event{integration.RegisterLightChanged, integration.ReportReady}})
	require.NoError(t, err)
	_, err = first.reports.AddSchedule(s.ctx, v, report.Schedule{Kind: report.Usage, Params: report.Params{Emails: []string{"a@b.example", "c@d.example"}}, Every: report.Daily, Hour: 15, Zone: "Europe/Moscow"})
	require.NoError(t, err)
	round := func() {
		s.atOnce(func(one *server) error { return one.watcher.Step(s.ctx) })
		s.atOnce(func(one *server) error {
			for n := 1; n > 0; {
				var err error
				if n, err = one.reports.Step(s.ctx); err != nil {
					return err
				}
			}
			return nil
		})
		s.atOnce(func(one *server) error { return one.keys.Watch(s.ctx) })
		s.atOnce(func(one *server) error { _, err := one.keys.SendDue(s.ctx); return err })
		s.atOnce(func(one *server) error { _, err := one.notify.Step(s.ctx); return err })
	}
	round() // sees for the first time
	assert.Empty(t, s.post.sent)
	const days = 3
	for range days {
		s.clock.Add(24*3600 + 1)
		round()
	}
	// Three silent days: green, yellow, yellow, red.
	jobs, err := first.reports.Jobs(s.ctx, v, "", 100)
	require.NoError(t, err)
	assert.Len(t, jobs, days)
	for _, j := range jobs {
		assert.Equal(t, report.Mailed, j.State)
		for _, to := range []string{"a@b.example", "c@d.example"} {
			assert.Equal(t, 1, s.post.sent[to+" report/"+j.ID])
		}
	}
	letters := 0
	for to, n := range s.post.sent {
		assert.LessOrEqual(t, n, 2, to)
		letters += n
	}
	assert.Equal(t, 2*days+2*registers, letters)
	assert.Equal(t, 2*registers, heard["register.light_changed"])
	assert.Equal(t, days, heard["report.ready"])
	for body, n := range heard {
		if body[0] == '{' {
			assert.Equal(t, 1, n, body)
		}
	}
	a, on, err := first.fleet.Alert(s.ctx, v)
	require.NoError(t, err)
	require.True(t, on)
	assert.Len(t, a.Changes, 2*registers)
}
