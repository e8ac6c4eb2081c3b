// Package feed follows the documents of a store in the order they came and hands
// them to services that keep something of their own about them: states of registers,
// messages to buyers, webhooks.
//
// A follower may be behind and holds no confirmation up. It keeps its place together
// with what it did, in one transaction, so that each document takes effect once,
// whatever dies and however many servers follow.
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// ErrMoved is what Handle returns when another server has taken these documents: the
// place was read anew.
var ErrMoved = errors.New("feed: another server was here before")

// Source is where documents come from; store.Store is one.
type Source interface {
	Documents(ctx context.Context, f store.DocumentFilter, page store.Page) ([]store.Document, error)
}

// Observer hears how a follower gets on, for metrics.
type Observer interface {
	// Behind: the first document that is not handled arrived at since; zero: all are.
	Behind(since time.Time)
	// Handled: so many documents took effect.
	Handled(documents int)
	// Failed: a step failed and is tried again.
	Failed()
}

// Follower handles every document once. Source, Place and Handle are needed.
type Follower struct {
	Name   string // in the log
	Source Source
	// Place is the ID of the last document handled, 0 in the beginning.
	Place func(ctx context.Context) (int64, error)
	// Handle does the work for documents after the place from and moves the place to
	// the ID of the last one, all in one transaction, or fails and does nothing. It
	// fails with ErrMoved when the place is not from any more.
	Handle func(ctx context.Context, from int64, docs []store.Document) error
	Batch  int           // documents at once; 500 when zero
	Poll   time.Duration // between looks when nothing is new; a second when zero
	Logger *slog.Logger  // nil discards
	// Observer is told of every step; nil: nobody.
	Observer Observer
}

// Run follows until ctx ends and returns ctx's error. What fails is logged and tried
// again after a pause that grows to half a minute.
func (f *Follower) Run(ctx context.Context) error {
	log := f.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	poll := f.Poll
	if poll <= 0 {
		poll = time.Second
	}
	pause := poll
	for {
		n, err := f.Step(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrMoved), err == nil && n > 0:
			pause = poll
			continue
		case err == nil:
			pause = poll
		default:
			log.Error("following documents", "who", f.Name, "err", err)
			f.observe(Observer.Failed)
			pause = min(2*pause, 30*time.Second)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Step handles one batch and tells how many documents it held.
func (f *Follower) Step(ctx context.Context) (int, error) {
	from, err := f.Place(ctx)
	if err != nil {
		return 0, fmt.Errorf("feed: reading the place of %s: %w", f.Name, err)
	}
	batch := f.Batch
	if batch <= 0 {
		batch = 500
	}
	docs, err := f.Source.Documents(ctx, store.DocumentFilter{}, store.Page{After: from, Limit: batch})
	if err != nil {
		return 0, fmt.Errorf("feed: reading documents after %d: %w", from, err)
	}
	if len(docs) == 0 {
		f.observe(func(o Observer) { o.Behind(time.Time{}) })
		return 0, nil
	}
	f.observe(func(o Observer) { o.Behind(docs[0].ReceivedAt) })
	if err := f.Handle(ctx, from, docs); err != nil {
		return 0, fmt.Errorf("feed: %s after %d: %w", f.Name, from, err)
	}
	f.observe(func(o Observer) { o.Handled(len(docs)) })
	return len(docs), nil
}

func (f *Follower) observe(tell func(Observer)) {
	if f.Observer != nil {
		tell(f.Observer)
	}
}

// CatchUp handles all documents that are there.
func (f *Follower) CatchUp(ctx context.Context) error {
	for {
		n, err := f.Step(ctx)
		if errors.Is(err, ErrMoved) {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
	}
}
