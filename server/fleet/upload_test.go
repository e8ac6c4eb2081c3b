package fleet_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// table is a workbook with these rows.
func table(t testing.TB, rows ...[]any) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		require.NoError(t, err)
		require.NoError(t, f.SetSheetRow("Sheet1", cell, &row))
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	return b.Bytes()
}

// CAB-063: columns are found by their titles, outlets by name or path; a viewer cut to
// a branch puts registers there only.
func TestUpload_OutletsAndBranches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	north, south := b.shops()
	boss := b.viewer("a")
	for _, dept := range []fleet.Node{north, south} {
		_, err := b.AddNode(b.ctx, boss, fleet.Node{Kind: fleet.Outlet, Name: "Киоск", Parent: dept.ID})
		require.NoError(t, err)
	}
	sheet := table(t, []any{"Торговая точка", "ЗН", "РНМ"}, []any{"Киоск", serial, string(number(11))}, []any{"Север / Киоск", serial, string(number(12))}, []any{"Магазин Юг", serial, string(number(13))},
		[]any{"", serial, string(number(14))})
	lines, err := b.Upload(b.ctx, b.viewer("b", north.ID), bytes.NewReader(sheet))
	require.NoError(t, err)
	require.Len(t, lines, 4)
	problems := func(l fleet.UploadLine) (all string) {
		for _, p := range l.Problems {
			all += p
		}
		return all
	}
	assert.Empty(t, problems(lines[0]), "one kiosk is seen from the branch")
	assert.Empty(t, problems(lines[1]))
	assert.Equal(t, "Торговой точки «Магазин Юг» нет.", problems(lines[2]))
	assert.Equal(t, "Выберите торговую точку.", problems(lines[3]))
	assert.Equal(t, 5, lines[3].Line)
	lines, err = b.Upload(b.ctx, boss, bytes.NewReader(sheet))
	require.NoError(t, err)
	assert.Contains(t, problems(lines[0]), "несколько")
	assert.Contains(t, problems(lines[1]), "уже добавлена")
	assert.Empty(t, problems(lines[2])+problems(lines[3]))
	var refusal *access.Refusal
	_, err = b.Upload(b.ctx, access.View(access.Grant{Org: "o", User: "b", Rights: access.Cashier.Rights()}), bytes.NewReader(sheet))
	require.ErrorAs(t, err, &refusal)
	var bad invalid.Fields
	_, err = b.Upload(b.ctx, boss, bytes.NewReader(table(t, []any{"РНМ"})))
	require.ErrorAs(t, err, &bad)
	assert.Contains(t, bad["file"], "ЗН")
}

// Whatever is uploaded is taken or refused with words.
func FuzzUpload(f *testing.F) {
	f.Add([]byte("РНМ;ЗН"))
	f.Add(table(f, []any{"РНМ", "ЗН"}, []any{"1", "2"}))
	template, err := fleet.UploadTemplate()
	require.NoError(f, err)
	f.Add(template)
	f.Add(template[:len(template)/2])
	f.Fuzz(func(t *testing.T, file []byte) {
		b := newBench(t)
		_, err := b.Upload(b.ctx, b.viewer("a"), bytes.NewReader(file))
		var bad invalid.Fields
		if err != nil && !assert.ErrorAs(t, err, &bad) {
			t.FailNow()
		}
	})
}
