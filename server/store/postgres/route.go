package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/jackc/pgx/v5"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// ErrDivision: the tables are divided in a way in which documents cannot be written
// without transactions over several machines.
var ErrDivision = errors.New("the tables are not divided as documents need it")

// route tells which writer does a work, and which works may share a transaction.
type route struct {
	// writers is how many there are; each has a queue and a connection.
	writers int
	// shards are the pieces of a database that is divided, in the order of their
	// hashes; empty when all is in one place, where any works may share a transaction.
	shards []shard
}

// shard is a piece of all divided tables: rows whose drive_id has a hash from first on,
// up to the next piece.
type shard struct {
	first  int32
	writer int
}

// plain is the route of a database in one place. All of a drive goes through one
// writer, so that its entries keep their order.
func plain(writers int) route { return route{writers: max(writers, 1)} }

func (r *route) divided() bool { return len(r.shards) > 0 }

// of is the writer of a drive and the piece it lies in.
func (r *route) of(driveID int64) (writer, piece int) {
	switch hash := hashBigint(driveID); {
	case r.divided():
		piece = sort.Search(len(r.shards), func(i int) bool { return r.shards[i].first > hash }) - 1
		return r.shards[piece].writer, piece
	case r.writers == 1:
		return 0, 0
	default:
		return int(uint64(uint32(hash)) * uint64(r.writers) >> 32), 0
	}
}

// driveID is the drive that a work belongs to.
func (w *work) driveID() int64 {
	switch {
	case w.acceptance != nil:
		return w.acceptance.driveID
	case w.quarantine != nil:
		return journalDrive(w.quarantine.FN)
	case w.incident != nil:
		return journalDrive(w.incident.FN)
	case w.exchange != nil:
		return journalDrive(w.exchange.FN)
	}
	return 0
}

// journalDrive is the drive_id of entries that have an FN which may be no number: then 0.
func journalDrive(fn fiscal.FNNumber) int64 {
	id, err := driveIDOf(fn)
	if err != nil {
		return 0
	}
	return id
}

// hashBigint is hashint8 of PostgreSQL, by which rows are divided: the number folded
// to 32 bits so that it hashes as a smaller type would, then the last mixing of Bob
// Jenkins' hash of 2006.
func hashBigint(n int64) int32 {
	k := uint32(n)
	if high := uint32(n >> 32); n >= 0 {
		k ^= high
	} else {
		k ^= ^high
	}
	const initial = 0x9e3779b9 + 4 + 3923095
	a, b, c := initial+k, uint32(initial), uint32(initial)
	rot := func(x uint32, by int) uint32 { return x<<by | x>>(32-by) }
	c = (c ^ b) - rot(b, 14)
	a = (a ^ c) - rot(c, 11)
	b = (b ^ a) - rot(a, 25)
	c = (c ^ b) - rot(b, 16)
	a = (a ^ c) - rot(c, 4)
	b = (b ^ a) - rot(a, 14)
	c = (c ^ b) - rot(b, 24)
	return int32(c)
}

const (
	hasCitus = `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')`
	// dividedTables counts the tables that are divided, those by drive_id, and the families
	// that they are in: those of one family have the same pieces on the same machines.
	dividedTables = `SELECT count(*), count(*) FILTER (WHERE column_to_column_name(logicalrelid, partkey) = 'drive_id'), count(DISTINCT colocationid)
		FROM pg_dist_partition WHERE logicalrelid::text = ANY ($1::text[]) AND partmethod = 'h'`
	// shardPlaces are the pieces of drives with the machines that have them in use (state
	// 1); a piece without one has no row and leaves a hole.
	shardPlaces = `SELECT s.shardminvalue::bigint, s.shardmaxvalue::bigint, p.groupid::bigint FROM pg_dist_shard s
		JOIN pg_dist_placement p ON p.shardid = s.shardid AND p.shardstate = 1 WHERE s.logicalrelid = 'drives'::regclass ORDER BY 1, 3`
	settingsOfAll = `SELECT coalesce(result, '') FROM run_command_on_all_nodes('SHOW synchronous_commit')`
	hashes        = `SELECT hashint8(n) FROM unnest($1::bigint[]) WITH ORDINALITY u (n, i) ORDER BY i`
)

// querier is a connection or a pool.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// findRoute asks the database whether its tables are divided over machines, and by
// what. Writers is how many there are of a database in one place, and at most of each
// machine of a divided one.
func findRoute(ctx context.Context, db querier, writers int) (route, error) {
	var citus bool
	if err := db.QueryRow(ctx, hasCitus).Scan(&citus); err != nil {
		return route{}, fmt.Errorf("postgres: looking for citus: %w", err)
	}
	if !citus {
		return plain(writers), nil
	}
	var tables []string
	for _, p := range placements {
		if p.column != "" {
			tables = append(tables, p.table)
		}
	}
	var divided, byDrive, families int
	if err := db.QueryRow(ctx, dividedTables, tables).Scan(&divided, &byDrive, &families); err != nil {
		return route{}, fmt.Errorf("postgres: looking for tables that are divided: %w", err)
	}
	switch {
	case divided == 0:
		return plain(writers), nil
	case byDrive != len(tables) || families != 1:
		return route{}, fmt.Errorf("postgres: %w: of %d tables %d are by the drive, in %d families", ErrDivision, len(tables), byDrive, families)
	}
	pieces, err := findPieces(ctx, db)
	if err != nil {
		return route{}, err
	}
	if err := sameHash(ctx, db); err != nil {
		return route{}, err
	}
	return divide(pieces, writers), durable(ctx, db)
}

// durable refuses machines that answer before what was written is on disk: the setting
// of our own connection ends at the coordinator.
func durable(ctx context.Context, db querier) error {
	rows, _ := db.Query(ctx, settingsOfAll) // its error is that of CollectRows
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("postgres: asking all machines for their settings: %w", err)
	}
	for _, setting := range all {
		if setting != "on" && setting != "remote_apply" {
			return fmt.Errorf("postgres: %w: one of the machines has synchronous_commit = %s", ErrDivision, setting)
		}
	}
	return nil
}

// piece is a row of shardPlaces.
type piece struct{ First, Last, Node int64 }

// findPieces reads the pieces; together they are all hashes, each once.
func findPieces(ctx context.Context, db querier) ([]piece, error) {
	rows, _ := db.Query(ctx, shardPlaces) // its error is that of CollectRows
	pieces, err := pgx.CollectRows(rows, pgx.RowToStructByPos[piece])
	if err != nil {
		return nil, fmt.Errorf("postgres: reading the pieces of the tables: %w", err)
	}
	next := int64(math.MinInt32)
	for _, p := range pieces {
		if p.First != next {
			return nil, fmt.Errorf("postgres: %w: hashes from %d on are in no piece or in two copies (citus.shard_replication_factor must be 1)", ErrDivision, min(next, p.First))
		}
		next = p.Last + 1
	}
	if next != math.MaxInt32+1 {
		return nil, fmt.Errorf("postgres: %w: hashes from %d on are in no piece", ErrDivision, next)
	}
	return pieces, nil
}

// sameHash makes sure that the database divides as this program computes.
func sameHash(ctx context.Context, db querier) error {
	var numbers []int64
	for i := range int64(64) {
		numbers = append(numbers, i, -i, 19999078900000000+i, 1<<i)
	}
	rows, _ := db.Query(ctx, hashes, numbers) // its error is that of CollectRows
	theirs, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return fmt.Errorf("postgres: asking for hashes: %w", err)
	}
	for i, n := range numbers {
		if theirs[i] != hashBigint(n) {
			return fmt.Errorf("postgres: %w: the database hashes %d to %d, this program to %d", ErrDivision, n, theirs[i], hashBigint(n))
		}
	}
	return nil
}

// divide gives the pieces of each machine to at most so many writers.
func divide(pieces []piece, writers int) route {
	writers = max(writers, 1)
	nodes := map[int64][]int{}
	for i, p := range pieces {
		nodes[p.Node] = append(nodes[p.Node], i)
	}
	r := route{shards: make([]shard, len(pieces))}
	order := make([]int64, 0, len(nodes))
	for node := range nodes {
		order = append(order, node)
	}
	slices.Sort(order)
	for _, node := range order {
		of := nodes[node]
		n := min(writers, len(of))
		for k, i := range of {
			r.shards[i] = shard{first: int32(pieces[i].First), writer: r.writers + k%n}
		}
		r.writers += n
	}
	return r
}
