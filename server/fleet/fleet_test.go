package fleet_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

const inn, serial = fiscal.INN("7702203276"), "000000000002"

// bench is a service on a real base with one organisation, "o".
type bench struct {
	*fleet.Service
	t        *testing.T
	ctx      context.Context
	store    fleet.Store
	accounts account.Store
	watched  *watched // counts what the service does to the store
}

// orgs tells of the two organisations of a bench.
type orgs struct{}

func (orgs) Org(_ context.Context, v access.Viewer) (account.Org, error) {
	if v.Org() == "o" {
		return account.Org{ID: "o", INN: string(inn)}, nil
	}
	return account.Org{ID: v.Org()}, nil
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ctx := context.Background()
	base, err := office.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ofd.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, base.Close()) })
	for _, u := range []string{"a", "b"} {
		require.NoError(t, base.Accounts().CreateUser(ctx, account.User{ID: u, Password: "$"}))
	}
	for _, o := range []string{"o", "other"} {
		require.NoError(t, base.Accounts().CreateOrg(ctx, account.Org{ID: o, Name: o, Owner: "a"}, account.Member{Org: o, User: "a", Role: access.Owner}))
	}
	b := &bench{t: t, ctx: ctx, store: base.Fleet(), accounts: base.Accounts()}
	b.watched = &watched{Store: b.store}
	b.Service, err = fleet.New(fleet.Options{Store: b.watched, Orgs: orgs{}, Now: func() time.Time { return noon }, Capacity: 1000})
	require.NoError(t, err)
	return b
}

func (b *bench) viewer(user string, branches ...string) access.Viewer {
	return access.View(access.Grant{Org: "o", User: user, Rights: access.Manager.Rights(), Branches: branches})
}

// number is the РНМ of register n of the organisation.
func number(n uint64) fiscal.RegNumber { return fiscal.MakeRegNumber(n, inn, serial) }

// shops makes two departments with an outlet and a register in each.
func (b *bench) shops() (north, south fleet.Node) {
	b.t.Helper()
	boss := b.viewer("a")
	for i, dept := range []string{"Север", "Юг"} {
		d, err := b.AddNode(b.ctx, boss, fleet.Node{Kind: fleet.Department, Name: dept})
		require.NoError(b.t, err)
		shop, err := b.AddNode(b.ctx, boss, fleet.Node{Kind: fleet.Outlet, Name: "Магазин " + dept, Parent: d.ID})
		require.NoError(b.t, err)
		_, err = b.Connect(b.ctx, boss, fleet.Register{RegID: number(uint64(i + 1)), Serial: serial, Name: "Касса " + dept, Outlet: shop.ID, Groups: []string{"все", dept}})
		require.NoError(b.t, err)
		if i == 0 {
			north = d
		} else {
			south = d
		}
	}
	return north, south
}

func names(entries []fleet.Entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Name)
	}
	return all
}

// CAB-009, CAB-072, CAB-073
func TestRegisters_BranchesGroupsAndSearch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	north, south := b.shops()
	list := func(v access.Viewer, f fleet.Filter) []string {
		got, err := b.Registers(b.ctx, v, f)
		require.NoError(t, err)
		return names(got)
	}
	boss, cut := b.viewer("a"), b.viewer("b", north.ID)
	assert.Equal(t, []string{"Касса Север", "Касса Юг"}, list(boss, fleet.Filter{}))
	assert.Equal(t, []string{"Касса Север"}, list(cut, fleet.Filter{}))
	assert.Empty(t, list(cut, fleet.Filter{Branch: south.ID}))
	assert.Empty(t, list(cut, fleet.Filter{Numbers: []fiscal.RegNumber{number(2)}}))
	assert.Equal(t, []string{"Касса Юг"}, list(boss, fleet.Filter{Branch: south.ID}))
	assert.Equal(t, []string{"Касса Юг"}, list(boss, fleet.Filter{Group: "Юг"}))
	assert.Equal(t, []string{"Касса Юг"}, list(boss, fleet.Filter{Text: " юг "}))
	assert.Len(t, list(boss, fleet.Filter{Text: serial}), 2)
	assert.Len(t, list(boss, fleet.Filter{Text: serial[2:9]}), 2, "part of the factory number")
	assert.Equal(t, []string{"Касса Юг"}, list(boss, fleet.Filter{Text: string(number(2))[3:]}), "part of the registration number")
	e, err := b.Register(b.ctx, boss, number(1))
	require.NoError(t, err)
	e.Register.FN = "9999078900001234"
	require.NoError(t, b.Change(b.ctx, boss, e.Register))
	assert.Equal(t, []string{"Касса Север"}, list(boss, fleet.Filter{Text: "0001234"}), "part of the drive's number")
	_, err = b.Registers(b.ctx, access.Viewer{}, fleet.Filter{})
	require.Error(t, err)
	_, err = b.Register(b.ctx, cut, number(2))
	require.ErrorIs(t, err, fleet.ErrNotFound)
	stranger := access.View(access.Grant{Org: "other", User: "a", Rights: access.Owner.Rights()})
	_, err = b.Register(b.ctx, stranger, number(1))
	require.ErrorIs(t, err, fleet.ErrNotFound)
	tree, err := b.Tree(b.ctx, cut)
	require.NoError(t, err)
	assert.Len(t, tree.Nodes(), 2)
	assert.Equal(t, "Север / Магазин Север", tree.FullName(tree.Outlets()[0].ID))
}

// CAB-061: what is typed in is checked, the number by its digits.
func TestConnect_ChecksNumbers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	north, south := b.shops()
	boss := b.viewer("a")
	for name, one := range map[string]struct {
		r     fleet.Register
		field string
	}{
		"short number":       {fleet.Register{RegID: "12", Serial: serial}, "regId"},
		"another register's": {fleet.Register{RegID: number(3), Serial: "77"}, "regId"},
		"no factory number":  {fleet.Register{RegID: number(3)}, "serial"},
		"short drive":        {fleet.Register{RegID: number(3), Serial: serial, FN: "1"}, "fn"},
		"department":         {fleet.Register{RegID: number(3), Serial: serial, Outlet: north.ID}, "outlet"},
		"nowhere to be seen": {fleet.Register{RegID: number(3), Serial: serial, Outlet: "x"}, "outlet"},
		"there already":      {fleet.Register{RegID: number(1), Serial: serial}, "regId"},
	} {
		_, err := b.Connect(b.ctx, boss, one.r)
		var bad invalid.Fields
		require.ErrorAs(t, err, &bad, name)
		assert.Contains(t, bad, one.field, name)
	}
	cut := b.viewer("b", south.ID)
	_, err := b.Connect(b.ctx, cut, fleet.Register{RegID: number(3), Serial: serial})
	require.Error(t, err, "a branch puts nothing outside itself")
	stranger := access.View(access.Grant{Org: "other", User: "a", Rights: access.Owner.Rights()})
	_, err = b.Connect(b.ctx, stranger, fleet.Register{RegID: number(3), Serial: serial})
	require.ErrorContains(t, err, "карточку организации", "no taxpayer, no registers")
	cashier := access.View(access.Grant{Org: "o", User: "b", Rights: access.Cashier.Rights()})
	_, err = b.Connect(b.ctx, cashier, fleet.Register{RegID: number(3), Serial: serial})
	var refusal *access.Refusal
	require.ErrorAs(t, err, &refusal)
}

// CAB-080, CAB-081, CAB-082, DEC-03
func TestArchive_AndBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shops()
	boss := b.viewer("a")
	for n := uint64(1); n <= 2; n++ {
		e, err := b.Register(b.ctx, boss, number(n))
		require.NoError(t, err)
		e.Register.FN = "9999078900001234"
		require.NoError(t, b.Change(b.ctx, boss, e.Register))
	}
	require.NoError(t, b.Archive(b.ctx, boss, number(1)))
	yes, no := true, false
	got, err := b.Registers(b.ctx, boss, fleet.Filter{Archived: &yes})
	require.NoError(t, err)
	assert.Equal(t, []string{"Касса Север"}, names(got))
	sight, err := b.Sight(b.ctx, boss, fleet.Filter{})
	require.NoError(t, err)
	assert.Len(t, sight.Registers(), 2, "documents of archived registers stay readable")
	require.ErrorContains(t, b.Restore(b.ctx, boss, number(1)), "стоит в активной кассе «Касса Юг»")
	require.NoError(t, b.Archive(b.ctx, boss, number(2)))
	require.NoError(t, b.Restore(b.ctx, boss, number(1)))
	got, err = b.Registers(b.ctx, boss, fleet.Filter{Archived: &no})
	require.NoError(t, err)
	assert.Equal(t, []string{"Касса Север"}, names(got))
}

func TestNodes_StandWhereTheyMay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	north, south := b.shops()
	boss, cut := b.viewer("a"), b.viewer("b", north.ID)
	require.ErrorIs(t, b.RemoveNode(b.ctx, boss, north.ID), fleet.ErrNotEmpty)
	require.ErrorIs(t, b.RemoveNode(b.ctx, cut, south.ID), fleet.ErrNotFound)
	_, err := b.AddNode(b.ctx, cut, fleet.Node{Kind: fleet.Outlet, Name: "x"})
	require.ErrorIs(t, err, fleet.ErrNotFound)
	_, err = b.AddNode(b.ctx, cut, fleet.Node{Kind: fleet.Outlet, Name: "x", Parent: south.ID})
	require.Error(t, err)
	inner, err := b.AddNode(b.ctx, cut, fleet.Node{Kind: fleet.Department, Name: "Центр", Parent: north.ID})
	require.NoError(t, err)
	north.Parent = inner.ID
	require.ErrorContains(t, b.SetNode(b.ctx, boss, north), "внутри самого себя")
	_, err = b.AddNode(b.ctx, boss, fleet.Node{Kind: "x", TimeZone: "Mars/Base", Lat: 91, Target: -1})
	var bad invalid.Fields
	require.ErrorAs(t, err, &bad)
	assert.Len(t, bad, 5)
}

// A sight holds the viewer's registers and the organisation's taxpayer, nothing else.
func TestSight_IsCutLikeTheList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	north, _ := b.shops()
	sight, err := b.Sight(b.ctx, b.viewer("b", north.ID), fleet.Filter{})
	require.NoError(t, err)
	assert.Equal(t, []fiscal.RegNumber{number(1)}, sight.Registers())
	assert.Equal(t, inn, sight.INN())
	sight, err = b.Sight(b.ctx, access.View(access.Grant{Org: "other", User: "a", Rights: access.Owner.Rights()}), fleet.Filter{})
	require.NoError(t, err)
	assert.True(t, sight.Empty())
}

// line is a source of documents.
type line []store.Document

func (l line) Documents(_ context.Context, _ store.DocumentFilter, p store.Page) (docs []store.Document, _ error) {
	for _, d := range l {
		if d.ID > p.After && len(docs) < p.Rows() {
			docs = append(docs, d)
		}
	}
	return docs, nil
}

var _ feed.Source = line{}

// add puts a document of the register into the line, as the intake would store it.
func (l *line) add(t *testing.T, doc *ffd.Document, reg fiscal.RegNumber) *store.Document {
	t.Helper()
	*l = append(*l, store.Document{ID: int64(len(*l) + 1), FN: doc.FNNumber(), FD: doc.FDNumber(), Form: doc.Form, FFD: fiscal.FFD12, RegID: reg, UserINN: inn,
		DateTime: doc.DateTime(), ReceivedAt: doc.DateTime().Add(time.Second), Shift: uint32(doc.Uint(ffd.TagShiftNumber)), STLV: doc.Raw})
	return &(*l)[len(*l)-1]
}

// CAB-071, CAB-074, CAB-097, CAB-098, CAB-235, STM-06
func TestFollow_LifeOfARegister(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shops()
	r := servertest.NewRegister(1, fiscal.FFD12)
	var l line
	state := func() fleet.State {
		t.Helper()
		require.NoError(t, b.Follower(l).CatchUp(b.ctx))
		e, err := b.Register(b.ctx, b.viewer("a"), r.RegID)
		require.NoError(t, err)
		return e.State
	}
	for _, doc := range []*ffd.Document{decode(t, r.Registration()), decode(t, r.OpenShift())} {
		l.add(t, doc, r.RegID)
	}
	st := state()
	assert.Equal(t, r.FN, st.FN)
	assert.True(t, st.ShiftOpen)
	assert.EqualValues(t, 1, st.Shift)
	assert.Equal(t, l[0].DateTime, st.DriveFrom)
	assert.NotEmpty(t, st.Registration.Serial)
	l.add(t, decode(t, r.Receipt(100)), r.RegID).Findings = []flk.Finding{{Rule: "R-01", Severity: flk.Error}}
	l.add(t, decode(t, r.CloseShift()), r.RegID)
	st = state()
	assert.False(t, st.ShiftOpen)
	assert.EqualValues(t, 3, st.FlawedFD)
	assert.EqualValues(t, 4, st.LastFD)
	assert.Equal(t, 4, st.Today)
	drives, err := b.Drives(b.ctx, b.viewer("a"), r.RegID)
	require.NoError(t, err)
	require.Len(t, drives, 1)
	assert.EqualValues(t, 4, drives[0].Documents)
	if until := drives[0].KeyUntil; !until.IsZero() {
		assert.True(t, until.After(l[0].DateTime))
	}
}

func decode(t *testing.T, d servertest.Doc) *ffd.Document {
	t.Helper()
	doc, err := ffd.Decode(d.STLV)
	require.NoError(t, err)
	return doc
}
