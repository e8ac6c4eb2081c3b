package postgres_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// docs/schema.md names every column, in the section of its table or among what
// differs, and the questions in it can be asked.
func TestSchema_IsDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/schema.md")
	require.NoError(t, err)
	sections := map[string]string{}
	for _, section := range strings.Split(string(doc), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		sections[title] = body
	}
	url := database(t, t.TempDir())
	s := openURL(t, url)
	require.NoError(t, s.Accept(t.Context(), storetest.Sample("9999078900000001", 1, 1)))
	require.NoError(t, s.Close())
	c := raw(t, url)

	rows, err := c.Query(t.Context(), "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name !~ 'goose|row_ids'")
	require.NoError(t, err)
	columns := 0
	var table, column string
	_, err = pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		require.Contains(t, sections, table)
		assert.Contains(t, sections[table]+sections["What differs"], "`"+column+"`", table)
		columns++
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, columns, 60)

	blocks := regexp.MustCompile("(?s)```postgresql\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		for _, question := range strings.Split(strings.TrimSpace(block[1]), ";") {
			if strings.TrimSpace(question) != "" {
				_, err := c.Exec(t.Context(), question)
				require.NoError(t, err, question)
			}
		}
	}
}

// What tables are divided by over several machines must be in every key. The protocol
// and the counts of the projection are for the whole base and short.
func TestSchema_KeysCarryFN(t *testing.T) {
	t.Parallel()
	rows, err := raw(t, database(t, t.TempDir())).Query(t.Context(), `SELECT conrelid::regclass::text, (
			SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey))
		FROM pg_constraint WHERE contype IN ('p', 'u') AND connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ 'goose|protocol|unread'
		UNION ALL SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
		WHERE indisunique AND indrelid::regclass::text !~ 'goose|protocol|unread|pg_'`)
	require.NoError(t, err)
	keys := 0
	var table, columns string
	_, err = pgx.ForEachRow(rows, []any{&table, &columns}, func() error {
		assert.Regexp(t, `\bdrive_id\b`, columns, table)
		keys++
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 20, keys, "ten tables, each key as a constraint and as an index")
}
