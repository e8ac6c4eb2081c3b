package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrNoCitus: the database has no extension to divide tables over machines with.
var ErrNoCitus = errors.New("the extension citus is not there: install its package on every machine, " +
	"set shared_preload_libraries = 'citus', and say CREATE EXTENSION citus in this database")

// placement says where the rows of a table live when several machines share them.
type placement struct {
	table  string
	column string // rows with one value are together; "": every machine has all rows
	with   string // a table that has the same values on the same machine; "": the first of its kind
}

// placements of all tables, in an order in which each comes after those that it and
// its triggers need. All tables of the way of a document are divided by the number of
// the drive and together, so that all of one drive is on one machine.
var placements = []placement{
	{"protocol", "", ""}, // asked by the triggers of all others
	{"projection", "", ""},
	{"unread", "", ""},
	{"drives", "drive_id", ""},
	{"registrations", "drive_id", "drives"}, // refers to drives
	{"documents", "drive_id", "drives"},
	{"projections", "drive_id", "drives"},
	{"items", "drive_id", "drives"},
	{"days", "drive_id", "drives"},
	{"replacements", "drive_id", "drives"},
	{"quarantine", "drive_id", "drives"},
	{"incidents", "drive_id", "drives"},
	{"exchanges", "drive_id", "drives"},
}

// statement divides the table.
func (p placement) statement() string {
	switch {
	case p.column == "":
		return fmt.Sprintf("SELECT create_reference_table('%s')", p.table)
	case p.with == "":
		return fmt.Sprintf("SELECT create_distributed_table('%s', '%s', colocate_with => 'none')", p.table, p.column)
	}
	return fmt.Sprintf("SELECT create_distributed_table('%s', '%s', colocate_with => '%s')", p.table, p.column, p.with)
}

// prepareCluster lets every machine have triggers on the pieces of tables. They are
// called unsafe because they may ask for rows of other machines; ours ask for the
// protocol alone, which every machine has.
var prepareCluster = []string{
	"SELECT success, result FROM run_command_on_all_nodes('ALTER SYSTEM SET citus.enable_unsafe_triggers TO on')",
	"SELECT success, result FROM run_command_on_all_nodes('SELECT pg_reload_conf()')",
	"SET citus.enable_unsafe_triggers TO on",
	"SET citus.shard_replication_factor TO 1", // rows of a piece that lies twice cannot be locked
	// A piece of exchanges is called exchanges_102008, and the protocol knows the
	// table's own name.
	`CREATE OR REPLACE FUNCTION refuse_unprotocolled_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = '' AND p.what = regexp_replace(TG_TABLE_NAME, '_[0-9]+$', '') AND p.kind = 'retention'
            AND p.last >= OLD.id AND OLD.id >= p.first AND OLD.at < p.before) THEN
        RAISE EXCEPTION '% are append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$`,
}

// DistributionStatements are those of Distribute for a database whose tables are all
// in one place, in their order.
func DistributionStatements() []string {
	all := append([]string(nil), prepareCluster...)
	for _, p := range placements {
		all = append(all, p.statement())
	}
	return all
}

// Distribute divides the tables of a database with this program's schema over the
// machines of its Citus cluster, whose coordinator url names. No server may be
// writing. Tables that are divided already are left alone, so that what broke off can
// be done again; tell hears of each statement before it is sent. It fails with
// ErrNoCitus.
func Distribute(ctx context.Context, url string, tell func(statement string)) (err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	prepareConfig(config)
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("postgres: connecting: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("postgres: waiting for the turn to divide the tables: %w", err)
	}
	var there bool
	if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')").Scan(&there); err != nil {
		return fmt.Errorf("postgres: looking for citus: %w", err)
	}
	if !there {
		return fmt.Errorf("postgres: dividing the tables of %s: %w", config.Database, ErrNoCitus)
	}
	rows, _ := c.Query(ctx, "SELECT logicalrelid::regclass::text FROM pg_dist_partition") // its error is that of CollectRows
	divided, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("postgres: looking for tables that are divided: %w", err)
	}
	done := map[string]bool{}
	for _, table := range divided {
		done[table] = true
	}
	for _, statement := range prepareCluster {
		if err := distribute(ctx, c, statement, tell); err != nil {
			return err
		}
	}
	for _, p := range placements {
		if done[p.table] {
			continue
		}
		if err := distribute(ctx, c, p.statement(), tell); err != nil {
			return err
		}
	}
	return nil
}

// distribute sends a statement; one that ran on all machines tells of each whether it
// succeeded there.
func distribute(ctx context.Context, c *pgx.Conn, statement string, tell func(string)) error {
	tell(statement)
	short, _, _ := strings.Cut(statement, "\n")
	rows, err := c.Query(ctx, statement)
	if err != nil {
		return fmt.Errorf("postgres: %s: %w", short, err)
	}
	defer rows.Close()
	for rows.Next() {
		var ok bool
		var result string
		if f := rows.FieldDescriptions(); len(f) != 2 || f[0].Name != "success" {
			continue
		}
		if err := rows.Scan(&ok, &result); err != nil {
			return fmt.Errorf("postgres: %s: %w", short, err)
		}
		if !ok {
			return fmt.Errorf("postgres: %s: one of the machines refused: %s", short, result)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("postgres: %s: %w", short, err)
	}
	return nil
}
