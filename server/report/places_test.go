package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// CAB-009, CAB-071, REP-01, REP-03, REP-04: a register that was moved in the middle of a
// day is in the reports of both places, each with what it sold there, and together they
// are the report of both; a file of what was sold in one place is not for those who see
// the register in the other.
func TestMake_PlacesOfThatTime(t *testing.T) {
	b, tills, depts := shop(t)
	at := func(n int) time.Time { // by the register's clock
		doc, err := ffd.Decode(tills[0].docs[n].STLV)
		require.NoError(t, err)
		return doc.DateTime()
	}
	n := len(tills[0].docs) // …, two receipts, the closing report
	later := b.now
	b.now = at(n - 2).Add(-3 * time.Hour) // in Moscow, in the second of the second receipt
	e, err := b.fleet.Register(b.ctx, b.as("boss"), tills[0].RegID)
	require.NoError(t, err)
	tree, err := b.fleet.Tree(b.ctx, b.as("boss"))
	require.NoError(t, err)
	first, second := e.Outlet, ""
	for _, o := range tree.Outlets() {
		if o.ID != first {
			second = o.ID
		}
	}
	e.Register.Outlet = second
	require.NoError(t, b.fleet.Change(b.ctx, b.as("boss"), e.Register))
	b.now = later

	make := func(user string, kind report.Kind, branch string) (*report.Table, []fiscal.RegNumber) {
		p := whole()
		p.Branch = branch
		table, regs, err := b.Make(b.ctx, b.as(user), kind, p)
		require.NoError(t, err)
		return table, regs
	}
	revenue := func(table *report.Table) any { return table.Totals[len(table.Totals)-1][14] }
	all, _ := make("boss", report.Documents, "")
	assert.Equal(t, fiscal.Kopecks(60100), revenue(all))
	for _, row := range all.Rows {
		want := "Магазин 2"
		if row[3] == string(tills[0].RegID) && row[9].(time.Time).Before(at(n-2)) {
			want = "Магазин 1"
		}
		assert.Equal(t, want, row[0], "%v %v", row[3], row[9])
	}
	north, regs := make("boss", report.Documents, depts[0].ID)
	assert.Len(t, north.Rows, n-2)
	assert.Equal(t, fiscal.Kopecks(10000), revenue(north))
	assert.Equal(t, []fiscal.RegNumber{tills[0].RegID}, regs)
	south, regs := make("boss", report.Documents, depts[1].ID)
	assert.Len(t, south.Rows, len(all.Rows)-len(north.Rows))
	assert.Equal(t, fiscal.Kopecks(50100), revenue(south))
	assert.Len(t, regs, 2)
	goods := func(branch string) any {
		table, _ := make("boss", report.Goods, branch)
		return table.Totals[0][4]
	}
	assert.Equal(t, []any{fiscal.Kopecks(60100), fiscal.Kopecks(10000), fiscal.Kopecks(50100)}, []any{goods(""), goods(depts[0].ID), goods(depts[1].ID)})
	usage, _ := make("boss", report.Usage, depts[0].ID)
	require.Len(t, usage.Rows, 1)
	assert.Equal(t, "Магазин 1", usage.Rows[0][2])
	assert.EqualValues(t, n-2, usage.Rows[0][7])

	// The same for members of one place.
	b.role("masha", access.Manager, depts[0].ID)
	mine, _ := make("masha", report.Documents, "")
	assert.Equal(t, north.Rows, mine.Rows)
	p := whole()
	p.Registers = []fiscal.RegNumber{tills[0].RegID}
	j, err := b.Order(b.ctx, b.as("masha"), report.Documents, p)
	require.NoError(t, err, "what it sold there may be asked for by its number")
	b.work()
	j, _, err = b.File(b.ctx, b.as("masha"), j.ID)
	require.NoError(t, err)
	assert.Equal(t, n-2, j.Rows)
	late, err := b.Order(b.ctx, b.as("masha"), report.Documents, whole())
	require.NoError(t, err)
	b.role("masha", access.Manager, depts[1].ID)
	b.work()
	assert.Zero(t, b.job("masha", late.ID).Rows, "what was seen when ordering is not seen now")
	_, _, err = b.File(b.ctx, b.as("masha"), j.ID)
	require.ErrorIs(t, err, report.ErrNotFound, "the register is seen now, that time of it is not")
	_, _, err = b.File(b.ctx, b.as("boss"), j.ID)
	require.NoError(t, err)
}
