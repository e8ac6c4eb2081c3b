// Package outbox is «Исходящие», a page of the test bench alone: every letter and SMS
// that the bench has sent, as the addressee would see it, and the faults of the
// stand-ins that carry them (SIM-01, SIM-02).
//
// It shows everything to whoever may drive the bench, codes of other people's logins
// included; where there is no bench it is not mounted.
package outbox

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/notify"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area; Notify is needed.
type Options struct {
	Notify *notify.Service
	// The stand-ins; nil where a real server carries.
	SMS, Mail *notify.StandIn
}

type area struct {
	o             Options
	list, message *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, list: f.Templates(files, "templates/list.html"), message: f.Templates(files, "templates/message.html")}
	f.Client("GET /lk/outbox", access.DriveTheBench, a.showList)
	f.Client("POST /lk/outbox/faults", access.DriveTheBench, a.setFaults)
	f.Client("POST /lk/outbox/drop", access.DriveTheBench, a.drop)
	f.Client("GET /lk/outbox/{id}", access.DriveTheBench, a.showMessage)
	f.Client("GET /lk/outbox/{id}/html", access.DriveTheBench, a.showHTML)
	f.Client("GET /lk/outbox/{id}/file/{n}", access.DriveTheBench, a.file)
}

const rows = 50

// stand is a stand-in as the form of its faults shows it.
type stand struct {
	Channel, Title string
	Delay, Report  string
	Refuse         string
	Down           bool
}

func (a *area) stands() (all []stand) {
	for _, one := range []struct {
		channel, title string
		s              *notify.StandIn
	}{{string(notify.SMS), "SMS", a.o.SMS}, {string(notify.Letter), "Почта", a.o.Mail}} {
		if one.s == nil {
			continue
		}
		f := one.s.Faults()
		all = append(all, stand{one.channel, one.title, strconv.Itoa(int(f.Delay / time.Second)), strconv.Itoa(int(f.Report / time.Second)), strings.Join(f.Refuse, ", "), f.Down})
	}
	return all
}

func (a *area) showList(v *page.Visit) error {
	f := notify.Filter{To: v.Form("to"), Channel: notify.Channel(v.Form("channel")), State: notify.State(v.Form("state")), Before: v.Form("before"), Limit: rows + 1}
	all, err := a.o.Notify.Messages(v.R.Context(), f)
	if err != nil {
		return err
	}
	d := struct {
		Messages []notify.Message
		To       string
		Channel  string
		State    string
		Stands   []stand
		Next     string
		Keep     int // days
		Wrong    invalid.Fields
	}{Messages: all, To: f.To, Channel: string(f.Channel), State: string(f.State), Stands: a.stands(), Keep: int(a.o.Notify.Keeps() / (24 * time.Hour))}
	if len(all) > rows {
		d.Messages = all[:rows]
		d.Next = "/lk/outbox?" + url.Values{"to": {f.To}, "channel": {d.Channel}, "state": {d.State}, "before": {all[rows-1].ID}}.Encode()
	}
	return v.Render(a.list, d)
}

func (a *area) setFaults(v *page.Visit) error {
	s := a.o.SMS
	if v.Form("channel") == string(notify.Letter) {
		s = a.o.Mail
	}
	if s == nil {
		return page.ErrNotFound
	}
	seconds := func(field string) time.Duration {
		n, err := strconv.Atoi(cmp.Or(v.Form(field), "0"))
		if err != nil || n < 0 || n > 60 {
			return -1
		}
		return time.Duration(n) * time.Second
	}
	f := notify.Faults{Delay: seconds("delay"), Report: seconds("report"), Down: v.Form("down") == "yes"}
	if f.Delay < 0 || f.Report < 0 {
		return &page.Failure{Status: http.StatusUnprocessableEntity, Title: "Задержка не подходит", Text: "Задержка — от 0 до 60 секунд."}
	}
	for part := range strings.SplitSeq(v.Form("refuse"), ",") {
		if part = strings.TrimSpace(part); part != "" {
			f.Refuse = append(f.Refuse, part)
		}
	}
	s.Set(f)
	v.Say("Поведение заглушки изменено.")
	return v.Redirect("/lk/outbox")
}

func (a *area) drop(v *page.Visit) error {
	days, err := strconv.Atoi(v.Form("days"))
	if err != nil || days < 0 {
		return &page.Failure{Status: http.StatusUnprocessableEntity, Title: "Число дней не подходит", Text: "Нужно целое число дней, не меньше нуля."}
	}
	n, err := a.o.Notify.Drop(v.R.Context(), v.Now().AddDate(0, 0, -days))
	if err != nil {
		return err
	}
	v.Say(fmt.Sprintf("Удалено сообщений: %d.", n))
	return v.Redirect("/lk/outbox")
}

func (a *area) find(v *page.Visit) (notify.Message, error) {
	m, err := a.o.Notify.Message(v.R.Context(), v.R.PathValue("id"))
	if errors.Is(err, notify.ErrNotFound) {
		return m, page.ErrNotFound
	}
	return m, err
}

func (a *area) showMessage(v *page.Visit) error {
	m, err := a.find(v)
	if err != nil {
		return err
	}
	// The letter stands in a frame of its own; no other page has one.
	h := v.W.Header()
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; frame-src 'self'")
	return v.Render(a.message, struct {
		notify.Message
		Links []string
		Base  string
	}{m, links(m.Text), "/lk/outbox/" + url.PathEscape(m.ID)})
}

// letterPolicy shows a letter with the pictures it brings and nothing from outside; no
// script runs, no form is sent.
const letterPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

func (a *area) showHTML(v *page.Visit) error {
	m, err := a.find(v)
	if err != nil {
		return err
	}
	if m.HTML == "" {
		return page.ErrNotFound
	}
	html := strings.Replace(m.Embedded(), "<head>", `<head><base target="_blank">`, 1)
	h := v.W.Header()
	h.Set("Content-Security-Policy", letterPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, err = v.W.Write([]byte(html))
	return err
}

func (a *area) file(v *page.Visit) error {
	m, err := a.find(v)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.R.PathValue("n"))
	if err != nil || n < 0 || n >= len(m.Files) {
		return page.ErrNotFound
	}
	v.Attach(m.Files[n].Name, "application/octet-stream")
	_, err = v.W.Write(m.Files[n].Data)
	return err
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

// links in a text, each once.
func links(text string) (all []string) {
	seen := map[string]bool{}
	for _, l := range address.FindAllString(text, -1) {
		if l = strings.TrimRight(l, ".,;"); !seen[l] {
			seen[l] = true
			all = append(all, l)
		}
	}
	return all
}
