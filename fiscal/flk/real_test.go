package flk

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

var update = flag.Bool("update", false, "write testdata/real.golden anew")

// realDocument is a document that this project did not make, or a message of the
// protocol's vectors.
type realDocument struct {
	name string
	raw  []byte
	ctx  Context
}

func realDocuments(t testing.TB) (all []realDocument) {
	for _, r := range fiscaltest.RawReceipts() {
		fn, err := r.FNNumber()
		require.NoError(t, err)
		fd := fiscal.FDNumber(r.Header[13])<<16 | fiscal.FDNumber(r.Header[14])<<8 | fiscal.FDNumber(r.Header[15])
		all = append(all, realDocument{r.Name, r.STLV, headerOf(fiscal.Form(r.Header[1]), fn, fd)})
	}
	for i := range fiscaltest.FFD().Captures {
		c := &fiscaltest.FFD().Captures[i]
		if raw := c.STLV(); raw != nil {
			all = append(all, realDocument{c.ID, raw, Context{}})
		}
	}
	messages := fiscaltest.Protocol().TBGOST1.Messages
	for i := range messages {
		if m := &messages[i]; m.Container.STLV.Len > 0 || len(m.PlainSTLV) > 0 {
			all = append(all, realDocument{m.ID, m.STLV(), Context{}})
		}
	}
	return all
}

// exports are receipts of the public JSON files, written as documents.
func exports(t testing.TB) (all []realDocument) {
	read := func(name string, text []byte) {
		if text[0] == '[' { // the tax service's application exports a list
			var list []json.RawMessage
			require.NoError(t, json.Unmarshal(text, &list), name)
			text = list[0]
		}
		d, _, err := ffd.JSONReader{Lenient: true}.Read(text)
		require.NoError(t, err, name)
		all = append(all, realDocument{name, d.Raw, Context{}})
	}
	for _, s := range fiscaltest.FFD().JSONSamples {
		read(s.ID, s.JSON)
	}
	for _, r := range fiscaltest.ReceiptJSONs() {
		read(r.Name, r.Text)
	}
	return all
}

// Real documents are facts: each finding on them was looked at.
//
//   - The 26 archived receipts, receipt-v1 to v7, the change report of cap-01 and
//     the whole exports 05, 07 and ffd12 are clean.
//   - 01 and 02 of the tax service's application are of FFD 1.2 without 2108, even
//     for weighed goods, and one code of 01 the exporter could not read
//     . Both rules come from one secondary source and only warn.
//   - container-form1-yandex is unit-test data of another project, dated before the
//     law applied: a registration number of 12 digits, an INN without check digits,
//     13.04.2016. The document is at fault in I-03 and I-04; in D-03 it is merely
//     older than the rule. The warnings are rows of FFD 1.05 carried back to 1.0.
//   - receipt-echo and tb-receipt carry a made-up INN of the cashier (I-07).
//   - Exports of the set "fnsset" were stripped of drive, register, sign, cashier
//     and sometimes version by who published them (S-07, S-12, R-11).
//   - 16-fnsset: a taxi's agent (1057 = 64) without the supplier's INN. The
//     rule is the order's; the publisher may have dropped the INN.
//   - 11-fnsset: FFD 1.0 with 1055 = 0, why R-02 only warns of that there.
//   - 21-fnsset: an empty 1117.
func TestCheck_RealDocuments(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, d := range append(realDocuments(t), exports(t)...) {
		doc, err := ffd.Decode(d.raw)
		require.NoError(t, err, d.name)
		b.WriteString(d.name + "\n")
		for _, f := range Check(doc, d.ctx, nil) {
			b.WriteString("\t" + brief(f) + "\t" + f.Text + "\n")
		}
	}
	const golden = "testdata/real.golden"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

// Apart from the one document that no operator would take and from the stripped
// exports, nothing real has an error.
func TestCheck_RealDocumentsHaveNoErrors(t *testing.T) {
	t.Parallel()
	for _, d := range append(realDocuments(t), exports(t)...) {
		if d.name == "container-form1-yandex" || strings.Contains(d.name, "-fnsset-") {
			continue
		}
		doc, err := ffd.Decode(d.raw)
		require.NoError(t, err, d.name)
		assert.Less(t, Worst(Check(doc, d.ctx, nil)), Error, d.name)
	}
}

// neg-24 of the protocol's vectors changes total and cash but not the item.
func TestCheck_NegativeMessage(t *testing.T) {
	t.Parallel()
	b := fiscaltest.Protocol().NegativeByID("neg-24").Body()[32:]
	doc, _, err := tlv.Outer(b)
	require.NoError(t, err)
	d, err := ffd.Decode(b[:tlv.HeaderLen+len(doc.Value)])
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"M-02 error 1020", "I-07 warning 1203"}, briefs(Check(d, Context{}, nil)))
}
