// Package outside is the door of those who come in with an account they have elsewhere
// (CAB-035): to the provider, and back. By the same way a person binds such an account
// to their own.
//
// It trusts package identity with who somebody is and package account with what they
// may do. Between the two visits it keeps nothing here: the browser holds a ticket.
package outside

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/identity"
)

//go:embed templates/*.html
var files embed.FS

// Addresses of the visits. Back is what the provider has to know.
const (
	Start = "/lk/outside"
	Bind  = "/lk/outside/bind"
	Back  = "/lk/outside/back"
)

// Profile is the page that shows what is bound.
const Profile = "/lk/profile/registration"

const (
	ticketCookie  = "ofd_outside"
	ticketSeconds = 600
)

// Options of the door. Client is needed.
type Options struct {
	Client *identity.Client
	Secure bool         // people come by https
	Logger *slog.Logger // nil discards
}

type area struct {
	o               Options
	a               *account.Service
	refused, onward *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &area{o: o, a: f.Accounts(), refused: f.Templates(files, "templates/refused.html"), onward: f.Templates(files, "templates/onward.html")}
	f.Guest("GET "+Start, a.start)
	f.Person("POST "+Bind, a.bind)
	f.Guest("GET "+Back, a.back)
}

// errand is what the browser holds between the visits: the ticket, where the person
// wanted to go, and for whom something is to be bound.
type errand struct {
	ticket     identity.Ticket
	next, bind string
}

func (e errand) String() string {
	return e.ticket.String() + "~" + url.QueryEscape(e.next) + "~" + url.QueryEscape(e.bind)
}

// parse reads an errand back; one that cannot be read has no ticket, which the client
// refuses.
func parse(s string) (e errand) {
	part := strings.Split(s, "~")
	if len(part) != 3 {
		return errand{}
	}
	e.ticket, _ = identity.ParseTicket(part[0])
	e.next, _ = url.QueryUnescape(part[1])
	e.bind, _ = url.QueryUnescape(part[2])
	return e
}

// start sends the person to the provider with a ticket in their browser.
func (a *area) start(v *page.Visit) error {
	to, ticket, err := a.o.Client.Start(v.R.Context())
	if err != nil {
		return a.refuse(v, err)
	}
	a.keep(v, errand{ticket: ticket, next: v.Form("next")}.String(), ticketSeconds)
	return v.Redirect(to)
}

// bind begins to bind an account elsewhere to whoever is logged in and knows the
// password: a browser left open must not leave a second key. The way on is a link:
// forms lead to this site only.
func (a *area) bind(v *page.Visit) error {
	if err := a.a.Confirm(v.R.Context(), v.Session, v.R.PostFormValue("current"), "identity.bind"); err != nil {
		fields, err := page.Fields(err)
		if err != nil {
			return err
		}
		text := fields["current"]
		if text == "" {
			text = fields[""]
		}
		v.Say(text)
		return v.Redirect(Profile)
	}
	to, ticket, err := a.o.Client.Start(v.R.Context())
	if err != nil {
		return a.refuse(v, err)
	}
	a.keep(v, errand{ticket: ticket, bind: v.User.ID}.String(), ticketSeconds)
	return v.Render(a.onward, struct{ To, Name string }{to, a.o.Client.Name()})
}

// back opens a session for whom the provider vouches for, or binds what it vouches for
// to whoever set out to do so.
func (a *area) back(v *page.Visit) error {
	var e errand
	if c, err := v.R.Cookie(ticketCookie); err == nil {
		e = parse(c.Value)
	}
	a.keep(v, "", -1) // one ticket, one visit
	ctx := v.R.Context()
	person, err := a.o.Client.Finish(ctx, e.ticket, v.R.URL.Query())
	if err != nil {
		return a.refuse(v, err)
	}
	who := account.Outside{Issuer: person.Issuer, Subject: person.Subject, Provider: a.o.Client.Name(), Email: person.Email}
	if e.bind != "" {
		if v.User.ID != e.bind {
			return a.refuse(v, identity.Foreign) // logged out meanwhile, or somebody else came
		}
		if err := a.a.Bind(ctx, v.Session, who); err != nil {
			return a.refuse(v, err)
		}
		v.Say("Учётная запись привязана: теперь можно входить через " + who.Provider + ".")
		return v.Redirect(Profile)
	}
	token, session, err := a.a.EnterBy(ctx, who, v.From())
	if err != nil {
		return a.refuse(v, err)
	}
	v.Open(token)
	if session.Org == "" {
		return v.Redirect("/lk/choose")
	}
	return v.Redirect(page.Local(e.next))
}

// keep puts the ticket into the browser. It comes back with the visit that the provider
// sends from its own site, which Lax lets through.
func (a *area) keep(v *page.Visit, value string, seconds int) {
	http.SetCookie(v.W, &http.Cookie{Name: ticketCookie, Value: value, Path: Start, MaxAge: seconds, HttpOnly: true, Secure: a.o.Secure, SameSite: http.SameSiteLaxMode})
}

// refused is the page of a refusal.
type refused struct {
	Text string
	In   bool // the person is logged in already
}

// refuse says why nobody came in; what else happened is logged.
func (a *area) refuse(v *page.Visit, err error) error {
	var why identity.Refusal
	if errors.As(err, &why) {
		a.o.Logger.WarnContext(v.R.Context(), "outside identity", "err", err)
		status := http.StatusForbidden
		if why == identity.Unreachable {
			status = http.StatusBadGateway
		}
		return v.RenderStatus(status, a.refused, refused{why.Text(), v.User.ID != ""})
	}
	fields, err := page.Fields(err)
	if err != nil {
		return err
	}
	return v.RenderStatus(http.StatusForbidden, a.refused, refused{fields[""], v.User.ID != ""})
}
