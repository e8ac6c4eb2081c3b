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

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// Reports is the contract of report.Store. open gives an empty one with the accounts
// of the same base.
func Reports(t *testing.T, open func(t *testing.T) (report.Store, account.Store)) {
	start := func(t *testing.T) (report.Store, context.Context) {
		t.Parallel()
		s, a := open(t)
		ctx := context.Background()
		require.NoError(t, a.CreateUser(ctx, user("u")))
		for _, id := range []string{"o", "other"} {
			require.NoError(t, a.CreateOrg(ctx, account.Org{ID: id, Name: id, Owner: "u", CreatedAt: epoch}, account.Member{Org: id, User: "u", Role: access.Owner, Since: epoch}))
		}
		return s, ctx
	}
	job := func(n int) report.Job {
		return report.Job{ID: fmt.Sprintf("2026-%03d", n), Org: "o", User: "u", Schedule: "s", Kind: report.Documents,
			Params: report.Params{From: epoch, To: epoch.Add(time.Hour), Branch: "b", Group: "g", Registers: []fiscal.RegNumber{"0000000001012345"}, Emails: []string{"a@b.example"}},
			Grant: access.Grant{Org: "o", User: "u", Rights: access.Manager.Rights(), Branches: []string{"b"}, Key: "k",
				Limits: []access.Limits{{Rights: access.SeeRevenue, Branches: []string{"b"}, Registers: []fiscal.RegNumber{"1"}, From: epoch}}}, State: report.Queued, Created: epoch, Due: epoch.Add(time.Duration(n) * time.Second),
			Done: epoch, Version: 1}
	}
	t.Run("JobReadAsWritten", func(t *testing.T) {
		s, ctx := start(t)
		j := job(1)
		j.Made, j.Reason, j.Tries, j.Expires, j.Rows, j.Size, j.Registers = epoch.Add(1), "r", 2, epoch.Add(time.Hour), 3, 4, []fiscal.RegNumber{"1"}
		require.NoError(t, s.AddJob(ctx, j))
		require.ErrorIs(t, s.AddJob(ctx, j), report.ErrTaken)
		got, err := s.Job(ctx, "o", j.ID)
		require.NoError(t, err)
		assert.Equal(t, j, got)
		_, err = s.Job(ctx, "other", j.ID)
		require.ErrorIs(t, err, report.ErrNotFound, "another organisation's")
	})
	t.Run("JobsOfWhom", func(t *testing.T) {
		s, ctx := start(t)
		for n := range 5 {
			j := job(n)
			if n == 2 {
				j.User = "v"
			}
			if n == 3 {
				j.Org = "other"
			}
			require.NoError(t, s.AddJob(ctx, j))
		}
		ids := func(org, user, before string, limit int) (all []string) {
			found, err := s.Jobs(ctx, org, user, before, limit)
			require.NoError(t, err)
			for _, j := range found {
				all = append(all, j.ID)
			}
			return all
		}
		assert.Equal(t, []string{"2026-004", "2026-002", "2026-001", "2026-000"}, ids("o", "", "", 10))
		assert.Equal(t, []string{"2026-004", "2026-001", "2026-000"}, ids("o", "u", "", 10))
		assert.Equal(t, []string{"2026-001"}, ids("o", "", "2026-002", 1))
	})
	t.Run("FileAndStates", func(t *testing.T) {
		s, ctx := start(t)
		j := job(1)
		require.NoError(t, s.AddJob(ctx, j))
		_, err := s.File(ctx, "o", j.ID)
		require.ErrorIs(t, err, report.ErrNotFound)
		due, err := s.DueJobs(ctx, epoch, 10)
		require.NoError(t, err)
		assert.Empty(t, due)
		due, err = s.DueJobs(ctx, epoch.Add(time.Second), 10)
		require.NoError(t, err)
		require.Len(t, due, 1)

		j.State, j.Due, j.Expires = report.Ready, time.Time{}, epoch.Add(time.Hour)
		require.NoError(t, s.UpdateJob(ctx, j, []byte("PK\x00\xff")))
		require.ErrorIs(t, s.UpdateJob(ctx, j, nil), report.ErrStale)
		due, err = s.DueJobs(ctx, epoch.Add(time.Hour), 10)
		require.NoError(t, err)
		assert.Empty(t, due, "no due, never due")
		file, err := s.File(ctx, "o", j.ID)
		require.NoError(t, err)
		assert.Equal(t, []byte("PK\x00\xff"), file)
		_, err = s.File(ctx, "other", j.ID)
		require.ErrorIs(t, err, report.ErrNotFound)

		j.Version, j.State = 2, report.Mailed
		require.NoError(t, s.UpdateJob(ctx, j, nil), "the file stays")
		stale, err := s.StaleJobs(ctx, epoch.Add(time.Hour-1), 10)
		require.NoError(t, err)
		assert.Empty(t, stale)
		stale, err = s.StaleJobs(ctx, epoch.Add(time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, stale, 1)
		stale[0].State = report.Expired
		require.NoError(t, s.UpdateJob(ctx, stale[0], []byte{}), "the file goes, the line stays")
		_, err = s.File(ctx, "o", j.ID)
		require.ErrorIs(t, err, report.ErrNotFound)
		stale, err = s.StaleJobs(ctx, epoch.Add(time.Hour), 10)
		require.NoError(t, err)
		assert.Empty(t, stale)
	})
	t.Run("OneWorkerTakesAJob", func(t *testing.T) {
		s, ctx := start(t)
		require.NoError(t, s.AddJob(ctx, job(1)))
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				j := job(1)
				j.State = report.Running
				if err := s.UpdateJob(ctx, j, nil); err == nil {
					won.Add(1)
				} else {
					assert.ErrorIs(t, err, report.ErrStale)
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 1, won.Load())
	})
	t.Run("MadeInOrder", func(t *testing.T) {
		s, ctx := start(t)
		for n, made := range []time.Duration{0, 5, 3, 9} {
			j := job(n)
			require.NoError(t, s.AddJob(ctx, j))
			if made > 0 {
				j.State, j.Made = report.Ready, epoch.Add(made)
				require.NoError(t, s.UpdateJob(ctx, j, []byte("PK")))
			}
		}
		ids := func(since time.Duration, limit int) (all []string) {
			found, err := s.MadeJobs(ctx, "o", epoch.Add(since), limit)
			require.NoError(t, err)
			for _, j := range found {
				all = append(all, j.ID)
			}
			return all
		}
		assert.Equal(t, []string{"2026-002", "2026-001", "2026-003"}, ids(-1, 10))
		assert.Equal(t, []string{"2026-001"}, ids(4, 1))
		other, err := s.MadeJobs(ctx, "other", time.Time{}, 10)
		require.NoError(t, err)
		assert.Empty(t, other)
	})
	t.Run("LettersWithTheState", func(t *testing.T) {
		s, ctx := start(t)
		j := job(1)
		require.NoError(t, s.AddJob(ctx, j))
		letter := notify.Message{ID: "m", Kind: "NTF-08", Channel: notify.Letter, To: "a@b.example", Text: "x", State: notify.Queued, About: "report/" + j.ID, Created: epoch, Due: epoch, Done: epoch}
		stale := j
		stale.Version = 7
		require.ErrorIs(t, s.UpdateJob(ctx, stale, nil, letter), report.ErrStale)
		require.NoError(t, s.UpdateJob(ctx, j, nil, letter), "the refused one left no letter: the id is free")
		j.Version = 2
		require.Error(t, s.UpdateJob(ctx, j, nil, letter), "a letter that cannot be kept")
		got, err := s.Job(ctx, "o", j.ID)
		require.NoError(t, err)
		assert.EqualValues(t, 2, got.Version, "keeps the state from changing")
	})
	t.Run("Journal", func(t *testing.T) {
		t.Parallel()
		s, a := open(t)
		ctx := context.Background()
		require.NoError(t, a.CreateUser(ctx, user("u")))
		require.NoError(t, a.CreateOrg(ctx, account.Org{ID: "o", Name: "o", Owner: "u", CreatedAt: epoch}, account.Member{Org: "o", User: "u", Role: access.Owner, Since: epoch}))
		j := journal{t: t, accounts: a, org: "o"}
		c := report.Schedule{ID: "s", Org: "o", User: "u", Kind: report.Shifts, Every: report.Daily, Zone: "Asia/Omsk", Next: epoch, Created: epoch, Version: 1}
		j.kept(s.AddSchedule(ctx, c, j.entry()))
		j.lost(s.AddSchedule(ctx, c, j.entry()), report.ErrTaken)
		require.Error(t, s.UpdateSchedule(ctx, c, j.want[0]), "an entry that cannot be written")
		j.kept(s.UpdateSchedule(ctx, c, j.entry())) // the version is the same as before
		j.lost(s.UpdateSchedule(ctx, c, j.entry()), report.ErrStale)
		require.Error(t, s.DeleteSchedule(ctx, "o", "s", j.want[0]))
		j.kept(s.DeleteSchedule(ctx, "o", "s", j.entry()))
		j.lost(s.DeleteSchedule(ctx, "o", "s", j.entry()), report.ErrNotFound)
	})
	t.Run("Schedules", func(t *testing.T) {
		s, ctx := start(t)
		c := report.Schedule{ID: "s", Org: "o", User: "u", Kind: report.Shifts, Params: report.Params{Emails: []string{"a@b.example"}}, Grant: access.Grant{Org: "o", User: "u"},
			Every: report.Monthly, Weekday: time.Friday, Day: 31, Hour: 8, Zone: "Asia/Omsk", Next: epoch, LastJob: "j", Created: epoch, Version: 1}
		require.NoError(t, s.AddSchedule(ctx, c))
		got, err := s.Schedule(ctx, "o", "s")
		require.NoError(t, err)
		assert.Equal(t, c, got)
		_, err = s.Schedule(ctx, "other", "s")
		require.ErrorIs(t, err, report.ErrNotFound)
		for user, want := range map[string]int{"": 1, "u": 1, "v": 0} {
			all, err := s.Schedules(ctx, "o", user)
			require.NoError(t, err)
			assert.Len(t, all, want, user)
		}
		count := func(now time.Time) int {
			due, err := s.DueSchedules(ctx, now, 10)
			require.NoError(t, err)
			return len(due)
		}
		assert.Zero(t, count(epoch.Add(-1)))
		assert.Equal(t, 1, count(epoch))
		c.Paused = true
		require.NoError(t, s.UpdateSchedule(ctx, c))
		require.ErrorIs(t, s.UpdateSchedule(ctx, c), report.ErrStale)
		assert.Zero(t, count(epoch.Add(time.Hour)), "paused")
		require.ErrorIs(t, s.DeleteSchedule(ctx, "other", "s"), report.ErrNotFound)
		require.NoError(t, s.DeleteSchedule(ctx, "o", "s"))
		require.ErrorIs(t, s.DeleteSchedule(ctx, "o", "s"), report.ErrNotFound)
	})
}
