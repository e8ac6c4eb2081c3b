package buyers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// whole is nil when the viewer has the right in the whole organisation: messages and
// settings are not apart by outlet.
func whole(v access.Viewer, r access.Right) error {
	if err := v.Need(r); err != nil {
		return err
	}
	if !v.Whole() {
		return &access.Refusal{Missing: r}
	}
	return nil
}

// Settings of the viewer's organisation.
func (s *Service) Settings(ctx context.Context, v access.Viewer) (Settings, error) {
	if err := whole(v, access.SeeMessages); err != nil {
		return Settings{}, err
	}
	return s.store.Settings(ctx, v.Org())
}

// SetChannels changes all but the design. It fails with invalid.Fields or ErrStale.
func (s *Service) SetChannels(ctx context.Context, v access.Viewer, change Settings) error {
	return s.change(ctx, v, change.Version, func(now *Settings) error {
		if utf8.RuneCountInString(change.Sender) > maxName || strings.ContainsAny(change.Sender, "\r\n<>\"") {
			return invalid.Fields{"sender": fmt.Sprintf("Имя отправителя — до %d знаков, без кавычек и скобок.", maxName)}
		}
		at := s.o.Now()
		if change.SMS && !now.SMS {
			now.SMSSince = at
		}
		if change.Letters && !now.Letters {
			now.LettersSince = at
		}
		now.SMS, now.Letters, now.Corrections, now.PDF, now.Sender = change.SMS, change.Letters, change.Corrections, change.PDF, change.Sender
		return nil
	})
}

// SetDesign changes the design. The logo was checked by paper.ReadLogo. It fails with
// invalid.Fields or ErrStale.
func (s *Service) SetDesign(ctx context.Context, v access.Viewer, change Settings) error {
	return s.change(ctx, v, change.Version, func(now *Settings) error {
		now.Design = change.Design
		return change.Design.Check()
	})
}

func (s *Service) change(ctx context.Context, v access.Viewer, version int64, work func(*Settings) error) error {
	if err := whole(v, access.EditMessages); err != nil {
		return err
	}
	now, err := s.store.Settings(ctx, v.Org())
	if err != nil {
		return err
	}
	if now.Version != version {
		return ErrStale
	}
	if err := work(&now); err != nil {
		return err
	}
	return s.store.SaveSettings(ctx, now)
}

// Balance of SMS (CAB-141).
type Balance struct {
	Packages []Package
	Left     int64     // segments of packages that are good now
	Until    time.Time // end of the last of them; zero: none
	Few      bool      // few segments or days are left (CAB-906)
}

// Balance of the viewer's organisation.
func (s *Service) Balance(ctx context.Context, v access.Viewer) (Balance, error) {
	if err := whole(v, access.SeeMessages); err != nil {
		return Balance{}, err
	}
	all, err := s.store.Packages(ctx, v.Org())
	if err != nil {
		return Balance{}, err
	}
	b := Balance{Packages: all}
	now := s.o.Now()
	for _, p := range all {
		if p.Left > 0 && p.Until.After(now) {
			b.Left += p.Left
			if p.Until.After(b.Until) {
				b.Until = p.Until
			}
		}
	}
	b.Few = b.Left <= FewSMS || b.Until.Sub(now) <= FewDays*24*time.Hour
	return b, nil
}

// Sizes of packages that are sold.
func Sizes() []int64 { return []int64{100, 1_000, 10_000} }

// AddPackage gives the organisation a package of SMS, good for a year. What is paid
// for it is not this package's affair.
func (s *Service) AddPackage(ctx context.Context, v access.Viewer, size int64) error {
	if err := whole(v, access.EditMessages); err != nil {
		return err
	}
	sold := false
	for _, one := range Sizes() {
		sold = sold || one == size
	}
	if !sold {
		return invalid.Fields{"size": "Такого пакета нет."}
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	now := s.o.Now()
	return s.store.AddPackage(ctx, Package{ID: id, Org: v.Org(), Bought: size, Left: size, At: now, Until: now.Add(packYear)})
}

// Sent is a message as lists show it: the address is masked.
type Sent struct {
	notify.Message
	FN fiscal.FNNumber
	FD fiscal.FDNumber
}

// Repeatable tells whether it may be sent again.
func (m Sent) Repeatable() bool { return m.State != notify.Queued && m.State != notify.Suppressed }

func sent(m notify.Message) Sent {
	m.To, m.Text, m.Subject, m.HTML, m.Files = account.Mask(m.To), "", "", "", nil
	one := Sent{Message: m}
	fn, fd, _ := strings.Cut(m.About, "/")
	if n, err := strconv.ParseUint(fd, 10, 32); err == nil {
		one.FN, one.FD = fiscal.FNNumber(fn), fiscal.FDNumber(n)
	}
	return one
}

// Messages to buyers of the viewer's organisation, newest first. Of f only Channel,
// State, Before and Limit count.
func (s *Service) Messages(ctx context.Context, v access.Viewer, f notify.Filter) ([]Sent, error) {
	if err := whole(v, access.SeeMessages); err != nil {
		return nil, err
	}
	return s.list(ctx, notify.Filter{Org: v.Org(), Kind: Kind, Channel: f.Channel, State: f.State, Before: f.Before, Limit: f.Limit})
}

// Of are the messages about a document that the viewer was shown.
func (s *Service) Of(ctx context.Context, v access.Viewer, fn fiscal.FNNumber, fd fiscal.FDNumber) ([]Sent, error) {
	if !v.Can(access.SeeMessages) {
		return nil, nil
	}
	return s.list(ctx, notify.Filter{Org: v.Org(), Kind: Kind, About: About(fn, fd)})
}

func (s *Service) list(ctx context.Context, f notify.Filter) ([]Sent, error) {
	all, err := s.o.Notify.Messages(ctx, f)
	if err != nil {
		return nil, err
	}
	list := make([]Sent, len(all))
	for i, m := range all {
		list[i] = sent(m)
	}
	return list, nil
}

// Repeat sends a message again, by hand, and tells what became of it: without SMS left
// it is kept as NoPackage. It fails with ErrNotFound or invalid.Fields.
func (s *Service) Repeat(ctx context.Context, v access.Viewer, id string) (notify.State, error) {
	if err := whole(v, access.EditMessages); err != nil {
		return "", err
	}
	m, err := s.o.Notify.Message(ctx, id)
	if errors.Is(err, notify.ErrNotFound) || (err == nil && (m.Org != v.Org() || m.Kind != Kind)) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", err
	}
	if !(Sent{Message: m}).Repeatable() {
		return m.State, invalid.Fields{"": "Это сообщение ещё в очереди или адресат просил не писать."}
	}
	again := notify.Message{Org: m.Org, Kind: m.Kind, Channel: m.Channel, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Files: m.Files, Sender: m.Sender, ReplyTo: m.ReplyTo, About: m.About}
	if again, err = s.o.Notify.Draft(again); err != nil {
		return "", err
	}
	again.Text, again.HTML = strings.ReplaceAll(again.Text, m.ID, again.ID), strings.ReplaceAll(again.HTML, m.ID, again.ID)
	state, low, err := s.store.Post(ctx, again, s.o.Now(), FewSMS)
	if err != nil {
		return "", err
	}
	s.o.Notify.Wake()
	s.warn(ctx, low)
	return state, nil
}

// Statistics are the messages of the viewer's organisation since a time, by channel
// and state (CAB-918).
func (s *Service) Statistics(ctx context.Context, v access.Viewer, since time.Time) ([]Count, error) {
	if err := whole(v, access.SeeMessages); err != nil {
		return nil, err
	}
	return s.store.Counts(ctx, v.Org(), Kind, since)
}

// Suppressions of the viewer's organisation; addresses are masked.
func (s *Service) Suppressions(ctx context.Context, v access.Viewer) ([]Suppression, error) {
	if err := whole(v, access.SeeMessages); err != nil {
		return nil, err
	}
	all, err := s.store.Suppressions(ctx, v.Org())
	for i := range all {
		all[i].Address = account.Mask(all[i].Address)
	}
	return all, err
}

// Suppress keeps messages of the organisation from an address. It fails with invalid.Fields.
func (s *Service) Suppress(ctx context.Context, v access.Viewer, address string) error {
	if err := whole(v, access.EditMessages); err != nil {
		return err
	}
	to, channel := contact(address)
	if channel == "" {
		return invalid.Fields{"address": "Телефон с +7 или адрес почты."}
	}
	return s.store.Suppress(ctx, Suppression{Org: v.Org(), Address: normal(to), Reason: "Внёс продавец", At: s.o.Now()})
}

// Release lets messages go to an address again.
func (s *Service) Release(ctx context.Context, v access.Viewer, address string) error {
	if err := whole(v, access.EditMessages); err != nil {
		return err
	}
	to, channel := contact(address)
	if channel == "" {
		return invalid.Fields{"address": "Телефон с +7 или адрес почты."}
	}
	return s.store.Release(ctx, v.Org(), normal(to))
}

// NotMine suppresses the address of a message for its seller: whoever got it says that
// the receipt is not theirs. The id, which only the letter says, is the proof. It
// fails with ErrNotFound.
func (s *Service) NotMine(ctx context.Context, id string) error {
	m, err := s.o.Notify.Message(ctx, id)
	if errors.Is(err, notify.ErrNotFound) || (err == nil && (m.Kind != Kind || m.Org == "")) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return s.store.Suppress(ctx, Suppression{Org: m.Org, Address: normal(m.To), Reason: "Сообщил: не мой чек", At: s.o.Now()})
}
