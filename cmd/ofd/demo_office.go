package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// chainPassword opens every account of the demo.
const chainPassword = "romashka-2026"

// chainPerson works for the chain. place names a department or an outlet the person is
// cut to; empty: the whole organisation.
type chainPerson struct {
	email, name, says string
	role              access.Role
	place             string
}

// The first one owns the organisation.
var chainPeople = []chainPerson{
	{"owner@romashka.example.com", "Ольга Хозяйкина", "the owner", access.Owner, ""},
	{"manager@romashka.example.com", "Сергей Северов", "manager of one department", access.Manager, "Сибирь"},
	{"cashier@romashka.example.com", "Анна Демонова", "cashier of one outlet", access.Cashier, "Продукты на Тестовой"},
	{"it@romashka.example.com", "Игорь Настройкин", "keeps the registers, sees no money", access.IT, ""},
}

// hello tells how to come in.
func chainHello(site string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cabinet %s/lk password %s\n", strings.TrimSuffix(site, "/"), chainPassword)
	for _, p := range chainPeople {
		fmt.Fprintf(&b, "  login %-29s %s\n", p.email, p.says)
	}
	return b.String()
}

// links keeps what letters carry instead of sending them.
type links map[string]string

func (l links) SMS(context.Context, string, string, map[string]string) error { return nil }
func (l links) Letter(_ context.Context, _, to string, data map[string]string) error {
	_, l[to], _ = strings.Cut(data["link"], "token=")
	return nil
}

// furnish makes organisation, people, tree and registers in the cabinet, as people
// would, unless they are there already.
func (d *demo) furnish(ctx context.Context, p *people, now func() time.Time) error {
	owner := chainPeople[0]
	if _, err := p.office.Accounts().UserBy(ctx, owner.email); err == nil {
		return nil
	} else if !errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("demo: %w", err)
	}
	letters := links{}
	a, err := account.New(account.Options{Store: p.office.Accounts(), Messenger: letters, Now: now})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	boss, err := found(ctx, a, letters, owner)
	if err != nil {
		return fmt.Errorf("demo organisation: %w", err)
	}
	places, err := d.build(ctx, p.Fleet, boss)
	if err != nil {
		return fmt.Errorf("demo outlets: %w", err)
	}
	for _, one := range chainPeople[1:] {
		var branches []string
		if one.place != "" {
			branches = []string{places[one.place]}
		}
		if err := a.Invite(ctx, boss, one.email, one.name, one.role, branches); err != nil {
			return fmt.Errorf("demo person: %w", err)
		}
		if err := a.ResetByLink(ctx, letters[one.email], chainPassword, chainPassword, account.From{}); err != nil {
			return fmt.Errorf("demo person: %w", err)
		}
	}
	if err := d.connect(ctx, p, boss, places); err != nil {
		return fmt.Errorf("demo registers: %w", err)
	}
	return nil
}

// found registers the owner with the organisation.
func found(ctx context.Context, a *account.Service, letters links, owner chainPerson) (v access.Viewer, err error) {
	if _, err = a.Register(ctx, account.Application{OrgName: chainName, Contact: owner.name, Email: owner.email, Password: chainPassword, Consent: true}); err != nil {
		return v, err
	}
	if _, err = a.ConfirmEmail(ctx, letters[owner.email]); err != nil {
		return v, err
	}
	_, session, err := a.Login(ctx, owner.email, chainPassword, account.From{})
	if err != nil {
		return v, err
	}
	if v, err = a.Viewer(ctx, session); err != nil {
		return v, err
	}
	org, err := a.Org(ctx, v)
	if err != nil {
		return v, err
	}
	if err = a.SetCard(ctx, v, account.Card{Name: chainName, FullName: "Общество с ограниченной ответственностью \"Ромашка\"", INN: string(chainINN), KPP: chainKPP,
		Address: "101000, г. Москва, ул. Тестовая, д. 1", Email: "office@romashka.example.com", TimeZone: "Europe/Moscow"}, org.Version); err != nil {
		return v, err
	}
	return v, a.Logout(ctx, session)
}

// build makes departments and outlets; their ids by name.
func (d *demo) build(ctx context.Context, f *fleet.Service, boss access.Viewer) (map[string]string, error) {
	places := map[string]string{}
	for _, dept := range chainTree {
		parent, err := f.AddNode(ctx, boss, fleet.Node{Kind: fleet.Department, Name: dept.name})
		if err != nil {
			return nil, err
		}
		places[dept.name] = parent.ID
		for _, o := range dept.outlets {
			n, err := f.AddNode(ctx, boss, fleet.Node{Kind: fleet.Outlet, Name: o.name, Parent: parent.ID, Address: o.address, TimeZone: o.zone, Lat: o.lat, Lon: o.lon, Target: o.target})
			if err != nil {
				return nil, err
			}
			places[o.name] = n.ID
		}
	}
	return places, nil
}

// connect adds the registers; the operator's side of it (since when, paid until) is
// written past the service, which gives people no say in it.
func (d *demo) connect(ctx context.Context, p *people, boss access.Viewer, places map[string]string) error {
	for _, r := range d.registers {
		one, err := p.Fleet.Connect(ctx, boss, fleet.Register{RegID: r.regID, Name: r.outlet.name + ", " + r.name, Model: "Эмулятор ККТ", Serial: r.serial,
			Outlet: places[r.outlet.name], Groups: []string{r.outlet.trade.group()}})
		if err != nil {
			return err
		}
		now := one.Connected
		one.PaidUntil = now.AddDate(0, 10, 0)
		if r.health == paidEnds {
			one.PaidUntil = now.AddDate(0, 0, 12)
		}
		if r.health != fresh {
			one.Connected = now.AddDate(0, 0, -d.o.Days)
		}
		if err := p.office.Fleet().UpdateRegister(ctx, one); err != nil {
			return err
		}
		if r.health == archived {
			if err := p.Fleet.Archive(ctx, boss, r.regID); err != nil {
				return err
			}
		}
	}
	return nil
}

// group that registers of the trade are in.
func (t *trade) group() string {
	switch t {
	case groceries:
		return "продукты"
	case cafe:
		return "кафе"
	case clothes:
		return "одежда"
	}
	return "электроника"
}
