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
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/clock"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/analytics"
	buyerspages "github.com/fiscalbench/fiscalbench/server/cabinet/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/check"
	"github.com/fiscalbench/fiscalbench/server/cabinet/desk"
	"github.com/fiscalbench/fiscalbench/server/cabinet/documents"
	"github.com/fiscalbench/fiscalbench/server/cabinet/door"
	"github.com/fiscalbench/fiscalbench/server/cabinet/help"
	"github.com/fiscalbench/fiscalbench/server/cabinet/home"
	"github.com/fiscalbench/fiscalbench/server/cabinet/integrations"
	"github.com/fiscalbench/fiscalbench/server/cabinet/monitoring"
	"github.com/fiscalbench/fiscalbench/server/cabinet/outbox"
	"github.com/fiscalbench/fiscalbench/server/cabinet/outletmap"
	"github.com/fiscalbench/fiscalbench/server/cabinet/outside"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/profile"
	"github.com/fiscalbench/fiscalbench/server/cabinet/registers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/reports"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/identity"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// Options of the cabinet. The services are needed.
type Options struct {
	Accounts *account.Service
	Fleet    *fleet.Service
	Ledger   *ledger.Service
	Reports  *report.Service
	Buyers   *buyers.Service
	Check    *receiptcheck.Service
	// Integration is keys and webhooks; nil: no section for them.
	Integration *integration.Service
	Notify      *notify.Service
	// Identity is an outside provider that people may come in by; nil: none.
	Identity *identity.Client

	// Contacts of the support, on every page.
	Contacts page.Contacts
	// The stand-ins that carry messages; nil where a real server does.
	SMS, Mail *notify.StandIn
	// Compat serves addresses of other operators' receipt checks, too (OPR-063).
	Compat bool
	Site   string // "https://host"

	KKTAddr         string // where registers connect, "HOST:PORT"
	OFDName, OFDINN string
	Secure          bool // people come by https
	Bench           bool // show what only a test bench has
	Now             func() time.Time
	Clock           *clock.Clock  // the bench's; nil: it cannot be moved
	Desk            *desk.Options // the protocol desk of a bench; nil: none
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
	{Title: "Покупателям", Path: "/lk/buyers", Icon: "people", Right: access.SeeMessages},
}

// New makes the cabinet.
func New(o Options) (http.Handler, error) {
	frame := page.Options{Accounts: o.Accounts, OFDName: o.OFDName, OFDINN: o.OFDINN, Contacts: o.Contacts, Secure: o.Secure, Bench: o.Bench,
		Sections: o.sections(), Now: o.Now, Logger: o.Logger}
	if o.Clock != nil {
		frame.Moved = o.Clock.Moved
	}
	f, err := page.New(frame)
	if err != nil {
		return nil, err
	}
	doors, profiles := door.Options{}, profile.Options{Fleet: o.Fleet}
	if o.Identity != nil {
		profiles.Outside, profiles.OutsideName = outside.Bind, o.Identity.Name()
		doors.Outside, doors.OutsideName = outside.Start, o.Identity.Name()
		outside.Mount(f, outside.Options{Client: o.Identity, Secure: o.Secure, Logger: o.Logger})
	}
	door.Mount(f, doors)
	registers.Mount(f, registers.Options{Fleet: o.Fleet, Ledger: o.Ledger, KKTAddr: o.KKTAddr})
	if o.Integration != nil {
		profiles.Keys = o.Integration.Keys
	}
	profile.Mount(f, profiles)
	monitoring.Mount(f, monitoring.Options{Fleet: o.Fleet, Reports: o.Reports})
	reports.Mount(f, reports.Options{Reports: o.Reports, Fleet: o.Fleet})
	analytics.Mount(f, analytics.Options{Fleet: o.Fleet, Ledger: o.Ledger})
	home.Mount(f, home.Options{Fleet: o.Fleet, Ledger: o.Ledger})
	documents.Mount(f, documents.Options{Fleet: o.Fleet, Ledger: o.Ledger, Buyers: o.Buyers})
	buyerspages.Mount(f, buyerspages.Options{Buyers: o.Buyers})
	check.Mount(f, check.Options{Check: o.Check, Buyers: o.Buyers, Site: o.Site, Compat: o.Compat})
	help.Mount(f, help.Options{KKTAddr: o.KKTAddr, Site: o.Site, Bench: o.Bench})
	if o.Bench {
		outbox.Mount(f, outbox.Options{Notify: o.Notify, SMS: o.SMS, Mail: o.Mail})
	}
	if o.Integration != nil {
		integrations.Mount(f, integrations.Options{Integration: o.Integration, Fleet: o.Fleet, Site: o.Site})
	}
	outletmap.Mount(f, outletmap.Options{Fleet: o.Fleet, Ledger: o.Ledger})
	if o.Desk != nil {
		d := *o.Desk
		d.Fleet, d.Clock = o.Fleet, o.Clock
		desk.Mount(f, d)
	}
	return f, nil
}

// sections of this cabinet: those that only a bench has come near the end, help last.
func (o Options) sections() []page.Section {
	all := slices.Clone(sections)
	if o.Integration != nil {
		all = append(all, page.Section{Title: "Интеграции", Path: "/lk/integrations", Icon: "key", Right: access.ManageKeys})
	}
	if o.Bench {
		all = append(all, page.Section{Title: "Исходящие", Path: "/lk/outbox", Icon: "letter", Right: access.DriveTheBench})
	}
	if o.Desk != nil {
		all = append(all, page.Section{Title: "Стенд", Path: "/lk/desk", Icon: "bench", Right: access.DriveTheBench})
	}
	return append(all, page.Section{Title: "Помощь", Path: "/help", Icon: "help", Phone: true})
}
