package postgres

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDistributionStatements(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/distribute.sql")
	require.NoError(t, err)
	assert.Equal(t, string(want), strings.Join(DistributionStatements(), ";\n")+";\n")
}

// Of the real catalogue: every table has its place, every key of a divided table has
// the column it is divided by, references stay on one machine, and columns of tables
// that are together have one type.
func TestPlacements_FitTheCatalogue(t *testing.T) {
	t.Parallel()
	_, c := migrated(t)
	of, order := map[string]placement{}, map[string]int{}
	for i, p := range placements {
		of[p.table], order[p.table] = p, i
	}
	rows, err := c.Query(t.Context(), `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname !~ '^goose'`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	var placed []string
	for _, p := range placements {
		placed = append(placed, p.table)
	}
	require.ElementsMatch(t, placed, tables)

	keys := 0
	rows, err = c.Query(t.Context(), `SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, array_agg(a.attname::text)
		FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid AND r.relnamespace = 'public'::regnamespace AND r.relname !~ '^goose'
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indisunique GROUP BY 1, 2`)
	require.NoError(t, err)
	var table, name string
	var columns []string
	_, err = pgx.ForEachRow(rows, []any{&table, &name, &columns}, func() error {
		if p := of[table]; p.column != "" {
			assert.Contains(t, columns, p.column, name)
			keys++
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 10, keys, "one for each divided table")

	references := 0
	var target string
	rows, err = c.Query(t.Context(), `SELECT k.conrelid::regclass::text, k.confrelid::regclass::text, array_agg(a.attname::text) FROM pg_constraint k
		JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace GROUP BY k.oid, 1, 2`)
	require.NoError(t, err)
	_, err = pgx.ForEachRow(rows, []any{&table, &target, &columns}, func() error {
		from, to := of[table], of[target]
		assert.Less(t, order[target], order[table], "%s refers to %s, which comes first", table, target)
		if to.column != "" {
			assert.Contains(t, columns, from.column)
			assert.Equal(t, home(to), home(from), "%s and %s", table, target)
		}
		references++
		return nil
	})
	require.NoError(t, err)
	assert.Positive(t, references)

	types := map[string]string{}
	for _, p := range placements {
		if p.column == "" {
			continue
		}
		var kind string
		require.NoError(t, c.QueryRow(t.Context(), `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = $2 AND attnotnull`,
			p.table, p.column).Scan(&kind), p.table)
		if first, ok := types[home(p)]; ok {
			assert.Equal(t, first, kind, p.table)
		}
		types[home(p)] = kind
	}
}

// home is the first of the tables that are together.
func home(p placement) string {
	if p.with == "" {
		return p.table
	}
	return p.with
}

// Every statement that a divided database is sent on the way of a document names the
// value of the column its tables are divided by, so that it goes to the machine that has
// the rows and to no other. Of the two that ask all machines one is sent after the
// commit of a new drive of a register, the other now and then.
func TestStatements_CarryTheColumn(t *testing.T) {
	t.Parallel()
	statements := map[string]string{"addDrives": addDrives, "lockDrives": lockDrives, "documentsExist": documentsExist + ofDocuments,
		"addRegistrations": addRegistrations, "findRegistrations": findRegistrations + ofRegistrations, "addDocuments": addDocuments,
		"addQuarantine": addQuarantine, "addIncidents": addIncidents, "addExchanges": addExchanges, "setDrive": setDrive, "leaveMark": leaveMark,
		"addReplacements": addReplacements, "lockDrive": lockDrive, "replaceDrive": replaceDrive, "endReplacement": endReplacement,
		"drivesOfRegister": drivesOfRegister, "dueReplacements": dueReplacements, "wouldReplace": wouldReplace}
	broadcast := map[string]bool{"drivesOfRegister registrations": true, "dueReplacements replacements": true}
	elsewhere := []string{"announce", "drawIDs", // of the sequence, on the coordinator
		"lockReplaced", "replaceDrives", "setDrives"} // of a database in one place
	for _, file := range []string{"statements.go", "replace.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile("(?m)^\t(\\w+) += (?:[`\"](?:INSERT|SELECT|UPDATE|DELETE|COPY)|insert\\(|setDrives?Text)").FindAllStringSubmatch(string(source), -1) {
			if !slices.Contains(elsewhere, m[1]) {
				assert.Contains(t, statements, m[1], "a statement of the writer that this test does not know")
			}
		}
	}
	seen := 0
	for name, statement := range statements {
		for _, p := range placements {
			for _, m := range regexp.MustCompile(`\b(INSERT INTO|COPY|FROM|JOIN|UPDATE) `+p.table+`\b(?: (\w+))?`).FindAllStringSubmatchIndex(statement, -1) {
				require.NotEmpty(t, p.column, "%s: %s is no table of this way", name, p.table)
				seen++
				rest, verb := statement[m[1]:], statement[m[2]:m[3]]
				if broadcast[name+" "+p.table] {
					continue
				}
				if verb == "INSERT INTO" || verb == "COPY" {
					columns, _, _ := strings.Cut(statement[m[0]:], ")")
					assert.Regexp(t, `\b`+p.column+`\b`, columns, name)
					continue
				}
				assert.Regexp(t, `\b`+p.column+` = (ANY \()?\$1\b`, rest, "%s: %s", name, p.table)
				if verb == "UPDATE" {
					where, _, _ := strings.Cut(rest, "NOT EXISTS")
					assert.NotContains(t, where, " FROM ", "%s: an update of one machine has no list", name)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, seen, 18)
}

func TestDistribute_RefusesWithoutCitus(t *testing.T) {
	t.Parallel()
	url, _ := migrated(t)
	err := Distribute(t.Context(), url, func(s string) { t.Error("sent", s) })
	require.ErrorIs(t, err, ErrNoCitus)
	require.ErrorContains(t, err, "CREATE EXTENSION citus")
	require.ErrorContains(t, Distribute(t.Context(), "postgres://%", nil), "postgres:")
}

// What is sent can be sent: in the order of the list, each table once, with triggers
// allowed, and going on where it broke off. Retention works as before.
func TestDistribute_AsksForEachTable(t *testing.T) {
	t.Parallel()
	url, c := migrated(t)
	_, err := c.Exec(t.Context(), citus(3, 8))
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), `SELECT create_reference_table('protocol')`) // it broke off there
	require.NoError(t, err)
	var told []string
	require.NoError(t, Distribute(t.Context(), url, func(s string) { told = append(told, s) }))
	assert.NotContains(t, told, placements[0].statement())
	assert.Len(t, told, len(prepareCluster)+len(placements)-1)
	asked := func() string {
		var all string
		require.NoError(t, c.QueryRow(t.Context(), `SELECT string_agg(what, ', ' ORDER BY n) FROM asked`).Scan(&all))
		return all
	}
	const want = "protocol, projection, unread, drives drive_id none, registrations drive_id drives, documents drive_id drives, projections drive_id drives, " +
		"items drive_id drives, days drive_id drives, replacements drive_id drives, " +
		"quarantine drive_id drives, incidents drive_id drives, exchanges drive_id drives"
	assert.Equal(t, want, asked())
	require.NoError(t, Distribute(t.Context(), url, func(string) {}))
	assert.Equal(t, want, asked(), "nothing twice")

	// A piece of a table, as a machine has it.
	_, err = c.Exec(t.Context(), `CREATE TABLE exchanges_102008 (LIKE exchanges);
		CREATE TRIGGER kept BEFORE DELETE ON exchanges_102008 FOR EACH ROW EXECUTE FUNCTION refuse_unprotocolled_event();
		INSERT INTO exchanges_102008 (drive_id, fn, id, at, took, peer, fd, detail) VALUES (11, '1', 7, 10, 0, '', 0, ''), (11, '1', 8, 10, 0, '', 0, '');
		INSERT INTO protocol (id, at, before, first, last, first_fd, last_fd, rows, confirmed, findings, who, kind, what, fn, hash)
			VALUES (1, 0, 11, 7, 7, 0, 0, 1, 0, 0, 't', 'retention', 'exchanges', '', '')`)
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), `DELETE FROM exchanges_102008 WHERE id = 7`)
	require.NoError(t, err, "the protocol has it")
	_, err = c.Exec(t.Context(), `DELETE FROM exchanges_102008 WHERE id = 8`)
	require.ErrorContains(t, err, "append-only")

	_, err = c.Exec(t.Context(), `INSERT INTO asked (what) VALUES ('refuse')`)
	require.NoError(t, err)
	require.ErrorContains(t, Distribute(t.Context(), url, func(string) {}), "one of the machines refused: machine 3")
}
