// Package buyers is the section «Покупателям» of the cabinet: which receipts go to
// buyers and how, SMS packages, the design of receipts, what was sent (CAB-140 to
// CAB-142, CAB-906, CAB-918). The service server/buyers does the work.
package buyers

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/notify"
	"github.com/fiscalbench/fiscalbench/server/paper"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area; Buyers is needed.
type Options struct{ Buyers *buyers.Service }

type area struct {
	s                                             *buyers.Service
	settings, messages, packages, design, refused *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	parse := func(name string) *page.Templates {
		return f.Templates(files, "templates/tabs.html", "templates/"+name+".html")
	}
	a := &area{s: o.Buyers, settings: parse("settings"), messages: parse("messages"), packages: parse("packages"), design: parse("design"), refused: parse("refused")}
	f.Client("GET /lk/buyers", access.SeeMessages, func(v *page.Visit) error { return a.showSettings(v, nil) })
	f.Client("POST /lk/buyers", access.EditMessages, a.setChannels)
	f.Client("GET /lk/buyers/messages", access.SeeMessages, a.showMessages)
	f.Client("POST /lk/buyers/messages", access.EditMessages, a.repeat)
	f.Client("GET /lk/buyers/packages", access.SeeMessages, a.showPackages)
	f.Client("POST /lk/buyers/packages", access.EditMessages, a.addPackage)
	f.Client("GET /lk/buyers/refused", access.SeeMessages, func(v *page.Visit) error { return a.showRefused(v, nil) })
	f.Client("POST /lk/buyers/refused", access.EditMessages, a.refuse)
	f.Client("GET /lk/buyers/design", access.SeeMessages, func(v *page.Visit) error { return a.showDesign(v, nil, nil) })
	f.Client("POST /lk/buyers/design", access.EditMessages, a.setDesign)
	f.Client("GET /lk/buyers/design/{file}", access.SeeMessages, a.preview)
}

// failed turns errors of the service into pages.
func failed(err error) error {
	switch {
	case errors.Is(err, buyers.ErrNotFound):
		return page.ErrNotFound
	case errors.Is(err, buyers.ErrStale):
		return &page.Failure{Status: http.StatusConflict, Title: "Данные изменились", Text: "Пока вы правили форму, её сохранил кто-то другой. Откройте страницу ещё раз."}
	}
	return err
}

// channel counts messages of one channel (CAB-918).
type channel struct {
	Name                                  string
	Delivered, Waiting, Failed, NoPackage int64
	Suppressed, All                       int64
}

func channels(counts []buyers.Count) []channel {
	all := []channel{{Name: "SMS"}, {Name: "Письма"}}
	for _, c := range counts {
		one := &all[0]
		if c.Channel == notify.Letter {
			one = &all[1]
		}
		one.All += c.Messages
		switch c.State {
		case notify.Delivered:
			one.Delivered += c.Messages
		case notify.Failed:
			one.Failed += c.Messages
		case notify.NoPackage:
			one.NoPackage += c.Messages
		case notify.Suppressed:
			one.Suppressed += c.Messages
		default:
			one.Waiting += c.Messages
		}
	}
	return all
}

func (a *area) showSettings(v *page.Visit, wrong invalid.Fields) error {
	ctx := v.R.Context()
	s, err := a.s.Settings(ctx, v.Viewer)
	if err != nil {
		return err
	}
	balance, err := a.s.Balance(ctx, v.Viewer)
	if err != nil {
		return err
	}
	month := v.Now().AddDate(0, 0, -30)
	counts, err := a.s.Statistics(ctx, v.Viewer, month)
	if err != nil {
		return err
	}
	if wrong != nil {
		s.SMS, s.Letters, s.Corrections, s.PDF, s.Sender = v.Form("sms") == "yes", v.Form("letters") == "yes", v.Form("corrections") == "yes", v.Form("pdf") == "yes", v.Form("sender")
	}
	d := struct {
		Settings buyers.Settings
		Balance  buyers.Balance
		Channels []channel
		Since    time.Time
		CanEdit  bool
		Wrong    invalid.Fields
	}{s, balance, channels(counts), month, v.Viewer.Can(access.EditMessages), wrong}
	if wrong != nil {
		return v.RenderStatus(http.StatusUnprocessableEntity, a.settings, d)
	}
	return v.Render(a.settings, d)
}

func version(v *page.Visit) int64 {
	n, err := strconv.ParseInt(v.Form("version"), 10, 64)
	if err != nil {
		return -1 // never one that is there
	}
	return n
}

func (a *area) setChannels(v *page.Visit) error {
	err := a.s.SetChannels(v.R.Context(), v.Viewer, buyers.Settings{SMS: v.Form("sms") == "yes", Letters: v.Form("letters") == "yes", Corrections: v.Form("corrections") == "yes",
		PDF: v.Form("pdf") == "yes", Sender: v.Form("sender"), Version: version(v)})
	if err != nil {
		wrong, err := page.Fields(failed(err))
		if err != nil {
			return err
		}
		return a.showSettings(v, wrong)
	}
	v.Say("Настройки сохранены.")
	return v.Redirect("/lk/buyers")
}

const rows = 50

func (a *area) showMessages(v *page.Visit) error {
	f := notify.Filter{Channel: notify.Channel(v.Form("channel")), State: notify.State(v.Form("state")), Before: v.Form("before"), Limit: rows + 1}
	all, err := a.s.Messages(v.R.Context(), v.Viewer, f)
	if err != nil {
		return err
	}
	d := struct {
		Messages       []buyers.Sent
		Channel, State string
		Next           string
		CanEdit        bool
	}{all, string(f.Channel), string(f.State), "", v.Viewer.Can(access.EditMessages)}
	if len(all) > rows {
		d.Messages = all[:rows]
		d.Next = "/lk/buyers/messages?" + url.Values{"channel": {d.Channel}, "state": {d.State}, "before": {all[rows-1].ID}}.Encode()
	}
	return v.Render(a.messages, d)
}

func (a *area) repeat(v *page.Visit) error {
	state, err := a.s.Repeat(v.R.Context(), v.Viewer, v.Form("id"))
	if err != nil {
		wrong, err := page.Fields(failed(err))
		if err != nil {
			return err
		}
		return &page.Failure{Status: http.StatusConflict, Title: "Не отправлено", Text: wrong[""]}
	}
	switch state {
	case notify.NoPackage:
		v.Say("Не отправлено: в пакете SMS не осталось сообщений.")
	case notify.Suppressed:
		v.Say("Не отправлено: адресат просил не писать.")
	default:
		v.Say("Сообщение поставлено в очередь.")
	}
	return v.Redirect("/lk/buyers/messages")
}

func (a *area) showPackages(v *page.Visit) error {
	balance, err := a.s.Balance(v.R.Context(), v.Viewer)
	if err != nil {
		return err
	}
	return v.Render(a.packages, struct {
		Balance buyers.Balance
		Sizes   []int64
		CanEdit bool
		Now     time.Time
	}{balance, buyers.Sizes(), v.Viewer.Can(access.EditMessages), v.Now()})
}

func (a *area) addPackage(v *page.Visit) error {
	size, err := strconv.ParseInt(v.Form("size"), 10, 64)
	if err != nil {
		return page.ErrNotFound
	}
	if err := a.s.AddPackage(v.R.Context(), v.Viewer, size); err != nil {
		if wrong, err := page.Fields(err); err != nil || wrong == nil {
			return err
		}
		return page.ErrNotFound
	}
	v.Say("Пакет добавлен.")
	return v.Redirect("/lk/buyers/packages")
}

func (a *area) showRefused(v *page.Visit, wrong invalid.Fields) error {
	all, err := a.s.Suppressions(v.R.Context(), v.Viewer)
	if err != nil {
		return err
	}
	d := struct {
		List    []buyers.Suppression
		Address string
		Wrong   invalid.Fields
		CanEdit bool
	}{all, v.Form("address"), wrong, v.Viewer.Can(access.EditMessages)}
	if wrong != nil {
		return v.RenderStatus(http.StatusUnprocessableEntity, a.refused, d)
	}
	return v.Render(a.refused, d)
}

func (a *area) refuse(v *page.Visit) error {
	do, said := a.s.Suppress, "На этот адрес сообщения больше не отправляются."
	if v.Form("do") == "release" {
		do, said = a.s.Release, "На этот адрес сообщения снова отправляются."
	}
	if err := do(v.R.Context(), v.Viewer, v.Form("address")); err != nil {
		wrong, err := page.Fields(err)
		if err != nil {
			return err
		}
		return a.showRefused(v, wrong)
	}
	v.Say(said)
	return v.Redirect("/lk/buyers/refused")
}

// linkRow is a link in the form; its number is that people see.
type linkRow struct {
	paper.Link
	Number int
}

// linkRows is how many links the form has room for.
const linkRows = 3

func (a *area) showDesign(v *page.Visit, typed *paper.Design, wrong invalid.Fields) error {
	p, err := a.s.Preview(v.R.Context(), v.Viewer)
	if err != nil {
		return err
	}
	d := struct {
		Design, Saved *paper.Design
		Accent, Back  string
		Version       int64
		Links         []linkRow
		Paper         string
		QR            template.HTML
		CanEdit       bool
		Wrong         invalid.Fields
	}{Design: typed, Saved: &p.Settings.Design, Version: p.Settings.Version, Paper: ffd.Print(p.Doc, ffd.PrintOptions{}), CanEdit: v.Viewer.Can(access.EditMessages), Wrong: wrong}
	if typed == nil {
		d.Design = d.Saved
	}
	d.Accent, _, d.Back = d.Design.Colours()
	for i := range max(linkRows, len(d.Design.Links)) {
		row := linkRow{Number: i + 1}
		if i < len(d.Design.Links) {
			row.Link = d.Design.Links[i]
		}
		d.Links = append(d.Links, row)
	}
	if d.QR, err = paper.QRSVG(ffd.QRText(p.Doc)); err != nil {
		return err
	}
	// The letter stands in a frame of its own; no other page has one.
	h := v.W.Header()
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; frame-src 'self'")
	if wrong != nil {
		return v.RenderStatus(http.StatusUnprocessableEntity, a.design, d)
	}
	return v.Render(a.design, d)
}

func (a *area) setDesign(v *page.Visit) error {
	saved, err := a.s.Settings(v.R.Context(), v.Viewer)
	if err != nil {
		return err
	}
	d := paper.Design{Logo: saved.Design.Logo, Accent: v.Form("accent"), Back: v.Form("back"), Header: plain(v.Form("header")), Footer: plain(v.Form("footer"))}
	for i := range linkRows {
		l := paper.Link{Title: v.Form(fmt.Sprintf("title%d", i)), URL: v.Form(fmt.Sprintf("url%d", i))}
		if l.Title != "" || l.URL != "" {
			d.Links = append(d.Links, l)
		}
	}
	if v.Form("nologo") == "yes" {
		d.Logo = nil
	}
	if err = upload(v, &d); err == nil {
		err = a.s.SetDesign(v.R.Context(), v.Viewer, buyers.Settings{Design: d, Version: version(v)})
	}
	if err != nil {
		wrong, err := page.Fields(failed(err))
		if err != nil {
			return err
		}
		return a.showDesign(v, &d, wrong)
	}
	v.Say("Оформление сохранено.")
	return v.Redirect("/lk/buyers/design")
}

// plain is a text of several lines as browsers send it, with ends of lines as we have them.
func plain(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// upload takes a new logo out of the form, when there is one.
func upload(v *page.Visit, d *paper.Design) error {
	f, _, err := v.R.FormFile("logo")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, paper.MaxLogo+1))
	if err != nil {
		return err
	}
	if len(file) == 0 {
		return nil
	}
	d.Logo, err = paper.ReadLogo(file)
	return err
}

// letterPolicy shows the sample letter with the pictures in it and nothing from outside.
const letterPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"

// preview serves parts of the design page: colours, logo, sample letter and PDF.
func (a *area) preview(v *page.Visit) error {
	p, err := a.s.Preview(v.R.Context(), v.Viewer)
	if err != nil {
		return err
	}
	h := v.W.Header()
	var body []byte
	switch v.R.PathValue("file") {
	case "style.css":
		h.Set("Content-Type", "text/css; charset=utf-8")
		body = []byte(p.Settings.Design.CSS())
	case "logo.png":
		if body = p.Settings.Design.Logo; len(body) == 0 {
			return page.ErrNotFound
		}
		h.Set("Content-Type", "image/png")
	case "letter":
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", letterPolicy)
		h.Set("X-Frame-Options", "SAMEORIGIN")
		body = []byte(p.Letter)
	case "sample.pdf":
		v.Attach("образец.pdf", "application/pdf")
		body = p.PDF
	default:
		return page.ErrNotFound
	}
	_, err = io.Copy(v.W, bytes.NewReader(body))
	return err
}
