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
	// Writers is how many connections write at the same time, each the documents of
	// drives of its own: one when zero. Where the tables are divided over the machines
	// of a cluster it is so many for each machine.
	Writers int
}

// DefaultRetryFor leaves time for the answer within a register's patience.
const DefaultRetryFor = 8 * time.Second

const connectLimit = 5 * time.Second

// Store is a store.Store in a PostgreSQL database.
type Store struct {
	pool    *pgxpool.Pool // of readers
	log     *slog.Logger
	closing chan struct{} // closed when writers must not wait for a lost database
	writers []*writer
	queue   queues // also hold Close off while a call reads
	repairs repairs
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
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("postgres: opening to read: %w", err)
	}
	if ready, err := current(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	} else if !ready {
		if err := migrate(ctx, config.Copy()); err != nil {
			pool.Close()
			return nil, err
		}
	}
	s := &Store{pool: pool, log: o.Logger, closing: make(chan struct{})}
	if s.queue.route, err = findRoute(ctx, pool, o.Writers); err == nil {
		err = s.openWriters(ctx, config, o)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.start(context.WithoutCancel(ctx))
	return s, nil
}

func (s *Store) openWriters(ctx context.Context, config *pgx.ConnConfig, o Options) error {
	r := &s.queue.route
	for range r.writers {
		w, err := openWriter(ctx, writerConfig(config, r.divided()), o)
		if err != nil {
			return errors.Join(err, s.closeWriters(ctx))
		}
		w.closing, w.divided = s.closing, r.divided()
		s.writers = append(s.writers, w)
	}
	return nil
}

// start lets the writers work.
func (s *Store) start(ctx context.Context) {
	r := &s.queue.route
	o := group.Options[work]{Logger: s.log, Hopeless: lost}
	if r.divided() {
		o.Key = func(w *work) int { _, piece := r.of(w.driveID()); return piece }
		s.repairs.start(ctx, s)
	} else {
		o.Ends = endsTransaction
	}
	for _, w := range s.writers {
		s.queue.all = append(s.queue.all, group.Start(func(g []*item) error { return s.commit(ctx, w, g) }, o))
	}
}

// commit does a group in one transaction, and then what follows from it elsewhere.
func (s *Store) commit(ctx context.Context, w *writer, g []*item) error {
	if err := w.persist(ctx, g); err != nil {
		return err
	}
	for _, r := range w.due {
		s.replaceInTime(ctx, r)
	}
	return nil
}

func (s *Store) closeWriters(ctx context.Context) (err error) {
	for _, w := range s.writers {
		err = errors.Join(err, w.close(ctx))
	}
	return err
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

// writerConfig is for the connections that write.
func writerConfig(c *pgx.ConnConfig, divided bool) *pgx.ConnConfig {
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
	if divided {
		// Which machine a statement goes to is found from its values.
		setDefault(c, "plan_cache_mode", "force_custom_plan")
		return c
	}
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
	s.repairs.stop()
	s.pool.Close()
	if err := s.closeWriters(context.Background()); err != nil {
		return fmt.Errorf("postgres: closing: %w", err)
	}
	return nil
}
