package cases_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/conformance/cases"
)

func TestAll_IdentitiesAreWhole(t *testing.T) {
	t.Parallel()
	ids, paths := map[string]bool{}, map[string]bool{}
	id, path := regexp.MustCompile(`^[DFKOPT]-[A-Z]?-?\d{2,3}$`), regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+$`)
	for _, c := range cases.All() {
		assert.Regexp(t, id, c.ID)
		assert.Regexp(t, path, c.Path)
		assert.False(t, ids[c.ID], c.ID)
		assert.False(t, paths[c.Path], c.Path)
		assert.NotEmpty(t, c.Title, c.ID)
		assert.NotEmpty(t, c.Source, c.ID)
		assert.NotEmpty(t, c.Mark, c.ID)
		assert.NotNil(t, c.Run, c.ID)
		ids[c.ID], paths[c.Path] = true, true
	}
	operator, register := 0, 0
	for id := range ids {
		if id[2] > '1' {
			continue // numbers from 200 on are of what the scenarios lack
		}
		switch id[0] {
		case 'K':
			register++
		case 'O':
			operator++
		}
	}
	assert.Equal(t, 91, operator, "the scenarios have 91 cases of an operator")
	assert.Equal(t, 69, register, "and 69 of a register")
}

// TestAll_HasEveryRuleOfFormatControl: every row of flk.md whose breach is an error.
func TestAll_HasEveryRuleOfFormatControl(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, c := range cases.All() {
		ids[c.ID] = true
	}
	for _, rule := range strings.Fields(`S-01 S-02 S-03 S-04 S-06 S-07 S-08 S-09 S-10 S-12 S-13 S-14 I-01 I-02 I-03 I-04 I-05 I-06
		Q-01 Q-02 Q-03 Q-04 Q-05 Q-06 Q-07 Q-08 Q-09 Q-10 Q-11 D-03 D-05 M-01 M-02 M-03 M-05 M-07 V-01 V-02 V-05
		R-01 R-02 R-04 R-05 R-07 R-08 R-10 R-11 R-14 P-01 P-02 P-03 P-04 P-05 P-06 P-08 P-09`) {
		assert.True(t, ids["F-"+rule], rule)
	}
}
