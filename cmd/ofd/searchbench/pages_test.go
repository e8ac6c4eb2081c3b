package searchbench

import (
	"context"
	"flag"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

var (
	people = flag.Int("people", 200, "how many browse at once")
	think  = flag.Duration("think", 5*time.Second, "mean time between two pages of one person")
	browse = flag.Duration("browse", 2*time.Minute, "how long they browse")

	pagesOn = flag.String("pages-on", "sqlite", "engine that pages are measured on: sqlite or postgres")
)

// pageGoal is what 99 of 100 pages of each kind must keep in a base of full size.
const pageGoal = 300 * time.Millisecond

// kind of page: path says where it is for a person now, empty when the person has not
// come so far.
type kind struct {
	name string
	path func(p *person) string
}

func always(path string) func(*person) string { return func(*person) string { return path } }

// kinds of pages, each as often as its share of the list: what people open most stands
// twice.
var kinds = []kind{
	{"home", always("/lk")},
	{"home", always("/lk")},
	{"receipts", always("/lk/documents")},
	{"receipts", always("/lk/documents")},
	{"receipts, next page", func(p *person) string { return p.next }},
	{"receipts of a register", func(p *person) string { return "/lk/documents?register=" + string(p.register()) }},
	{"receipts of a day, sales", func(p *person) string {
		day := p.now().AddDate(0, 0, -p.rng.IntN(5)).Format(time.DateOnly)
		return "/lk/documents?form=3&operation=1&from=" + day + "&to=" + day
	}},
	{"receipt", func(p *person) string { return p.card }},
	{"receipt", func(p *person) string { return p.card }},
	{"monitoring", always("/lk/monitoring")},
	{"registers", always("/lk/registers")},
	{"register", func(p *person) string { return "/lk/registers/" + string(p.register()) }},
	{"analytics, day", always("/lk/analytics")},
	{"analytics, month", always("/lk/analytics?period=month")},
	{"analytics, shifts of a week", always("/lk/analytics/shifts?period=week")},
	{"analytics, a shift", func(p *person) string { return p.shift }},
	{"analytics, outlets of a month", always("/lk/analytics/outlets?period=month")},
	{"analytics, hours of a month", always("/lk/analytics/hours?period=month")},
	{"analytics, goods of a day", always("/lk/analytics/goods")},
	{"map", always("/lk/map")},
	{"reports", always("/lk/reports")},
}

var (
	cardLink  = regexp.MustCompile(`/lk/documents/\d+/\d+`)
	nextLink  = regexp.MustCompile(`/lk/documents\?[^"]*after=[^"]*`)
	shiftLink = regexp.MustCompile(`/lk/analytics/shifts/\d+/\d+`)
)

// 200 logged-in people browse among PAGES documents: make bench-pages. Their pages
// come right; how long each takes is printed.
func TestPages(t *testing.T) {
	documents, err := strconv.Atoi(os.Getenv("PAGES"))
	if err != nil {
		t.Skip("PAGES is not set: make bench-pages")
	}
	b, err := newBase(t.Context(), documents)
	require.NoError(t, err)
	e := sqliteEngine
	if *pagesOn == "postgres" {
		e = postgresEngine
	}
	bench := e(t, documents)
	s := filled(t, b, bench)
	defer s.Close()

	rooms, err := office.Open(t.Context(), bench.cabinet(t))
	require.NoError(t, err)
	defer rooms.Close()
	// The evening of the last day, by the clock of the registers.
	evening, began := firstDay.AddDate(0, 0, b.days()-1).Add(20*time.Hour-3*time.Hour), time.Now()
	now := func() time.Time { return evening.Add(time.Since(began)) }
	f, err := front.New(front.Options{Store: s, Office: rooms, OFD: operator, Site: "http://127.0.0.1", PasswordMemory: 64, Now: now})
	require.NoError(t, err)
	owners := move(t, f, b, *people)
	catchUp(t, f, b, bench, len(owners)**perUser)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- f.Run(ctx) }()
	defer func() { stop(); <-ran }()
	site := httptest.NewServer(f.Handler())
	defer site.Close()

	times := map[string]*hdrhistogram.Histogram{}
	for _, k := range append(kinds, kind{name: "all"}) {
		times[k.name] = hdrhistogram.New(1, 60_000_000, 3)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *people}}
	defer client.CloseIdleConnections()
	over, end := context.WithTimeout(t.Context(), *browse)
	defer end()
	used, started := processor(), time.Now()
	for n := range *people {
		one := owners[n%len(owners)]
		token, _, err := f.Accounts.Enter(t.Context(), one.user, account.From{})
		require.NoError(t, err)
		p := &person{site: site.URL, client: client, cookie: &http.Cookie{Name: account.SessionCookie, Value: token}, owner: one,
			rng: rand.New(rand.NewPCG(uint64(n), 1)), think: *think, now: now}
		wg.Go(func() {
			for p.rest(over); over.Err() == nil; p.rest(over) {
				k := kinds[p.rng.IntN(len(kinds))]
				path := k.path(p)
				if path == "" {
					continue
				}
				at := time.Now()
				body, err := p.visit(t.Context(), path)
				took := time.Since(at)
				if !assert.NoError(t, err, path) {
					return
				}
				p.learn(k.name, body)
				mu.Lock()
				_ = times[k.name].RecordValue(took.Microseconds())
				_ = times["all"].RecordValue(took.Microseconds())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	took := time.Since(started)
	all := times["all"].TotalCount()
	title := fmt.Sprintf("%s, %d documents of %d registers, %d to a taxpayer; %d people, one page in %v each on average: %d pages in %v, %.1f a second, %.0f %% of one core with the load",
		bench.name, b.documents(), b.registers, *perUser, *people, *think, all, took.Round(time.Second), float64(all)/took.Seconds(), 100*(processor()-used).Seconds()/took.Seconds())
	text := pageTable(title, times)
	t.Log("\n" + text)
	if *report != "" {
		f, err := os.OpenFile(*report, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		require.NoError(t, err)
		_, err = fmt.Fprintln(f, text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	if *people >= 200 && documents >= full {
		for name, h := range times {
			assert.Less(t, time.Duration(h.ValueAtPercentile(99))*time.Microsecond, pageGoal, name)
		}
	}
}

// learn keeps what the page leads to, and looks whether it is the page.
func (p *person) learn(name, body string) {
	if strings.HasPrefix(name, "receipts") {
		if found := cardLink.FindAllString(body, -1); len(found) > 0 {
			p.card = found[p.rng.IntN(len(found))]
		}
		p.next = html.UnescapeString(nextLink.FindString(body))
	}
	if found := shiftLink.FindAllString(body, -1); len(found) > 0 {
		p.shift = found[p.rng.IntN(len(found))]
	}
}

// processor time of this program, the people and the server together.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func pageTable(title string, times map[string]*hdrhistogram.Histogram) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n| page | n | p50, ms | p99, ms | max, ms |\n|---|---|---|---|---|\n", title)
	said := map[string]bool{}
	for _, k := range append(kinds, kind{name: "all"}) {
		h := times[k.name]
		if said[k.name] {
			continue
		}
		said[k.name] = true
		fmt.Fprintf(&text, "| %s | %d | %s | %s | %s |\n", k.name, h.TotalCount(), ms(time.Duration(h.ValueAtPercentile(50))*time.Microsecond),
			ms(time.Duration(h.ValueAtPercentile(99))*time.Microsecond), ms(time.Duration(h.Max())*time.Microsecond))
	}
	return text.String()
}

// filled opens a base of the documents: the one that was given, when it has them, or a
// new one.
func filled(t *testing.T, b *base, e *engine) both {
	t.Helper()
	ctx, began := t.Context(), time.Now()
	s, err := e.open()
	require.NoError(t, err)
	total, err := s.Stats(ctx)
	require.NoError(t, err)
	if total.Documents == 0 {
		require.NoError(t, s.Close())
		require.NoError(t, e.pour(ctx, b, func(int64) {}))
		t.Logf("%d documents poured in %v", b.documents(), time.Since(began).Round(time.Second))
		require.NoError(t, b.project(ctx, e, func(int64) {}))
		t.Logf("projected after %v", time.Since(began).Round(time.Second))
		s, err = e.open()
		require.NoError(t, err)
		total, err = s.Stats(ctx)
		require.NoError(t, err)
	}
	require.EqualValues(t, b.documents(), total.Documents, "a base of another size")
	require.Zero(t, total.Behind)
	require.NoError(t, check(ctx, s, b, 60))
	return s
}
