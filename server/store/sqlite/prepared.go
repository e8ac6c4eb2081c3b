package sqlite

import (
	ring "container/list"
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxPrepared is how many statements of searches are kept prepared. Their texts differ
// by what is asked for and by the number of registers; making one ready takes longer
// than most answers.
const maxPrepared = 200

// prepared keeps the statements that were asked last.
type prepared struct {
	db *sql.DB

	mu     sync.Mutex
	texts  map[string]*ring.Element
	recent *ring.List // of *statement, the last one asked in front
}

type statement struct {
	text    string
	st      *sql.Stmt
	users   int
	dropped bool // nobody else gets it; the last user closes it
}

func newPrepared(db *sql.DB) *prepared {
	return &prepared{db: db, texts: map[string]*ring.Element{}, recent: ring.New()}
}

// take gives the statement to somebody, who calls done in the end.
func (p *prepared) take(ctx context.Context, text string) (st *sql.Stmt, done func() error, err error) {
	p.mu.Lock()
	e, ok := p.texts[text]
	if ok {
		p.recent.MoveToFront(e)
		e.Value.(*statement).users++
	}
	p.mu.Unlock()
	if !ok {
		if st, err = p.db.PrepareContext(ctx, text); err != nil {
			return nil, nil, err
		}
		e = p.add(&statement{text: text, st: st, users: 1})
	}
	one := e.Value.(*statement)
	return one.st, func() error { return p.give(one) }, nil
}

// add keeps a statement and drops the one that was not asked for the longest time.
// Somebody may have been quicker with the same text: then this one is for its user
// alone.
func (p *prepared) add(one *statement) *ring.Element {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.texts[one.text]; ok {
		one.dropped = true
		return &ring.Element{Value: one}
	}
	e := p.recent.PushFront(one)
	p.texts[one.text] = e
	if p.recent.Len() > maxPrepared {
		p.drop(p.recent.Back())
	}
	return e
}

// drop takes a statement out; the lock is held.
func (p *prepared) drop(e *ring.Element) {
	one := e.Value.(*statement)
	p.recent.Remove(e)
	delete(p.texts, one.text)
	if one.dropped = true; one.users == 0 {
		_ = one.st.Close()
	}
}

func (p *prepared) give(one *statement) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one.users--; one.users == 0 && one.dropped {
		return one.st.Close()
	}
	return nil
}

// close closes all; nobody may be using any.
func (p *prepared) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for e := p.recent.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*statement).st.Close())
	}
	p.texts, p.recent = map[string]*ring.Element{}, ring.New()
	return errors.Join(errs...)
}
