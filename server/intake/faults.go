package intake

import "github.com/fiscalbench/fiscalbench/fiscal"

// keep says where a refused message goes besides the exchange log.
type keep uint8

const (
	keepLog        keep = iota // nowhere else
	keepQuarantine             // the quarantine, with an incident
	keepIncident               // an incident only
)

// row is one line of transport.md section 10.
type row struct {
	strict, lenient Action // defaults of the profiles
	allowed         []Action
	keep            keep
	// incident is told to people, in Russian; "" when the fault alone is none.
	incident string
}

var (
	frameActions    = []Action{Close, Hold}
	forgivable      = []Action{Close, Hold, Accept}
	documentActions = []Action{Confirm, Code11, Code14, Close, Hold}
)

// rows is the table E-01 to E-26 with TRN-040 and TRN-051. A document fault whose
// setting refuses it sends the message into quarantine, whatever its row says.
var rows = map[fiscal.Fault]row{
	fiscal.BadSessionSignature: {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.BadSVersion:         {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.BadPVersion:         {strict: Close, lenient: Accept, allowed: forgivable},
	fiscal.BadFlags:            {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.BadSessionCRC:       {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.Oversize:            {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.IncompleteBody:      {strict: Close, lenient: Close, allowed: []Action{Close}},
	fiscal.TruncatedContainer:  {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.LengthMismatch:      {strict: Close, lenient: Accept, allowed: forgivable},
	fiscal.BadContainerCRC:     {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.BadContainerType:    {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.BadContainerVersion: {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.FNNumberMismatch: {strict: Close, lenient: Close, allowed: frameActions, keep: keepQuarantine,
		incident: "номер ФН в заголовках и в документе различается"},
	fiscal.UnknownFN: {strict: Confirm, lenient: Confirm, allowed: []Action{Confirm, Close, Code14, Hold}, keep: keepIncident,
		incident: "сообщение неизвестного ФН"},
	fiscal.BadTrailer: {strict: Close, lenient: Close, allowed: frameActions},
	fiscal.BadMessageSign: {strict: Close, lenient: Close, allowed: []Action{Close, Code11, Hold}, keep: keepQuarantine,
		incident: "неверный ФПС"},
	fiscal.EncryptedUnreadable: {strict: Close, lenient: Close, allowed: []Action{Close, Blind, Hold}, keep: keepIncident,
		incident: "зашифрованное сообщение нельзя прочитать: нет ключа"},
	fiscal.DataTypeMismatch: {strict: Code11, lenient: Code11, allowed: documentActions,
		incident: "форма документа в контейнере и в документе различается"},
	fiscal.UnparseableDocument: {strict: Code11, lenient: Code11, allowed: documentActions,
		incident: "содержание документа не распознано"},
	fiscal.FDNumberMismatch: {strict: Close, lenient: Close, allowed: frameActions, keep: keepQuarantine,
		incident: "номер ФД в контейнере и в документе различается"},
	fiscal.FLKFailed:          {strict: Code14, lenient: Code14, allowed: documentActions},
	fiscal.BadFPD:             {strict: Code14, lenient: Code14, allowed: documentActions, incident: "неверный ФПД"},
	fiscal.DuplicateSame:      {strict: Replay, lenient: Replay, allowed: []Action{Replay, Close, Hold}},
	fiscal.DuplicateOther:     {strict: Close, lenient: Close, allowed: []Action{Close, Code11, Hold}, keep: keepQuarantine, incident: "два документа с одним номером"},
	fiscal.FDGap:              {strict: Confirm, lenient: Confirm, allowed: documentActions},
	fiscal.FDBack:             {strict: Confirm, lenient: Confirm, allowed: documentActions},
	fiscal.NotRegisteredFirst: {strict: Code14, lenient: Code14, allowed: documentActions, incident: "первый документ ФН не является отчетом о регистрации"},
	fiscal.AfterClose:         {strict: Code14, lenient: Code14, allowed: documentActions, incident: "документ после закрытия ФН"},
	fiscal.OFDMismatch: {strict: Contact, lenient: Contact, allowed: []Action{Contact, Confirm, Code14, Close, Hold},
		incident: "в отчете о регистрации указан другой ОФД"},
}

// aliases are the names that transport.md gives to settings of single rows.
var aliases = map[string]fiscal.Fault{
	"on_bad_sign":          fiscal.BadMessageSign,
	"on_foreign_encrypted": fiscal.EncryptedUnreadable,
}

// precedence orders the faults of one document: the first is the one a document is
// stored under.
var precedence = []fiscal.Fault{
	fiscal.EncryptedUnreadable, fiscal.DataTypeMismatch, fiscal.UnparseableDocument, fiscal.UnknownFN, fiscal.BadFPD,
	fiscal.AfterClose, fiscal.NotRegisteredFirst, fiscal.OFDMismatch, fiscal.FLKFailed, fiscal.FDGap, fiscal.FDBack,
}
