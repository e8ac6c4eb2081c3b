// Package integrations is the section «Интеграции → API» of the cabinet: keys of other
// programs and webhooks with their deliveries (API-02, API-07).
package integrations

import (
	"embed"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area. The services are needed.
type Options struct {
	Integration *integration.Service
	Fleet       *fleet.Service
	Site        string // address of the API
}

type area struct {
	o              Options
	f              *page.Frame
	list, hookPage *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, f: f, list: f.Templates(files, "templates/list.html"), hookPage: f.Templates(files, "templates/hook.html")}
	f.Client("GET /lk/integrations", access.ManageKeys, a.showList)
	f.Client("POST /lk/integrations", access.ManageKeys, a.doKey)
	f.Client("POST /lk/integrations/webhooks", access.ManageKeys, a.doHook)
	f.Client("GET /lk/integrations/webhooks/{id}", access.ManageKeys, a.showHook)
	f.Client("POST /lk/integrations/webhooks/{id}", access.ManageKeys, a.doDelivery)
}

type data struct {
	Keys   []integration.Key
	Hooks  []integration.Hook
	Tree   *fleet.Tree
	Scopes []integration.Scope
	Events []integration.Event
	Value  map[string]string
	Chosen map[string]bool
	Wrong  invalid.Fields
	Secret string // of a key or a webhook that was just made: shown once
	What   string
	Site   string
	Now    time.Time
}

func (a *area) data(v *page.Visit) (d data, err error) {
	ctx := v.R.Context()
	d = data{Scopes: integration.Scopes(), Events: integration.Events(), Value: map[string]string{}, Chosen: map[string]bool{}, Site: a.o.Site, Now: a.f.Now()}
	if d.Keys, err = a.o.Integration.Keys(ctx, v.Viewer); err != nil {
		return d, err
	}
	if d.Hooks, err = a.o.Integration.Hooks(ctx, v.Viewer); err != nil {
		return d, err
	}
	d.Tree, err = a.o.Fleet.Tree(ctx, v.Viewer)
	return d, err
}

func (a *area) showList(v *page.Visit) error {
	d, err := a.data(v)
	if err != nil {
		return err
	}
	return v.Render(a.list, d)
}

// again shows the page with what is wrong and what was typed in.
func (a *area) again(v *page.Visit, err error) error {
	if errors.Is(err, integration.ErrNoSecret) {
		err = invalid.Fields{"url": "Веб-хуки на этом сервере не настроены: нет ключа шифрования."}
	}
	var bad invalid.Fields
	if !errors.As(err, &bad) {
		return known(err)
	}
	d, failed := a.data(v)
	if failed != nil {
		return failed
	}
	d.Wrong = bad
	for name, values := range v.R.PostForm {
		d.Value[name] = strings.Join(values, " ")
		for _, one := range values {
			d.Chosen[one] = true
		}
	}
	return v.RenderStatus(http.StatusUnprocessableEntity, a.list, d)
}

// known puts errors of the service in the words of pages.
func known(err error) error {
	if errors.Is(err, integration.ErrNotFound) {
		return page.ErrNotFound
	}
	return err
}

// once shows a secret that nobody will see again.
func (a *area) once(v *page.Visit, what, secret string) error {
	d, err := a.data(v)
	if err != nil {
		return err
	}
	d.What, d.Secret = what, secret
	return v.RenderStatus(http.StatusCreated, a.list, d)
}

func (a *area) doKey(v *page.Visit) error {
	ctx := v.R.Context()
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	if v.Form("do") == "revoke" {
		if err := a.o.Integration.RevokeKey(ctx, v.Viewer, v.Form("key")); err != nil {
			return known(err)
		}
		v.Say("Ключ отозван: программы с ним больше ничего не получат.")
		return v.Redirect("/lk/integrations")
	}
	k := integration.Key{Name: v.Form("name"), Origins: strings.Fields(v.Form("origins"))}
	for _, s := range v.R.PostForm["scope"] {
		k.Scopes = append(k.Scopes, integration.Scope(s))
	}
	if b := v.Form("branch"); b != "" {
		k.Branches = []string{b}
	}
	for _, r := range strings.FieldsFunc(v.Form("registers"), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' }) {
		k.Registers = append(k.Registers, fiscal.RegNumber(r))
	}
	bad := invalid.Fields{}
	day := func(name string, zone *time.Location) time.Time {
		text := v.Form(name)
		if text == "" {
			return time.Time{}
		}
		t, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			bad[name] = "Дата пишется так: 2026-03-01."
		}
		return t
	}
	k.From = day("from", time.UTC) // by the registers' clocks
	if k.To = day("to", time.UTC); !k.To.IsZero() {
		k.To = k.To.AddDate(0, 0, 1) // the last day is included
	}
	if k.Expires = day("expires", v.Zone()); !k.Expires.IsZero() {
		k.Expires = k.Expires.AddDate(0, 0, 1)
	}
	if len(bad) > 0 {
		return a.again(v, bad)
	}
	k, secret, err := a.o.Integration.CreateKey(ctx, v.Viewer, k)
	if err != nil {
		return a.again(v, err)
	}
	return a.once(v, "Ключ «"+k.Name+"»", secret)
}

func (a *area) doHook(v *page.Visit) error {
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	h := integration.Hook{URL: v.Form("url")}
	for _, e := range v.R.PostForm["event"] {
		h.Events = append(h.Events, integration.Event(e))
	}
	_, secret, err := a.o.Integration.CreateHook(v.R.Context(), v.Viewer, nil, h)
	if err != nil {
		return a.again(v, err)
	}
	return a.once(v, "Секрет веб-хука, которым проверяют подпись OFD-Signature", secret)
}

type hookData struct {
	Hook       integration.Hook
	Deliveries []integration.Delivery
	Next       string
	Journal    bool // may be read
}

const deliveriesOnPage = 50

func (a *area) showHook(v *page.Visit) error {
	ctx, id := v.R.Context(), v.R.PathValue("id")
	h, err := a.o.Integration.Hook(ctx, v.Viewer, id)
	if err != nil {
		return known(err)
	}
	d := hookData{Hook: h, Journal: v.Viewer.Can(access.ManageUsers)}
	if d.Deliveries, err = a.o.Integration.Deliveries(ctx, v.Viewer, id, v.Form("before"), deliveriesOnPage+1); err != nil {
		return known(err)
	}
	if len(d.Deliveries) > deliveriesOnPage {
		d.Deliveries = d.Deliveries[:deliveriesOnPage]
		d.Next = "/lk/integrations/webhooks/" + id + "?before=" + d.Deliveries[deliveriesOnPage-1].ID
	}
	return v.Render(a.hookPage, d)
}

func (a *area) doDelivery(v *page.Visit) error {
	ctx, id := v.R.Context(), v.R.PathValue("id")
	to := "/lk/integrations/webhooks/" + id
	var err error
	switch v.Form("do") {
	case "test":
		_, err = a.o.Integration.TestHook(ctx, v.Viewer, id)
		v.Say("Пробное событие отправляется.")
	case "resend":
		_, err = a.o.Integration.Resend(ctx, v.Viewer, id, v.Form("delivery"))
		v.Say("Доставка отправляется ещё раз.")
	case "delete":
		err = a.o.Integration.DeleteHook(ctx, v.Viewer, id)
		v.Say("Веб-хук удалён.")
		to = "/lk/integrations"
	default:
		return page.ErrNotFound
	}
	if err != nil {
		return known(err)
	}
	return v.Redirect(to)
}
