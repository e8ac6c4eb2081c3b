package intake

import (
	"context"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// memory is a store without a disk, for tests of connections and races. hooks let a
// test step in.
type memory struct {
	mu          sync.Mutex
	drives      map[fiscal.FNNumber]store.Drive
	documents   map[fiscal.FNNumber]map[fiscal.FDNumber]store.Document
	quarantined []store.Quarantined
	incidents   []store.Incident
	exchanges   []store.Exchange
	reads       int // calls of Drive and Document

	beforeAccept func(store.Acceptance) error
}

func newMemory() *memory {
	return &memory{drives: map[fiscal.FNNumber]store.Drive{}, documents: map[fiscal.FNNumber]map[fiscal.FDNumber]store.Document{}}
}

func (m *memory) Accept(ctx context.Context, a store.Acceptance) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.beforeAccept != nil {
		if err := m.beforeAccept(a); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := a.Document
	if _, ok := m.documents[d.FN][d.FD]; ok {
		return store.ErrExists
	}
	if m.drives[d.FN].Version != a.Drive.Version-1 {
		return store.ErrStale
	}
	if m.documents[d.FN] == nil {
		m.documents[d.FN] = map[fiscal.FDNumber]store.Document{}
	}
	m.documents[d.FN][d.FD] = d
	m.drives[d.FN] = a.Drive
	m.incidents = append(m.incidents, a.Incidents...)
	return nil
}

func (m *memory) Quarantine(_ context.Context, q store.Quarantined) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quarantined = append(m.quarantined, q)
	m.incidents = append(m.incidents, store.Incident{At: q.At, FN: q.FN, FD: q.FD, Fault: q.Fault, Text: q.Detail})
	return nil
}

func (m *memory) AddIncident(_ context.Context, i store.Incident) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.incidents = append(m.incidents, i)
	return nil
}

func (m *memory) LogExchange(_ context.Context, e store.Exchange) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.exchanges = append(m.exchanges, e)
	return nil
}

func (m *memory) Drive(_ context.Context, fn fiscal.FNNumber) (store.Drive, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if d, ok := m.drives[fn]; ok {
		return d, nil
	}
	return store.Drive{}, store.ErrNotFound
}

func (m *memory) Document(_ context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if d, ok := m.documents[fn][fd]; ok {
		return d, nil
	}
	return store.Document{}, store.ErrNotFound
}

func (m *memory) faults() (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.exchanges {
		names = append(names, e.Fault.String())
	}
	return names
}

func (m *memory) count() (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.documents {
		n += len(d)
	}
	return n
}

// The rest of the interface is not used by the intake.

func (m *memory) Drives(context.Context, store.Page) ([]store.Drive, error) { panic("not used") }
func (m *memory) Documents(context.Context, store.DocumentFilter, store.Page) ([]store.Document, error) {
	panic("not used")
}
func (m *memory) CountDocuments(context.Context, store.DocumentFilter) (int64, error) {
	panic("not used")
}
func (m *memory) Quarantines(context.Context, fiscal.FNNumber, store.Page) ([]store.Quarantined, error) {
	panic("not used")
}
func (m *memory) Incidents(context.Context, fiscal.FNNumber, store.Page) ([]store.Incident, error) {
	panic("not used")
}
func (m *memory) Exchanges(context.Context, fiscal.FNNumber, store.Page) ([]store.Exchange, error) {
	panic("not used")
}
func (m *memory) Stats(context.Context) (store.Stats, error) { panic("not used") }
func (m *memory) Close() error                               { return nil }
