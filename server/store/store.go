// Package store is what the operator keeps: documents with their confirmations,
// the state of each drive, quarantine, incidents and the exchange log.
//
// It holds the interface, the records and the errors. Engines are in store/sqlite
// and, later, others; every engine passes store/storetest. The package does not
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
)

// Store is a durable store. All methods are safe for concurrent use.
type Store interface {
	// Accept stores a document, its confirmation, its findings and the new state of
	// its drive in one transaction and returns only when they are on disk. After nil
	// the confirmation may be sent; after an error nothing was stored. Calls that
	// wait at the same time are committed together.
	Accept(ctx context.Context, a Acceptance) error
	// Quarantine keeps a message that was not accepted, with an incident.
	Quarantine(ctx context.Context, q Quarantined) error
	// AddIncident records something a person should look at.
	AddIncident(ctx context.Context, i Incident) error
	// LogExchange records raw bytes of an exchange that stored no document. It may
	// return before the record is on disk.
	LogExchange(ctx context.Context, e Exchange) error

	Drive(ctx context.Context, fn fiscal.FNNumber) (Drive, error)
	Document(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) (Document, error)

	// Lists, oldest first, at most page.Limit rows after page.After (a row's ID).
	Drives(ctx context.Context, page Page) ([]Drive, error)
	Documents(ctx context.Context, f DocumentFilter, page Page) ([]Document, error)
	Quarantines(ctx context.Context, fn fiscal.FNNumber, page Page) ([]Quarantined, error)
	Incidents(ctx context.Context, fn fiscal.FNNumber, page Page) ([]Incident, error)
	Exchanges(ctx context.Context, fn fiscal.FNNumber, page Page) ([]Exchange, error)
	Stats(ctx context.Context) (Stats, error)

	Close() error
}

// Page is a place in a list. Rows have growing IDs.
type Page struct {
	After int64 // ID of the last row already seen; 0 for the first page
	Limit int   // 100 when zero, at most 1000
}

// DocumentFilter narrows a list of documents; zero fields do not filter.
type DocumentFilter struct {
	FN       fiscal.FNNumber
	RegID    fiscal.RegNumber
	UserINN  fiscal.INN
	Form     fiscal.Form
	FPD      fiscal.FPD
	Findings bool // only documents with findings
}

// Acceptance is all that one confirmed document changes.
type Acceptance struct {
	Document  Document
	Drive     Drive // state after the document; Version must be one more than the stored one (0 → 1 for a new drive)
	Incidents []Incident
	Exchange  Exchange // its Request and Response are taken from the document when empty
}

// Document is an accepted document with everything decided about it.
type Document struct {
	ID         int64
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
	Drives, Documents, Confirmations, Findings, Quarantined, Incidents, OpenGaps int64
}
