package archive_test

import (
	"context"

	"github.com/fiscalbench/fiscalbench/server/archive"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// nothing is a base that takes rows and forgets them.
type nothing struct{}

func (nothing) Snapshot(context.Context, func(archive.Snapshot) error) error { return nil }
func (nothing) Fill(_ context.Context, write func(archive.Filler) error) error {
	return write(nothing{})
}
func (nothing) Expire(context.Context, archive.Lot) (*chain.Entry, error)  { return nil, nil }
func (nothing) Close() error                                               { return nil }
func (nothing) Drive(context.Context, *archive.Drive) error                { return nil }
func (nothing) Document(context.Context, *chain.Row) error                 { return nil }
func (nothing) Event(context.Context, archive.Table, *archive.Event) error { return nil }
func (nothing) Entry(context.Context, *chain.Entry) error                  { return nil }
