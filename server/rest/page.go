package rest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fiscalbench/fiscalbench/server/store"
)

// PageInfo says where a page stands (API-04).
type PageInfo struct {
	Next     string `json:"next,omitempty" doc:"Курсор следующей страницы; нет — страница последняя"`
	Limit    int    `json:"limit"`
	Complete bool   `json:"complete" doc:"false: за период ещё могут прийти документы"`
	Total    *int   `json:"total,omitempty" doc:"Сколько всего; по параметру total=true"`
	AtLeast  bool   `json:"totalAtLeast,omitempty" doc:"true: столько есть, дальше не считали"`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T      `json:"items" nullable:"false"`
	Page  PageInfo `json:"page"`

	fields []string
	stream func(yield func(T) error) error // instead of Items, for NDJSON
}

// MarshalJSON writes the page, with the chosen fields of items only.
func (p Page[T]) MarshalJSON() ([]byte, error) {
	if p.Items == nil {
		p.Items = []T{}
	}
	if len(p.fields) == 0 {
		return json.Marshal(struct {
			Items []T      `json:"items"`
			Page  PageInfo `json:"page"`
		}{p.Items, p.Page})
	}
	items := make([]json.RawMessage, len(p.Items))
	for i := range p.Items {
		var err error
		if items[i], err = pick(p.Items[i], p.fields); err != nil {
			return nil, err
		}
	}
	return json.Marshal(struct {
		Items []json.RawMessage `json:"items"`
		Page  PageInfo          `json:"page"`
	}{items, p.Page})
}

// pick leaves the named members of an object.
func pick(v any, fields []string) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil || len(fields) == 0 {
		return b, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, err
	}
	for name := range members {
		if !slices.Contains(fields, name) {
			delete(members, name)
		}
	}
	return json.Marshal(members)
}

const ndjson = "application/x-ndjson"

// lines is what NDJSON can be made of.
type lines interface {
	writeLines(w io.Writer) error
}

func (p Page[T]) writeLines(w io.Writer) error {
	each := func(item T) error {
		b, err := pick(item, p.fields)
		if err != nil {
			return err
		}
		_, err = w.Write(append(b, '\n'))
		return err
	}
	if p.stream != nil {
		return p.stream(each)
	}
	for _, item := range p.Items {
		if err := each(item); err != nil {
			return err
		}
	}
	return nil
}

// ndjsonFormat writes lists line by line. One that breaks off half way cuts the
// connection, so that nobody takes a part for the whole.
var ndjsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		list, ok := v.(lines)
		if !ok {
			return huma.DefaultJSONFormat.Marshal(w, v)
		}
		if err := list.writeLines(w); err != nil {
			panic(http.ErrAbortHandler)
		}
		return nil
	},
	Unmarshal: func([]byte, any) error { return errors.New("rest: NDJSON is not taken") },
}

// Paging are the parameters of lists.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Сколько на странице"`
	Cursor string `query:"cursor" doc:"page.next предыдущей страницы"`
	Offset int    `query:"offset" minimum:"0" maximum:"10000" doc:"Сколько пропустить; вместо cursor"`
	Fields string `query:"fields" doc:"Имена полей через запятую: только они"`
	Total  bool   `query:"total" doc:"Посчитать всего: page.total"`
}

func (p Paging) names() []string {
	var all []string
	for name := range strings.SplitSeq(p.Fields, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// Accepting says in which form a list is wanted.
type Accepting struct {
	Accept string `header:"Accept" hidden:"true"`
}

func (a Accepting) lines() bool { return strings.Contains(a.Accept, ndjson) }

// cut makes a page of a list that is here whole.
func cut[T any](all []T, p Paging) (Page[T], error) {
	from := p.Offset
	if p.Cursor != "" {
		text, err := uncursor(p.Cursor, "o")
		if err != nil {
			return Page[T]{}, err
		}
		if from, err = strconv.Atoi(text); err != nil || from < 0 {
			return Page[T]{}, badCursor()
		}
	}
	out := Page[T]{Page: PageInfo{Limit: p.Limit, Complete: true}, fields: p.names()}
	if p.Total {
		n := len(all)
		out.Page.Total = &n
	}
	from = min(from, len(all))
	to := min(from+p.Limit, len(all))
	out.Items = all[from:to]
	if to < len(all) {
		out.Page.Next = cursor("o", strconv.Itoa(to))
	}
	return out, nil
}

func cursor(kind, text string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + text))
}

func badCursor() *Problem {
	p := problem(http.StatusBadRequest, "invalid", "Курсор берут из page.next.")
	p.Field = "cursor"
	return p
}

func uncursor(s, kind string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	text, ok := strings.CutPrefix(string(b), kind+":")
	if err != nil || !ok {
		return "", badCursor()
	}
	return text, nil
}

// placeCursor and cursorPlace carry the place in a search.
func placeCursor(p store.Place) string {
	if p == (store.Place{}) {
		return ""
	}
	return cursor("p", fmt.Sprintf("%d:%d", p.At.UnixNano(), p.ID))
}

func cursorPlace(s string) (store.Place, error) {
	if s == "" {
		return store.Place{}, nil
	}
	text, err := uncursor(s, "p")
	if err != nil {
		return store.Place{}, err
	}
	var at, id int64
	if _, err := fmt.Sscanf(text, "%d:%d", &at, &id); err != nil {
		return store.Place{}, badCursor()
	}
	return store.Place{At: time.Unix(0, at).UTC(), ID: id}, nil
}

// etag of a version, and back.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Matching is what changes ask for.
type Matching struct {
	IfMatch string `header:"If-Match" doc:"ETag прочитанного; без него изменение не принимается"`
}

func (m Matching) version() (int64, error) {
	if m.IfMatch == "" {
		p := problem(http.StatusPreconditionRequired, "if_match", "Прочитайте запись и передайте её ETag в If-Match.")
		p.Field = "If-Match"
		return 0, p
	}
	n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(m.IfMatch, "W/"), `"`), 10, 64)
	if err != nil {
		return 0, problem(http.StatusPreconditionFailed, "stale", "Запись изменили после того, как вы её прочитали.")
	}
	return n, nil
}

// wall reads a moment of a register's clock: a date or a date with time, no zone.
func wall(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", wallClock} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	p := problem(http.StatusBadRequest, "invalid", "Время по часам кассы: 2026-03-01 или 2026-03-01T10:00:00, без зоны.")
	p.Field = field
	return time.Time{}, p
}

// wallClock is how a register's own time is written.
const wallClock = "2006-01-02T15:04:05"

// instant is a time of the server, or nothing.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// local is a time of a register's clock, or nothing.
func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(wallClock)
}
