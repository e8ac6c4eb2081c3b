// Package front puts together what people meet of an operator: the services of the
// cabinet, its pages, and the workers that keep them up with the documents.
//
// It decides nothing itself: each service is a package of its own, and cmd/ofd brings
// the bases and the listener.
package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet"
	"github.com/fiscalbench/fiscalbench/server/cabinet/desk"
	"github.com/fiscalbench/fiscalbench/server/cabinet/outbox"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/identity"
	"github.com/fiscalbench/fiscalbench/server/identity/standin"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/rest"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

// Options of the front. Store and Office are needed and stay the caller's to close.
type Options struct {
	Store  store.Store
	Office *office.Office

	OFD     fiscal.INN
	OFDName string
	KKTAddr string         // where registers connect, shown to people
	Site    string         // address people come to, "https://host", for links; cookies are marked for TLS when it begins so
	Bench   bool           // show what only a test bench has
	Mail    notify.Carrier // a stand-in when nil
	SMS     notify.Carrier // a stand-in when nil
	// MailKeep is how long messages stay in the outbox; for ever when zero.
	MailKeep time.Duration
	Contacts page.Contacts // of the support
	Compat   bool          // serve addresses of other operators' receipt checks (OPR-063)

	Now    func() time.Time
	Clock  *clock.Clock  // the bench's, when people may move it; Now is of it when nil
	Desk   *desk.Options // the protocol desk of a bench; nil: none
	Logger *slog.Logger
	// Registry gets the metrics of the workers that follow documents; nil: none.
	Registry prometheus.Registerer

	// HookSecret encrypts the secrets of webhooks: 32 bytes; without it there are none.
	HookSecret []byte
	// HooksInside lets webhooks go to this computer and its neighbours.
	HooksInside bool

	// Identity is an outside provider that people may come in by; its Back is made here.
	// Without one, TestUsers come in by the built-in provider of a bench, which
	// asks for no password: none where strangers reach the site.
	Identity  *identity.Options
	TestUsers []standin.User

	// LoginByINN lets people come in with the ИНН of their organisation.
	LoginByINN bool
	// PasswordMemory is account.Options.Memory.
	PasswordMemory uint32
}

// Front is the part of an operator that people meet.
type Front struct {
	Accounts *account.Service
	Fleet    *fleet.Service
	Ledger   *ledger.Service
	Notify   *notify.Service
	Reports  *report.Service
	Buyers   *buyers.Service
	Check    *receiptcheck.Service
	Keys     *integration.Service

	handler   http.Handler
	watcher   *fleet.Watcher
	followers []*feed.Follower
}

// New makes the front.
func New(o Options) (*Front, error) {
	if o.Store == nil || o.Office == nil {
		return nil, errors.New("front: a store and an office are needed")
	}
	projected, ok := o.Store.(store.Projector)
	if !ok {
		return nil, errors.New("front: the store has no projected tables")
	}
	if o.Now == nil && o.Clock != nil {
		o.Now = o.Clock.Now
	}
	f := &Front{Ledger: ledger.New(o.Store, projected)}
	var err error
	sms, mail := standIn(&o.SMS), standIn(&o.Mail)
	if f.Notify, err = notify.New(notify.Options{Store: o.Office.Messages(), SMS: o.SMS, Mail: o.Mail, OFDName: o.OFDName, Site: o.Site, Contacts: o.Contacts.String(), Keep: o.MailKeep, Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	if f.Accounts, err = account.New(account.Options{Store: o.Office.Accounts(), Tries: o.Office.Tries(), Messenger: f.Notify, Site: o.Site, Now: o.Now, Logger: o.Logger, Memory: o.PasswordMemory, LoginByINN: o.LoginByINN}); err != nil {
		return nil, err
	}
	if f.Fleet, err = fleet.New(fleet.Options{Store: o.Office.Fleet(), Orgs: f.Accounts, Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	if f.Buyers, err = buyers.New(buyers.Options{Store: o.Office.Buyers(), Notify: f.Notify, Site: o.Site, OFDName: o.OFDName, Contacts: o.Contacts.String(), Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	if f.Check, err = receiptcheck.New(receiptcheck.Options{Documents: o.Store, Counts: o.Office.Tries(), Now: o.Now}); err != nil {
		return nil, err
	}
	if f.Reports, err = report.New(report.Options{Store: o.Office.Reports(), People: f.Accounts, Fleet: f.Fleet, Ledger: f.Ledger, Outbox: f.Notify, Site: o.Site, Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	if f.Keys, err = integration.New(integration.Options{Store: o.Office.Integration(), Accounts: f.Accounts, Fleet: f.Fleet, Outbox: f.Notify, Reports: f.Reports, Secret: o.HookSecret, Site: o.Site, Private: o.HooksInside, Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	f.followers = append(f.followers, f.Fleet.Follower(o.Store), f.Buyers.Follower(o.Store), f.Keys.Follower(o.Store))
	if err := observe(f.followers, o); err != nil {
		return nil, fmt.Errorf("front: registering metrics: %w", err)
	}
	f.watcher = &fleet.Watcher{Fleet: f.Fleet, People: f.Accounts, Outbox: f.Notify, Site: o.Site}
	api, err := rest.New(rest.Options{Accounts: f.Accounts, Fleet: f.Fleet, Ledger: f.Ledger, Integration: f.Keys, Arrivals: o.Store, Check: f.Check, Reports: f.Reports, Outbox: f.Notify, Buyers: f.Buyers, Tries: o.Office.Tries(), Now: o.Now, Logger: o.Logger})
	if err != nil {
		return nil, fmt.Errorf("front: %w", err)
	}
	asks, built, err := o.outside()
	if err != nil {
		return nil, fmt.Errorf("front: %w", err)
	}
	pages, err := cabinet.New(cabinet.Options{Identity: asks, Integration: f.Keys, Accounts: f.Accounts, Fleet: f.Fleet, Ledger: f.Ledger, Reports: f.Reports, Buyers: f.Buyers, Check: f.Check, Notify: f.Notify,
		Contacts: o.Contacts, SMS: sms, Mail: mail, Compat: o.Compat, Site: o.Site, KKTAddr: o.KKTAddr, OFDName: o.OFDName, OFDINN: string(o.OFD), Secure: len(o.Site) > 8 && o.Site[:8] == "https://",
		Bench: o.Bench, Now: o.Now, Clock: o.Clock, Desk: o.Desk, Logger: o.Logger})
	if err != nil {
		return nil, fmt.Errorf("front: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle("/api/", api)
	mux.Handle("/public/", api)
	if built != nil {
		mux.Handle(standInPath+"/", built)
	}
	f.handler = mux
	return f, nil
}

// standIn puts a stand-in where no carrier was given and returns the stand-in that
// carries, if one does.
func standIn(c *notify.Carrier) *notify.StandIn {
	if *c == nil {
		*c = &notify.StandIn{}
	}
	s, _ := (*c).(*notify.StandIn)
	return s
}

// Outbox answers tests of a bench with what was sent last: for addresses that only the
// bench has.
func (f *Front) Outbox() http.Handler { return outbox.API(f.Notify) }

// Handler serves the pages and the API.
func (f *Front) Handler() http.Handler { return f.handler }

// Run keeps the services up with the documents and sends what is to be sent, until
// ctx ends; it returns ctx's error.
func (f *Front) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, one := range f.followers {
		g.Go(func() error { return one.Run(ctx) })
	}
	g.Go(func() error { return f.Notify.Run(ctx) })
	g.Go(func() error { return f.Reports.Run(ctx) })
	g.Go(func() error { return f.Keys.Run(ctx) })
	g.Go(func() error { return f.watcher.Run(ctx) })
	return g.Wait()
}
