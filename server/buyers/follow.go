package buyers

import (
	"context"
	"errors"
	"net/mail"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// follow puts messages about documents that came after from into the outbox.
func (s *Service) follow(ctx context.Context, from int64, docs []store.Document) error {
	type seller struct {
		inn fiscal.INN
		reg fiscal.RegNumber
	}
	known := map[seller]*Settings{}
	var messages []notify.Message
	for i := range docs {
		d := &docs[i]
		if len(d.STLV) == 0 || d.UserINN == "" || d.RegID == "" || !(d.Form.IsReceipt() || d.Form.IsCorrection()) {
			continue
		}
		key := seller{d.UserINN, d.RegID}
		settings, ok := known[key]
		if !ok {
			read, err := s.store.Seller(ctx, d.UserINN, d.RegID)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if err == nil {
				settings = &read
			}
			known[key] = settings
		}
		if settings == nil || !(settings.SMS || settings.Letters) || (d.Form.IsCorrection() && !settings.Corrections) {
			continue
		}
		m, ok, err := s.write(d, settings)
		if err != nil {
			// A receipt that cannot be drawn must not stop those behind it.
			s.o.Logger.Error("writing to a buyer", "fn", d.FN, "fd", d.FD, "err", err)
			continue
		}
		if ok {
			messages = append(messages, m)
		}
	}
	low, err := s.store.Keep(ctx, from, docs[len(docs)-1].ID, messages, s.o.Now(), FewSMS)
	if err != nil {
		return err
	}
	if len(messages) > 0 {
		s.o.Notify.Wake()
	}
	s.warn(ctx, low)
	return nil
}

// write makes the message about a document; false when the buyer is to get none.
func (s *Service) write(d *store.Document, settings *Settings) (notify.Message, bool, error) {
	doc, err := ffd.Decode(d.STLV)
	if err != nil {
		return notify.Message{}, false, nil // nothing is known of it
	}
	to, channel := contact(doc.Text(ffd.TagBuyerPhoneOrAddress))
	var m notify.Message
	switch {
	case channel == notify.SMS && settings.SMS && !d.ReceivedAt.Before(settings.SMSSince):
		m = s.sms(d, doc)
	case channel == notify.Letter && settings.Letters && !d.ReceivedAt.Before(settings.LettersSince):
		if m, err = s.letter(d, doc, settings, false); err != nil {
			return m, false, err
		}
	default:
		return m, false, nil
	}
	m.Kind, m.Channel, m.To, m.Org, m.About = Kind, channel, to, settings.Org, About(d.FN, d.FD)
	m, err = s.o.Notify.Draft(m)
	if err == nil && channel == notify.Letter {
		m.Text, m.HTML = s.sign(m.Text, m.ID), s.sign(m.HTML, m.ID)
	}
	return m, err == nil, err
}

// contact reads requisite 1008: a phone with "+" or an e-mail; anything else is
// nobody's address.
func contact(text string) (string, notify.Channel) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		rest = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(rest)
		if len(rest) >= 10 && len(rest) <= 15 && strings.Trim(rest, "0123456789") == "" {
			return "+" + rest, notify.SMS
		}
		return "", ""
	}
	if a, err := mail.ParseAddress(text); err == nil && a.Address == text {
		return text, notify.Letter
	}
	return "", ""
}

// normal is an address as suppressions have it.
func normal(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
