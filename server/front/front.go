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
	"github.com/fiscalbench/fiscalbench/server/cabinet"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/report"
	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/office"
)

// Options of the front. Store and Office are needed and stay the caller's to close.
type Options struct {
	Store  store.Store
	Office *office.Office

	OFD     fiscal.INN
	OFDName string
	KKTAddr string // where registers connect, shown to people
	Site    string // address people come to, "https://host", for links; cookies are marked for TLS when it begins so
	Bench   bool   // show what only a test bench has
	Mail    notify.Carrier
	SMS     notify.Carrier

	Now    func() time.Time
	Clock  *clock.Clock // the bench's, when people may move it; Now is of it when nil
	Logger *slog.Logger
	// Registry gets the metrics of the workers that follow documents; nil: none.
	Registry prometheus.Registerer

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
	if f.Notify, err = notify.New(notify.Options{Store: o.Office.Messages(), SMS: o.SMS, Mail: o.Mail, OFDName: o.OFDName, Site: o.Site, Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	if f.Accounts, err = account.New(account.Options{Store: o.Office.Accounts(), Messenger: f.Notify, Site: o.Site, Now: o.Now, Logger: o.Logger, Memory: o.PasswordMemory}); err != nil {
		return nil, err
	}
	if f.Fleet, err = fleet.New(fleet.Options{Store: o.Office.Fleet(), Orgs: f.Accounts, Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	f.followers = append(f.followers, f.Fleet.Follower(o.Store))
	if err := observe(f.followers, o); err != nil {
		return nil, fmt.Errorf("front: registering metrics: %w", err)
	}
	f.watcher = &fleet.Watcher{Fleet: f.Fleet, People: f.Accounts, Outbox: f.Notify, Site: o.Site}
	if f.Reports, err = report.New(report.Options{Store: o.Office.Reports(), People: f.Accounts, Fleet: f.Fleet, Ledger: f.Ledger, Outbox: f.Notify, Site: o.Site, Now: o.Now, Logger: o.Logger}); err != nil {
		return nil, err
	}
	f.handler, err = cabinet.New(cabinet.Options{Accounts: f.Accounts, Fleet: f.Fleet, Ledger: f.Ledger, Reports: f.Reports, KKTAddr: o.KKTAddr, OFDName: o.OFDName, OFDINN: string(o.OFD), Secure: len(o.Site) > 8 && o.Site[:8] == "https://",
		Bench: o.Bench, Now: o.Now, Clock: o.Clock, Logger: o.Logger})
	if err != nil {
		return nil, fmt.Errorf("front: %w", err)
	}
	return f, nil
}

// Handler serves the pages.
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
	g.Go(func() error { return f.watcher.Run(ctx) })
	return g.Wait()
}
