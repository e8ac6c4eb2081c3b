// Package store is what the operator keeps: documents with their confirmations,
// the state of each drive, quarantine, incidents and the exchange log.
//
// It holds the interface, the records and the errors. Engines are in store/sqlite
// and store/postgres; every engine passes store/storetest. The package does not
// know what a document means.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
)

// Errors of every engine; compare with errors.Is.
var (
	ErrNotFound = errors.New("store: not found")
	// ErrExists: the document is stored already; read it and compare.
	ErrExists = errors.New("store: document exists")
	// ErrStale: the drive changed since it was read; read it again and redo the work.
	ErrStale = errors.New("store: drive state is stale")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store: closed")
)

// Store is a durable store. All methods are safe for concurrent use.
type Store interface {
	// Accept stores a document, its confirmation, its findings and the new state of
	// its drive in one transaction and returns only when they are on disk. After nil
	// the confirmation may be sent; after an error nothing was stored. Calls that
	// wait at the same time are committed together, and the failure of one does not
	// touch its neighbours.
	//
	// It fails with ErrExists when (FN, FD) is stored, whatever the drive's version,
	// and with ErrStale when the drive is not at a.Drive.Version-1.
	//
	// When ctx ends before the work began nothing is stored. When it ends while the
	// transaction is under way Accept returns ctx's error and the document may be
	// stored all the same: the register will come again and meet ErrExists.
	//
	// The store reads the slices of a until the work is done, which in that last case
	// is after the return: do not write into them.
	Accept(ctx context.Context, a Acceptance) error
	// Quarantine keeps a message that was not accepted, and adds an Incident with the
	// same time, FN, FD and fault and q.Detail as its text. It waits for the disk.
	Quarantine(ctx context.Context, q Quarantined) error
	// AddIncident records something a person should look at. It waits for the disk.
	AddIncident(ctx context.Context, i Incident) error
	// LogExchange records raw bytes of an exchange that stored no document. It
	// returns before the record is on disk and waits only while the store has too
	// much to write; Close writes what is left. The slices of e belong to the store
	// from now on. A record that cannot be written is reported in the store's log.
	LogExchange(ctx context.Context, e Exchange) error

	// Drive and Document fail with ErrNotFound.
	Drive(ctx context.Context, fn fiscal.FNNumber) (Drive, error)
	Document(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (Document, error)

	// Lists, oldest first, at most page.Limit rows after page.After (a row's ID). An
	// empty fn means all drives. Exchanges holds those of accepted documents too.
	Drives(ctx context.Context, page Page) ([]Drive, error)
	Documents(ctx context.Context, f DocumentFilter, page Page) ([]Document, error)
	CountDocuments(ctx context.Context, f DocumentFilter) (int64, error)
	Quarantines(ctx context.Context, fn fiscal.FNNumber, page Page) ([]Quarantined, error)
	Incidents(ctx context.Context, fn fiscal.FNNumber, page Page) ([]Incident, error)
	Exchanges(ctx context.Context, fn fiscal.FNNumber, page Page) ([]Exchange, error)
	Stats(ctx context.Context) (Stats, error)

	// Close writes what waits and ends. Later calls fail with ErrClosed; a second
	// Close does nothing.
	Close() error
}

// Page is a place in a list. IDs grow with every row and have gaps.
type Page struct {
	After int64 // ID of the last row already seen; 0 for the first page
	Limit int   // DefaultLimit when zero or less, at most MaxLimit
}

// Rows on a page.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Rows is the number of rows to return for p.
func (p Page) Rows() int {
	if p.Limit <= 0 {
		return DefaultLimit
	}
	return min(p.Limit, MaxLimit)
}

// DocumentFilter narrows a list of documents; zero fields do not filter.
type DocumentFilter struct {
	FN       fiscal.FNNumber
	RegID    fiscal.RegNumber
	UserINN  fiscal.INN
	Form     fiscal.Form
	FPD      fiscal.FPD
	From, To time.Time // of Document.DateTime, From included, To not
	Findings bool      // only documents with findings
}

// Acceptance is all that one confirmed document changes.
type Acceptance struct {
	Document  Document
	Drive     Drive // state after the document; Version must be one more than the stored one (0 → 1 for a new drive)
	Incidents []Incident

	// Exchange is how the document came. FN, FD and Fault are those of the document;
	// At, Request and Response are taken from it (ReceivedAt, Message, Confirmation)
	// when empty.
	Exchange Exchange

	// Replaces makes every other active drive with Drive.RegID DriveReplaced, each
	// with a version one greater, in the same transaction: set it for a registration
	// of Drive on a register that had another FN (form 1 or 11, reason "new FN"). Where
	// drives lie on several machines it is done right after the transaction, before
	// Accept returns, and later when the machine of such a drive is away.
	Replaces bool
}

// Document is an accepted document with everything decided about it. Empty slices
// come back as nil; times come back in UTC, DateTime in whole seconds.
type Document struct {
	ID         int64 // given by the store, as in all records
	FN         fiscal.FNNumber
	FD         fiscal.FDNumber
	Form       fiscal.Form
	FFD        fiscal.FFD
	RegID      fiscal.RegNumber
	UserINN    fiscal.INN
	DateTime   time.Time // tag 1012: the register's wall clock shown in UTC
	ReceivedAt time.Time // UTC
	Shift      uint32
	Number     uint32 // in the shift, receipts only
	Operation  fiscal.OperationType
	Total      fiscal.Kopecks
	FPD        fiscal.FPD

	Message      []byte // session header and container as received
	STLV         []byte // plain document; nil when its content was not seen
	Confirmation []byte // container of the confirmation; nil when none was asked for or made

	Policy   string // sign policy in force ("tb-gost-1")
	FPS      string // verdicts of fiscal/sign by name
	FPDCheck string
	Fault    fiscal.Fault // why it was flagged; FaultNone for a clean one
	Findings []flk.Finding
}

// Drive is the state of one FN as the operator knows it.
type Drive struct {
	ID      int64
	FN      fiscal.FNNumber
	Version int64 // grows by one with every accepted document

	RegID     fiscal.RegNumber
	UserINN   fiscal.INN
	User      string // name of the user, tag 1048
	KKTNumber string // tag 1013
	Address   string // tag 1009
	FFD       fiscal.FFD
	Status    DriveStatus
	LastFD    fiscal.FDNumber // the greatest number received
	LastAt    time.Time       // UTC, arrival of the last document
	Documents int64
	Policy    string
	Gaps      []Gap

	History []byte // the checker's own memory (server/flk), opaque here
}

// DriveStatus is the life of a drive as the operator sees it.
type DriveStatus string

// States of a drive.
const (
	DriveUnregistered DriveStatus = "unregistered" // documents came before a registration report
	DriveActive       DriveStatus = "active"
	DriveClosed       DriveStatus = "closed"   // form 6 confirmed
	DriveReplaced     DriveStatus = "replaced" // another FN took its registration number
	DriveGone         DriveStatus = "gone"     // moved to another operator
)

// Gap is a run of document numbers that have not come, both ends included.
type Gap struct {
	From  fiscal.FDNumber `json:"from"`
	To    fiscal.FDNumber `json:"to"`
	Since time.Time       `json:"since"` // UTC, when the gap was seen
}

// Quarantined is a message kept although it was not accepted.
type Quarantined struct {
	ID      int64
	At      time.Time // UTC
	FN      fiscal.FNNumber
	FD      fiscal.FDNumber
	Fault   fiscal.Fault
	Detail  string
	Message []byte
}

// Incident is something a person should look at.
type Incident struct {
	ID    int64
	At    time.Time // UTC
	FN    fiscal.FNNumber
	FD    fiscal.FDNumber
	Fault fiscal.Fault
	Text  string // in Russian
}

// Exchange is one message and its answer.
type Exchange struct {
	ID       int64
	At       time.Time // UTC, first byte received
	Took     time.Duration
	Peer     string
	FN       fiscal.FNNumber
	FD       fiscal.FDNumber
	Fault    fiscal.Fault
	Detail   string
	Request  []byte
	Response []byte // empty when the connection was closed without an answer
}

// Stats are totals for the summary line.
type Stats struct {
	Drives        int64 `json:"drives"`
	Documents     int64 `json:"documents"`
	Confirmations int64 `json:"confirmations"` // documents that have one
	Findings      int64 `json:"findings"`      // broken rules in all documents
	Quarantined   int64 `json:"quarantined"`
	Incidents     int64 `json:"incidents"`
	OpenGaps      int64 `json:"openGaps"` // runs of missing numbers, see Gap
	Behind        int64 `json:"behind"`   // documents that searches and reports do not show yet, see Projector
	Unread        int64 `json:"unread"`   // documents whose content searches and reports do not know
}
