package rest

import (
	"context"
	"net/http"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Organization is a client of the operator.
type Organization struct {
	ID        string `json:"id"`
	INN       string `json:"inn"`
	KPP       string `json:"kpp,omitempty"`
	OGRN      string `json:"ogrn,omitempty"`
	ShortName string `json:"shortName"`
	FullName  string `json:"fullName,omitempty"`
	Address   string `json:"address,omitempty"`
	TimeZone  string `json:"timeZone" doc:"Имя IANA"`
}

// OrganizationChange has what may be changed; absent fields stay.
type OrganizationChange struct {
	ShortName *string `json:"shortName,omitempty" maxLength:"200"`
	FullName  *string `json:"fullName,omitempty" maxLength:"1000"`
	KPP       *string `json:"kpp,omitempty"`
	OGRN      *string `json:"ogrn,omitempty"`
	Address   *string `json:"address,omitempty" maxLength:"1000"`
	TimeZone  *string `json:"timeZone,omitempty"`
}

func showOrg(o account.Org) Organization {
	zone := o.TimeZone
	if zone == "" {
		zone = defaultZone
	}
	return Organization{ID: o.ID, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, ShortName: o.Name, FullName: o.FullName, Address: o.Address, TimeZone: zone}
}

const defaultZone = "Europe/Moscow"

// one is an answer with one thing.
type one[T any] struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     T
}

// many is an answer with a page.
type many[T any] struct {
	Body Page[T]
}

// OrgPath names an organisation.
type OrgPath struct {
	OrgID string `path:"orgId"`
}

// org is the caller's organisation when the id is its own.
func (a *api) org(ctx context.Context, c *caller, id string) (account.Org, error) {
	o, err := a.o.Accounts.Org(ctx, c.viewer)
	if err == nil && o.ID != id {
		err = account.ErrNotFound
	}
	return o, err
}

func (a *api) organizations() {
	see := need{access.SeeRegisters, integration.ReadRegisters}
	add(a, operation(http.MethodGet, "/api/v1/organizations", "listOrganizations", "Организации", "Организация ключа или сеанса"), see,
		func(ctx context.Context, c *caller, in *Paging) (*many[Organization], error) {
			o, err := a.o.Accounts.Org(ctx, c.viewer)
			if err != nil {
				return nil, err
			}
			p, err := cut([]Organization{showOrg(o)}, *in)
			return &many[Organization]{p}, err
		})
	add(a, operation(http.MethodGet, "/api/v1/organizations/{orgId}", "getOrganization", "Организации", "Одна организация"), see,
		func(ctx context.Context, c *caller, in *OrgPath) (*one[Organization], error) {
			o, err := a.org(ctx, c, in.OrgID)
			return &one[Organization]{ETag: etag(o.Version), Body: showOrg(o)}, err
		})
	type change struct {
		OrgPath
		Matching
		Body OrganizationChange
	}
	add(a, operation(http.MethodPatch, "/api/v1/organizations/{orgId}", "changeOrganization", "Организации", "Изменить реквизиты; только в сеансе"), need{access.EditOrg, ""},
		func(ctx context.Context, c *caller, in *change) (*one[Organization], error) {
			o, err := a.org(ctx, c, in.OrgID)
			if err != nil {
				return nil, err
			}
			version, err := in.version()
			if err != nil {
				return nil, err
			}
			card := account.Card{Name: o.Name, FullName: o.FullName, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, Address: o.Address, Email: o.Email, Phone: o.Phone, TimeZone: o.TimeZone}
			set(&card.Name, in.Body.ShortName)
			set(&card.FullName, in.Body.FullName)
			set(&card.KPP, in.Body.KPP)
			set(&card.OGRN, in.Body.OGRN)
			set(&card.Address, in.Body.Address)
			set(&card.TimeZone, in.Body.TimeZone)
			if err := a.o.Accounts.SetCard(ctx, c.viewer, card, version); err != nil {
				return nil, err
			}
			o, err = a.org(ctx, c, in.OrgID)
			return &one[Organization]{ETag: etag(o.Version), Body: showOrg(o)}, err
		})
}

// set writes what is given.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Place is a department or an outlet.
type Place struct {
	ID        string         `json:"id"`
	ParentID  string         `json:"parentId,omitempty" doc:"Подразделение, в котором стоит"`
	Name      string         `json:"name"`
	Address   string         `json:"address,omitempty"`
	TimeZone  string         `json:"timeZone,omitempty" doc:"Имя IANA; нет — как у организации"`
	Latitude  float64        `json:"latitude,omitempty"`
	Longitude float64        `json:"longitude,omitempty"`
	Target    fiscal.Kopecks `json:"targetRevenue,omitempty" doc:"Целевая выручка месяца, копейки"`
}

// PlaceInput is a place to be made or, in a change, what of it changes.
type PlaceInput struct {
	ParentID  *string  `json:"parentId,omitempty"`
	Name      *string  `json:"name,omitempty" maxLength:"200"`
	Address   *string  `json:"address,omitempty" maxLength:"1000"`
	TimeZone  *string  `json:"timeZone,omitempty"`
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`
	Target    *int64   `json:"targetRevenue,omitempty" minimum:"0"`
}

func showPlace(n fleet.Node) Place {
	return Place{ID: n.ID, ParentID: n.Parent, Name: n.Name, Address: n.Address, TimeZone: n.TimeZone, Latitude: n.Lat, Longitude: n.Lon, Target: n.Target}
}

func (in PlaceInput) apply(n *fleet.Node) {
	set(&n.Parent, in.ParentID)
	set(&n.Name, in.Name)
	set(&n.Address, in.Address)
	set(&n.TimeZone, in.TimeZone)
	set(&n.Lat, in.Latitude)
	set(&n.Lon, in.Longitude)
	set((*int64)(&n.Target), in.Target)
}

// PlacePath names a department or an outlet.
type PlacePath struct {
	OrgPath
	ID string `path:"id"`
}

// place of the kind that the caller sees.
func (a *api) place(ctx context.Context, c *caller, in PlacePath, kind fleet.Kind) (fleet.Node, error) {
	if _, err := a.org(ctx, c, in.OrgID); err != nil {
		return fleet.Node{}, err
	}
	t, err := a.o.Fleet.Tree(ctx, c.viewer)
	if err != nil {
		return fleet.Node{}, err
	}
	for _, n := range t.Nodes() {
		if n.ID == in.ID && n.Kind == kind {
			return n, nil
		}
	}
	return fleet.Node{}, fleet.ErrNotFound
}

func (a *api) places() {
	for _, k := range []struct {
		kind           fleet.Kind
		path, id, name string
	}{
		{fleet.Department, "departments", "Department", "подразделение"},
		{fleet.Outlet, "outlets", "Outlet", "торговая точка"},
	} {
		a.placesOf(k.kind, "/api/v1/organizations/{orgId}/"+k.path, k.id, k.name)
	}
}

func (a *api) placesOf(kind fleet.Kind, path, id, name string) {
	see, edit := need{access.SeeRegisters, integration.ReadRegisters}, need{access.EditRegisters, integration.WriteRegisters}
	tag := "Точки"
	type listInput struct {
		OrgPath
		Paging
	}
	add(a, operation(http.MethodGet, path, "list"+id+"s", tag, "Список: "+name), see,
		func(ctx context.Context, c *caller, in *listInput) (*many[Place], error) {
			if _, err := a.org(ctx, c, in.OrgID); err != nil {
				return nil, err
			}
			t, err := a.o.Fleet.Tree(ctx, c.viewer)
			if err != nil {
				return nil, err
			}
			var all []Place
			for _, n := range t.Nodes() {
				if n.Kind == kind {
					all = append(all, showPlace(n))
				}
			}
			p, err := cut(all, in.Paging)
			return &many[Place]{p}, err
		})
	type createInput struct {
		OrgPath
		Body PlaceInput
	}
	add(a, operation(http.MethodPost, path, "create"+id, tag, "Добавить: "+name), edit,
		func(ctx context.Context, c *caller, in *createInput) (*one[Place], error) {
			if _, err := a.org(ctx, c, in.OrgID); err != nil {
				return nil, err
			}
			n := fleet.Node{Kind: kind}
			in.Body.apply(&n)
			n, err := a.o.Fleet.AddNode(ctx, c.viewer, n)
			if err != nil {
				return nil, err
			}
			return &one[Place]{ETag: etag(n.Version), Location: "/api/v1/organizations/" + in.OrgID + "/" + string(kind) + "s/" + n.ID, Body: showPlace(n)}, nil
		})
	add(a, operation(http.MethodGet, path+"/{id}", "get"+id, tag, "Прочитать: "+name), see,
		func(ctx context.Context, c *caller, in *PlacePath) (*one[Place], error) {
			n, err := a.place(ctx, c, *in, kind)
			return &one[Place]{ETag: etag(n.Version), Body: showPlace(n)}, err
		})
	type changeInput struct {
		PlacePath
		Matching
		Body PlaceInput
	}
	add(a, operation(http.MethodPatch, path+"/{id}", "change"+id, tag, "Изменить: "+name), edit,
		func(ctx context.Context, c *caller, in *changeInput) (*one[Place], error) {
			n, err := a.place(ctx, c, in.PlacePath, kind)
			if err != nil {
				return nil, err
			}
			if n.Version, err = in.version(); err != nil {
				return nil, err
			}
			in.Body.apply(&n)
			if err := a.o.Fleet.SetNode(ctx, c.viewer, n); err != nil {
				return nil, err
			}
			if n, err = a.place(ctx, c, in.PlacePath, kind); err != nil {
				return nil, err
			}
			return &one[Place]{ETag: etag(n.Version), Body: showPlace(n)}, nil
		})
	add(a, operation(http.MethodDelete, path+"/{id}", "delete"+id, tag, "Удалить пустую: "+name), edit,
		func(ctx context.Context, c *caller, in *PlacePath) (*struct{}, error) {
			if _, err := a.place(ctx, c, *in, kind); err != nil {
				return nil, err
			}
			return nil, a.o.Fleet.RemoveNode(ctx, c.viewer, in.ID)
		})
}
