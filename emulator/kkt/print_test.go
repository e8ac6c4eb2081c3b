package kkt

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

func TestPrint_Receipt(t *testing.T) {
	t.Parallel()
	var paper bytes.Buffer
	s := trading(t, Options{Printer: &paper}, registration(fiscal.FFD105))
	paper.Reset()
	res, err := s.Receipt(sale())
	require.NoError(t, err)
	assert.Equal(t, res.Text+"\n", paper.String())
	for _, want := range []string{"КАССОВЫЙ ЧЕК", "Хлеб", "100.00", res.FPD.Paper(), string(testFN), "█"} {
		assert.Contains(t, res.Text, want)
	}
	code, err := QR(res.QR)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(res.Text, strings.Join(code, "\n")+"\n"), "the code stands whole at the end")
}

func TestPrint_FailingPrinterIsAWarning(t *testing.T) {
	t.Parallel()
	s := trading(t, Options{Printer: failingWriter{}}, registration(fiscal.FFD105))
	res, err := s.Receipt(sale())
	require.NoError(t, err)
	assert.Contains(t, strings.Join(res.Warnings, ""), "не напечатан")
}

// The code has its three finder patterns: 7 modules of dark at the top left, two
// modules a line.
func TestQR_Draws(t *testing.T) {
	t.Parallel()
	lines, err := QR("t=20260601T0900&s=100.00&fn=9999078902000001&i=3&fp=24771639&n=1")
	require.NoError(t, err)
	width := len([]rune(lines[0]))
	for _, l := range lines {
		assert.Len(t, []rune(l), width)
	}
	assert.Equal(t, (width+1)/2, len(lines))
	assert.Equal(t, "    █▀▀▀▀▀█", string([]rune(lines[2])[:11]))
}

func TestNoReadBack(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{NoReadBack: true}, fn.Options{})
	res, err := s.Register(registration(fiscal.FFD12))
	require.NoError(t, err)
	assert.Nil(t, res.STLV)
	_, err = s.OpenShift(Cashier{})
	require.NoError(t, err)
	res, err = s.Receipt(sale())
	require.NoError(t, err)
	assert.Contains(t, res.QR, "&i=3&")
}

// A receipt as JSON in the tax service's names.
func TestReceipt_JSON(t *testing.T) {
	t.Parallel()
	text := `{"operationType":1,"appliedTaxationType":1,"operator":"Иванова","items":[{"name":"Сыр","price":35900,"quantity":2.926,
		"itemsQuantityMeasure":11,"nds":2,"sum":105043,"productType":1,"paymentType":4}],"cashTotalSum":105043,"ecashTotalSum":0,
		"prepaidSum":0,"creditSum":0,"provisionSum":0}`
	var rec Receipt
	require.NoError(t, json.Unmarshal([]byte(text), &rec))
	assert.Equal(t, "2.926", rec.Items[0].Quantity.String())
	s := trading(t, Options{}, registration(fiscal.FFD12))
	s.clean(t, s.must(s.Receipt(rec)))
	out, err := json.Marshal(rec)
	require.NoError(t, err)
	var again Receipt
	require.NoError(t, json.Unmarshal(out, &again))
	assert.Equal(t, rec, again)
	assert.Error(t, json.Unmarshal([]byte(`{"quantity":1e3}`), &Item{}))
}
