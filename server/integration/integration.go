// Package integration is how other programs reach an organisation: API keys, and
// webhooks that tell them what happened (operator.md section 8.3, API-02, API-07).
//
// A key is never wider than the person who made it is at the moment of use, and a
// webhook never tells more than its key or its maker may see. The package serves no
// HTTP (server/rest does) and knows no tables (Store does).
package integration

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// Errors of stores and of the service; compare with errors.Is.
var (
	ErrNotFound = errors.New("integration: not found")
	ErrStale    = errors.New("integration: changed meanwhile")
	ErrTaken    = errors.New("integration: there already")
	// ErrBadKey: the key is unknown, revoked or its time is over.
	ErrBadKey = errors.New("integration: no such key")
	// ErrNoSecret: this server has no secret to encrypt those of webhooks with.
	ErrNoSecret = errors.New("integration: no secret to encrypt with")
)

// Accounts tells of organisations and of what people may do now; account.Service does.
type Accounts interface {
	Org(ctx context.Context, v access.Viewer) (account.Org, error)
	Viewer(ctx context.Context, session account.Session) (access.Viewer, error)
}

// Fleet tells of registers; fleet.Service does.
type Fleet interface {
	Tree(ctx context.Context, v access.Viewer) (*fleet.Tree, error)
	Registers(ctx context.Context, v access.Viewer, f fleet.Filter) ([]fleet.Entry, error)
	Sight(ctx context.Context, v access.Viewer, f fleet.Filter) (access.Sight, error)
	Lights(e fleet.Entry, t fleet.Thresholds, now time.Time, zone *time.Location) fleet.Lights
}

// Outbox tells of messages; notify.Service does.
type Outbox interface {
	Messages(ctx context.Context, f notify.Filter) ([]notify.Message, error)
}

// Reports tells of reports that were made; report.Service does.
type Reports interface {
	// Made are those the viewer may read, made at since or later, in that order.
	Made(ctx context.Context, v access.Viewer, since time.Time) ([]report.Job, error)
}

// Store keeps keys, webhooks, deliveries and answers that may be repeated. Every
// engine passes officetest.Integration.
//
// Journal are the entries about a change, written in its transaction: a change that fails
// leaves none.
type Store interface {
	CreateKey(ctx context.Context, k Key, journal ...account.Event) error
	KeyByDigest(ctx context.Context, digest string) (Key, error)
	Key(ctx context.Context, org, id string) (Key, error)
	// Keys of an organisation, the newest first, revoked ones among them.
	Keys(ctx context.Context, org string) ([]Key, error)
	// RevokeKey fails with ErrStale when the key is revoked already.
	RevokeKey(ctx context.Context, org, id string, at time.Time, journal ...account.Event) error
	TouchKey(ctx context.Context, id string, at time.Time) error
	// Origin tells whether a key that is not revoked lists the origin.
	Origin(ctx context.Context, origin string) (bool, error)

	CreateHook(ctx context.Context, h Hook, journal ...account.Event) error
	Hook(ctx context.Context, org, id string) (Hook, error)
	// Hooks of an organisation, the oldest first; of all organisations when org is empty.
	Hooks(ctx context.Context, org string) ([]Hook, error)
	// UpdateHook writes when the stored version is h.Version and makes it one greater.
	UpdateHook(ctx context.Context, h Hook, journal ...account.Event) error
	// DeleteHook removes the hook, its deliveries and marks.
	DeleteHook(ctx context.Context, org, id string, journal ...account.Event) error

	// Place is the last document followed; Advance keeps deliveries and the new place
	// in one transaction, or fails with feed.ErrMoved.
	Place(ctx context.Context) (int64, error)
	Advance(ctx context.Context, from, to int64, d []Delivery) error

	// Marks are what a webhook's watcher saw last, by subject. Note writes changed
	// marks together with the deliveries they cause, when before still holds what is
	// stored of each, else it fails with ErrStale: another server was faster.
	Marks(ctx context.Context, hook string) (map[string]string, error)
	Note(ctx context.Context, hook string, before, changed map[string]string, d []Delivery) error

	// AddDelivery fails with ErrNotFound when the hook is gone.
	AddDelivery(ctx context.Context, d Delivery, journal ...account.Event) error
	Delivery(ctx context.Context, hook, id string) (Delivery, error)
	// Deliveries of a hook, the newest first, older than the one named before.
	Deliveries(ctx context.Context, hook, before string, limit int) ([]Delivery, error)
	// Due lists queued deliveries whose time has come, the oldest first.
	Due(ctx context.Context, now time.Time, limit int) ([]Delivery, error)
	// Settle writes state, tries, times and answer of a queued delivery whose tries are
	// still those given; ErrStale when they are not: another server was faster.
	Settle(ctx context.Context, d Delivery, tries int) error
	DropDeliveries(ctx context.Context, before time.Time) (int64, error)

	// Claim keeps a in the place of the answer to come; ErrTaken when there is one.
	Claim(ctx context.Context, a Answer) error
	Answer(ctx context.Context, id string) (Answer, error)
	Finish(ctx context.Context, a Answer) error
	Forget(ctx context.Context, id string) error
	DropAnswers(ctx context.Context, before time.Time) (int64, error)
}

// Options of the service. Store, Accounts and Fleet are needed.
type Options struct {
	Store    Store
	Accounts Accounts
	Fleet    Fleet
	Outbox   Outbox  // nil: message.failed is never told
	Reports  Reports // nil: report.ready is never told
	// Secret encrypts the secrets of webhooks: 32 bytes, the same on every server that
	// shares the base. Without it there are no webhooks.
	Secret []byte
	Site   string // for links, "https://host"
	// Private lets webhooks go to loopback and private addresses: on a bench only.
	Private bool
	Client  *http.Client // of deliveries; a guarded one when nil
	Now     func() time.Time
	Random  io.Reader // crypto/rand when nil
	Logger  *slog.Logger
}

// Service is what people and programs do with keys and webhooks. Its methods are safe
// for concurrent use.
type Service struct {
	o      Options
	store  Store
	client *http.Client
	seal   *sealer // nil without a secret
	wake   chan struct{}
}

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Accounts == nil || o.Fleet == nil {
		return nil, errors.New("integration: a store, accounts and a fleet are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, store: o.Store, client: o.Client, wake: make(chan struct{}, 1)}
	if s.client == nil {
		s.client = guardedClient(o.Private)
	}
	if len(o.Secret) > 0 {
		var err error
		if s.seal, err = newSealer(o.Secret, o.Random); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Follower makes deliveries of documents that come.
func (s *Service) Follower(source feed.Source) *feed.Follower {
	return &feed.Follower{Name: "webhooks", Source: source, Place: s.store.Place, Handle: s.follow, Logger: s.o.Logger}
}

// stands tells whether a register stands among those of the organisation.
func stands(all []fleet.Entry, reg fiscal.RegNumber) bool {
	for _, e := range all {
		if e.RegID == reg {
			return true
		}
	}
	return false
}
