package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// overheard are the statements that a store has read with.
type overheard struct {
	mu  sync.Mutex
	all []pgx.TraceQueryStartData
}

func (o *overheard) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, d)
	return ctx
}

func (o *overheard) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// listened is a store of a divided database whose reads are overheard.
func listened(t *testing.T, url string) (*Store, *overheard) {
	s, err := Open(t.Context(), url, Options{})
	require.NoError(t, err)
	s.repairs.stop() // it reads by the pool, too
	s.pool.Close()
	heard := &overheard{}
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	prepareConfig(config.ConnConfig)
	config.ConnConfig.Tracer = heard
	s.pool, err = pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s, heard
}

// node is a step of a plan as EXPLAIN (FORMAT JSON) shows it.
type node struct {
	Relation  string `json:"Relation Name"`
	IndexCond string `json:"Index Cond"`
	Recheck   string `json:"Recheck Cond"`
	Filter    string
	Plans     []node
}

// read calls do for every table that the plan reads, with the conditions on its rows.
func (n *node) read(do func(table, conditions string)) {
	if n.Relation != "" {
		do(n.Relation, n.IndexCond+" "+n.Recheck+" "+n.Filter)
	}
	for i := range n.Plans {
		n.Plans[i].read(do)
	}
}

// pieces are those that a statement reads rows of, as Citus finds them: by the value of
// the column that a table is divided by, where the plan has one, else all.
func pieces(t *testing.T, c *pgx.Conn, q pgx.TraceQueryStartData) map[string][]string {
	t.Helper()
	var plan []struct{ Plan node }
	var text []byte
	args := slices.DeleteFunc(slices.Clone(q.Args), func(a any) bool { _, option := a.(pgx.QueryExecMode); return option })
	require.NoError(t, c.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON, COSTS OFF) "+q.SQL, args...).Scan(&text), q.SQL)
	require.NoError(t, json.Unmarshal(text, &plan))
	found := map[string][]string{}
	plan[0].Plan.read(func(table, conditions string) {
		if !slices.ContainsFunc(placements, func(p placement) bool { return p.table == table && p.column != "" }) {
			return
		}
		value := regexp.MustCompile(`\bdrive_id = '?(-?\d+)`).FindStringSubmatch(conditions)
		if value == nil {
			found[table] = append(found[table], "all")
			return
		}
		found[table] = append(found[table], value[1])
	})
	return found
}

// What is asked of one FN is asked of one machine: every table that a list reads, as
// the database plans it, is narrowed to the drive, or to the place of what has no
// number. What is asked of all FNs is asked of all machines, and the test sees that.
func TestLists_OfOneFNAskOnePiece(t *testing.T) {
	t.Parallel()
	url := Divided(t)
	s, heard := listened(t, url)
	c := connected(t, url)
	for n := range 4 {
		require.NoError(t, s.Accept(t.Context(), storetest.Sample(fn(n), 1, 1)))
		require.NoError(t, s.Quarantine(t.Context(), store.Quarantined{FN: fn(n)}))
		require.NoError(t, s.LogExchange(t.Context(), store.Exchange{FN: fn(n)}))
	}
	page := store.Page{Limit: 10}
	for _, one := range []struct {
		name string
		ask  func(fn fiscal.FNNumber) (rows int, err error)
		also bool // may be asked without an FN
	}{
		{"incidents", func(fn fiscal.FNNumber) (int, error) {
			all, err := s.Incidents(t.Context(), fn, page)
			return len(all), err
		}, true},
		{"quarantine", func(fn fiscal.FNNumber) (int, error) {
			all, err := s.Quarantines(t.Context(), fn, page)
			return len(all), err
		}, true},
		{"exchanges", func(fn fiscal.FNNumber) (int, error) {
			all, err := s.Exchanges(t.Context(), fn, page)
			return len(all), err
		}, true},
		{"documents", func(fn fiscal.FNNumber) (int, error) {
			all, err := s.Documents(t.Context(), store.DocumentFilter{FN: fn}, page)
			return len(all), err
		}, true},
		{"documents by FPD", func(fn fiscal.FNNumber) (int, error) {
			all, err := s.Documents(t.Context(), store.DocumentFilter{FN: fn, FPD: storetest.Sample("1", 1, 1).Document.FPD}, page)
			return len(all), err
		}, true},
		{"count", func(fn fiscal.FNNumber) (int, error) {
			n, err := s.CountDocuments(t.Context(), store.DocumentFilter{FN: fn, Findings: true})
			return int(n) + 1, err
		}, true},
		{"drive", func(fn fiscal.FNNumber) (int, error) { _, err := s.Drive(t.Context(), fn); return 1, err }, false},
		{"document", func(fn fiscal.FNNumber) (int, error) { _, err := s.Document(t.Context(), fn, 1); return 1, err }, false},
	} {
		t.Run(one.name, func(t *testing.T) {
			ask := func(fn fiscal.FNNumber) (rows int, read map[string][]string) {
				heard.all = nil
				rows, err := one.ask(fn)
				require.NoError(t, err)
				read = map[string][]string{}
				for _, q := range heard.all {
					if strings.Contains(q.SQL, "row_ids") || strings.Contains(q.SQL, "pg_locks") {
						continue // of the coordinator
					}
					for table, of := range pieces(t, c, q) {
						read[table] = append(read[table], of...)
					}
				}
				require.NotEmpty(t, read)
				return rows, read
			}
			rows, read := ask(fn(2))
			assert.Positive(t, rows)
			for table, of := range read {
				for _, value := range of {
					assert.Equal(t, fmt.Sprintf("1%s", fn(2)), value, table)
				}
			}
			if !one.also {
				return
			}
			_, read = ask("ФН")
			for table, of := range read {
				for _, value := range of {
					assert.Equal(t, "0", value, table)
				}
			}
			_, read = ask("")
			var all []string
			for _, of := range read {
				all = append(all, of...)
			}
			assert.Contains(t, all, "all", "a list of all drives asks all machines")
		})
	}
}
