package sqlite_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// docs/schema.md names every column, and the questions in it can be asked.
func TestSchema_IsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/schema.md")
	require.NoError(t, err)
	sections := map[string]string{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		sections[title] = body
	}
	place := t.TempDir()
	s := open(t, place)
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("9999078900000001", 1, 1)))
	defer func() { require.NoError(t, s.Close()) }()
	db := raw(t, file(place))

	rows, err := db.QueryContext(t.Context(), `SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'goose_%'`)
	require.NoError(t, err)
	columns := 0
	for rows.Next() {
		var table, column string
		require.NoError(t, rows.Scan(&table, &column))
		assert.Contains(t, sections[table], "`"+column+"`", table)
		columns++
	}
	require.NoError(t, rows.Err())
	assert.Greater(t, columns, 60)

	for _, block := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, question := range strings.Split(strings.TrimSpace(block[1]), ";") {
			if strings.TrimSpace(question) == "" {
				continue
			}
			rows, err := db.QueryContext(t.Context(), question)
			require.NoError(t, err, question)
			require.NoError(t, rows.Close())
		}
	}
}
