package flk

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// baseNames are the clean documents in a fixed order, for seeds.
var baseNames = func() (names []string) {
	for name := range bases {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

// mutate changes a draft at random: drops, doubles, replaces and moves fields at
// any level.
func mutate(t *rapid.T, nodes *[]tlv.Node, depth int) {
	if len(*nodes) == 0 {
		return
	}
	i := rapid.IntRange(0, len(*nodes)-1).Draw(t, "field")
	n := &(*nodes)[i]
	switch rapid.IntRange(0, 5).Draw(t, "change") {
	case 0:
		*nodes = slices.Delete(*nodes, i, i+1)
	case 1:
		*nodes = append(*nodes, *n)
	case 2:
		n.Value, n.Nested, n.Children = rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "value"), false, nil
	case 3:
		n.Tag = tlv.Tag(rapid.Uint16Range(990, 2130).Draw(t, "tag"))
	case 4:
		*nodes = append(*nodes, raw(tlv.Tag(rapid.Uint16().Draw(t, "new tag")), rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "new value")))
	case 5:
		if n.Nested && depth < 4 {
			n.Children = slices.Clone(n.Children)
			mutate(t, &n.Children, depth+1)
		}
	}
}

func TestCheck_NeverPanics(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := bases[rapid.SampledFrom(baseNames).Draw(t, "base")]()
		for range rapid.IntRange(1, 8).Draw(t, "mutations") {
			mutate(t, &d.nodes, 0)
		}
		if rapid.IntRange(0, 9).Draw(t, "other form") == 0 {
			d.form = fiscal.Form(rapid.Uint16Range(0, 100).Draw(t, "form"))
		}
		doc, _ := ffd.Decode(d.encode(t))
		found := Check(doc, headerOf(d.form, testFN, 77), nil)
		for _, f := range found {
			assert.NotEmpty(t, f.Text)
			assert.Contains(t, []Severity{Warning, Error}, f.Severity)
		}
		// Nothing of the first check is left over for the second.
		assert.Equal(t, found, Check(doc, headerOf(d.form, testFN, 77), nil))
	})
}

// A tag that no format has makes a warning wherever it stands and nothing else.
func TestCheck_UnknownTagIsOnlyAWarning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := bases[rapid.SampledFrom(baseNames).Draw(t, "base")]()
		tag := tlv.Tag(rapid.Uint16().Filter(func(n uint16) bool { return ffd.Lookup(tlv.Tag(n)) == nil }).Draw(t, "tag"))
		n := raw(tag, rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "value"))
		at := rapid.IntRange(0, len(d.nodes)).Draw(t, "at")
		d.nodes = slices.Insert(d.nodes, at, n)
		want := []string{"S-05 warning " + tlv.PathString([]tlv.Tag{tag})}
		if item := tlv.Lookup(d.nodes, ffd.TagItem); item != nil {
			item.Children = append(item.Children, n)
			want = append(want, "S-05 warning "+tlv.PathString([]tlv.Tag{ffd.TagItem, tag}))
		}
		require.ElementsMatch(t, want, briefs(Check(d.decode(t), Context{}, nil)))
	})
}

// S-11: the order of requisites is free.
func TestCheck_OrderIsFree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := bases[rapid.SampledFrom(baseNames).Draw(t, "base")]()
		d.nodes = rapid.Permutation(d.nodes).Draw(t, "order")
		require.Empty(t, Check(d.decode(t), Context{}, nil))
	})
}

func FuzzCheck(f *testing.F) {
	for _, name := range baseNames {
		f.Add(bases[name]().encode(f), uint16(bases[name]().form), uint8(0))
	}
	for _, r := range fiscaltest.RawReceipts() {
		f.Add(r.STLV, uint16(3), uint8(4))
	}
	f.Add([]byte{}, uint16(0), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, form uint16, version uint8) {
		if len(b) > 1<<16 {
			return
		}
		doc, err := ffd.Decode(b)
		ctx := headerOf(fiscal.Form(form), testFN, 77)
		ctx.FFD, ctx.Now, ctx.OFD = fiscal.FFD(version), now, testOFD
		found := Check(doc, ctx, nil)
		if err != nil && len(b) >= tlv.HeaderLen && !slices.Contains(briefIDs(briefs(found)), "S-02") {
			t.Fatalf("broken document (%v) without S-02: %v", err, found)
		}
		for _, finding := range found {
			if finding.Text == "" || finding.Code == 0 {
				t.Fatalf("finding without a text or a code: %+v", finding)
			}
		}
	})
}

// typical is a receipt of five items and some 600 bytes.
func typical(t require.TestingT) []byte {
	d := receipt105()
	for range 3 {
		add(bread())(d)
	}
	for _, e := range edits(set(vln(ffd.TagTotalSum, 12345*4+24738)), set(vln(ffd.TagCashTotalSum, 12345*4)), set(vln(ffd.TagNDS10, 1122*4)),
		set(text(ffd.TagFNSSite, "www.nalog.gov.ru")), set(inn(ffd.TagCashierINN, "500100732259")), set(text(ffd.TagRetailPlace, "Магазин у дома"))) {
		e(d)
	}
	return d.encode(t)
}

func TestCheck_TypicalReceiptIsClean(t *testing.T) {
	t.Parallel()
	b := typical(t)
	assert.InDelta(t, 600, len(b), 100)
	doc, err := ffd.Decode(b)
	require.NoError(t, err)
	ctx := headerOf(3, testFN, 77)
	ctx.Now = now
	require.Nil(t, Check(doc, ctx, nil))
}

// Not parallel: it counts the allocations of the process.
func TestCheck_CleanDocumentAllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets under the race detector")
	}
	doc, err := ffd.Decode(typical(t))
	require.NoError(t, err)
	ctx := headerOf(3, testFN, 77)
	ctx.Now = now
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { Check(doc, ctx, nil) }), 4.0)
}

func BenchmarkCheck(b *testing.B) {
	raw := typical(b)
	doc, err := ffd.Decode(raw)
	require.NoError(b, err)
	ctx := headerOf(3, testFN, 77)
	ctx.Now = now
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if Check(doc, ctx, nil) != nil {
			b.Fatal("findings")
		}
	}
}

func BenchmarkDecodeAndCheck(b *testing.B) {
	raw := typical(b)
	ctx := headerOf(3, testFN, 77)
	ctx.Now = now
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		doc, err := ffd.Decode(raw)
		if err != nil || Check(doc, ctx, nil) != nil {
			b.Fatal("findings")
		}
	}
}

// BenchmarkPlans is what the first document of a process costs.
func BenchmarkPlans(b *testing.B) {
	ffd.Rows(fiscal.FFD105, fiscal.FormReceipt)
	b.ReportAllocs()
	for b.Loop() {
		for v := range fiscal.FFD12 + 1 {
			for form := fiscal.Form(0); form <= maxForm; form++ {
				if form.Known() || form == 0 {
					newPlan(v, form)
				}
			}
		}
	}
}
