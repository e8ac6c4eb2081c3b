package office

import (
	"context"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// stayRow is a place that a register left.
type stayRow struct {
	RegID  string `db:"reg_id"`
	Outlet *string
	Until  int64
	Wall   int64 // seconds
}

func (r registers) Left(ctx context.Context, org string) ([]fleet.Left, error) {
	var rows []stayRow
	if err := many(ctx, r.db, &rows, `SELECT reg_id, outlet, until, wall FROM stays WHERE org = ? ORDER BY reg_id, n`, org); err != nil {
		return nil, fleetError("reading places that registers left", err)
	}
	all := make([]fleet.Left, len(rows))
	for i, s := range rows {
		all[i] = fleet.Left{RegID: fiscal.RegNumber(s.RegID), Outlet: text(s.Outlet), At: at(s.Until), Wall: time.Unix(s.Wall, 0).UTC()}
	}
	return all, nil
}

// leave keeps the place that a register left. Whoever calls it has changed the row of
// the register in the transaction, so that nobody else does it at the same time.
func leave(ctx context.Context, tx runner, org string, reg fiscal.RegNumber, l fleet.Left) error {
	var last struct{ N, Wall int64 }
	until, wall := ns(l.At), l.Wall.Unix()
	if err := one(ctx, tx, fleet.ErrNotFound, &last, `SELECT coalesce(max(n), 0) AS n, coalesce(max(CASE WHEN until <= ? THEN wall END), ?) AS wall
		FROM stays WHERE org = ? AND reg_id = ?`, until, wall, org, string(reg)); err != nil {
		return err
	}
	wall = max(wall, last.Wall)
	if _, err := exec(ctx, tx, `UPDATE stays SET until = ?, wall = ? WHERE org = ? AND reg_id = ? AND until > ?`, until, wall, org, string(reg), until); err != nil {
		return err
	}
	_, err := exec(ctx, tx, `INSERT INTO stays (org, reg_id, n, outlet, until, wall) VALUES (?,?,?,?,?,?)`, org, string(reg), last.N+1, null(l.Outlet), until, wall)
	return err
}
