package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/group"
)

// Options of a store; the zero value works.
type Options struct {
	// Logger hears of lost connections and of records that nobody waits for and that
	// could not be written. Nil discards.
	Logger *slog.Logger
	// Readers is the greatest number of reading connections: pool_max_conns of the
	// URL, else 4 or the number of processors, whichever is greater, when zero.
	Readers int
	// RetryFor is how long writes outlive a database that is away, as one that is
	// restarted or replaced by its standby; DefaultRetryFor when zero, not at all when
	// negative. While it is away only the first ones wait so long.
	RetryFor time.Duration
}

// DefaultRetryFor leaves time for the answer within a register's patience.
const DefaultRetryFor = 8 * time.Second

const connectLimit = 5 * time.Second

// Store is a store.Store in a PostgreSQL database.
type Store struct {
	pool    *pgxpool.Pool // of readers
	closing chan struct{} // closed when the writer must not wait for a lost database
	writer  *writer
	queue   *group.Queue[work] // also holds Close off while a call reads
}

var _ store.Store = (*Store)(nil)

// Open connects to the database and brings its schema up to date. The URL or
// key=value string is what libpq takes ("postgres://user@host/db"); of several hosts
// the one that can be written is used. It refuses a schema newer than this program
// knows. Errors do not show the password.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RetryFor == 0 {
		o.RetryFor = DefaultRetryFor
	}
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	config := pc.ConnConfig
	prepareConfig(config)
	if o.Readers > 0 {
		pc.MaxConns = int32(o.Readers)
	} else if pc.MaxConns < int32(runtime.NumCPU()) {
		pc.MaxConns = int32(runtime.NumCPU())
	}
	if err := migrate(ctx, config.Copy()); err != nil {
		return nil, err
	}
	w, err := openWriter(ctx, writerConfig(config), o)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err == nil {
		err = pool.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("postgres: opening to read: %w", err), w.close(ctx))
	}
	s := &Store{pool: pool, writer: w, closing: make(chan struct{})}
	w.closing = s.closing
	always := context.WithoutCancel(ctx)
	s.queue = group.Start(func(g []*item) error { return w.persist(always, g) },
		group.Options[work]{Logger: o.Logger, Hopeless: lost, Ends: endsTransaction})
	return s, nil
}

// prepareConfig sets what all connections share where the URL is silent.
func prepareConfig(c *pgx.ConnConfig) {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectLimit
	}
	// A host that vanished is noticed in 20 seconds.
	c.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}}).DialContext
	if c.ValidateConnect == nil {
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite // a standby is not the place of promises
	}
	setDefault(c, "application_name", "ofd")
	setDefault(c, "jit", "off") // statements are short
	// To start helpers takes longer than what they would help with: the tail that is
	// not projected yet looks long to the planner and hardly ever is.
	setDefault(c, "max_parallel_workers_per_gather", "0")
}

// writerConfig is for the connection that writes.
func writerConfig(c *pgx.ConnConfig) *pgx.ConnConfig {
	c = c.Copy()
	// A confirmation is sent after the commit: it must be on disk, and on the standby
	// that synchronous_standby_names asks for. Only the URL can ask for more.
	if c.RuntimeParams["synchronous_commit"] != "remote_apply" {
		c.RuntimeParams["synchronous_commit"] = "on"
	}
	// A process that stops in the middle must not hold the drives of others.
	setDefault(c, "idle_in_transaction_session_timeout", "20s")
	// Its statements find rows by keys, always; what planning would decide on the first
	// day with empty tables would be wrong on the second.
	setDefault(c, "plan_cache_mode", "force_generic_plan")
	setDefault(c, "enable_seqscan", "off")
	setDefault(c, "enable_hashjoin", "off")
	setDefault(c, "enable_mergejoin", "off")
	return c
}

func setDefault(c *pgx.ConnConfig, name, value string) {
	if _, ok := c.RuntimeParams[name]; !ok {
		c.RuntimeParams[name] = value
	}
}

// Close writes what is queued and closes the connections. It waits for reads under
// way. What cannot be written because the database is away is not waited for.
func (s *Store) Close() error {
	if first := s.queue.Close(func() { close(s.closing) }); !first {
		return nil
	}
	s.pool.Close()
	if err := s.writer.close(context.Background()); err != nil {
		return fmt.Errorf("postgres: closing: %w", err)
	}
	return nil
}
