package store

import (
	"context"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Projector is a store with tables that are made from its documents afterwards: what
// searches, revenue and reports ask for. They lag behind: a document is found in them
// some time after it was confirmed. Every engine is one.
type Projector interface {
	// Project reads documents in the order of their IDs, at most limit, from where the
	// last call ended, decodes each and stores what comes out together with the new
	// place in one transaction: whatever happens, each document is projected once.
	// It returns how many documents it passed; 0 means that there are none or that
	// another process is doing the same just now.
	Project(ctx context.Context, limit int, decode func(d *Document) Projection) (passed int, err error)
	// Progress tells how far it is.
	Progress(ctx context.Context) (Progress, error)
	// Waiting is how many writes wait for the store's writer: Project need not hurry
	// while documents do.
	Waiting() int

	// Search lists projected documents without their items, newest first, or oldest
	// first when q says so, at most page.Rows() of those that follow after.
	Search(ctx context.Context, q Search, after Place, limit int) ([]Projection, error)
	// Items are the lines of a document in its order; none is no error.
	Items(ctx context.Context, fn fiscal.FNNumber, fd fiscal.FDNumber) ([]Item, error)
	// Figures sums up the receipts and corrections that q finds, apart by what by
	// says, in the order of the groups.
	Figures(ctx context.Context, q Search, by Grouping) ([]Figures, error)
	// Goods sums up the items of the receipts that q finds by name, rate and measure,
	// the greatest revenue first, at most limit.
	Goods(ctx context.Context, q Search, limit int) ([]Goods, error)
}

// Progress of the projection.
type Progress struct {
	Passed int64     // documents projected, the unread included
	Behind int64     // documents that wait
	Since  time.Time // arrival of the first that waits; zero when none does
	Unread []Unread  // documents whose content was not read, by reason
}

// Unread counts documents that were passed without their content.
type Unread struct {
	Reason    string
	Documents int64
}

// Projection is one document as searches and reports see it. Cashier and Contact are
// personal: they are shown to who may see the document and never logged.
type Projection struct {
	ID        int64 // of the document
	FN        fiscal.FNNumber
	FD        fiscal.FDNumber
	Form      fiscal.Form
	RegID     fiscal.RegNumber
	UserINN   fiscal.INN
	At        time.Time // tag 1012, the register's wall clock shown in UTC; arrival when it is not known
	Shift     uint32
	Number    uint32
	Operation fiscal.OperationType
	Total     fiscal.Kopecks
	FPD       fiscal.FPD

	Taxation uint8 // tag 1055; 0 when absent
	Paid     Paid
	VAT      VAT
	Cashier  string // tag 1021
	Contact  string // tag 1008
	Unread   string // why the content was not read; then only what stands above Taxation is there
	Items    []Item // given to Project; not returned by Search
}

// Paid are the five ways to pay.
type Paid struct {
	Cash, Ecash, Prepaid, Credit, Provision fiscal.Kopecks // tags 1031, 1081, 1215 to 1217
}

// Add adds another sum of each way.
func (p *Paid) Add(o Paid) {
	p.Cash, p.Ecash, p.Prepaid = p.Cash+o.Cash, p.Ecash+o.Ecash, p.Prepaid+o.Prepaid
	p.Credit, p.Provision = p.Credit+o.Credit, p.Provision+o.Provision
}

// Rates is how many rates of tax there are: numbers 1 to Rates of tag 1199.
const Rates = 12

// VAT has the total of each rate at its number: the tax, for 0% and without VAT the
// turnover. VAT[0] is not used.
type VAT [Rates + 1]fiscal.Kopecks

// Add adds another total of each rate.
func (v *VAT) Add(o *VAT) {
	for rate := range v {
		v[rate] += o[rate]
	}
}

// Millionth is the unit of quantities.
const Millionth = 1_000_000

// Item is one line of a receipt (tag 1059).
type Item struct {
	Position int // in the receipt, from 1
	Name     string
	Price    fiscal.Kopecks
	Quantity int64 // millionths; finer ones are rounded
	Sum      fiscal.Kopecks
	Rate     uint8 // tag 1199; 0 when absent
	VAT      fiscal.Kopecks
	Subject  uint8  // tag 1212
	Method   uint8  // tag 1214
	Measure  uint8  // tag 2108, FFD 1.2
	Unit     string // tag 1197, FFD 1.05 and 1.1
	Code     string // product code as text
}

// Search says which documents are wanted; zero fields do not narrow.
type Search struct {
	FN        fiscal.FNNumber
	FNs       []fiscal.FNNumber // any of them
	FD        fiscal.FDNumber
	RegIDs    []fiscal.RegNumber // any of them
	UserINN   fiscal.INN
	FPD       fiscal.FPD
	From, To  time.Time // of Projection.At, From included, To not
	Forms     []fiscal.Form
	Operation fiscal.OperationType
	Shift     uint32
	Shifts    []ShiftOf // any of them
	Number    uint32
	Taxation  uint8
	Payment   Payment

	MinTotal, MaxTotal fiscal.Kopecks // both included; MaxTotal 0 is no bound
	Cashier, Contact   string         // whole
	Item               string         // part of an item's name, as it is written
	Code               string         // product code of an item, whole
	Oldest             bool           // first
	NoVAT              bool           // Figures leave out the taxes, which are most of their work
}

// ShiftOf is a shift of a drive.
type ShiftOf struct {
	FN     fiscal.FNNumber
	Number uint32
}

// Payment is a way to pay.
type Payment uint8

// Ways to pay.
const (
	AnyPayment Payment = iota
	Cash
	Ecash
	Prepaid
	Credit
	Provision
)

// Place is where a page of a search ended: the last row seen. The zero value is the
// beginning.
type Place struct {
	At time.Time
	ID int64
}

// PlaceOf is the place of a row.
func PlaceOf(p *Projection) Place { return Place{p.At, p.ID} }

// Grouping says what figures are apart by.
type Grouping uint8

// Groupings.
const (
	Together   Grouping = iota
	ByRegister          // Figures.Key is the registration number
	ByUser              // the user's INN
	ByDay               // "2026-03-01", by the register's clock
	ByHour              // "00" to "23"; only documents and their totals are counted
	ByShift             // FN and shift: Figures.Key is the FN
	ByCashier           // the cashier's name
)

// Figures are sums over receipts. Sales are operation 1, returns 2; purchases and
// their returns (3, 4) are counted apart as spent.
type Figures struct {
	Key      string
	Shift    uint32    // ByShift only
	First    time.Time // of the documents summed up
	Last     time.Time
	Receipts int64 // receipts and БСО of any operation
	Items    int64 // lines in the sales

	Sales, Returns, Spent, Unspent int64          // documents of operations 1 to 4
	Revenue, Returned              fiscal.Kopecks // totals of operations 1 and 2
	Expense, ExpenseReturned       fiscal.Kopecks // and of 3 and 4
	Corrections                    int64          // forms 31 and 41, in no other number
	Corrected                      fiscal.Kopecks
	SalesPaid, ReturnsPaid         Paid
	SalesVAT, ReturnsVAT           VAT
	FirstFD, LastFD                fiscal.FDNumber // ByShift only, of all documents of the shift that q finds
	Closing                        fiscal.FDNumber // ByShift only, of the last closing report among them; 0: none
}

// Goods are sums over items with one name, rate and measure.
type Goods struct {
	Name             string
	Rate             uint8
	Measure          uint8
	Unit             string
	Quantity         int64 // sold, millionths
	Revenue          fiscal.Kopecks
	Receipts         int64 // with it, sales only
	ReturnedQuantity int64
	Returned         fiscal.Kopecks
}
