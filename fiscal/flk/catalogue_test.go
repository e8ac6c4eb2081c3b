package flk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// ruleCase is a document made from a clean one, with every finding that it must
// get: "M-03 error 1020". A case without a finding of its rule is a good one.
type ruleCase struct {
	name  string
	base  func() *draft
	edits []edit
	ctx   Context
	want  []string
}

func edits(e ...edit) []edit { return e }

func finds(f ...string) []string { return f }

// ruleCases is filled by the tables of each group.
var ruleCases = func() map[string][]ruleCase {
	all := map[string][]ruleCase{}
	for _, group := range []map[string][]ruleCase{structureCases, identityCases, dateCases, moneyCases, vatCases, receiptCases, reportCases, markingCases} {
		for id, cases := range group {
			all[id] = append(all[id], cases...)
		}
	}
	return all
}()

// brief writes a finding as cases name it.
func brief(f Finding) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Rule, f.Severity, tlv.PathString(f.Path)))
}

func briefs(findings []Finding) []string {
	all := make([]string, len(findings))
	for i, f := range findings {
		all[i] = brief(f)
	}
	return all
}

// briefIDs are the rules that cases name.
func briefIDs(want []string) (ids []string) {
	for _, w := range want {
		id, _, _ := strings.Cut(w, " ")
		ids = append(ids, id)
	}
	return ids
}

func TestRules(t *testing.T) {
	t.Parallel()
	for id, cases := range ruleCases {
		for _, tc := range cases {
			t.Run(id+"/"+tc.name, func(t *testing.T) {
				t.Parallel()
				d := tc.base()
				for _, e := range tc.edits {
					e(d)
				}
				doc, err := ffd.Decode(d.encode(t))
				require.Equal(t, slices.Contains(briefIDs(tc.want), "S-02"), err != nil)
				found := Check(doc, tc.ctx, nil)
				assert.ElementsMatch(t, tc.want, briefs(found))
				for _, f := range found {
					checkFinding(t, f)
				}
			})
		}
	}
}

// checkFinding holds a finding against its rule's row.
func checkFinding(t *testing.T, f Finding) {
	t.Helper()
	i := slices.IndexFunc(catalogue, func(r *Rule) bool { return r.ID == f.Rule })
	require.GreaterOrEqual(t, i, 0, f.Rule)
	r := catalogue[i]
	assert.LessOrEqual(t, f.Severity, r.Severity)
	assert.True(t, f.Code == r.Code || r.ID == "D-03" && f.Code == codeTooEarly)
	assert.True(t, strings.HasPrefix(f.Text, r.Text))
}

// Every rule has a document that breaks it and one that does not, and no case
// speaks of a rule that is not there.
func TestRules_EveryRuleHasGoodAndBadCase(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		var good, bad bool
		for _, tc := range ruleCases[r.ID] {
			broken := slices.Contains(briefIDs(tc.want), r.ID)
			good, bad = good || !broken, bad || broken
		}
		assert.True(t, good, "%s has no good case", r.ID)
		assert.True(t, bad, "%s has no bad case", r.ID)
	}
	for id := range ruleCases {
		assert.True(t, slices.ContainsFunc(catalogue, func(r *Rule) bool { return r.ID == id }), id)
	}
}

func TestRules_Catalogue(t *testing.T) {
	t.Parallel()
	ids, codes := map[string]bool{}, map[int]string{}
	public := []int{codeMissing, codeTooEarly, codeTooLate, codePayments}
	for _, r := range Rules() {
		assert.False(t, ids[r.ID], "%s stands twice", r.ID)
		ids[r.ID] = true
		assert.Contains(t, []Severity{Warning, Error}, r.Severity, r.ID)
		assert.NotZero(t, r.FFD, r.ID)
		assert.NotEmpty(t, r.Source, r.ID)
		assert.NotEmpty(t, r.Text, r.ID)
		// OPR-052: codes of our own start with 9.
		if !slices.Contains(public, r.Code) {
			assert.Equal(t, 9, r.Code/1000, r.ID)
			assert.Empty(t, codes[r.Code], "%s has the code of another", r.ID)
			codes[r.Code] = r.ID
		}
		for _, tag := range r.Path {
			assert.NotNil(t, ffd.Lookup(tag), "%s names tag %d", r.ID, tag)
		}
		// flk.md, introduction: an inference alone is never more than a warning.
		if r.Source == "I" {
			assert.Equal(t, Warning, r.Severity, r.ID)
		}
	}
	assert.Equal(t, "1.05, 1.1", before12.String())
}

func TestSettings_SwitchOffAndChangeSeverity(t *testing.T) {
	t.Parallel()
	d := receipt105()
	set(vln(ffd.TagCashTotalSum, 1))(d)
	doc := d.decode(t)
	require.Equal(t, []string{"M-03 error 1020"}, briefs(Check(doc, Context{}, nil)))
	require.Equal(t, []string{"M-03 error 1020"}, briefs(Check(doc, Context{}, &Settings{})))

	off := &Settings{Off: map[string]bool{"M-03": true}}
	require.NoError(t, off.Check())
	require.Nil(t, Check(doc, Context{}, off))

	milder := &Settings{Severity: map[string]Severity{"M-03": Warning}}
	require.NoError(t, milder.Check())
	found := Check(doc, Context{}, milder)
	require.Equal(t, []string{"M-03 warning 1020"}, briefs(found))
	require.Equal(t, Warning, Worst(found))
}

func TestSettings_CheckRefusesNonsense(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, (&Settings{Off: map[string]bool{"M-99": true}}).Check(), "M-99")
	require.ErrorContains(t, (&Settings{Severity: map[string]Severity{"X-01": Error}}).Check(), "X-01")
	require.ErrorContains(t, (&Settings{Severity: map[string]Severity{"M-01": 7}}).Check(), "severity 7")
}

// The version of a document that does not say it itself.
func TestCheck_VersionOfConfirmation(t *testing.T) {
	t.Parallel()
	d := confirmation()
	del(ffd.TagMessageToFN)(d)
	add(u8(ffd.TagOperatorMessage, 0x42))(d)
	doc := d.decode(t)
	assert.Empty(t, Check(doc, Context{}, nil))
	assert.Empty(t, Check(doc, Context{FFD: fiscal.FFD11}, nil))
	assert.Equal(t, []string{"S-05 warning 1206"}, briefs(Check(doc, Context{FFD: fiscal.FFD105}, nil)))

	// Bits 2 to 4 of 1206 have a meaning in FFD 1.2 only.
	set(u8(ffd.TagOperatorMessage, 4))(d)
	doc = d.decode(t)
	assert.Empty(t, Check(doc, Context{}, nil))
	assert.Equal(t, []string{"S-10 error 1206"}, briefs(Check(doc, Context{FFD: fiscal.FFD11}, nil)))
}

// Findings point at the place: path from the document inwards and the offset of
// the field.
func TestCheck_FindingPointsAtField(t *testing.T) {
	t.Parallel()
	d := receipt105()
	set(vln(ffd.TagItemSum, 12399), ffd.TagItem)(d)
	doc := d.decode(t)
	found := Check(doc, Context{}, nil)
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Rule == "M-01" })
	require.GreaterOrEqual(t, i, 0)
	want := doc.Field(ffd.TagItem).Child(ffd.TagItemSum)
	assert.Equal(t, want.Offset, found[i].Offset)
	assert.Equal(t, []tlv.Tag{ffd.TagItem, ffd.TagItemSum}, found[i].Path)
	assert.Contains(t, found[i].Text, "цена 41.15, количество 3, стоимость 123.99")
}

// Buyer's contact and cashier's name never stand in a finding.
func TestCheck_NoPersonalDataInFindings(t *testing.T) {
	t.Parallel()
	d := receipt105()
	for _, e := range edits(set(text(ffd.TagBuyerPhoneOrAddress, "8 900 1234567")), set(text(ffd.TagCashier, strings.Repeat("Тайна", 20))),
		set(inn(ffd.TagCashierINN, "123456789012")), set(text(ffd.TagSellerAddress, "secret shop"))) {
		e(d)
	}
	found := Check(d.decode(t), Context{}, nil)
	require.Len(t, found, 4)
	for _, f := range found {
		for _, secret := range []string{"900", "1234567", "Тайна", "123456789012", "secret"} {
			assert.NotContains(t, f.Text, secret)
		}
	}
}

// now is a moment at which the test documents are fresh.
var now = time.Date(2026, 8, 1, 23, 0, 0, 0, time.UTC)
