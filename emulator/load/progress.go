package load

import "time"

// every is how often progress is told.
const every = 200 * time.Millisecond

// report tells of progress until stop, and once more then.
func (r *run) report(stage Stage, deadline time.Time) (stop func()) {
	if r.o.Progress == nil {
		return func() {}
	}
	begin := time.Now()
	tell := func() { r.o.Progress(r.progress(stage, begin, deadline)) }
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				tell()
			case <-done:
				tell()
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (r *run) progress(stage Stage, begin, deadline time.Time) Progress {
	p := Progress{Stage: stage, Elapsed: time.Since(begin), Of: r.o.Registers}
	switch stage {
	case Building:
		p.Done = int(r.built.Load())
		if r.o.Prebuilt {
			p.Of = r.o.total() + enrolment*r.o.Registers
		}
	case Enrolling:
		p.Done = int(r.enrolled.Load())
	case Sending:
		p.Done, p.Of = int(r.n.confirmed.Load()), r.o.total()
		p.Remaining = max(time.Until(deadline), 0)
	}
	return p
}
