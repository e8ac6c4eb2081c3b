// Package buyers sends receipts to those who bought (CAB-140 to CAB-142, CAB-906,
// CAB-918, NTF-10; operator.md section 7), and keeps how a seller wants that: which
// channels, packages of SMS, whom to leave alone, the design of receipts.
//
// It follows the documents; a message goes into the outbox of server/notify in the
// transaction that moves the follower's place, so each receipt is sent once, whatever
// dies and however many servers follow. Carrying messages is notify's affair, drawing
// receipts is server/paper's.
package buyers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/paper"
)

// Kind of the messages to buyers in the outbox.
const Kind = "NTF-10"

// Errors; compare with errors.Is.
var (
	ErrNotFound = errors.New("buyers: not found")
	ErrStale    = errors.New("buyers: changed meanwhile")
)

// Settings are what an organisation wants its buyers to get. The zero value sends
// nothing.
type Settings struct {
	Org          string `json:"-"`
	SMS, Letters bool
	// SMSSince and LettersSince are when each was switched on: receipts received
	// earlier are not sent.
	SMSSince, LettersSince time.Time
	Corrections            bool   // forms 31 and 41, too
	PDF                    bool   // attached to letters
	Sender                 string // name letters come from; empty: the user's of the receipt (tag 1048)
	Design                 paper.Design
	Version                int64 `json:"-"` // 0: never saved
}

// Package of SMS that an organisation bought (CAB-141).
type Package struct {
	ID     string
	Org    string
	Bought int64 // segments
	Left   int64
	At     time.Time
	Until  time.Time // not used then or later
}

// Suppression keeps messages of a seller from an address.
type Suppression struct {
	Org     string
	Address string // e-mail in lower case, phone as +7…
	Reason  string // in Russian
	At      time.Time
}

// Count is how many messages of a channel are in a state (CAB-918).
type Count struct {
	Channel  notify.Channel
	State    notify.State
	Messages int64
}

// Low is an organisation whose SMS have just become few.
type Low struct {
	Org  string
	Left int64
}

// Warnings are given when so many SMS or so much time is left (CAB-906).
const (
	FewSMS   = 30
	FewDays  = 30
	maxName  = 60
	packYear = 365 * 24 * time.Hour
)

// Store keeps all that. Every engine passes officetest.Buyers.
type Store interface {
	// Place is the ID of the last document that was handled.
	Place(ctx context.Context) (int64, error)
	// Settings of an organisation; without any saved the zero value, with Org.
	Settings(ctx context.Context, org string) (Settings, error)
	// SaveSettings over those of version s.Version; ErrStale when there are others.
	SaveSettings(ctx context.Context, s Settings) error
	// Seller are the settings of the organisation that is this taxpayer and has this
	// register; ErrNotFound.
	Seller(ctx context.Context, inn fiscal.INN, reg fiscal.RegNumber) (Settings, error)
	// Keep puts messages into the outbox and moves the place from one to another, in
	// one transaction; feed.ErrMoved when the place is not from. A message to a
	// suppressed address is kept as such; an SMS takes its segments from the packages
	// that are good at the time now, those that end first before others, and is kept
	// without a package when too few are left. low are those whose SMS fell to few or
	// fewer.
	Keep(ctx context.Context, from, to int64, messages []notify.Message, now time.Time, few int64) (low []Low, err error)
	// Post is Keep of one message by hand; it returns the state it was kept in.
	Post(ctx context.Context, m notify.Message, now time.Time, few int64) (notify.State, []Low, error)
	// Packages of an organisation, those that end first before others.
	Packages(ctx context.Context, org string) ([]Package, error)
	AddPackage(ctx context.Context, p Package) error
	// Suppressions of an organisation, newest first. Suppress twice is no error.
	Suppressions(ctx context.Context, org string) ([]Suppression, error)
	Suppress(ctx context.Context, s Suppression) error
	Release(ctx context.Context, org, address string) error
	// Counts of messages of a kind created since.
	Counts(ctx context.Context, org, kind string, since time.Time) ([]Count, error)
	// Reach is the address of an organisation's own e-mail, or of its owner's; may be
	// empty.
	Reach(ctx context.Context, org string) (string, error)
}

// Options of the service. Store and Notify are needed.
type Options struct {
	Store   Store
	Notify  *notify.Service
	Site    string // "https://host", for links
	OFDName string
	// Contacts of the operator's support, under each letter (CAB-170); may be empty.
	Contacts string
	// Zone that times of the operator are shown in; Moscow when nil.
	Zone   *time.Location
	Now    func() time.Time
	Random io.Reader // of ids; crypto/rand when nil
	Logger *slog.Logger
}

// Service is what sellers and the follower do. Its methods are safe for concurrent use.
type Service struct {
	o     Options
	store Store
}

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Notify == nil {
		return nil, errors.New("buyers: a store and the outbox are needed")
	}
	if o.Zone == nil {
		o.Zone = time.FixedZone("МСК", 3*60*60)
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
	return &Service{o: o, store: o.Store}, nil
}

// Follower sends receipts of the source as they come.
func (s *Service) Follower(source feed.Source) *feed.Follower {
	return &feed.Follower{Name: "buyers", Source: source, Place: s.store.Place, Handle: s.follow, Logger: s.o.Logger}
}

func (s *Service) newID() (string, error) {
	id, err := ident.New(s.o.Random)
	if err != nil {
		return "", fmt.Errorf("buyers: making an id: %w", err)
	}
	return id, nil
}

// warn tells organisations that their SMS are few (CAB-906).
func (s *Service) warn(ctx context.Context, low []Low) {
	for _, l := range low {
		to, err := s.store.Reach(ctx, l.Org)
		if err == nil && to != "" {
			err = s.o.Notify.Letter(ctx, "CAB-906", to, map[string]string{"org-id": l.Org, "left": fmt.Sprint(l.Left), "link": s.o.Site + "/lk/buyers/packages"})
		}
		if err != nil {
			s.o.Logger.Error("warning of few SMS", "org", l.Org, "err", err)
		}
	}
}
