package integration

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Event is a kind of thing that webhooks tell of (API-07).
type Event string

// Events. Those of requests, applications and subscriptions come with their sources.
const (
	DocumentReceived     Event = "document.received"
	ShiftOpened          Event = "shift.opened"
	ShiftClosed          Event = "shift.closed"
	RegisterConnected    Event = "register.connected"
	RegisterLightChanged Event = "register.light_changed"
	RegisterArchived     Event = "register.archived"
	DriveReplaced        Event = "fiscal_drive.replaced"
	DriveExpiring        Event = "fiscal_drive.expiring"
	ReportReady          Event = "report.ready"
	MessageFailed        Event = "message.failed"
	// Test is what the test button sends; nobody subscribes to it.
	Test Event = "webhook.test"
)

var events = []struct {
	event Event
	scope Scope
	title string
}{
	{DocumentReceived, ReadDocuments, "Получен документ"},
	{ShiftOpened, ReadDocuments, "Открыта смена"},
	{ShiftClosed, ReadDocuments, "Закрыта смена"},
	{RegisterConnected, ReadRegisters, "Подключена касса"},
	{RegisterLightChanged, ReadRegisters, "Касса сменила цвет"},
	{RegisterArchived, ReadRegisters, "Касса перенесена в архив"},
	{DriveReplaced, ReadRegisters, "Заменён ФН"},
	{DriveExpiring, ReadRegisters, "ФН скоро закончится"},
	{ReportReady, ReadReports, "Готов отчёт"},
	{MessageFailed, ReadDocuments, "Сообщение покупателю не доставлено"},
}

// Events there are, in the order they are shown.
func Events() []Event {
	all := make([]Event, len(events))
	for i, e := range events {
		all[i] = e.event
	}
	return all
}

// Scope a key needs for the event; empty when there is no such event.
func (e Event) Scope() Scope {
	for _, one := range events {
		if one.event == e {
			return one.scope
		}
	}
	return ""
}

// Title is the event for people, in Russian.
func (e Event) Title() string {
	for _, one := range events {
		if one.event == e {
			return one.title
		}
	}
	if e == Test {
		return "Проверка"
	}
	return string(e)
}

// Hook is an address that is told of events.
type Hook struct {
	ID, Org string
	User    string // who made it
	Key     string // id of the key it was made with; empty: made in the cabinet
	URL     string
	Events  []Event
	Off     bool   // nothing is sent while it is
	Secret  []byte // sealed; signs what is sent
	Created time.Time
	Version int64
}

// Wants tells whether the hook is on and listens to the event.
func (h Hook) Wants(e Event) bool { return !h.Off && slices.Contains(h.Events, e) }

// maxHooks of an organisation.
const maxHooks = 20

// CreateHook makes a webhook; the secret its signatures are checked with is returned
// once.
func (s *Service) CreateHook(ctx context.Context, v access.Viewer, k *Key, h Hook) (Hook, string, error) {
	if err := s.mayHook(v, k, h.Events); err != nil {
		return Hook{}, "", err
	}
	if s.seal == nil {
		return Hook{}, "", ErrNoSecret
	}
	if err := s.checkHook(&h); err != nil {
		return Hook{}, "", err
	}
	all, err := s.store.Hooks(ctx, v.Org())
	if err != nil {
		return Hook{}, "", err
	}
	if len(all) >= maxHooks {
		return Hook{}, "", invalid.Fields{"": "Больше двадцати веб-хуков организация завести не может."}
	}
	secret, err := ident.Secret(s.o.Random)
	if err != nil {
		return Hook{}, "", err
	}
	secret = "whsec_" + secret
	if h.ID, err = ident.New(s.o.Random); err != nil {
		return Hook{}, "", err
	}
	if h.Secret, err = s.seal.close([]byte(secret), h.ID); err != nil {
		return Hook{}, "", err
	}
	h.Org, h.User, h.Key, h.Created, h.Version = v.Org(), v.User(), v.Key(), s.o.Now(), 1
	note, err := s.noteHook(v, DeedCreateHook, h, account.Given("события", joined(h.Events, Event.Title))...)
	if err != nil {
		return Hook{}, "", err
	}
	if err := s.store.CreateHook(ctx, h, note); err != nil {
		return Hook{}, "", err
	}
	// What is there already is no news: only changes from now on are told.
	if err := s.watchHook(ctx, h, true); err != nil {
		return Hook{}, "", err
	}
	return h, secret, nil
}

// mayHook: people who manage keys, and keys for the events they could read.
func (s *Service) mayHook(v access.Viewer, k *Key, events []Event) error {
	if k == nil {
		if err := v.Need(access.ManageKeys); err != nil {
			return err
		}
	} else if v.Key() != k.ID || v.Org() == "" {
		return &access.Refusal{Missing: access.ManageKeys}
	}
	for _, e := range events {
		scope := e.Scope()
		if scope == "" {
			return invalid.Fields{"events": "Такого события нет: " + string(e)}
		}
		if (k != nil && !k.Has(scope)) || !v.Can(scope.needed()) {
			return &access.Refusal{Missing: scope.needed()}
		}
	}
	return nil
}

func (s *Service) checkHook(h *Hook) error {
	h.URL = strings.TrimSpace(h.URL)
	u, err := url.Parse(h.URL)
	switch {
	case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "":
		return invalid.Fields{"url": "Нужен адрес вида https://host/path."}
	case u.User != nil:
		return invalid.Fields{"url": "В адресе не должно быть имени и пароля: подлинность запроса подтверждает подпись."}
	case len(h.URL) > 2000:
		return invalid.Fields{"url": "Адрес длиннее 2000 символов."}
	case !s.o.Private && badHost(u.Hostname()):
		return invalid.Fields{"url": "Адрес должен быть доступен из интернета."}
	}
	slices.Sort(h.Events)
	if h.Events = slices.Compact(h.Events); len(h.Events) == 0 {
		return invalid.Fields{"events": "Выберите хотя бы одно событие."}
	}
	return nil
}

// hook that the viewer may read: a key's own, a person's own or all.
func (s *Service) hook(ctx context.Context, v access.Viewer, id string) (Hook, error) {
	if v.Key() == "" {
		if err := v.Need(access.ManageKeys); err != nil {
			return Hook{}, err
		}
	}
	h, err := s.store.Hook(ctx, v.Org(), id)
	if err != nil || !shows(v, h) {
		return Hook{}, errors.Join(err, notFound(err))
	}
	return h, nil
}

func notFound(err error) error {
	if err == nil {
		return ErrNotFound
	}
	return nil
}

// shows: a key has its own hooks, a person cut to branches theirs, others all.
func shows(v access.Viewer, h Hook) bool {
	if v.Key() != "" {
		return h.Key == v.Key()
	}
	return v.Whole() || (h.Key == "" && h.User == v.User())
}

// Hook by its id.
func (s *Service) Hook(ctx context.Context, v access.Viewer, id string) (Hook, error) {
	return s.hook(ctx, v, id)
}

// Hooks the viewer may read.
func (s *Service) Hooks(ctx context.Context, v access.Viewer) ([]Hook, error) {
	if v.Key() == "" {
		if err := v.Need(access.ManageKeys); err != nil {
			return nil, err
		}
	}
	if v.Org() == "" {
		return nil, &access.Refusal{Missing: access.ManageKeys}
	}
	all, err := s.store.Hooks(ctx, v.Org())
	return slices.DeleteFunc(all, func(h Hook) bool { return !shows(v, h) }), err
}

// ChangeHook writes address, events and whether it is on; version is the one read.
func (s *Service) ChangeHook(ctx context.Context, v access.Viewer, k *Key, change Hook) (Hook, error) {
	h, err := s.hook(ctx, v, change.ID)
	if err != nil {
		return Hook{}, err
	}
	if err := s.mayHook(v, k, change.Events); err != nil {
		return Hook{}, err
	}
	if err := s.checkHook(&change); err != nil {
		return Hook{}, err
	}
	before := h
	h.URL, h.Events, h.Off, h.Version = change.URL, change.Events, change.Off, change.Version
	note, err := s.noteHook(v, DeedChangeHook, before, before.changes(h)...)
	if err != nil {
		return Hook{}, err
	}
	if err := s.store.UpdateHook(ctx, h, note); err != nil {
		return Hook{}, err
	}
	h.Version++
	return h, nil
}

// DeleteHook removes it with its deliveries.
func (s *Service) DeleteHook(ctx context.Context, v access.Viewer, id string) error {
	h, err := s.hook(ctx, v, id)
	if err != nil {
		return err
	}
	note, err := s.noteHook(v, DeedRemoveHook, h)
	if err != nil {
		return err
	}
	return s.store.DeleteHook(ctx, v.Org(), id, note)
}

// eyes are what a hook may tell: those of its key or its maker, as they are now. The
// zero viewer sees nothing: the key was revoked, the maker is gone.
func (s *Service) eyes(ctx context.Context, h Hook) (access.Viewer, error) {
	if h.Key == "" {
		return s.o.Accounts.Viewer(ctx, account.Session{Org: h.Org, User: h.User})
	}
	k, err := s.store.Key(ctx, h.Org, h.Key)
	if err == nil {
		var v access.Viewer
		if v, err = s.viewer(ctx, k, s.o.Now()); err == nil {
			return v, nil
		}
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrBadKey) {
		return access.Viewer{}, nil
	}
	return access.Viewer{}, err
}
