package archive

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// Errors of every engine; compare with errors.Is.
var (
	// ErrNotEmpty: a base that rows are to be carried into has some already.
	ErrNotEmpty = errors.New("archive: the base is not empty")
	// ErrNoBase: there is nothing at the place that was named.
	ErrNoBase = errors.New("archive: no base there")
)

// Base is a base seen by its keeper. A server may work on it at the same time.
type Base interface {
	// Snapshot gives the base as it was at one moment, while others go on writing.
	Snapshot(ctx context.Context, read func(Snapshot) error) error
	// Fill writes into an empty base in one transaction: all or nothing. It fails with
	// ErrNotEmpty when anything is there.
	Fill(ctx context.Context, write func(Filler) error) error
	// Expire deletes one lot in one transaction, together with its entry in the
	// protocol. It returns nil when nothing is old enough any more.
	Expire(ctx context.Context, lot Lot) (*chain.Entry, error)
	Close() error
}

// Snapshot reads rows as they lie, oldest first: at most limit of those after the
// row with the id after. Each call may give fewer; none means the end.
type Snapshot interface {
	// Drives as they are when all that follows from the documents stored is done: one
	// whose register another drive took over is replaced, told or not yet.
	Drives(ctx context.Context, after int64, limit int) ([]Drive, error)
	// Documents of one FN, or of all when fn is empty. Rows of one FN come in the
	// order in which they were stored.
	Documents(ctx context.Context, fn string, after int64, limit int) ([]chain.Row, error)
	Events(ctx context.Context, table Table, after int64, limit int) ([]Event, error)
	Protocol(ctx context.Context, after int64, limit int) ([]chain.Entry, error)
}

// Filler takes rows in the order of their ids, drives before documents. It may keep
// them until the end of Base.Fill and owns their bytes.
type Filler interface {
	Drive(ctx context.Context, d *Drive) error
	Document(ctx context.Context, r *chain.Row) error
	Event(ctx context.Context, table Table, e *Event) error
	Entry(ctx context.Context, e *chain.Entry) error
}

// Drive is a row of drives with the registrations it was seen with.
type Drive struct {
	ID            int64
	FN            string
	Version       int64
	RegID         string
	UserINN       string
	User          string
	KKTNumber     string
	Address       string
	FFD           int64
	Status        string
	LastFD        int64
	LastAt        sql.NullInt64 // nanoseconds
	Documents     int64         // as the checks count them
	Policy        string
	GapCount      int64
	Gaps          sql.NullString // JSON
	Stored        int64          // totals over the rows of documents
	Confirmed     int64
	Findings      int64
	History       []byte
	ChainLength   int64
	ChainHead     []byte // nil for an empty chain
	Registrations []Registration
}

// Registration is a registration number and a user that a drive was seen with.
type Registration struct {
	RegID   string `json:"kktRegId"`
	UserINN string `json:"userInn"`
}

// Table is a list beside the documents.
type Table string

// Tables in the order in which they are carried.
const (
	Exchanges  Table = "exchanges"
	Quarantine Table = "quarantine"
	Incidents  Table = "incidents"
)

// Tables are all of them.
var Tables = [...]Table{Exchanges, Quarantine, Incidents}

// Event is a row of one of the tables. Took, Peer and Response are those of
// exchanges; Bytes is the request or the quarantined message; Text is the detail or
// the incident's text.
type Event struct {
	ID       int64
	At       sql.NullInt64 // nanoseconds
	FN       string
	FD       int64
	Fault    sql.NullString
	Text     string
	Took     int64
	Peer     string
	Bytes    []byte
	Response []byte
}

// Lot says what may be deleted in one go.
type Lot struct {
	What   string    // "documents" or the name of a Table
	FN     string    // of documents
	Before time.Time // what came earlier has outlived its term
	Rows   int       // at most
	Who    string    // for the protocol
	At     time.Time
	DryRun bool // undo it in the end
}

// pageRows is how many rows are read at once.
const pageRows = 500

// each reads a whole list page by page.
func each[T any](read func(after int64, limit int) ([]T, error), id func(*T) int64, do func(*T) error) error {
	for after := int64(0); ; {
		page, err := read(after, pageRows)
		if err != nil {
			return err
		}
		for i := range page {
			if err := do(&page[i]); err != nil {
				return err
			}
			after = id(&page[i])
		}
		if len(page) == 0 {
			return nil
		}
	}
}
