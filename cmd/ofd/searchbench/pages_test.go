package searchbench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// browsing people, and pages each looks at; each rests a second between two.
const (
	browsing  = 200
	pagesEach = 15
)

var (
	pages = []string{"/lk", "/lk/documents", "card", "/lk/monitoring", "/lk/analytics?period=month"}
	token = regexp.MustCompile(`/lk/documents/\d+/\d+`)
)

// 200 logged-in people browse among PAGES documents: make bench-pages. Their pages
// come right; how long each takes is printed.
func TestPages(t *testing.T) {
	documents, err := strconv.Atoi(os.Getenv("PAGES"))
	if err != nil {
		t.Skip("PAGES is not set: make bench-pages")
	}
	path := filepath.Join(t.TempDir(), "ofd.db")
	b, err := newBase(t.Context(), documents)
	require.NoError(t, err)
	s, err := opened(sqlite.Open(path, sqlite.Options{}))
	require.NoError(t, err)
	require.NoError(t, b.fill(t.Context(), s, func(int64) {}))
	require.NoError(t, s.Close())
	e := &engine{name: "SQLite", driver: "sqlite", source: "file:" + path + "?_pragma=busy_timeout(10000)",
		indexes: "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('projections', 'items') AND sql IS NOT NULL",
		itemKey: "document_id", itemOf: "d.id", writers: 1}
	require.NoError(t, b.project(t.Context(), e, func(int64) {}))
	s, err = opened(sqlite.Open(path, sqlite.Options{}))
	require.NoError(t, err)
	defer s.Close()

	people, err := office.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	defer people.Close()
	now := firstDay.AddDate(0, 0, b.days())
	f, err := front.New(front.Options{Store: s, Office: people, OFD: operator, Site: "http://127.0.0.1", PasswordMemory: 64, Now: func() time.Time { return now }})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- f.Run(ctx) }()
	defer func() { stop(); <-ran }()
	owners := move(t, f, b)
	site := httptest.NewServer(f.Handler())
	defer site.Close()

	times := map[string]*hdrhistogram.Histogram{}
	for _, p := range pages {
		times[p] = hdrhistogram.New(1, 60_000_000, 3)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for n := range browsing {
		cookie, err := enter(t, f, owners[n%len(owners)])
		require.NoError(t, err)
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			card := "/lk/documents"
			time.Sleep(time.Duration(rng.IntN(1000)) * time.Millisecond)
			for i := range pagesEach {
				page := pages[(n+i)%len(pages)]
				path := page
				if page == "card" {
					path = card
				}
				at := time.Now()
				body, err := visit(site.URL+path, cookie)
				took := time.Since(at)
				if !assert.NoError(t, err, path) {
					return
				}
				if found := token.FindString(body); page == "/lk/documents" && found != "" {
					card = found
				}
				mu.Lock()
				if page != "card" || path != "/lk/documents" {
					_ = times[page].RecordValue(took.Microseconds())
				}
				mu.Unlock()
				time.Sleep(time.Duration(500+rng.IntN(1000)) * time.Millisecond)
			}
		})
	}
	wg.Wait()
	t.Logf("%d documents, %d people, %d pages in %v", b.documents(), browsing, browsing*pagesEach, time.Since(began).Round(time.Second))
	for _, p := range pages {
		h := times[p]
		t.Logf("%-28s n %5d  p50 %7.1f ms  p99 %7.1f ms  max %7.1f ms", p, h.TotalCount(), float64(h.ValueAtQuantile(50))/1000, float64(h.ValueAtQuantile(99))/1000, float64(h.Max())/1000)
	}
}

// move gives each of the first users of the base an organisation with its registers,
// so that people of each see what is theirs.
func move(t *testing.T, f *front.Front, b *base) (owners []string) {
	t.Helper()
	ctx := t.Context()
	for first := 0; first < b.registers && len(owners) < browsing; first += perUser {
		user, err := f.Accounts.Register(ctx, account.Application{OrgName: "Сеть", Email: fmt.Sprintf("owner%d@chain.example", first), Password: "romashka-2026", Consent: true, Address: fmt.Sprint(first)})
		require.NoError(t, err)
		owners = append(owners, user)
		_, session, err := f.Accounts.Enter(ctx, user, account.From{})
		require.NoError(t, err)
		v, err := f.Accounts.Viewer(ctx, session)
		require.NoError(t, err)
		org, err := f.Accounts.Org(ctx, v)
		require.NoError(t, err)
		require.NoError(t, f.Accounts.SetCard(ctx, v, account.Card{Name: "Сеть", INN: string(userOf(first)), KPP: "770101001"}, org.Version))
		for r := first; r < min(first+perUser, b.registers); r++ {
			_, err := f.Fleet.Connect(ctx, v, fleet.Register{RegID: regOf(r), Name: fmt.Sprintf("Касса %d", r), Serial: factory})
			require.NoError(t, err)
		}
	}
	return owners
}

func enter(t *testing.T, f *front.Front, user string) (*http.Cookie, error) {
	token, _, err := f.Accounts.Enter(t.Context(), user, account.From{})
	return &http.Cookie{Name: account.SessionCookie, Value: token}, err
}

func visit(url string, cookie *http.Cookie) (string, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	req.AddCookie(cookie)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(body), err
}
