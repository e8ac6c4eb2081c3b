package rest_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/speakeasy-api/openapi/openapi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/rest"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// API-01: the document in the tree is the one the code makes; `make lint` sees that the client is
// generated from it.
func TestOpenAPI_IsCurrent(t *testing.T) {
	made, err := rest.OpenAPI()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", made, 0o644))
	}
	kept, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	assert.Equal(t, string(kept), string(made), "run: go generate ./server/rest/...")
}

// API-01: it is valid OpenAPI 3.1, by a library that had no part in making it.
func TestOpenAPI_IsValid(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	document, wrong, err := openapi.Unmarshal(context.Background(), bytes.NewReader(raw))
	require.NoError(t, err)
	for _, w := range wrong {
		t.Error(w)
	}
	assert.Equal(t, "3.1.0", document.GetOpenAPI())
	assert.Greater(t, document.GetPaths().Len(), 25)
	broken, wrong, err := openapi.Unmarshal(context.Background(), strings.NewReader(strings.Replace(string(raw), `"in": "path"`, `"in": "nowhere"`, 1)))
	assert.True(t, err != nil || len(wrong) > 0 || broken == nil, "the check notices what is wrong")
}
