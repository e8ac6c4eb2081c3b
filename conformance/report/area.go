package report

import (
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/conformance"
)

// Area is a group of results: those whose paths begin alike.
type Area struct {
	Name    string // first part of the path
	Title   string // in Russian; the name when there is none
	Results []*Result
}

// Areas groups the results in the order in which areas first come.
func (r *Run) Areas() []Area {
	var areas []Area
	at := map[string]int{}
	for i := range r.Results {
		k := &r.Results[i]
		n, ok := at[k.Area()]
		if !ok {
			n = len(areas)
			at[k.Area()] = n
			areas = append(areas, Area{Name: k.Area(), Title: areaTitle(k.Area())})
		}
		areas[n].Results = append(areas[n].Results, k)
	}
	return areas
}

var areaTitles = map[string]string{
	"registration": "Регистрация", "reregistration": "Перерегистрация", "re-registration": "Перерегистрация", "shift": "Смена",
	"receipt": "Передача чеков", "correction": "Коррекция", "expiry": "Ресурс и память ФН", "archive": "Закрытие архива",
	"close": "Закрытие архива", "post-fiscal": "Постфискальный режим", "postfiscal": "Постфискальный режим", "outage": "Недоступность ОФД",
	"header": "Заголовки и контрольные коды", "number": "Номера", "sign": "Фискальные признаки", "limit": "Размеры и сроки",
	"marking": "Маркировка", "flk": "Форматно-логический контроль", "crc": "Контрольные коды", "transport": "Транспорт",
	"memory": "Ресурс и память ФН", "change": "Изменение регистрации", "life": "Жизнь и закрытие ФН", "exchange": "Обмен с ОФД", "drive": "Фискальный накопитель", "reading": "Чтение архива", "fn": "Фискальный накопитель", "peer": "Медленный собеседник",
	"closing": "Закрытие ФН", "reply": "Ответы оператора", "pair": "Оба конца вместе", "till": "Касса: документы", "till-exchange": "Касса: обмен с ОФД",
}

func areaTitle(name string) string {
	if t := areaTitles[name]; t != "" {
		return t
	}
	if of, ok := strings.CutPrefix(name, "kkt-"); ok && areaTitles[of] != "" {
		return "Касса: " + areaTitles[of]
	}
	return name
}

// markOrder is from firm to own; other marks follow.
var markOrder = []conformance.Mark{conformance.Doc, conformance.Cap, conformance.Code, conformance.Obs, conformance.TB}

// column is a column of the matrix: one mark, or one level.
type column struct {
	Name, Hint string
	has        func(*Result) bool
}

var markHints = map[conformance.Mark]string{
	conformance.Doc: "текст официальной бумаги", conformance.Cap: "опубликованные байты настоящего накопителя",
	conformance.Code: "открытый код, работающий с настоящими устройствами", conformance.Obs: "наблюдения людей",
	conformance.TB: "решение самого стенда, только предупреждает",
}

// columns of the matrix: the marks that occur, then the levels that occur.
func (r *Run) columns() []column {
	var all []column
	marks := slices.Clone(markOrder)
	var levels []conformance.Level
	for i := range r.Results {
		k := &r.Results[i]
		if !slices.Contains(marks, k.Mark) {
			marks = append(marks, k.Mark)
		}
		if k.Level != "" && !slices.Contains(levels, k.Level) {
			levels = append(levels, k.Level)
		}
	}
	for _, m := range marks {
		c := column{string(m), markHints[m], func(k *Result) bool { return k.Mark == m }}
		if slices.ContainsFunc(r.Results, func(k Result) bool { return c.has(&k) }) {
			all = append(all, c)
		}
	}
	slices.Sort(levels)
	for _, l := range levels {
		all = append(all, column{string(l), "строгость требования", func(k *Result) bool { return k.Level == l }})
	}
	return all
}

// matrix counts results by area and column; the last row sums up.
type matrix struct {
	Columns []column
	Rows    []matrixRow
}

type matrixRow struct {
	Area  Area
	Cells []Counts // one per column, then all of the area
}

func (r *Run) matrix() matrix {
	m := matrix{Columns: r.columns()}
	areas := r.Areas()
	var all []*Result
	for _, a := range areas {
		all = append(all, a.Results...)
	}
	for _, a := range append(areas, Area{Title: "Всего", Results: all}) {
		row := matrixRow{Area: a, Cells: make([]Counts, len(m.Columns)+1)}
		for _, k := range a.Results {
			for i, c := range m.Columns {
				if c.has(k) {
					row.Cells[i].add(k)
				}
			}
			row.Cells[len(m.Columns)].add(k)
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}
