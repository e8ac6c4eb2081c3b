// Package identity lets people come in with an account they have elsewhere: it is the
// asking side of OpenID Connect Core 1.0, the code flow with PKCE (RFC 7636).
//
// It finds out who somebody is for a provider and opens no session: that is package
// account's. It keeps nothing: what has to come back with the person travels in a Ticket,
// which their browser holds. The built-in provider of a bench is package standin.
package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Options of a client of one provider. Issuer, ClientID and Back are needed.
type Options struct {
	Issuer       string // address of the provider; its discovery document is below it
	ClientID     string
	ClientSecret string // empty for a client without one
	Back         string // address that people come back to
	Name         string // of the provider, for the button; the issuer's host when empty

	// HTTP asks the provider; with a limit of ten seconds when nil.
	HTTP *http.Client
	// Now is the clock that terms of tokens are judged by; time.Now when nil.
	Now func() time.Time
	// Pause is how long a provider that did not answer is left alone, by the wall's clock;
	// five seconds when zero. People who come meanwhile are told at once.
	Pause time.Duration
}

// Client asks one provider who people are. Its methods are safe for concurrent use.
type Client struct {
	o Options

	mu       sync.Mutex
	provider *oidc.Provider // found at the first need: the provider may start later
	failed   error          // of the last try
	failedAt time.Time
}

// New makes a client; the provider is asked nothing yet.
func New(o Options) (*Client, error) {
	for name, address := range map[string]string{"issuer": o.Issuer, "address to come back to": o.Back} {
		if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("identity: %s %q: want http or https and a host", name, address)
		}
	}
	if o.ClientID == "" {
		return nil, errors.New("identity: a client id is needed")
	}
	if o.Name == "" {
		u, _ := url.Parse(o.Issuer)
		o.Name = u.Host
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pause == 0 {
		o.Pause = 5 * time.Second
	}
	return &Client{o: o}, nil
}

// Name of the provider, for people.
func (c *Client) Name() string { return c.o.Name }

// Person is who somebody is for the provider.
type Person struct {
	Issuer  string // the provider
	Subject string // unique at the provider, never given to anybody else
	Email   string // empty unless the provider has verified it; may change
	Name    string
}

// Ticket ties the answer to the browser that asked: it has to come back with it.
type Ticket struct{ State, Nonce, Verifier string }

// String is the ticket for a cookie.
func (t Ticket) String() string { return t.State + "." + t.Nonce + "." + t.Verifier }

// ParseTicket reads a ticket back; false when it is none.
func ParseTicket(s string) (Ticket, bool) {
	p := strings.Split(s, ".")
	if len(p) != 3 || p[0] == "" || p[1] == "" || p[2] == "" {
		return Ticket{}, false
	}
	return Ticket{p[0], p[1], p[2]}, true
}

// Refusal is why nobody came in by the provider.
type Refusal string

// Refusals.
const (
	Unreachable Refusal = "unreachable" // the provider does not answer, or with an error
	Declined    Refusal = "declined"    // the person or the provider said no
	Foreign     Refusal = "foreign"     // the answer is not to what this browser asked
	Untrusted   Refusal = "untrusted"   // the token's sign, issuer, audience, nonce or term is wrong
)

func (r Refusal) Error() string { return "identity: " + string(r) }

// Text is the refusal in Russian.
func (r Refusal) Text() string {
	switch r {
	case Unreachable:
		return "Служба входа не отвечает. Попробуйте позже или войдите по паролю."
	case Declined:
		return "Служба входа отказала. Попробуйте ещё раз или войдите по паролю."
	case Foreign:
		return "Ответ службы входа не на этот запрос или пришёл слишком поздно. Начните вход заново."
	case Untrusted:
		return "Ответу службы входа нельзя верить: подпись, срок или получатель не те."
	}
	return "Войти не получилось."
}

// Start returns where to send the person, and the ticket their browser keeps meanwhile.
func (c *Client) Start(ctx context.Context) (to string, t Ticket, err error) {
	p, err := c.find(ctx)
	if err != nil {
		return "", Ticket{}, err
	}
	t = Ticket{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return c.flow(p).AuthCodeURL(t.State, oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), t, nil
}

// Finish reads what the person came back with. It fails with a Refusal, wrapped with
// what happened.
func (c *Client) Finish(ctx context.Context, t Ticket, q url.Values) (Person, error) {
	if t.State == "" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(t.State)) != 1 {
		return Person{}, fmt.Errorf("%w: another state", Foreign)
	}
	if e := q.Get("error"); e != "" {
		return Person{}, fmt.Errorf("%w: %.40q", Declined, e)
	}
	p, err := c.find(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = oidc.ClientContext(ctx, c.o.HTTP)
	token, err := c.flow(p).Exchange(ctx, q.Get("code"), oauth2.VerifierOption(t.Verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError:
		return Person{}, fmt.Errorf("%w: code: %.40q", Declined, refused.ErrorCode)
	case err != nil:
		return Person{}, fmt.Errorf("%w: code: %w", Unreachable, err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.VerifierContext(ctx, &oidc.Config{ClientID: c.o.ClientID, Now: c.o.Now}).Verify(ctx, raw)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", Untrusted, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.Nonce)) != 1 {
		return Person{}, fmt.Errorf("%w: another nonce", Untrusted)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
	}
	if err := id.Claims(&claims); err != nil {
		return Person{}, fmt.Errorf("%w: %w", Untrusted, err)
	}
	if id.Subject == "" {
		return Person{}, fmt.Errorf("%w: no subject", Untrusted)
	}
	if !claims.Verified {
		claims.Email = ""
	}
	return Person{Issuer: id.Issuer, Subject: id.Subject, Email: claims.Email, Name: claims.Name}, nil
}

// find asks for the provider's discovery document once it is needed.
func (c *Client) find(ctx context.Context) (*oidc.Provider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider != nil {
		return c.provider, nil
	}
	if c.failed != nil && time.Since(c.failedAt) < c.o.Pause {
		return nil, c.failed
	}
	// The provider outlives this visit: its keys are asked for again when they change.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), c.o.HTTP), c.o.Issuer)
	if err != nil {
		c.failed, c.failedAt = fmt.Errorf("%w: %w", Unreachable, err), time.Now()
		return nil, c.failed
	}
	c.provider = p
	return p, nil
}

func (c *Client) flow(p *oidc.Provider) *oauth2.Config {
	at := p.Endpoint()
	if c.o.ClientSecret == "" {
		at.AuthStyle = oauth2.AuthStyleInParams // nothing to put into a header
	}
	return &oauth2.Config{ClientID: c.o.ClientID, ClientSecret: c.o.ClientSecret, Endpoint: at, RedirectURL: c.o.Back, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}
}
