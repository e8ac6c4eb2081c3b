package report_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/server"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const factory = "000000000002" // of servertest's registers

// bench is the service on real bases with one organisation, "o": its owner "boss", a
// manager "masha" and a manager "petya".
type bench struct {
	*report.Service
	t     *testing.T
	ctx   context.Context
	now   time.Time
	base  *office.Office
	docs  *sqlite.Store
	fleet *fleet.Service
	mail  *notify.Service
	money *ledger.Service
	a     *account.Service
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, ctx: context.Background(), now: servertest.Clock}
	clock := func() time.Time { return b.now }
	var err error
	b.base, err = office.Open(b.ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.base.Close()) })
	b.docs, err = sqlite.Open(filepath.Join(t.TempDir(), "documents.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.docs.Close()) })
	people := b.base.Accounts()
	for _, u := range []string{"boss", "masha", "petya"} {
		require.NoError(t, people.CreateUser(b.ctx, account.User{ID: u, Name: "Имя " + u, Email: u + "@shop.example", Password: "$"}))
	}
	require.NoError(t, people.CreateOrg(b.ctx, account.Org{ID: "o", Name: "Ромашка", INN: "7702203276", Owner: "boss"}, account.Member{Org: "o", User: "boss", Role: access.Owner}))
	b.mail, err = notify.New(notify.Options{Store: b.base.Messages(), OFDName: "Испытательный ОФД", Now: clock})
	require.NoError(t, err)
	b.a, err = account.New(account.Options{Store: people, Messenger: b.mail, Now: clock, Memory: 64})
	require.NoError(t, err)
	b.fleet, err = fleet.New(fleet.Options{Store: b.base.Fleet(), Orgs: b.a, Now: clock})
	require.NoError(t, err)
	b.money = ledger.New(b.docs, b.docs)
	b.Service, err = report.New(report.Options{Store: b.base.Reports(), People: b.a, Fleet: b.fleet, Ledger: b.money, Outbox: b.mail, Site: "https://ofd.example", Now: clock})
	require.NoError(t, err)
	b.role("masha", access.Manager)
	b.role("petya", access.Manager)
	return b
}

func (b *bench) role(user string, role access.Role, branches ...string) {
	require.NoError(b.t, b.base.Accounts().SetMember(b.ctx, account.Member{Org: "o", User: user, Role: role, Branches: branches}))
}

func (b *bench) as(user string) access.Viewer {
	v, err := b.a.Viewer(b.ctx, account.Session{Org: "o", User: user})
	require.NoError(b.t, err)
	return v
}

// connect puts a till into the organisation's list, in an outlet of its own below a
// department of its own; the department comes back.
func (b *bench) connect(r *till, name string) fleet.Node {
	boss := b.as("boss")
	d, err := b.fleet.AddNode(b.ctx, boss, fleet.Node{Kind: fleet.Department, Name: "Отдел " + name})
	require.NoError(b.t, err)
	o, err := b.fleet.AddNode(b.ctx, boss, fleet.Node{Kind: fleet.Outlet, Name: "Магазин " + name, Parent: d.ID})
	require.NoError(b.t, err)
	_, err = b.fleet.Connect(b.ctx, boss, fleet.Register{RegID: r.RegID, Serial: factory, Name: "Касса " + name, Outlet: o.ID})
	require.NoError(b.t, err)
	return d
}

// send hands the documents of the tills to an operator over TCP, and projects them.
func (b *bench) send(tills ...*till) {
	t := b.t
	policies, err := sign.NewPolicies(sign.PolicyOptions{Default: sign.PolicyTBGOST1})
	require.NoError(t, err)
	srv, err := server.New(server.Options{Store: b.docs, OFD: servertest.OFD, Policies: policies, Now: func() time.Time { return servertest.Clock }})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	var g errgroup.Group
	for _, r := range tills {
		g.Go(func() error {
			c, err := servertest.Dial(ln.Addr().String())
			if err != nil {
				return err
			}
			defer c.Close()
			for _, d := range r.docs {
				if _, err := c.Exchange(d.Message); err != nil {
					return fmt.Errorf("document %d of %s: %w", d.FD, d.FN, err)
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.NoError(t, srv.Shutdown(b.ctx))
	require.NoError(t, <-served)
	b.follow()
}

// keep puts the documents of the tills into the store past the operator.
func (b *bench) keep(tills ...*till) {
	var g errgroup.Group
	for _, r := range tills {
		g.Go(func() error {
			for i, d := range r.docs {
				doc := stored(r, d)
				err := b.docs.Accept(b.ctx, store.Acceptance{Document: doc, Drive: store.Drive{FN: d.FN, Version: int64(i + 1), RegID: r.RegID, UserINN: r.UserINN, Status: store.DriveActive,
					LastFD: d.FD, LastAt: doc.ReceivedAt, Documents: int64(i + 1), Policy: doc.Policy}})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(b.t, g.Wait())
	b.follow()
}

// follow brings registers and searches up to the documents.
func (b *bench) follow() {
	t := b.t
	require.NoError(t, b.fleet.Follower(b.docs).CatchUp(b.ctx))
	for n := 1; n > 0; {
		var err error
		n, err = b.docs.Project(b.ctx, 512, projection.Decode)
		require.NoError(t, err)
	}
}

// work runs the worker until nothing is left.
func (b *bench) work() {
	for n := 1; n > 0; {
		var err error
		n, err = b.Step(b.ctx)
		require.NoError(b.t, err)
	}
}

// whole is a period that has every document of the tests.
func whole() report.Params {
	return report.Params{From: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)}
}

// sheet is the first sheet of a file: titles of columns, rows of data, rows of totals.
type sheet struct {
	t            *testing.T
	f            *excelize.File
	columns      map[string]int
	rows, totals [][]string // as they are kept, not as they are shown
}

func (b *bench) open(file []byte, firstTotal string) *sheet {
	t := b.t
	f, err := excelize.OpenReader(bytes.NewReader(file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	all, err := f.GetRows("Отчет", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	s := &sheet{t: t, f: f, columns: map[string]int{}}
	for i, title := range all[0] {
		s.columns[title] = i
	}
	for i, row := range all[1:] {
		if len(row) > 0 && strings.HasPrefix(row[0], firstTotal) {
			s.rows, s.totals = all[1:i+1], all[i+1:]
			return s
		}
	}
	t.Fatal("no totals")
	return nil
}

// made orders a report, makes it and opens it.
func (b *bench) made(user string, kind report.Kind, p report.Params, firstTotal string) *sheet {
	j, err := b.Order(b.ctx, b.as(user), kind, p)
	require.NoError(b.t, err)
	b.work()
	j, file, err := b.File(b.ctx, b.as(user), j.ID)
	require.NoError(b.t, err)
	require.EqualValues(b.t, len(file), j.Size)
	return b.open(file, firstTotal)
}

func (s *sheet) text(row []string, title string) string {
	n, ok := s.columns[title]
	require.True(s.t, ok, "column %q", title)
	if n >= len(row) {
		return ""
	}
	return row[n]
}

// kopecks of a cell that holds roubles with at most two decimals.
func (s *sheet) kopecks(row []string, title string) int64 {
	text, negative := strings.CutPrefix(s.text(row, title), "-")
	if text == "" {
		return 0
	}
	k, err := fiscal.ParseKopecks(text)
	require.NoError(s.t, err, title)
	if negative {
		k = -k
	}
	return int64(k)
}

// column titles of money, in the order of money.
var titles = [18]string{"Сумма", "Наличные", "Безналичные", "Аванс", "Кредит", "Иное", "НДС 20 %", "НДС 10 %", "НДС 20/120", "НДС 10/110", "НДС 5 %", "НДС 7 %", "НДС 5/105", "НДС 7/107",
	"НДС 22 %", "НДС 22/122", "Сумма по ставке 0 %", "Сумма без НДС"}

func (s *sheet) money(row []string) (m money) {
	for i, title := range titles {
		m[i] = s.kopecks(row, title)
	}
	return m
}

// sight of the owner for the period and registers of an order.
func (b *bench) sight(p report.Params) access.Sight {
	sight, err := b.fleet.Sight(b.ctx, b.as("boss"), fleet.Filter{Numbers: p.Registers})
	require.NoError(b.t, err)
	return sight.Between(p.From, p.To)
}
