package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/paper"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Meta says of a document what its register did not.
type Meta struct {
	ID           string            `json:"id"`
	ReceivedAt   *time.Time        `json:"receivedAt,omitempty"`
	TimeZone     string            `json:"timeZone"`
	Confirmed    bool              `json:"confirmed" doc:"Касса получила подтверждение оператора"`
	SentAt       *time.Time        `json:"sentAt,omitempty" doc:"Когда передан налоговой службе; нет — не передан"`
	FNSStatus    string            `json:"fnsStatus" enum:"UNKNOWN" doc:"Ответ налоговой службы: обмена с ней на стенде нет"`
	Status       string            `json:"status" enum:"ACCEPTED,WARNINGS,ERRORS,UNKNOWN" doc:"По ФЛК оператора; UNKNOWN — содержание не видно"`
	Messages     []StatusMessage   `json:"messages" nullable:"false" doc:"Из-за чего такой status"`
	SignChecked  string            `json:"fiscalSignVerdict,omitempty"`
	Findings     []flk.Finding     `json:"findings" nullable:"false" doc:"Нарушения ФЛК подробно"`
	Unread       bool              `json:"unread" doc:"Содержание не видно: документ зашифрован или не разбирается"`
	Links        map[string]string `json:"links"`
	PersonalData string            `json:"personalData" enum:"hidden,shown"`
}

// StatusMessage is what is wrong with a document (OPR-050).
type StatusMessage struct {
	Code    int    `json:"code" doc:"Код налоговой службы, где он известен; 0 — нет"`
	Rule    string `json:"rule" doc:"Правило ФЛК стенда"`
	Tag     int    `json:"tag,omitempty" doc:"Нет — весь документ"`
	Message string `json:"message"`
}

// DocumentView is the envelope with a document in it, and what is known of it.
type DocumentView struct {
	Document json.RawMessage `json:"document"`
	Meta     Meta            `json:"meta"`
}

type documentInput struct {
	FN       string `path:"fn" doc:"Номер ФН"`
	FD       int64  `path:"fd" minimum:"1" maximum:"4294967295" doc:"Номер документа"`
	View     string `query:"view" enum:"json,tags,raw,html,pdf" default:"json"`
	Personal bool   `query:"personal" doc:"Показать персональные данные покупателя; для view=raw обязательно: в исходных байтах они есть"`
}

// Bytes is an answer in one of several forms.
type Bytes struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (a *api) oneDocument(read need, tag string) {
	op := operation(http.MethodGet, "/api/v1/documents/{fn}/{fd}", "getDocument", tag, "Один документ: JSON налоговой службы, дерево тегов, контейнер, печатная форма или PDF")
	object := &huma.Schema{Type: "object", AdditionalProperties: true, Description: "document — конверт с документом, meta — что о нём известно; при view=tags — tags"}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: object}, "application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}, "text/html": {Schema: &huma.Schema{Type: "string"}},
		"application/pdf": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	op.Errors = append(op.Errors, 422)
	add(a, op, read, func(ctx context.Context, c *caller, in *documentInput) (*Bytes, error) {
		sight, err := a.o.Fleet.Sight(ctx, c.viewer, fleet.Filter{})
		if err != nil {
			return nil, err
		}
		d, err := a.o.Ledger.Document(ctx, sight, fiscal.FNNumber(in.FN), fiscal.FDNumber(in.FD))
		if err != nil {
			return nil, err
		}
		s, err := a.scene(ctx, c)
		if err != nil {
			return nil, err
		}
		_, entries, err := a.o.Fleet.Known(ctx, c.viewer, fleet.Filter{Numbers: []fiscal.RegNumber{d.RegID}})
		if err != nil {
			return nil, err
		}
		zone := s.clocks(entries).zone(d.RegID, filed(&d))
		var b *Bytes
		if in.View == "pdf" {
			b, err = a.pdf(ctx, &d, in.Personal)
		} else {
			b, err = view(ctx, &d, zone, in.View, in.Personal)
		}
		if err == nil && in.Personal {
			err = a.o.Accounts.ShowPersonal(ctx, c.viewer, idOf(&d), "API, "+viewNames[in.View])
		}
		if err != nil {
			return nil, err
		}
		return b, nil
	})
}

// viewNames are the views of a document in words, for the journal.
var viewNames = map[string]string{"json": "JSON", "tags": "реквизиты", "raw": "контейнер", "html": "печатная форма", "pdf": "PDF"}

// idOf a document, "ФН/ФД".
func idOf(d *store.Document) string { return fmt.Sprintf("%s/%d", d.FN, d.FD) }

func unread() *Problem {
	return problem(http.StatusUnprocessableEntity, "unread", "Содержание не видно: документ зашифрован или не разбирается. Есть view=raw.")
}

// pdf is a document on paper, in the design of its seller.
func (a *api) pdf(ctx context.Context, d *store.Document, personal bool) (*Bytes, error) {
	doc, err := ffd.Decode(d.STLV)
	if err != nil || len(d.STLV) == 0 {
		return nil, unread()
	}
	var design *paper.Design
	if a.o.Buyers != nil {
		if design, err = a.o.Buyers.DesignOf(ctx, d); err != nil {
			return nil, err
		}
	}
	b, err := buyers.Sheet(d, doc, design, !personal).PDF()
	return &Bytes{"application/pdf", b}, err
}

// view is a document in the form that is asked for.
func view(ctx context.Context, d *store.Document, zone, form string, personal bool) (*Bytes, error) {
	parsed, err := ffd.Decode(d.STLV)
	readable := err == nil && len(d.STLV) > 0
	switch form {
	case "raw":
		if !personal {
			p := problem(http.StatusUnprocessableEntity, "personal", "В исходных байтах есть персональные данные: добавьте personal=true.")
			p.Field = "personal"
			return nil, p
		}
		return &Bytes{"application/octet-stream", d.Message}, nil
	case "tags":
		if !readable {
			return nil, unread()
		}
		nodes := []explain.Node{}
		for _, r := range explain.Bytes(ctx, d.STLV, explain.Options{}) {
			nodes = append(nodes, r.Nodes...)
		}
		if !personal {
			hide(nodes)
		}
		b, err := json.Marshal(map[string]any{"tags": nodes, "meta": metaOf(d, zone, personal, readable)})
		return &Bytes{"application/json", b}, err
	case "html":
		if !readable {
			return nil, unread()
		}
		var b bytes.Buffer
		err := paperPage.Execute(&b, map[string]any{"Title": fmt.Sprintf("%s № %d", d.Form, d.FD), "Paper": ffd.Print(parsed, ffd.PrintOptions{MaskPersonal: !personal})})
		return &Bytes{"text/html; charset=utf-8", b.Bytes()}, err
	}
	v := DocumentView{Document: json.RawMessage("null"), Meta: metaOf(d, zone, personal, readable)}
	if readable {
		if v.Document, err = ffd.AppendJSON(nil, parsed, ffd.JSONOptions{NoPersonal: !personal}); err != nil {
			return nil, fmt.Errorf("rest: writing a document: %w", err)
		}
	}
	b, err := json.Marshal(v)
	return &Bytes{"application/json", b}, err
}

func metaOf(d *store.Document, zone string, personal, readable bool) Meta {
	at := "/api/v1/documents/" + idOf(d)
	m := Meta{ID: idOf(d), ReceivedAt: instant(d.ReceivedAt), TimeZone: zone, Confirmed: len(d.Confirmation) > 0, SignChecked: d.FPDCheck,
		FNSStatus: unknown, Status: statusOf(d), Messages: messagesOf(d), Findings: append([]flk.Finding{}, d.Findings...), Unread: !readable, PersonalData: "hidden",
		Links: map[string]string{"self": at, "tags": at + "?view=tags", "html": at + "?view=html", "pdf": at + "?view=pdf", "raw": at + "?view=raw&personal=true", "register": "/api/v1/registers/" + string(d.RegID)}}
	if personal {
		m.PersonalData = "shown"
	}
	return m
}

func messagesOf(d *store.Document) []StatusMessage {
	all := []StatusMessage{}
	for _, f := range d.Findings {
		m := StatusMessage{Code: f.Code, Rule: f.Rule, Message: f.Text}
		if len(f.Path) > 0 {
			m.Tag = int(f.Path[len(f.Path)-1])
		}
		all = append(all, m)
	}
	return all
}

// hide takes personal values out of a tree, and bytes that nobody could tell apart.
func hide(nodes []explain.Node) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case ffd.Personal(n.Tag):
			n.Value, n.Raw, n.Children = "скрыто", nil, nil
		case n.Problem != "":
			n.Raw = nil
		}
		hide(n.Children)
	}
}

var paperPage = template.Must(template.New("paper").Parse(`<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>{{.Title}}</title></head><body><pre>{{.Paper}}</pre></body></html>
`))
