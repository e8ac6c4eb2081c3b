package report

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// How running goes on.
const (
	maxTries = 4
	lease    = 10 * time.Minute // of a running job; a worker that died leaves it after that
	every    = time.Second
	batch    = 20
	maxFile  = 10 << 20 // bytes that go with a letter
)

// Run makes what is ordered until ctx ends, and returns ctx's error.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for {
			n, err := s.Step(ctx)
			if err != nil && ctx.Err() == nil {
				s.o.Logger.Error("making reports", "err", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// Step orders what schedules want now, makes what is due and removes files whose time
// is over; it tells how much it found to do.
func (s *Service) Step(ctx context.Context) (int, error) {
	now := s.o.Now()
	due, err := s.store.DueSchedules(ctx, now, batch)
	if err != nil {
		return 0, err
	}
	for _, c := range due {
		if err := s.orderScheduled(ctx, c, now); err != nil {
			return 0, err
		}
	}
	jobs, err := s.store.DueJobs(ctx, now, batch)
	if err != nil {
		return 0, err
	}
	var failed error
	for _, j := range jobs {
		if err := s.do(ctx, j); err != nil && !errors.Is(err, ErrStale) {
			failed = errors.Join(failed, err) // one job does not hold the others up
		}
	}
	stale, err := s.store.StaleJobs(ctx, now, batch)
	if err != nil {
		return 0, err
	}
	for _, j := range stale {
		j.State, j.Done, j.Due = Expired, now, time.Time{}
		if err := s.store.UpdateJob(ctx, j, []byte{}); err != nil && !errors.Is(err, ErrStale) {
			return 0, err
		}
	}
	return len(due) + len(jobs) + len(stale), failed
}

// orderScheduled orders the run that is due. Of runs that were missed only the last is
// made up for. The id follows from the schedule and the time: servers that do it at
// once order it once.
func (s *Service) orderScheduled(ctx context.Context, c Schedule, now time.Time) error {
	run := c.Next
	for next := c.After(run); !next.IsZero() && !next.After(now); next = c.After(run) {
		run = next
	}
	p := c.Params
	if c.Kind != Monitoring {
		p.From, p.To = c.Period(run)
	}
	j := Job{ID: ident.After(run, c.ID), Org: c.Org, User: c.User, Schedule: c.ID, Kind: c.Kind, Params: p, Grant: c.Grant,
		State: Queued, Created: now, Due: now, Done: now, Version: 1}
	if err := s.store.AddJob(ctx, j); err != nil && !errors.Is(err, ErrTaken) {
		return err
	}
	c.Next, c.LastJob = c.After(run), j.ID
	if err := s.store.UpdateSchedule(ctx, c); err != nil && !errors.Is(err, ErrStale) {
		return err
	}
	return nil
}

// do brings a job one state further: a queued or failed one is made, one that is ready
// is mailed. A running one that is due was left by a worker that died.
func (s *Service) do(ctx context.Context, j Job) error {
	if j.State == Ready {
		return s.mail(ctx, j)
	}
	j.State, j.Reason, j.Tries, j.Done, j.Due = Running, "", j.Tries+1, s.o.Now(), s.o.Now().Add(lease)
	if err := s.store.UpdateJob(ctx, j, nil); err != nil {
		return err
	}
	j.Version++
	file, err := s.make(ctx, &j)
	if ctx.Err() != nil {
		return ctx.Err() // the lease ends, somebody else takes it up
	}
	now := s.o.Now()
	j.Done = now
	if err != nil {
		s.fail(&j, err)
		return s.store.UpdateJob(ctx, j, nil)
	}
	j.State, j.Size, j.Made, j.Expires, j.Due = Ready, int64(len(file)), now, now.Add(s.o.Keep), time.Time{}
	if len(j.Params.Emails) > 0 {
		j.Due = now
	}
	if err := s.store.UpdateJob(ctx, j, file); err != nil {
		return err
	}
	j.Version++
	if len(j.Params.Emails) > 0 {
		return s.mail(ctx, j)
	}
	return nil
}

// fail notes why a job failed and when it is tried again, if that helps.
func (s *Service) fail(j *Job, err error) {
	j.State, j.Due = Failed, time.Time{}
	var refusal *access.Refusal
	var long tooLong
	switch {
	case errors.As(err, &refusal), errors.Is(err, account.ErrNotFound), errors.Is(err, ErrUndated):
		j.Reason = "У заказавшего больше нет прав на этот отчет."
	case errors.As(err, &long):
		j.Reason = fmt.Sprintf("Строк больше %d: сократите период или выберите меньше касс.", MaxRows)
	case errors.Is(err, errCrowded):
		j.Reason = "Слишком много разных товаров за одну секунду."
	default:
		s.o.Logger.Error("report failed", "id", j.ID, "kind", string(j.Kind), "try", j.Tries, "err", err)
		j.Reason = "Внутренняя ошибка."
		if j.Tries < maxTries {
			j.Due = s.o.Now().Add(time.Minute << (2 * (j.Tries - 1)))
		}
	}
}

// make writes the file with what the orderer may see now and could see when ordering.
func (s *Service) make(ctx context.Context, j *Job) ([]byte, error) {
	v, err := s.o.People.Viewer(ctx, account.Session{Org: j.Org, User: j.User})
	if err != nil {
		return nil, err
	}
	then := access.View(j.Grant)
	if err := j.Kind.allowed(then); err != nil {
		return nil, err
	}
	v = v.Under(j.Grant)
	if err := j.Kind.allowed(v); err != nil {
		return nil, err
	}
	p := j.Params
	var limit *access.Sight
	if !then.Whole() {
		// Ordered by somebody who was cut to branches: never more than these.
		seen, err := s.seen(ctx, then, p)
		if err != nil {
			return nil, err
		}
		if p.Registers = seen; len(seen) == 0 {
			p.Registers = []fiscal.RegNumber{"-"} // none: an empty list would mean all
		}
		sight, err := s.o.Fleet.Sight(ctx, then, fleet.Filter{Branch: p.Branch})
		if err != nil {
			return nil, err
		}
		limit = &sight
	}
	t, regs, err := s.makeUnder(ctx, v, j.Kind, p, limit)
	if err != nil {
		return nil, err
	}
	j.Rows, j.Registers = len(t.Rows), regs
	return t.XLSX(ctx)
}

// seen are the registers of the order that stand or stood where the viewer sees.
func (s *Service) seen(ctx context.Context, v access.Viewer, p Params) ([]fiscal.RegNumber, error) {
	_, entries, err := s.o.Fleet.Known(ctx, v, fleet.Filter{Branch: p.Branch, Group: p.Group, Numbers: p.Registers})
	regs := make([]fiscal.RegNumber, len(entries))
	for i, e := range entries {
		regs[i] = e.RegID
	}
	return regs, err
}

// mail puts a letter for each recipient into the outbox (NTF-08), in one transaction
// with the job's state: whatever dies, and however many servers try, each is written
// to once.
func (s *Service) mail(ctx context.Context, j Job) error {
	file, err := s.store.File(ctx, j.Org, j.ID)
	if errors.Is(err, ErrNotFound) {
		return ErrStale // another server mailed it, and it is gone since
	}
	if err != nil {
		return err
	}
	v, err := s.o.People.Viewer(ctx, account.Session{Org: j.Org, User: j.User})
	if err != nil {
		return err
	}
	if err := v.Need(j.Kind.Right()); err != nil {
		s.fail(&j, err)
		return s.store.UpdateJob(ctx, j, []byte{})
	}
	org, err := s.o.People.Org(ctx, v)
	if err != nil {
		return err
	}
	u, err := s.o.People.User(ctx, j.User)
	if err != nil {
		return err
	}
	data := map[string]string{"name": j.Kind.Title(), "org": org.Name, "period": j.Params.Period(), "link": s.o.Site + "/lk/reports/" + j.ID, "who": nameOf(u),
		"attached": "Файл «" + j.FileName() + "» приложен к письму."}
	var files []notify.File
	if len(file) <= maxFile {
		files = []notify.File{{Name: j.FileName(), Type: XLSXType, Data: file}}
	} else {
		data["attached"] = "Файл слишком велик для письма: скачайте его в кабинете."
	}
	letters := make([]notify.Message, len(j.Params.Emails))
	for i, to := range j.Params.Emails {
		if letters[i], err = s.o.Outbox.ComposeDraft(notify.Message{Org: j.Org, Kind: "NTF-08", To: to, About: "report/" + j.ID, Files: files}, data); err != nil {
			return err
		}
	}
	j.State, j.Due, j.Done = Mailed, time.Time{}, s.o.Now()
	if err := s.store.UpdateJob(ctx, j, nil, letters...); err != nil {
		return err
	}
	s.o.Outbox.Wake()
	return nil
}

// XLSXType is the media type of the files.
const XLSXType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// nameOf a user as colleagues know it.
func nameOf(u account.User) string {
	for _, one := range []string{u.Name, u.Email, u.Login} {
		if one != "" {
			return one
		}
	}
	return "сотрудник организации"
}
