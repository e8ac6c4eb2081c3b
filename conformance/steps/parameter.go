package steps

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fn"
	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// parameter is a kind of value inside sentences: free by a regular expression, or
// one of a list.
type parameter struct {
	free  string // regular expression without groups; empty for a list
	words func(l language) []string
	about [2]string // for the documents, by language
}

func (p *parameter) pattern(l language) string {
	if p.free != "" {
		return p.free
	}
	words := p.words(l)
	sort.Slice(words, func(i, j int) bool { return len(words[i]) > len(words[j]) })
	for i, w := range words {
		words[i] = literal(w)
	}
	return strings.Join(words, "|")
}

// list is the values of a parameter with their words in both languages.
type list[T any] []struct {
	words [2]string
	value T
}

// find reads a word of either language.
func (l list[T]) find(word string) (T, error) {
	plain := strings.ReplaceAll(word, "ё", "е")
	for _, e := range l {
		if word == e.words[english] || plain == strings.ReplaceAll(e.words[russian], "ё", "е") {
			return e.value, nil
		}
	}
	var zero T
	return zero, fmt.Errorf("%q is not one of the words of this step", word)
}

// parameter makes the list one.
func (l list[T]) parameter(en, ru string) parameter {
	return parameter{about: [2]string{en, ru}, words: func(in language) []string {
		words := make([]string, len(l))
		for i, e := range l {
			words[i] = e.words[in]
		}
		return words
	}}
}

// registerKind is what a register is for.
type registerKind struct {
	modes    kkt.Modes
	careless bool // the register does not check what it makes
}

var registerKinds = list[registerKind]{
	{[2]string{"register", "касса"}, registerKind{}},
	{[2]string{"autonomous register", "автономная касса"}, registerKind{modes: kkt.Modes{Autonomous: true}}},
	{[2]string{"encrypting register", "касса с шифрованием"}, registerKind{modes: kkt.Modes{Encryption: true}}},
	{[2]string{"register for marked goods", "касса для маркированных товаров"}, registerKind{modes: kkt.Modes{Marking: true}}},
	{[2]string{"register of strict reporting forms", "касса для БСО"}, registerKind{modes: kkt.Modes{BSO: true, Services: true}}},
	{[2]string{"careless register", "касса без самопроверки"}, registerKind{careless: true}},
}

var forms = list[fiscal.Form]{
	{[2]string{"registration report", "отчёт о регистрации"}, fiscal.FormFiscalReport},
	{[2]string{"change of registration", "отчёт об изменении параметров регистрации"}, fiscal.FormFiscalReportCorrection},
	{[2]string{"shift opening", "отчёт об открытии смены"}, fiscal.FormOpenShift},
	{[2]string{"receipt", "кассовый чек"}, fiscal.FormReceipt},
	{[2]string{"strict reporting form", "БСО"}, fiscal.FormBSO},
	{[2]string{"correction receipt", "кассовый чек коррекции"}, fiscal.FormReceiptCorrection},
	{[2]string{"strict reporting form of correction", "БСО коррекции"}, fiscal.FormBSOCorrection},
	{[2]string{"state report", "отчёт о текущем состоянии расчётов"}, fiscal.FormCurrentStateReport},
	{[2]string{"shift closing", "отчёт о закрытии смены"}, fiscal.FormCloseShift},
	{[2]string{"archive closing", "отчёт о закрытии ФН"}, fiscal.FormCloseArchive},
}

var operations = list[fiscal.OperationType]{
	{[2]string{`"sale"`, `"приход"`}, fiscal.Sell},
	{[2]string{`"return of a sale"`, `"возврат прихода"`}, fiscal.SellReturn},
	{[2]string{`"purchase"`, `"расход"`}, fiscal.Buy},
	{[2]string{`"return of a purchase"`, `"возврат расхода"`}, fiscal.BuyReturn},
}

var phases = list[fn.Phase]{
	{[2]string{"ready for registration", "готовности к фискализации"}, fn.PhaseReady},
	{[2]string{"in fiscal mode", "фискального режима"}, fn.PhaseFiscal},
	{[2]string{"in post-fiscal mode", "постфискального режима"}, fn.PhasePostFiscal},
	{[2]string{"in archive mode", "чтения архива"}, fn.PhaseArchive},
}

var statuses = list[store.DriveStatus]{
	{[2]string{"unregistered", "незарегистрированный"}, store.DriveUnregistered},
	{[2]string{"active", "действующий"}, store.DriveActive},
	{[2]string{"closed", "закрытый"}, store.DriveClosed},
	{[2]string{"replaced", "заменённый"}, store.DriveReplaced},
	{[2]string{"gone to another operator", "ушедший к другому оператору"}, store.DriveGone},
}

// warning is one warning of a drive: its flag and the tag in reports (fn.md 5.3).
type warning struct {
	flag byte
	tag  uint16
}

var warnings = list[warning]{
	{[2]string{"of the silent operator", "о превышении времени ожидания ответа ОФД"}, warning{fn.WarnWaiting, 1053}},
	{[2]string{"of keys near their end", "о скором исчерпании ресурса ключей"}, warning{fn.WarnNearEnd, 1050}},
	{[2]string{"of urgent replacement", "о срочной замене ФН"}, warning{fn.WarnReplace, 1051}},
	{[2]string{"of memory filling up", "о заполнении памяти ФН"}, warning{fn.WarnMemory, 1052}},
}

// reason of a change of registration: code of 1101 and bit of 1205.
type reason struct {
	code uint64
	bit  kkt.ChangeBits
}

var reasons = list[reason]{
	{[2]string{"replacement of the drive", "замена ФН"}, reason{1, kkt.ChangeFN}},
	{[2]string{"change of operator", "смена ОФД"}, reason{2, kkt.ChangeOFD}},
	{[2]string{"change of the user's name", "смена названия пользователя"}, reason{3, kkt.ChangeUser}},
	{[2]string{"change of place", "смена места расчётов"}, reason{3, kkt.ChangePlace}},
	{[2]string{"change of tax systems", "смена систем налогообложения"}, reason{4, kkt.ChangeTax}},
	{[2]string{"change to autonomous mode", "переход в автономный режим"}, reason{4, kkt.ChangeToAutonomous}},
	{[2]string{"change of FFD", "смена версии ФФД"}, reason{4, kkt.ChangeFFD}},
}

// goods are kinds of marked products by what the marking operator says of them: the
// last two digits of the code choose it (server/marking).
var goods = list[string]{
	{[2]string{"in turnover", "в обороте"}, "17"},
	{[2]string{"unknown to the marking operator", "не известный оператору маркировки"}, "90"},
	{[2]string{"with turnover suspended", "с приостановленным оборотом"}, "92"},
	{[2]string{"with a malformed code", "с кодом неверного вида"}, "93"},
}

// markingResults are values of tag 2106 (enums.md).
var markingResults = list[uint64]{
	{[2]string{"nothing was checked", "проверка не проводилась"}, 0},
	{[2]string{"the code is good, the status was not asked", "код верен, статус не проверен"}, 3},
	{[2]string{"the code is wrong and the status too", "код неверен и статус неверен"}, 5},
	{[2]string{"the code is good, the status is wrong", "код верен, статус неверен"}, 7},
	{[2]string{"the code is good and the status too", "код верен и статус верен"}, 15},
}

var units = list[time.Duration]{
	{[2]string{"minute", "минута"}, time.Minute}, {[2]string{"minutes", "минуты"}, time.Minute}, {[2]string{"minutes", "минут"}, time.Minute},
	{[2]string{"minutes", "минуту"}, time.Minute},
	{[2]string{"hour", "час"}, time.Hour}, {[2]string{"hours", "часа"}, time.Hour}, {[2]string{"hours", "часов"}, time.Hour},
	{[2]string{"day", "день"}, 24 * time.Hour}, {[2]string{"days", "дня"}, 24 * time.Hour}, {[2]string{"days", "дней"}, 24 * time.Hour},
}

// parameters by their names in sentences.
var parameters = map[string]parameter{
	"n":         {free: `\d+`, about: [2]string{"a whole number", "целое число"}},
	"sum":       {free: `\d+[.,]\d\d`, about: [2]string{"roubles and kopecks: 120.50", "рубли и копейки: 120.50"}},
	"text":      {free: `"[^"]*"|«[^»]*»`, about: [2]string{`words in quotes: "Ivanov"`, `слова в кавычках: "Иванов" или «Иванов»`}},
	"rule":      {free: `[A-ZА-Я]+-\d+`, about: [2]string{"id of a rule: M-03", "номер правила: M-03"}},
	"ffd":       {free: `1\.05|1\.0|1\.1|1\.2`, about: [2]string{"1.0, 1.05, 1.1 or 1.2", "1.0, 1.05, 1.1 или 1.2"}},
	"register":  registerKinds.parameter("what the register is for", "для чего касса"),
	"form":      forms.parameter("kind of document", "вид документа"),
	"operation": operations.parameter("sign of settlement, in quotes", "признак расчёта, в кавычках"),
	"phase":     phases.parameter("phase of the drive's life", "фаза жизни ФН"),
	"status":    statuses.parameter("how the operator sees a drive", "каким оператор видит ФН"),
	"warning":   warnings.parameter("warning of the drive", "предупреждение ФН"),
	"reason":    reasons.parameter("reason of a change of registration", "причина изменения параметров регистрации"),
	"goods":     goods.parameter("kind of marked product", "вид маркированного товара"),
	"result":    markingResults.parameter("what a receipt says of a marked product", "что в чеке сказано о маркированном товаре"),
	"unit":      units.parameter("unit of time", "единица времени"),
	"damage":    damages.parameter("what is wrong with a message", "что не так с сообщением"),
	"spoiling":  spoilings.parameter("what is wrong with a confirmation", "что не так с подтверждением"),
}
