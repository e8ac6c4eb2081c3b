package main

import (
	"net"
	"net/http"
	"net/mail"
	"os"
	"strconv"
	"time"

	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// mailFlags are the settings of what goes out to people, and of the pages for those
// who hold a receipt. Secrets come by the environment alone: command lines are seen by
// everybody.
type mailFlags struct {
	SMTP     string `name:"smtp" placeholder:"HOST:PORT" help:"Mail server that letters go through (default: none, they stay on the page «Исходящие»)."`
	SMTPFrom string `name:"smtp-from" placeholder:"ADDRESS" help:"Sender of letters; needed with --smtp."`
	SMTPUser string `name:"smtp-user" placeholder:"NAME" help:"User at the mail server (default: no login); the password is OFD_SMTP_PASSWORD."`
	SMTPTLS  bool   `name:"smtp-tls" help:"Refuse mail servers without STARTTLS."`

	SMSURL string `name:"sms-url" placeholder:"URL" help:"Gateway that SMS go through: an address with {to}, {text} and, if it wants it there, {token}, which is OFD_SMS_TOKEN (default: none, they stay on the page «Исходящие»)."`

	OutboxDays int `name:"outbox-days" default:"90" help:"Days that letters and SMS stay on the page «Исходящие»; 0: for ever (default ${default})."`

	SupportPhone   string `name:"support-phone" placeholder:"NUMBER" help:"Telephone of the support, on every page and in letters."`
	SupportEmail   string `name:"support-email" placeholder:"ADDRESS" help:"E-mail of the support, on every page and in letters."`
	SupportAddress string `name:"support-address" placeholder:"TEXT" help:"Address of the support, on every page and in letters."`

	Compat bool `name:"compat" help:"Check receipts at the addresses that other operators use, too: cheque, show, find-ticket."`
}

// Names of secrets in the environment.
const (
	smtpPassword = "OFD_SMTP_PASSWORD"
	smsToken     = "OFD_SMS_TOKEN"
)

// mail puts the settings into those of the front.
func (m *mailFlags) mail(o *front.Options) error {
	o.Compat, o.Contacts = m.Compat, page.Contacts{Phone: m.SupportPhone, Email: m.SupportEmail, Address: m.SupportAddress}
	if m.OutboxDays < 0 {
		return usage("--outbox-days=%d: must not be less than zero", m.OutboxDays)
	}
	o.MailKeep = time.Duration(m.OutboxDays) * 24 * time.Hour
	if m.SMSURL != "" {
		gateway, err := notify.NewGateway(m.SMSURL, os.Getenv(smsToken))
		if err != nil {
			return usage("--sms-url: %w", err)
		}
		o.SMS = gateway
	}
	if m.SMTP == "" {
		return nil
	}
	host, text, err := net.SplitHostPort(m.SMTP)
	port, portErr := strconv.ParseUint(text, 10, 16)
	if err != nil || portErr != nil || host == "" || port == 0 {
		return usage("--smtp=%q: want HOST:PORT", m.SMTP)
	}
	if _, err := mail.ParseAddress(m.SMTPFrom); err != nil {
		return usage("--smtp-from=%q: want the address that letters come from", m.SMTPFrom)
	}
	o.Mail = &notify.SMTP{Host: host, Port: int(port), User: m.SMTPUser, Password: os.Getenv(smtpPassword), From: m.SMTPFrom, TLS: m.SMTPTLS}
	return nil
}

// outboxPath is where tests of a bench read what was sent last (SIM-01).
const outboxPath = "/bench/v1/outbox/"

// withOutbox adds the outbox to the bench's own API.
func (p *people) withOutbox(machine http.Handler) http.Handler {
	if p == nil {
		return machine
	}
	mux := http.NewServeMux()
	mux.Handle("/", machine)
	mux.Handle(outboxPath, p.Outbox())
	return mux
}
