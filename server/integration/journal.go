package integration

import (
	"net/url"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// Entries of the journal about keys and webhooks (operator.md, 1.3). The service writes each in
// the transaction of the change itself, whichever page or operation asked for it. About
// is the id of the key or the webhook; what is said holds no key, no secret, and of a
// webhook's address only the host: paths and queries of such addresses often are secrets.
const (
	DeedCreateKey = "key.create"
	DeedRevokeKey = "key.revoke"

	DeedCreateHook = "webhook.create"
	DeedChangeHook = "webhook.change"
	DeedRemoveHook = "webhook.remove"
	// What is sent at somebody's wish.
	DeedTestHook = "webhook.test"
	DeedResend   = "webhook.resend"
)

// note is an entry about something the viewer does now.
func (s *Service) note(v access.Viewer, action, about string, said ...string) (account.Event, error) {
	return account.Entry(v, s.o.Now(), s.o.Random, action, about, said...)
}

// noteKey is an entry about a key.
func (s *Service) noteKey(v access.Viewer, action string, k Key, said ...string) (account.Event, error) {
	return s.note(v, action, k.ID, append([]string{"ключ «" + k.Name + "»"}, said...)...)
}

// noteHook is an entry about a webhook as it is, or was.
func (s *Service) noteHook(v access.Viewer, action string, h Hook, said ...string) (account.Event, error) {
	return s.note(v, action, h.ID, append([]string{"веб-хук на «" + h.Host() + "»"}, said...)...)
}

// Host is the part of the address that is no secret, "https://host".
func (h Hook) Host() string {
	u, err := url.Parse(h.URL)
	if err != nil {
		return "?"
	}
	return u.Scheme + "://" + u.Host
}

// grants of a new key; t knows the names of its branches.
func (k Key) grants(t *fleet.Tree) []string {
	const layout = "02.01.2006 15:04"
	var branches, registers, dates, until []string
	for _, b := range k.Branches {
		branches = append(branches, t.FullName(b))
	}
	for _, r := range k.Registers {
		registers = append(registers, string(r))
	}
	if !k.From.IsZero() {
		dates = append(dates, "с "+k.From.Format(layout))
	}
	if !k.To.IsZero() {
		dates = append(dates, "до "+k.To.Format(layout))
	}
	if !k.Expires.IsZero() {
		until = append(until, "действует до "+k.Expires.In(moscow).Format(layout+" МСК"))
	}
	return slices.Concat(account.Given("права", joined(k.Scopes, Scope.Title)), account.Given("точки", strings.Join(branches, ", ")), account.Given("РНМ", strings.Join(registers, ", ")),
		account.Given("документы", strings.Join(dates, " ")), until, account.Given("сайты", strings.Join(k.Origins, ", ")))
}

// changes of a webhook.
func (h Hook) changes(after Hook) []string {
	sends := func(h Hook) string {
		if h.Off {
			return "выключена"
		}
		return "включена"
	}
	address := account.Changed("адрес", h.Host(), after.Host())
	if address == nil && h.URL != after.URL {
		address = []string{"адрес: другой на том же узле"}
	}
	return account.Unchanged(slices.Concat(address, account.Changed("события", joined(h.Events, Event.Title), joined(after.Events, Event.Title)),
		account.Changed("отправка", sends(h), sends(after))))
}

// joined are the titles of all.
func joined[T any](all []T, title func(T) string) string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = title(one)
	}
	return strings.Join(texts, ", ")
}
