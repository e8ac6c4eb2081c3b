package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// project is a projection made of what a sample says, without reading its bytes.
func project(d *store.Document) store.Projection {
	p := store.Projection{
		ID: d.ID, FN: d.FN, FD: d.FD, Form: d.Form, RegID: d.RegID, UserINN: d.UserINN, At: d.DateTime, Shift: d.Shift, Number: d.Number,
		Operation: d.Operation, Total: d.Total, FPD: d.FPD, Taxation: 1, Cashier: "Иванова А.А.",
		Paid: store.Paid{Cash: d.Total / 2, Ecash: d.Total - d.Total/2}, VAT: store.VAT{1: d.Total / 6, 12: 7},
		Items: []store.Item{
			{Position: 1, Name: "Хлеб «Дарницкий»", Price: d.Total / 2, Quantity: store.Millionth, Sum: d.Total / 2, Rate: 2, VAT: 5, Subject: 1, Method: 4, Measure: 0},
			{Position: 2, Name: fmt.Sprintf("Товар %d", d.FD%3), Price: d.Total, Quantity: store.Millionth / 2, Sum: d.Total - d.Total/2, Rate: 12, VAT: 9,
				Subject: 33, Method: 4, Measure: 11, Unit: "кг", Code: fmt.Sprintf("0104601234567890215%d", d.FD)},
		},
	}
	if d.FD%4 == 0 {
		p.Contact = fmt.Sprintf("buyer%d@example.test", d.FD)
	}
	if len(d.STLV) == 0 {
		p.Unread, p.Items = "encrypted", nil
	}
	return p
}

// projector opens a store that projects.
func projector(t *testing.T, s store.Store) store.Projector {
	t.Helper()
	p, ok := s.(store.Projector)
	require.True(t, ok, "every engine is a store.Projector")
	return p
}

// projectAll projects what is there.
func projectAll(t require.TestingT, p store.Projector, batch int) (total int) {
	for {
		n, err := p.Project(context.Background(), batch, project)
		require.NoError(t, err)
		if n == 0 {
			return total
		}
		total += n
	}
}

func projects(t *testing.T, open Open) {
	s := fresh(t, open)
	p := projector(t, s)
	unseen := Sample(fnNumber(2), 1, 1)
	unseen.Document.STLV = nil
	undated := Sample(fnNumber(2), 2, 2)
	undated.Document.DateTime = time.Time{}
	accept(t, s, append(life(fnNumber(1), 5), unseen, undated)...)
	progress, err := p.Progress(t.Context())
	require.NoError(t, err)
	assert.Equal(t, store.Progress{Behind: 7, Since: Sample(fnNumber(1), 1, 1).Document.ReceivedAt}, progress)
	total, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 7, total.Behind)

	n, err := p.Project(t.Context(), 3, project)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, 4, projectAll(t, p, 100))
	progress, err = p.Progress(t.Context())
	require.NoError(t, err)
	assert.Equal(t, store.Progress{Passed: 7, Unread: []store.Unread{{Reason: "encrypted", Documents: 1}}}, progress)
	total, err = s.Stats(t.Context())
	require.NoError(t, err)
	assert.Zero(t, total.Behind)
	assert.EqualValues(t, 1, total.Unread)

	for _, a := range append(life(fnNumber(1), 5), unseen, undated) {
		d, err := s.Document(t.Context(), a.Document.FN, a.Document.FD)
		require.NoError(t, err)
		want := project(&d)
		got, err := p.Search(t.Context(), store.Search{FN: d.FN, FD: d.FD}, store.Place{}, 0)
		require.NoError(t, err)
		require.Len(t, got, 1)
		items, err := p.Items(t.Context(), d.FN, d.FD)
		require.NoError(t, err)
		assert.Equal(t, want.Items, items)
		if want.Items = nil; want.At.IsZero() {
			want.At = time.Time{}.UTC()
			got[0].At = want.At
		}
		assert.Equal(t, want, got[0])
	}
	items, err := p.Items(t.Context(), fnNumber(9), 1)
	require.NoError(t, err)
	assert.Empty(t, items)
}

// Whoever dies in the middle of a transaction leaves nothing of it, and the next one
// goes on from there.
func projectsOnce(t *testing.T, open Open) {
	place := t.TempDir()
	s := open(t, place)
	accept(t, s, life(fnNumber(1), 20)...)
	for round := range 4 {
		p := projector(t, s)
		gone := errors.New("gone")
		func() {
			defer func() { require.Equal(t, gone, recover()) }()
			var seen int
			_, _ = p.Project(context.Background(), 5, func(d *store.Document) store.Projection {
				if seen++; seen == 3 {
					panic(gone)
				}
				return project(d)
			})
		}()
		ctx, cancel := context.WithCancel(context.Background())
		_, err := p.Project(ctx, 5, func(d *store.Document) store.Projection { cancel(); return project(d) })
		require.ErrorIs(t, err, context.Canceled)
		progress, err := p.Progress(t.Context())
		require.NoError(t, err)
		if progress.Passed != int64(5*round) { // given up, and yet done by the writer
			require.EqualValues(t, 5*(round+1), progress.Passed)
		} else {
			n, err := p.Project(t.Context(), 5, project)
			require.NoError(t, err)
			require.Equal(t, 5, n)
		}
		require.NoError(t, s.Close())
		s = open(t, place)
	}
	p := projector(t, s)
	require.Zero(t, projectAll(t, p, 5))
	all, err := p.Search(t.Context(), store.Search{Oldest: true}, store.Place{}, 0)
	require.NoError(t, err)
	require.Len(t, all, 20)
	figures, err := p.Figures(t.Context(), store.Search{}, store.Together)
	require.NoError(t, err)
	assert.EqualValues(t, 20, figures[0].Sales)
	assert.EqualValues(t, 20, RequireSums(t, p, all[0].UserINN).Sales)
	require.NoError(t, s.Close())
	_, err = p.Project(t.Context(), 5, project)
	require.ErrorIs(t, err, store.ErrClosed)
}

// Several workers, readers and writers at once: confirmations go on, each document is
// projected once, and who reads sees whole documents.
func projectsWhileWriting(t *testing.T, open Open) {
	s := fresh(t, open)
	p := projector(t, s)
	const drives, documents = 6, 20
	var writers, others sync.WaitGroup
	var ended atomic.Bool
	for n := range drives {
		writers.Go(func() {
			for _, a := range life(fnNumber(n), documents) {
				if !assert.NoError(t, s.Accept(context.Background(), a)) {
					return
				}
			}
		})
	}
	var passed atomic.Int64
	for range 3 {
		others.Go(func() {
			for done := false; !done; {
				done = ended.Load()
				n, err := p.Project(context.Background(), 16, project)
				if !assert.NoError(t, err) {
					return
				}
				passed.Add(int64(n))
			}
		})
	}
	others.Go(func() {
		for !ended.Load() {
			all, err := p.Search(context.Background(), store.Search{}, store.Place{}, 10)
			if !assert.NoError(t, err) {
				return
			}
			// Sums and documents are of one moment.
			sums, err := p.Figures(context.Background(), store.Search{UserINN: Sample("1", 1, 1).Document.UserINN, To: morning.Add(4 * time.Hour)}, store.ByDay)
			assert.NoError(t, err)
			for _, f := range sums {
				assert.Equal(t, f.Revenue, f.SalesPaid.Cash+f.SalesPaid.Ecash)
			}
			for _, one := range all {
				items, err := p.Items(context.Background(), one.FN, one.FD)
				assert.NoError(t, err)
				assert.Len(t, items, 2)
			}
		}
	})
	writers.Wait()
	ended.Store(true)
	others.Wait()
	passed.Add(int64(projectAll(t, p, 16)))
	assert.EqualValues(t, drives*documents, passed.Load(), "each once")
	figures, err := p.Figures(t.Context(), store.Search{}, store.ByRegister)
	require.NoError(t, err)
	require.Len(t, figures, 1)
	assert.EqualValues(t, drives*documents, figures[0].Sales)
	assert.Equal(t, fiscal.FDNumber(documents), figures[0].LastFD)
	assert.EqualValues(t, drives*documents, RequireSums(t, p, Sample("1", 1, 1).Document.UserINN).Sales)
}

// Readers do not disturb the writer: while documents are being read, others are
// accepted, and readers that begin then see them.
func acceptsWhileReading(t *testing.T, open Open) {
	s := fresh(t, open)
	p := projector(t, s)
	accept(t, s, life(fnNumber(1), 10)...)
	version := int64(10)
	n, err := p.Project(t.Context(), 10, func(d *store.Document) store.Projection {
		version++
		accept(t, s, Sample(fnNumber(1), version, fdOf(version))) // would wait for ever
		all, err := s.Documents(context.Background(), store.DocumentFilter{FN: fnNumber(1)}, store.Page{})
		assert.NoError(t, err)
		assert.Len(t, all, int(version))
		return project(d)
	})
	require.NoError(t, err)
	require.Equal(t, 10, n, "those that came meanwhile are for the next time")
	require.Equal(t, 10, projectAll(t, p, 100))
}
