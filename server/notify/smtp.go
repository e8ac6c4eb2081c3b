package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	address "net/mail"
	"time"

	"github.com/wneessen/go-mail"
)

// SMTP sends letters through a real server (SIM-02). Host and From are needed.
type SMTP struct {
	Host     string
	Port     int // 25 when zero
	User     string
	Password string
	From     string // address, with or without a name
	TLS      bool   // refuse servers without STARTTLS
}

// mailLimit bounds one delivery.
const mailLimit = 30 * time.Second

// Carry implements Carrier. What the server refuses for good (5xx) is *Lasting.
func (c *SMTP) Carry(ctx context.Context, m Message) error {
	letter := mail.NewMsg()
	if err := c.sender(letter, m); err != nil {
		return err
	}
	if err := letter.To(m.To); err != nil {
		return &Lasting{Reason: "Адрес написан с ошибкой."}
	}
	letter.Subject(m.Subject)
	letter.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		letter.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	for _, f := range m.Files {
		if f.ID != "" {
			if err := letter.EmbedReader(f.Name, bytes.NewReader(f.Data), mail.WithFileContentType(mail.ContentType(f.Type)), mail.WithFileContentID("<"+f.ID+">")); err != nil {
				return fmt.Errorf("notify: embedding %s: %w", f.Name, err)
			}
			continue
		}
		if err := letter.AttachReader(f.Name, bytes.NewReader(f.Data), mail.WithFileContentType(mail.ContentType(f.Type))); err != nil {
			return fmt.Errorf("notify: attaching %s: %w", f.Name, err)
		}
	}
	policy := mail.TLSOpportunistic
	if c.TLS {
		policy = mail.TLSMandatory
	}
	options := []mail.Option{mail.WithTLSPolicy(policy), mail.WithTimeout(mailLimit)}
	if c.Port != 0 {
		options = append(options, mail.WithPort(c.Port))
	}
	if c.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	client, err := mail.NewClient(c.Host, options...)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		var refused *mail.SendError
		if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
			return &Lasting{Reason: "Почтовый сервер отказал: адрес не принимает писем."}
		}
		return fmt.Errorf("notify: sending a letter: %w", err)
	}
	return nil
}

// sender names who writes, in front of the operator's address, and where answers go.
func (c *SMTP) sender(letter *mail.Msg, m Message) error {
	from, err := address.ParseAddress(c.From)
	if err != nil {
		return fmt.Errorf("notify: sender's address: %w", err)
	}
	if m.Sender != "" {
		from.Name = m.Sender
	}
	if err := letter.FromFormat(from.Name, from.Address); err != nil {
		return fmt.Errorf("notify: sender's address: %w", err)
	}
	if m.ReplyTo != "" {
		if err := letter.ReplyTo(m.ReplyTo); err != nil {
			return &Lasting{Reason: "Адрес для ответа написан с ошибкой."}
		}
	}
	return nil
}
