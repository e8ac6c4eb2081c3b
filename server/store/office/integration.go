package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// Integration is the office as server/integration sees it.
func (o *Office) Integration() integration.Store { return integrations{o} }

type integrations struct{ *Office }

// hookFollower is the name of the place that integration.Store keeps.
const hookFollower = "webhooks"

// integrationError puts the errors of the driver in the service's words.
func integrationError(doing string, err error) error {
	switch {
	case err == nil, errors.Is(err, integration.ErrNotFound), errors.Is(err, integration.ErrStale), errors.Is(err, feed.ErrMoved):
		return err
	case duplicate(err):
		return integration.ErrTaken
	}
	return fmt.Errorf("office: %s: %w", doing, err)
}

type keyRow struct {
	ID, Org, Maker, Digest, Body    string
	Created, Expires, Revoked, Used int64
}

// keyBody is what nothing is found by.
type keyBody struct {
	Name      string              `json:"name"`
	Scopes    []integration.Scope `json:"scopes"`
	Branches  []string            `json:"branches,omitempty"`
	Registers []fiscal.RegNumber  `json:"registers,omitempty"`
	From      int64               `json:"from,omitempty"`
	To        int64               `json:"to,omitempty"`
	Origins   []string            `json:"origins,omitempty"`
	Last4     string              `json:"last4"`
}

func (r keyRow) key() (integration.Key, error) {
	var b keyBody
	if err := json.Unmarshal([]byte(r.Body), &b); err != nil {
		return integration.Key{}, err
	}
	return integration.Key{ID: r.ID, Org: r.Org, User: r.Maker, Digest: r.Digest, Name: b.Name, Scopes: b.Scopes, Branches: b.Branches, Registers: b.Registers,
		From: at(b.From), To: at(b.To), Origins: b.Origins, Last4: b.Last4, Created: at(r.Created), Expires: at(r.Expires), Revoked: at(r.Revoked), Used: at(r.Used)}, nil
}

func (s integrations) CreateKey(ctx context.Context, k integration.Key, journal ...account.Event) error {
	body, err := json.Marshal(keyBody{k.Name, k.Scopes, k.Branches, k.Registers, ns(k.From), ns(k.To), k.Origins, k.Last4})
	if err != nil {
		return integrationError("adding a key", err)
	}
	return integrationError("adding a key", s.noted(ctx, journal, func(tx runner) error {
		if _, err := exec(ctx, tx, `INSERT INTO api_keys (id, org, maker, digest, body, created, expires, revoked, used) VALUES (?,?,?,?,?,?,?,?,?)`,
			k.ID, k.Org, k.User, k.Digest, string(body), ns(k.Created), ns(k.Expires), ns(k.Revoked), ns(k.Used)); err != nil {
			return err
		}
		for _, origin := range k.Origins {
			if _, err := exec(ctx, tx, `INSERT INTO api_origins (api_key, origin) VALUES (?,?) ON CONFLICT DO NOTHING`, k.ID, origin); err != nil {
				return err
			}
		}
		return nil
	}))
}

const keyColumns = `SELECT id, org, maker, digest, body, created, expires, revoked, used FROM api_keys `

func (s integrations) readKey(ctx context.Context, where string, args ...any) (integration.Key, error) {
	var r keyRow
	if err := one(ctx, s.db, integration.ErrNotFound, &r, keyColumns+where, args...); err != nil {
		return integration.Key{}, integrationError("reading a key", err)
	}
	k, err := r.key()
	return k, integrationError("reading a key", err)
}

func (s integrations) KeyByDigest(ctx context.Context, digest string) (integration.Key, error) {
	return s.readKey(ctx, `WHERE digest = ?`, digest)
}

func (s integrations) Key(ctx context.Context, org, id string) (integration.Key, error) {
	return s.readKey(ctx, `WHERE org = ? AND id = ?`, org, id)
}

func (s integrations) Keys(ctx context.Context, org string) ([]integration.Key, error) {
	var rows []keyRow
	if err := many(ctx, s.db, &rows, keyColumns+`WHERE org = ? ORDER BY created DESC, id`, org); err != nil {
		return nil, integrationError("reading keys", err)
	}
	all := make([]integration.Key, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = r.key(); err != nil {
			return nil, integrationError("reading keys", err)
		}
	}
	return all, nil
}

// keyTouched fails with ErrNotFound when nothing was.
func keyTouched(n int64, err error) error {
	if err == nil && n == 0 {
		return integration.ErrNotFound
	}
	return err
}

func (s integrations) RevokeKey(ctx context.Context, org, id string, when time.Time, journal ...account.Event) error {
	return integrationError("revoking a key", s.noted(ctx, journal, func(tx runner) error {
		n, err := exec(ctx, tx, `UPDATE api_keys SET revoked = ? WHERE org = ? AND id = ? AND revoked = 0`, ns(when), org, id)
		if err != nil || n > 0 {
			return err
		}
		return absentOrStale(ctx, tx, `api_keys`, org, id)
	}))
}

// absentOrStale is why a row was not changed: it is not there, or not as it was read.
func absentOrStale(ctx context.Context, tx runner, table, org, id string) error {
	var n int
	if err := one(ctx, tx, integration.ErrNotFound, &n, `SELECT count(*) FROM `+table+` WHERE org = ? AND id = ?`, org, id); err != nil {
		return err
	}
	if n == 0 {
		return integration.ErrNotFound
	}
	return integration.ErrStale
}

func (s integrations) TouchKey(ctx context.Context, id string, when time.Time) error {
	return integrationError("noting the use of a key", keyTouched(exec(ctx, s.db, `UPDATE api_keys SET used = ? WHERE id = ?`, ns(when), id)))
}

func (s integrations) Origin(ctx context.Context, origin string) (bool, error) {
	var n int
	err := one(ctx, s.db, integration.ErrNotFound, &n, `SELECT count(*) FROM api_origins o JOIN api_keys k ON k.id = o.api_key WHERE o.origin = ? AND k.revoked = 0`, origin)
	return n > 0, integrationError("reading origins", err)
}

type hookRow struct {
	ID, Org, Maker, URL, Events string
	APIKey                      string `db:"api_key"`
	Off                         bool   `db:"is_off"`
	Secret                      []byte
	Created, Version            int64
}

func (r hookRow) hook() integration.Hook {
	h := integration.Hook{ID: r.ID, Org: r.Org, User: r.Maker, Key: r.APIKey, URL: r.URL, Off: r.Off, Secret: r.Secret, Created: at(r.Created), Version: r.Version}
	for e := range strings.FieldsSeq(r.Events) {
		h.Events = append(h.Events, integration.Event(e))
	}
	return h
}

func eventText(all []integration.Event) string {
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = string(e)
	}
	return strings.Join(texts, " ")
}

func (s integrations) CreateHook(ctx context.Context, h integration.Hook, journal ...account.Event) error {
	return integrationError("adding a webhook", s.noted(ctx, journal, func(tx runner) error {
		_, err := exec(ctx, tx, `INSERT INTO webhooks (id, org, maker, api_key, url, events, is_off, secret, created, version) VALUES (?,?,?,?,?,?,?,?,?,?)`,
			h.ID, h.Org, h.User, h.Key, h.URL, eventText(h.Events), h.Off, h.Secret, ns(h.Created), max(h.Version, 1))
		return err
	}))
}

const hookColumns = `SELECT id, org, maker, api_key, url, events, is_off, secret, created, version FROM webhooks `

func (s integrations) Hook(ctx context.Context, org, id string) (integration.Hook, error) {
	var r hookRow
	err := one(ctx, s.db, integration.ErrNotFound, &r, hookColumns+`WHERE org = ? AND id = ?`, org, id)
	return r.hook(), integrationError("reading a webhook", err)
}

func (s integrations) Hooks(ctx context.Context, org string) ([]integration.Hook, error) {
	var rows []hookRow
	where, args := `WHERE org = ? `, []any{org}
	if org == "" {
		where, args = "", nil
	}
	if err := many(ctx, s.db, &rows, hookColumns+where+`ORDER BY created, id`, args...); err != nil {
		return nil, integrationError("reading webhooks", err)
	}
	all := make([]integration.Hook, len(rows))
	for i, r := range rows {
		all[i] = r.hook()
	}
	return all, nil
}

func (s integrations) UpdateHook(ctx context.Context, h integration.Hook, journal ...account.Event) error {
	return integrationError("changing a webhook", s.noted(ctx, journal, func(tx runner) error {
		n, err := exec(ctx, tx, `UPDATE webhooks SET url = ?, events = ?, is_off = ?, version = version + 1 WHERE org = ? AND id = ? AND version = ?`,
			h.URL, eventText(h.Events), h.Off, h.Org, h.ID, h.Version)
		if err != nil || n > 0 {
			return err
		}
		return absentOrStale(ctx, tx, `webhooks`, h.Org, h.ID)
	}))
}

func (s integrations) DeleteHook(ctx context.Context, org, id string, journal ...account.Event) error {
	return integrationError("removing a webhook", s.noted(ctx, journal, func(tx runner) error {
		var n int
		if err := one(ctx, tx, integration.ErrNotFound, &n, `SELECT count(*) FROM webhooks WHERE org = ? AND id = ?`, org, id); err != nil {
			return err
		}
		if n == 0 {
			return integration.ErrNotFound
		}
		for _, statement := range []string{`DELETE FROM webhook_deliveries WHERE hook = ?`, `DELETE FROM webhook_marks WHERE hook = ?`, `DELETE FROM webhooks WHERE id = ?`} {
			if _, err := exec(ctx, tx, statement, id); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s integrations) Place(ctx context.Context) (int64, error) {
	return place(ctx, s.db, hookFollower)
}

func (s integrations) Advance(ctx context.Context, from, to int64, all []integration.Delivery) error {
	return integrationError("keeping deliveries", s.tx(ctx, func(tx runner) error {
		if err := advance(ctx, tx, hookFollower, from, to); err != nil {
			return err
		}
		return addDeliveries(ctx, tx, all)
	}))
}

// addDeliveries leaves out those of hooks that were removed meanwhile.
func addDeliveries(ctx context.Context, r runner, all []integration.Delivery) error {
	for _, d := range all {
		if _, err := addDelivery(ctx, r, d); err != nil {
			return err
		}
	}
	return nil
}

// addDelivery tells whether the hook is there: 1 or 0.
func addDelivery(ctx context.Context, r runner, d integration.Delivery) (int64, error) {
	return exec(ctx, r, `INSERT INTO webhook_deliveries (id, hook, org, event, body, state, tries, status, reason, created, due, done)
		SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM webhooks WHERE id = ?`,
		d.ID, d.Org, string(d.Event), d.Body, string(d.State), d.Tries, d.Status, d.Reason, ns(d.Created), ns(d.Due), ns(d.Done), d.Hook)
}
