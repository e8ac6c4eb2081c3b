package cases_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/conformance/cases"
)

func TestAll_IdentitiesAreWhole(t *testing.T) {
	t.Parallel()
	ids, paths := map[string]bool{}, map[string]bool{}
	id, path := regexp.MustCompile(`^[FKOP]-[A-Z]?-?\d{2,3}$`), regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+$`)
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
	operator := 0
	for id := range ids {
		if id[0] == 'O' {
			operator++
		}
	}
	assert.Equal(t, 91, operator, "the scenarios have 91 cases of an operator")
}
