package report_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// CAB-097, CAB-098, REP-08: documents of the day are those accepted with today's date where
// the register stands; the last document with a broken rule fills both columns.
func TestMonitoring_CountsDocumentsOfTheDay(t *testing.T) {
	b := newBench(t)
	sound, flawed := newTill(1, fiscal.FFD12), newTill(2, fiscal.FFD12)
	sound.docs = append(sound.docs, sound.OpenShift(), sound.Receipt(100), sound.Receipt(200))
	flawed.live(1)
	for len(flawed.docs) < 6 { // random receipts break rules
		flawed.receipt()
	}
	b.connect(sound, "1")
	omsk := b.connect(flawed, "2")
	tree, err := b.fleet.Tree(b.ctx, b.as("boss"))
	require.NoError(t, err)
	for _, n := range tree.Outlets() {
		if n.Parent == omsk.ID {
			n.TimeZone = "Asia/Omsk"
			require.NoError(t, b.fleet.SetNode(b.ctx, b.as("boss"), n))
		}
	}
	b.send(sound, flawed)
	today := func(at time.Time, reg fiscal.RegNumber) string {
		b.now = at
		s := b.made("boss", report.Monitoring, report.Params{}, "Итого касс")
		for _, row := range s.rows {
			if s.text(row, "РНМ") == string(reg) {
				return s.text(row, "Документов за день")
			}
		}
		t.Fatal("not there")
		return ""
	}
	dated := func(r *till, day string) string {
		docs, err := b.docs.Documents(b.ctx, store.DocumentFilter{RegID: r.RegID}, store.Page{Limit: store.MaxLimit})
		require.NoError(t, err)
		n := 0
		for _, d := range docs {
			if d.DateTime.Format(time.DateOnly) == day {
				n++
			}
		}
		return fmt.Sprint(n)
	}
	const day = "2026-08-01"
	require.NotEqual(t, "0", dated(sound, day))
	evening := time.Date(2026, 8, 1, 20, 59, 59, 0, time.UTC)
	assert.Equal(t, dated(sound, day), today(evening, sound.RegID), "23:59:59 in Moscow")
	assert.Equal(t, "0", today(evening.Add(time.Second), sound.RegID), "tomorrow")
	last := dayOf(t, b, flawed)
	end := time.Date(last.Year(), last.Month(), last.Day(), 23, 59, 59, 0, time.FixedZone("Омск", 6*3600))
	assert.Equal(t, dated(flawed, last.Format(time.DateOnly)), today(end, flawed.RegID), "the day of Omsk")
	assert.Equal(t, "0", today(end.Add(time.Second), flawed.RegID))

	var want fiscal.FDNumber
	docs, err := b.docs.Documents(b.ctx, store.DocumentFilter{RegID: flawed.RegID}, store.Page{Limit: store.MaxLimit})
	require.NoError(t, err)
	for _, d := range docs {
		if flk.Worst(d.Findings) == flk.Error {
			want = d.FD
		}
	}
	require.NotZero(t, want, "a document breaks a rule")
	s := b.made("boss", report.Monitoring, report.Params{}, "Итого касс")
	require.Len(t, s.rows, 2)
	assert.Empty(t, s.text(s.rows[0], "Последний ФД с ошибкой ФЛК")+s.text(s.rows[0], "Дата последнего ФД с ошибкой ФЛК"), "none, empty")
	assert.Equal(t, fmt.Sprint(want), s.text(s.rows[1], "Последний ФД с ошибкой ФЛК"))
	assert.NotEmpty(t, s.text(s.rows[1], "Дата последнего ФД с ошибкой ФЛК"))
	assert.Equal(t, "Магазин 1", s.text(s.rows[0], "Торговая точка"))
	assert.Equal(t, "Отдел 1", s.text(s.rows[0], "Подразделение"))
}

// dayOf the newest document of the till.
func dayOf(t *testing.T, b *bench, r *till) time.Time {
	e, err := b.fleet.Registers(b.ctx, b.as("boss"), fleet.Filter{Numbers: []fiscal.RegNumber{r.RegID}})
	require.NoError(t, err)
	require.Len(t, e, 1)
	return e[0].State.LastWall
}
