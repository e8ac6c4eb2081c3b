package account

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Phone reads a Russian mobile number as people write it, "+7…" or "8…" with spaces,
// brackets and dashes (CAB-030), and returns "+7" with ten digits.
func Phone(s string) (string, bool) {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && i == 0, strings.ContainsRune(" ()-\u00a0", r):
		default:
			return "", false
		}
	}
	d := b.String()
	if len(d) == 11 && (d[0] == '7' || d[0] == '8') {
		return "+7" + d[1:], true
	}
	if len(d) == 10 && !strings.HasPrefix(s, "+") {
		return "+7" + d, true
	}
	return "", false
}

// Email reads an address and returns it in lower case (CAB-031).
func Email(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return "", false
	}
	_, host, _ := strings.Cut(s, "@")
	return s, strings.Contains(host, ".") || host == "localhost"
}

// loginName turns what somebody typed into the form users are found by: a phone, an
// e-mail or a user name.
func loginName(s string) string {
	s = strings.TrimSpace(s)
	if p, ok := Phone(s); ok {
		return p
	}
	return strings.ToLower(s)
}

// badLogin says what is wrong with a user name; empty when nothing is.
func badLogin(s string) string {
	if n := utf8.RuneCountInString(s); n < 3 || n > 64 {
		return "Имя пользователя — от 3 до 64 символов."
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return "Имя пользователя — латинские буквы, цифры, точка, дефис и подчёркивание."
		}
	}
	if _, ok := Phone(s); ok {
		return "Имя пользователя не может быть номером телефона."
	}
	return ""
}

// Card are the requisites of an organisation (CAB-016, CAB-051).
type Card struct {
	Name, FullName, INN, KPP, OGRN, Address, Email, Phone, TimeZone string
}

// Check says which fields are wrong: check digits of ИНН and ОГРН, КПП for
// organisations only.
func (c Card) Check() error {
	bad := invalid.Fields{}
	if strings.TrimSpace(c.Name) == "" {
		bad.Add("name", "Укажите название.")
	}
	inn, err := fiscal.ParseINN(c.INN)
	if err != nil {
		bad.Add("inn", "ИНН — 10 или 12 цифр с верными контрольными цифрами.")
	}
	switch {
	case len(c.INN) == 10 && !isKPP(c.KPP):
		bad.Add("kpp", "КПП организации — 9 знаков: цифры, на пятом и шестом месте могут быть буквы A–Z.")
	case len(c.INN) == 12 && c.KPP != "":
		bad.Add("kpp", "У предпринимателя нет КПП.")
	}
	if c.OGRN != "" && !ogrn(c.OGRN, len(inn) == 12) {
		bad.Add("ogrn", "ОГРН — 13 цифр, ОГРНИП — 15 цифр, последняя — контрольная.")
	}
	if c.Email != "" {
		if _, ok := Email(c.Email); !ok {
			bad.Add("email", "Адрес электронной почты написан с ошибкой.")
		}
	}
	return bad.Err()
}

func isKPP(s string) bool {
	if len(s) != 9 {
		return false
	}
	for i := range len(s) {
		digit := s[i] >= '0' && s[i] <= '9'
		if !digit && !((i == 4 || i == 5) && s[i] >= 'A' && s[i] <= 'Z') {
			return false
		}
	}
	return true
}

// ogrn checks the last digit: the number before it, modulo 11 (13 digits) or 13 (15
// digits), of which the last digit counts.
func ogrn(s string, entrepreneur bool) bool {
	length, base := 13, uint64(11)
	if entrepreneur {
		length, base = 15, 13
	}
	if len(s) != length {
		return false
	}
	n := uint64(0)
	for i := range length - 1 {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return s[length-1] == byte('0'+n%base%10)
}

// Mask hides most of a phone or an e-mail: "+7 9** *** **-45", "i***@shop.ru".
func Mask(s string) string {
	if name, host, ok := strings.Cut(s, "@"); ok && name != "" {
		first, _ := utf8.DecodeRuneInString(name)
		return string(first) + "***@" + host
	}
	if len(s) == 12 && strings.HasPrefix(s, "+7") {
		return s[:2] + " " + s[2:3] + "** ***-**-" + s[10:]
	}
	if first, size := utf8.DecodeRuneInString(s); size > 0 {
		return string(first) + "***"
	}
	return ""
}
