package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/feed"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// Fleet is the office as server/fleet sees it.
func (o *Office) Fleet() fleet.Store { return registers{o} }

type registers struct{ *Office }

// fleetFollower is the name of the place that fleet.Store keeps.
const fleetFollower = "fleet"

// fleetError puts the errors of the driver in the service's words.
func fleetError(doing string, err error) error {
	switch {
	case err == nil, errors.Is(err, fleet.ErrNotFound), errors.Is(err, fleet.ErrStale), errors.Is(err, fleet.ErrTaken), errors.Is(err, fleet.ErrNotEmpty),
		errors.Is(err, feed.ErrMoved):
		return err
	case duplicate(err):
		return fleet.ErrTaken
	}
	return fmt.Errorf("office: %s: %w", doing, err)
}

type nodeRow struct {
	ID, Org, Kind, Name, Address string
	Parent                       *string
	TimeZone                     string `db:"time_zone"`
	Lat, Lon                     float64
	Target, Version              int64
}

func (r registers) Nodes(ctx context.Context, org string) ([]fleet.Node, error) {
	var rows []nodeRow
	if err := many(ctx, r.db, &rows, `SELECT id, org, parent, kind, name, address, time_zone, lat, lon, target, version FROM nodes WHERE org = ? ORDER BY id`, org); err != nil {
		return nil, fleetError("reading the tree", err)
	}
	all := make([]fleet.Node, len(rows))
	for i, n := range rows {
		all[i] = fleet.Node{ID: n.ID, Org: n.Org, Parent: text(n.Parent), Kind: fleet.Kind(n.Kind), Name: n.Name, Address: n.Address, TimeZone: n.TimeZone,
			Lat: n.Lat, Lon: n.Lon, Target: fiscal.Kopecks(n.Target), Version: n.Version}
	}
	return all, nil
}

func (r registers) noted(ctx context.Context, doing string, journal []account.Event, work func(tx runner) error) error {
	return fleetError(doing, r.Office.noted(ctx, journal, work))
}

func (r registers) CreateNode(ctx context.Context, n fleet.Node, journal ...account.Event) error {
	return r.noted(ctx, "adding a node", journal, func(tx runner) error {
		_, err := exec(ctx, tx, `INSERT INTO nodes (id, org, parent, kind, name, address, time_zone, lat, lon, target, version) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
			n.ID, n.Org, null(n.Parent), string(n.Kind), n.Name, n.Address, n.TimeZone, n.Lat, n.Lon, int64(n.Target), max(n.Version, 1))
		return err
	})
}

func (r registers) UpdateNode(ctx context.Context, n fleet.Node, journal ...account.Event) error {
	return r.noted(ctx, "changing a node", journal, func(tx runner) error {
		return versioned(ctx, tx, `nodes WHERE org = ? AND id = ?`, []any{n.Org, n.ID},
			`UPDATE nodes SET parent = ?, name = ?, address = ?, time_zone = ?, lat = ?, lon = ?, target = ?, version = version + 1 WHERE org = ? AND id = ? AND version = ?`,
			null(n.Parent), n.Name, n.Address, n.TimeZone, n.Lat, n.Lon, int64(n.Target), n.Org, n.ID, n.Version)
	})
}

// versioned runs an update that touches a row of one version only, and tells a row
// that is not there from one that was changed.
func versioned(ctx context.Context, r runner, where string, key []any, update string, args ...any) error {
	n, err := exec(ctx, r, update, args...)
	if err != nil || n > 0 {
		return err
	}
	var there int
	if err := one(ctx, r, fleet.ErrNotFound, &there, `SELECT count(*) FROM `+where, key...); err != nil {
		return err
	}
	if there == 0 {
		return fleet.ErrNotFound
	}
	return fleet.ErrStale
}

func (r registers) DeleteNode(ctx context.Context, org, id string, journal ...account.Event) error {
	return r.noted(ctx, "removing a node", journal, func(tx runner) error {
		var held int
		if err := one(ctx, tx, fleet.ErrNotFound, &held, `SELECT (SELECT count(*) FROM nodes WHERE parent = ?) + (SELECT count(*) FROM registers WHERE outlet = ?)`, id, id); err != nil {
			return err
		}
		if held > 0 {
			return fleet.ErrNotEmpty
		}
		if err := one(ctx, tx, fleet.ErrNotFound, &held, `SELECT count(*) FROM stays WHERE org = ? AND outlet = ?`, org, id); err != nil {
			return err
		}
		if held > 0 {
			return fleet.ErrStood
		}
		n, err := exec(ctx, tx, `DELETE FROM nodes WHERE org = ? AND id = ?`, org, id)
		if err == nil && n == 0 {
			return fleet.ErrNotFound
		}
		return err
	})
}

type registerRow struct {
	Org, Name, Model, Serial, FN string
	RegID                        string `db:"reg_id"`
	Outlet                       *string
	Groups                       string `db:"reg_groups"`
	Connected, Archived          int64
	PaidUntil                    int64 `db:"paid_until"`
	Blocked                      bool
	Version                      int64
}

func (r registerRow) register() (fleet.Register, error) {
	one := fleet.Register{Org: r.Org, RegID: fiscal.RegNumber(r.RegID), Name: r.Name, Model: r.Model, Serial: r.Serial, FN: fiscal.FNNumber(r.FN),
		Outlet: text(r.Outlet), Connected: at(r.Connected), Archived: at(r.Archived), PaidUntil: at(r.PaidUntil), Blocked: r.Blocked, Version: r.Version}
	if r.Groups == "[]" { // of most
		one.Groups = []string{}
		return one, nil
	}
	err := json.Unmarshal([]byte(r.Groups), &one.Groups)
	return one, err
}

const registerColumns = `SELECT org, reg_id, name, model, serial, fn, outlet, reg_groups, connected, archived, paid_until, blocked, version FROM registers `

func (r registers) read(ctx context.Context, where string, args ...any) ([]fleet.Register, error) {
	var rows []registerRow
	if err := many(ctx, r.db, &rows, registerColumns+where, args...); err != nil {
		return nil, fleetError("reading registers", err)
	}
	all := make([]fleet.Register, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.register(); err != nil {
			return nil, fleetError("reading registers", err)
		}
	}
	return all, nil
}

func (r registers) Registers(ctx context.Context, org string) ([]fleet.Register, error) {
	return r.read(ctx, `WHERE org = ? ORDER BY reg_id`, org)
}

func (r registers) Register(ctx context.Context, org string, reg fiscal.RegNumber) (fleet.Register, error) {
	found, err := r.read(ctx, `WHERE org = ? AND reg_id = ?`, org, string(reg))
	if err == nil && len(found) == 0 {
		err = fleet.ErrNotFound
	}
	if err != nil {
		return fleet.Register{}, err
	}
	return found[0], nil
}

func groupsOf(r fleet.Register) (string, error) {
	if r.Groups == nil {
		return "[]", nil
	}
	b, err := json.Marshal(r.Groups)
	return string(b), err
}

func (r registers) CreateRegister(ctx context.Context, one fleet.Register, journal ...account.Event) error {
	groups, err := groupsOf(one)
	if err != nil {
		return fleetError("adding a register", err)
	}
	return r.noted(ctx, "adding a register", journal, func(tx runner) error {
		_, err := exec(ctx, tx, `INSERT INTO registers (org, reg_id, name, model, serial, fn, outlet, reg_groups, connected, archived, paid_until, blocked, version)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`, one.Org, string(one.RegID), one.Name, one.Model, one.Serial, string(one.FN), null(one.Outlet), groups,
			ns(one.Connected), ns(one.Archived), ns(one.PaidUntil), one.Blocked, max(one.Version, 1))
		return err
	})
}

func (r registers) UpdateRegister(ctx context.Context, one fleet.Register, journal ...account.Event) error {
	return r.noted(ctx, "changing a register", journal, func(tx runner) error { return updateRegister(ctx, tx, one) })
}

func (r registers) DeleteRegister(ctx context.Context, one fleet.Register, journal ...account.Event) error {
	return r.noted(ctx, "removing a register", journal, func(tx runner) error {
		if _, err := exec(ctx, tx, `DELETE FROM stays WHERE org = ? AND reg_id = ?`, one.Org, string(one.RegID)); err != nil {
			return err
		}
		return versioned(ctx, tx, `registers WHERE org = ? AND reg_id = ?`, []any{one.Org, string(one.RegID)},
			`DELETE FROM registers WHERE org = ? AND reg_id = ? AND version = ?`, one.Org, string(one.RegID), one.Version)
	})
}

func (r registers) MoveRegister(ctx context.Context, one fleet.Register, left fleet.Left, journal ...account.Event) error {
	return r.noted(ctx, "moving a register", journal, func(tx runner) error {
		if err := updateRegister(ctx, tx, one); err != nil {
			return err
		}
		return leave(ctx, tx, one.Org, one.RegID, left)
	})
}

func updateRegister(ctx context.Context, tx runner, one fleet.Register) error {
	groups, err := groupsOf(one)
	if err != nil {
		return err
	}
	return versioned(ctx, tx, `registers WHERE org = ? AND reg_id = ?`, []any{one.Org, string(one.RegID)},
		`UPDATE registers SET name = ?, model = ?, serial = ?, fn = ?, outlet = ?, reg_groups = ?, archived = ?, paid_until = ?, blocked = ?, version = version + 1
		WHERE org = ? AND reg_id = ? AND version = ?`, one.Name, one.Model, one.Serial, string(one.FN), null(one.Outlet), groups, ns(one.Archived),
		ns(one.PaidUntil), one.Blocked, one.Org, string(one.RegID), one.Version)
}

// bodies reads JSON bodies of rows of a taxpayer.
func bodies[T any](ctx context.Context, r runner, known *decoded[T], table string, inn fiscal.INN, reg fiscal.RegNumber, order string) ([]T, error) {
	query, args := `SELECT body FROM `+table+` WHERE user_inn = ?`, []any{string(inn)}
	if reg != "" {
		query, args = query+` AND reg_id = ?`, append(args, string(reg))
	}
	var texts []string
	if err := many(ctx, r, &texts, query+` ORDER BY `+order, args...); err != nil {
		return nil, fleetError("reading states", err)
	}
	all := make([]T, len(texts))
	for i, body := range texts {
		var err error
		if all[i], err = known.decode(body); err != nil {
			return nil, fleetError("reading states", err)
		}
	}
	return all, nil
}

// decoded remembers what bodies mean: pages ask for the same ones again and again. T
// has nothing that could be changed behind a copy.
type decoded[T any] struct {
	mu    sync.Mutex
	known map[string]T
}

// maxDecoded is how many bodies are remembered, some kilobyte each.
const maxDecoded = 20_000

func (d *decoded[T]) decode(body string) (one T, err error) {
	d.mu.Lock()
	one, ok := d.known[body]
	d.mu.Unlock()
	if ok {
		return one, nil
	}
	if err := json.Unmarshal([]byte(body), &one); err != nil {
		return one, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || len(d.known) >= maxDecoded {
		d.known = map[string]T{} // the old ones have been changed since
	}
	d.known[body] = one
	return one, nil
}

func (r registers) States(ctx context.Context, inn fiscal.INN, reg fiscal.RegNumber) ([]fleet.State, error) {
	return bodies(ctx, r.db, &r.states, "states", inn, reg, "reg_id")
}

func (r registers) Drives(ctx context.Context, inn fiscal.INN, reg fiscal.RegNumber) ([]fleet.Drive, error) {
	return bodies(ctx, r.db, &r.drives, "state_drives", inn, reg, "reg_id, fn")
}

func (r registers) Place(ctx context.Context) (int64, error) { return place(ctx, r.db, fleetFollower) }

func (r registers) Advance(ctx context.Context, from, to int64, states []fleet.State, drives []fleet.Drive) error {
	return fleetError("keeping states", r.tx(ctx, func(tx runner) error {
		if err := advance(ctx, tx, fleetFollower, from, to); err != nil {
			return err
		}
		for _, s := range states {
			body, err := json.Marshal(s)
			if err != nil {
				return err
			}
			if _, err := exec(ctx, tx, `INSERT INTO states (user_inn, reg_id, body) VALUES (?,?,?) ON CONFLICT (user_inn, reg_id) DO UPDATE SET body = excluded.body`,
				string(s.UserINN), string(s.RegID), string(body)); err != nil {
				return err
			}
		}
		for _, d := range drives {
			body, err := json.Marshal(d)
			if err != nil {
				return err
			}
			if _, err := exec(ctx, tx, `INSERT INTO state_drives (user_inn, reg_id, fn, body) VALUES (?,?,?,?) ON CONFLICT (user_inn, reg_id, fn) DO UPDATE SET body = excluded.body`,
				string(d.UserINN), string(d.RegID), string(d.FN), string(body)); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (r registers) Thresholds(ctx context.Context, user string) (t fleet.Thresholds, err error) {
	var body string
	if err := one(ctx, r.db, fleet.ErrNotFound, &body, `SELECT body FROM thresholds WHERE member = ?`, user); err != nil {
		return t, fleetError("reading thresholds", err)
	}
	return t, fleetError("reading thresholds", json.Unmarshal([]byte(body), &t))
}

func (r registers) SetThresholds(ctx context.Context, user string, t fleet.Thresholds) error {
	body, err := json.Marshal(t)
	if err == nil {
		_, err = exec(ctx, r.db, `INSERT INTO thresholds (member, body) VALUES (?,?) ON CONFLICT (member) DO UPDATE SET body = excluded.body`, user, string(body))
	}
	return fleetError("keeping thresholds", err)
}

func (r registers) DropThresholds(ctx context.Context, user string) error {
	_, err := exec(ctx, r.db, `DELETE FROM thresholds WHERE member = ?`, user)
	return fleetError("dropping thresholds", err)
}
