package officetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/notify"
)

// Messages is the contract of notify.Store. open gives an empty one.
func Messages(t *testing.T, open func(t *testing.T) notify.Store) {
	message := func(n int) notify.Message {
		return notify.Message{ID: fmt.Sprintf("2026-%03d", n), Org: "o", Kind: "NTF-10", Channel: notify.Letter, To: fmt.Sprintf("buyer_%d@x.example", n), Subject: "Чек",
			Text: "текст", State: notify.Queued, About: "fn/1", Created: epoch.Add(time.Duration(n)), Due: epoch.Add(time.Duration(n) * time.Second), Done: epoch}
	}
	t.Run("ReadWhatWasWritten", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		m := message(1)
		m.HTML, m.Files, m.Reason, m.Tries = "<p>", []notify.File{{Name: "чек.pdf", Type: "application/pdf", Data: []byte{0, 1, 2}, ID: "qr"}}, "r", 2
		m.Sender, m.ReplyTo = "ООО Ромашка", "shop@x.example"
		require.NoError(t, s.AddMessage(ctx, m))
		got, err := s.Message(ctx, m.ID)
		require.NoError(t, err)
		assert.Equal(t, m, got)
		_, err = s.Message(ctx, "none")
		require.ErrorIs(t, err, notify.ErrNotFound)
		all, err := s.Messages(ctx, notify.Filter{Limit: 10})
		require.NoError(t, err)
		require.Len(t, all, 1)
		assert.Empty(t, all[0].HTML, "lists are light")
		assert.Empty(t, all[0].Files)
	})
	t.Run("Filters", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		for n := range 6 {
			m := message(n)
			if n == 3 {
				m.Org, m.Channel, m.Kind, m.State, m.About = "other", notify.SMS, "NTF-01", notify.Failed, ""
			}
			require.NoError(t, s.AddMessage(ctx, m))
		}
		count := func(f notify.Filter) int {
			f.Limit = 100
			all, err := s.Messages(ctx, f)
			require.NoError(t, err)
			return len(all)
		}
		assert.Equal(t, 6, count(notify.Filter{}))
		assert.Equal(t, 5, count(notify.Filter{Org: "o"}))
		assert.Equal(t, 1, count(notify.Filter{Channel: notify.SMS}))
		assert.Equal(t, 1, count(notify.Filter{Kind: "NTF-01"}))
		assert.Equal(t, 1, count(notify.Filter{State: notify.Failed}))
		assert.Equal(t, 5, count(notify.Filter{About: "fn/1"}))
		assert.Equal(t, 1, count(notify.Filter{To: "r_4@"}))
		assert.Equal(t, 0, count(notify.Filter{To: "r%4"}), "what is typed is no pattern")
		assert.Equal(t, 2, count(notify.Filter{Before: "2026-002"}))
		all, err := s.Messages(ctx, notify.Filter{Limit: 2})
		require.NoError(t, err)
		assert.Equal(t, "2026-005", all[0].ID, "newest first")
		assert.Len(t, all, 2)
	})
	t.Run("DueAndSettled", func(t *testing.T) {
		t.Parallel()
		s, ctx := open(t), context.Background()
		for n := range 4 {
			m := message(n)
			m.HTML = "<p>"
			require.NoError(t, s.AddMessage(ctx, m))
		}
		due, err := s.Due(ctx, notify.Letter, epoch.Add(2*time.Second), 10)
		require.NoError(t, err)
		require.Len(t, due, 3)
		assert.Equal(t, message(0).ID, due[0].ID)
		assert.Equal(t, "<p>", due[0].HTML)
		none, err := s.Due(ctx, notify.SMS, epoch.Add(time.Hour), 10)
		require.NoError(t, err)
		assert.Empty(t, none, "another channel")
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				m := due[0]
				m.State, m.Tries, m.Due = notify.Sent, 1, epoch.Add(2*time.Hour)
				if err := s.Settle(ctx, m, notify.Queued, 0); err == nil {
					won.Add(1)
				} else {
					assert.ErrorIs(t, err, notify.ErrNotFound)
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 1, won.Load(), "one sender takes it up")
		due, err = s.Due(ctx, notify.Letter, epoch.Add(time.Hour), 10)
		require.NoError(t, err)
		assert.Len(t, due, 3)
		due, err = s.Due(ctx, notify.Letter, epoch.Add(2*time.Hour), 10)
		require.NoError(t, err)
		assert.Len(t, due, 4, "sent and never settled")
		taken := message(0)
		taken.State, taken.Tries = notify.Sent, 2
		require.NoError(t, s.Settle(ctx, taken, notify.Sent, 1))
		require.ErrorIs(t, s.Settle(ctx, taken, notify.Sent, 1), notify.ErrNotFound, "taken up again by another")
		n, err := s.DropMessages(ctx, epoch.Add(2))
		require.NoError(t, err)
		assert.EqualValues(t, 2, n)
	})
}
