package desk

import (
	"slices"

	"github.com/fiscalbench/fiscalbench/internal/fault"
)

// point is a fault point of the operator as the desk shows it: its technical name,
// which rules are written with, beside Russian words.
type point struct {
	Name   string
	Label  string // a few words, for the list
	Text   string // a sentence
	Params []param
}

// param is what a rule may say besides its trigger.
type param struct {
	Name, Default, Text string
}

// points are the operator's fault points with their words. A point without words keeps
// its English ones; the package's test asks for all.
func points() []point {
	var all []point
	for _, i := range fault.Points(fault.Operator) {
		w := words[i.Name]
		p := point{Name: i.Name, Label: w.label, Text: w.text}
		if p.Text == "" {
			p.Label, p.Text = i.Name, i.Text
		}
		for n, q := range i.Params {
			text := q.Text
			if n < len(w.params) {
				text = w.params[n]
			}
			p.Params = append(p.Params, param{q.Name, q.Default, text})
		}
		all = append(all, p)
	}
	return all
}

// label of a point's name; the name itself when there is none.
func label(name string) string {
	if w, known := words[name]; known {
		return w.label
	}
	return name
}

// words of the points; parameters in the order of the table in package fault.
var words = map[string]struct {
	label, text string
	params      []string
}{
	"accept.refuse":    {"не принимать соединение", "Новое соединение обрывается, прежде чем что-либо прочитано.", []string{"как: reset — сбросом (RST), close — обычным закрытием (FIN)"}},
	"read.stall":       {"замолчать при чтении", "Заголовок сообщения прочитан, дальше какое-то время не читается ничего.", []string{"сколько молчать"}},
	"clock.jump":       {"прыжок часов", "Часы оператора прыгают перед приёмом сообщения и остаются переведёнными.", []string{"на сколько; со знаком минус — назад: 36h, 40d"}},
	"conn.reset":       {"сброс соединения", "Соединение обрывается сбросом (RST).", []string{"когда: stored — документ сохранён, ответ готов; request — сообщение пришло, ничего не сохранено; reply — часть байтов ответа уже ушла", "сколько байтов отправить, но не все; со знаком минус — сколько отрезать с конца"}},
	"conn.half-close":  {"закрыть свою половину соединения", "Оператор больше не пишет, но читает.", []string{"когда: reply — после ответа; request — вместо обработки сообщения"}},
	"store.fail":       {"отказ хранилища", "Хранилище отказывает прежде, чем документ сохранён; ответа на документ нет.", nil},
	"reply.code":       {"другой код ответа", "В подтверждении другой код, чем сохранён у оператора; подписи верны.", []string{"код ответа (тег 1022); при ФФД 1.1 и 1.2 код, отличный от 0, ставит бит 1 тега 1206", "биты, добавленные к тегу 1206"}},
	"reply.wrong-fd":   {"чужой номер документа", "Подтверждение называет другой документ.", []string{"сколько прибавить к верному номеру", "где: all — в заголовке контейнера и в документе, container или document — только в одном из них", "как в заголовке: number — числом; text — последние три цифры верного номера знаками ASCII, документ не тронут", "подписи: new — заново; old — изменён лишь заголовок, подписи прежние"}},
	"reply.wrong-fn":   {"чужой номер ФН", "Ответ называет другой ФН.", []string{"где: all — везде; session, container, document — в заголовке сеанса, в заголовке контейнера или в документе", "подписи: new — заново ключами верного ФН; old — изменены лишь заголовки, подписи прежние", "другой номер; если пусто — верный с изменённой последней цифрой"}},
	"reply.stale":      {"прошлое подтверждение", "Вместо ответа отправляется подтверждение прошлого документа этого ФН, если оно было.", nil},
	"reply.foreign":    {"подтверждение для другого ФН", "Отправляется подтверждение, верное для другого ФН.", []string{"заголовок сеанса: foreign — чужого ФН, own — своего", "другой номер; если пусто — верный с изменённой последней цифрой"}},
	"reply.bad-sign":   {"неверная подпись", "Один бит подписи в конце контейнера неверен; контрольный код сходится.", nil},
	"reply.bad-length": {"неверная длина", "Поле длины неверно.", []string{"какое: session — в заголовке сеанса, container — в заголовке контейнера", "сколько прибавить к верной длине; контрольный код посчитан для неверной"}},
	"reply.bad-crc":    {"неверный контрольный код", "Контрольный код (CRC) неверен.", []string{"чей: container — контейнера; session — заголовка сеанса (он тогда говорит, что код есть)"}},
	"reply.delay":      {"ответ с опозданием", "Ответ приходит поздно.", []string{"на сколько"}},
	"reply.drop":       {"ответ потерян", "Ответ не отправляется.", []string{"что потом: listen — соединение служит дальше, close — закрывается"}},
	"reply.duplicate":  {"ответ дважды", "Ответ отправляется несколько раз подряд.", []string{"сколько раз всего"}},
	"reply.truncate":   {"обрезанный ответ", "Отправляются только первые байты ответа.", []string{"сколько байтов, но не все; со знаком минус — сколько отрезать с конца", "что потом: close — соединение закрывается, reset — сбрасывается, wait — молчит"}},
	"reply.split":      {"ответ по частям", "Ответ отправляется частями.", []string{"байтов в части", "пауза между частями"}},
}

// triggers a rule may have, for the hint below its field.
const triggers = "Когда: next=1 — в следующий раз, nth=5 — в пятый, every=10 — каждый десятый, rate=0.1 — с вероятностью 10 %, always — всегда. Через запятую — для чего (fn=9999*, fd=12, doc=receipt) и с чем (time=40s)."

// known reports whether there is such a point.
func known(name string) bool {
	return slices.ContainsFunc(fault.Points(fault.Operator), func(i fault.Info) bool { return i.Name == name })
}
