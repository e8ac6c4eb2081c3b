package profile

import (
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/report"
)

// deeds are the entries of the journal in words; their technical names stand beside.
var deeds = map[string]string{
	"register": "регистрация", "login": "вход", "logout": "выход", "login.forgot": "напоминание логина", "login.outside": "вход через внешнюю службу",
	"identity.bind": "внешняя служба привязана", "identity.unbind": "внешняя служба отвязана",
	"password.forgot": "забыт пароль", "password.change": "смена пароля", "phone.confirm": "телефон подтверждён", "email.confirm": "почта подтверждена",
	"org.card": "карточка организации", "org.add": "ещё одна организация",
	"user.invite": "приглашение", "user.role": "права изменены", "user.remove": "доступ закрыт",
	integration.DeedCreateKey: "ключ API создан", integration.DeedRevokeKey: "ключ API отозван",
	integration.DeedCreateHook: "веб-хук создан", integration.DeedChangeHook: "веб-хук изменён", integration.DeedRemoveHook: "веб-хук удалён",
	report.DeedAddSchedule: "рассылка отчёта включена", report.DeedPauseSchedule: "рассылка отчёта приостановлена",
	report.DeedResumeSchedule: "рассылка отчёта продолжена", report.DeedRemoveSchedule: "рассылка отчёта удалена",
	account.DeedPersonal:     "показаны личные данные в документе",
	integration.DeedTestHook: "пробное событие веб-хука", integration.DeedResend: "доставка веб-хука повторена",
	fleet.DeedConnect: "касса подключена", fleet.DeedChange: "касса изменена", fleet.DeedArchive: "касса перенесена в архив", fleet.DeedRestore: "касса возвращена из архива",
	fleet.DeedRemove:  "касса удалена",
	fleet.DeedAddNode: "точка или подразделение добавлены", fleet.DeedSetNode: "точка или подразделение изменены", fleet.DeedRemoveNode: "точка или подразделение удалены",
	// Entries made before the services wrote them.
	"api.place.add": "точка добавлена по API", "api.place.change": "точка изменена по API", "api.place.remove": "точка удалена по API",
	"api.register.connect": "касса подключена по API", "api.register.change": "касса изменена по API", "api.register.archive": "касса в архиве по API",
	"api.webhook.add": "веб-хук создан по API", "api.webhook.remove": "веб-хук удалён по API",
	"api.schedule.add": "рассылка отчёта включена по API", "api.schedule.remove": "рассылка отчёта удалена по API",
	"bench.clock": "часы стенда переведены", "bench.faults": "сбои стенда изменены", "bench.register": "касса-эмулятор",
}

// Deed is an entry of the journal in words.
func (form) Deed(action string) string {
	if words, known := deeds[action]; known {
		return words
	}
	return action
}

// Said is what an entry tells in words, as those of services do; others hold ids.
func (form) Said(e account.Event) string {
	if e.About != "" || e.Action == "login.outside" || e.Action == "identity.bind" {
		return e.Detail
	}
	return ""
}

// Result of an entry in words.
func (form) Result(result string) string {
	switch result {
	case "ok":
		return "выполнено"
	case "wrong-password":
		return "неверный пароль"
	case "too-many":
		return "слишком много попыток"
	case "phone":
		return "код по SMS"
	case "letter", "email":
		return "письмо со ссылкой"
	case "taken":
		return "занято другим"
	case "unknown":
		return "не найден"
	}
	return result
}
