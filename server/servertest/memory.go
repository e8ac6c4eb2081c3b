package servertest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Memory is a store without a disk, for tests that are about the server: it keeps
// the promises of store.Store but durability, and writes the exchange log at once.
type Memory struct {
	// BeforeAccept is called with what is to be accepted; its error is returned. Set
	// it before the server starts.
	BeforeAccept func(store.Acceptance) error

	mu          sync.Mutex
	lastID      int64
	drives      map[fiscal.FNNumber]store.Drive
	documents   map[key]store.Document
	quarantined []store.Quarantined
	incidents   []store.Incident
	exchanges   []store.Exchange
	reads       int
}

type key struct {
	fn fiscal.FNNumber
	fd fiscal.FDNumber
}

var _ store.Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{drives: map[fiscal.FNNumber]store.Drive{}, documents: map[key]store.Document{}}
}

// Reads is how often a drive or a document was read.
func (m *Memory) Reads() int { m.mu.Lock(); defer m.mu.Unlock(); return m.reads }

func (m *Memory) id() int64 { m.lastID++; return m.lastID }

// Accept implements store.Store.
func (m *Memory) Accept(ctx context.Context, a store.Acceptance) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.BeforeAccept != nil {
		if err := m.BeforeAccept(a); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, before := a.Document, m.drives[a.Document.FN]
	if _, ok := m.documents[key{d.FN, d.FD}]; ok {
		return store.ErrExists
	}
	if before.Version != a.Drive.Version-1 {
		return store.ErrStale
	}
	d.ID, a.Drive.ID = m.id(), cmp.Or(before.ID, m.id())
	m.documents[key{d.FN, d.FD}], m.drives[d.FN] = d, a.Drive
	if a.Replaces {
		for fn, other := range m.drives {
			if fn != d.FN && other.RegID == a.Drive.RegID && other.Status == store.DriveActive {
				other.Status = store.DriveReplaced
				other.Version++
				m.drives[fn] = other
			}
		}
	}
	for _, i := range a.Incidents {
		m.addIncident(i)
	}
	e := a.Exchange
	e.FN, e.FD, e.Fault = d.FN, d.FD, d.Fault
	if e.At.IsZero() {
		e.At = d.ReceivedAt
	}
	if e.Request == nil {
		e.Request = d.Message
	}
	if e.Response == nil {
		e.Response = d.Confirmation
	}
	m.addExchange(e)
	return nil
}

func (m *Memory) addIncident(i store.Incident) { i.ID = m.id(); m.incidents = append(m.incidents, i) }
func (m *Memory) addExchange(e store.Exchange) { e.ID = m.id(); m.exchanges = append(m.exchanges, e) }

// Quarantine implements store.Store.
func (m *Memory) Quarantine(_ context.Context, q store.Quarantined) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	q.ID = m.id()
	m.quarantined = append(m.quarantined, q)
	m.addIncident(store.Incident{At: q.At, FN: q.FN, FD: q.FD, Fault: q.Fault, Text: q.Detail})
	return nil
}

// AddIncident implements store.Store.
func (m *Memory) AddIncident(_ context.Context, i store.Incident) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addIncident(i)
	return nil
}

// LogExchange implements store.Store.
func (m *Memory) LogExchange(_ context.Context, e store.Exchange) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addExchange(e)
	return nil
}

// Drive implements store.Store.
func (m *Memory) Drive(_ context.Context, fn fiscal.FNNumber) (store.Drive, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if d, ok := m.drives[fn]; ok {
		return d, nil
	}
	return store.Drive{}, store.ErrNotFound
}

// Document implements store.Store.
func (m *Memory) Document(_ context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if d, ok := m.documents[key{fn, fd}]; ok {
		return d, nil
	}
	return store.Document{}, store.ErrNotFound
}

// list picks a page of rows.
func list[T any](all []T, page store.Page, id func(*T) int64, want func(*T) bool) []T {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(id(&a), id(&b)) })
	var rows []T
	for i := range all {
		if id(&all[i]) > page.After && want(&all[i]) && len(rows) < page.Rows() {
			rows = append(rows, all[i])
		}
	}
	return rows
}

// Drives implements store.Store.
func (m *Memory) Drives(_ context.Context, page store.Page) ([]store.Drive, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []store.Drive
	for _, d := range m.drives {
		all = append(all, d)
	}
	return list(all, page, func(d *store.Drive) int64 { return d.ID }, func(*store.Drive) bool { return true }), nil
}

// Documents implements store.Store; it filters by drive, form and findings only.
func (m *Memory) Documents(_ context.Context, f store.DocumentFilter, page store.Page) ([]store.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []store.Document
	for _, d := range m.documents {
		all = append(all, d)
	}
	return list(all, page, func(d *store.Document) int64 { return d.ID }, func(d *store.Document) bool {
		return (f.FN == "" || d.FN == f.FN) && (f.Form == 0 || d.Form == f.Form) && (!f.Findings || len(d.Findings) > 0)
	}), nil
}

// CountDocuments implements store.Store with the filters of Documents, up to a page.
func (m *Memory) CountDocuments(ctx context.Context, f store.DocumentFilter) (int64, error) {
	all, err := m.Documents(ctx, f, store.Page{Limit: store.MaxLimit})
	return int64(len(all)), err
}

// Quarantines implements store.Store.
func (m *Memory) Quarantines(_ context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Quarantined, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return list(slices.Clone(m.quarantined), page, func(q *store.Quarantined) int64 { return q.ID },
		func(q *store.Quarantined) bool { return fn == "" || q.FN == fn }), nil
}

// Incidents implements store.Store.
func (m *Memory) Incidents(_ context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return list(slices.Clone(m.incidents), page, func(i *store.Incident) int64 { return i.ID },
		func(i *store.Incident) bool { return fn == "" || i.FN == fn }), nil
}

// Exchanges implements store.Store.
func (m *Memory) Exchanges(_ context.Context, fn fiscal.FNNumber, page store.Page) ([]store.Exchange, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return list(slices.Clone(m.exchanges), page, func(e *store.Exchange) int64 { return e.ID },
		func(e *store.Exchange) bool { return fn == "" || e.FN == fn }), nil
}

// Stats implements store.Store.
func (m *Memory) Stats(context.Context) (store.Stats, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := store.Stats{Drives: int64(len(m.drives)), Documents: int64(len(m.documents)), Quarantined: int64(len(m.quarantined)), Incidents: int64(len(m.incidents))}
	for _, d := range m.documents {
		s.Findings += int64(len(d.Findings))
		if len(d.Confirmation) > 0 {
			s.Confirmations++
		}
	}
	for _, d := range m.drives {
		s.OpenGaps += int64(len(d.Gaps))
	}
	return s, nil
}

// Close implements store.Store.
func (m *Memory) Close() error { return nil }
