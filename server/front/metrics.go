package front

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fiscalbench/fiscalbench/server/feed"
)

// following tells Prometheus how a follower gets on.
type following struct {
	since             atomic.Int64 // arrival of the first document not handled, ns; 0: none
	handled, failures prometheus.Counter
}

func (f *following) Behind(since time.Time) {
	if since.IsZero() {
		f.since.Store(0)
		return
	}
	f.since.Store(since.UnixNano())
}
func (f *following) Handled(documents int) { f.handled.Add(float64(documents)) }
func (f *following) Failed()               { f.failures.Inc() }

// observe registers the metrics of the followers.
func observe(followers []*feed.Follower, o Options) error {
	if o.Registry == nil {
		return nil
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	documents := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "ofd", Subsystem: "follower", Name: "documents_total",
		Help: "Documents that this process has handled, by follower."}, []string{"follower"})
	failures := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "ofd", Subsystem: "follower", Name: "failures_total",
		Help: "Steps of followers that failed and were tried again."}, []string{"follower"})
	for _, c := range []prometheus.Collector{documents, failures} {
		if err := o.Registry.Register(c); err != nil {
			return err
		}
	}
	for _, one := range followers {
		f := &following{handled: documents.WithLabelValues(one.Name), failures: failures.WithLabelValues(one.Name)}
		lag := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "ofd", Subsystem: "follower", Name: "behind_seconds",
			Help: "Age of the first document that a follower has not handled yet.", ConstLabels: prometheus.Labels{"follower": one.Name}},
			func() float64 {
				since := f.since.Load()
				if since == 0 {
					return 0
				}
				return max(now().Sub(time.Unix(0, since)).Seconds(), 0)
			})
		if err := o.Registry.Register(lag); err != nil {
			return err
		}
		one.Observer = f
	}
	return nil
}
