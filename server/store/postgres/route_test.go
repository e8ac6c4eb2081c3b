package postgres

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/storetest"
)

// hashVectors are values of SELECT hashint8(…) of PostgreSQL 15.
var hashVectors = map[int64]int32{
	0: -272711505, 1: -1905060026, -1: 385747274, 42: 1509752520, 19999078900000001: -1477254747,
	math.MaxInt64: -1524351049, math.MinInt64: -96758253,
}

func TestHashBigint(t *testing.T) {
	t.Parallel()
	for n, want := range hashVectors {
		assert.Equal(t, want, hashBigint(n), "%d", n)
	}
}

// The route is what the catalogue says: each drive goes to the piece that holds its
// hash, each piece to a writer of the machine it lies on, and no machine has more
// writers than it may.
func followsTheCatalogue(t *testing.T, c *pgx.Conn) {
	for writers, want := range map[int]int{0: standInMachines, 1: standInMachines, 2: 2 * standInMachines, 100: standInPieces} {
		r, err := findRoute(t.Context(), c, writers)
		require.NoError(t, err)
		require.True(t, r.divided())
		assert.Equal(t, want, r.writers, "%d for each machine", writers)
		nodes := map[int]map[int]bool{} // of writers
		rows, err := c.Query(t.Context(), `SELECT n, (SELECT count(*) FROM pg_dist_shard o WHERE o.logicalrelid = s.logicalrelid AND o.shardminvalue::int < s.shardminvalue::int), p.groupid
			FROM generate_series(19999078900000000, 19999078900000400) n, pg_dist_shard s JOIN pg_dist_placement p USING (shardid)
			WHERE s.logicalrelid = 'documents'::regclass AND hashint8(n) BETWEEN s.shardminvalue::int AND s.shardmaxvalue::int`)
		require.NoError(t, err)
		var id int64
		var piece, node int
		_, err = pgx.ForEachRow(rows, []any{&id, &piece, &node}, func() error {
			writer, mine := r.of(id)
			require.Equal(t, piece, mine)
			if nodes[writer] == nil {
				nodes[writer] = map[int]bool{}
			}
			nodes[writer][node] = true
			return nil
		})
		require.NoError(t, err)
		assert.Len(t, nodes, want, "all work")
		for writer, of := range nodes {
			assert.Len(t, of, 1, "machines of writer %d", writer)
		}
	}
}

// Everything about routes that one database can show.
func TestFindRoute(t *testing.T) {
	t.Parallel()
	url := Divided(t)
	c := connected(t, url)
	t.Run("hashes as the database does", func(t *testing.T) { hashesAlike(t, c) })
	t.Run("follows the catalogue", func(t *testing.T) { followsTheCatalogue(t, c) })
	t.Run("the stand-in finds mixed transactions", func(t *testing.T) { findsMixed(t, c, url) })
	t.Run("refuses other divisions", func(t *testing.T) { refusesOtherDivisions(t, c, url) })
}

// The check of the stand-in finds what it is there to find.
func findsMixed(t *testing.T, c *pgx.Conn, url string) {
	for id := range 20 {
		_, err := c.Exec(t.Context(), `INSERT INTO drives (drive_id, fn) VALUES ($1, '')`, 100+id)
		require.NoError(t, err)
	}
	require.False(t, Mixed(t, url), "each in a transaction of its own")
	tx, err := c.Begin(t.Context())
	require.NoError(t, err)
	for id := range 20 {
		_, err := tx.Exec(t.Context(), `INSERT INTO incidents (drive_id, fn, id, fd, text) VALUES ($1, '', $1, 0, '')`, 100+id)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Rollback(t.Context()))
	assert.True(t, Mixed(t, url), "even of one that was undone")
}

func fn(n int) fiscal.FNNumber { return fnOf(19999078900000000 + int64(n)) }

const (
	waitLimit = time.Minute
	waitStep  = 5 * time.Millisecond
)

// The hash that rows are divided by is computed here as the database does.
func hashesAlike(t *testing.T, c *pgx.Conn) {
	rapid.Check(t, func(rt *rapid.T) {
		numbers := rapid.SliceOfN(rapid.OneOf(rapid.Int64(), rapid.Int64Range(1e16, 2e16-1), rapid.Int64Range(-9, 9)), 1, 500).Draw(rt, "numbers")
		rows, err := c.Query(t.Context(), hashes, numbers)
		require.NoError(rt, err)
		theirs, err := pgx.CollectRows(rows, pgx.RowTo[int32])
		require.NoError(rt, err)
		for i, n := range numbers {
			require.Equal(rt, theirs[i], hashBigint(n), "%d", n)
		}
	})
}

// Pieces of any sizes: every hash has one, and writers are spread.
func TestDivide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cuts := rapid.SliceOfNDistinct(rapid.Int64Range(math.MinInt32+1, math.MaxInt32), 0, 40, rapid.ID).Draw(rt, "cuts")
		slices.Sort(cuts)
		machines, writers := rapid.Int64Range(1, 9).Draw(rt, "machines"), rapid.IntRange(0, 5).Draw(rt, "writers")
		var pieces []piece
		perNode, first := map[int64]int{}, int64(math.MinInt32)
		for _, next := range append(cuts, math.MaxInt32+1) {
			p := piece{first, next - 1, rapid.Int64Range(1, machines).Draw(rt, "machine")}
			pieces, first = append(pieces, p), next
			perNode[p.Node]++
		}
		r := divide(pieces, writers)
		total := 0
		for _, n := range perNode {
			total += min(n, max(writers, 1))
		}
		require.Equal(rt, total, r.writers)
		node := map[int]int64{}
		for range 50 {
			id := rapid.Int64().Draw(rt, "drive")
			writer, mine := r.of(id)
			hash := int64(hashBigint(id))
			require.True(rt, pieces[mine].First <= hash && hash <= pieces[mine].Last)
			if other, seen := node[writer]; seen {
				require.Equal(rt, other, pieces[mine].Node)
			}
			node[writer] = pieces[mine].Node
		}
	})
}

// A database in one place is spread over the writers evenly, all works of a drive going
// the same way.
func TestPlain(t *testing.T) {
	t.Parallel()
	for _, writers := range []int{0, 1, 2, 3, 7} {
		r := plain(writers)
		got := make([]int, r.writers)
		for n := range 7000 {
			writer, _ := r.of(19999078900000000 + int64(n))
			got[writer]++
		}
		for _, n := range got {
			assert.InDelta(t, 7000/r.writers, n, 200)
		}
	}
	a, err := newAcceptance(&store.Acceptance{Document: store.Document{FN: "17"}, Drive: store.Drive{FN: "17"}})
	require.NoError(t, err)
	for _, w := range []work{{acceptance: a}, {quarantine: &store.Quarantined{FN: "17"}}, {incident: &store.Incident{FN: "17"}}, {exchange: &store.Exchange{FN: "17"}}} {
		assert.EqualValues(t, 117, w.driveID())
	}
	assert.Zero(t, (&work{incident: &store.Incident{FN: "not a number"}}).driveID())
	assert.Zero(t, (&work{exchange: &store.Exchange{}}).driveID())
}

// A division that documents cannot be written to in transactions of one machine is
// refused at the start, and so are machines that answer before the disk has it.
func refusesOtherDivisions(t *testing.T, c *pgx.Conn, url string) {
	for _, one := range []struct{ name, change, want string }{
		{"two copies", `INSERT INTO pg_dist_placement SELECT shardid, 1, 77 FROM pg_dist_shard WHERE logicalrelid = 'drives'::regclass LIMIT 1`, "two copies"},
		{"a hole", `DELETE FROM pg_dist_shard WHERE logicalrelid = 'drives'::regclass AND shardmaxvalue = '2147483647'`, "in no piece"},
		{"no machine", `DELETE FROM pg_dist_placement WHERE shardid = (SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'drives'::regclass)`, "in no piece"},
		{"being deleted", `UPDATE pg_dist_placement SET shardstate = 4 WHERE shardid = (SELECT max(shardid) FROM pg_dist_shard WHERE logicalrelid = 'drives'::regclass)`, "in no piece"},
		{"another column", `UPDATE pg_dist_partition SET partkey = 'fn' WHERE logicalrelid = 'incidents'::regclass`, "are by the drive"},
		{"apart", `UPDATE pg_dist_partition SET colocationid = 5 WHERE logicalrelid = 'quarantine'::regclass`, "2 families"},
		{"half done", `DELETE FROM pg_dist_partition WHERE logicalrelid = 'exchanges'::regclass`, "are by the drive"},
		{"not on disk", `CREATE OR REPLACE FUNCTION run_command_on_all_nodes(c text) RETURNS TABLE (nodeid int, success bool, result text) LANGUAGE sql AS
			$$ VALUES (1, true, 'on'), (2, true, 'off') $$`, "synchronous_commit = off"},
	} {
		tx, err := c.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), one.change)
		require.NoError(t, err, one.name)
		_, err = findRoute(t.Context(), tx, 1)
		require.ErrorIs(t, err, ErrDivision, one.name)
		require.ErrorContains(t, err, one.want, one.name)
		require.NoError(t, tx.Rollback(t.Context()))
	}
	_, err := c.Exec(t.Context(), `DELETE FROM pg_dist_shard`)
	require.NoError(t, err)
	_, err = Open(t.Context(), url, Options{})
	require.ErrorIs(t, err, ErrDivision)
	_, err = c.Exec(t.Context(), `DELETE FROM pg_dist_partition`)
	require.NoError(t, err)
	r, err := findRoute(t.Context(), c, 3)
	require.NoError(t, err)
	assert.False(t, r.divided(), "the extension is there, the tables are in one place")
	assert.Equal(t, 3, r.writers)
}

// A server that ended between the commit of a new drive and the telling of the old ones
// left a note: the next one tells them, once, and nobody who came back later.
func TestStore_RepairsReplacements(t *testing.T) {
	t.Parallel()
	url := Divided(t)
	s, err := Open(t.Context(), url, Options{})
	require.NoError(t, err)
	c := connected(t, url)
	accept := func(n int, version int64, fd fiscal.FDNumber, form fiscal.Form) {
		a := storetest.Sample(fn(n), version, fd)
		a.Document.Form = form
		require.NoError(t, s.Accept(t.Context(), a))
	}
	const drives = 12
	for n := range drives {
		accept(n, 1, 1, fiscal.FormFiscalReport)
	}
	accept(0, 2, 2, fiscal.FormReceipt) // the note is about this one
	var place int64
	require.NoError(t, c.QueryRow(t.Context(), `INSERT INTO replacements SELECT d.drive_id, d.id, v.reg_id FROM documents d JOIN drives v USING (drive_id)
		WHERE d.fd = 2 RETURNING id`).Scan(&place))
	accept(1, 2, 2, fiscal.FormFiscalReport) // came back since
	accept(2, 2, 2, fiscal.FormReceipt)      // was only late
	require.NoError(t, s.Close())

	check := func(version2 int64) {
		for n := range drives {
			v, err := s.Drive(t.Context(), fn(n))
			require.NoError(t, err)
			want := store.DriveReplaced
			if n < 2 {
				want = store.DriveActive
			}
			require.Equal(t, want, v.Status, "drive %d", n)
			if n == 2 {
				require.Equal(t, version2, v.Version)
			}
		}
	}
	s, err = Open(t.Context(), url, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.Eventually(t, func() bool {
		var left int
		return c.QueryRow(t.Context(), `SELECT count(*) FROM replacements`).Scan(&left) == nil && left == 0
	}, waitLimit, waitStep)
	check(3)

	// Whoever repeats it, as after an end before the note was deleted, changes nothing.
	id, err := driveIDOf(fn(0))
	require.NoError(t, err)
	require.NoError(t, s.replace(t.Context(), replacement{id, place, "0000000001012345"}))
	check(3)
	accept(2, 4, 3, fiscal.FormReceipt) // active again, whatever that means
	require.NoError(t, s.replace(t.Context(), replacement{id, place, "0000000001012345"}))
	v, err := s.Drive(t.Context(), fn(2))
	require.NoError(t, err)
	assert.Equal(t, store.DriveActive, v.Status, "told once")
	assert.EqualValues(t, 4, v.Version)
}
