package report_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// shiftsOfTest is how many random shifts are recounted.
func shiftsOfTest() int {
	if torture() {
		return 1000
	}
	return 200
}

func torture() bool { return os.Getenv("TORTURE") != "" }

// town is a bench with tills that have lived so many shifts. When whole, documents are
// signed and go through an operator, which takes long under the race detector.
func town(t *testing.T, shifts int, whole bool) (*bench, []*till) {
	b := newBench(t)
	tills := make([]*till, 10)
	for i := range tills {
		newOne := newPlainTill
		if whole {
			newOne = newTill
		}
		tills[i] = newOne(i+1, []fiscal.FFD{fiscal.FFD105, fiscal.FFD11, fiscal.FFD12}[i%3])
		tills[i].live((shifts + len(tills) - 1) / len(tills))
		b.connect(tills[i], fmt.Sprint(i+1))
	}
	if whole {
		b.send(tills...)
	} else {
		b.keep(tills...)
	}
	return b, tills
}

// REP-01, REP-02, CAB-125, CAB-126, DEC-11: every line and every total of both reports is
// what the raw documents add up to by another reader, to the kopeck.
func TestReports_EqualToTheKopeck(t *testing.T) {
	b, tills := town(t, shiftsOfTest(), torture())
	t.Run("REP-01", func(t *testing.T) { documentsEqual(t, b, tills, whole()) })
	part := whole()
	part.To = time.Date(2026, 8, 3, 12, 30, 0, 0, time.UTC)
	part.Registers = []fiscal.RegNumber{tills[0].RegID, tills[4].RegID, tills[5].RegID}
	t.Run("REP-01 of a part", func(t *testing.T) { documentsEqual(t, b, []*till{tills[0], tills[4], tills[5]}, part) })
	t.Run("REP-02", func(t *testing.T) { shiftsEqual(t, b, tills) })
}

func documentsEqual(t *testing.T, b *bench, tills []*till, p report.Params) {
	s := b.made("boss", report.Documents, p, "Итого: приход")
	byKey := map[string][]string{}
	for _, row := range s.rows {
		byKey[s.text(row, "ФН")+"/"+s.text(row, "Номер документа")] = row
	}
	require.Len(t, byKey, len(s.rows), "each document once")
	totals := map[string]*money{}
	counts := map[string]int{}
	documents := 0
	for _, r := range tills {
		for _, d := range r.docs {
			f := split(split(d.STLV)[uint16(d.Form)][0])
			at := time.Unix(f.number(1012), 0).UTC()
			if at.Before(p.From) || !at.Before(p.To) {
				continue
			}
			documents++
			row := byKey[fmt.Sprintf("%s/%d", d.FN, d.FD)]
			require.NotNil(t, row, "document %d of %s", d.FD, d.FN)
			require.Equal(t, string(r.RegID), s.text(row, "РНМ"))
			var want money
			total := ""
			switch d.Form {
			case 31, 41:
				want, total = recount(f), "Итого: коррекции"
			case 3, 4:
				want = recount(f)
				total = "Итого: " + [...]string{1: "приход", 2: "возврат прихода", 3: "расход", 4: "возврат расхода"}[f.number(1054)]
			}
			require.Equal(t, want, s.money(row), "document %d of %s", d.FD, d.FN)
			if total != "" {
				if totals[total] == nil {
					totals[total] = &money{}
				}
				totals[total].add(want, 1)
				counts[total]++
			}
		}
	}
	require.Len(t, s.rows, documents)
	revenue := money{}
	revenue.add(*totals["Итого: приход"], 1)
	revenue.add(*totals["Итого: возврат прихода"], -1)
	require.Len(t, s.totals, len(totals)+1)
	for _, row := range s.totals[:len(s.totals)-1] {
		require.Equal(t, *totals[row[0]], s.money(row), row[0])
		require.Equal(t, fmt.Sprint(counts[row[0]]), s.text(row, "Номер документа"))
	}
	last := s.totals[len(s.totals)-1]
	require.Equal(t, "Выручка", last[0])
	require.Equal(t, revenue, s.money(last))
	total, err := b.money.Total(b.ctx, []ledger.Part{b.sight(p)})
	require.NoError(t, err)
	require.EqualValues(t, revenue[0], total.Net(), "the screen says the same")
	require.EqualValues(t, revenue[1], total.Cash())
	require.EqualValues(t, revenue[2], total.Ecash())
	t.Logf("%d documents equal to the kopeck", documents)
}

func shiftsEqual(t *testing.T, b *bench, tills []*till) {
	s := b.made("boss", report.Shifts, whole(), "Итого")
	type shift struct {
		numbers [3]int64 // чеков, возвратов, коррекций
		sums    [3]int64 // приход, возвраты, коррекции
		net     money
		open    int64
		closed  int64
	}
	want := map[string]*shift{}
	all := shift{}
	for _, r := range tills {
		for _, d := range r.docs {
			f := split(split(d.STLV)[uint16(d.Form)][0])
			key := fmt.Sprintf("%s/%d", d.FN, f.number(1038))
			one := want[key]
			if one == nil {
				one = &shift{}
			}
			m := recount(f)
			for _, sum := range []*shift{one, &all} {
				switch kind := f.number(1054); {
				case d.Form == 31 || d.Form == 41:
					sum.numbers[2]++
					sum.sums[2] += m[0]
				case d.Form == 3 || d.Form == 4:
					if kind == 1 || kind == 2 {
						sum.numbers[kind-1]++
						sum.sums[kind-1] += m[0]
						sum.net.add(m, 3-2*kind)
					}
				}
			}
			switch d.Form {
			case 2:
				one.open = int64(d.FD)
				want[key] = one
			case 5:
				one.closed = int64(d.FD)
			}
		}
	}
	check := func(row []string, w *shift, what string) {
		for i, title := range []string{"Чеков", "Возвратов", "Коррекций"} {
			require.Equal(t, fmt.Sprint(w.numbers[i]), s.text(row, title), what)
		}
		for i, title := range []string{"Приход", "Возвраты", "Коррекции"} {
			require.Equal(t, w.sums[i], s.kopecks(row, title), what+" "+title)
		}
		require.Equal(t, w.net[0], s.kopecks(row, "Выручка"), what)
		require.Equal(t, w.net[1], s.kopecks(row, "Наличные"), what)
		require.Equal(t, w.net[2], s.kopecks(row, "Безналичные"), what)
		require.Equal(t, w.net[3]+w.net[4]+w.net[5], s.kopecks(row, "Иные виды оплаты"), what)
		for i, title := range titles[6:] {
			require.Equal(t, w.net[6+i], s.kopecks(row, title), what+" "+title)
		}
	}
	require.GreaterOrEqual(t, len(want), shiftsOfTest())
	require.Len(t, s.rows, len(want))
	for _, row := range s.rows {
		key := s.text(row, "ФН") + "/" + s.text(row, "Смена")
		w := want[key]
		require.NotNil(t, w, key)
		require.Equal(t, fmt.Sprint(w.open), s.text(row, "ФД открытия"))
		require.Equal(t, fmt.Sprint(w.closed), s.text(row, "ФД закрытия"))
		check(row, w, key)
		delete(want, key)
	}
	require.Empty(t, want)
	check(s.totals[0], &all, "totals")
	t.Logf("%d shifts equal to the kopeck", len(s.rows))
}

// REP-01: dates are dates, sums are numbers with two decimals, numbers with leading
// zeros are texts; data follow the header at once.
func TestXLSX_CellsAreWhatTheyShouldBe(t *testing.T) {
	b := newBench(t)
	r := newTill(1, fiscal.FFD12)
	r.docs = append(r.docs, r.OpenShift(), r.Receipt(123450), r.CloseShift())
	b.connect(r, "1")
	b.send(r)
	s := b.made("boss", report.Documents, whole(), "Итого: приход")
	shown := func(cell string) string {
		v, err := s.f.GetCellValue("Отчет", cell)
		require.NoError(t, err)
		return v
	}
	kind := func(cell string) excelize.CellType {
		k, err := s.f.GetCellType("Отчет", cell)
		require.NoError(t, err)
		return k
	}
	name := func(title string, row int) string {
		c, err := excelize.CoordinatesToCellName(s.columns[title]+1, row)
		require.NoError(t, err)
		return c
	}
	assert.Equal(t, "Торговая точка", shown("A1"))
	assert.Equal(t, "Магазин 1", shown("A2"), "data right below the header")
	const receipt = 4 // after registration and opening
	assert.Equal(t, string(r.RegID), shown(name("РНМ", receipt)))
	assert.Equal(t, "0", shown(name("РНМ", receipt))[:1], "leading zeros stay")
	for _, title := range []string{"РНМ", "ЗН", "ФН", "ФПД"} {
		assert.Contains(t, []excelize.CellType{excelize.CellTypeInlineString, excelize.CellTypeSharedString}, kind(name(title, receipt)), title)
	}
	assert.Len(t, shown(name("ФПД", receipt)), 10)
	assert.Equal(t, "1,234.50", shown(name("Сумма", receipt)), "roubles with two decimals")
	assert.NotContains(t, []excelize.CellType{excelize.CellTypeInlineString, excelize.CellTypeSharedString}, kind(name("Сумма", receipt)), "a number")
	assert.Equal(t, "01.08.2026 11:02:00", shown(name("Дата и время", receipt)))
	serial, err := s.f.GetCellValue("Отчет", name("Дата и время", receipt), excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	assert.Contains(t, serial, "46235.459", "a real date: days since 1899-12-30")
	about, err := s.f.GetRows("Параметры")
	require.NoError(t, err)
	assert.Equal(t, []string{"ИНН", "7702203276"}, about[2])
}
