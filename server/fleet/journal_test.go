package fleet_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/store/office/officetest"
)

// watched counts changes of nodes and registers that went through, and the entries of
// the journal they came with.
type watched struct {
	fleet.Store
	officetest.Watched
}

func (w *watched) CreateNode(ctx context.Context, n fleet.Node, journal ...account.Event) error {
	return w.Count(w.Store.CreateNode(ctx, n, journal...), journal)
}

func (w *watched) UpdateNode(ctx context.Context, n fleet.Node, journal ...account.Event) error {
	return w.Count(w.Store.UpdateNode(ctx, n, journal...), journal)
}

func (w *watched) DeleteNode(ctx context.Context, org, id string, journal ...account.Event) error {
	return w.Count(w.Store.DeleteNode(ctx, org, id, journal...), journal)
}

func (w *watched) CreateRegister(ctx context.Context, r fleet.Register, journal ...account.Event) error {
	return w.Count(w.Store.CreateRegister(ctx, r, journal...), journal)
}

func (w *watched) UpdateRegister(ctx context.Context, r fleet.Register, journal ...account.Event) error {
	return w.Count(w.Store.UpdateRegister(ctx, r, journal...), journal)
}

func (w *watched) DeleteRegister(ctx context.Context, r fleet.Register, journal ...account.Event) error {
	return w.Count(w.Store.DeleteRegister(ctx, r, journal...), journal)
}

func (w *watched) MoveRegister(ctx context.Context, r fleet.Register, left fleet.Left, journal ...account.Event) error {
	return w.Count(w.Store.MoveRegister(ctx, r, left, journal...), journal)
}

// journal are the entries that were not there before, without their ids; the clock of a
// bench stands still and gives them no order.
func (b *bench) journal(before map[string]bool) []account.Event {
	b.t.Helper()
	return officetest.Fresh(b.t, b.accounts, "o", before)
}

// reading are the methods of the service that change no register and no place: they
// read, or are a user's own settings of what they are shown.
var reading = []string{"Alert", "DriveMemory", "Drives", "Follower", "Known", "Known", "Lights", "Memory", "MemoryFull", "Monitor", "Overview", "Places", "Places", "Register", "Registers", "Sight", "Thresholds", "Tree",
	"DropThresholds", "SetAlert", "SetThresholds"}

// CAB-912: whatever changes a register or a place leaves one entry for each:
// who, with which key, from where, what.
func TestJournal_EachMethodLeavesOneEntry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	north, south := b.shops()
	boss := b.viewer("a").At("192.0.2.7")
	_, err := b.Connect(b.ctx, boss, fleet.Register{RegID: number(3), Serial: serial, Name: "Третья"})
	require.NoError(t, err)
	get := func(n uint64) fleet.Register {
		e, err := b.Register(b.ctx, boss, number(n))
		require.NoError(t, err)
		return e.Register
	}
	var made fleet.Node
	node := func(id string) fleet.Node {
		tree, err := b.Tree(b.ctx, boss)
		require.NoError(t, err)
		return tree.Node(id)
	}
	reg := func(n uint64) string { return string(number(n)) }
	steps := []struct {
		method string
		do     func(v access.Viewer) error
		action string
		about  func() []string
		says   []string
	}{
		{"AddNode", func(v access.Viewer) (err error) {
			made, err = b.AddNode(b.ctx, v, fleet.Node{Kind: fleet.Outlet, Name: "Ларёк", Parent: north.ID})
			return err
		}, fleet.DeedAddNode, func() []string { return []string{made.ID} }, []string{"торговая точка «Ларёк»; в подразделении «Север»"}},
		{"AddNode", func(v access.Viewer) (err error) {
			made, err = b.AddNode(b.ctx, v, fleet.Node{Kind: fleet.Department, Name: "Восток"})
			return err
		}, fleet.DeedAddNode, func() []string { return []string{made.ID} }, []string{"подразделение «Восток»"}},
		{"SetNode", func(v access.Viewer) error {
			n := node(made.ID)
			n.Name, n.Parent, n.Target = "Запад", south.ID, 150_000_00
			return b.SetNode(b.ctx, v, n)
		}, fleet.DeedSetNode, func() []string { return []string{made.ID} }, []string{"подразделение «Восток»; название: «Восток» → «Запад»; в подразделении: нет → «Юг»; целевая выручка: нет → «150000.00»"}},
		{"RemoveNode", func(v access.Viewer) error { return b.RemoveNode(b.ctx, v, made.ID) }, fleet.DeedRemoveNode,
			func() []string { return []string{made.ID} }, []string{"подразделение «Запад»"}},
		{"Connect", func(v access.Viewer) error {
			_, err := b.Connect(b.ctx, v, fleet.Register{RegID: number(4), Serial: serial, Name: "Новая"})
			return err
		}, fleet.DeedConnect, func() []string { return []string{reg(4)} }, []string{"касса «Новая», РНМ " + reg(4) + "; ЗН «" + serial + "»"}},
		{"Change", func(v access.Viewer) error {
			r := get(1)
			r.Name, r.Groups, r.Outlet, r.FN = "Первая", []string{"юг"}, "", "9999078900001234"
			return b.Change(b.ctx, v, r)
		}, fleet.DeedChange, func() []string { return []string{reg(1)} },
			[]string{"касса «Касса Север», РНМ " + reg(1) + "; название: «Касса Север» → «Первая»; ФН: нет → «9999078900001234»; точка: «Север / Магазин Север» → нет; группы: «все, Север» → «юг»"}},
		{"Change", func(v access.Viewer) error { return b.Change(b.ctx, v, get(1)) }, fleet.DeedChange, func() []string { return []string{reg(1)} },
			[]string{"касса «Первая», РНМ " + reg(1) + "; без изменений"}},
		{"Archive", func(v access.Viewer) error { return b.Archive(b.ctx, v, number(1), number(3)) }, fleet.DeedArchive,
			func() []string { return []string{reg(1), reg(3)} }, []string{"касса «Первая», РНМ " + reg(1), "касса «Третья», РНМ " + reg(3)}},
		{"Archive", func(v access.Viewer) error { return b.Archive(b.ctx, v, number(1)) }, "", func() []string { return nil }, nil}, // is there already
		{"Restore", func(v access.Viewer) error { return b.Restore(b.ctx, v, number(1), number(2)) }, fleet.DeedRestore,
			func() []string { return []string{reg(1)} }, []string{"касса «Первая», РНМ " + reg(1)}},
		{"Remove", func(v access.Viewer) error {
			_, err := b.Remove(b.ctx, v, number(4))
			return err
		}, fleet.DeedRemove, func() []string { return []string{reg(4)} }, []string{"касса «Новая», РНМ " + reg(4)}},
		{"Upload", func(v access.Viewer) error {
			f := excelize.NewFile()
			defer f.Close()
			for i, row := range [][]any{{"РНМ", "ЗН", "Название"}, {reg(5), serial, "Пятая"}, {reg(5), serial, "Она же"}, {reg(6), serial, "Шестая"}} {
				if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
					return err
				}
			}
			var table bytes.Buffer
			if err := f.Write(&table); err != nil {
				return err
			}
			_, err := b.Upload(b.ctx, v, &table)
			return err
		}, fleet.DeedConnect, func() []string { return []string{reg(5), reg(6)} }, []string{"касса «Пятая», РНМ " + reg(5) + "; ЗН «" + serial + "»", "касса «Шестая», РНМ " + reg(6) + "; ЗН «" + serial + "»"}},
	}
	all, known := slices.Clone(reading), map[string]bool{}
	b.journal(known)
	for i, step := range steps {
		key := ""
		v := boss
		if i%2 == 1 { // with a key of the user's
			key = "k1"
			v = boss.Through(key, access.Limits{Rights: access.Manager.Rights()})
		}
		require.NoError(t, step.do(v), step.method)
		var want []account.Event
		for j, about := range step.about() {
			want = append(want, account.Event{At: noon, Org: "o", User: "a", Key: key, Address: "192.0.2.7", Action: step.action, Result: "ok", About: about, Detail: step.says[j]})
		}
		assert.ElementsMatch(t, want, b.journal(known), step.method)
		all = append(all, step.method)
	}

	// Whoever adds a method says here which of the two it is.
	kind := reflect.TypeFor[*fleet.Service]()
	for i := range kind.NumMethod() {
		assert.Contains(t, all, kind.Method(i).Name, "reads, or is journalled and tried above")
	}
	// And whoever adds a change to the store: all of them take entries, and the service
	// gave one with each.
	store := reflect.TypeFor[fleet.Store]()
	for i := range store.NumMethod() {
		m := store.Method(i)
		if changes := strings.HasSuffix(m.Name, "Node") || m.Name != "Register" && strings.HasSuffix(m.Name, "Register"); changes {
			assert.Equal(t, reflect.TypeFor[[]account.Event](), m.Type.In(m.Type.NumIn()-1), m.Name)
		}
	}
	assert.Equal(t, b.watched.Changes, b.watched.Entries)
}

// Whatever is done in whatever order, by whom it may be done or not, there are as many
// entries as changes.
func TestJournal_AsManyEntriesAsChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shops()
	known := map[string]bool{}
	b.journal(known)
	who := []access.Viewer{b.viewer("a"), b.viewer("b", "nowhere"), access.View(access.Grant{Org: "o", User: "b", Rights: access.Cashier.Rights()}),
		b.viewer("a").Through("k", access.Limits{Rights: access.Manager.Rights(), Registers: []fiscal.RegNumber{number(1)}})}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(who).Draw(t, "who")
		tree, err := b.Tree(b.ctx, who[0])
		require.NoError(t, err)
		n := rapid.SampledFrom(append(tree.Nodes(), fleet.Node{ID: "none", Kind: fleet.Outlet})).Draw(t, "node")
		reg := number(rapid.Uint64Range(1, 4).Draw(t, "register"))
		name := rapid.SampledFrom([]string{"", "А", "Б"}).Draw(t, "name")
		before := *b.watched
		switch rapid.IntRange(0, 7).Draw(t, "deed") {
		case 0:
			_, err = b.AddNode(b.ctx, v, fleet.Node{Kind: n.Kind, Name: name, Parent: n.Parent})
		case 1:
			n.Name = name
			n.Version -= rapid.Int64Range(0, 1).Draw(t, "stale")
			err = b.SetNode(b.ctx, v, n)
		case 2:
			err = b.RemoveNode(b.ctx, v, n.ID)
		case 3:
			_, err = b.Connect(b.ctx, v, fleet.Register{RegID: reg, Serial: serial, Name: name, Outlet: n.ID})
		case 4:
			e, _ := b.Register(b.ctx, v, reg)
			e.Register.Name, e.Register.Outlet = name, n.ID
			err = b.Change(b.ctx, v, e.Register)
		case 5:
			err = b.Archive(b.ctx, v, reg)
		case 6:
			err = b.Restore(b.ctx, v, reg)
		case 7:
			_, err = b.Remove(b.ctx, v, reg)
		}
		changes := b.watched.Changes - before.Changes
		if err != nil {
			require.Zero(t, changes, "%v", err)
		}
		require.Equal(t, changes, b.watched.Entries-before.Entries)
		require.Len(t, b.journal(known), changes)
	})
}
