package account

import (
	"time"
)

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
