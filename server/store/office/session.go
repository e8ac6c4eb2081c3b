package office

import (
	"context"

	"github.com/fiscalbench/fiscalbench/server/account"
)

type sessionRow struct {
	ID, Member, Org, Address, Agent string
	CreatedAt                       int64 `db:"created_at"`
	SeenAt                          int64 `db:"seen_at"`
	ExpiresAt                       int64 `db:"expires_at"`
}

func (r sessionRow) session() account.Session {
	return account.Session{ID: r.ID, User: r.Member, Org: r.Org, Address: r.Address, Agent: r.Agent,
		CreatedAt: at(r.CreatedAt), SeenAt: at(r.SeenAt), ExpiresAt: at(r.ExpiresAt)}
}

func (a accounts) CreateSession(ctx context.Context, s account.Session) error {
	_, err := exec(ctx, a.db, `INSERT INTO sessions (id, member, org, address, agent, created_at, seen_at, expires_at) VALUES (?,?,?,?,?,?,?,?)`,
		s.ID, s.User, s.Org, s.Address, s.Agent, ns(s.CreatedAt), ns(s.SeenAt), ns(s.ExpiresAt))
	return accountError("adding a session", err)
}

const sessionColumns = `SELECT id, member, org, address, agent, created_at, seen_at, expires_at FROM sessions `

func (a accounts) Session(ctx context.Context, id string) (account.Session, error) {
	var r sessionRow
	err := one(ctx, a.db, account.ErrNotFound, &r, sessionColumns+`WHERE id = ?`, id)
	return r.session(), accountError("reading a session", err)
}

func (a accounts) Sessions(ctx context.Context, user string) ([]account.Session, error) {
	var rows []sessionRow
	if err := many(ctx, a.db, &rows, sessionColumns+`WHERE member = ? ORDER BY seen_at DESC, id`, user); err != nil {
		return nil, accountError("reading sessions", err)
	}
	all := make([]account.Session, len(rows))
	for i, r := range rows {
		all[i] = r.session()
	}
	return all, nil
}

func (a accounts) EndSessions(ctx context.Context, user, keep string) error {
	_, err := exec(ctx, a.db, `DELETE FROM sessions WHERE member = ? AND id <> ?`, user, keep)
	return accountError("ending sessions", err)
}

func (a accounts) EndSession(ctx context.Context, user, id string) error {
	_, err := exec(ctx, a.db, `DELETE FROM sessions WHERE member = ? AND id = ?`, user, id)
	return accountError("ending a session", err)
}

type proofRow struct {
	ID, Purpose, Member, Subject, Secret string
	Tries                                int
	SentAt                               int64 `db:"sent_at"`
	ExpiresAt                            int64 `db:"expires_at"`
}

func (a accounts) PutProof(ctx context.Context, p account.Proof) error {
	_, err := exec(ctx, a.db, `INSERT INTO proofs (id, purpose, member, subject, secret, tries, sent_at, expires_at) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, secret = excluded.secret, tries = excluded.tries, sent_at = excluded.sent_at,
		expires_at = excluded.expires_at`, p.ID, string(p.Purpose), p.User, p.Subject, p.Secret, p.Tries, ns(p.SentAt), ns(p.Expires))
	return accountError("keeping a proof", err)
}

func (a accounts) Proof(ctx context.Context, id string) (account.Proof, error) {
	var r proofRow
	err := one(ctx, a.db, account.ErrNotFound, &r, `SELECT id, purpose, member, subject, secret, tries, sent_at, expires_at FROM proofs WHERE id = ?`, id)
	return account.Proof{ID: r.ID, Purpose: account.Purpose(r.Purpose), User: r.Member, Subject: r.Subject, Secret: r.Secret, Tries: r.Tries,
		SentAt: at(r.SentAt), Expires: at(r.ExpiresAt)}, accountError("reading a proof", err)
}

func (a accounts) TryProof(ctx context.Context, id string) (int, error) {
	var tries int
	err := one(ctx, a.db, account.ErrNotFound, &tries, `UPDATE proofs SET tries = tries + 1 WHERE id = ? RETURNING tries`, id)
	return tries, accountError("counting a try", err)
}

func (a accounts) UseProof(ctx context.Context, id string) error {
	return accountError("using a proof", touched(exec(ctx, a.db, `DELETE FROM proofs WHERE id = ?`, id)))
}

type eventRow struct {
	ID, Org, Member, Address, Action, Result, About, Detail string
	Key                                                     string `db:"api_key"`
	At                                                      int64
}

func (a accounts) AddEvent(ctx context.Context, e account.Event) error {
	return accountError("writing the audit log", addEvents(ctx, a.db, e))
}

// addEvents writes entries, in the transaction of what they tell of when r is one.
func addEvents(ctx context.Context, r runner, all ...account.Event) error {
	for _, e := range all {
		if _, err := exec(ctx, r, `INSERT INTO audit (id, at, org, member, api_key, address, action, result, about, detail) VALUES (?,?,?,?,?,?,?,?,?,?)`,
			e.ID, ns(e.At), e.Org, e.User, e.Key, e.Address, e.Action, e.Result, e.About, e.Detail); err != nil {
			return err
		}
	}
	return nil
}

func (a accounts) Events(ctx context.Context, org string, f account.EventFilter) ([]account.Event, error) {
	where, args := `org = ?`, []any{org}
	if f.About != "" {
		where, args = where+` AND about = ?`, append(args, f.About)
	}
	if f.Before != "" {
		where, args = where+` AND id < ?`, append(args, f.Before)
	}
	var rows []eventRow
	if err := many(ctx, a.db, &rows, `SELECT id, at, org, member, api_key, address, action, result, about, detail FROM audit WHERE `+where+
		` ORDER BY id DESC LIMIT ?`, append(args, f.Limit)...); err != nil {
		return nil, accountError("reading the audit log", err)
	}
	all := make([]account.Event, len(rows))
	for i, r := range rows {
		all[i] = account.Event{ID: r.ID, At: at(r.At), Org: r.Org, User: r.Member, Key: r.Key, Address: r.Address, Action: r.Action, Result: r.Result, About: r.About, Detail: r.Detail}
	}
	return all, nil
}
