package fleet

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// Alert tells one user of an organisation when registers change colour (NTF-11).
type Alert struct {
	Org, User string
	Letters   bool // by e-mail, too; in the cabinet always
	// Colours last seen. A register that is not there is looked at for the first time.
	Colours map[fiscal.RegNumber]Colour
	Changes []Change // the newest first
	Version int64
}

// Change of a register's colour.
type Change struct {
	RegID         fiscal.RegNumber
	Name, Outlet  string
	Before, After Colour
	Reason        string
	Since         time.Time // when the register came into the new state
	Noted         time.Time
}

// keptChanges is how many changes a user finds in the cabinet.
const keptChanges = 30

// Title of the colour in Russian.
func (c Colour) Title() string {
	return [...]string{"нет данных", "зелёный", "жёлтый", "красный"}[c]
}

// Alert of the viewer; on tells whether it was switched on.
func (s *Service) Alert(ctx context.Context, v access.Viewer) (a Alert, on bool, err error) {
	if err := v.Need(access.SeeRegisters); err != nil {
		return Alert{}, false, err
	}
	a, err = s.store.Alert(ctx, v.Org(), v.User())
	if errors.Is(err, ErrNotFound) {
		return Alert{}, false, nil
	}
	return a, err == nil, err
}

// SetAlert switches the viewer's alert on or off.
func (s *Service) SetAlert(ctx context.Context, v access.Viewer, on, letters bool) error {
	a, was, err := s.Alert(ctx, v)
	if err != nil {
		return err
	}
	switch {
	case !on:
		return s.store.DropAlert(ctx, v.Org(), v.User())
	case !was:
		return s.store.AddAlert(ctx, Alert{Org: v.Org(), User: v.User(), Letters: letters, Version: 1})
	}
	a.Letters = letters
	return s.store.UpdateAlert(ctx, a)
}

// People tells what a user may do now; account.Service is one.
type People interface {
	Viewer(ctx context.Context, session account.Session) (access.Viewer, error)
	User(ctx context.Context, id string) (account.User, error)
}

// Outbox takes letters; notify.Service is one.
type Outbox interface {
	ComposeDraft(m notify.Message, data map[string]string) (notify.Message, error)
	Wake()
}

// Watcher looks at the registers of those who switched alerts on.
type Watcher struct {
	Fleet  *Service
	People People
	Outbox Outbox
	Site   string        // of the cabinet, for links
	Every  time.Duration // between looks; 15 s when zero
}

// Run looks until ctx ends, and returns ctx's error.
func (w *Watcher) Run(ctx context.Context) error {
	every := w.Every
	if every <= 0 {
		every = 15 * time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.Step(ctx); err != nil && ctx.Err() == nil {
			w.Fleet.o.Logger.Error("watching registers", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Step looks once. Of several servers one notes a change; its letters are written in
// the same transaction.
func (w *Watcher) Step(ctx context.Context) error {
	alerts, err := w.Fleet.store.Alerts(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, a := range alerts {
		failed = errors.Join(failed, w.look(ctx, a))
	}
	return failed
}

func (w *Watcher) look(ctx context.Context, a Alert) error {
	v, err := w.People.Viewer(ctx, account.Session{Org: a.Org, User: a.User})
	if err != nil {
		return err
	}
	if !v.Can(access.SeeRegisters) {
		return nil // no member any more, or without the right: nothing is told
	}
	now := w.Fleet.o.Now()
	watch, err := w.Fleet.Monitor(ctx, v, Look{}, now)
	if err != nil {
		return err
	}
	seen := map[fiscal.RegNumber]Colour{}
	var changes []Change
	var zones []*time.Location
	moved := len(watch.Rows) != len(a.Colours)
	for _, r := range watch.Rows {
		seen[r.RegID] = r.Lights.Worst
		before, known := a.Colours[r.RegID]
		if moved = moved || !known; known && before != r.Lights.Worst {
			changes = append(changes, Change{RegID: r.RegID, Name: r.Name, Outlet: r.OutletName, Before: before, After: r.Lights.Worst, Reason: r.Lights.Reason(), Since: since(r, watch.Thresholds, now), Noted: now})
			zones = append(zones, r.Zone)
		}
	}
	if !moved && len(changes) == 0 {
		return nil
	}
	a.Colours, a.Changes = seen, append(changes[:len(changes):len(changes)], a.Changes...)
	a.Changes = a.Changes[:min(len(a.Changes), keptChanges)]
	var letters []notify.Message
	if a.Letters && len(changes) > 0 {
		if letters, err = w.letters(ctx, v, a, changes, zones); err != nil {
			return err
		}
	}
	if err := w.Fleet.store.UpdateAlert(ctx, a, letters...); err != nil {
		if errors.Is(err, ErrStale) || errors.Is(err, ErrNotFound) {
			return nil // another server was here, or it was switched off
		}
		return err
	}
	if len(letters) > 0 {
		w.Outbox.Wake()
	}
	return nil
}

// letters of the changes; none to a user without an address.
func (w *Watcher) letters(ctx context.Context, v access.Viewer, a Alert, changes []Change, zones []*time.Location) (all []notify.Message, err error) {
	u, err := w.People.User(ctx, a.User)
	if err != nil || u.Email == "" {
		return nil, err
	}
	org, err := w.Fleet.o.Orgs.Org(ctx, v)
	if err != nil {
		return nil, err
	}
	or := func(text, other string) string {
		if text == "" {
			return other
		}
		return text
	}
	for i, c := range changes {
		m, err := w.Outbox.ComposeDraft(notify.Message{Org: a.Org, Kind: "NTF-11", To: u.Email, About: "register/" + string(c.RegID)}, map[string]string{"register": c.Name, "org": org.Name,
			"outlet": or(c.Outlet, "не указана"), "before": c.Before.Title(), "colour": c.After.Title(), "reason": or(c.Reason, "касса работает"), "since": c.Since.In(zones[i]).Format("02.01.2006 15:04"),
			"link": w.Site + "/lk/registers/" + string(c.RegID)})
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// since is when the register came into its state, as far as it can be told: silence and
// open shifts by the clock, other things when they are noted.
func since(r Watched, t Thresholds, now time.Time) time.Time {
	worst := r.Lights.Worst
	silence, open := t.SilenceYellow, t.ShiftYellow
	if worst == Red {
		silence, open = t.SilenceRed, t.ShiftRed
	}
	switch {
	case worst == Green:
		return r.State.Last
	case r.Lights.Shift.Colour == worst && r.State.ShiftOpen:
		return moment(r.State.OpenedWall, r.Zone).Add(open)
	case r.Lights.Transfer.Colour == worst && r.Seen():
		return r.State.Last.Add(silence)
	}
	return now
}
