package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// CAB-072: a group of registers is a filter in every report: the same rows as for the
// registers of the group by their numbers, and fewer than for all.
func TestGroup_FiltersEveryReport(t *testing.T) {
	b, tills, _ := shop(t)
	e, err := b.fleet.Register(b.ctx, b.as("boss"), tills[1].RegID)
	require.NoError(t, err)
	r := e.Register
	r.Groups = []string{"у входа"}
	require.NoError(t, b.fleet.Change(b.ctx, b.as("boss"), r))
	every := report.Kinds(b.as("boss"))
	require.Len(t, every, 5)
	for _, kind := range every {
		total := "Итого"
		if kind == report.Monitoring {
			total = "Итого касс"
		}
		rows := func(change func(*report.Params)) (*sheet, [][]string) {
			p := whole()
			change(&p)
			s := b.made("boss", kind, p, total)
			return s, s.rows
		}
		all, _ := rows(func(*report.Params) {})
		_, group := rows(func(p *report.Params) { p.Group = "у входа" })
		_, number := rows(func(p *report.Params) { p.Registers = []fiscal.RegNumber{tills[1].RegID} })
		assert.Equal(t, number, group, kind)
		assert.NotEmpty(t, group, kind)
		assert.NotEqual(t, all.rows, group, kind)
	}
}
