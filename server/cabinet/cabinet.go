// Package cabinet is the personal cabinet of an operator's client (cabinet.md):
// pages that work without a script, made on the server.
//
// It puts the areas together, each a package beside it that mounts its pages on the
// frame (cabinet/page). What people do lives in services (server/account and
// others); a page asks them and draws the answer, so the API can do the same.
package cabinet

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/cabinet/analytics"
	"github.com/fiscalbench/fiscalbench/server/cabinet/documents"
	"github.com/fiscalbench/fiscalbench/server/cabinet/door"
	"github.com/fiscalbench/fiscalbench/server/cabinet/home"
	"github.com/fiscalbench/fiscalbench/server/cabinet/monitoring"
	"github.com/fiscalbench/fiscalbench/server/cabinet/outletmap"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/profile"
	"github.com/fiscalbench/fiscalbench/server/cabinet/registers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/reports"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// Options of the cabinet. The services are needed.
type Options struct {
	Accounts *account.Service
	Fleet    *fleet.Service
	Ledger   *ledger.Service
	Reports  *report.Service

	KKTAddr         string // where registers connect, "HOST:PORT"
	OFDName, OFDINN string
	Secure          bool // people come by https
	Bench           bool // show what only a test bench has
	Now             func() time.Time
	Clock           *clock.Clock // the bench's; nil: it cannot be moved
	Logger          *slog.Logger
}

// sections of the menu, in order. A section is added together with its pages: there
// are no dead entries.
var sections = []page.Section{
	{Title: "Главная", Path: "/lk", Icon: "home", Right: access.SeeRegisters},
	{Title: "Аналитика", Short: "Статистика", Path: "/lk/analytics", Icon: "chart", Right: access.SeeRevenue, Phone: true},
	{Title: "Кассы", Path: "/lk/registers", Icon: "till", Right: access.SeeRegisters},
	{Title: "Мониторинг", Path: "/lk/monitoring", Icon: "light", Right: access.SeeRegisters},
	{Title: "Чеки", Short: "Все операции", Path: "/lk/documents", Icon: "receipt", Right: access.SeeDocuments, Phone: true},
	{Title: "Карта", Path: "/lk/map", Icon: "map", Right: access.SeeRevenue, Phone: true},
	{Title: "Отчеты", Path: "/lk/reports", Icon: "table", Right: access.OrderReports},
}

// New makes the cabinet.
func New(o Options) (http.Handler, error) {
	frame := page.Options{Accounts: o.Accounts, OFDName: o.OFDName, OFDINN: o.OFDINN, Secure: o.Secure, Bench: o.Bench,
		Sections: sections, Now: o.Now, Logger: o.Logger}
	if o.Clock != nil {
		frame.Moved = o.Clock.Moved
	}
	f, err := page.New(frame)
	if err != nil {
		return nil, err
	}
	door.Mount(f)
	registers.Mount(f, registers.Options{Fleet: o.Fleet, Ledger: o.Ledger, KKTAddr: o.KKTAddr})
	profile.Mount(f, profile.Options{Fleet: o.Fleet})
	documents.Mount(f, documents.Options{Fleet: o.Fleet, Ledger: o.Ledger})
	monitoring.Mount(f, monitoring.Options{Fleet: o.Fleet, Reports: o.Reports})
	reports.Mount(f, reports.Options{Reports: o.Reports, Fleet: o.Fleet})
	analytics.Mount(f, analytics.Options{Fleet: o.Fleet, Ledger: o.Ledger})
	home.Mount(f, home.Options{Fleet: o.Fleet, Ledger: o.Ledger})
	outletmap.Mount(f, outletmap.Options{Fleet: o.Fleet, Ledger: o.Ledger})
	return f, nil
}
