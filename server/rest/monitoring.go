package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/notify"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Monitoring is how registers do.
type Monitoring struct {
	Counts     map[string]int `json:"counts" doc:"Касс каждого цвета, архивные не считаются"`
	Thresholds Thresholds     `json:"thresholds" doc:"Пороги того, кто спрашивает"`
	Items      []Watched      `json:"items" nullable:"false"`
	At         time.Time      `json:"at"`
}

// Thresholds after which a register changes colour.
type Thresholds struct {
	SilenceYellow int     `json:"silenceYellowMinutes"`
	SilenceRed    int     `json:"silenceRedMinutes"`
	ShiftYellow   int     `json:"shiftYellowMinutes"`
	ShiftRed      int     `json:"shiftRedMinutes"`
	TermYellow    int     `json:"termYellowDays"`
	DriveYellow   int     `json:"driveYellowDays"`
	MemoryYellow  float64 `json:"memoryYellowPercent"`
	MemoryRed     float64 `json:"memoryRedPercent"`
}

// Watched is a register in the monitoring.
type Watched struct {
	RegID      fiscal.RegNumber `json:"kktRegId"`
	Name       string           `json:"name"`
	OutletID   string           `json:"outletId,omitempty"`
	Light      string           `json:"light" enum:"grey,green,yellow,red"`
	Indicators []Light          `json:"indicators" nullable:"false"`
}

func (a *api) monitoring() {
	type input struct {
		OutletID string `query:"outletId"`
		Light    string `query:"light" enum:"grey,green,yellow,red"`
	}
	add(a, operation(http.MethodGet, "/api/v1/monitoring", "getMonitoring", "Мониторинг", "Четыре индикатора каждой кассы"), need{access.SeeRegisters, integration.ReadRegisters},
		func(ctx context.Context, c *caller, in *input) (*one[Monitoring], error) {
			s, err := a.scene(ctx, c)
			if err != nil {
				return nil, err
			}
			active := false
			entries, err := a.o.Fleet.Registers(ctx, c.viewer, fleet.Filter{Branch: in.OutletID, Archived: &active})
			if err != nil {
				return nil, err
			}
			t := s.thresholds
			minutes := func(d time.Duration) int { return int(d / time.Minute) }
			m := Monitoring{Counts: map[string]int{"grey": 0, "green": 0, "yellow": 0, "red": 0}, Items: []Watched{}, At: s.now.UTC(),
				Thresholds: Thresholds{minutes(t.SilenceYellow), minutes(t.SilenceRed), minutes(t.ShiftYellow), minutes(t.ShiftRed), t.TermYellow, t.DriveYellow, t.MemoryYellow, t.MemoryRed}}
			for _, e := range entries {
				r := s.show(e)
				m.Counts[r.Light]++
				if in.Light == "" || in.Light == r.Light {
					m.Items = append(m.Items, Watched{r.RegID, r.Name, r.OutletID, r.Light, r.Indicators})
				}
			}
			return &one[Monitoring]{Body: m}, nil
		})
}

// Message is one to a buyer. The address is masked.
type Message struct {
	ID        string     `json:"id"`
	Channel   string     `json:"channel" enum:"sms,email"`
	To        string     `json:"to" doc:"Скрыт: +7 9** ***-**-11"`
	State     string     `json:"state" enum:"queued,sent,delivered,failed,no-package,suppressed"`
	Reason    string     `json:"reason,omitempty"`
	Document  string     `json:"document" doc:"ФН/ФД чека"`
	CreatedAt *time.Time `json:"createdAt,omitempty"`
	ChangedAt *time.Time `json:"changedAt,omitempty"`
}

func (a *api) messages() {
	if a.o.Outbox == nil && a.o.Accounts != nil {
		return
	}
	type input struct {
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		Cursor string `query:"cursor"`
		State  string `query:"state" enum:"queued,sent,delivered,failed,no-package,suppressed"`
		Fields string `query:"fields"`
	}
	add(a, operation(http.MethodGet, "/api/v1/messages", "listMessages", "Сообщения", "Чеки, отправленные покупателям"), need{access.SeeMessages | access.SeeDocuments, integration.ReadDocuments},
		func(ctx context.Context, c *caller, in *input) (*many[Message], error) {
			f := notify.Filter{Org: c.viewer.Org(), State: notify.State(in.State), Limit: in.Limit}
			if in.Cursor != "" {
				var err error
				if f.Before, err = uncursor(in.Cursor, "m"); err != nil {
					return nil, err
				}
			}
			sight, err := a.o.Fleet.Sight(ctx, c.viewer, fleet.Filter{})
			if err != nil {
				return nil, err
			}
			all, err := a.o.Outbox.Messages(ctx, f)
			if err != nil {
				return nil, err
			}
			page := Page[Message]{Items: []Message{}, Page: PageInfo{Limit: in.Limit, Complete: true}, fields: Paging{Fields: in.Fields}.names()}
			for _, m := range all {
				// A message is about a document: who may not read it may not read of it.
				fn, fd, ok := strings.Cut(m.About, "/")
				if !ok {
					continue
				}
				number, err := parseFD(fd)
				if err != nil {
					continue
				}
				if _, err := a.o.Ledger.Document(ctx, sight, fiscal.FNNumber(fn), number); err != nil {
					continue
				}
				page.Items = append(page.Items, Message{m.ID, string(m.Channel), account.Mask(m.To), string(m.State), m.Reason, m.About, instant(m.Created), instant(m.Done)})
			}
			if len(all) == in.Limit {
				page.Page.Next = cursor("m", all[len(all)-1].ID)
			}
			return &many[Message]{page}, nil
		})
}
