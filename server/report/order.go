package report

import (
	"context"
	"errors"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Bounds of an order.
const (
	maxPeriod = 366 * 24 * time.Hour
	maxEmails = 20
)

// Order puts a report into the queue (CAB-120).
func (s *Service) Order(ctx context.Context, v access.Viewer, kind Kind, p Params) (Job, error) {
	p, err := s.check(ctx, v, kind, p, true)
	if err != nil {
		return Job{}, err
	}
	now := s.o.Now()
	id, err := s.newID(now)
	if err != nil {
		return Job{}, err
	}
	j := Job{ID: id, Org: v.Org(), User: v.User(), Kind: kind, Params: p, Grant: v.Grant(), State: Queued, Created: now, Due: now, Done: now, Version: 1}
	if err := s.store.AddJob(ctx, j); err != nil {
		return Job{}, err
	}
	s.hurry()
	return j, nil
}

func (s *Service) hurry() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// check verifies an order; dated ones must have a period.
func (s *Service) check(ctx context.Context, v access.Viewer, kind Kind, p Params, dated bool) (Params, error) {
	bad := invalid.Fields{}
	if !kind.Known() {
		bad["kind"] = "Выберите отчет."
	} else if err := kind.allowed(v); err != nil {
		return p, err
	}
	switch {
	case kind == Monitoring || !dated:
		p.From, p.To = time.Time{}, time.Time{}
	case p.From.IsZero() || p.To.IsZero():
		bad["from"] = "Укажите период: с какого и по какое время."
	case !p.From.Before(p.To):
		bad["to"] = "Конец периода — после начала."
	case p.To.Sub(p.From) > maxPeriod:
		bad["to"] = "Период — не больше года."
	}
	emails := p.Emails
	p.Emails = nil
	for _, one := range emails {
		if one = strings.ToLower(strings.TrimSpace(one)); one == "" {
			continue
		}
		if a, err := mail.ParseAddress(one); err != nil || a.Address != one || a.Name != "" {
			bad["emails"] = "Адрес «" + one + "» написан с ошибкой."
		} else if !slices.Contains(p.Emails, one) {
			p.Emails = append(p.Emails, one)
		}
	}
	if len(p.Emails) > maxEmails {
		bad["emails"] = "Адресов — не больше двадцати."
	}
	_, seen, err := s.o.Fleet.Known(ctx, v, fleet.Filter{Numbers: p.Registers})
	if err != nil {
		return p, err
	}
	if len(p.Registers) > 0 && len(seen) < len(p.Registers) {
		bad["registers"] = "Такой кассы нет."
	}
	if p.Branch != "" {
		tree, err := s.o.Fleet.Tree(ctx, v)
		if err != nil {
			return p, err
		}
		if !slices.ContainsFunc(tree.Nodes(), func(n fleet.Node) bool { return n.ID == p.Branch }) {
			bad["branch"] = "Такой точки или подразделения нет."
		}
	}
	if len(bad) > 0 {
		return p, bad
	}
	return p, nil
}

// sees tells whether the viewer may know of a thing that was ordered with the grant:
// the user does, and the owner of the organisation's account (CAB-123). A key that
// shows less than its maker knows only of what was ordered with it: what is in other
// reports may be beyond its limits.
func sees(v access.Viewer, g access.Grant) bool {
	return g.Org != "" && v.Org() == g.Org && (v.User() == g.User || v.Whole() && v.Can(access.SeeAllReports)) && (!v.Limited() || v.Key() == g.Key)
}

// whose is who ordered a job or schedule, with what.
func whose(org, user string, g access.Grant) access.Grant {
	g.Org, g.User = org, user
	return g
}

// users narrows a list to what the viewer may know of: all users when empty.
func users(v access.Viewer) string {
	if v.Whole() && v.Can(access.SeeAllReports) {
		return ""
	}
	return v.User()
}

// Jobs the viewer may see, newest first, older than the one named before.
func (s *Service) Jobs(ctx context.Context, v access.Viewer, before string, limit int) (all []Job, err error) {
	if err := v.Need(access.OrderReports); err != nil {
		return nil, err
	}
	if v.User() == "" {
		return nil, nil
	}
	for len(all) < limit {
		page, err := s.store.Jobs(ctx, v.Org(), users(v), before, limit)
		if err != nil {
			return nil, err
		}
		for _, j := range page {
			if before = j.ID; len(all) < limit && sees(v, whose(j.Org, j.User, j.Grant)) {
				all = append(all, j)
			}
		}
		if len(page) < limit {
			break
		}
	}
	return all, nil
}

// Made are jobs the viewer may read the files of, made at since or later, in the order
// they were made.
func (s *Service) Made(ctx context.Context, v access.Viewer, since time.Time) ([]Job, error) {
	if err := v.Need(access.OrderReports); err != nil {
		return nil, err
	}
	all, err := s.store.MadeJobs(ctx, v.Org(), since, maxMade)
	return slices.DeleteFunc(all, func(j Job) bool { return !sees(v, whose(j.Org, j.User, j.Grant)) || j.Kind.allowed(v) != nil }), err
}

// maxMade bounds Made.
const maxMade = 1000

// Job the viewer may see; ErrNotFound for those of others, there or not.
func (s *Service) Job(ctx context.Context, v access.Viewer, id string) (Job, error) {
	if err := v.Need(access.OrderReports); err != nil {
		return Job{}, err
	}
	j, err := s.store.Job(ctx, v.Org(), id)
	if err == nil && !sees(v, whose(j.Org, j.User, j.Grant)) {
		err = ErrNotFound
	}
	if err != nil {
		return Job{}, err
	}
	return j, nil
}

// Remove takes a report back: one that waits or runs is not made, the file of a ready
// one is removed, the line stays (STM-08).
func (s *Service) Remove(ctx context.Context, v access.Viewer, id string) error {
	for range 5 {
		j, err := s.Job(ctx, v, id)
		if err != nil || j.State == Expired {
			return err
		}
		j.State, j.Reason, j.Due, j.Done = Expired, "", time.Time{}, s.o.Now()
		if err = s.store.UpdateJob(ctx, j, []byte{}); !errors.Is(err, ErrStale) {
			return err
		}
	}
	return ErrStale // a worker changes it all the time
}

// File of a job. The viewer must still have the rights its kind needs and see every
// register that is in it, at the times that are in it.
func (s *Service) File(ctx context.Context, v access.Viewer, id string) (Job, []byte, error) {
	j, err := s.Job(ctx, v, id)
	if err != nil {
		return j, nil, err
	}
	if err := j.Kind.allowed(v); err != nil {
		return j, nil, err
	}
	if j.State == Expired {
		return j, nil, ErrGone
	}
	if !j.State.HasFile() {
		return j, nil, ErrNotFound
	}
	if len(j.Registers) > 0 {
		f := fleet.Filter{Numbers: j.Registers}
		_, seen, err := s.o.Fleet.Known(ctx, v, f)
		if err != nil {
			return j, nil, err
		}
		now, err := s.o.Fleet.Sight(ctx, v, f)
		if err != nil {
			return j, nil, err
		}
		f.Branch = j.Params.Branch
		then, err := s.o.Fleet.Sight(ctx, access.View(j.Grant), f)
		if err != nil {
			return j, nil, err
		}
		if len(seen) < len(j.Registers) || (!j.Params.To.IsZero() && !now.Covers(then.Between(j.Params.From, j.Params.To))) {
			return j, nil, ErrNotFound
		}
	}
	file, err := s.store.File(ctx, j.Org, id)
	return j, file, err
}

// Retry puts a failed job into the queue again.
func (s *Service) Retry(ctx context.Context, v access.Viewer, id string) error {
	j, err := s.Job(ctx, v, id)
	if err != nil {
		return err
	}
	if j.State != Failed {
		return invalid.Fields{"": "Повторить можно только отчет, который не удался."}
	}
	now := s.o.Now()
	j.State, j.Reason, j.Tries, j.Due, j.Done = Queued, "", 0, now, now
	if err := s.store.UpdateJob(ctx, j, nil); err != nil && !errors.Is(err, ErrStale) {
		return err
	}
	s.hurry()
	return nil
}
