package account

import (
	"strings"
	"time"
)

// Invalid says what is wrong with a field, for the person who filled it in.
type Invalid struct {
	Field string // name of the form field
	Text  string // in Russian
}

func (e *Invalid) Error() string { return "account: " + e.Field + ": " + e.Text }

// InvalidFields are all fields that are wrong at once.
type InvalidFields []*Invalid

func (e InvalidFields) Error() string {
	texts := make([]string, len(e))
	for i, f := range e {
		texts[i] = f.Error()
	}
	return strings.Join(texts, "; ")
}

// add notes a field when text is not empty.
func (e *InvalidFields) add(field, text string) {
	if text != "" {
		*e = append(*e, &Invalid{field, text})
	}
}

// err is nil when nothing was added.
func (e InvalidFields) err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Refused says why somebody was not let through.
type Refused struct {
	Reason Reason
	Wait   time.Duration // before trying again; zero: does not matter
}

// Reason of a refusal.
type Reason string

// Reasons.
const (
	WrongPassword Reason = "wrong-password" // or no such user: the two are not told apart
	WrongCode     Reason = "wrong-code"
	Expired       Reason = "expired"  // the code, the link or the session
	TooMany       Reason = "too-many" // tries
	TooSoon       Reason = "too-soon" // for another code
	NotAClient    Reason = "not-a-client"
	Forbidden     Reason = "forbidden"
)

func (e *Refused) Error() string { return "account: refused: " + string(e.Reason) }

// Text is the refusal in Russian.
func (e *Refused) Text() string {
	switch e.Reason {
	case WrongPassword:
		return "Неверный логин или пароль."
	case WrongCode:
		return "Код не подходит."
	case Expired:
		return "Срок действия истёк или ссылка уже использована. Запросите новую."
	case TooMany:
		return "Слишком много попыток. Попробуйте позже."
	case TooSoon:
		return "Новый код можно запросить чуть позже."
	case NotAClient:
		return "Эта учётная запись не зарегистрирована в этом качестве."
	}
	return "Недостаточно прав."
}
