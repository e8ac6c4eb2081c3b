package office

import (
	"context"
	"time"

	"github.com/fiscalbench/fiscalbench/server/account"
)

type identityRow struct {
	Issuer, Subject, Member, Provider, Email string
	Bound, Used                              int64
}

func (r identityRow) identity() account.Identity {
	return account.Identity{Issuer: r.Issuer, Subject: r.Subject, User: r.Member, Provider: r.Provider, Email: r.Email, Bound: at(r.Bound), Used: at(r.Used)}
}

const identityColumns = `SELECT issuer, subject, member, provider, email, bound, used FROM identities `

func (a accounts) Identity(ctx context.Context, issuer, subject string) (account.Identity, error) {
	var r identityRow
	err := one(ctx, a.db, account.ErrNotFound, &r, identityColumns+`WHERE issuer = ? AND subject = ?`, issuer, subject)
	return r.identity(), accountError("reading an identity", err)
}

func (a accounts) Identities(ctx context.Context, user string) ([]account.Identity, error) {
	var rows []identityRow
	if err := many(ctx, a.db, &rows, identityColumns+`WHERE member = ? ORDER BY bound, issuer`, user); err != nil {
		return nil, accountError("reading identities", err)
	}
	all := make([]account.Identity, len(rows))
	for i, r := range rows {
		all[i] = r.identity()
	}
	return all, nil
}

func (a accounts) BindIdentity(ctx context.Context, i account.Identity, byMail bool) error {
	return accountError("binding an identity", a.tx(ctx, func(tx runner) error {
		if byMail {
			var unbound int
			if err := one(ctx, tx, nil, &unbound, `SELECT count(*) FROM identities_unbound WHERE issuer = ? AND member = ?`, i.Issuer, i.User); err != nil {
				return err
			}
			if unbound > 0 {
				return account.ErrUnbound
			}
		}
		_, err := exec(ctx, tx, `INSERT INTO identities (issuer, subject, member, provider, email, bound, used) VALUES (?,?,?,?,?,?,?)`,
			i.Issuer, i.Subject, i.User, i.Provider, i.Email, ns(i.Bound), ns(i.Used))
		return err
	}))
}

func (a accounts) UseIdentity(ctx context.Context, issuer, subject, email string, when time.Time) error {
	return accountError("noting an identity", touched(exec(ctx, a.db, `UPDATE identities SET used = ?, email = CASE WHEN ? = '' THEN email ELSE ? END WHERE issuer = ? AND subject = ?`,
		ns(when), email, email, issuer, subject)))
}

func (a accounts) UnbindIdentity(ctx context.Context, user, issuer, subject string, when time.Time) error {
	return accountError("unbinding an identity", a.tx(ctx, func(tx runner) error {
		if err := touched(exec(ctx, tx, `DELETE FROM identities WHERE issuer = ? AND subject = ? AND member = ?`, issuer, subject, user)); err != nil {
			return err
		}
		_, err := exec(ctx, tx, `INSERT INTO identities_unbound (issuer, member, at) VALUES (?,?,?) ON CONFLICT (issuer, member) DO UPDATE SET at = excluded.at`, issuer, user, ns(when))
		return err
	}))
}
