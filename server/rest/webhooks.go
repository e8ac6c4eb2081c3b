package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/fiscalbench/fiscalbench/server/integration"
)

// Webhook is an address that is told of events.
type Webhook struct {
	ID        string     `json:"id"`
	URL       string     `json:"url"`
	Events    []string   `json:"events" nullable:"false"`
	Active    bool       `json:"active"`
	CreatedAt *time.Time `json:"createdAt,omitempty"`
	Secret    string     `json:"secret,omitempty" doc:"Показывается один раз, при создании: им проверяют OFD-Signature"`
}

// WebhookInput makes a webhook.
type WebhookInput struct {
	URL    string   `json:"url" maxLength:"2000"`
	Events []string `json:"events" nullable:"false" minItems:"1" maxItems:"50"`
}

// WebhookChange has what may be changed; absent fields stay.
type WebhookChange struct {
	URL    *string   `json:"url,omitempty" maxLength:"2000"`
	Events *[]string `json:"events,omitempty" maxItems:"50"`
	Active *bool     `json:"active,omitempty"`
}

// Delivery is one event on its way to one address.
type Delivery struct {
	ID        string          `json:"id"`
	Event     string          `json:"event"`
	State     string          `json:"state" enum:"queued,delivered,failed"`
	Tries     int             `json:"tries"`
	Status    int             `json:"status,omitempty" doc:"Последний ответ HTTP"`
	Reason    string          `json:"reason,omitempty"`
	CreatedAt *time.Time      `json:"createdAt,omitempty"`
	NextAt    *time.Time      `json:"nextTryAt,omitempty"`
	Body      json.RawMessage `json:"body" doc:"Что отправляется: {id, type, occurredAt, data, links}"`
}

func showHook(h integration.Hook) Webhook {
	v := Webhook{ID: h.ID, URL: h.URL, Events: []string{}, Active: !h.Off, CreatedAt: instant(h.Created)}
	for _, e := range h.Events {
		v.Events = append(v.Events, string(e))
	}
	return v
}

func showDelivery(d integration.Delivery) Delivery {
	v := Delivery{ID: d.ID, Event: string(d.Event), State: string(d.State), Tries: d.Tries, Status: d.Status, Reason: d.Reason, CreatedAt: instant(d.Created), Body: d.Body}
	if d.State == integration.Queued {
		v.NextAt = instant(d.Due)
	}
	return v
}

func eventsOf(names []string) []integration.Event {
	all := make([]integration.Event, len(names))
	for i, n := range names {
		all[i] = integration.Event(n)
	}
	return all
}

func (a *api) webhooks() {
	const path, tag = "/api/v1/webhooks", "Веб-хуки"
	any := need{} // the service decides: a key has its own webhooks, people need the right
	s := a.o.Integration
	add(a, operation(http.MethodGet, path, "listWebhooks", tag, "Веб-хуки: ключу — его собственные"), any,
		func(ctx context.Context, c *caller, in *Paging) (*many[Webhook], error) {
			all, err := s.Hooks(ctx, c.viewer)
			if err != nil {
				return nil, err
			}
			views := make([]Webhook, len(all))
			for i, h := range all {
				views[i] = showHook(h)
			}
			p, err := cut(views, *in)
			return &many[Webhook]{p}, err
		})
	type createInput struct{ Body WebhookInput }
	add(a, operation(http.MethodPost, path, "createWebhook", tag, "Добавить веб-хук; ключу — на события, которые он может читать"), any,
		func(ctx context.Context, c *caller, in *createInput) (*one[Webhook], error) {
			h, secret, err := s.CreateHook(ctx, c.viewer, c.key, integration.Hook{URL: in.Body.URL, Events: eventsOf(in.Body.Events)})
			if err != nil {
				return nil, err
			}
			v := showHook(h)
			v.Secret = secret
			return &one[Webhook]{ETag: etag(h.Version), Location: path + "/" + h.ID, Body: v}, nil
		})
	type WebhookPath struct {
		ID string `path:"id"`
	}
	add(a, operation(http.MethodGet, path+"/{id}", "getWebhook", tag, "Один веб-хук"), any,
		func(ctx context.Context, c *caller, in *WebhookPath) (*one[Webhook], error) {
			h, err := s.Hook(ctx, c.viewer, in.ID)
			return &one[Webhook]{ETag: etag(h.Version), Body: showHook(h)}, err
		})
	type changeInput struct {
		WebhookPath
		Matching
		Body WebhookChange
	}
	add(a, operation(http.MethodPatch, path+"/{id}", "changeWebhook", tag, "Изменить, выключить или включить"), any,
		func(ctx context.Context, c *caller, in *changeInput) (*one[Webhook], error) {
			h, err := s.Hook(ctx, c.viewer, in.ID)
			if err != nil {
				return nil, err
			}
			if h.Version, err = in.version(); err != nil {
				return nil, err
			}
			set(&h.URL, in.Body.URL)
			if in.Body.Events != nil {
				h.Events = eventsOf(*in.Body.Events)
			}
			if in.Body.Active != nil {
				h.Off = !*in.Body.Active
			}
			h, err = s.ChangeHook(ctx, c.viewer, c.key, h)
			return &one[Webhook]{ETag: etag(h.Version), Body: showHook(h)}, err
		})
	add(a, operation(http.MethodDelete, path+"/{id}", "deleteWebhook", tag, "Удалить вместе с доставками"), any,
		func(ctx context.Context, c *caller, in *WebhookPath) (*struct{}, error) {
			return nil, s.DeleteHook(ctx, c.viewer, in.ID)
		})
	type deliveriesInput struct {
		WebhookPath
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		Cursor string `query:"cursor"`
		Fields string `query:"fields"`
	}
	add(a, operation(http.MethodGet, path+"/{id}/deliveries", "listDeliveries", tag, "Доставки, новые первыми"), any,
		func(ctx context.Context, c *caller, in *deliveriesInput) (*many[Delivery], error) {
			before := ""
			if in.Cursor != "" {
				var err error
				if before, err = uncursor(in.Cursor, "d"); err != nil {
					return nil, err
				}
			}
			all, err := s.Deliveries(ctx, c.viewer, in.ID, before, in.Limit)
			if err != nil {
				return nil, err
			}
			page := Page[Delivery]{Items: []Delivery{}, Page: PageInfo{Limit: in.Limit, Complete: true}, fields: Paging{Fields: in.Fields}.names()}
			for _, d := range all {
				page.Items = append(page.Items, showDelivery(d))
			}
			if len(all) == in.Limit {
				page.Page.Next = cursor("d", all[len(all)-1].ID)
			}
			return &many[Delivery]{page}, nil
		})
	type deliveryInput struct {
		WebhookPath
		Delivery string `path:"delivery"`
	}
	add(a, operation(http.MethodPost, path+"/{id}/deliveries/{delivery}/resend", "resendDelivery", tag, "Отправить ещё раз, с тем же телом"), any,
		func(ctx context.Context, c *caller, in *deliveryInput) (*one[Delivery], error) {
			d, err := s.Resend(ctx, c.viewer, in.ID, in.Delivery)
			return &one[Delivery]{Body: showDelivery(d)}, err
		})
	add(a, operation(http.MethodPost, path+"/{id}/test", "testWebhook", tag, "Отправить пробное событие"), any,
		func(ctx context.Context, c *caller, in *WebhookPath) (*one[Delivery], error) {
			d, err := s.TestHook(ctx, c.viewer, in.ID)
			return &one[Delivery]{Body: showDelivery(d)}, err
		})
}
