// Package receiptcheck answers whoever holds a receipt whether this operator has it
// (operator.md section 6, CAB-105, CAB-106).
//
// It knows no people and asks for no rights: all three numbers printed on the receipt
// are the key, and the time of an answer tells nothing about whether it was a good
// one. What it gives is for everybody, so callers show it without personal data (see
// ffd.Personal): the parsed receipt has none. Pages and the JSON twin count tries of an address together.
package receiptcheck

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/tries"
)

// ErrNotFound: there is no such receipt here.
var ErrNotFound = errors.New("receiptcheck: not found")

// NotYet says that the drive is served and its documents have not come up to the
// number asked for: it is worth asking again (OPR-061).
type NotYet struct{ Wait time.Duration }

func (e *NotYet) Error() string {
	return fmt.Sprintf("receiptcheck: not received yet, ask again after %s", e.Wait)
}

// Documents are the documents themselves; store.Store is one.
type Documents interface {
	Document(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (store.Document, error)
	Drive(ctx context.Context, fn fiscal.FNNumber) (store.Drive, error)
	Documents(ctx context.Context, f store.DocumentFilter, page store.Page) ([]store.Document, error)
}

// Options of the service. Documents are needed.
type Options struct {
	Documents Documents
	Now       func() time.Time // for limits; time.Now when nil
	// Least is how long every answer of Find takes, found or not, by the wall clock;
	// 100 ms when zero, none when negative. Work that takes longer is answered at the
	// next multiple.
	Least time.Duration
	// Tries of one address in Window; 30 in a minute when zero.
	Tries  int
	Window time.Duration
	// Counts of tries that all servers of the base share; this process's own when nil.
	Counts tries.Store
}

// Service checks receipts. Its methods are safe for concurrent use.
type Service struct {
	o      Options
	limits *tries.Limits
}

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Documents == nil {
		return nil, errors.New("receiptcheck: documents are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Least == 0 {
		o.Least = 100 * time.Millisecond
	}
	if o.Tries == 0 {
		o.Tries = 30
	}
	if o.Window == 0 {
		o.Window = time.Minute
	}
	return &Service{o: o, limits: tries.New(o.Counts, o.Now)}, nil
}

// Receipt is a receipt, БСО or correction of either that was found.
type Receipt struct {
	store.Document               // with its bytes, which hold personal data: not for everybody
	Parsed         *ffd.Document // without personal data
}

// public is a document without personal data.
func public(d *ffd.Document) *ffd.Document {
	plain := *d
	plain.Raw = nil // the same bytes once more
	plain.Fields = slices.DeleteFunc(slices.Clone(d.Fields), func(n tlv.Node) bool { return ffd.Personal(n.Tag) })
	return &plain
}

// Key is what a receipt is found by.
type Key struct {
	FN  fiscal.FNNumber
	FD  fiscal.FDNumber
	FPD fiscal.FPD
}

// Key of the receipt.
func (r *Receipt) Key() Key { return Key{r.FN, r.FD, r.FPD} }

// QRText is the text of its QR code.
func (r *Receipt) QRText() string { return ffd.QRText(r.Parsed) }

// retry is what NotYet advises: registers hand documents over within minutes.
const retry = time.Minute

// Find looks a receipt up by all three numbers. It fails with ErrNotFound or *NotYet,
// always after the same time. A document whose content was not seen is not found.
func (s *Service) Find(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber, fpd fiscal.FPD) (*Receipt, error) {
	begun := time.Now()
	r, err := s.find(ctx, fn, fd, fpd)
	if waited := s.even(ctx, begun); waited != nil {
		return nil, waited
	}
	return r, err
}

func (s *Service) find(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber, fpd fiscal.FPD) (*Receipt, error) {
	d, err := s.o.Documents.Document(ctx, fn, fd)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("receiptcheck: reading a document: %w", err)
	}
	drive, driveErr := s.o.Documents.Drive(ctx, fn) // also when it is not needed: the same work
	if driveErr != nil && !errors.Is(driveErr, store.ErrNotFound) {
		return nil, fmt.Errorf("receiptcheck: reading a drive: %w", driveErr)
	}
	if err != nil {
		if driveErr == nil && drive.Status == store.DriveActive && fd > drive.LastFD {
			return nil, &NotYet{retry}
		}
		return nil, ErrNotFound
	}
	same := subtle.ConstantTimeEq(int32(d.FPD), int32(fpd)) == 1
	parsed, err := ffd.Decode(d.STLV)
	if !same || err != nil || !(d.Form.IsReceipt() || d.Form.IsCorrection()) {
		return nil, ErrNotFound
	}
	return &Receipt{d, public(parsed)}, nil
}

// even waits until a whole number of s.o.Least has passed since begun.
func (s *Service) even(ctx context.Context, begun time.Time) error {
	if s.o.Least <= 0 {
		return nil
	}
	t := time.NewTimer(s.o.Least - time.Since(begun)%s.o.Least)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// FindBySum looks a receipt up by sign and sum, as the compatibility page of another
// operator does (OPR-063). Two numbers can be guessed sooner than three: it is for
// benches that have asked for it. It fails with ErrNotFound.
func (s *Service) FindBySum(ctx context.Context, fpd fiscal.FPD, total fiscal.Kopecks) (*Receipt, error) {
	begun := time.Now()
	docs, err := s.o.Documents.Documents(ctx, store.DocumentFilter{FPD: fpd}, store.Page{Limit: 20})
	if err != nil {
		return nil, fmt.Errorf("receiptcheck: reading documents: %w", err)
	}
	var found *Receipt
	for i := range docs {
		d := &docs[i]
		if parsed, err := ffd.Decode(d.STLV); err == nil && found == nil && d.FPD == fpd && d.Total == total && (d.Form.IsReceipt() || d.Form.IsCorrection()) {
			found = &Receipt{*d, public(parsed)}
		}
	}
	if err := s.even(ctx, begun); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found, nil
}
