package projection

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// Options of a worker; the zero value works.
type Options struct {
	Logger   *slog.Logger          // nil discards
	Registry prometheus.Registerer // for metrics; nil: none
	// Batch is how many documents are projected in one transaction; 512 when zero.
	Batch int
	// Idle is how long to wait when there is nothing to do; 200 ms when zero.
	Idle time.Duration
	Now  func() time.Time // to tell the lag; time.Now when nil
	Off  bool             // Start does nothing
}

const (
	defaultBatch = 512
	defaultIdle  = 200 * time.Millisecond
	failurePause = time.Second
	// While more writes than crowd wait for the store, the worker rests share times as
	// long as it works: documents come first, but it never stands still.
	crowd, share = 8, 4
	// measureEvery is how often the lag is asked for.
	measureEvery = time.Second
)

// Worker keeps a store's projected tables up with its documents. Every process that
// shares a store may have one: they take turns.
type Worker struct {
	s store.Projector
	o Options
	m *metrics

	mu     sync.Mutex
	cancel context.CancelFunc // nil before Start
	ended  chan struct{}
	over   bool // stopped for good
}

// New makes a worker that does nothing yet.
func New(s store.Projector, o Options) (*Worker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Batch <= 0 {
		o.Batch = defaultBatch
	}
	if o.Idle <= 0 {
		o.Idle = defaultIdle
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := newMetrics(o.Registry)
	if err != nil {
		return nil, fmt.Errorf("projection: registering metrics: %w", err)
	}
	return &Worker{s: s, o: o, m: m, ended: make(chan struct{})}, nil
}

// Start starts the work, once; it goes on until Stop.
func (w *Worker) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.o.Off || w.over || w.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go w.run(ctx)
}

// Stop ends the work for good and waits for a transaction under way, which is
// finished or undone. It may be called more than once, and before Start.
func (w *Worker) Stop() {
	w.mu.Lock()
	w.over = true
	started := w.cancel
	w.mu.Unlock()
	if started != nil {
		started()
		<-w.ended
	}
}

func (w *Worker) run(ctx context.Context) {
	defer close(w.ended)
	var measured time.Time
	for ctx.Err() == nil {
		began := time.Now() // of the machine, as all pauses are
		passed, err := w.s.Project(ctx, w.o.Batch, Decode)
		took := time.Since(began)
		w.m.documents.Add(float64(passed))
		if time.Since(measured) >= measureEvery {
			w.measure(ctx)
			measured = time.Now()
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.o.Logger.Error("documents are not projected", "err", err)
			pause(ctx, failurePause)
		case passed == 0:
			pause(ctx, w.o.Idle)
		case w.s.Waiting() > crowd:
			pause(ctx, share*took)
		}
	}
}

// measure tells how far the tables lag behind.
func (w *Worker) measure(ctx context.Context) {
	p, err := w.s.Progress(ctx)
	if err != nil {
		return // the next transaction will say so
	}
	w.m.behind.Set(float64(p.Behind))
	w.m.lag.Set(0)
	if !p.Since.IsZero() {
		w.m.lag.Set(max(w.o.Now().Sub(p.Since).Seconds(), 0))
	}
	for _, u := range p.Unread {
		w.m.unread.WithLabelValues(u.Reason).Set(float64(u.Documents))
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

type metrics struct {
	documents   prometheus.Counter
	behind, lag prometheus.Gauge
	unread      *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	gauge := func(name, help string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{Namespace: "ofd", Subsystem: "projection", Name: name, Help: help}
	}
	m := &metrics{
		documents: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ofd", Subsystem: "projection", Name: "documents_total", Help: "Documents that this process has projected."}),
		behind:    prometheus.NewGauge(gauge("behind_documents", "Accepted documents that are not projected yet.")),
		lag:       prometheus.NewGauge(gauge("behind_seconds", "Age of the first document that is not projected yet.")),
		unread:    prometheus.NewGaugeVec(gauge("unread_documents", "Documents whose content was not read, by reason."), []string{"reason"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.documents, m.behind, m.lag, m.unread} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
