// Package ledger reads the fiscal base for people: documents and what they add up to.
//
// Every question is asked within an access.Sight: documents of other taxpayers and
// registers do not exist here. Lists, sums and searches come from the projected
// tables of the store (store.Projector), seconds behind; a single document comes from
// the documents themselves. The package changes nothing.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// ErrNotFound: there is no such document in the sight.
var ErrNotFound = errors.New("ledger: not found")

// Documents are the documents themselves; store.Store is one.
type Documents interface {
	Document(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error)
	Drive(ctx context.Context, fn fiscal.FNNumber) (store.Drive, error)
}

// Service answers questions. Its methods are safe for concurrent use.
type Service struct {
	docs      Documents
	projected store.Projector
	popular   kept[[]Good]
	progress  recent[store.Progress]
}

// New makes the service.
func New(docs Documents, projected store.Projector) *Service {
	return &Service{docs: docs, projected: projected}
}

// within narrows a search to one part of a sight (Sight.Parts); false when nothing can be found.
func within(sight access.Sight, q store.Search) (store.Search, bool) {
	if sight.Empty() || (q.UserINN != "" && q.UserINN != sight.INN()) {
		return q, false
	}
	q.UserINN = sight.INN()
	seen := sight.Registers()
	if len(q.RegIDs) > 0 {
		seen = slices.DeleteFunc(seen, func(r fiscal.RegNumber) bool { return !slices.Contains(q.RegIDs, r) })
	}
	if q.RegIDs = seen; len(seen) == 0 {
		return q, false
	}
	from, to := sight.Dated()
	if q.From.Before(from) {
		q.From = from
	}
	if q.To.IsZero() || (!to.IsZero() && to.Before(q.To)) {
		q.To = to
	}
	return q, q.To.IsZero() || q.From.Before(q.To)
}

// Search lists documents of the sight, newest first unless q says otherwise; after is
// the place where the last page ended.
func (s *Service) Search(ctx context.Context, sight access.Sight, q store.Search, after store.Place, limit int) ([]store.Projection, error) {
	return s.searchAll(ctx, searches(sight, q), after, limit)
}

// Figures sums up documents of the sight.
func (s *Service) Figures(ctx context.Context, sight access.Sight, q store.Search, by store.Grouping) ([]store.Figures, error) {
	return s.figuresAll(ctx, searches(sight, q), by)
}

// Goods sums up items sold by documents of the sight.
func (s *Service) Goods(ctx context.Context, sight access.Sight, q store.Search, limit int) ([]store.Goods, error) {
	return s.goodsAll(ctx, searches(sight, q), limit)
}

// Document of the sight; ErrNotFound for all others, there or not.
func (s *Service) Document(ctx context.Context, sight access.Sight, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error) {
	d, err := s.docs.Document(ctx, fn, fd)
	if errors.Is(err, store.ErrNotFound) || (err == nil && !sight.Shows(d.RegID, d.UserINN, dated(&d))) {
		return store.Document{}, ErrNotFound
	}
	if err != nil {
		return store.Document{}, fmt.Errorf("ledger: reading document %d of %s: %w", fd, fn, err)
	}
	return d, nil
}

// dated is the time a document is filed under: tag 1012, or its arrival.
func dated(d *store.Document) time.Time {
	if d.DateTime.IsZero() {
		return d.ReceivedAt.Truncate(time.Second)
	}
	return d.DateTime
}

// Gaps are the runs of numbers of a drive that have not come (CAB-101), when the
// drive last belonged to a register of the sight.
func (s *Service) Gaps(ctx context.Context, sight access.Sight, fn fiscal.FNNumber) ([]store.Gap, error) {
	d, err := s.docs.Drive(ctx, fn)
	if errors.Is(err, store.ErrNotFound) || (err == nil && !slices.Contains(sight.Registers(), d.RegID)) || (err == nil && d.UserINN != sight.INN()) {
		return nil, ErrNotFound
	}
	return d.Gaps, err
}

// Progress tells how far the projected tables were within the last second: every page
// says so, and it is asked of the whole base.
func (s *Service) Progress(ctx context.Context) (store.Progress, error) {
	return s.progress.get(func() (store.Progress, error) { return s.projected.Progress(ctx) })
}

// ProgressNow is how far the projected tables are at this moment, for answers that
// promise that nothing is missing.
func (s *Service) ProgressNow(ctx context.Context) (store.Progress, error) {
	return s.projected.Progress(ctx)
}
