// Package notify sends what the operator has to say: codes by SMS, letters, receipts
// to buyers (cabinet.md section 20; operator.md section 7).
//
// Every message goes into the outbox first and out of it through a Carrier: a
// stand-in that only pretends to deliver (SIM-01, SIM-02), or a real SMTP server. The
// package decides what is written and keeps the states; what it is about is said by
// who calls.
package notify

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/fiscalbench/fiscalbench/internal/ident"
)

// Channel of a message.
type Channel string

// Channels.
const (
	SMS    Channel = "sms"
	Letter Channel = "email"
)

var channels = []Channel{SMS, Letter}

// State of a message (operator.md section 7).
type State string

// States.
const (
	Queued     State = "queued"
	Sent       State = "sent"
	Delivered  State = "delivered"
	Failed     State = "failed"
	NoPackage  State = "no-package" // the organisation's messages are used up (CAB-141)
	Suppressed State = "suppressed" // the person asked for no more (operator.md section 7)
)

// Message is one SMS or letter.
type Message struct {
	ID      string // grows with time
	Org     string // whose affair it is; empty: the operator's own
	Kind    string // "NTF-01" …
	Channel Channel
	To      string // phone or address
	Subject string
	Text    string
	HTML    string // of letters; may be empty
	Files   []File
	Sender  string // name beside the operator's address, as a seller's; of letters; may be empty
	ReplyTo string // address for answers; of letters; may be empty
	State   State
	Reason  string // why it failed, in Russian
	Tries   int
	// About names what the message is about, for lists: "fn/fd" of a receipt, id of a report.
	About   string
	Created time.Time
	Due     time.Time // not to be sent earlier
	Done    time.Time // the last change of the state
}

// File is an attachment, or a picture that the HTML shows.
type File struct {
	Name, Type string
	Data       []byte
	ID         string `json:",omitempty"` // the HTML names the picture "cid:ID"; empty: attached
}

// Segments is how many SMS the text takes: 160 letters of the Latin alphabet or 70 of
// others in one, 153 or 67 in each of several.
func (m Message) Segments() int {
	if m.Channel != SMS {
		return 0
	}
	units, one, each := 0, 160, 153
	for _, r := range m.Text {
		if r > 127 {
			one, each = 70, 67
		}
		units += len(utf16.Encode([]rune{r}))
	}
	if units <= one {
		return 1
	}
	return (units + each - 1) / each
}

// Embedded is the HTML with the pictures in it instead of beside it, for browsers.
func (m Message) Embedded() string {
	html := m.HTML
	for _, f := range m.Files {
		if f.ID != "" && strings.HasPrefix(f.Type, "image/") {
			html = strings.ReplaceAll(html, `"cid:`+f.ID+`"`, `"data:`+f.Type+";base64,"+base64.StdEncoding.EncodeToString(f.Data)+`"`)
		}
	}
	return html
}

// ErrNotFound: there is no such message.
var ErrNotFound = errors.New("notify: not found")

// Filter of messages; zero fields do not filter.
type Filter struct {
	Org     string
	Kind    string
	Channel Channel
	To      string // part of it
	About   string
	State   State
	Before  string // id: only older ones
	Limit   int
}

// Store keeps messages. Every engine passes officetest.Messages.
type Store interface {
	AddMessage(ctx context.Context, m Message) error
	Message(ctx context.Context, id string) (Message, error)
	// Messages lists them newest first, without files and HTML.
	Messages(ctx context.Context, f Filter) ([]Message, error)
	// Due lists messages of a channel whose time has come, oldest first, whole: queued
	// ones, and sent ones that nobody has settled since.
	Due(ctx context.Context, c Channel, now time.Time, limit int) ([]Message, error)
	// Settle writes state, reason, tries, due and done of a message that is still in
	// the state from after so many tries; ErrNotFound when it is not: another server was
	// faster.
	Settle(ctx context.Context, m Message, from State, tries int) error
	// DropMessages removes those created before.
	DropMessages(ctx context.Context, before time.Time) (int64, error)
}

// Carrier takes a message to the person. An error of type *Lasting means that trying
// again is of no use. It is asked for several messages at once.
type Carrier interface {
	Carry(ctx context.Context, m Message) error
}

// Lasting is a failure that will not go away.
type Lasting struct{ Reason string } // in Russian

func (e *Lasting) Error() string { return "notify: " + e.Reason }

// Options of the service. Store is needed.
type Options struct {
	Store    Store
	SMS      Carrier // *StandIn when nil
	Mail     Carrier // *StandIn when nil
	OFDName  string
	Site     string // of the cabinet, for links
	Now      func() time.Time
	Random   io.Reader
	Logger   *slog.Logger
	Contacts string // of the support, under each letter
	// Keep is how long messages are kept; for ever when zero.
	Keep time.Duration
}

// Service writes and sends. Its methods are safe for concurrent use.
type Service struct {
	o     Options
	store Store
	wake  map[Channel]chan struct{}
}

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Store == nil {
		return nil, errors.New("notify: a store is needed")
	}
	if o.SMS == nil {
		o.SMS = &StandIn{}
	}
	if o.Mail == nil {
		o.Mail = &StandIn{}
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
	return &Service{o: o, store: o.Store, wake: map[Channel]chan struct{}{SMS: make(chan struct{}, 1), Letter: make(chan struct{}, 1)}}, nil
}

// Put writes a message into the outbox; Run takes it from there.
func (s *Service) Put(ctx context.Context, m Message) (Message, error) {
	m, err := s.Draft(m)
	if err != nil {
		return Message{}, err
	}
	if err := s.store.AddMessage(ctx, m); err != nil {
		return Message{}, fmt.Errorf("notify: %w", err)
	}
	s.Wake()
	return m, nil
}

// Draft gives a message all that Put gives it and does not keep it: for those who
// write it into the outbox together with something of their own.
func (s *Service) Draft(m Message) (Message, error) {
	now := s.o.Now()
	id, err := s.newID(now)
	if err != nil {
		return Message{}, err
	}
	m.ID, m.Created, m.Done = id, now, now
	if m.State == "" {
		m.State = Queued
	}
	if m.Due.IsZero() {
		m.Due = now
	}
	return m, nil
}

// Wake makes Run look at the outbox now.
func (s *Service) Wake() {
	for _, c := range s.wake {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (s *Service) newID(now time.Time) (string, error) {
	id, err := ident.Timed(now, s.o.Random)
	if err != nil {
		return "", fmt.Errorf("notify: making an id: %w", err)
	}
	return id, nil
}

// SMS implements account.Messenger.
func (s *Service) SMS(ctx context.Context, kind, phone string, data map[string]string) error {
	_, text, _, err := write(kind, s.values(data))
	if err == nil {
		_, err = s.Put(ctx, Message{Kind: kind, Channel: SMS, To: phone, Text: text})
	}
	return err
}

// Letter implements account.Messenger.
func (s *Service) Letter(ctx context.Context, kind, address string, data map[string]string) error {
	subject, text, html, err := write(kind, s.values(data))
	if err == nil {
		_, err = s.Put(ctx, Message{Kind: kind, Channel: Letter, To: address, Subject: subject, Text: text, HTML: html, Org: data["org-id"]})
	}
	return err
}

// values adds what every text may name.
func (s *Service) values(data map[string]string) map[string]string {
	all := map[string]string{"ofd": s.o.OFDName, "site": s.o.Site, "contacts": s.o.Contacts}
	for k, v := range data {
		all[k] = v
	}
	return all
}

// Message by its id.
func (s *Service) Message(ctx context.Context, id string) (Message, error) {
	return s.store.Message(ctx, id)
}

// Keeps is how long messages are kept; 0: for ever.
func (s *Service) Keeps() time.Duration { return s.o.Keep }

// Drop removes messages created before and tells how many there were.
func (s *Service) Drop(ctx context.Context, before time.Time) (int64, error) {
	return s.store.DropMessages(ctx, before)
}

// Messages lists the outbox, newest first.
func (s *Service) Messages(ctx context.Context, f Filter) ([]Message, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return s.store.Messages(ctx, f)
}
