package postgres

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// acceptance is made ready by the caller, so that the one writer only arranges and
// sends.
type acceptance struct {
	a               *store.Acceptance
	driveID         int64
	gaps, findings  []byte
	stlvAt, stlvLen pgtype.Int4
	stlv            []byte
	request         []byte
	response, head  []byte
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
	if one.findings, err = encodeList(d.Findings); err != nil {
		return nil, fmt.Errorf("postgres: encoding the findings of FN %s FD %d: %w", d.FN, d.FD, err)
	}
	if one.gaps, err = encodeList(utcGaps(v.Gaps)); err != nil {
		return nil, fmt.Errorf("postgres: encoding the gaps of FN %s: %w", v.FN, err)
	}
	one.shareSTLV()
	one.shareExchange()
	return one, nil
}

func (one *acceptance) replaces() bool { return one.a.Replaces && one.a.Drive.RegID != "" }

func (one *acceptance) key() documentKey { return documentKey{one.driveID, one.a.Document.FD} }

// shareSTLV finds the plain document inside the message, where it is unless the
// container was encrypted, and keeps its place instead of a copy.
func (one *acceptance) shareSTLV() {
	d := &one.a.Document
	if len(d.STLV) == 0 {
		return
	}
	if i := bytes.Index(d.Message, d.STLV); i >= 0 {
		one.stlvAt, one.stlvLen = pgtype.Int4{Int32: int32(i), Valid: true}, pgtype.Int4{Int32: int32(len(d.STLV)), Valid: true}
		return
	}
	one.stlv = d.STLV
}

// shareExchange keeps of the exchange's bytes what the document does not hold: a
// request that differs from the message, and of the response the session header
// before the confirmation or, when it has another tail, the whole.
func (one *acceptance) shareExchange() {
	e, d := &one.a.Exchange, &one.a.Document
	if len(e.Request) > 0 && !bytes.Equal(e.Request, d.Message) {
		one.request = e.Request
	}
	switch {
	case len(e.Response) == 0:
	case len(d.Confirmation) > 0 && bytes.HasSuffix(e.Response, d.Confirmation):
		one.head = blob(e.Response[:len(e.Response)-len(d.Confirmation)])
	default:
		one.response = e.Response
	}
}
