package server

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/fault"
	"github.com/fiscalbench/fiscalbench/server/intake"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// metrics tells Prometheus what the intake and the writer of the store do.
type metrics struct {
	writing       // what the writers are at
	connections   prometheus.Gauge
	refused       *prometheus.CounterVec
	messages      *prometheus.CounterVec
	documents     *prometheus.CounterVec
	faults        *prometheus.CounterVec
	injected      *prometheus.CounterVec
	confirmations prometheus.Counter
	commit        prometheus.Histogram
	waiting       prometheus.Gauge
	storeErrors   prometheus.Counter
	groups        prometheus.Histogram
	groupTime     prometheus.Histogram
	groupFailures prometheus.Counter
}

var (
	_ intake.Observer = (*metrics)(nil)
	_ store.Observer  = (*metrics)(nil)
)

// newMetrics registers all metrics of the server; state is asked at each scrape.
func newMetrics(r prometheus.Registerer, s *Server) (*metrics, error) {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "ofd", Name: name, Help: help}
	}
	gauge := func(name, help string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{Namespace: "ofd", Name: name, Help: help}
	}
	m := &metrics{
		connections:   prometheus.NewGauge(gauge("connections", "Connections of registers that are open.")),
		refused:       prometheus.NewCounterVec(counter("connections_refused_total", "Connections closed at once, by limit."), []string{"limit"}),
		messages:      prometheus.NewCounterVec(counter("messages_total", "Whole messages, by kind: document, marking, service."), []string{"kind"}),
		documents:     prometheus.NewCounterVec(counter("documents_total", "Documents, by form and verdict."), []string{"form", "verdict"}),
		faults:        prometheus.NewCounterVec(counter("faults_total", "Faults of messages by row and name (transport.md section 10)."), []string{"row", "fault"}),
		injected:      prometheus.NewCounterVec(counter("injected_total", "Faults injected on purpose, by fault point."), []string{"point"}),
		confirmations: prometheus.NewCounter(counter("confirmations_total", "Answers with a container that were sent.")),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ofd", Name: "commit_seconds",
			Help: "Time until a document is on disk.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
		waiting:     prometheus.NewGauge(gauge("store_waiting", "Documents that wait for the store.")),
		storeErrors: prometheus.NewCounter(counter("store_errors_total", "Documents left without an answer because the server itself failed.")),
		groups: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ofd", Name: "group_works",
			Help: "Works that were written in one transaction of the store.", Buckets: prometheus.ExponentialBuckets(1, 2, 10)}),
		groupTime: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ofd", Name: "group_commit_seconds",
			Help: "How long a transaction of the store took, to the disk.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16)}),
		groupFailures: prometheus.NewCounter(counter("group_failures_total", "Transactions of the store that failed as a whole.")),
	}
	all := []prometheus.Collector{m.connections, m.refused, m.messages, m.documents, m.faults, m.injected, m.confirmations, m.commit, m.waiting, m.storeErrors,
		m.groups, m.groupTime, m.groupFailures,
		prometheus.NewGaugeFunc(gauge("ready", "1 while /readyz answers 200, else 0."), s.readiness)}
	if p, ok := s.o.Store.(store.Projector); ok {
		all = append(all, prometheus.NewGaugeFunc(gauge("write_queue_works", "Works in the queue of the store's writer."),
			func() float64 { return float64(p.Waiting()) }))
	}
	m.begin()
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// begin shows every series from the first scrape on, so that the first event is a step.
func (m *metrics) begin() {
	for _, f := range fiscal.Faults() {
		m.faults.WithLabelValues(f.ID(), f.String())
	}
	for _, p := range fault.Points(fault.Operator) {
		m.injected.WithLabelValues(p.Name)
	}
	for _, limit := range []string{"total", "peer", "connect-rate", "message-rate", "draining", "injected"} {
		m.refused.WithLabelValues(limit)
	}
	for _, kind := range []string{"document", "marking", "service"} {
		m.messages.WithLabelValues(kind)
	}
}

func (m *metrics) Connections(delta int)     { m.connections.Add(float64(delta)) }
func (m *metrics) Refused(why string)        { m.refused.WithLabelValues(why).Inc() }
func (m *metrics) Message(kind string)       { m.messages.WithLabelValues(kind).Inc() }
func (m *metrics) Confirmation()             { m.confirmations.Inc() }
func (m *metrics) Commit(took time.Duration) { m.commit.Observe(took.Seconds()) }
func (m *metrics) Waiting(delta int)         { m.waiting.Add(float64(delta)) }
func (m *metrics) StoreError()               { m.storeErrors.Inc() }

func (m *metrics) Document(v intake.Verdict) {
	m.documents.WithLabelValues(strconv.Itoa(int(v.Form)), v.Result).Inc()
}

func (m *metrics) Fault(name string) {
	f, _ := fiscal.FaultByName(name)
	m.faults.WithLabelValues(f.ID(), name).Inc()
}

// GroupBegins implements store.Observer.
func (m *metrics) GroupBegins(int) { m.begins() }

// GroupEnds implements store.Observer.
func (m *metrics) GroupEnds(works int, took time.Duration, err error) {
	m.ends(took, err)
	m.groupTime.Observe(took.Seconds())
	if err != nil {
		m.groupFailures.Inc()
		return
	}
	m.groups.Observe(float64(works))
}
