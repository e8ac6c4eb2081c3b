package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/projection"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/rest"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/sqlite"
)

// company is one organisation with two outlets, a register in each.
type company struct {
	org    account.Org
	token  string // of its owner's session
	viewer access.Viewer
	outlet [2]string
	till   [2]*servertest.Register
	docs   []servertest.Doc
}

// world is an operator with two organisations whose registers have the same numbers.
type world struct {
	t         *testing.T
	base      *office.Office
	documents *sqlite.Store
	accounts  *account.Service
	fleet     *fleet.Service
	keys      *integration.Service
	notify    *notify.Service
	reports   *report.Service
	buyers    *buyers.Service
	site      *httptest.Server
	clock     atomic.Int64 // seconds
	company   [2]*company
}

func (w *world) now() time.Time { return time.Unix(w.clock.Load(), 0).UTC() }

var start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, perMinute int) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t}
	w.clock.Store(start.Unix())
	var err error
	w.base, err = office.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.base.Close()) })
	w.documents, err = sqlite.Open(filepath.Join(t.TempDir(), "documents.db"), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.documents.Close()) })
	w.notify, err = notify.New(notify.Options{Store: w.base.Messages(), Now: w.now})
	require.NoError(t, err)
	w.accounts, err = account.New(account.Options{Store: w.base.Accounts(), Messenger: w.notify, Memory: 64, Now: w.now})
	require.NoError(t, err)
	w.fleet, err = fleet.New(fleet.Options{Store: w.base.Fleet(), Orgs: w.accounts, Now: w.now})
	require.NoError(t, err)
	l := ledger.New(w.documents, w.documents)
	w.buyers, err = buyers.New(buyers.Options{Store: w.base.Buyers(), Notify: w.notify, Now: w.now})
	require.NoError(t, err)
	w.reports, err = report.New(report.Options{Store: w.base.Reports(), People: w.accounts, Fleet: w.fleet, Ledger: l, Outbox: w.notify, Now: w.now})
	require.NoError(t, err)
	check, err := receiptcheck.New(receiptcheck.Options{Documents: w.documents, Now: w.now, Least: time.Millisecond})
	require.NoError(t, err)
	w.keys, err = integration.New(integration.Options{Store: w.base.Integration(), Accounts: w.accounts, Fleet: w.fleet, Outbox: w.notify, Reports: w.reports, Secret: bytes.Repeat([]byte{7}, 32), Private: true, Now: w.now})
	require.NoError(t, err)
	h, err := rest.New(rest.Options{Accounts: w.accounts, Fleet: w.fleet, Ledger: l, Integration: w.keys, Arrivals: w.documents, Check: check, Reports: w.reports, Outbox: w.notify, Buyers: w.buyers, PerMinute: perMinute, Now: w.now, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	w.site = httptest.NewServer(h)
	t.Cleanup(w.site.Close)
	for n, inn := range []fiscal.INN{"7702203276", "7707083893"} {
		w.company[n] = w.found(n, inn)
	}
	return w
}

// found makes the organisation number n with its documents.
func (w *world) found(n int, inn fiscal.INN) *company {
	w.t.Helper()
	ctx, c := context.Background(), &company{}
	user := fmt.Sprintf("user-%d", n)
	require.NoError(w.t, w.base.Accounts().CreateUser(ctx, account.User{ID: user, Email: user + "@x.example"}))
	c.org = account.Org{ID: fmt.Sprintf("org-%d", n), Name: fmt.Sprintf("Компания %d", n), INN: string(inn), KPP: "770201001", Owner: user, Version: 1}
	require.NoError(w.t, w.base.Accounts().CreateOrg(ctx, c.org, account.Member{Org: c.org.ID, User: user, Role: access.Owner, Since: start}))
	token, session, err := w.accounts.Enter(ctx, user, account.From{})
	require.NoError(w.t, err)
	c.token = token
	c.viewer, err = w.accounts.Viewer(ctx, session)
	require.NoError(w.t, err)
	for i := range 2 {
		node, err := w.fleet.AddNode(ctx, c.viewer, fleet.Node{Kind: fleet.Outlet, Name: fmt.Sprintf("Точка %d.%d", n, i)})
		require.NoError(w.t, err)
		c.outlet[i] = node.ID
		r := servertest.NewRegister(i+1, fiscal.FFD105) // the same РНМ in both
		r.FN, r.UserINN = fiscal.FNNumber(fmt.Sprintf("9999%06d%06d", n+1, i+1)), inn
		c.till[i] = r
		require.NoError(w.t, w.base.Fleet().CreateRegister(ctx, fleet.Register{Org: c.org.ID, RegID: r.RegID, Name: fmt.Sprintf("Касса %d.%d", n, i), Serial: r.Factory, Outlet: node.ID, Connected: start, Version: 1}))
		w.keep(c, r, r.Registration(), r.OpenShift())
		for k := range 3 {
			w.keep(c, r, r.Receipt(uint64(10000*(n+1)+100*i+k), buyer))
		}
		w.keep(c, r, r.CloseShift())
	}
	w.catchUp()
	return c
}

const buyerPhone = "+79161234567"

func buyer(b *tlv.Builder) { b.Text(ffd.TagBuyerPhoneOrAddress, buyerPhone) }

// keep stores documents that come now.
func (w *world) keep(c *company, r *servertest.Register, docs ...servertest.Doc) {
	w.t.Helper()
	for _, d := range docs {
		doc, err := ffd.Decode(d.STLV)
		require.NoError(w.t, err)
		at := w.now()
		require.NoError(w.t, w.documents.Accept(context.Background(), store.Acceptance{
			Document: store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: r.FFD, RegID: r.RegID, UserINN: r.UserINN, DateTime: doc.DateTime(), ReceivedAt: at, Shift: uint32(doc.Uint(ffd.TagShiftNumber)),
				Operation: fiscal.OperationType(doc.Uint(ffd.TagOperationType)), Total: doc.Sum(ffd.TagTotalSum), FPD: doc.FPD(), Message: d.Message, STLV: d.STLV, Confirmation: []byte{1}},
			Drive: store.Drive{FN: d.FN, Version: int64(d.FD), RegID: r.RegID, UserINN: r.UserINN, Status: store.DriveActive, LastFD: d.FD, LastAt: at, Documents: int64(d.FD)}}))
		c.docs = append(c.docs, d)
	}
}

// catchUp projects and follows what was kept.
func (w *world) catchUp() {
	w.t.Helper()
	ctx := context.Background()
	for {
		n, err := w.documents.Project(ctx, 500, projection.Decode)
		require.NoError(w.t, err)
		if n == 0 {
			break
		}
	}
	require.NoError(w.t, w.fleet.Follower(w.documents).CatchUp(ctx))
	require.NoError(w.t, w.keys.Follower(w.documents).CatchUp(ctx))
}

// key makes an API key of a company.
func (w *world) key(c *company, k integration.Key) string {
	w.t.Helper()
	if k.Name == "" {
		k.Name = "учёт"
	}
	if k.Scopes == nil {
		k.Scopes = integration.Scopes()
	}
	_, secret, err := w.keys.CreateKey(context.Background(), c.viewer, k)
	require.NoError(w.t, err)
	return secret
}

// ask makes a request with a key; pairs are headers.
func (w *world) ask(method, path, key, body string, pairs ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, w.site.URL+path, bytes.NewReader([]byte(body)))
	require.NoError(w.t, err)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	return resp, string(b)
}

// problem reads an error.
func (w *world) problem(body string) (p rest.Problem) {
	w.t.Helper()
	require.NoError(w.t, json.Unmarshal([]byte(body), &p), body)
	return p
}
