package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/server/front"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// SIM-02: a real server by settings, the password by the environment alone.
func TestMailFlags(t *testing.T) {
	t.Setenv("OFD_SMTP_PASSWORD", "secret")
	var o front.Options
	require.NoError(t, (&mailFlags{OutboxDays: 3, Compat: true, SupportEmail: "help@ofd.example"}).mail(&o))
	assert.Nil(t, o.Mail, "a stand-in")
	assert.Equal(t, 72*time.Hour, o.MailKeep)
	assert.True(t, o.Compat)
	assert.Equal(t, "help@ofd.example", o.Contacts.String())
	require.NoError(t, (&mailFlags{SMTP: "mail.ofd.example:587", SMTPFrom: "ОФД <noreply@ofd.example>", SMTPUser: "ofd", SMTPTLS: true}).mail(&o))
	assert.Equal(t, &notify.SMTP{Host: "mail.ofd.example", Port: 587, User: "ofd", Password: "secret", From: "ОФД <noreply@ofd.example>", TLS: true}, o.Mail)
	for name, m := range map[string]mailFlags{
		"no port": {SMTP: "mail.ofd.example", SMTPFrom: "a@b.example"}, "no sender": {SMTP: "mail.ofd.example:25"}, "days": {OutboxDays: -1}, "gateway": {SMSURL: "https://sms.example/?to={to}"},
	} {
		require.Error(t, m.mail(&front.Options{}), name)
	}
}

func TestMailFlags_AreSettings(t *testing.T) {
	names := flagNames()
	for _, want := range []string{"smtp", "smtp-from", "compat", "outbox-days"} {
		_, ok := names[want]
		assert.True(t, ok, want)
	}
	assert.NotContains(t, names, "smtp-password")
}
