package report

import (
	"regexp"
	"strings"
)

// speech is a sentence of a page in Russian: the sentence in Russian, or the one of
// the catalogue, marked as English.
type speech struct {
	Text string
	Lang string // "en", or empty for Russian, the language of the page
}

// translation puts a sentence of the engine into Russian; $1 stands for what the
// pattern caught.
type translation struct {
	pattern *regexp.Regexp
	russian string
}

func table(pairs ...string) (all []translation) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, translation{regexp.MustCompile("^(?:" + pairs[i] + ")$"), pairs[i+1]})
	}
	return all
}

// requirements are sentences that the engine and many cases share. A sentence that is
// not here is shown as the catalogue has it.
var requirements = table(
	`the server answers on the same connection`, `сервер отвечает в том же соединении`,
	`the answer is a right confirmation of the document sent`, `ответ — верное подтверждение посланного документа`,
	`there is no message of the operator`, `сообщения оператора нет`,
	`everything that waits is sent and confirmed`, `всё, что ждёт, послано и подтверждено`,
	`the register does it: (.*)`, `касса выполняет: $1`,
	`the operator's code is 0`, `код ответа оператора 0`,
	`the finding names the rule`, `замечание называет правило`,
	`bit 1 of the operator's message is set, and there is no 1068`, `бит 1 сообщения оператора установлен, тега 1068 нет`,
	`documents come in the order of their numbers`, `документы приходят по порядку номеров`,
	`the person at the till is told why`, `кассиру сказано почему`,
	`the person at the till is told`, `кассиру сказано`,
	`document (\d+) of the register is a right message`, `документ $1 кассы — верное сообщение`,
	`document (\d+) is a right message`, `документ $1 — верное сообщение`,
	`document (\d+) is well-formed`, `заголовки документа $1 верны`,
	`document (\d+) is answered`, `на документ $1 получен ответ`,
	`the answer to document (\d+) is a right confirmation`, `ответ на документ $1 — верное подтверждение`,
	`the operator has nothing to remark on document (\d+)`, `у оператора нет замечаний к документу $1`,
	`with the same bytes`, `теми же байтами`,
	`the drive is in its phase`, `ФН в нужной фазе`,
	`the operator's code says that format control failed`, `код ответа оператора говорит об ошибке ФЛК`,
	`the operator's code says that the content is not recognised`, `код ответа оператора говорит, что содержимое не распознано`,
	`the document comes again`, `документ приходит снова`,
	`the document comes again with the same bytes`, `документ приходит снова теми же байтами`,
	`a wrong answer confirms nothing`, `неверный ответ ничего не подтверждает`,
	`the document stays in the queue`, `документ остаётся в очереди`,
	`both are confirmed when the operator answers rightly`, `оба подтверждены, когда оператор отвечает верно`,
	`the refusal is the drive's`, `отказал сам ФН`,
	`the register is shown with its data`, `касса показана со своими данными`,
	`the receipt is confirmed`, `чек подтверждён`,
	`the stored confirmation comes again, byte for byte`, `приходит сохранённое подтверждение, байт в байт`,
	`the operator has every document once`, `у оператора каждый документ по одному разу`,
	`and misses none`, `и ни один не пропущен`,
	`26h refuses it with its reason`, `26h отвергает его со своей причиной`,
	`the missing numbers are shown`, `недостающие номера показаны`,
	`the drive is shown as (.*)`, `ФН показан так: $1`,
	`people are told: (.*)`, `люди оповещены: $1`,
	`people are told (\d+) times: (.*)`, `люди оповещены, раз $1: $2`,
	`the stored document is marked with (.*)`, `сохранённый документ отмечен правилом $1`,
	`the stored document is flagged as (.*)`, `сохранённый документ отмечен как $1`,
	`the stored document is not flagged`, `сохранённый документ не отмечен`,
	`the message is kept in quarantine as (.*)`, `сообщение отложено как $1`,
	`the answer is a right one of the marking exchange`, `ответ обмена о маркировке верен`,
	`the marking operator's answer comes on the same connection`, `ответ оператора маркировки приходит в том же соединении`,
	`after 30 days it is refused to (.*)`, `через 30 дней отказано: $1`,
)

// reasons are why a case was not judged.
var reasons = table(
	`needs hands: somebody has to work the register`, `нужны руки: на кассе некому работать`,
	`needs hands: (.*)`, `нужны руки: $1`,
	`not claimed: (.*)`, `не заявлено: $1`,
	`cannot be judged: (.*)`, `отсюда проверить нельзя: $1`,
	`the target is not what the case judges: (.*)`, `случай проверяет другое: $1`,
	`the target has not (.*)`, `у цели нет: $1`,
	`the register cannot (.*)`, `касса не умеет: $1`,
	`no message came within (.*): let the register have something to send`, `за $1 не пришло ни одного сообщения: кассе нечего передать`,
	`the target does not take a connection: (.*)`, `цель не принимает соединение: $1`,
	`the target does not read: (.*)`, `цель не читает: $1`,
	`(.*): connection/answered: expected (.*), seen (.*)`, `исходное состояние не достигнуто ($1): ожидалось $2, получено $3`,
)

// words are names that the sentences above carry.
var words = strings.NewReplacer(
	"a clock that can be set", "часов, которые можно перевести", "a list of stored documents", "списка сохранённых документов",
	"a way to forget what it stored", "способа забыть сохранённое", "a way to look at drives, documents and incidents", "способа показать ФН, документы и происшествия",
	"settings that can be changed", "настроек, которые можно менять", "a way to be stopped and started again", "способа остановить и запустить снова",
	"a second operator", "второго оператора", "a port for marking", "порта маркировки", "a drive of the bench", "ФН стенда",
	"a serial line to its drive", "последовательной линии к ФН", "a record of the commands to its drive", "записи команд ФН",
	"a drive made for the case", "ФН, созданного для случая", "time limits that can be shortened", "сроков, которые можно сократить",
	"a way to be driven without hands", "управления без рук", "a clock that stands still", "часов, которые стоят",
	"a way to know what it shows its user", "способа узнать, что показано пользователю", "a name server that the harness can be", "сервера имён стенда",
	"change registration", "изменение параметров регистрации", "replace the drive", "замена ФН", "open the shift", "открытие смены",
	"close the shift", "закрытие смены", "report the state", "отчёт о состоянии расчётов", "close the drive", "закрытие ФН",
	"update the marking keys", "обновление ключей маркировки",
)

// exactly are whole names that are too short for a replacer.
var exactly = map[string]string{"sell": "продажа", "correct": "коррекция", "register": "регистрация", "active": "действует", "closed": "закрыт", "encryption": "шифрование", "marking": "маркировка", "ofd": "оператора", "kkt": "кассу", "pair": "оба конца"}

// inRussian is a sentence as a page shows it.
func inRussian(s string, in []translation) speech {
	for _, t := range in {
		m := t.pattern.FindStringSubmatchIndex(s)
		if m == nil {
			continue
		}
		caught := s
		if len(m) >= 4 && m[2] >= 0 {
			caught = s[m[2]:m[3]]
		}
		if ru := exactly[caught]; ru != "" && len(m) >= 4 {
			return speech{Text: strings.ReplaceAll(t.russian, "$1", ru)}
		}
		return speech{Text: words.Replace(string(t.pattern.ExpandString(nil, t.russian, s, m)))}
	}
	return speech{s, "en"}
}

func requirementRu(s string) speech { return inRussian(s, requirements) }
func reasonRu(s string) speech {
	if s == "" {
		return speech{}
	}
	return inRussian(s, reasons)
}

// titleRu is the title of a case.
func titleRu(r *Result) speech {
	if t := titles[r.ID]; t != "" {
		return speech{Text: t}
	}
	return speech{r.Title, "en"}
}

// englishNote says why a page in Russian has English on it.
const englishNote = "Названия случаев, формулировки проверок и причины, для которых в каталоге нет русского текста, приведены на языке каталога — по-английски; значения «ожидалось» и «получено» даны как есть."
