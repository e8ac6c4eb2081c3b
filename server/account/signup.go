package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Application is the questionnaire of registration (CAB-011).
type Application struct {
	OrgName  string
	Contact  string // person
	Phone    string // may be empty: an account by e-mail alone (CAB-013)
	Email    string
	Login    string // user name; may be empty
	Password string
	Consent  bool // to the handling of personal data (CAB-012)
	Address  string
}

// Register makes a user and an organisation that is not confirmed yet, and sends the
// code NTF-01 when there is a phone, else the letter NTF-02. It returns the user's
// id. Fields that are wrong come back as invalid.Fields.
func (s *Service) Register(ctx context.Context, a Application) (user string, err error) {
	if err := s.take(ctx, "register "+a.Address, 20, time.Hour); err != nil {
		return "", err
	}
	now := s.o.Now()
	u := User{Login: strings.ToLower(strings.TrimSpace(a.Login)), Name: strings.TrimSpace(a.Contact), ConsentAt: now, CreatedAt: now}
	bad := invalid.Fields{}
	if !a.Consent {
		bad.Add("consent", "Без согласия на обработку персональных данных зарегистрироваться нельзя.")
	}
	if strings.TrimSpace(a.Phone) != "" {
		var ok bool
		if u.Phone, ok = Phone(a.Phone); !ok {
			bad.Add("phone", "Номер телефона: +7 и десять цифр.")
		}
	}
	var ok bool
	if u.Email, ok = Email(a.Email); !ok {
		bad.Add("email", "Адрес электронной почты написан с ошибкой.")
	}
	if u.Login != "" {
		bad.Add("login", badLogin(u.Login))
	}
	bad.Add("password", weak(a.Password))
	if err := bad.Err(); err != nil {
		return "", err
	}
	if u.ID, err = s.newID(); err != nil {
		return "", err
	}
	if u.Password, err = s.hash(a.Password); err != nil {
		return "", err
	}
	if err := s.store.CreateUser(ctx, u); err != nil {
		if errors.Is(err, ErrTaken) {
			return "", invalid.Fields{"email": "Пользователь с таким телефоном, почтой или именем уже есть. Войдите или восстановите пароль."}
		}
		return "", err
	}
	name := strings.TrimSpace(a.OrgName)
	if name == "" {
		name = "Новая организация"
	}
	if _, err := s.createOrg(ctx, u.ID, name); err != nil {
		return "", err
	}
	s.audit(ctx, Event{User: u.ID, Address: a.Address, Action: "register", Result: "ok"})
	if u.Phone != "" {
		return u.ID, s.sendCode(ctx, u.ID, ProvePhone, u.Phone, "NTF-01")
	}
	return u.ID, s.sendLink(ctx, u.ID, ProveEmail, u.Email, "NTF-02", "/confirm", LinkTerm)
}

// createOrg makes an organisation whose account the user owns.
func (s *Service) createOrg(ctx context.Context, user, name string) (Org, error) {
	id, err := s.newID()
	if err != nil {
		return Org{}, err
	}
	o := Org{ID: id, Name: name, Owner: user, Version: 1, CreatedAt: s.o.Now()}
	return o, s.store.CreateOrg(ctx, o, Member{Org: id, User: user, Role: access.Owner, Since: o.CreatedAt})
}

// sendCode sends a code by SMS, not more often than CodePause.
func (s *Service) sendCode(ctx context.Context, user string, p Purpose, phone, kind string) error {
	now := s.o.Now()
	id := string(p) + " " + user
	if old, err := s.store.Proof(ctx, id); err == nil {
		if wait := old.SentAt.Add(CodePause).Sub(now); wait > 0 {
			return &Refused{Reason: TooSoon, Wait: wait}
		}
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	code, err := s.code()
	if err != nil {
		return err
	}
	proof := Proof{ID: id, Purpose: p, User: user, Subject: phone, Secret: digest(code), SentAt: now, Expires: now.Add(CodeTerm)}
	if err := s.store.PutProof(ctx, proof); err != nil {
		return err
	}
	return s.o.Messenger.SMS(ctx, kind, phone, map[string]string{"code": code, "minutes": "5"})
}

// useCode checks a code and spends it: it returns what it proved.
func (s *Service) useCode(ctx context.Context, user string, p Purpose, code string) (Proof, error) {
	id := string(p) + " " + user
	proof, err := s.store.Proof(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Proof{}, &Refused{Reason: Expired}
	}
	if err != nil {
		return Proof{}, err
	}
	if s.o.Now().After(proof.Expires) {
		return Proof{}, &Refused{Reason: Expired}
	}
	// Count first: tries at the same time must not slip past the limit.
	tries, err := s.store.TryProof(ctx, id)
	if err != nil {
		return Proof{}, err
	}
	if tries > CodeTries {
		return Proof{}, &Refused{Reason: TooMany}
	}
	if subtle.ConstantTimeCompare([]byte(digest(strings.TrimSpace(code))), []byte(proof.Secret)) != 1 {
		return Proof{}, &Refused{Reason: WrongCode}
	}
	return proof, s.spend(ctx, id)
}

// spend uses a proof up; whoever comes second finds it expired.
func (s *Service) spend(ctx context.Context, id string) error {
	err := s.store.UseProof(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return &Refused{Reason: Expired}
	}
	return err
}

// sendLink sends a letter with a link that works once.
func (s *Service) sendLink(ctx context.Context, user string, p Purpose, address, kind, path string, term time.Duration) error {
	token, err := s.token()
	if err != nil {
		return err
	}
	now := s.o.Now()
	proof := Proof{ID: digest(token), Purpose: p, User: user, Subject: address, SentAt: now, Expires: now.Add(term)}
	if err := s.store.PutProof(ctx, proof); err != nil {
		return err
	}
	u, err := s.store.User(ctx, user)
	if err != nil {
		return err
	}
	return s.o.Messenger.Letter(ctx, kind, address, map[string]string{"link": s.o.Site + path + "?token=" + token, "address": address, "who": asker(u.Name)})
}

// asker is the name of who asks, for a letter to an address that nobody has proved:
// nothing that could be taken for a link or another address.
func asker(name string) string {
	if strings.ContainsAny(name, "/@:.<>") || len([]rune(name)) > 100 {
		return ""
	}
	return name
}

// useLink checks the token of a link and spends it.
func (s *Service) useLink(ctx context.Context, p Purpose, token string) (Proof, error) {
	proof, err := s.store.Proof(ctx, digest(token))
	if errors.Is(err, ErrNotFound) || (err == nil && (proof.Purpose != p || s.o.Now().After(proof.Expires))) {
		return Proof{}, &Refused{Reason: Expired}
	}
	if err != nil {
		return Proof{}, err
	}
	return proof, s.spend(ctx, proof.ID)
}

// ConfirmPhone takes the code of NTF-01. After the first number is proved the letter
// NTF-02 goes out when the e-mail is not confirmed yet (CAB-014, CAB-015).
func (s *Service) ConfirmPhone(ctx context.Context, user, code string) error {
	proof, err := s.useCode(ctx, user, ProvePhone, code)
	if err != nil {
		return err
	}
	u, err := s.store.User(ctx, user)
	if err != nil {
		return err
	}
	u.Phone, u.PhoneAt = proof.Subject, s.o.Now()
	if err := s.store.UpdateUser(ctx, u); err != nil {
		if errors.Is(err, ErrTaken) {
			return invalid.Fields{"phone": "Этот номер уже занят другой учётной записью."}
		}
		return err
	}
	s.audit(ctx, Event{User: user, Action: "phone.confirm", Result: "ok"})
	if u.EmailAt.IsZero() && u.Email != "" {
		return s.sendLink(ctx, user, ProveEmail, u.Email, "NTF-02", "/confirm", LinkTerm)
	}
	return nil
}

// ConfirmEmail takes the token of the letter NTF-02 and returns the user's id.
func (s *Service) ConfirmEmail(ctx context.Context, token string) (user string, err error) {
	proof, err := s.useLink(ctx, ProveEmail, token)
	if err != nil {
		return "", err
	}
	u, err := s.store.User(ctx, proof.User)
	if err != nil {
		return "", err
	}
	u.Email, u.EmailAt = proof.Subject, s.o.Now()
	if err := s.store.UpdateUser(ctx, u); err != nil {
		if errors.Is(err, ErrTaken) {
			return "", invalid.Fields{"email": "Этот адрес уже занят другой учётной записью."}
		}
		return "", err
	}
	s.audit(ctx, Event{User: u.ID, Action: "email.confirm", Result: "ok"})
	return u.ID, nil
}

// Resend sends the code or the letter again that the user still has to bring back.
func (s *Service) Resend(ctx context.Context, user string) error {
	u, err := s.store.User(ctx, user)
	if err != nil {
		return err
	}
	if u.Phone != "" && u.PhoneAt.IsZero() {
		return s.sendCode(ctx, user, ProvePhone, u.Phone, "NTF-01")
	}
	if u.Email != "" && u.EmailAt.IsZero() {
		if err := s.take(ctx, "letter "+user, 5, time.Hour); err != nil {
			return err
		}
		return s.sendLink(ctx, user, ProveEmail, u.Email, "NTF-02", "/confirm", LinkTerm)
	}
	return nil
}
