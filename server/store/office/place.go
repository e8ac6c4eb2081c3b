package office

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/server/feed"
)

// place is how far the follower is; 0 in the beginning.
func place(ctx context.Context, r runner, follower string) (int64, error) {
	var places []int64
	if err := many(ctx, r, &places, `SELECT place FROM places WHERE follower = ?`, follower); err != nil {
		return 0, fmt.Errorf("office: reading the place of %s: %w", follower, err)
	}
	if len(places) == 0 {
		return 0, nil
	}
	return places[0], nil
}

// advance moves the follower's place, inside the transaction that keeps what it did.
// It fails with feed.ErrMoved when the place is not from.
func advance(ctx context.Context, tx runner, follower string, from, to int64) error {
	if _, err := exec(ctx, tx, `INSERT INTO places (follower, place) VALUES (?, 0) ON CONFLICT (follower) DO NOTHING`, follower); err != nil {
		return fmt.Errorf("office: moving the place of %s: %w", follower, err)
	}
	n, err := exec(ctx, tx, `UPDATE places SET place = ? WHERE follower = ? AND place = ?`, to, follower, from)
	if err != nil {
		return fmt.Errorf("office: moving the place of %s: %w", follower, err)
	}
	if n == 0 {
		return feed.ErrMoved
	}
	return nil
}
