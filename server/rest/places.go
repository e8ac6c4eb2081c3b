package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
)

// Stay is where a register stands or stood.
type Stay struct {
	OutletID   string     `json:"outletId,omitempty" doc:"Нет — касса нигде не стояла"`
	OutletName string     `json:"outletName,omitempty" doc:"С подразделениями: «Север / Магазин»"`
	From       *time.Time `json:"from,omitempty" doc:"Когда касса сюда перенесена; нет — стояла с подключения"`
	Until      *time.Time `json:"until,omitempty" doc:"Когда перенесена отсюда; нет — стоит сейчас"`
	LocalFrom  string     `json:"localFrom,omitempty" doc:"То же по часам кассы: документы с этого времени — этой точки"`
	LocalUntil string     `json:"localUntil,omitempty" doc:"По часам кассы: документы с этого времени — следующей точки"`
}

func (a *api) stays() {
	type input struct {
		RegisterPath
		Paging
	}
	add(a, operation(http.MethodGet, "/api/v1/registers/{rnm}/places", "listRegisterPlaces", "Кассы", "Где касса стоит и стояла: выручка принадлежит точке того времени"), need{access.SeeRegisters, integration.ReadRegisters},
		func(ctx context.Context, c *caller, in *input) (*many[Stay], error) {
			stays, err := a.o.Fleet.Places(ctx, c.viewer, fiscal.RegNumber(in.RegID))
			if err != nil {
				return nil, err
			}
			t, err := a.o.Fleet.Tree(ctx, c.viewer)
			if err != nil {
				return nil, err
			}
			all := make([]Stay, len(stays))
			for i, s := range stays {
				all[i] = Stay{s.Outlet, t.FullName(s.Outlet), instant(s.From), instant(s.Until), local(s.Since), local(s.To)}
			}
			p, err := cut(all, in.Paging)
			return &many[Stay]{p}, err
		})
}

// clocks tell by which zone documents of registers are dated: that of the place where
// the register stood then.
type clocks struct {
	s  *scene
	by map[fiscal.RegNumber]*fleet.Entry
}

func (s *scene) clocks(entries []fleet.Entry) clocks {
	c := clocks{s, make(map[fiscal.RegNumber]*fleet.Entry, len(entries))}
	for i := range entries {
		c.by[entries[i].RegID] = &entries[i]
	}
	return c
}

// zone of a document of the register that is dated so; empty for one that is not known.
func (c clocks) zone(reg fiscal.RegNumber, wall time.Time) string {
	e := c.by[reg]
	if e == nil {
		return ""
	}
	outlet, ok := e.OutletAt(wall)
	if !ok {
		outlet = e.Outlet
	}
	name, _ := c.s.zoneOf(outlet)
	return name
}

// spans of a group of figures.
type spans struct {
	key string
	all []access.Span
}

// grouped are the times of registers by what figures are apart by: an outlet has those
// of registers that stood in it.
func grouped(entries []fleet.Entry, by string) (groups []spans) {
	place := map[string]int{}
	for i := range entries {
		for _, s := range entries[i].Stays {
			key := map[string]string{"outlet": s.Outlet, "register": string(entries[i].RegID)}[by]
			n, ok := place[key]
			if !ok {
				n = len(groups)
				place[key] = n
				groups = append(groups, spans{key: key})
			}
			groups[n].all = append(groups[n].all, access.Span{Register: entries[i].RegID, From: s.Since, To: s.To})
		}
	}
	return groups
}

// of is the part of a sight that the group means.
func (g spans) of(s access.Sight) access.Sight { return s.And(access.SightOf(s.INN(), g.all)) }
