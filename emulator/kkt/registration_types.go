package kkt

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// TaxSystem is a set of tax systems (СНО) as tags 1055 and 1062 write it.
type TaxSystem uint8

// Tax systems.
const (
	TaxGeneral          TaxSystem = 1 << iota // ОСН
	TaxSimplified                             // УСН доход
	TaxSimplifiedMargin                       // УСН доход - расход
	TaxImputed                                // ЕНВД, abolished in 2021
	TaxAgricultural                           // ЕСХН
	TaxPatent                                 // патент
	taxAll              = TaxPatent<<1 - 1
)

// Agent is a set of agent signs (tags 1057, 1222).
type Agent uint8

// Agent signs.
const (
	AgentBankPayment    Agent = 1 << iota // банковский платежный агент
	AgentBankPaymentSub                   // банковский платежный субагент
	AgentPayment                          // платежный агент
	AgentPaymentSub                       // платежный субагент
	AgentAttorney                         // поверенный
	AgentCommission                       // комиссионер
	AgentOther                            // иной агент
	agentAll            = AgentOther<<1 - 1
)

// Cashier is the person at the till. The name never enters logs or errors.
type Cashier struct {
	Name string     `json:"operator,omitempty"`    // 1021, at most 64 characters
	INN  fiscal.INN `json:"operatorInn,omitempty"` // 1203, 12 digits
}

// Modes are the signs of how a register is used: separate flags in FFD 1.05 and
// 1.1, bits of 1290 in FFD 1.2.
type Modes struct {
	Automatic        bool `json:"autoMode,omitempty"`              // 1001
	Autonomous       bool `json:"offlineMode,omitempty"`           // 1002
	Encryption       bool `json:"encryptionSign,omitempty"`        // 1056
	InternetOnly     bool `json:"internetSign,omitempty"`          // 1108, 1290 bit 5
	Services         bool `json:"serviceSign,omitempty"`           // 1109, 1290 bit 9
	BSO              bool `json:"bsoSign,omitempty"`               // 1110, 1290 bit 2
	Lottery          bool `json:"lotterySign,omitempty"`           // 1126, 1290 bit 11
	Gambling         bool `json:"gamblingSign,omitempty"`          // 1193, 1290 bit 10
	Excise           bool `json:"exciseDutyProductSign,omitempty"` // 1207, 1290 bit 6
	PrinterInMachine bool `json:"printInMachineSign,omitempty"`    // 1221, 1290 bit 1
	Marking          bool `json:"markingSign,omitempty"`           // 1290 bit 8, FFD 1.2 only, as are the rest
	Pawnshop         bool `json:"pawnshopSign,omitempty"`          // 1290 bit 12
	Insurance        bool `json:"insuranceSign,omitempty"`         // 1290 bit 13
	Vending          bool `json:"vendingSign,omitempty"`           // 1290 bit 14
	Catering         bool `json:"cateringSign,omitempty"`          // 1290 bit 15
	Wholesale        bool `json:"wholesaleSign,omitempty"`         // 1290 bit 16
}

// Registration is what a registration report (form 1) says.
type Registration struct {
	FFD           fiscal.FFD       `json:"fiscalDocumentFormatVer,omitempty"` // 1209; zero: the highest that register and drive share
	RegNumber     fiscal.RegNumber `json:"kktRegId"`                          // 1037
	KKTNumber     string           `json:"kktNumber"`                         // 1013, factory number
	KKTVersion    string           `json:"kktVersion,omitempty"`              // 1188; empty: Options.Version
	User          string           `json:"user"`                              // 1048
	UserINN       fiscal.INN       `json:"userInn"`                           // 1018
	Address       string           `json:"retailPlaceAddress"`                // 1009
	Place         string           `json:"retailPlace"`                       // 1187
	Tax           TaxSystem        `json:"taxationType"`                      // 1062
	OFDINN        fiscal.INN       `json:"ofdInn,omitempty"`                  // 1017; none in autonomous mode
	OFDName       string           `json:"ofdName,omitempty"`                 // 1046
	FNSSite       string           `json:"fnsUrl,omitempty"`                  // 1060; empty: www.nalog.gov.ru
	SellerAddress string           `json:"sellerAddress,omitempty"`           // 1117, e-mail of receipts
	MachineNumber string           `json:"machineNumber,omitempty"`           // 1036, of an automatic device
	Agents        Agent            `json:"paymentAgentType,omitempty"`        // 1057, FFD 1.05 and 1.1
	Modes
	Cashier
	Property     string `json:"additionalPropsFRC,omitempty"` // 1274, FFD 1.2
	PropertyData []byte `json:"additionalDataFRC,omitempty"`  // 1275, FFD 1.2
}

// Change is a report on a change of registration (form 11): the new state of
// everything and why. RegNumber and UserINN must stay.
type Change struct {
	Registration
	// Reasons of FFD 1.05 (tag 1101, values 1–4), or zero Reasons and Bits: the
	// register finds them by comparing with the registration in force.
	Reasons []uint8 `json:"correctionReasonCode,omitempty"`
	// Bits are the reasons of FFD 1.1 and 1.2 (tag 1205).
	Bits ChangeBits `json:"correctionKktReasonCode,omitempty"`
}

// ChangeBits are reasons of a change as tag 1205 writes them.
type ChangeBits uint32

// Reasons of a change (tag 1205; enums.md).
const (
	ChangeFN            ChangeBits = 1 << 0
	ChangeOFD           ChangeBits = 1 << 1
	ChangeUser          ChangeBits = 1 << 2
	ChangePlace         ChangeBits = 1 << 3
	ChangeToTransfer    ChangeBits = 1 << 4
	ChangeToAutonomous  ChangeBits = 1 << 5
	ChangeVersion       ChangeBits = 1 << 6
	ChangeTax           ChangeBits = 1 << 7
	ChangeMachine       ChangeBits = 1 << 8
	ChangeFromAutomatic ChangeBits = 1 << 9
	ChangeToAutomatic   ChangeBits = 1 << 10
	ChangeToBSO         ChangeBits = 1 << 11
	ChangeFromBSO       ChangeBits = 1 << 12
	ChangeFromInternet  ChangeBits = 1 << 13
	ChangeToInternet    ChangeBits = 1 << 14
	ChangeFromAgent     ChangeBits = 1 << 15
	ChangeToAgent       ChangeBits = 1 << 16
	ChangeFromGambling  ChangeBits = 1 << 17
	ChangeToGambling    ChangeBits = 1 << 18
	ChangeFromLottery   ChangeBits = 1 << 19
	ChangeToLottery     ChangeBits = 1 << 20
	ChangeFFD           ChangeBits = 1 << 21
	ChangeOther         ChangeBits = 1 << 31
)
