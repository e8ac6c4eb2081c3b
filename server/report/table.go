package report

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Form of the values in a column.
type Form int

// Forms.
const (
	Text     Form = iota // string; also numbers whose leading zeros count
	Number               // int64
	Money                // fiscal.Kopecks, shown in roubles with two decimals
	Moment               // time.Time: date and time as they stand in its zone
	Quantity             // float64, up to six decimals
	Percent              // float64, 100 is all
)

// Column of a table.
type Column struct {
	Title string
	Form  Form
}

// Table is a report as rows: those of data, then those of totals. A cell is nil or
// what the column's form says; the first cell of a total is its name.
type Table struct {
	Title   string
	Columns []Column
	Rows    [][]any
	Totals  [][]any
	About   [][2]string // names and values for the sheet of parameters
}

// MaxRows of a report; more do not help a person, and a sheet ends at 1,048,576.
const MaxRows = 200_000

// tooLong is a report with more rows than MaxRows.
type tooLong struct{}

func (tooLong) Error() string { return "report: too many rows" }

func (t *Table) add(cells ...any) error {
	if len(t.Rows) >= MaxRows {
		return tooLong{}
	}
	t.Rows = append(t.Rows, cells)
	return nil
}

func (t *Table) total(cells ...any) { t.Totals = append(t.Totals, cells) }

// Blank cells, n of them.
func blanks(n int) []any { return make([]any, n) }

const (
	sheetName  = "Отчет"
	aboutSheet = "Параметры"
)

// formats of the cells by form.
var formats = map[Form]string{Number: "#,##0", Money: "#,##0.00", Moment: "dd.mm.yyyy hh:mm:ss", Quantity: "#,##0.######", Percent: "0.00"}

var widths = map[Form]float64{Text: 20, Number: 12, Money: 15, Moment: 20, Quantity: 14, Percent: 10}

// XLSX writes the table as a workbook: the header in the first row, data from the
// second, totals at the bottom; what the report is about on a sheet of its own. Dates
// are dates, sums numbers in roubles, texts texts (cabinet.md section 22). A table of
// MaxRows takes the better part of a minute.
func (t *Table) XLSX(ctx context.Context) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	if err := t.write(ctx, f); err != nil {
		return nil, fmt.Errorf("report: writing the workbook: %w", err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, fmt.Errorf("report: writing the workbook: %w", err)
	}
	return b.Bytes(), nil
}

func (t *Table) write(ctx context.Context, f *excelize.File) error {
	if err := f.SetSheetName("Sheet1", sheetName); err != nil {
		return err
	}
	if err := f.SetDocProps(&excelize.DocProperties{Title: t.Title, Creator: "", Language: "ru-RU"}); err != nil {
		return err
	}
	header, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"},
		Border: []excelize.Border{{Type: "bottom", Style: 2, Color: "0B4F8A"}}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E6F0F9"}}})
	if err != nil {
		return err
	}
	plain, bold := make([]int, len(t.Columns)), make([]int, len(t.Columns))
	for i, c := range t.Columns {
		var format *string
		if text, ok := formats[c.Form]; ok {
			format = &text
		}
		if plain[i], err = f.NewStyle(&excelize.Style{CustomNumFmt: format}); err != nil {
			return err
		}
		if bold[i], err = f.NewStyle(&excelize.Style{CustomNumFmt: format, Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EEF2F5"}}}); err != nil {
			return err
		}
	}
	w, err := f.NewStreamWriter(sheetName)
	if err != nil {
		return err
	}
	titles := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		if err := w.SetColWidth(i+1, i+1, widths[c.Form]); err != nil {
			return err
		}
		titles[i] = excelize.Cell{StyleID: header, Value: c.Title}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := w.SetRow("A1", titles); err != nil {
		return err
	}
	row := 1
	for _, part := range []struct {
		rows   [][]any
		styles []int
	}{{t.Rows, plain}, {t.Totals, bold}} {
		cells := make([]any, len(t.Columns))
		for _, values := range part.rows {
			if row++; row%1000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			for i := range cells {
				cells[i] = nil
				if i < len(values) {
					cells[i] = cell(part.styles[i], values[i])
				}
			}
			if err := w.SetRow(fmt.Sprintf("A%d", row), cells); err != nil {
				return err
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return t.writeAbout(f)
}

func (t *Table) writeAbout(f *excelize.File) error {
	if _, err := f.NewSheet(aboutSheet); err != nil {
		return err
	}
	if err := f.SetColWidth(aboutSheet, "A", "B", 40); err != nil {
		return err
	}
	for i, pair := range append([][2]string{{"Отчет", t.Title}}, t.About...) {
		if err := f.SetSheetRow(aboutSheet, fmt.Sprintf("A%d", i+1), &[]any{pair[0], pair[1]}); err != nil {
			return err
		}
	}
	return nil
}

// cell is a value as the workbook has it.
func cell(style int, v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case fiscal.Kopecks:
		return excelize.Cell{StyleID: style, Value: float64(v) / 100} // exact to the kopeck: a VLN has 48 bits
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return excelize.Cell{StyleID: style, Value: v}
	}
	return excelize.Cell{StyleID: style, Value: v}
}
