// Package outside is the door of those who come in with an account they have elsewhere
// (CAB-035): to the provider, and back.
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

// Addresses of the two visits. Back is what the provider has to know.
const (
	Start = "/lk/outside"
	Back  = "/lk/outside/back"
)

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
	o       Options
	a       *account.Service
	refused *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &area{o: o, a: f.Accounts(), refused: f.Templates(files, "templates/refused.html")}
	f.Guest("GET "+Start, a.start)
	f.Guest("GET "+Back, a.back)
}

// start sends the person to the provider with a ticket in their browser.
func (a *area) start(v *page.Visit) error {
	to, ticket, err := a.o.Client.Start(v.R.Context())
	if err != nil {
		return a.refuse(v, err)
	}
	a.keep(v, ticket.String()+"~"+url.QueryEscape(v.Form("next")), ticketSeconds)
	return v.Redirect(to)
}

// back opens a session for whom the provider vouches for.
func (a *area) back(v *page.Visit) error {
	var ticket identity.Ticket
	next := ""
	if c, err := v.R.Cookie(ticketCookie); err == nil {
		held, where, _ := strings.Cut(c.Value, "~")
		ticket, _ = identity.ParseTicket(held)
		next, _ = url.QueryUnescape(where)
	}
	a.keep(v, "", -1) // one ticket, one visit
	person, err := a.o.Client.Finish(v.R.Context(), ticket, v.R.URL.Query())
	if err != nil {
		return a.refuse(v, err)
	}
	token, session, err := a.a.EnterBy(v.R.Context(), a.o.Client.Name(), person.Email, v.From())
	if err != nil {
		return a.refuse(v, err)
	}
	v.Open(token)
	if session.Org == "" {
		return v.Redirect("/lk/choose")
	}
	return v.Redirect(page.Local(next))
}

// keep puts the ticket into the browser. It comes back with the visit that the provider
// sends from its own site, which Lax lets through.
func (a *area) keep(v *page.Visit, value string, seconds int) {
	http.SetCookie(v.W, &http.Cookie{Name: ticketCookie, Value: value, Path: Start, MaxAge: seconds, HttpOnly: true, Secure: a.o.Secure, SameSite: http.SameSiteLaxMode})
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
		return v.RenderStatus(status, a.refused, why.Text())
	}
	fields, err := page.Fields(err)
	if err != nil {
		return err
	}
	return v.RenderStatus(http.StatusForbidden, a.refused, fields[""])
}
