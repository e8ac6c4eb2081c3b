package ffd

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func path(tags ...tlv.Tag) []tlv.Tag { return tags }

// The number of rows of each document as the order's tables have it, fields
// without a tag counted apart.
func TestRows_Counts(t *testing.T) {
	t.Parallel()
	counts := map[fiscal.FFD]map[fiscal.Form]int{
		fiscal.FFD105: {1: 37, 11: 38, 2: 22, 21: 18, 3: 92, 31: 90, 4: 92, 41: 90, 5: 25, 6: 16, 7: 11},
		fiscal.FFD11:  {1: 37, 11: 130, 2: 23, 21: 144, 3: 93, 31: 91, 4: 93, 41: 91, 5: 210, 6: 108, 7: 9},
		fiscal.FFD12: {1: 32, 11: 125, 2: 25, 21: 148, 3: 128, 31: 126, 4: 128, 41: 126, 5: 215, 6: 110, 7: 9,
			81: 17, 82: 61, 83: 10, 84: 6},
	}
	total, confidence := 0, map[Confidence]int{}
	for v, forms := range counts {
		for form, want := range forms {
			rows, marks := Rows(v, form), Marks(v, form)
			assert.Equal(t, want, len(rows)+len(marks), "%v form %d", v, form)
			total += len(rows) + len(marks)
			for _, r := range append(append([]Row{}, rows...), marks...) {
				confidence[r.Confidence]++
				assert.False(t, r.Derived)
			}
		}
	}
	assert.Equal(t, 2826, total)
	assert.Equal(t, map[Confidence]int{Verified: 562, CrossChecked: 372, Amended: 79, Secondary: 1813}, confidence)
	assert.Nil(t, Rows(fiscal.FFD105, fiscal.FormMarkingNotice))
	assert.Nil(t, Rows(9, fiscal.FormReceipt))
}

func TestRowAt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		v     fiscal.FFD
		form  fiscal.Form
		path  []tlv.Tag
		check func(*testing.T, *Row)
	}{
		{"total of a receipt", fiscal.FFD105, fiscal.FormReceipt, path(1020), func(t *testing.T, r *Row) {
			assert.Equal(t, Mandatory, r.Electronic)
			assert.Equal(t, Mandatory, r.Print)
			assert.Equal(t, "5л", r.Storage)
			assert.Equal(t, "1 4", r.Signs)
			assert.True(t, r.Strong())
			assert.False(t, r.Repeat)
		}},
		{"items repeat", fiscal.FFD12, fiscal.FormReceipt, path(1059), func(t *testing.T, r *Row) {
			assert.True(t, r.Repeat)
		}},
		{"supplier of an item", fiscal.FFD105, fiscal.FormBSO, path(1059, 1226), func(t *testing.T, r *Row) {
			assert.Equal(t, tlv.Tag(1059), r.Parent)
			assert.Equal(t, InCases, r.Electronic)
			assert.True(t, r.Conditional)
			assert.Contains(t, r.Condition, "required when 1057 or 1222 says agent")
		}},
		{"name of the document is print only", fiscal.FFD105, fiscal.FormReceipt, path(1000), func(t *testing.T, r *Row) {
			assert.Equal(t, NotInForm, r.Electronic)
			assert.Equal(t, Mandatory, r.Print)
		}},
		{"counter four levels down", fiscal.FFD12, fiscal.FormCloseShift, path(1194, 1133, 1232, 1135), func(t *testing.T, r *Row) {
			assert.Equal(t, Secondary, r.Confidence)
			assert.False(t, r.Strong())
		}},
		{"cash in 1.05 prints when not zero", fiscal.FFD105, fiscal.FormReceipt, path(1031), func(t *testing.T, r *Row) {
			assert.True(t, r.PrintOnly)
			assert.False(t, r.Conditional)
		}},
		{"derived 1.0 total", fiscal.FFD10, fiscal.FormReceipt, path(1020), func(t *testing.T, r *Row) {
			assert.True(t, r.Derived)
			assert.Equal(t, Mandatory, r.Electronic)
			assert.Equal(t, Secondary, r.Confidence)
			assert.False(t, r.Strong())
		}},
		{"1.0 had no version tag", fiscal.FFD10, fiscal.FormReceipt, path(1209), func(t *testing.T, r *Row) {
			assert.Equal(t, Optional, r.Electronic)
		}},
		{"version 0 is 1.0", 0, fiscal.FormReceipt, path(1020), func(t *testing.T, r *Row) { assert.True(t, r.Derived) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := RowAt(tt.v, tt.form, tt.path)
			require.NotNil(t, r)
			assert.Equal(t, tt.path, r.Path)
			assert.Equal(t, tt.path[len(tt.path)-1], r.Tag)
			tt.check(t, r)
		})
	}
	for _, p := range [][]tlv.Tag{nil, path(1102, 1020), path(9999), path(1, 2, 3, 4, 5), path(0, 1020)} {
		if p == nil || len(p) != 2 || p[0] != 0 {
			assert.Nil(t, RowAt(fiscal.FFD105, fiscal.FormReceipt, p), "%v", p)
		}
	}
}

func TestRowsUnder(t *testing.T) {
	t.Parallel()
	for key, table := range documents() {
		seen := 0
		var walk func(parent []tlv.Tag)
		walk = func(parent []tlv.Tag) {
			for _, r := range RowsUnder(key.v, key.form, parent) {
				seen++
				require.Equal(t, len(parent)+1, len(r.Path))
				walk(r.Path)
			}
		}
		walk(nil)
		assert.Equal(t, len(table.rows), seen, "%v", key)
	}
}

// Every row names a tag of the dictionary that its version has, and every live tag
// stands in a document.
func TestRows_AgreeWithDictionary(t *testing.T) {
	t.Parallel()
	used := map[tlv.Tag]bool{}
	for key, table := range documents() {
		for i := range table.rows {
			r := &table.rows[i]
			info := Lookup(r.Tag)
			require.NotNil(t, info, "%v %v", key, r.Path)
			used[r.Tag] = true
			assert.False(t, info.Obsolete(), "%v %v", key, r.Path)
			if !r.Derived {
				assert.True(t, info.In(key.v), "%v %v", key, r.Path)
			}
			if r.Parent != 0 {
				assert.True(t, Nested(r.Parent), "%v %v", key, r.Path)
				assert.NotNil(t, RowAt(key.v, key.form, r.Path[:len(r.Path)-1]), "%v %v", key, r.Path)
			}
		}
	}
	for tag := range tlv.Tag(maxTag) {
		// 1208 (сайт чеков) is a requisite of table 5, yet no document table has it.
		if info := Lookup(tag); info != nil && !info.Obsolete() && tag != 1208 {
			assert.True(t, used[tag], "tag %d stands in no document", tag)
		}
	}
}

func TestRowAt_DoesNotAllocate(t *testing.T) {
	p := path(1059, 1030)
	documents()
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		RowAt(fiscal.FFD12, fiscal.FormReceipt, p)
		RowsUnder(fiscal.FFD12, fiscal.FormReceipt, p[:1])
	}))
}

func TestTables_LoadFast(t *testing.T) {
	best := time.Hour
	for range 5 {
		start := time.Now()
		buildDictionary()
		buildDocuments()
		buildValueSets()
		buildScopes()
		buildLabels()
		best = min(best, time.Since(start))
	}
	t.Logf("all tables read in %v", best)
	assert.Less(t, best, 200*time.Millisecond*raceFactor, "6 ms on a still machine")
}

func BenchmarkTables(b *testing.B) {
	for b.Loop() {
		buildDictionary()
		buildDocuments()
		buildValueSets()
		buildScopes()
		buildLabels()
	}
}

func BenchmarkRowAt(b *testing.B) {
	p := path(1059, 1030)
	for b.Loop() {
		RowAt(fiscal.FFD12, fiscal.FormReceipt, p)
	}
}
