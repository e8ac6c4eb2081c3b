package front_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// buyerPhone stands in every receipt.
const buyerPhone = "+79161234567"

// shops are two organisations at one operator, with two outlets and a register in each;
// the registers of both have the same numbers.
type shops struct {
	*front.Front
	t      *testing.T
	ctx    context.Context
	base   *office.Office
	docs   *sqlite.Store
	now    time.Time
	outlet [2][2]string
	till   [2][2]*servertest.Register
}

// comer is somebody with a browser, and what they may see.
type comer struct {
	name, token string
	sees        [2][2]bool // registers and outlets, by organisation
	org         int        // -1: none
}

func newShops(t *testing.T) *shops {
	t.Helper()
	s := &shops{t: t, ctx: context.Background(), now: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	s.base, err = office.Open(s.ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.base.Close()) })
	s.docs, err = sqlite.Open(filepath.Join(t.TempDir(), "documents.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.docs.Close()) })
	s.Front, err = front.New(front.Options{Store: s.docs, Office: s.base, OFD: "7704358518", OFDName: "ОФД", HookSecret: bytes.Repeat([]byte{7}, 32), Compat: true, PasswordMemory: 64, Now: func() time.Time { return s.now }})
	require.NoError(t, err)
	for n, inn := range []fiscal.INN{"7702203276", "7707083893"} {
		s.found(n, inn)
	}
	for {
		n, err := s.docs.Project(s.ctx, 500, projection.Decode)
		require.NoError(t, err)
		if n == 0 {
			break
		}
	}
	require.NoError(t, s.Fleet.Follower(s.docs).CatchUp(s.ctx))
	require.NoError(t, s.Buyers.Follower(s.docs).CatchUp(s.ctx))
	for n := range 2 {
		_, err := s.Reports.Order(s.ctx, s.viewer(n, owner(n)), report.Documents, report.Params{From: s.now.AddDate(0, -1, 0), To: s.now.AddDate(0, 1, 0)})
		require.NoError(t, err)
	}
	for done := 1; done > 0; {
		done, err = s.Reports.Step(s.ctx)
		require.NoError(t, err)
	}
	return s
}

func owner(n int) string { return fmt.Sprintf("owner-%d", n) }

func (s *shops) viewer(n int, user string) access.Viewer {
	v, err := s.Accounts.Viewer(s.ctx, account.Session{Org: fmt.Sprintf("org-%d", n), User: user})
	require.NoError(s.t, err)
	return v
}

func (s *shops) member(n int, user string, role access.Role, branches ...string) {
	require.NoError(s.t, s.base.Accounts().CreateUser(s.ctx, account.User{ID: user, Name: "Имя " + user, Email: user + "@x.example", EmailAt: s.now}))
	if role != access.Owner {
		require.NoError(s.t, s.base.Accounts().SetMember(s.ctx, account.Member{Org: fmt.Sprintf("org-%d", n), User: user, Role: role, Branches: branches, Since: s.now}))
	}
}

func (s *shops) found(n int, inn fiscal.INN) {
	s.member(n, owner(n), access.Owner)
	org := account.Org{ID: fmt.Sprintf("org-%d", n), Name: fmt.Sprintf("Компания %d", n), INN: string(inn), KPP: "770201001", Owner: owner(n), Version: 1}
	require.NoError(s.t, s.base.Accounts().CreateOrg(s.ctx, org, account.Member{Org: org.ID, User: owner(n), Role: access.Owner, Since: s.now}))
	v := s.viewer(n, owner(n))
	for i := range 2 {
		node, err := s.Fleet.AddNode(s.ctx, v, fleet.Node{Kind: fleet.Outlet, Name: fmt.Sprintf("Точка %d.%d", n, i), Lat: 55 + float64(i), Lon: 37})
		require.NoError(s.t, err)
		s.outlet[n][i] = node.ID
		r := servertest.NewRegister(i+1, fiscal.FFD105)
		r.FN, r.UserINN = fiscal.FNNumber(fmt.Sprintf("9999%06d%06d", n+1, i+1)), inn
		s.till[n][i] = r
		require.NoError(s.t, s.base.Fleet().CreateRegister(s.ctx, fleet.Register{Org: org.ID, RegID: r.RegID, Name: fmt.Sprintf("Касса %d.%d", n, i), Serial: r.Factory, Outlet: node.ID, Connected: s.now, Version: 1}))
		buyer := func(b *tlv.Builder) { b.Text(ffd.TagBuyerPhoneOrAddress, buyerPhone) }
		for _, d := range []servertest.Doc{r.Registration(), r.OpenShift(), r.Receipt(uint64(10000*(n+1)+100*i), buyer), r.Receipt(500, buyer), r.CloseShift(), r.OpenShift()} {
			s.keep(r, d)
		}
	}
	_, _, err := s.Keys.CreateKey(s.ctx, v, integration.Key{Name: fmt.Sprintf("Ключ %d", n), Scopes: integration.Scopes()})
	require.NoError(s.t, err)
	_, _, err = s.Keys.CreateHook(s.ctx, v, nil, integration.Hook{URL: fmt.Sprintf("https://shop-%d.example/hook", n), Events: []integration.Event{integration.DocumentReceived}})
	require.NoError(s.t, err)
	_, err = s.Reports.AddSchedule(s.ctx, v, report.Schedule{Kind: report.Shifts, Params: report.Params{Emails: []string{fmt.Sprintf("buh-%d@x.example", n)}}, Every: report.Monthly, Day: 1, Zone: "Europe/Moscow"})
	require.NoError(s.t, err)
}

func (s *shops) keep(r *servertest.Register, d servertest.Doc) {
	doc, err := ffd.Decode(d.STLV)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.Accept(s.ctx, store.Acceptance{
		Document: store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: r.FFD, RegID: r.RegID, UserINN: r.UserINN, DateTime: doc.DateTime(), ReceivedAt: s.now, Shift: uint32(doc.Uint(ffd.TagShiftNumber)),
			Operation: fiscal.OperationType(doc.Uint(ffd.TagOperationType)), Total: doc.Sum(ffd.TagTotalSum), FPD: doc.FPD(), Message: d.Message, STLV: d.STLV, Confirmation: []byte{1}},
		Drive: store.Drive{FN: d.FN, Version: int64(d.FD), RegID: r.RegID, UserINN: r.UserINN, Status: store.DriveActive, LastFD: d.FD, LastAt: s.now, Documents: int64(d.FD)}}))
}

// come gives somebody a session.
func (s *shops) come(name, user string, org int, sees [2][2]bool) comer {
	token, _, err := s.Accounts.Enter(s.ctx, user, account.From{})
	require.NoError(s.t, err)
	return comer{name, token, sees, org}
}

// visit makes a request of somebody's browser.
func (s *shops) visit(c comer, method, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(s.ctx, method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.token != "" {
		r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: c.token})
	}
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, r)
	require.Less(s.t, rec.Code, 500, "%s %s %s", c.name, method, path)
	return rec
}

// text of an answer as it can be searched: tables are unpacked.
func (s *shops) text(rec *httptest.ResponseRecorder) string {
	body := rec.Body.Bytes()
	if !bytes.HasPrefix(body, []byte("PK")) {
		return html.UnescapeString(string(body))
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	require.NoError(s.t, err)
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(s.t, err)
		_, err = io.Copy(&all, r)
		require.NoError(s.t, err)
	}
	return all.String()
}

// sent is a form as a browser would send it unchanged.
type sent struct {
	action string
	values url.Values
}

// links and forms of a page that lead into the operator's site.
func (s *shops) links(at string, page []byte) (all []string, forms []sent) {
	root, err := html.Parse(bytes.NewReader(page))
	require.NoError(s.t, err)
	base, err := url.Parse(at)
	require.NoError(s.t, err)
	get := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	inside := func(ref string) (string, bool) {
		u, err := base.Parse(ref)
		if err != nil || u.Host != "" || strings.HasPrefix(ref, "#") || strings.HasPrefix(u.Path, "/assets/") {
			return "", false
		}
		u.Fragment = ""
		return u.String(), strings.HasPrefix(u.Path, "/")
	}
	var form *sent
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		was := form
		if n.Type == html.ElementNode {
			switch n.Data {
			case "a", "img", "iframe", "source":
				ref := get(n, "href")
				if ref == "" {
					ref = get(n, "src")
				}
				if to, ok := inside(ref); ok && ref != "" {
					all = append(all, to)
				}
			case "form":
				if action, ok := inside(get(n, "action")); ok && strings.EqualFold(get(n, "method"), "post") {
					forms = append(forms, sent{action, url.Values{}})
					form = &forms[len(forms)-1]
				}
			case "input", "button", "select", "textarea":
				if name := get(n, "name"); form != nil && name != "" {
					form.values.Add(name, get(n, "value"))
				}
			case "option":
				if value := get(n, "value"); form != nil && value != "" {
					form.values.Add("option", value)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		form = was
	}
	walk(root)
	return all, forms
}

// number is a part of a path that names one of many things.
var number = regexp.MustCompile(`[^/]*[0-9][^/]*`)

// crawl follows every link from the first page on. Of pages that differ in numbers and
// in the values of their questions only it visits at most so many.
func (s *shops) crawl(c comer, most int) (pages []string, forms map[string]sent) {
	seen, of, queue := map[string]bool{"/lk": true}, map[string]int{}, []string{"/lk"}
	forms = map[string]sent{}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		rec := s.visit(c, http.MethodGet, at, nil)
		if rec.Code != http.StatusOK {
			continue
		}
		pages = append(pages, at)
		if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
			continue
		}
		links, some := s.links(at, rec.Body.Bytes())
		for _, f := range some {
			forms[f.action+" "+strings.Join(slices.Sorted(maps.Keys(f.values)), ",")] = f
		}
		for _, to := range links {
			u, err := url.Parse(to)
			require.NoError(s.t, err)
			kind := number.ReplaceAllString(u.Path, "*") + "?" + strings.Join(slices.Sorted(maps.Keys(u.Query())), ",")
			if !seen[to] && of[kind] < most {
				seen[to] = true
				of[kind]++
				queue = append(queue, to)
			}
		}
	}
	return pages, forms
}

// mustNotHold looks for marks of what somebody must not see. What stood in the address
// may be said again.
func (s *shops) mustNotHold(c comer, what, text string, said string) {
	s.t.Helper()
	lacks := func(mark string) {
		s.t.Helper()
		if at := strings.Index(text, mark); at >= 0 && !strings.Contains(said, mark) {
			s.t.Errorf("%s at %s sees %q: …%s", c.name, what, mark, text[max(0, at-100):min(len(text), at+100)])
		}
	}
	for n := range 2 {
		for i := range 2 {
			if !c.sees[n][i] {
				lacks(string(s.till[n][i].FN))
				lacks(fmt.Sprintf("Касса %d.%d", n, i))
				lacks(fmt.Sprintf("Точка %d.%d", n, i))
				lacks(s.outlet[n][i])
			}
		}
		if n != c.org {
			for _, mark := range []string{"Компания %d", "Ключ %d", "shop-%d.example", "buh-%d@x.example", "owner-%d", "org-%d"} {
				lacks(fmt.Sprintf(mark, n))
			}
		}
	}
}

// snapshot is what an organisation keeps.
func (s *shops) snapshot(n int) string {
	org, user := fmt.Sprintf("org-%d", n), owner(n)
	var all []any
	note := func(v any, err error) {
		require.NoError(s.t, err)
		all = append(all, v)
	}
	o, err := s.base.Accounts().Org(s.ctx, org)
	note(o, err)
	nodes, err := s.base.Fleet().Nodes(s.ctx, org)
	note(nodes, err)
	registers, err := s.base.Fleet().Registers(s.ctx, org)
	note(registers, err)
	members, err := s.base.Accounts().Members(s.ctx, org)
	note(members, err)
	u, err := s.base.Accounts().User(s.ctx, user)
	note(u, err)
	keys, err := s.base.Integration().Keys(s.ctx, org)
	note(keys, err)
	hooks, err := s.base.Integration().Hooks(s.ctx, org)
	note(hooks, err)
	jobs, err := s.base.Reports().Jobs(s.ctx, org, "", "", 100)
	note(jobs, err)
	schedules, err := s.base.Reports().Schedules(s.ctx, org, "")
	note(schedules, err)
	settings, err := s.base.Buyers().Settings(s.ctx, org)
	note(settings, err)
	return fmt.Sprintf("%+v", all)
}

// CAB-009, CAB-123: every page, export and file that the owner of an organisation finds
// by its links is asked for by everybody else: the owner of another one, members who are
// cut to a branch, somebody without a session. Nothing of what they must not see comes;
// forms of the one sent by the other change nothing of the first's.
func TestBounds_PagesOfOthers(t *testing.T) {
	t.Parallel()
	s := newShops(t)
	s.member(0, "manager", access.Manager, s.outlet[0][0])
	s.member(0, "cashier", access.Cashier, s.outlet[0][1])
	first := s.come("the owner", owner(0), 0, [2][2]bool{{true, true}})
	second := s.come("another owner", owner(1), 1, [2][2]bool{{}, {true, true}})
	others := []comer{second, s.come("the manager of a branch", "manager", 0, [2][2]bool{{true, false}}), s.come("the cashier of a branch", "cashier", 0, [2][2]bool{{false, true}}),
		{name: "nobody", org: -1}}

	most := 1
	if os.Getenv("TORTURE") != "" {
		most = 20
	}
	pages, forms := s.crawl(first, most)
	require.Greater(t, len(pages), 40, "links are followed")
	attempts, let := 0, 0
	try := func(c comer, at string) {
		rec := s.visit(c, http.MethodGet, at, nil)
		attempts++
		if rec.Code == http.StatusOK {
			let++
		}
		said, err := url.PathUnescape(at)
		require.NoError(t, err)
		s.mustNotHold(c, at, s.text(rec), said)
		if rec.Code == http.StatusOK && rec.Header().Get("Content-Disposition") != "" {
			for n := range 2 { // files whose content cannot be searched
				for i := range 2 {
					if strings.Contains(at, string(s.till[n][i].FN)) && !c.sees[n][i] {
						t.Errorf("%s downloads %s", c.name, at)
					}
				}
			}
		}
	}
	for _, at := range pages {
		for _, c := range others {
			try(c, at)
		}
	}
	// The other way round.
	back, _ := s.crawl(second, most)
	for i, at := range back {
		if most > 1 || i%3 == 0 {
			try(first, at)
		}
	}
	require.Greater(t, let, attempts/20, "some of it is everybody's")
	before := s.snapshot(0)
	posts := 0
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		f := forms[name]
		if slices.Contains([]string{"/lk/logout", "/lk/profile", "/lk/profile/registration", "/lk/profile/sessions", "/lk/profile/password"}, f.action) {
			continue // about oneself: they name nothing of others and would end the session or take on the other's names
		}
		rec := s.visit(second, http.MethodPost, f.action, f.values)
		posts++
		s.mustNotHold(second, "form "+f.action, s.text(rec), f.values.Encode()+f.action+fmt.Sprint(f.values))
	}
	require.Equal(t, before, s.snapshot(0), "nothing of the first's changed")
	require.Greater(t, posts, 10)
	t.Logf("%d pages, %d attempts, %d answered, %d forms of others sent: nothing of others", len(pages)+len(back), attempts, let, posts)
}
