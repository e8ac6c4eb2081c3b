// Package account is who people are: organisations, users, how they come in, what
// they may do, and the record of it.
//
// It hands out access.Viewer to those who have shown a session. It sends nothing
// itself (Messenger does), draws no pages and knows no tables (Store does).
package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/tries"
)

// Org is an organisation or an entrepreneur: a client of the operator.
type Org struct {
	ID       string
	Name     string // as people call it
	FullName string
	INN      string // empty until the company card is filled in (CAB-013)
	KPP      string // organisations only
	OGRN     string // ОГРН of an organisation, ОГРНИП of an entrepreneur
	Address  string
	Email    string
	Phone    string
	TimeZone string // IANA name; empty: the operator's
	Owner    string // id of the user who created the account

	Version   int64 // grows with every change
	CreatedAt time.Time
}

// Entrepreneur tells whether the taxpayer is a person: 12 digits of INN.
func (o Org) Entrepreneur() bool { return len(o.INN) == 12 }

// User is a person. Email, Login and Phone are unique among users.
type User struct {
	ID       string
	Login    string // user name; empty when none was chosen
	Email    string // lower case
	Phone    string // "+7" and ten digits
	Name     string
	Password string // argon2id in the PHC form

	EmailAt   time.Time // confirmed; zero: not yet
	PhoneAt   time.Time
	ConsentAt time.Time // to the handling of personal data (CAB-012)
	CreatedAt time.Time
}

// Member is a user's place in an organisation. Branches are ids of departments and
// outlets the member is cut to; empty: all.
type Member struct {
	Org      string
	User     string
	Role     access.Role
	Branches []string
	Since    time.Time
}

// SessionCookie is the name of the cookie that holds a session's token.
const SessionCookie = "ofd_session"

// Session is a browser or an application that somebody came in with.
type Session struct {
	ID        string // SHA-256 of the token
	User      string
	Org       string // the one chosen; empty before the choice
	Address   string // where from
	Agent     string // what with
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Proof is a code or a link that was sent: whoever brings it back has the number or
// the address. It is good for one purpose, once, and not for long.
type Proof struct {
	ID      string // of a code: purpose and user; of a link: SHA-256 of its token
	Purpose Purpose
	User    string
	Subject string // the number or address proved
	Secret  string // of a code: SHA-256 of it
	Tries   int    // wrong ones so far
	SentAt  time.Time
	Expires time.Time
}

// Purpose of a proof.
type Purpose string

// Purposes.
const (
	ProvePhone    Purpose = "phone"     // code: finish registration or change the number
	ProveEmail    Purpose = "email"     // link: finish registration or change the address
	ResetByPhone  Purpose = "reset-sms" // code
	ResetByLetter Purpose = "reset"     // link
	Invite        Purpose = "invite"    // link: join an organisation (CAB-902); Subject is its id
)

// Event is an entry of the audit log: who did what from where, and how it ended.
type Event struct {
	ID      string
	At      time.Time
	Org     string
	User    string
	Key     string // API key it was done with, made by the user; empty: by the user
	Address string
	Action  string // "login", "password.change", …
	Result  string // "ok" or why not
	About   string // id of what it was done to, where one looks for that: РНМ, id of an outlet
	Detail  string // no personal data of buyers, no secrets
}

// EventFilter of the audit log; zero fields do not filter.
type EventFilter struct {
	About  string
	Before string // id: older ones only
	Limit  int    // needed
}

// Errors that stores return and services pass on; compare with errors.Is.
var (
	ErrNotFound = errors.New("account: not found")
	ErrTaken    = errors.New("account: taken already")
	ErrStale    = errors.New("account: changed meanwhile")
	ErrUnbound  = errors.New("account: unbound before")
)

// Store keeps accounts. Every engine passes storetest.Accounts.
type Store interface {
	// CreateOrg, CreateUser fail with ErrTaken when a unique value is there already.
	CreateUser(ctx context.Context, u User) error
	CreateOrg(ctx context.Context, o Org, owner Member) error
	User(ctx context.Context, id string) (User, error)
	// UserBy finds a user by user name, e-mail or phone, written as User has them.
	UserBy(ctx context.Context, name string) (User, error)
	// UpdateUser writes everything but ID and CreatedAt.
	UpdateUser(ctx context.Context, u User) error
	Org(ctx context.Context, id string) (Org, error)
	OrgByINN(ctx context.Context, inn string) (Org, error)
	// UpdateOrg writes everything but ID, Owner and CreatedAt when the stored version
	// is o.Version, and makes it one greater; else it fails with ErrStale.
	UpdateOrg(ctx context.Context, o Org) error

	// SetMember adds a member or changes its role and branches.
	SetMember(ctx context.Context, m Member) error
	RemoveMember(ctx context.Context, org, user string) error
	Member(ctx context.Context, org, user string) (Member, error)
	Members(ctx context.Context, org string) ([]Member, error)
	MemberOf(ctx context.Context, user string) ([]Member, error)

	CreateSession(ctx context.Context, s Session) error
	Session(ctx context.Context, id string) (Session, error)
	TouchSession(ctx context.Context, id, org string, seen time.Time) error
	Sessions(ctx context.Context, user string) ([]Session, error)
	// EndSessions ends those of the user but keep; keep may be empty.
	EndSessions(ctx context.Context, user, keep string) error
	EndSession(ctx context.Context, user, id string) error

	// PutProof keeps a proof in the place of one with the same id.
	PutProof(ctx context.Context, p Proof) error
	Proof(ctx context.Context, id string) (Proof, error)
	// TryProof counts a wrong try and returns how many there were.
	TryProof(ctx context.Context, id string) (int, error)
	// UseProof deletes the proof; ErrNotFound when somebody used it before.
	UseProof(ctx context.Context, id string) error

	Identity(ctx context.Context, issuer, subject string) (Identity, error)
	// Identities of a user, the one bound first before others.
	Identities(ctx context.Context, user string) ([]Identity, error)
	// BindIdentity fails with ErrTaken when the identity is bound already, or another
	// one of that issuer to that user; byMail also with ErrUnbound when that user ever
	// unbound one of that issuer.
	BindIdentity(ctx context.Context, i Identity, byMail bool) error
	// UseIdentity notes that somebody came in by it, and the address when there is one.
	UseIdentity(ctx context.Context, issuer, subject, email string, at time.Time) error
	// UnbindIdentity fails with ErrNotFound when it is not bound to the user.
	UnbindIdentity(ctx context.Context, user, issuer, subject string, at time.Time) error

	AddEvent(ctx context.Context, e Event) error
	// Events of an organisation, newest first.
	Events(ctx context.Context, org string, f EventFilter) ([]Event, error)
}

// Messenger sends codes and letters; server/notify is one. The kinds are ids of
// cabinet.md section 20 ("NTF-01"); data fills the text in.
type Messenger interface {
	SMS(ctx context.Context, kind, phone string, data map[string]string) error
	Letter(ctx context.Context, kind, address string, data map[string]string) error
}

// Options of the service. Store and Messenger are needed.
type Options struct {
	Store     Store
	Messenger Messenger
	// Site is the address people reach the cabinet at ("https://host"), for links.
	Site   string
	Now    func() time.Time // time.Now when nil
	Random io.Reader        // source of tokens, codes and salts; crypto/rand when nil
	Logger *slog.Logger     // nil discards
	// Tries counts tries of passwords, codes and letters for all servers of the base;
	// this process alone when nil.
	Tries tries.Store
	// Memory of the password hash in KiB; 19456 when zero. Less is for tests.
	Memory uint32
	// LoginByINN lets people come in with the ИНН of their organisation (LoginAs).
	LoginByINN bool
}

// Service is what people do with accounts. Its methods are safe for concurrent use.
type Service struct {
	o      Options
	store  Store
	limits *tries.Limits
	nobody string // hash that a password of nobody is compared with
}

// Terms and limits.
const (
	SessionTerm = 30 * 24 * time.Hour
	CodeTerm    = 5 * time.Minute
	CodePause   = time.Minute // before another code may be sent
	CodeTries   = 5
	LinkTerm    = 24 * time.Hour
	ResetTerm   = time.Hour
	InviteTerm  = 90 * 24 * time.Hour // CAB-908
)

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Messenger == nil {
		return nil, errors.New("account: a store and a messenger are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = random
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Memory == 0 {
		o.Memory = 19456
	}
	s := &Service{o: o, store: o.Store, limits: tries.New(o.Tries, o.Now)}
	nobody, err := s.hash("password of nobody")
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	s.nobody = nobody
	return s, nil
}
