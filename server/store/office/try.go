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

func (c counts) Take(ctx context.Context, a tries.Ask) (answer tries.Answer, _ error) {
	err := c.tx(ctx, func(tx runner) error {
		var marks []byte
		// The row is locked from here on, whoever else takes of the subject.
		if err := one(ctx, tx, nil, &marks, `INSERT INTO tries (subject, ends, marks) VALUES (?, ?, ?) ON CONFLICT (subject) DO UPDATE SET ends = tries.ends
			RETURNING marks`, a.Subject, ns(a.Now), []byte{}); err != nil {
			return err
		}
		log, err := tries.ParseLog(marks)
		if err != nil {
			return err
		}
		if log, answer = log.Take(a); answer.Got == 0 && a.Back == 0 {
			return nil
		}
		_, err = exec(ctx, tx, `UPDATE tries SET ends = ?, marks = ? WHERE subject = ?`, ns(log.Ends(a.Window)), log.Bytes(), a.Subject)
		return err
	})
	if err != nil {
		return tries.Answer{}, fmt.Errorf("office: counting tries: %w", err)
	}
	return answer, nil
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
