// Package report makes the reports that people order: tables written as xlsx files by
// jobs that wait in a queue (cabinet.md sections 9, 21 and 22), once or by a schedule.
//
// A job is run with what its orderer may see when it runs, never more than when it was
// ordered. Figures come from server/ledger and registers from server/fleet; letters go
// out through server/notify. The package keeps jobs and files, and no figures.
package report

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// Errors of stores and of the service; compare with errors.Is.
var (
	ErrNotFound = errors.New("report: not found")
	ErrTaken    = errors.New("report: there already")
	ErrStale    = errors.New("report: changed meanwhile")
	// ErrGone: the file's time is over, the line is kept (STM-08).
	ErrGone = errors.New("report: the file has expired")
	// ErrUndated: the report has no period, and the viewer is limited to dates.
	ErrUndated = errors.New("report: a key of some dates cannot have a report without a period")
)

// Kind of a report.
type Kind string

// Kinds by the layouts of cabinet.md section 22.
const (
	Documents  Kind = "documents"  // REP-01
	Shifts     Kind = "shifts"     // REP-02
	Goods      Kind = "goods"      // REP-03
	Usage      Kind = "usage"      // REP-04
	Monitoring Kind = "monitoring" // REP-08
)

var kinds = []struct {
	kind  Kind
	title string
	right access.Right // needed besides access.OrderReports
	// dated: made of documents alone, so that it can be cut to dates.
	dated bool
}{
	{Documents, "Отчет по чекам", access.SeeDocuments | access.SeeRevenue, true},
	{Shifts, "Отчет по сменам с налогами", access.SeeRevenue, true},
	{Goods, "Продажи по номенклатуре", access.SeeRevenue, true},
	{Usage, "Использование касс", access.SeeRegisters, false},
	{Monitoring, "Мониторинг касс", access.SeeRegisters, false},
}

// Kinds that the viewer may order.
func Kinds(v access.Viewer) (all []Kind) {
	for _, k := range kinds {
		if v.Can(access.OrderReports|k.right) && (k.dated || !v.Dated()) {
			all = append(all, k.kind)
		}
	}
	return all
}

// Title of the kind for people.
func (k Kind) Title() string {
	for _, one := range kinds {
		if one.kind == k {
			return one.title
		}
	}
	return string(k)
}

// Right to order and read such reports; all rights at once of an unknown kind.
func (k Kind) Right() access.Right {
	for _, one := range kinds {
		if one.kind == k {
			return access.OrderReports | one.right
		}
	}
	return ^access.Right(0)
}

// Known tells whether there is such a kind.
func (k Kind) Known() bool { return k.Right() != ^access.Right(0) }

// allowed is nil when the viewer may have reports of the kind.
func (k Kind) allowed(v access.Viewer) error {
	if err := v.Need(k.Right()); err != nil {
		return err
	}
	for _, one := range kinds {
		if one.kind == k && !one.dated && v.Dated() {
			return ErrUndated
		}
	}
	return nil
}

// Params say what a report is about.
type Params struct {
	// From and To are by the registers' own clocks, shown in UTC: From included, To
	// not. Monitoring has no period: both are zero.
	From, To  time.Time
	Branch    string // department or outlet with all below it; empty: all
	Group     string
	Registers []fiscal.RegNumber // none: all
	Emails    []string           // who gets the file by letter
}

// State of a job (STM-08).
type State string

// States.
const (
	Queued  State = "queued"
	Running State = "running"
	Ready   State = "ready"
	Mailed  State = "mailed"
	Expired State = "expired" // the file was removed
	Failed  State = "failed"
)

// Title of the state for people.
func (s State) Title() string {
	return map[State]string{Queued: "в очереди", Running: "готовится", Ready: "готов", Mailed: "отправлен", Expired: "файл удалён", Failed: "ошибка"}[s]
}

// HasFile tells whether the file can be downloaded.
func (s State) HasFile() bool { return s == Ready || s == Mailed }

// Job is an ordered report.
type Job struct {
	ID       string // grows with time
	Org      string
	User     string // who ordered
	Schedule string // id of the schedule that ordered; empty: a person did
	Kind     Kind
	Params   Params
	Grant    access.Grant // what the orderer had when ordering

	State   State
	Reason  string // why it failed, in Russian
	Tries   int
	Created time.Time
	Due     time.Time // to be taken up then; zero: never
	Done    time.Time // the last change of the state
	Made    time.Time // when its file was made; zero: not yet
	Expires time.Time // of the file

	Rows      int                // of data
	Size      int64              // of the file, bytes
	Registers []fiscal.RegNumber // whose figures the file holds
	Version   int64
}

// FileName of the report for people.
func (j Job) FileName() string {
	name := j.Kind.Title()
	if !j.Params.From.IsZero() {
		name += j.Params.From.Format(" 2006-01-02") + j.Params.To.Add(-time.Second).Format(" 2006-01-02")
	}
	return name + ".xlsx"
}

// Period of the report with minutes, "01.03.2026 00:00 – 31.03.2026 23:59" (CAB-121).
func (p Params) Period() string {
	if p.From.IsZero() {
		return "на момент построения"
	}
	const layout = "02.01.2006 15:04"
	return p.From.Format(layout) + " – " + p.To.Add(-time.Minute).Format(layout)
}

// Store keeps jobs, files and schedules. Every engine passes officetest.Reports.
//
// Journal are the entries about a change, written in its transaction: a change that fails
// leaves none.
type Store interface {
	AddJob(ctx context.Context, j Job) error // ErrTaken
	Job(ctx context.Context, org, id string) (Job, error)
	// Jobs of an organisation newest first, of one user when user is not empty, older
	// than the one named before.
	Jobs(ctx context.Context, org, user, before string, limit int) ([]Job, error)
	// UpdateJob writes the job when the stored version is its version, and makes that
	// one greater, else it fails with ErrStale; the file too: nil leaves what is there,
	// an empty one that is not nil removes it. Letters go into the outbox in the same
	// transaction.
	UpdateJob(ctx context.Context, j Job, file []byte, letters ...notify.Message) error
	// MadeJobs of an organisation whose files were made at since or later, in the order
	// they were.
	MadeJobs(ctx context.Context, org string, since time.Time, limit int) ([]Job, error)
	// File of a job; ErrNotFound when there is none.
	File(ctx context.Context, org, id string) ([]byte, error)
	// DueJobs are those whose Due is set and has come, the longest waiting first.
	DueJobs(ctx context.Context, now time.Time, limit int) ([]Job, error)
	// StaleJobs are those with a file whose Expires has come.
	StaleJobs(ctx context.Context, now time.Time, limit int) ([]Job, error)

	AddSchedule(ctx context.Context, s Schedule, journal ...account.Event) error
	Schedule(ctx context.Context, org, id string) (Schedule, error)
	// Schedules of an organisation, of one user when user is not empty.
	Schedules(ctx context.Context, org, user string) ([]Schedule, error)
	UpdateSchedule(ctx context.Context, s Schedule, journal ...account.Event) error // ErrStale, as UpdateJob
	DeleteSchedule(ctx context.Context, org, id string, journal ...account.Event) error
	// DueSchedules are those that are not paused and whose Next has come.
	DueSchedules(ctx context.Context, now time.Time, limit int) ([]Schedule, error)
}

// People tells what a user may do in an organisation now; account.Service is one.
type People interface {
	Viewer(ctx context.Context, session account.Session) (access.Viewer, error)
	Org(ctx context.Context, v access.Viewer) (account.Org, error)
	User(ctx context.Context, id string) (account.User, error)
}

// Outbox takes letters; notify.Service is one.
type Outbox interface {
	ComposeDraft(m notify.Message, data map[string]string) (notify.Message, error)
	Wake()
}

// Options of the service. All but the last ones are needed.
type Options struct {
	Store  Store
	People People
	Fleet  *fleet.Service
	Ledger *ledger.Service
	Outbox Outbox

	Site   string        // of the cabinet, for links
	Keep   time.Duration // how long files are kept; 30 days when zero
	Now    func() time.Time
	Random io.Reader // of ids; crypto/rand when nil
	Logger *slog.Logger
}

// Service is what people do with reports. Its methods are safe for concurrent use.
type Service struct {
	o     Options
	store Store
	wake  chan struct{}
}

// New makes the service.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.People == nil || o.Fleet == nil || o.Ledger == nil || o.Outbox == nil {
		return nil, errors.New("report: a store, people, registers, figures and an outbox are needed")
	}
	if o.Keep == 0 {
		o.Keep = 30 * 24 * time.Hour
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
	return &Service{o: o, store: o.Store, wake: make(chan struct{}, 1)}, nil
}

// newID is an id that grows with time and cannot be guessed.
func (s *Service) newID(now time.Time) (string, error) {
	id, err := ident.Timed(now, s.o.Random)
	if err != nil {
		return "", fmt.Errorf("report: making an id: %w", err)
	}
	return id, nil
}
