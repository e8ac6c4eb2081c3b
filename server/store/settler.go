package store

import (
	"context"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Settler is an ability of stores in which a document can be seen before it is as
// safe as Accept promises: one that a primary database has and its synchronous standby
// has not, because what waited for the standby was killed. Whoever confirms a document
// that he found, and did not store himself, must settle it first.
type Settler interface {
	// Settle returns when the document is everywhere where Accept would have put it. It
	// fails with ErrNotFound when it turns out to be gone.
	Settle(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) error
}
