package page_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
)

// A check that failed is not shown as one that held.
func TestChecked(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	assert.Equal(t, "yes", page.Checked(&yes))
	assert.Equal(t, "no", page.Checked(&no))
	assert.Equal(t, "skipped", page.Checked(nil))
}
