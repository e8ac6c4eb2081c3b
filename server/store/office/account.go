package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
)

// Accounts is the office as server/account sees it.
func (o *Office) Accounts() account.Store { return accounts{o} }

type accounts struct{ *Office }

// accountError puts the errors of the driver in the service's words.
func accountError(doing string, err error) error {
	switch {
	case err == nil, errors.Is(err, account.ErrNotFound), errors.Is(err, account.ErrStale), errors.Is(err, account.ErrTaken),
		errors.Is(err, account.ErrUnbound):
		return err
	case duplicate(err):
		return account.ErrTaken
	}
	return fmt.Errorf("office: %s: %w", doing, err)
}

// touched fails with ErrNotFound when no row was touched.
func touched(n int64, err error) error {
	if err == nil && n == 0 {
		return account.ErrNotFound
	}
	return err
}

type userRow struct {
	ID, Name, Password  string
	Login, Email, Phone *string
	EmailAt             int64 `db:"email_at"`
	PhoneAt             int64 `db:"phone_at"`
	ConsentAt           int64 `db:"consent_at"`
	CreatedAt           int64 `db:"created_at"`
}

// null is nil for the empty string: unique columns may have many of those.
func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (r userRow) user() account.User {
	return account.User{ID: r.ID, Login: text(r.Login), Email: text(r.Email), Phone: text(r.Phone), Name: r.Name, Password: r.Password,
		EmailAt: at(r.EmailAt), PhoneAt: at(r.PhoneAt), ConsentAt: at(r.ConsentAt), CreatedAt: at(r.CreatedAt)}
}

func (a accounts) CreateUser(ctx context.Context, u account.User) error {
	_, err := exec(ctx, a.db, `INSERT INTO users (id, login, email, phone, name, password, email_at, phone_at, consent_at, created_at)
		VALUES (?,?,?,?,?,?,?,?,?,?)`, u.ID, null(u.Login), null(u.Email), null(u.Phone), u.Name, u.Password,
		ns(u.EmailAt), ns(u.PhoneAt), ns(u.ConsentAt), ns(u.CreatedAt))
	return accountError("adding a user", err)
}

const userColumns = `SELECT id, login, email, phone, name, password, email_at, phone_at, consent_at, created_at FROM users `

func (a accounts) User(ctx context.Context, id string) (account.User, error) {
	var r userRow
	err := one(ctx, a.db, account.ErrNotFound, &r, userColumns+`WHERE id = ?`, id)
	return r.user(), accountError("reading a user", err)
}

func (a accounts) UserBy(ctx context.Context, name string) (account.User, error) {
	var r userRow
	err := one(ctx, a.db, account.ErrNotFound, &r, userColumns+`WHERE email = ? OR phone = ? OR login = ?`, name, name, name)
	return r.user(), accountError("finding a user", err)
}

func (a accounts) UpdateUser(ctx context.Context, u account.User) error {
	err := touched(exec(ctx, a.db, `UPDATE users SET login = ?, email = ?, phone = ?, name = ?, password = ?, email_at = ?, phone_at = ?, consent_at = ?
		WHERE id = ?`, null(u.Login), null(u.Email), null(u.Phone), u.Name, u.Password, ns(u.EmailAt), ns(u.PhoneAt), ns(u.ConsentAt), u.ID))
	return accountError("changing a user", err)
}

type orgRow struct {
	ID, Name, KPP, OGRN, Address, Email, Phone, Owner string
	INN                                               *string
	FullName                                          string `db:"full_name"`
	TimeZone                                          string `db:"time_zone"`
	Version                                           int64
	CreatedAt                                         int64 `db:"created_at"`
}

func (r orgRow) org() account.Org {
	return account.Org{ID: r.ID, Name: r.Name, FullName: r.FullName, INN: text(r.INN), KPP: r.KPP, OGRN: r.OGRN, Address: r.Address,
		Email: r.Email, Phone: r.Phone, TimeZone: r.TimeZone, Owner: r.Owner, Version: r.Version, CreatedAt: at(r.CreatedAt)}
}

func (a accounts) CreateOrg(ctx context.Context, o account.Org, owner account.Member) error {
	return accountError("adding an organisation", a.tx(ctx, func(tx runner) error {
		_, err := exec(ctx, tx, `INSERT INTO orgs (id, name, full_name, inn, kpp, ogrn, address, email, phone, time_zone, owner, version, created_at)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`, o.ID, o.Name, o.FullName, null(o.INN), o.KPP, o.OGRN, o.Address, o.Email, o.Phone,
			o.TimeZone, o.Owner, max(o.Version, 1), ns(o.CreatedAt))
		if err != nil {
			return err
		}
		return setMember(ctx, tx, owner)
	}))
}

const orgColumns = `SELECT id, name, full_name, inn, kpp, ogrn, address, email, phone, time_zone, owner, version, created_at FROM orgs `

func (a accounts) Org(ctx context.Context, id string) (account.Org, error) {
	var r orgRow
	err := one(ctx, a.db, account.ErrNotFound, &r, orgColumns+`WHERE id = ?`, id)
	return r.org(), accountError("reading an organisation", err)
}

func (a accounts) OrgByINN(ctx context.Context, inn string) (account.Org, error) {
	var r orgRow
	err := one(ctx, a.db, account.ErrNotFound, &r, orgColumns+`WHERE inn = ?`, inn)
	return r.org(), accountError("finding an organisation", err)
}

func (a accounts) UpdateOrg(ctx context.Context, o account.Org) error {
	n, err := exec(ctx, a.db, `UPDATE orgs SET name = ?, full_name = ?, inn = ?, kpp = ?, ogrn = ?, address = ?, email = ?, phone = ?, time_zone = ?,
		version = version + 1 WHERE id = ? AND version = ?`, o.Name, o.FullName, null(o.INN), o.KPP, o.OGRN, o.Address, o.Email, o.Phone,
		o.TimeZone, o.ID, o.Version)
	if err == nil && n == 0 {
		if _, err := a.Org(ctx, o.ID); err != nil {
			return err
		}
		return account.ErrStale
	}
	return accountError("changing an organisation", err)
}

type memberRow struct {
	Org, Member, Role, Branches string
	Since                       int64
}

func (r memberRow) member() (account.Member, error) {
	m := account.Member{Org: r.Org, User: r.Member, Role: access.Role(r.Role), Since: at(r.Since)}
	if err := json.Unmarshal([]byte(r.Branches), &m.Branches); err != nil {
		// A cut that cannot be read must not become the whole organisation.
		return account.Member{}, fmt.Errorf("office: branches of a member: %w", err)
	}
	return m, nil
}

func setMember(ctx context.Context, r runner, m account.Member) error {
	if m.Branches == nil {
		m.Branches = []string{}
	}
	branches, err := json.Marshal(m.Branches)
	if err != nil {
		return err
	}
	_, err = exec(ctx, r, `INSERT INTO members (org, member, role, branches, since) VALUES (?,?,?,?,?)
		ON CONFLICT (org, member) DO UPDATE SET role = excluded.role, branches = excluded.branches`,
		m.Org, m.User, string(m.Role), string(branches), ns(m.Since))
	return err
}

func (a accounts) SetMember(ctx context.Context, m account.Member) error {
	return accountError("setting a member", setMember(ctx, a.db, m))
}

func (a accounts) RemoveMember(ctx context.Context, org, user string) error {
	return accountError("removing a member", touched(exec(ctx, a.db, `DELETE FROM members WHERE org = ? AND member = ?`, org, user)))
}

const memberColumns = `SELECT org, member, role, branches, since FROM members `

func (a accounts) Member(ctx context.Context, org, user string) (account.Member, error) {
	var r memberRow
	if err := one(ctx, a.db, account.ErrNotFound, &r, memberColumns+`WHERE org = ? AND member = ?`, org, user); err != nil {
		return account.Member{}, accountError("reading a member", err)
	}
	return r.member()
}

func (a accounts) members(ctx context.Context, where, arg string) ([]account.Member, error) {
	var rows []memberRow
	if err := many(ctx, a.db, &rows, memberColumns+where, arg); err != nil {
		return nil, accountError("reading members", err)
	}
	all := make([]account.Member, 0, len(rows))
	for _, r := range rows {
		m, err := r.member()
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func (a accounts) Members(ctx context.Context, org string) ([]account.Member, error) {
	return a.members(ctx, `WHERE org = ? ORDER BY since, member`, org)
}

func (a accounts) MemberOf(ctx context.Context, user string) ([]account.Member, error) {
	return a.members(ctx, `WHERE member = ? ORDER BY since, org`, user)
}

// TouchSession implements account.Store.
func (a accounts) TouchSession(ctx context.Context, id, org string, seen time.Time) error {
	return accountError("noting a session", touched(exec(ctx, a.db, `UPDATE sessions SET org = ?, seen_at = ? WHERE id = ?`, org, ns(seen), id)))
}
