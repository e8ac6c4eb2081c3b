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
	bad := Invalid{}
	known := slices.ContainsFunc(kinds, func(k struct {
		kind  Kind
		title string
		right access.Right
	}) bool {
		return k.kind == kind
	})
	if !known {
		bad["kind"] = "Выберите отчет."
	} else if err := v.Need(kind.Right()); err != nil {
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
	seen, err := s.o.Fleet.Registers(ctx, v, fleet.Filter{Numbers: p.Registers})
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

// sees tells whether the viewer may know of a thing the user has ordered: the user
// does, and the owner of the organisation's account (CAB-123).
func sees(v access.Viewer, org, user string) bool {
	return org != "" && v.Org() == org && (v.User() == user || v.Whole() && v.Can(access.SeeAllReports))
}

// whose narrows a list to what the viewer may know of.
func whose(v access.Viewer) string {
	if v.Whole() && v.Can(access.SeeAllReports) {
		return ""
	}
	return v.User()
}

// Jobs the viewer may see, newest first, older than the one named before.
func (s *Service) Jobs(ctx context.Context, v access.Viewer, before string, limit int) ([]Job, error) {
	if err := v.Need(access.OrderReports); err != nil {
		return nil, err
	}
	if v.User() == "" {
		return nil, nil
	}
	return s.store.Jobs(ctx, v.Org(), whose(v), before, limit)
}

// Job the viewer may see; ErrNotFound for those of others, there or not.
func (s *Service) Job(ctx context.Context, v access.Viewer, id string) (Job, error) {
	if err := v.Need(access.OrderReports); err != nil {
		return Job{}, err
	}
	j, err := s.store.Job(ctx, v.Org(), id)
	if err == nil && !sees(v, j.Org, j.User) {
		err = ErrNotFound
	}
	if err != nil {
		return Job{}, err
	}
	return j, nil
}

// File of a job. The viewer must still have the rights its kind needs and see every
// register that is in it.
func (s *Service) File(ctx context.Context, v access.Viewer, id string) (Job, []byte, error) {
	j, err := s.Job(ctx, v, id)
	if err != nil {
		return j, nil, err
	}
	if err := v.Need(j.Kind.Right()); err != nil {
		return j, nil, err
	}
	if j.State == Expired {
		return j, nil, ErrGone
	}
	if !j.State.HasFile() {
		return j, nil, ErrNotFound
	}
	if len(j.Registers) > 0 {
		seen, err := s.o.Fleet.Registers(ctx, v, fleet.Filter{Numbers: j.Registers})
		if err != nil {
			return j, nil, err
		}
		if len(seen) < len(j.Registers) {
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
		return Invalid{"": "Повторить можно только отчет, который не удался."}
	}
	now := s.o.Now()
	j.State, j.Reason, j.Tries, j.Due, j.Done = Queued, "", 0, now, now
	if err := s.store.UpdateJob(ctx, j, nil); err != nil && !errors.Is(err, ErrStale) {
		return err
	}
	s.hurry()
	return nil
}
