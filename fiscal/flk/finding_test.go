package flk

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

func TestFinding_JSON(t *testing.T) {
	t.Parallel()
	f := Finding{Rule: "M-03", Severity: Error, Path: []tlv.Tag{1020}, Offset: 4, Code: 507, Text: "итог"}
	text, err := json.Marshal(f)
	require.NoError(t, err)
	assert.JSONEq(t, `{"rule":"M-03","severity":"error","path":[1020],"offset":4,"code":507,"text":"итог"}`, string(text))
	var back Finding
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, f, back)
	require.NoError(t, json.Unmarshal([]byte(`{"severity":"warning"}`), &back))
	assert.Equal(t, Warning, back.Severity)
}

func TestWorst(t *testing.T) {
	t.Parallel()
	assert.Zero(t, Worst(nil))
	assert.Equal(t, Warning, Worst([]Finding{{Severity: Warning}}))
	assert.Equal(t, Error, Worst([]Finding{{Severity: Warning}, {Severity: Error}, {Severity: Warning}}))
}
