package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

// Buyers is the office as server/buyers sees it.
func (o *Office) Buyers() buyers.Store { return sellers{o} }

type sellers struct{ *Office }

// buyersFollower is the name of the place that buyers.Store keeps.
const buyersFollower = "buyers"

// buyersError puts the errors of the driver in the service's words.
func buyersError(doing string, err error) error {
	if err == nil || errors.Is(err, buyers.ErrNotFound) || errors.Is(err, buyers.ErrStale) || errors.Is(err, feed.ErrMoved) {
		return err
	}
	return fmt.Errorf("office: %s: %w", doing, err)
}

func (s sellers) Place(ctx context.Context) (int64, error) { return place(ctx, s.db, buyersFollower) }

type buyerSettingsRow struct {
	Org, Body string
	Version   int64
}

func (r buyerSettingsRow) settings() (s buyers.Settings, err error) {
	err = json.Unmarshal([]byte(r.Body), &s)
	s.Org, s.Version = r.Org, r.Version
	return s, err
}

func (s sellers) Settings(ctx context.Context, org string) (buyers.Settings, error) {
	var row buyerSettingsRow
	err := one(ctx, s.db, buyers.ErrNotFound, &row, `SELECT org, body, version FROM buyer_settings WHERE org = ?`, org)
	if errors.Is(err, buyers.ErrNotFound) {
		return buyers.Settings{Org: org}, nil
	}
	var found buyers.Settings
	if err == nil {
		found, err = row.settings()
	}
	return found, buyersError("reading settings of messages", err)
}

func (s sellers) SaveSettings(ctx context.Context, settings buyers.Settings) error {
	body, err := json.Marshal(settings)
	if err != nil {
		return buyersError("writing settings of messages", err)
	}
	var n int64
	if settings.Version == 0 {
		n, err = exec(ctx, s.db, `INSERT INTO buyer_settings (org, body, version) VALUES (?, ?, 1) ON CONFLICT (org) DO NOTHING`, settings.Org, string(body))
	} else {
		n, err = exec(ctx, s.db, `UPDATE buyer_settings SET body = ?, version = version + 1 WHERE org = ? AND version = ?`, string(body), settings.Org, settings.Version)
	}
	if err == nil && n == 0 {
		err = buyers.ErrStale
	}
	return buyersError("writing settings of messages", err)
}

func (s sellers) Seller(ctx context.Context, inn fiscal.INN, reg fiscal.RegNumber) (buyers.Settings, error) {
	var row buyerSettingsRow
	err := one(ctx, s.db, buyers.ErrNotFound, &row, `SELECT b.org, b.body, b.version FROM buyer_settings b JOIN orgs o ON o.id = b.org
		JOIN registers r ON r.org = b.org WHERE o.inn = ? AND r.reg_id = ?`, string(inn), string(reg))
	var found buyers.Settings
	if err == nil {
		found, err = row.settings()
	}
	return found, buyersError("reading a seller", err)
}

func (s sellers) Keep(ctx context.Context, from, to int64, messages []notify.Message, now time.Time, few int64) (low []buyers.Low, err error) {
	err = s.tx(ctx, func(tx runner) error {
		if err := advance(ctx, tx, buyersFollower, from, to); err != nil {
			return err
		}
		for _, m := range messages {
			_, l, err := post(ctx, tx, m, now, few)
			if err != nil {
				return err
			}
			low = append(low, l...)
		}
		return nil
	})
	if err != nil {
		return nil, buyersError("keeping messages to buyers", err)
	}
	return low, nil
}

func (s sellers) Post(ctx context.Context, m notify.Message, now time.Time, few int64) (state notify.State, low []buyers.Low, err error) {
	err = s.tx(ctx, func(tx runner) error {
		state, low, err = post(ctx, tx, m, now, few)
		return err
	})
	return state, low, buyersError("keeping a message to a buyer", err)
}

// post puts a message into the outbox in the state that suppressions and packages leave it.
func post(ctx context.Context, tx runner, m notify.Message, now time.Time, few int64) (notify.State, []buyers.Low, error) {
	var suppressed int
	if err := one(ctx, tx, buyers.ErrNotFound, &suppressed, `SELECT count(*) FROM buyer_suppressed WHERE org = ? AND address = ?`, m.Org, strings.ToLower(m.To)); err != nil {
		return "", nil, err
	}
	var low []buyers.Low
	switch {
	case suppressed > 0:
		m.State = notify.Suppressed
	case m.Channel == notify.SMS:
		before, after, err := take(ctx, tx, m.Org, int64(m.Segments()), now)
		if err != nil {
			return "", nil, err
		}
		if before == after {
			m.State, m.Reason = notify.NoPackage, "В пакете SMS не осталось сообщений."
		} else if before > few && after <= few {
			low = append(low, buyers.Low{Org: m.Org, Left: after})
		}
	}
	return m.State, low, addMessage(ctx, tx, m)
}

// take takes n segments from packages, or none when there are fewer; it tells how many
// there were before and are after.
func take(ctx context.Context, tx runner, org string, n int64, now time.Time) (before, after int64, err error) {
	// Takers wait for each other here: two servers must not spend the same segments.
	if _, err := exec(ctx, tx, `UPDATE buyer_packages SET remaining = remaining WHERE org = ?`, org); err != nil {
		return 0, 0, err
	}
	var all []struct {
		ID        string
		Remaining int64
	}
	if err := many(ctx, tx, &all, `SELECT id, remaining FROM buyer_packages WHERE org = ? AND remaining > 0 AND until > ? ORDER BY until, id`, org, ns(now)); err != nil {
		return 0, 0, err
	}
	for _, p := range all {
		before += p.Remaining
	}
	if before < n {
		return before, before, nil
	}
	after = before - n
	for _, p := range all {
		spend := min(n, p.Remaining)
		if spend == 0 {
			break
		}
		if _, err := exec(ctx, tx, `UPDATE buyer_packages SET remaining = remaining - ? WHERE id = ?`, spend, p.ID); err != nil {
			return 0, 0, err
		}
		n -= spend
	}
	return before, after, nil
}

func (s sellers) Packages(ctx context.Context, org string) ([]buyers.Package, error) {
	var rows []struct {
		ID, Org                         string
		Bought, Remaining, Since, Until int64
	}
	if err := many(ctx, s.db, &rows, `SELECT id, org, bought, remaining, since, until FROM buyer_packages WHERE org = ? ORDER BY until, id`, org); err != nil {
		return nil, buyersError("reading packages", err)
	}
	all := make([]buyers.Package, len(rows))
	for i, r := range rows {
		all[i] = buyers.Package{ID: r.ID, Org: r.Org, Bought: r.Bought, Left: r.Remaining, At: at(r.Since), Until: at(r.Until)}
	}
	return all, nil
}

func (s sellers) AddPackage(ctx context.Context, p buyers.Package) error {
	_, err := exec(ctx, s.db, `INSERT INTO buyer_packages (id, org, bought, remaining, since, until) VALUES (?,?,?,?,?,?)`, p.ID, p.Org, p.Bought, p.Left, ns(p.At), ns(p.Until))
	return buyersError("adding a package", err)
}

func (s sellers) Suppressions(ctx context.Context, org string) ([]buyers.Suppression, error) {
	var rows []struct {
		Org, Address, Reason string
		Since                int64
	}
	if err := many(ctx, s.db, &rows, `SELECT org, address, reason, since FROM buyer_suppressed WHERE org = ? ORDER BY since DESC, address`, org); err != nil {
		return nil, buyersError("reading suppressions", err)
	}
	all := make([]buyers.Suppression, len(rows))
	for i, r := range rows {
		all[i] = buyers.Suppression{Org: r.Org, Address: r.Address, Reason: r.Reason, At: at(r.Since)}
	}
	return all, nil
}

func (s sellers) Suppress(ctx context.Context, one buyers.Suppression) error {
	_, err := exec(ctx, s.db, `INSERT INTO buyer_suppressed (org, address, reason, since) VALUES (?,?,?,?) ON CONFLICT (org, address) DO NOTHING`, one.Org, one.Address, one.Reason, ns(one.At))
	return buyersError("suppressing an address", err)
}

func (s sellers) Release(ctx context.Context, org, address string) error {
	_, err := exec(ctx, s.db, `DELETE FROM buyer_suppressed WHERE org = ? AND address = ?`, org, address)
	return buyersError("releasing an address", err)
}

func (s sellers) Counts(ctx context.Context, org, kind string, since time.Time) ([]buyers.Count, error) {
	var rows []struct {
		Channel, State string
		Messages       int64
	}
	if err := many(ctx, s.db, &rows, `SELECT channel, state, count(*) AS messages FROM messages WHERE org = ? AND kind = ? AND created >= ? GROUP BY channel, state ORDER BY channel, state`,
		org, kind, ns(since)); err != nil {
		return nil, buyersError("counting messages", err)
	}
	all := make([]buyers.Count, len(rows))
	for i, r := range rows {
		all[i] = buyers.Count{Channel: notify.Channel(r.Channel), State: notify.State(r.State), Messages: r.Messages}
	}
	return all, nil
}

func (s sellers) Reach(ctx context.Context, org string) (string, error) {
	var to string
	err := one(ctx, s.db, buyers.ErrNotFound, &to, `SELECT CASE WHEN o.email <> '' THEN o.email ELSE COALESCE(u.email, '') END FROM orgs o LEFT JOIN users u ON u.id = o.owner WHERE o.id = ?`, org)
	return to, buyersError("reading an address", err)
}
