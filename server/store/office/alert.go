package office

import (
	"context"
	"encoding/json"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

type alertRow struct {
	Org, Member, Body string
	Letters           bool
	Version           int64
}

type alertBody struct {
	Colours map[fiscal.RegNumber]fleet.Colour
	Changes []fleet.Change
}

func (r alertRow) alert() (fleet.Alert, error) {
	var b alertBody
	err := json.Unmarshal([]byte(r.Body), &b)
	return fleet.Alert{Org: r.Org, User: r.Member, Letters: r.Letters, Colours: b.Colours, Changes: b.Changes, Version: r.Version}, err
}

const alertColumns = `SELECT org, member, letters, body, version FROM alerts `

func (r registers) Alerts(ctx context.Context) ([]fleet.Alert, error) {
	var rows []alertRow
	if err := many(ctx, r.db, &rows, alertColumns+`ORDER BY org, member`); err != nil {
		return nil, fleetError("reading alerts", err)
	}
	all := make([]fleet.Alert, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.alert(); err != nil {
			return nil, fleetError("reading alerts", err)
		}
	}
	return all, nil
}

func (r registers) Alert(ctx context.Context, org, user string) (fleet.Alert, error) {
	var row alertRow
	if err := one(ctx, r.db, fleet.ErrNotFound, &row, alertColumns+`WHERE org = ? AND member = ?`, org, user); err != nil {
		return fleet.Alert{}, fleetError("reading an alert", err)
	}
	a, err := row.alert()
	return a, fleetError("reading an alert", err)
}

func (r registers) AddAlert(ctx context.Context, a fleet.Alert) error {
	body, err := json.Marshal(alertBody{a.Colours, a.Changes})
	if err == nil {
		_, err = exec(ctx, r.db, `INSERT INTO alerts (org, member, letters, body, version) VALUES (?,?,?,?,?) ON CONFLICT (org, member) DO NOTHING`,
			a.Org, a.User, a.Letters, string(body), max(a.Version, 1))
	}
	return fleetError("switching an alert on", err)
}

func (r registers) UpdateAlert(ctx context.Context, a fleet.Alert, letters ...notify.Message) error {
	body, err := json.Marshal(alertBody{a.Colours, a.Changes})
	if err != nil {
		return fleetError("keeping an alert", err)
	}
	return fleetError("keeping an alert", r.tx(ctx, func(tx runner) error {
		err := versioned(ctx, tx, `alerts WHERE org = ? AND member = ?`, []any{a.Org, a.User},
			`UPDATE alerts SET letters = ?, body = ?, version = version + 1 WHERE org = ? AND member = ? AND version = ?`, a.Letters, string(body), a.Org, a.User, a.Version)
		if err != nil {
			return err
		}
		return addMessages(ctx, tx, letters)
	}))
}

func (r registers) DropAlert(ctx context.Context, org, user string) error {
	_, err := exec(ctx, r.db, `DELETE FROM alerts WHERE org = ? AND member = ?`, org, user)
	return fleetError("switching an alert off", err)
}
