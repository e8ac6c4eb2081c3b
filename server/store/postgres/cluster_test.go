package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/internal/pgtest"
)

// citus stands in for the extension in one database: the catalogue that routes are made
// of, with so many machines and pieces, and functions that write down what they are
// asked for. A row of a divided table that is written in a transaction which has
// written to another piece before counts in the sequence mixed, which no end of a
// transaction undoes. The rules of pieces are written anew here, in SQL.
func citus(machines, pieces int) string {
	return fmt.Sprintf(`
	CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int);
	CREATE TABLE pg_dist_shard (logicalrelid regclass, shardid bigint, shardminvalue text, shardmaxvalue text);
	CREATE TABLE pg_dist_placement (shardid bigint, shardstate int, groupid int);
	CREATE TABLE asked (n serial, what text);
	CREATE SEQUENCE mixed;
	CREATE SEQUENCE pieces START 102008;
	CREATE FUNCTION column_to_column_name(t regclass, k text) RETURNS text LANGUAGE sql AS $$ SELECT k $$;
	CREATE FUNCTION one_piece() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE
		mine text := (SELECT shardminvalue FROM pg_dist_shard WHERE logicalrelid = 'drives'::regclass
			AND hashint8(NEW.drive_id) BETWEEN shardminvalue::int AND shardmaxvalue::int);
		BEGIN
			IF coalesce(nullif(current_setting('stand_in.piece', true), ''), mine) <> mine THEN
				PERFORM nextval('mixed');
			END IF;
			PERFORM set_config('stand_in.piece', mine, true);
			RETURN NEW;
		END $$;
	CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO asked (what) VALUES (t::text); INSERT INTO pg_dist_partition VALUES (t, 'n'); END $$;
	CREATE FUNCTION create_distributed_table(t regclass, c text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		IF current_setting('citus.enable_unsafe_triggers') <> 'on' THEN RAISE 'has triggers'; END IF;
		INSERT INTO asked (what) VALUES (t::text || ' ' || c || ' ' || colocate_with);
		INSERT INTO pg_dist_partition SELECT t, 'h', c, CASE colocate_with WHEN 'none' THEN t::oid::int
			ELSE (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid::text = colocate_with) END;
		WITH made AS (INSERT INTO pg_dist_shard SELECT t, nextval('pieces'), -2147483648 + n * (4294967296 / %[2]d),
				CASE n WHEN %[2]d - 1 THEN 2147483647 ELSE -2147483648 + (n + 1) * (4294967296 / %[2]d) - 1 END
			FROM generate_series(0::bigint, %[2]d - 1) n RETURNING shardid)
		INSERT INTO pg_dist_placement SELECT shardid, 1, 1 + shardid %% %[1]d FROM made;
		IF t::text = ANY ('{drives,registrations,documents,replacements,quarantine,incidents,exchanges}') THEN
			EXECUTE format('CREATE TRIGGER one_piece AFTER INSERT OR UPDATE ON %%s FOR EACH ROW EXECUTE FUNCTION one_piece()', t);
		END IF;
	END $$;
	CREATE FUNCTION run_command_on_all_nodes(c text) RETURNS TABLE (nodeid int, success bool, result text) LANGUAGE sql AS
		$$ SELECT n, n < 3 OR NOT EXISTS (SELECT FROM asked WHERE what = 'refuse'),
			CASE c WHEN 'SHOW synchronous_commit' THEN current_setting('synchronous_commit') ELSE 'machine ' || n END FROM generate_series(1, 3) n $$;
	SET allow_system_table_mods = on;
	INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
		SELECT 999999, 'citus', oid, 'public'::regnamespace, false, '0' FROM pg_roles WHERE rolname = current_user;`, machines, pieces)
}

// prepared makes the schema in a template.
func prepared(ctx context.Context, url string) error {
	s, err := Open(ctx, url, Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

// migrated is a database with the schema of this program.
func migrated(t *testing.T) (string, *pgx.Conn) {
	t.Helper()
	url := pgtest.Clone(t, "store", prepared)
	return url, connected(t, url)
}

func connected(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close(context.Background())) })
	return c
}

// Machines and pieces of a stand-in.
const (
	standInMachines = 3
	standInPieces   = 8
)

// Divided is a database whose tables are divided among the machines of a stand-in.
func Divided(t testing.TB) string {
	t.Helper()
	url := pgtest.Clone(t, "divided", func(ctx context.Context, url string) error {
		if err := prepared(ctx, url); err != nil {
			return err
		}
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		if _, err = c.Exec(ctx, citus(standInMachines, standInPieces)); err == nil {
			err = Distribute(ctx, url, func(string) {})
		}
		if err == nil {
			err = c.Close(ctx)
		}
		return err
	})
	return url
}

// Mixed reports whether a transaction has written to two pieces of a database that
// Divided has made. One that was looked at and dropped is not looked at again.
func Mixed(t testing.TB, url string) (mixed bool) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	var gone *pgconn.PgError
	if errors.As(err, &gone) && gone.Code == "3D000" {
		return false
	}
	require.NoError(t, err)
	require.NoError(t, c.QueryRow(context.Background(), `SELECT is_called FROM mixed`).Scan(&mixed))
	require.NoError(t, c.Close(context.Background()))
	return mixed
}
