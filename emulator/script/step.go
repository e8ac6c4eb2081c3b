package script

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Script is a life to be played.
type Script struct {
	File  string
	Name  string
	Start time.Time // wall clock shown in UTC
	Drive Drive
	Every Exchange
	Steps []Step

	salt uint64 // of the text: two scripts with one seed get different drives
}

// Step is one thing that happens.
type Step struct {
	Line   int
	Name   string // "sell"
	Fails  string // rule ("M-03") or answer code ("15h") with which the step must be refused
	Action action
}

// Exchange says when documents go to the operator.
type Exchange uint8

// Moments of exchange.
const (
	ExchangeEach   Exchange = iota // after each document
	ExchangeShift                  // after the closing of a shift and every report outside shifts
	ExchangeManual                 // by the step exchange only
)

// Drive describes a fiscal drive.
type Drive struct {
	Number        string    `yaml:"number"`
	Model         string    `yaml:"model"`
	Capacity      int       `yaml:"capacity"`
	StoreBytes    int       `yaml:"store_bytes"`
	Registrations int       `yaml:"registrations"`
	KeyLife       *Duration `yaml:"key_life"`
	FiveMinutes   bool      `yaml:"five_minutes"`
	KeyUpdate     *Duration `yaml:"key_update"` // age of the marking keys at which the drive asks for new ones
}

// Registration is the step register; change takes the same and keeps what is not
// given.
type Registration struct {
	FFD           *FFD     `yaml:"ffd"`
	User          string   `yaml:"user"`
	INN           string   `yaml:"inn"`
	RegNumber     string   `yaml:"reg_number"`
	KKTNumber     string   `yaml:"kkt_number"`
	Address       string   `yaml:"address"`
	Place         string   `yaml:"place"`
	Tax           *Tax     `yaml:"tax"`
	OFDINN        string   `yaml:"ofd_inn"`
	OFDName       string   `yaml:"ofd_name"`
	SellerAddress string   `yaml:"seller_address"`
	MachineNumber string   `yaml:"machine_number"`
	Cashier       string   `yaml:"cashier"`
	Modes         []string `yaml:"modes"`
	Agents        []string `yaml:"agents"`
}

type register struct {
	Registration `yaml:",inline"`
}

type change struct {
	Registration `yaml:",inline"`
	Reasons      []int `yaml:"reasons"`
}

type replaceFN struct {
	Drive `yaml:",inline"`
}

// Sale is one receipt, or several made up by chance.
type Sale struct {
	Count     int        `yaml:"count"` // receipts made up by chance when there are no items
	Operation string     `yaml:"operation"`
	Items     []SaleItem `yaml:"items"`
	Tax       *Tax       `yaml:"tax"`
	Cashier   string     `yaml:"cashier"`
	Cash      *Money     `yaml:"cash"`
	Ecash     *Money     `yaml:"ecash"`
	Prepaid   *Money     `yaml:"prepaid"`
	Credit    *Money     `yaml:"credit"`
	Provision *Money     `yaml:"provision"`
	Total     *Money     `yaml:"total"`
	Contact   string     `yaml:"contact"`
	Internet  bool       `yaml:"internet"`
	BSO       bool       `yaml:"bso"`
}

// SaleItem is one subject of settlement.
type SaleItem struct {
	Name     string    `yaml:"name"`
	Price    Money     `yaml:"price"`
	Quantity *Quantity `yaml:"quantity"`
	Sum      *Money    `yaml:"sum"`
	VAT      *VAT      `yaml:"vat"`
	Subject  uint8     `yaml:"subject"`
	Method   uint8     `yaml:"method"`
	Measure  uint8     `yaml:"measure"`
	Unit     string    `yaml:"unit"`
	Code     string    `yaml:"code"`
	Agent    string    `yaml:"agent"`
	Provider string    `yaml:"provider_inn"`
}

type sell struct {
	Sale `yaml:",inline"`
}

type refund struct {
	Sale `yaml:",inline"`
}

type correction struct {
	Sale    `yaml:",inline"`
	Date    *Time  `yaml:"date"`
	Number  string `yaml:"number"`
	ByOrder bool   `yaml:"by_order"`
}

type (
	openShift struct {
		Cashier string `yaml:"cashier"`
	}
	closeShift struct {
		Cashier string `yaml:"cashier"`
	}
	closeArchive struct {
		Cashier string `yaml:"cashier"`
	}
	stateReport struct{}
	exchangeNow struct{}
	advance     struct{ d Duration }
	at          struct{ t Time }
)

// trade is many days of receipts made up by chance.
type trade struct {
	Days     int      `yaml:"days"`
	Until    *Time    `yaml:"until"`
	Receipts int      `yaml:"receipts_per_day"`
	Opens    *Hour    `yaml:"opens"`
	Closes   *Hour    `yaml:"closes"`
	Refunds  float64  `yaml:"refunds"`  // share of receipts that return a sale
	DaysOff  []string `yaml:"days_off"` // monday … sunday
}

type ofd struct {
	State string    `yaml:"state"`
	For   *Duration `yaml:"for"`
}

type keyExpiry struct {
	DaysLeft int `yaml:"days_left"`
}

type powerCut struct {
	At *Byte `yaml:"at_command"`
}

type expect struct {
	Phase     *Phase    `yaml:"phase"`
	Queue     *int      `yaml:"queue"`
	Warnings  *Warnings `yaml:"warnings"`
	Shift     string    `yaml:"shift"`
	LastFD    *uint32   `yaml:"last_fd"`
	Documents *int      `yaml:"documents"`
	Confirmed *int      `yaml:"confirmed"`
	Codes     *int      `yaml:"refused_by_ofd"`
	FFD       *FFD      `yaml:"ffd"`
	DaysLeft  *int      `yaml:"days_left"`
}

type fault struct {
	Clear         bool           `yaml:"clear"`
	Commands      []commandFault `yaml:"commands"`
	RefuseAcks    []ackFault     `yaml:"refuse_acks"`
	Critical      *bool          `yaml:"critical"`
	OFDSilentDays *int           `yaml:"ofd_silent_days"`
	ArchiveUsed   *int           `yaml:"archive_used"`
}

// inject switches fault points of the register's exchange (docs/faults.md).
type inject struct {
	Rules []string `yaml:"rules"`
	Clear bool     `yaml:"clear"`
}

type updateKeys struct{}

type commandFault struct {
	Command   Byte  `yaml:"command"`
	Call      int   `yaml:"call"`
	Times     int   `yaml:"times"`
	Answer    *Byte `yaml:"answer"`
	Reason    Byte  `yaml:"reason"`
	PowerLoss bool  `yaml:"power_loss"`
}

type ackFault struct {
	Reason Byte `yaml:"reason"`
	Times  int  `yaml:"times"`
}

// operationWords of sell.
var operationWords = map[string]fiscal.OperationType{
	"": fiscal.Sell, "sell": fiscal.Sell, "sell_return": fiscal.SellReturn, "buy": fiscal.Buy, "buy_return": fiscal.BuyReturn,
}
