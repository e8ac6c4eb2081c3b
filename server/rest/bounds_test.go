package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/rest"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// accessAll are limits that allow everything.
var accessAll = access.Limits{Rights: ^access.Right(0)}

// holder is a key, what it may show, and what it made.
type holder struct {
	secret   string
	company  int
	drives   []fiscal.FNNumber
	places   []string // ids of outlets
	dark     bool     // its dates hold no documents
	limited  bool     // it shows less than its maker sees
	hook     string
	report   string
	schedule string
}

// bounds is a world in which every holder tries every door.
type bounds struct {
	*world
	t       *testing.T
	rng     *rand.Rand
	holders []*holder
	pools   map[string][]string // values of parameters in paths and addresses, everybody's
	sent    []integration.Delivery
	tried   map[string]int // attempts by operation
	let     map[string]int // answered 200 to 299
	cursors []string
}

// API-02, API-07: whatever is asked, by whichever door, with whichever key, nothing
// comes of another organisation's, outlet's or key's, and nothing of theirs changes.
// Both organisations have registers of the same numbers, and every answer, files among
// them, is searched for the marks of what must not be in it. The doors are those of the
// OpenAPI document: a new one is tried without being named here.
func TestBounds_NothingOfOthers(t *testing.T) {
	t.Parallel()
	b := newBounds(t)
	doors := operations(t)
	tries := 1000
	if os.Getenv("TORTURE") != "" {
		tries = 20_000
	}
	for n := range tries {
		door := doors[n%len(doors)] // each as often as any other
		b.try(door, b.holders[b.rng.IntN(len(b.holders))])
	}
	total, let := 0, 0
	for _, d := range doors {
		require.Positive(t, b.tried[d.id], d.id)
		if d.method == http.MethodGet && !strings.HasPrefix(d.path, "/public/") {
			require.Positive(t, b.let[d.id], "%s never answered: the test asks wrongly", d.id)
		}
		total, let = total+b.tried[d.id], let+b.let[d.id]
	}
	told := b.webhooksTold()
	for _, id := range slices.Sorted(maps.Keys(b.tried)) {
		t.Logf("%-24s %5d attempts, %5d answered", id, b.tried[id], b.let[id])
	}
	t.Logf("%d attempts at %d operations, %d answered, %d events told by webhooks: nothing of others", total, len(doors), let, told)
	b.nothingChanged()
}

func newBounds(t *testing.T) *bounds {
	w, ctx := newWorld(t, 1<<30), context.Background()
	b := &bounds{world: w, t: t, rng: rand.New(rand.NewPCG(1, 2)), tried: map[string]int{}, let: map[string]int{}, pools: map[string][]string{
		"fd": {"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "shiftNumber": {"1", "2"}, "name": {"tags", "events", "statuses"}, "from": {"2026-08-01", "2026-08-01T09:00:00"}, "to": {"2026-08-03", "2030-01-01"},
		"view": {"json", "tags", "html", "pdf", "raw"}, "types": {"receipt", "receipt,openShift"}, "dateBasis": {"received", "document"}, "status": {"ACCEPTED", "ACCEPTED,UNKNOWN"}, "buyer": {buyerPhone},
		"property1084": {"x"}, "markingCode": {"x"}, "model": {"x"}, "item": {"ржаной"}, "payment": {"cash"}, "total": {"true"}, "offset": {"0", "1"}, "limit": {"1", "2", "100"}, "fields": {"id,kktRegId,name,file"}, "group": {"register", "outlet", "organization"},
		"q": {"Касса", "Касса 0", "9999"}, "inn": {"7702203276", "7707083893"}, "state": {"active", "archived", "queued", "ready"}, "light": {"grey", "red", "green"}, "archived": {"false", "true"}, "fp": {"1", "4294967295"},
		"after": {"Yzow"}, "cursor": {"bzow", "djow", "cDowOjA"}, "minSum": {"1"}, "maxSum": {"99999999"}, "operationType": {"1"}, "appliedTaxationType": {"1"}, "requestNumber": {"1"}, "fiscalSign": {"1"}, "qr": {"t=20260801T1200&s=1.00&fn=9999000001000001&i=3&fp=1&n=1"},
	}}
	ear := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(ear.Close)
	for n, c := range w.company {
		department, err := w.fleet.AddNode(ctx, c.viewer, fleet.Node{Kind: fleet.Department, Name: fmt.Sprintf("Отдел %d", n)})
		require.NoError(t, err)
		b.add("departments", department.ID)
		both := []fiscal.FNNumber{c.till[0].FN, c.till[1].FN}
		for _, one := range []struct {
			k      integration.Key
			drives []fiscal.FNNumber
			places []string
			dark   bool
		}{
			{integration.Key{}, both, c.outlet[:], false}, {integration.Key{Branches: c.outlet[:1]}, both[:1], c.outlet[:1], false}, {integration.Key{Branches: c.outlet[1:]}, both[1:], c.outlet[1:], false},
			{integration.Key{Registers: []fiscal.RegNumber{c.till[0].RegID}}, both[:1], c.outlet[:], false}, {integration.Key{Registers: []fiscal.RegNumber{c.till[1].RegID}}, both[1:], c.outlet[:], false},
			{integration.Key{Registers: []fiscal.RegNumber{c.till[0].RegID}, Branches: c.outlet[1:]}, nil, c.outlet[1:], false},
			{integration.Key{To: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, both, c.outlet[:], true}, {integration.Key{From: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, both, c.outlet[:], true},
		} {
			h := &holder{company: n, drives: one.drives, places: one.places, dark: one.dark, limited: len(b.holders)%8 != 0, secret: w.key(c, one.k)}
			made := func(path, body string) string {
				resp, text := w.ask("POST", path, h.secret, body)
				require.Equal(t, 201, resp.StatusCode, text)
				return resp.Header.Get("Location")[strings.LastIndex(resp.Header.Get("Location"), "/")+1:]
			}
			h.hook = made("/api/v1/webhooks", `{"url":"`+ear.URL+`","events":["document.received","register.archived","report.ready","register.light_changed"]}`)
			h.report = made("/api/v1/reports", `{"kind":"documents","from":"2026-07-01","to":"2026-09-01"}`)
			h.schedule = made("/api/v1/report-schedules", `{"kind":"shifts","every":"monthly","day":31,"emails":["a@b.example"]}`)
			b.holders = append(b.holders, h)
			b.add("webhooks", h.hook)
			b.add("reports", h.report)
			b.add("report-schedules", h.schedule)
		}
		b.add("orgId", c.org.ID)
		b.add("places", c.outlet[:]...)
		for _, till := range c.till {
			b.add("fn", string(till.FN))
			b.add("rnm", string(till.RegID))
		}
	}
	for _, c := range w.company {
		for _, till := range c.till {
			w.keep(c, till, till.OpenShift(), till.Receipt(777, buyer))
		}
	}
	w.catchUp()
	w.work()
	require.NoError(t, w.keys.Watch(ctx))
	var err error
	b.sent, err = w.base.Integration().Due(ctx, w.now().Add(time.Hour), 10_000)
	require.NoError(t, err)
	for _, d := range b.sent {
		b.add("delivery", d.ID)
	}
	return b
}

func (b *bounds) add(pool string, values ...string) {
	b.pools[pool] = append(b.pools[pool], values...)
}

func (b *bounds) pick(pool string) string {
	all := b.pools[pool]
	require.NotEmpty(b.t, all, "no values for the parameter %s: give the test some", pool)
	return all[b.rng.IntN(len(all))]
}

// operation of the OpenAPI document.
type operation struct {
	method, path, id string
	query            []string
}

func operations(t *testing.T) (all []operation) {
	raw, err := rest.OpenAPI()
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			o := doc.Paths[path][method]
			one := operation{method: strings.ToUpper(method), path: path, id: o.OperationID}
			for _, p := range o.Parameters {
				if p.In == "query" {
					one.query = append(one.query, p.Name)
				}
			}
			all = append(all, one)
		}
	}
	require.Greater(t, len(all), 40)
	return all
}

// poolOf a parameter: what an id names is told by the path before it.
func poolOf(path, name string) string {
	switch name {
	case "id":
		for _, kind := range []string{"webhooks", "reports", "report-schedules"} {
			if strings.HasPrefix(path, "/api/v1/"+kind+"/") {
				return kind
			}
		}
		if strings.Contains(path, "/departments/") {
			return "departments"
		}
		return "places"
	case "outletId":
		return "places"
	case "kktRegId":
		return "rnm"
	}
	return name
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// try makes one attempt.
func (b *bounds) try(o operation, h *holder) {
	b.t.Helper()
	named := map[string]string{} // by pool
	// Half the questions are about one's own things where several must fit together.
	c, fit := b.company[h.company], o.method == http.MethodGet && b.rng.IntN(2) == 0
	own := map[string]string{"orgId": c.org.ID, "departments": b.pools["departments"][h.company], "webhooks": h.hook, "reports": h.report, "report-schedules": h.schedule}
	for _, till := range c.till {
		if slices.Contains(h.drives, till.FN) {
			own["fn"], own["rnm"] = string(till.FN), string(till.RegID)
		}
	}
	path := inPath.ReplaceAllStringFunc(o.path, func(p string) string {
		pool := poolOf(o.path, p[1:len(p)-1])
		named[pool] = b.pick(pool)
		if fit && own[pool] != "" {
			named[pool] = own[pool]
		}
		return named[pool]
	})
	query := url.Values{}
	for _, name := range o.query {
		if name == "personal" || name == "sort" || b.rng.IntN(4) != 0 {
			continue
		}
		if (name == "cursor" || name == "after") && len(b.cursors) > 0 && b.rng.IntN(2) == 0 {
			query.Set(name, b.cursors[b.rng.IntN(len(b.cursors))]) // of whoever had it
			continue
		}
		query.Set(name, b.pick(poolOf(o.path, name)))
	}
	for _, must := range []string{"fn", "fd", "fp"} {
		if strings.HasPrefix(o.path, "/public/") {
			query.Set(must, b.pick(must))
			query.Del("qr")
		}
	}
	body := ""
	if o.method != http.MethodGet {
		if b.mine(h, named) {
			return // to change one's own is no attempt
		}
		body = b.body(o, h)
	}
	r := httptest.NewRequestWithContext(context.Background(), o.method, path+"?"+query.Encode(), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+h.secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("If-Match", `"1"`)
	if o.method == http.MethodGet && b.rng.IntN(4) == 0 {
		r.Header.Set("Accept", "application/x-ndjson")
	}
	rec := httptest.NewRecorder()
	b.site.Config.Handler.ServeHTTP(rec, r)
	b.tried[o.id]++
	what := fmt.Sprintf("%s %s %s: %d", o.method, r.URL, body, rec.Code)
	require.NotEqual(b.t, 500, rec.Code, what+rec.Body.String())
	if rec.Code < 300 {
		b.let[o.id]++
		require.Equal(b.t, http.MethodGet, o.method, what)
	}
	if strings.HasPrefix(o.path, "/public/") {
		require.NotEqual(b.t, http.StatusOK, rec.Code, "no receipt by a guess: "+what)
		b.mustNotHold(h, what, strings.ReplaceAll(rec.Body.String(), query.Get("fn"), ""), rec.Code)
		return
	}
	text := rec.Body.String()
	if rec.Code == http.StatusOK && strings.HasSuffix(path, "/file") {
		text = sheets(b.t, rec.Body.Bytes())
	}
	if rec.Code == http.StatusOK && o.id == "getDocument" { // some of its forms hold no marks
		require.Contains(b.t, h.drives, fiscal.FNNumber(named["fn"]), what)
		require.False(b.t, h.dark, what)
	}
	b.mustNotHold(h, what, text, rec.Code)
	var page struct{ Page struct{ Next string } }
	if json.Unmarshal(rec.Body.Bytes(), &page) == nil && page.Page.Next != "" {
		b.cursors = append(b.cursors, page.Page.Next)
	}
}

// mine tells whether all that a path names is the holder's to change.
func (b *bounds) mine(h *holder, named map[string]string) bool {
	company := b.company[h.company]
	for pool, value := range named {
		switch pool {
		case "orgId":
			if value != company.org.ID {
				return false
			}
		case "places":
			if !slices.Contains(h.places, value) {
				return false
			}
		case "departments":
			if value != b.pools["departments"][h.company] || len(h.places) < 2 {
				return false
			}
		case "rnm":
			if !slices.ContainsFunc(company.till[:], func(r *servertest.Register) bool { return string(r.RegID) == value && slices.Contains(h.drives, r.FN) }) {
				return false
			}
		case "webhooks":
			if value != h.hook {
				return false
			}
		case "reports", "report-schedules":
			if !b.knows(h, pool, value) {
				return false
			}
		}
	}
	return len(named) > 0
}

// knows: a key that shows less than its maker knows of its own reports only, another
// of all that its maker ordered.
func (b *bounds) knows(h *holder, pool, id string) bool {
	for _, other := range b.holders {
		if (pool == "reports" && other.report == id) || (pool == "report-schedules" && other.schedule == id) {
			return other == h || (!h.limited && other.company == h.company)
		}
	}
	return false
}

// body that names what is not the holder's.
func (b *bounds) body(o operation, h *holder) string {
	foreign := func() string {
		for {
			if one := b.pick("places"); !slices.Contains(h.places, one) || len(h.places) == len(b.pools["places"]) {
				return one
			}
		}
	}
	switch o.id {
	case "createDepartment", "createOutlet", "changeDepartment", "changeOutlet":
		return `{"name":"взлом","parentId":"` + foreign() + `"}`
	case "connectRegister":
		number := fiscal.MakeRegNumber(uint64(b.rng.IntN(1000))+50, fiscal.INN(b.company[h.company].org.INN), "000000000002")
		return `{"kktRegId":"` + string(number) + `","kktNumber":"000000000002","outletId":"` + foreign() + `"}`
	case "changeRegister":
		return `{"name":"взлом","outletId":"` + foreign() + `"}`
	case "orderReport":
		return `{"kind":"documents","from":"2026-08-01","to":"2026-08-03","outletId":"` + foreign() + `"}`
	case "createReportSchedule":
		return `{"kind":"documents","every":"daily","emails":["a@b.example"],"outletId":"` + foreign() + `"}`
	case "createWebhook":
		return `{"url":"http://x.example/","events":["request.created"]}`
	case "changeOrganization":
		return `{"shortName":"взлом"}`
	case "changeWebhook":
		return `{"url":"http://evil.example/"}`
	}
	return ""
}

// mustNotHold looks for marks of what the holder must not see in an answer.
func (b *bounds) mustNotHold(h *holder, what, text string, status int) {
	b.t.Helper()
	lacks := func(mark string) {
		b.t.Helper()
		if at := strings.Index(text, mark); at >= 0 {
			b.t.Fatalf("%s holds %q: …%s", what, mark, text[max(0, at-200):min(len(text), at+200)])
		}
	}
	lacks(buyerPhone)
	if !strings.HasPrefix(text, "<?xml") { // a report names cashiers (REP-01)
		lacks("Иванов И.И.")
	}
	for n, c := range b.company {
		for i, till := range c.till {
			switch mine := slices.Contains(h.drives, till.FN); {
			case mine && h.dark: // only documents are dark
				lacks(fmt.Sprintf(`"id":"%s/`, till.FN))
			case !mine:
				lacks(string(till.FN))
				lacks(fmt.Sprintf("Касса %d.%d", n, i))
			}
			if !slices.Contains(h.places, c.outlet[i]) && status == http.StatusOK {
				lacks(fmt.Sprintf("Точка %d.%d", n, i))
			}
		}
		if n != h.company {
			lacks(c.org.Name)
			lacks(fmt.Sprintf("Отдел %d", n))
			lacks(`"` + c.org.INN + `"`)
		}
	}
	if status != http.StatusOK {
		return // it may say again what was asked for
	}
	for _, other := range b.holders {
		if other != h {
			lacks(other.hook)
		}
		if !b.knows(h, "reports", other.report) {
			lacks(other.report)
		}
		if !b.knows(h, "report-schedules", other.schedule) {
			lacks(other.schedule)
		}
	}
}

// webhooksTold looks through what webhooks tell: it is bound by the same limits.
func (b *bounds) webhooksTold() int {
	events := map[integration.Event]int{}
	for _, d := range b.sent {
		for _, h := range b.holders {
			if h.hook == d.Hook {
				b.mustNotHold(h, "webhook", string(d.Body), http.StatusOK)
				events[d.Event]++
			}
		}
	}
	require.Positive(b.t, events[integration.DocumentReceived])
	require.Positive(b.t, events[integration.ReportReady])
	return len(b.sent)
}

// nothingChanged: what was tried on others' things left them as they were.
func (b *bounds) nothingChanged() {
	ctx := context.Background()
	for n, c := range b.company {
		nodes, err := b.base.Fleet().Nodes(ctx, c.org.ID)
		require.NoError(b.t, err)
		require.Len(b.t, nodes, 3)
		registers, err := b.base.Fleet().Registers(ctx, c.org.ID)
		require.NoError(b.t, err)
		require.Len(b.t, registers, 2)
		for _, r := range registers {
			require.True(b.t, strings.HasPrefix(r.Name, fmt.Sprintf("Касса %d.", n)), r.Name)
			require.True(b.t, r.Archived.IsZero())
		}
		org, err := b.base.Accounts().Org(ctx, c.org.ID)
		require.NoError(b.t, err)
		require.Equal(b.t, c.org.Name, org.Name)
	}
	hooks, err := b.base.Integration().Hooks(ctx, "")
	require.NoError(b.t, err)
	require.Len(b.t, hooks, len(b.holders))
	for n := range b.company {
		jobs, err := b.base.Reports().Jobs(ctx, b.company[n].org.ID, "", "", 1000)
		require.NoError(b.t, err)
		require.Len(b.t, jobs, len(b.holders)/2)
		for _, j := range jobs {
			require.True(b.t, j.State.HasFile(), string(j.State))
		}
	}
}
