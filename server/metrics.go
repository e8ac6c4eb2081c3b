package server

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fiscalbench/fiscalbench/server/intake"
)

// metrics tells Prometheus what the intake does.
type metrics struct {
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
}

var _ intake.Observer = (*metrics)(nil)

func newMetrics(r prometheus.Registerer) (*metrics, error) {
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
		faults:        prometheus.NewCounterVec(counter("faults_total", "Faults of messages by name (transport.md section 10)."), []string{"fault"}),
		injected:      prometheus.NewCounterVec(counter("injected_total", "Faults injected on purpose, by fault point."), []string{"point"}),
		confirmations: prometheus.NewCounter(counter("confirmations_total", "Answers with a container that were sent.")),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "ofd", Name: "commit_seconds",
			Help: "Time until a document is on disk.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
		waiting:     prometheus.NewGauge(gauge("store_waiting", "Documents that wait for the store.")),
		storeErrors: prometheus.NewCounter(counter("store_errors_total", "Documents left without an answer because the server itself failed.")),
	}
	for _, c := range []prometheus.Collector{m.connections, m.refused, m.messages, m.documents, m.faults, m.injected, m.confirmations, m.commit, m.waiting, m.storeErrors} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) Connections(delta int)     { m.connections.Add(float64(delta)) }
func (m *metrics) Refused(why string)        { m.refused.WithLabelValues(why).Inc() }
func (m *metrics) Message(kind string)       { m.messages.WithLabelValues(kind).Inc() }
func (m *metrics) Fault(f string)            { m.faults.WithLabelValues(f).Inc() }
func (m *metrics) Confirmation()             { m.confirmations.Inc() }
func (m *metrics) Commit(took time.Duration) { m.commit.Observe(took.Seconds()) }
func (m *metrics) Waiting(delta int)         { m.waiting.Add(float64(delta)) }
func (m *metrics) StoreError()               { m.storeErrors.Inc() }

func (m *metrics) Document(v intake.Verdict) {
	m.documents.WithLabelValues(strconv.Itoa(int(v.Form)), v.Result).Inc()
}
