package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// uploadColumns are the columns of the template, in order.
var uploadColumns = []struct{ title, example string }{{"РНМ", "0000000001012345"}, {"ЗН", "000000000002"}, {"ФН", "9999078900001234"}, {"Название", "Касса у входа"}, {"Модель", "АТОЛ 30Ф"},
	{"Торговая точка", "Север / Магазин № 1"}, {"Группы", "кафе, юг"}}

// Bounds of an upload.
const (
	maxUploadLines = 2000
	uploadSheet    = "Кассы"
)

// UploadTemplate is an empty workbook to fill in: a header, columns of text, and what to
// write on a sheet of its own.
func UploadTemplate() ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	var b bytes.Buffer
	err := func() error {
		if err := f.SetSheetName("Sheet1", uploadSheet); err != nil {
			return err
		}
		asText := "@"
		text, err := f.NewStyle(&excelize.Style{CustomNumFmt: &asText})
		if err != nil {
			return err
		}
		bold, err := f.NewStyle(&excelize.Style{CustomNumFmt: &asText, Font: &excelize.Font{Bold: true}})
		if err != nil {
			return err
		}
		if err := f.SetColStyle(uploadSheet, "A:G", text); err != nil {
			return err
		}
		if err := f.SetColWidth(uploadSheet, "A", "G", 24); err != nil {
			return err
		}
		if _, err := f.NewSheet("Как заполнять"); err != nil {
			return err
		}
		if err := f.SetColWidth("Как заполнять", "A", "B", 60); err != nil {
			return err
		}
		about := map[string]string{"РНМ": "16 цифр, обязательно", "ЗН": "заводской номер, обязательно", "ФН": "16 цифр, можно не указывать", "Торговая точка": "название точки; если таких несколько — вместе с подразделением, через « / »", "Группы": "через запятую"}
		for i, c := range uploadColumns {
			cell, err := excelize.CoordinatesToCellName(i+1, 1)
			if err != nil {
				return err
			}
			if err := f.SetCellStr(uploadSheet, cell, c.title); err != nil {
				return err
			}
			if err := f.SetCellStyle(uploadSheet, cell, cell, bold); err != nil {
				return err
			}
			if err := f.SetSheetRow("Как заполнять", fmt.Sprintf("A%d", i+1), &[]any{c.title + ": " + about[c.title], "Пример: " + c.example}); err != nil {
				return err
			}
		}
		return f.Write(&b)
	}()
	if err != nil {
		return nil, fmt.Errorf("fleet: making the template: %w", err)
	}
	return b.Bytes(), nil
}

// UploadLine is what came of a line of an uploaded table.
type UploadLine struct {
	Line     int // in the sheet, from 1: the header
	RegID    fiscal.RegNumber
	Name     string
	Problems []string // in Russian; none: the register was connected
}

// Upload connects the registers of a workbook made from the template: good lines are
// connected, of others it says why not (CAB-063). The error is of the file as a whole.
func (s *Service) Upload(ctx context.Context, v access.Viewer, table io.Reader) ([]UploadLine, error) {
	if err := v.Need(access.EditRegisters); err != nil {
		return nil, err
	}
	rows, err := sheetOf(table)
	if err != nil {
		return nil, err
	}
	columns, err := uploadHeader(rows)
	if err != nil {
		return nil, err
	}
	if len(rows)-1 > maxUploadLines {
		return nil, invalid.Fields{"file": fmt.Sprintf("Строк больше %d: разделите таблицу.", maxUploadLines)}
	}
	tree, err := s.Tree(ctx, v)
	if err != nil {
		return nil, err
	}
	var lines []UploadLine
	for i, row := range rows[1:] {
		cell := func(title string) string {
			if n, ok := columns[title]; ok && n < len(row) {
				return strings.TrimSpace(row[n])
			}
			return ""
		}
		if strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		line := UploadLine{Line: i + 2, RegID: fiscal.RegNumber(cell("РНМ")), Name: cell("Название")}
		r := Register{RegID: line.RegID, Serial: cell("ЗН"), FN: fiscal.FNNumber(cell("ФН")), Name: line.Name, Model: cell("Модель"), Groups: strings.Split(cell("Группы"), ",")}
		var problem string
		if r.Outlet, problem = outletNamed(tree, cell("Торговая точка")); problem != "" {
			line.Problems = append(line.Problems, problem)
			lines = append(lines, line)
			continue
		}
		connected, err := s.Connect(ctx, v, r)
		var bad invalid.Fields
		switch {
		case errors.As(err, &bad):
			for _, field := range []string{"", "regId", "serial", "fn", "name", "outlet"} {
				if text := bad[field]; text != "" {
					line.Problems = append(line.Problems, text)
				}
			}
		case err != nil:
			return lines, err
		default:
			line.Name = connected.Name
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil, invalid.Fields{"file": "В таблице нет ни одной кассы: первая строка — заголовок, кассы — со второй."}
	}
	return lines, nil
}

// sheetOf reads the first sheet of a workbook. Whatever people upload gets here: a
// library that panics on it must not take more than the upload with it.
func sheetOf(table io.Reader) (rows [][]string, err error) {
	defer func() {
		if recover() != nil {
			rows, err = nil, errNoTable
		}
	}()
	f, err := excelize.OpenReader(table, excelize.Options{UnzipSizeLimit: 64 << 20, UnzipXMLSizeLimit: 32 << 20})
	if err != nil {
		return nil, errNoTable
	}
	defer f.Close()
	rows, err = f.GetRows(f.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, errNoTable
	}
	return rows, nil
}

var errNoTable = invalid.Fields{"file": "Это не таблица xlsx: скачайте шаблон и заполните его."}

// uploadHeader finds the columns by their titles, in whatever order.
func uploadHeader(rows [][]string) (map[string]int, error) {
	columns := map[string]int{}
	if len(rows) > 0 {
		for n, title := range rows[0] {
			columns[strings.TrimSpace(title)] = n
		}
	}
	for _, must := range []string{"РНМ", "ЗН"} {
		if _, ok := columns[must]; !ok {
			return nil, invalid.Fields{"file": "В первой строке нет столбца «" + must + "»: скачайте шаблон и заполните его."}
		}
	}
	return columns, nil
}

// outletNamed is the id of an outlet by its name or the path of names.
func outletNamed(t *Tree, name string) (id, problem string) {
	if name == "" {
		return "", ""
	}
	for _, n := range t.Outlets() {
		switch {
		case t.FullName(n.ID) == name:
			return n.ID, ""
		case n.Name == name && id != "":
			problem = "Точек «" + name + "» несколько: укажите вместе с подразделением."
		case n.Name == name:
			id = n.ID
		}
	}
	if id == "" {
		return "", "Торговой точки «" + name + "» нет."
	}
	return id, problem
}
