// Package fleet is the registers of an organisation as people keep them: departments,
// outlets, names, groups, archive, and how each register does (cabinet.md sections 5
// and 6).
//
// It makes the access.Sight of a viewer, so it decides which registers stand where;
// documents themselves are read by server/ledger. States of registers follow the
// documents of the store (server/feed) and are seconds behind.
package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// Errors of stores and of the service; compare with errors.Is.
var (
	ErrNotFound = errors.New("fleet: not found")
	ErrTaken    = errors.New("fleet: there already")
	ErrStale    = errors.New("fleet: changed meanwhile")
	ErrNotEmpty = errors.New("fleet: not empty")
	// ErrStood is an ErrNotEmpty: nothing stands there, but something did, and figures of
	// that time need the place.
	ErrStood = fmt.Errorf("%w: registers stood there", ErrNotEmpty)
)

// Kind of a node of the tree.
type Kind string

// Kinds: departments hold departments and outlets, outlets hold registers (CAB-009).
const (
	Department Kind = "department" // подразделение
	Outlet     Kind = "outlet"     // торговая точка
)

// Node is a department or an outlet.
type Node struct {
	ID, Org  string
	Parent   string // id of a department; empty at the top
	Kind     Kind
	Name     string
	Address  string
	TimeZone string  // IANA name of an outlet; empty: the organisation's
	Lat, Lon float64 // degrees; 0, 0: unknown
	// Target is the revenue aimed at in a month (CAB-116); 0: none set.
	Target  fiscal.Kopecks
	Version int64
}

// Register is a register as its organisation keeps it. What it sends is in State.
type Register struct {
	Org    string
	RegID  fiscal.RegNumber // РНМ
	Name   string
	Model  string
	Serial string          // ЗН
	FN     fiscal.FNNumber // as typed in; empty: not given
	// Outlet is the id of the node it stands in; empty: nowhere yet. Monitoring shows a
	// register where it stands; documents, revenue and rights to them go by where it
	// stood then (Stay).
	Outlet    string
	Groups    []string // names
	Connected time.Time
	Archived  time.Time // zero: active
	// PaidUntil is the end of the connection's term; zero: no term (DEC-09).
	PaidUntil time.Time
	Blocked   bool // reception was stopped
	Version   int64
}

// Store keeps all this. Every engine passes officetest.Fleet.
//
// What changes nodes and registers takes entries of the journal and writes them in the
// same transaction.
type Store interface {
	Nodes(ctx context.Context, org string) ([]Node, error)
	CreateNode(ctx context.Context, n Node, journal ...account.Event) error
	// UpdateNode and UpdateRegister write when the stored version is the given one, and
	// make it one greater; else they fail with ErrStale, or ErrNotFound.
	UpdateNode(ctx context.Context, n Node, journal ...account.Event) error
	// DeleteNode fails with ErrNotEmpty while something stands in it, with ErrStood when
	// it is a place that a register left.
	DeleteNode(ctx context.Context, org, id string, journal ...account.Event) error

	Registers(ctx context.Context, org string) ([]Register, error)
	Register(ctx context.Context, org string, reg fiscal.RegNumber) (Register, error)
	CreateRegister(ctx context.Context, r Register, journal ...account.Event) error // ErrTaken
	UpdateRegister(ctx context.Context, r Register, journal ...account.Event) error
	// DeleteRegister removes one of the stored version with the places it left; else it
	// fails with ErrStale, or ErrNotFound.
	DeleteRegister(ctx context.Context, r Register, journal ...account.Event) error
	// MoveRegister is UpdateRegister of one that is put elsewhere: it keeps the place that
	// the register left, after those it left before; places left later, by a clock that
	// went back since, are brought back to this one. Left are those of all registers of
	// the organisation, of each in order.
	MoveRegister(ctx context.Context, r Register, left Left, journal ...account.Event) error
	Left(ctx context.Context, org string) ([]Left, error)

	// States and Drives of a taxpayer's registers; reg may be empty for all.
	States(ctx context.Context, inn fiscal.INN, reg fiscal.RegNumber) ([]State, error)
	Drives(ctx context.Context, inn fiscal.INN, reg fiscal.RegNumber) ([]Drive, error)
	// Place is the last document followed; Advance keeps what it changed and the new
	// place in one transaction, or fails with feed.ErrMoved.
	Place(ctx context.Context) (int64, error)
	Advance(ctx context.Context, from, to int64, states []State, drives []Drive) error

	// Thresholds of a user; ErrNotFound when the user has none of their own.
	Thresholds(ctx context.Context, user string) (Thresholds, error)
	SetThresholds(ctx context.Context, user string, t Thresholds) error
	DropThresholds(ctx context.Context, user string) error

	// Alerts that are switched on, of all organisations; Alert of one user, or
	// ErrNotFound. AddAlert does nothing to one that is there; UpdateAlert writes when
	// the stored version is the given one and makes it one greater, and puts letters
	// into the outbox in the same transaction, or fails with ErrStale.
	Alerts(ctx context.Context) ([]Alert, error)
	Alert(ctx context.Context, org, user string) (Alert, error)
	AddAlert(ctx context.Context, a Alert) error
	UpdateAlert(ctx context.Context, a Alert, letters ...notify.Message) error
	DropAlert(ctx context.Context, org, user string) error
}

// Orgs tells of organisations; account.Service is one.
type Orgs interface {
	Org(ctx context.Context, v access.Viewer) (account.Org, error)
}

// Options of the service. Store and Orgs are needed.
type Options struct {
	Store  Store
	Orgs   Orgs
	Now    func() time.Time
	Random io.Reader // of ids; crypto/rand when nil
	Logger *slog.Logger
	// Capacity is how many documents a drive is thought to hold, for its memory in per
	// cent: no document says it. 250,000 when zero (FN-022; real drives: unverified).
	Capacity int64
}

// Service is what people do with registers. Its methods are safe for concurrent use.
type Service struct {
	o     Options
	store Store
}

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Orgs == nil {
		return nil, errors.New("fleet: a store and organisations are needed")
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
	if o.Capacity == 0 {
		o.Capacity = 250_000
	}
	return &Service{o: o, store: o.Store}, nil
}

// Follower keeps the states of registers up with the documents of the source.
func (s *Service) Follower(source feed.Source) *feed.Follower {
	return &feed.Follower{Name: "fleet", Source: source, Place: s.store.Place, Handle: s.follow, Logger: s.o.Logger}
}
