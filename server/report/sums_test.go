package report_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/fleet"
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
	t.Run("REP-03", func(t *testing.T) { goodsEqual(t, b, tills) })
}

// words of a line that no sum tells: where, what, when and who.
func (s *sheet) words(t *testing.T, row []string, names map[fiscal.RegNumber]string, r *till, f fields, what string) {
	t.Helper()
	number := strings.TrimPrefix(names[r.RegID], "Касса ")
	require.Equal(t, []string{"Магазин " + number, "Отдел " + number, "Касса " + number, string(r.RegID), string(r.FN)},
		[]string{s.text(row, "Торговая точка"), s.text(row, "Подразделение"), s.text(row, "Касса"), s.text(row, "РНМ"), s.text(row, "ФН")}, what)
	cashier := ""
	if len(f[1021]) > 0 {
		cashier = "Иванов И.И."
	}
	require.Equal(t, cashier, s.text(row, "Кассир"), what)
}

// names of the registers.
func (b *bench) names() map[fiscal.RegNumber]string {
	all, err := b.fleet.Registers(b.ctx, b.as("boss"), fleet.Filter{})
	require.NoError(b.t, err)
	by := map[fiscal.RegNumber]string{}
	for _, e := range all {
		by[e.RegID] = e.Name
	}
	return by
}

// moment of a cell that is a real date.
func (s *sheet) moment(row []string, title string) time.Time {
	days, err := strconv.ParseFloat(s.text(row, title), 64)
	require.NoError(s.t, err, title)
	at, err := excelize.ExcelDateToTime(days, false)
	require.NoError(s.t, err, title)
	return at.Round(time.Second)
}

// names of documents and signs of settlement, as papers have them.
var (
	documentNames = map[fiscal.Form]string{1: "отчет о регистрации", 2: "отчет об открытии смены", 3: "кассовый чек", 4: "бланк строгой отчетности", 5: "отчет о закрытии смены",
		31: "кассовый чек коррекции", 41: "бланк строгой отчетности коррекции"}
	settlements = [...]string{1: "приход", 2: "возврат прихода", 3: "расход", 4: "возврат расхода"}
)

func documentsEqual(t *testing.T, b *bench, tills []*till, p report.Params) {
	s := b.made("boss", report.Documents, p, "Итого: приход")
	names := b.names()
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
			what := fmt.Sprintf("document %d of %s", d.FD, d.FN)
			s.words(t, row, names, r, f, what)
			require.Equal(t, at, s.moment(row, "Дата и время"), what)
			require.Equal(t, documentNames[d.Form], s.text(row, "Вид документа"), what)
			require.Equal(t, factory, s.text(row, "ЗН"), what)
			require.Equal(t, fmt.Sprintf("%010d", binary.BigEndian.Uint32(f[1077][0][2:])), s.text(row, "ФПД"), what)
			require.Equal(t, fmt.Sprint(f.number(1038)), cmp.Or(s.text(row, "Смена"), "0"), what)
			require.Equal(t, settlements[f.number(1054)], s.text(row, "Признак расчёта"), what)
			require.Equal(t, map[int64]string{0: "", 1: "ОСН"}[f.number(1055)], s.text(row, "Налогообложение"), what)
			require.Equal(t, "не передан", s.text(row, "Состояние в ФНС"), what)
			var want money
			total := ""
			switch d.Form {
			case 31, 41:
				want, total = recount(f), "Итого: коррекции"
			case 3, 4:
				want = recount(f)
				total = "Итого: " + settlements[f.number(1054)]
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
	names := b.names()
	type shift struct {
		numbers [3]int64 // чеков, возвратов, коррекций
		sums    [3]int64 // приход, возвраты, коррекции
		net     money
		open    int64
		closed  int64
		f       fields // of the opening report
		till    *till
		at      [2]time.Time // opened and closed
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
				one.open, one.f, one.till, one.at[0] = int64(d.FD), f, r, time.Unix(f.number(1012), 0).UTC()
				want[key] = one
			case 5:
				one.closed, one.at[1] = int64(d.FD), time.Unix(f.number(1012), 0).UTC()
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
		require.Equal(t, w.at, [2]time.Time{s.moment(row, "Открыта"), s.moment(row, "Закрыта")}, key)
		s.words(t, row, names, w.till, w.f, key)
		check(row, w, key)
		delete(want, key)
	}
	require.Empty(t, want)
	check(s.totals[0], &all, "totals")
	total, err := b.money.Total(b.ctx, []ledger.Part{b.sight(whole())})
	require.NoError(t, err)
	require.EqualValues(t, all.net[0], total.Net(), "the screen says the same")
	t.Logf("%d shifts equal to the kopeck", len(s.rows))
}

// goodsEqual recounts the items of all receipts: what was sold less what was returned.
func goodsEqual(t *testing.T, b *bench, tills []*till) {
	s := b.made("boss", report.Goods, whole(), "Итого")
	type item struct{ revenue, returned, receipts, sold, quantity int64 }
	want := map[string]*item{}
	revenue := int64(0)
	for _, r := range tills {
		for _, d := range r.docs {
			f := split(split(d.STLV)[uint16(d.Form)][0])
			if kind := f.number(1054); (d.Form != 3 && d.Form != 4) || kind > 2 {
				continue
			}
			for _, raw := range f[1059] {
				one := split(raw)
				name, err := charmap.CodePage866.NewDecoder().Bytes(one[1030][0])
				require.NoError(t, err)
				key := fmt.Sprintf("%s/%d", name, one.number(1199))
				if want[key] == nil {
					want[key] = &item{}
				}
				w, sum := want[key], one.number(1043)
				quantity := fields{1: [][]byte{one[1023][0][1:]}}.number(1) // without decimals here
				if f.number(1054) == 2 {
					w.returned, w.revenue, revenue = w.returned+sum, w.revenue-sum, revenue-sum
					continue
				}
				w.revenue, w.sold, w.quantity, revenue = w.revenue+sum, w.sold+sum, w.quantity+quantity, revenue+sum
				w.receipts++
			}
		}
	}
	require.Len(t, s.rows, len(want))
	rates := [...]string{"", "20 %", "10 %", "20/120", "10/110", "0 %", "без НДС", "5 %", "7 %", "5/105", "7/107", "22 %", "22/122"}
	last := int64(math.MaxInt64)
	for i, row := range s.rows {
		key := fmt.Sprintf("%s/%d", s.text(row, "Наименование"), slices.Index(rates[:], s.text(row, "Ставка НДС")))
		w := want[key]
		require.NotNil(t, w, key)
		require.Equal(t, fmt.Sprint(i+1), s.text(row, "Место"))
		require.Equal(t, w.revenue, s.kopecks(row, "Выручка"), key)
		require.LessOrEqual(t, w.revenue, last, "the greatest first")
		last = w.revenue
		require.Equal(t, w.returned, s.kopecks(row, "Возвраты"), key)
		require.Equal(t, fmt.Sprint(w.receipts), s.text(row, "Чеков"), key)
		require.Equal(t, fmt.Sprint(w.quantity), s.text(row, "Количество"), key)
		require.Equal(t, "шт.", s.text(row, "Мера"), key)
		share, err := strconv.ParseFloat(s.text(row, "Доля, %"), 64)
		require.NoError(t, err)
		require.InDelta(t, 100*float64(w.revenue)/float64(revenue), share, 1e-6, key)
		if w.quantity > 0 {
			require.InDelta(t, float64(w.sold)/float64(w.quantity), s.kopecks(row, "Средняя цена"), 0.51, key)
		}
		delete(want, key)
	}
	require.Empty(t, want)
	require.Equal(t, revenue, s.kopecks(s.totals[0], "Выручка"))
	total, err := b.money.Total(b.ctx, []ledger.Part{b.sight(whole())})
	require.NoError(t, err)
	require.EqualValues(t, revenue, total.Net(), "the screen says the same")
}

// layouts of section 22: the columns of every report in their order, and what is in them:
// t text, n number, m money, d moment, q quantity, p per cent.
var layouts = map[report.Kind]string{
	report.Documents: "Торговая точка:t Подразделение:t Касса:t РНМ:t ЗН:t ФН:t Смена:n Номер документа:n ФПД:t Дата и время:d Вид документа:t Признак расчёта:t Налогообложение:t Кассир:t Сумма:m Наличные:m Безналичные:m Аванс:m Кредит:m Иное:m " + rateLayout + " Состояние в ФНС:t",
	report.Shifts:    "Торговая точка:t Подразделение:t Касса:t РНМ:t ФН:t Смена:n Открыта:d ФД открытия:n Закрыта:d ФД закрытия:n Кассир:t Чеков:n Приход:m Возвратов:n Возвраты:m Выручка:m Наличные:m Безналичные:m Иные виды оплаты:m " + rateLayout + " Коррекций:n Коррекции:m",
	report.Goods:     "Место:n Наименование:t Количество:q Мера:t Выручка:m Доля, %:p Чеков:n Средняя цена:m Возвраты:m Ставка НДС:t",
	report.Usage:     "Касса:t РНМ:t Торговая точка:t Подключена:d На обслуживании с:d На обслуживании по:d Дней с документами:n Документов:n Использовалась:t",
	report.Monitoring: "Касса:t РНМ:t Торговая точка:t Подразделение:t Состояние:t смена: цвет:t смена:t передача данных: цвет:t передача данных:t подключение к ОФД: цвет:t подключение к ОФД:t " +
		"замена фискального накопителя: цвет:t замена фискального накопителя:t Причина:t Документов за день:n Последний документ:d Последний ФД с ошибкой ФЛК:n Дата последнего ФД с ошибкой ФЛК:d",
}

const rateLayout = "НДС 20 %:m НДС 10 %:m НДС 20/120:m НДС 10/110:m НДС 5 %:m НДС 7 %:m НДС 5/105:m НДС 7/107:m НДС 22 %:m НДС 22/122:m Сумма по ставке 0 %:m Сумма без НДС:m"

var layoutColumn = regexp.MustCompile(`(.+?):([tnmdqp])(?: |$)`)

// REP-01, REP-02, REP-03, REP-04, REP-08: columns are those of the layout in its order,
// data begin right below the header, dates are dates, sums numbers with two decimals,
// numbers of registers and drives texts.
func TestXLSX_Layouts(t *testing.T) {
	b := newBench(t)
	tills := []*till{newPlainTill(1, fiscal.FFD12)}
	tills[0].live(3)
	for tills[0].Number == 0 {
		tills[0].live(1)
	}
	b.connect(tills[0], "1")
	b.keep(tills...)
	require.Len(t, layouts, len(report.Kinds(b.as("boss"))))
	formats := map[string]string{"m": "#,##0.00", "d": "dd.mm.yyyy hh:mm:ss", "n": "#,##0", "q": "#,##0.######", "p": "0.00"}
	for kind, layout := range layouts {
		p := whole()
		if kind == report.Monitoring {
			p = report.Params{}
		}
		s := b.made("boss", kind, p, "Итого")
		columns := layoutColumn.FindAllStringSubmatch(layout, -1)
		require.Len(t, s.columns, len(columns), string(kind))
		seen := map[string]int{}
		for i, c := range columns {
			require.Equal(t, i, s.columns[c[1]], "%s: %s", kind, c[1])
			for n := range s.rows {
				cell, err := excelize.CoordinatesToCellName(i+1, n+2)
				require.NoError(t, err)
				if s.text(s.rows[n], c[1]) == "" {
					continue
				}
				seen[c[2]]++
				is, err := s.f.GetCellType("Отчет", cell)
				require.NoError(t, err)
				if c[2] == "t" {
					require.Contains(t, []excelize.CellType{excelize.CellTypeInlineString, excelize.CellTypeSharedString}, is, "%s: %s %s", kind, c[1], cell)
					continue
				}
				require.Contains(t, []excelize.CellType{excelize.CellTypeUnset, excelize.CellTypeNumber, excelize.CellTypeDate}, is, "%s: %s %s", kind, c[1], cell)
				id, err := s.f.GetCellStyle("Отчет", cell)
				require.NoError(t, err)
				style, err := s.f.GetStyle(id)
				require.NoError(t, err)
				require.NotNil(t, style.CustomNumFmt, "%s: %s", kind, c[1])
				require.Equal(t, formats[c[2]], *style.CustomNumFmt, "%s: %s", kind, c[1])
			}
		}
		require.Positive(t, seen["t"], string(kind))
		require.Positive(t, seen["n"], string(kind))
		require.NotEmpty(t, s.rows[0], "data right below the header")
	}
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
