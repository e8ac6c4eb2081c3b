package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Receipt is a receipt or БСО to be made (forms 3 and 4).
type Receipt struct {
	Form      fiscal.Form          `json:"code,omitempty"` // zero: БСО when the register is an АС БСО, else receipt
	Operation fiscal.OperationType `json:"operationType"`
	Tax       TaxSystem            `json:"appliedTaxationType,omitempty"` // 1055; zero: the only one of the registration
	Cashier
	Items []Item `json:"items"`
	Payments
	Total         *fiscal.Kopecks `json:"totalSum,omitempty"`               // 1020; nil: the sum of the items
	BuyerContact  string          `json:"buyerPhoneOrAddress,omitempty"`    // 1008
	Buyer         *Buyer          `json:"buyerInformation,omitempty"`       // 1227 and 1228, in FFD 1.2 inside 1256
	SellerAddress string          `json:"sellerAddress,omitempty"`          // 1117; empty: as registered, when the receipt goes to the buyer
	Address       string          `json:"retailPlaceAddress,omitempty"`     // 1009; empty: as registered
	Place         string          `json:"retailPlace,omitempty"`            // 1187; empty: as registered
	Internet      bool            `json:"internetPayment,omitempty"`        // 1125
	MachineNumber string          `json:"machineNumber,omitempty"`          // 1036; empty: as registered
	UserProperty  *UserProperty   `json:"propertiesUser,omitempty"`         // 1084
	Property      string          `json:"propertiesData,omitempty"`         // 1192
	Industry      []Industry      `json:"industryReceiptDetails,omitempty"` // 1261, FFD 1.2
	Operational   *Operational    `json:"operationalDetails,omitempty"`     // 1270, FFD 1.2
	Agent         Agent           `json:"paymentAgentType,omitempty"`       // 1057, FFD 1.05 and 1.1: one sign for the whole receipt
	AgentData     *AgentData      `json:"paymentAgentData,omitempty"`       // of the whole receipt, FFD 1.05 and 1.1
	ProviderPhone []string        `json:"providerPhone,omitempty"`          // 1171 of the whole receipt, FFD 1.05 and 1.1
	// VAT overrides the totals that the register would compute, for receipts that
	// are issued again; nil: computed, once for each rate.
	VAT map[VATRate]fiscal.Kopecks `json:"vatTotals,omitempty"`
}

// Correction is a correction receipt or БСО correction (forms 31 and 41). Items
// may be missing in FFD 1.05 only; then Total and VAT say the sums.
type Correction struct {
	Receipt
	ByOrder bool      `json:"correctionType,omitempty"`           // 1173: by order of the tax office
	Date    time.Time `json:"correctionDocumentDate"`             // 1178, of the settlement corrected
	Number  string    `json:"correctionDocumentNumber,omitempty"` // 1179, of the order
}

// Item is one subject of settlement (tag 1059).
type Item struct {
	Name        string          `json:"name"`                                // 1030
	Price       fiscal.Kopecks  `json:"price"`                               // 1079
	Quantity    Quantity        `json:"quantity"`                            // 1023
	Sum         *fiscal.Kopecks `json:"sum,omitempty"`                       // 1043; nil: price × quantity, rounded half up
	Measure     uint8           `json:"itemsQuantityMeasure,omitempty"`      // 2108, FFD 1.2; zero: pieces
	Unit        string          `json:"unit,omitempty"`                      // 1197, FFD 1.05 and 1.1
	VAT         VATRate         `json:"nds,omitempty"`                       // 1199; zero: the field is left out, the sum counts as without VAT
	VATSum      *fiscal.Kopecks `json:"ndsSum,omitempty"`                    // 1200; nil: not written
	UnitVAT     *fiscal.Kopecks `json:"unitNds,omitempty"`                   // 1198
	Subject     uint8           `json:"productType,omitempty"`               // 1212; zero: 1, goods
	Method      uint8           `json:"paymentType,omitempty"`               // 1214; zero: 4, full settlement
	Code        string          `json:"productCode,omitempty"`               // the code as scanned: 1162 in FFD 1.05 and 1.1, 1163 in 1.2
	Fraction    *Fraction       `json:"itemsFractionalQuantity,omitempty"`   // 1291, FFD 1.2
	Status      uint8           `json:"plannedStatus,omitempty"`             // 2003, FFD 1.2; zero: sold or returned by the operation
	Agent       Agent           `json:"paymentAgentByProductType,omitempty"` // 1222
	AgentData   *AgentData      `json:"paymentAgentData,omitempty"`          // 1223
	Provider    *Provider       `json:"providerData,omitempty"`              // 1224 and 1226
	ExciseDuty  *fiscal.Kopecks `json:"exciseDuty,omitempty"`                // 1229
	Country     string          `json:"originCountryCode,omitempty"`         // 1230, three digits
	CustomEntry string          `json:"customEntryNum,omitempty"`            // 1231
	Property    string          `json:"propertiesItem,omitempty"`            // 1191
	Industry    []Industry      `json:"itemsIndustryDetails,omitempty"`      // 1260, FFD 1.2
}

// Payments of a receipt by kind; they add up to its total.
type Payments struct {
	Cash      fiscal.Kopecks `json:"cashTotalSum"`           // 1031
	Ecash     fiscal.Kopecks `json:"ecashTotalSum"`          // 1081
	Prepaid   fiscal.Kopecks `json:"prepaidSum"`             // 1215
	Credit    fiscal.Kopecks `json:"creditSum"`              // 1216
	Provision fiscal.Kopecks `json:"provisionSum"`           // 1217
	Details   []EcashDetail  `json:"allECashProp,omitempty"` // 1234, adds up to Ecash
}

// EcashDetail is one cashless payment (tag 1235).
type EcashDetail struct {
	Sum   fiscal.Kopecks `json:"ecashSum"`               // 1082
	Sign  uint8          `json:"ecashSign"`              // 1236
	Ident string         `json:"ecashIdent"`             // 1237
	Info  string         `json:"ecashAddInfo,omitempty"` // 1238
}

// Buyer is the buyer where the law wants one named. FFD 1.05 and 1.1 carry name
// and INN only. None of it enters logs or errors.
type Buyer struct {
	Name         string     `json:"buyer,omitempty"`             // 1227
	INN          fiscal.INN `json:"buyerInn,omitempty"`          // 1228
	Birthday     string     `json:"buyerBirthday,omitempty"`     // 1243, ДД.ММ.ГГГГ
	Citizenship  string     `json:"buyerCitizenship,omitempty"`  // 1244, three digits
	DocumentCode string     `json:"buyerDocumentCode,omitempty"` // 1245, two digits
	DocumentData string     `json:"buyerDocumentData,omitempty"` // 1246
	Address      string     `json:"buyerAddress,omitempty"`      // 1254
}

// AgentData is what agents must tell of themselves (tag 1223, or the receipt's own
// level in FFD 1.05 and 1.1).
type AgentData struct {
	Operation               string     `json:"paymentAgentOperation,omitempty"`   // 1044
	AgentPhone              []string   `json:"paymentAgentPhone,omitempty"`       // 1073
	OperatorPhone           []string   `json:"paymentOperatorPhone,omitempty"`    // 1074
	TransferOperatorPhone   []string   `json:"transferOperatorPhone,omitempty"`   // 1075
	TransferOperatorName    string     `json:"transferOperatorName,omitempty"`    // 1026
	TransferOperatorAddress string     `json:"transferOperatorAddress,omitempty"` // 1005
	TransferOperatorINN     fiscal.INN `json:"transferOperatorInn,omitempty"`     // 1016
}

// Provider is the supplier behind an agent (tags 1224 and 1226).
type Provider struct {
	Phone []string   `json:"providerPhone,omitempty"` // 1171
	Name  string     `json:"providerName,omitempty"`  // 1225
	INN   fiscal.INN `json:"providerInn,omitempty"`   // 1226; empty: twelve zeros
}

// UserProperty is the additional requisite of the user (tag 1084).
type UserProperty struct {
	Name  string `json:"propertyName"`  // 1085
	Value string `json:"propertyValue"` // 1086
}

// Industry is an industry requisite (tags 1260, 1261).
type Industry struct {
	FOIV   string `json:"idFoiv"`                // 1262, three digits
	Date   string `json:"foundationDocDateTime"` // 1263, ДД.ММ.ГГГГ
	Number string `json:"foundationDocNumber"`   // 1264
	Value  string `json:"industryPropValue"`     // 1265
}

// Operational is the operational requisite of a receipt (tag 1270).
type Operational struct {
	ID   uint8     `json:"operationId"`   // 1271
	Data string    `json:"operationData"` // 1272
	Time time.Time `json:"dateTime"`      // 1273, wall clock of the place of settlement
}

// Fraction is a part of a marked product (tag 1291).
type Fraction struct {
	Numerator   uint64 `json:"numerator"`   // 1293
	Denominator uint64 `json:"denominator"` // 1294
}
