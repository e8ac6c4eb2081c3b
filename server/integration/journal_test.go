package integration_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/store/office"
	"github.com/fiscalbench/fiscalbench/server/store/office/officetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// watched counts changes of keys and webhooks that went through, and the entries of the
// journal they came with.
type watched struct {
	integration.Store
	officetest.Watched
}

func (w *watched) CreateKey(ctx context.Context, k integration.Key, journal ...account.Event) error {
	return w.Count(w.Store.CreateKey(ctx, k, journal...), journal)
}

func (w *watched) RevokeKey(ctx context.Context, org, id string, at time.Time, journal ...account.Event) error {
	return w.Count(w.Store.RevokeKey(ctx, org, id, at, journal...), journal)
}

func (w *watched) CreateHook(ctx context.Context, h integration.Hook, journal ...account.Event) error {
	return w.Count(w.Store.CreateHook(ctx, h, journal...), journal)
}

func (w *watched) UpdateHook(ctx context.Context, h integration.Hook, journal ...account.Event) error {
	return w.Count(w.Store.UpdateHook(ctx, h, journal...), journal)
}

func (w *watched) DeleteHook(ctx context.Context, org, id string, journal ...account.Event) error {
	return w.Count(w.Store.DeleteHook(ctx, org, id, journal...), journal)
}

func (w *watched) AddDelivery(ctx context.Context, d integration.Delivery, journal ...account.Event) error {
	return w.Count(w.Store.AddDelivery(ctx, d, journal...), journal)
}

// bench is the service on a real base with one organisation, "o": its owner "a" and a
// manager "b" of an outlet with one register.
type bench struct {
	*integration.Service
	t       *testing.T
	ctx     context.Context
	base    *office.Office
	a       *account.Service
	watched *watched
	outlet  fleet.Node
	reg     fiscal.RegNumber
	known   map[string]bool // entries that were seen
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, ctx: context.Background(), known: map[string]bool{}}
	clock := func() time.Time { return noon }
	var err error
	b.base, err = office.Open(b.ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.base.Close()) })
	people := b.base.Accounts()
	for _, u := range []string{"a", "b"} {
		require.NoError(t, people.CreateUser(b.ctx, account.User{ID: u, Email: u + "@shop.example"}))
	}
	const inn, serial = "7702203276", "000000000002"
	require.NoError(t, people.CreateOrg(b.ctx, account.Org{ID: "o", Name: "Ромашка", INN: inn, Owner: "a"}, account.Member{Org: "o", User: "a", Role: access.Owner}))
	mail, err := notify.New(notify.Options{Store: b.base.Messages(), Now: clock})
	require.NoError(t, err)
	b.a, err = account.New(account.Options{Store: people, Messenger: mail, Now: clock, Memory: 64})
	require.NoError(t, err)
	registers, err := fleet.New(fleet.Options{Store: b.base.Fleet(), Orgs: b.a, Now: clock})
	require.NoError(t, err)
	b.watched = &watched{Store: b.base.Integration()}
	b.Service, err = integration.New(integration.Options{Store: b.watched, Accounts: b.a, Fleet: registers, Secret: bytes.Repeat([]byte{7}, 32), Private: true, Now: clock})
	require.NoError(t, err)
	boss := b.as("a")
	b.outlet, err = registers.AddNode(b.ctx, boss, fleet.Node{Kind: fleet.Outlet, Name: "Ларёк"})
	require.NoError(t, err)
	b.reg = fiscal.MakeRegNumber(1, inn, serial)
	_, err = registers.Connect(b.ctx, boss, fleet.Register{RegID: b.reg, Serial: serial, Name: "У входа", Outlet: b.outlet.ID})
	require.NoError(t, err)
	require.NoError(t, people.SetMember(b.ctx, account.Member{Org: "o", User: "b", Role: access.Admin, Branches: []string{b.outlet.ID}}))
	b.journal()
	return b
}

func (b *bench) as(user string) access.Viewer {
	b.t.Helper()
	v, err := b.a.Viewer(b.ctx, account.Session{Org: "o", User: user})
	require.NoError(b.t, err)
	return v.At("192.0.2.7")
}

// journal are the entries that were not there before, without their ids.
func (b *bench) journal() []account.Event {
	b.t.Helper()
	return officetest.Fresh(b.t, b.base.Accounts(), "o", b.known)
}

// other are the methods of the service that change no key and no webhook: they read, are
// the work of the server itself, or repeat answers.
var other = []string{"AllowsOrigin", "Deliveries", "Follower", "Hook", "Hooks", "Keys", "Open",
	"Run", "SendDue", "Watch", "Begin", "End"}

// operator.md 1.3: whatever somebody does to a key or a webhook leaves one entry:
// who, with which key, from where, what; and no secret.
func TestJournal_EachMethodLeavesOneEntry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	boss := b.as("a")
	const path = "/T0/B0/sesame" // addresses with a password in them are common
	var k integration.Key
	var h integration.Hook
	var d integration.Delivery
	var secrets []string
	through := func() (access.Viewer, *integration.Key) { // with the key
		_, viewer, err := b.Open(b.ctx, secrets[0])
		require.NoError(t, err)
		return viewer.At("192.0.2.9"), &k
	}
	title := "веб-хук на «https://x.example»"
	steps := []struct {
		method string
		do     func() error
		action string
		about  func() string
		says   string
		key    bool // done with the key
	}{
		{"CreateKey", func() (err error) {
			var secret string
			k, secret, err = b.CreateKey(b.ctx, boss, integration.Key{Name: "учёт", Scopes: []integration.Scope{integration.ReadDocuments, integration.ReadRegisters},
				Branches: []string{b.outlet.ID}, Registers: []fiscal.RegNumber{b.reg}, From: noon.Add(-12 * time.Hour), To: noon.Add(12 * time.Hour), Expires: noon.AddDate(1, 0, 0), Origins: []string{"https://shop.example"}})
			secrets = append(secrets, secret)
			return err
		}, integration.DeedCreateKey, func() string { return k.ID }, "ключ «учёт»; права «Чтение документов, Чтение касс и торговых точек»; точки «Ларёк»; РНМ «" + string(b.reg) +
			"»; документы «с 01.03.2026 00:00 до 02.03.2026 00:00»; действует до 01.03.2027 15:00 МСК; сайты «https://shop.example»", false},
		{"CreateHook", func() (err error) {
			v, k := through()
			var secret string
			h, secret, err = b.CreateHook(b.ctx, v, k, integration.Hook{URL: "https://x.example" + path, Events: []integration.Event{integration.DocumentReceived}})
			secrets = append(secrets, secret)
			return err
		}, integration.DeedCreateHook, func() string { return h.ID }, title + "; события «Получен документ»", true},
		{"ChangeHook", func() (err error) {
			v, k := through()
			h.Events, h.Off = []integration.Event{integration.ShiftOpened, integration.RegisterConnected}, true
			h, err = b.ChangeHook(b.ctx, v, k, h)
			return err
		}, integration.DeedChangeHook, func() string { return h.ID }, title + "; события: «Получен документ» → «Подключена касса, Открыта смена»; отправка: «включена» → «выключена»", true},
		{"ChangeHook", func() (err error) {
			h.URL += "?token=sesame"
			h, err = b.ChangeHook(b.ctx, boss, nil, h)
			return err
		}, integration.DeedChangeHook, func() string { return h.ID }, title + "; адрес: другой на том же узле", false},
		{"ChangeHook", func() (err error) {
			h.URL = "https://y.example:8443" + path
			h, err = b.ChangeHook(b.ctx, boss, nil, h)
			return err
		}, integration.DeedChangeHook, func() string { return h.ID }, title + "; адрес: «https://x.example» → «https://y.example:8443»", false},
		{"ChangeHook", func() (err error) {
			h, err = b.ChangeHook(b.ctx, boss, nil, h)
			return err
		}, integration.DeedChangeHook, func() string { return h.ID }, "веб-хук на «https://y.example:8443»; без изменений", false},
		{"TestHook", func() (err error) { d, err = b.TestHook(b.ctx, boss, h.ID); return err }, integration.DeedTestHook,
			func() string { return h.ID }, "веб-хук на «https://y.example:8443»", false},
		{"Resend", func() (err error) {
			v, _ := through()
			_, err = b.Resend(b.ctx, v, h.ID, d.ID)
			return err
		}, integration.DeedResend, func() string { return h.ID }, "веб-хук на «https://y.example:8443»; событие «Проверка»; доставка ", true},
		{"DeleteHook", func() error { return b.DeleteHook(b.ctx, boss, h.ID) }, integration.DeedRemoveHook,
			func() string { return h.ID }, "веб-хук на «https://y.example:8443»", false},
		{"RevokeKey", func() error { return b.RevokeKey(b.ctx, boss, k.ID) }, integration.DeedRevokeKey, func() string { return k.ID }, "ключ «учёт»", false},
		{"RevokeKey", func() error { return b.RevokeKey(b.ctx, boss, k.ID) }, "", nil, "", false}, // is already
	}
	all := slices.Clone(other)
	for _, step := range steps {
		require.NoError(t, step.do(), step.method)
		got := b.journal()
		all = append(all, step.method)
		if step.action == "" {
			assert.Empty(t, got, step.method)
			continue
		}
		want := account.Event{At: noon, Org: "o", User: "a", Address: "192.0.2.7", Action: step.action, Result: "ok", About: step.about(), Detail: step.says}
		if step.key {
			want.Key, want.Address = k.ID, "192.0.2.9"
		}
		if step.method == "Resend" {
			want.Detail += d.ID
		}
		assert.Equal(t, []account.Event{want}, got, step.method)
		for _, e := range got {
			for _, secret := range append(secrets, "sesame", "T0/B0") {
				assert.NotContains(t, e.Detail, secret)
			}
		}
	}

	// Whoever adds a method says here which of the two it is.
	kind := reflect.TypeFor[*integration.Service]()
	for i := range kind.NumMethod() {
		assert.Contains(t, all, kind.Method(i).Name, "changes nothing of people's, or is journalled and tried above")
	}
	// And whoever adds a change to the store: all of them take entries, and the service
	// gave one with each. What is not about keys and webhooks is the server's own work.
	own := []string{"KeyByDigest", "Key", "Keys", "TouchKey", "Hook", "Hooks", "Delivery", "Deliveries", "DropDeliveries"}
	store := reflect.TypeFor[integration.Store]()
	for i := range store.NumMethod() {
		m := store.Method(i)
		people := strings.Contains(m.Name, "Key") || strings.Contains(m.Name, "Hook") || strings.Contains(m.Name, "Deliver")
		if people && !slices.Contains(own, m.Name) {
			assert.Equal(t, reflect.TypeFor[[]account.Event](), m.Type.In(m.Type.NumIn()-1), m.Name)
		}
	}
	assert.Equal(t, 10, b.watched.Changes)
	assert.Equal(t, b.watched.Changes, b.watched.Entries)
}

// Whatever is done in whatever order, by whom it may be done or not, there are as many
// entries as changes.
func TestJournal_AsManyEntriesAsChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	nobody := access.View(access.Grant{Org: "o", User: "b", Rights: access.Cashier.Rights()})
	stranger := access.View(access.Grant{Org: "x", User: "a", Rights: access.Owner.Rights()})
	who := []access.Viewer{b.as("a"), b.as("b"), nobody, stranger, b.as("a").Through("k", access.Limits{Rights: access.Manager.Rights()})}
	made := []string{"none"}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(who).Draw(t, "who")
		id := rapid.SampledFrom(made).Draw(t, "id")
		events := rapid.SampledFrom([][]integration.Event{nil, {integration.DocumentReceived}, {integration.ReportReady, "?"}}).Draw(t, "events")
		before := *b.watched
		var err error
		switch rapid.IntRange(0, 6).Draw(t, "deed") {
		case 0:
			var k integration.Key
			if k, _, err = b.CreateKey(b.ctx, v, integration.Key{Name: rapid.SampledFrom([]string{"", "А"}).Draw(t, "name"), Scopes: integration.Scopes()[:1]}); err == nil {
				made = append(made, k.ID)
			}
		case 1:
			err = b.RevokeKey(b.ctx, v, id)
		case 2:
			var h integration.Hook
			if h, _, err = b.CreateHook(b.ctx, v, nil, integration.Hook{URL: "http://x.example/", Events: events}); err == nil {
				made = append(made, h.ID)
			}
		case 3:
			h, _ := b.Hook(b.ctx, v, id)
			h.ID, h.Events, h.Version = id, events, h.Version-rapid.Int64Range(0, 1).Draw(t, "stale")
			_, err = b.ChangeHook(b.ctx, v, nil, h)
		case 4:
			err = b.DeleteHook(b.ctx, v, id)
		case 5:
			_, err = b.TestHook(b.ctx, v, id)
		case 6:
			all, _ := b.Deliveries(b.ctx, v, id, "", 1)
			_, err = b.Resend(b.ctx, v, id, slices.Concat(all, []integration.Delivery{{ID: "none"}})[0].ID)
		}
		changes := b.watched.Changes - before.Changes
		if err != nil {
			require.Zero(t, changes, "%v", err)
		}
		require.Equal(t, changes, b.watched.Entries-before.Entries)
		require.Len(t, b.journal(), changes)
	})
	require.Positive(t, b.watched.Changes)
}

// What the server does by itself — the events it tells of, the times of keys it notes — is
// nobody's deed.
func TestJournal_NothingOfTheServerItself(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ear := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	t.Cleanup(ear.Close)
	_, secret, err := b.CreateKey(b.ctx, b.as("a"), integration.Key{Name: "учёт", Scopes: integration.Scopes()})
	require.NoError(t, err)
	h, _, err := b.CreateHook(b.ctx, b.as("a"), nil, integration.Hook{URL: ear.URL, Events: integration.Events()})
	require.NoError(t, err)
	_, err = b.TestHook(b.ctx, b.as("a"), h.ID)
	require.NoError(t, err)
	require.Len(t, b.journal(), 3)
	_, _, err = b.Open(b.ctx, secret)
	require.NoError(t, err)
	require.NoError(t, b.Watch(b.ctx))
	_, err = b.SendDue(b.ctx)
	require.NoError(t, err)
	all, err := b.Deliveries(b.ctx, b.as("a"), h.ID, "", 10)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, integration.Delivered, all[0].State)
	assert.Empty(t, b.journal())
}
