package postgres

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// acceptance is made ready by the caller, so that the one writer only links, arranges
// and sends.
type acceptance struct {
	a       *store.Acceptance
	driveID int64
	gaps    []byte
	row     chain.Row
	digest  chain.Digest
}

// Accept implements store.Store.
func (s *Store) Accept(ctx context.Context, a store.Acceptance) error {
	one, err := newAcceptance(&a)
	if err != nil {
		return err
	}
	return s.queue.Do(ctx, work{acceptance: one})
}

func newAcceptance(a *store.Acceptance) (*acceptance, error) {
	d, v := &a.Document, &a.Drive
	if d.FN != v.FN {
		return nil, fmt.Errorf("postgres: document of FN %q with the drive %q", d.FN, v.FN)
	}
	one := &acceptance{a: a}
	var err error
	if one.driveID, err = driveIDOf(d.FN); err != nil {
		return nil, err
	}
	if one.row, err = chain.NewRow(a); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if one.gaps, err = encodeList(utcGaps(v.Gaps)); err != nil {
		return nil, fmt.Errorf("postgres: encoding the gaps of FN %s: %w", v.FN, err)
	}
	one.digest = one.row.Digest()
	return one, nil
}

func (one *acceptance) replaces() bool { return one.a.Replaces && one.a.Drive.RegID != "" }

func (one *acceptance) key() documentKey { return documentKey{one.driveID, one.a.Document.FD} }
