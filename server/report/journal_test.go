package report_test

import (
	"context"
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
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/store/office/officetest"
)

// watched counts changes of schedules that went through, and the entries of the journal
// they came with; it may tell once that another server was faster.
type watched struct {
	report.Store
	officetest.Watched
	stale int
}

func (w *watched) AddSchedule(ctx context.Context, c report.Schedule, journal ...account.Event) error {
	return w.Count(w.Store.AddSchedule(ctx, c, journal...), journal)
}

func (w *watched) UpdateSchedule(ctx context.Context, c report.Schedule, journal ...account.Event) error {
	if w.stale > 0 {
		w.stale--
		c.Version--
	}
	return w.Count(w.Store.UpdateSchedule(ctx, c, journal...), journal)
}

func (w *watched) DeleteSchedule(ctx context.Context, org, id string, journal ...account.Event) error {
	return w.Count(w.Store.DeleteSchedule(ctx, org, id, journal...), journal)
}

// watch puts the counting store under the bench's service and forgets the journal so far.
func (b *bench) watch() (w *watched, journal func() []account.Event) {
	b.t.Helper()
	w = &watched{Store: b.base.Reports()}
	var err error
	b.Service, err = report.New(report.Options{Store: w, People: b.a, Fleet: b.fleet, Ledger: b.money, Outbox: b.mail, Site: "https://ofd.example", Now: func() time.Time { return b.now }})
	require.NoError(b.t, err)
	known := map[string]bool{}
	journal = func() []account.Event { return officetest.Fresh(b.t, b.base.Accounts(), "o", known) }
	journal()
	return w, journal
}

// other are the methods of the service that change no schedule: they read, make and run, or
// order once, which the list of reports keeps with who did it.
var other = []string{"Job", "Jobs", "Made", "File", "Make", "Watched", "Schedule", "Schedules",
	"Run", "Step", "Order", "Remove", "Retry"}

// operator.md 1.3: whatever somebody does to a schedule leaves one entry: who, with which
// key, from where, what, and to whom its letters go.
func TestJournal_EachMethodLeavesOneEntry(t *testing.T) {
	b := newBench(t)
	r := newTill(1, fiscal.FFD12)
	dept := b.connect(r, "1")
	w, journal := b.watch()
	boss := b.as("boss").At("192.0.2.7")
	key := boss.Through("k1", access.Limits{Rights: access.Manager.Rights()})
	var c report.Schedule
	const title = "«Отчет по сменам с налогами» по понедельникам в 08:00, Asia/Omsk"
	pause := func(v access.Viewer, on bool) func() error {
		return func() error { return b.Pause(b.ctx, v, c.ID, on) }
	}
	steps := []struct {
		method string
		do     func() error
		action string
		says   string
		key    string
	}{
		{"AddSchedule", func() (err error) {
			c, err = b.AddSchedule(b.ctx, boss, report.Schedule{Kind: report.Shifts, Every: report.Weekly, Weekday: time.Monday, Hour: 8, Zone: "Asia/Omsk",
				Params: report.Params{Branch: dept.ID, Group: "кафе", Registers: []fiscal.RegNumber{r.RegID}, Emails: []string{"Buh@shop.example", "audit@other.example"}}})
			return err
		}, report.DeedAddSchedule, title + "; точка «Отдел 1»; группа «кафе»; РНМ «" + string(r.RegID) + "»; кому «b***@shop.example, a***@other.example»", ""},
		{"Pause", pause(key, true), report.DeedPauseSchedule, title, "k1"},
		{"Pause", pause(boss, true), "", "", ""}, // is already
		{"Pause", pause(boss, false), report.DeedResumeSchedule, title, ""},
		{"Pause", pause(boss, false), "", "", ""},
		{"RemoveSchedule", func() error { return b.RemoveSchedule(b.ctx, key, c.ID) }, report.DeedRemoveSchedule, title, "k1"},
	}
	all := slices.Clone(other)
	for _, step := range steps {
		w.stale = 1 // whoever was faster, one entry
		require.NoError(t, step.do(), step.method)
		var want []account.Event
		if step.action != "" {
			want = []account.Event{{At: b.now.UTC(), Org: "o", User: "boss", Key: step.key, Address: "192.0.2.7", Action: step.action, Result: "ok", About: c.ID, Detail: step.says}}
		}
		assert.Equal(t, want, journal(), step.method)
		all = append(all, step.method)
	}

	// Whoever adds a method says here which of the two it is.
	kind := reflect.TypeFor[*report.Service]()
	for i := range kind.NumMethod() {
		assert.Contains(t, all, kind.Method(i).Name, "changes no schedule, or is journalled and tried above")
	}
	// And whoever adds a change to the store: all of them take entries, and the service
	// gave one with each.
	store := reflect.TypeFor[report.Store]()
	for i := range store.NumMethod() {
		if m := store.Method(i); m.Name != "Schedule" && strings.HasSuffix(m.Name, "Schedule") {
			assert.Equal(t, reflect.TypeFor[[]account.Event](), m.Type.In(m.Type.NumIn()-1), m.Name)
		}
	}
	assert.Equal(t, 4, w.Changes)
	assert.Equal(t, w.Changes, w.Entries)
}

// Whatever is done in whatever order, by whom it may be done or not, there are as many
// entries as changes; runs of the server itself are nobody's deed.
func TestJournal_AsManyEntriesAsChanges(t *testing.T) {
	b := newBench(t)
	w, journal := b.watch()
	nobody := access.View(access.Grant{Org: "o", User: "petya", Rights: access.Cashier.Rights() &^ access.OrderReports})
	stranger := access.View(access.Grant{Org: "x", User: "boss", Rights: access.Owner.Rights()})
	who := []access.Viewer{b.as("boss"), b.as("masha"), nobody, stranger, b.as("masha").Through("k", access.Limits{Rights: access.Manager.Rights()})}
	ids := []string{"none"}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(who).Draw(t, "who")
		id := rapid.SampledFrom(ids).Draw(t, "id")
		changes, entries := w.Changes, w.Entries
		var err error
		switch rapid.IntRange(0, 3).Draw(t, "deed") {
		case 0:
			var c report.Schedule
			if c, err = b.AddSchedule(b.ctx, v, report.Schedule{Kind: report.Monitoring, Every: report.Daily, Hour: rapid.IntRange(23, 24).Draw(t, "hour"), Zone: "UTC",
				Params: report.Params{Emails: []string{"a@b.example"}}}); err == nil {
				ids = append(ids, c.ID)
			}
		case 1:
			err = b.Pause(b.ctx, v, id, rapid.Bool().Draw(t, "paused"))
		case 2:
			err = b.RemoveSchedule(b.ctx, v, id)
		case 3:
			b.now = b.now.Add(time.Hour)
			_, err = b.Step(b.ctx)
			require.Equal(t, entries, w.Entries)
			require.NoError(t, err)
			require.Empty(t, journal())
			return
		}
		if err != nil {
			require.Equal(t, changes, w.Changes, "%v", err)
		}
		require.Equal(t, w.Changes-changes, w.Entries-entries)
		require.Len(t, journal(), w.Changes-changes)
	})
	require.Positive(t, w.Entries)
}
