package office

import (
	"context"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/server/tries"
)

// Tries is the office as server/tries sees it.
func (o *Office) Tries() tries.Store { return counts{o} }

type counts struct{ *Office }

func (c counts) Try(ctx context.Context, subject string, now time.Time, window time.Duration) (int, time.Time, error) {
	var r struct {
		Tries int
		Ends  int64
	}
	instant, ends := ns(now), ns(now.Add(window))
	// One statement: the row is locked while it decides, whoever else tries.
	err := one(ctx, c.db, nil, &r, `INSERT INTO tries (subject, begun, ends, tries) VALUES (?, ?, ?, 1) ON CONFLICT (subject) DO UPDATE SET
		tries = CASE WHEN tries.ends <= ? OR tries.begun > ? THEN 1 ELSE tries.tries + 1 END,
		ends  = CASE WHEN tries.ends <= ? OR tries.begun > ? THEN excluded.ends ELSE tries.ends END,
		begun = CASE WHEN tries.ends <= ? OR tries.begun > ? THEN excluded.begun ELSE tries.begun END
		RETURNING tries, ends`, subject, instant, ends, instant, instant, instant, instant, instant, instant)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("office: counting a try: %w", err)
	}
	return r.Tries, at(r.Ends), nil
}

func (c counts) ForgetTries(ctx context.Context, subject string) error {
	if _, err := exec(ctx, c.db, `DELETE FROM tries WHERE subject = ?`, subject); err != nil {
		return fmt.Errorf("office: forgetting tries: %w", err)
	}
	return nil
}

func (c counts) DropTries(ctx context.Context, before time.Time) (int64, error) {
	n, err := exec(ctx, c.db, `DELETE FROM tries WHERE ends <= ?`, ns(before))
	if err != nil {
		return 0, fmt.Errorf("office: dropping tries: %w", err)
	}
	return n, nil
}
