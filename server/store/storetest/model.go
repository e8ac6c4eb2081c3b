package storetest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// model drives a store and a model of it with the same random operations. All runs
// share one store and differ in their drives, which makes a run cheap.
func model(t *testing.T, open Open) {
	s := fresh(t, open)
	var runs atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(s, int(runs.Add(1)))
		t.Repeat(rapid.StateMachineActions(m))
		m.compareLists(t)
	})
}

const machineDrives = 3

// machine is the model of a few drives: what is expected of each list.
type machine struct {
	s           store.Store
	fns         []fiscal.FNNumber
	drives      map[fiscal.FNNumber]store.Drive
	documents   map[fiscal.FNNumber][]store.Document // in order of arrival
	exchanges   map[fiscal.FNNumber][]store.Exchange
	incidents   map[fiscal.FNNumber][]store.Incident
	quarantined map[fiscal.FNNumber][]store.Quarantined
	reg         fiscal.RegNumber
}

func newMachine(s store.Store, run int) *machine {
	m := &machine{
		s: s, drives: map[fiscal.FNNumber]store.Drive{}, documents: map[fiscal.FNNumber][]store.Document{},
		exchanges: map[fiscal.FNNumber][]store.Exchange{}, incidents: map[fiscal.FNNumber][]store.Incident{},
		quarantined: map[fiscal.FNNumber][]store.Quarantined{}, reg: fiscal.MakeRegNumber(uint64(run), "7704358518", "1"),
	}
	for i := range machineDrives {
		m.fns = append(m.fns, fnNumber(run*machineDrives+i))
	}
	return m
}

func (m *machine) fn(t *rapid.T) fiscal.FNNumber { return rapid.SampledFrom(m.fns).Draw(t, "fn") }

// draw makes an acceptance for a drive as it stands; FD numbers come in any order.
func (m *machine) draw(t *rapid.T, fd fiscal.FDNumber) store.Acceptance {
	fn := m.fn(t)
	a := Sample(fn, m.drives[fn].Version+1, fd)
	a.Document.RegID, a.Drive.RegID = m.reg, m.reg
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 1:
		a = encrypted(a)
	case 2:
		a = flagged(a)
		a.Incidents = []store.Incident{{At: morning, FN: fn, FD: fd, Fault: fiscal.FLKFailed, Text: "ФЛК"}}
	case 3:
		a.Drive.Gaps = []store.Gap{{From: fd, To: fd + 1, Since: morning}}
	case 4:
		a.Document.Confirmation, a.Exchange.Response = nil, nil
	case 5:
		a.Replaces = true
	}
	return a
}

// Accept tries any document: new, repeated, or decided on an old state.
func (m *machine) Accept(t *rapid.T) {
	a := m.draw(t, fiscal.FDNumber(rapid.IntRange(1, 12).Draw(t, "fd")))
	fn := a.Document.FN
	stale := rapid.IntRange(0, 4).Draw(t, "stale") == 0
	if stale {
		a.Drive.Version += rapid.SampledFrom([]int64{-1, 1, 5}).Draw(t, "off")
	}
	err := m.s.Accept(context.Background(), a)
	for _, d := range m.documents[fn] {
		if d.FD == a.Document.FD {
			require.ErrorIs(t, err, store.ErrExists)
			return
		}
	}
	if stale {
		require.ErrorIs(t, err, store.ErrStale)
		return
	}
	require.NoError(t, err)
	m.remember(a)
}

func (m *machine) remember(a store.Acceptance) {
	fn, e := a.Document.FN, a.Exchange
	e.FN, e.FD, e.Fault, e.Request = fn, a.Document.FD, a.Document.Fault, a.Document.Message
	m.drives[fn] = a.Drive
	m.documents[fn] = append(m.documents[fn], a.Document)
	m.exchanges[fn] = append(m.exchanges[fn], e)
	m.incidents[fn] = append(m.incidents[fn], a.Incidents...)
	if !a.Replaces {
		return
	}
	for other, v := range m.drives {
		if other != fn && v.Status == store.DriveActive {
			v.Status, v.Version = store.DriveReplaced, v.Version+1
			m.drives[other] = v
		}
	}
}

// Quarantine keeps a message.
func (m *machine) Quarantine(t *rapid.T) {
	fn := m.fn(t)
	q := store.Quarantined{At: morning, FN: fn, FD: 1, Fault: fiscal.BadMessageSign, Detail: "плохо", Message: sampleBytes(fn, 1, "q", 1, 50)}
	require.NoError(t, m.s.Quarantine(context.Background(), q))
	m.quarantined[fn] = append(m.quarantined[fn], q)
	m.incidents[fn] = append(m.incidents[fn], store.Incident{At: q.At, FN: fn, FD: 1, Fault: q.Fault, Text: q.Detail})
}

// Exchange logs one; the incident after it makes sure that it was written.
func (m *machine) Exchange(t *rapid.T) {
	fn := m.fn(t)
	e := store.Exchange{At: morning, Took: 5, Peer: "p", FN: fn, Fault: fiscal.DuplicateSame, Request: sampleBytes(fn, 1, "r", 1, 50)}
	require.NoError(t, m.s.LogExchange(context.Background(), e))
	i := store.Incident{At: morning, FN: fn, Text: "повтор"}
	require.NoError(t, m.s.AddIncident(context.Background(), i))
	m.exchanges[fn] = append(m.exchanges[fn], e)
	m.incidents[fn] = append(m.incidents[fn], i)
}

// Check compares the state of the drives after each operation.
func (m *machine) Check(t *rapid.T) {
	for _, fn := range m.fns {
		v, err := m.s.Drive(context.Background(), fn)
		want, known := m.drives[fn]
		if !known {
			require.ErrorIs(t, err, store.ErrNotFound)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, bareDrive(v))
	}
}

// compareLists compares everything else that the store tells about the drives.
func (m *machine) compareLists(t *rapid.T) {
	ctx, all := context.Background(), store.Page{Limit: store.MaxLimit}
	for _, fn := range m.fns {
		documents, err := m.s.Documents(ctx, store.DocumentFilter{FN: fn}, all)
		requireRows(t, m.documents[fn], documents, err, func(d *store.Document) *int64 { return &d.ID })
		exchanges, err := m.s.Exchanges(ctx, fn, all)
		requireRows(t, m.exchanges[fn], exchanges, err, func(e *store.Exchange) *int64 { return &e.ID })
		incidents, err := m.s.Incidents(ctx, fn, all)
		requireRows(t, m.incidents[fn], incidents, err, func(i *store.Incident) *int64 { return &i.ID })
		quarantined, err := m.s.Quarantines(ctx, fn, all)
		requireRows(t, m.quarantined[fn], quarantined, err, func(q *store.Quarantined) *int64 { return &q.ID })
	}
	n, err := m.s.CountDocuments(ctx, store.DocumentFilter{RegID: m.reg})
	require.NoError(t, err)
	var want int
	for _, documents := range m.documents {
		want += len(documents)
	}
	require.EqualValues(t, want, n)
}

// requireRows compares rows with the model's, their growing IDs apart.
func requireRows[T any](t *rapid.T, want, got []T, err error, id func(*T) *int64) {
	require.NoError(t, err)
	require.Len(t, got, len(want))
	last := int64(0)
	for i := range got {
		p := id(&got[i])
		require.Greater(t, *p, last)
		last, *p = *p, 0
		require.Equal(t, want[i], got[i])
	}
}
