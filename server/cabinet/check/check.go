// Package check is «Проверить чек», the page where anybody who holds a receipt sees
// whether the operator has it (CAB-105, CAB-106, OPR-060 to OPR-063), and the pages
// that links in messages to buyers lead to.
//
// Nobody logs in here: server/receiptcheck decides what is found and how often one
// may ask. Personal data is never shown.
package check

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/paper"
	"github.com/fiscalbench/fiscalbench/server/receiptcheck"
	"github.com/fiscalbench/fiscalbench/server/store"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area. Check and Buyers are needed.
type Options struct {
	Check  *receiptcheck.Service
	Buyers *buyers.Service
	Site   string // "https://host": links to it are ours
	Compat bool   // serve the addresses of other operators, too (OPR-063)
}

type area struct {
	o                     Options
	form, result, notMine *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, form: f.Templates(files, "templates/form.html"), result: f.Templates(files, "templates/result.html"), notMine: f.Templates(files, "templates/notmine.html")}
	f.Guest("GET /check", a.showForm)
	f.Guest("GET /check/r", a.byLink)
	f.Guest("GET /check/r/{view}", a.download)
	f.Guest("POST /check/r/send", a.send)
	f.Guest("GET /check/design/{inn}/{reg}/{file}", a.design)
	f.Guest("GET /check/not-mine", a.showNotMine)
	f.Guest("POST /check/not-mine", a.sayNotMine)
	if o.Compat {
		a.mountCompat(f)
	}
}

// typed is the form as it was filled in.
type typed struct {
	Tab               string // "link" or empty
	FN, FD, FPD, Link string
	Wrong             invalid.Fields
	Missing           bool // looked up and not found
	Wait              int  // seconds after which to ask again; 0: does not matter
	Many              bool // too many tries
}

func (a *area) showForm(v *page.Visit) error {
	t := typed{Tab: v.Form("tab"), FN: v.Form("fn"), FD: v.Form("fd"), FPD: v.Form("fpd"), Link: v.Form("link")}
	query := v.R.URL.Query()
	switch {
	case t.Tab == "link" && query.Has("link"):
		key, err := receiptcheck.ParseLink(a.o.Site, t.Link)
		if err != nil {
			t.Wrong = invalid.Fields{"link": explain(err)}
			return v.RenderStatus(http.StatusUnprocessableEntity, a.form, t)
		}
		return v.Redirect(key.Path())
	case query.Has("fn") || query.Has("fd") || query.Has("fpd"):
		key, err := receiptcheck.ParseKey(t.FN, t.FD, t.FPD)
		if err != nil {
			if t.Wrong, err = page.Fields(err); err != nil {
				return err
			}
			return v.RenderStatus(http.StatusUnprocessableEntity, a.form, t)
		}
		return a.show(v, key, t)
	}
	return v.Render(a.form, t)
}

// explain says in Russian why a link leads to no receipt.
func explain(err error) string {
	var bad invalid.Fields
	switch {
	case errors.Is(err, receiptcheck.ErrForeign):
		return "Это ссылка на сайт другого оператора: проверьте чек там, куда она ведёт, или введите номера с чека. Здесь находятся чеки только этого оператора."
	case errors.As(err, &bad):
		return "В ссылке не хватает номера ФН, документа или ФПД либо они написаны с ошибкой."
	}
	return "Это не похоже на ссылку на чек и на текст QR-кода. Текст QR-кода начинается с «t=» и содержит fn, i и fp."
}

func (a *area) byLink(v *page.Visit) error {
	t := typed{FN: v.Form("fn"), FD: v.Form("i"), FPD: v.Form("fp")}
	key, err := receiptcheck.ParseKey(t.FN, t.FD, t.FPD)
	if err != nil {
		if t.Wrong, err = page.Fields(err); err != nil {
			return err
		}
		return v.RenderStatus(http.StatusUnprocessableEntity, a.form, t)
	}
	return a.show(v, key, t)
}

// find looks a receipt up within the limits of the address.
func (a *area) find(v *page.Visit, key receiptcheck.Key) (*receiptcheck.Receipt, error) {
	if err := a.o.Check.Allow(page.ClientAddress(v.R)); err != nil {
		return nil, err
	}
	return a.o.Check.Find(v.R.Context(), key.FN, key.FD, key.FPD)
}

func (a *area) show(v *page.Visit, key receiptcheck.Key, t typed) error {
	r, err := a.find(v, key)
	if err != nil {
		return a.missing(v, t, err)
	}
	return a.showResult(v, r, nil, "")
}

// missing answers with the form when nothing was found or may be looked for.
func (a *area) missing(v *page.Visit, t typed, err error) error {
	var later *receiptcheck.NotYet
	var many *receiptcheck.TooMany
	v.W.Header().Set("Cache-Control", "no-store")
	switch {
	case errors.Is(err, receiptcheck.ErrNotFound):
		t.Missing = true
		return v.RenderStatus(http.StatusNotFound, a.form, t)
	case errors.As(err, &later):
		t.Missing, t.Wait = true, seconds(later.Wait)
		v.W.Header().Set("Retry-After", strconv.Itoa(t.Wait))
		return v.RenderStatus(http.StatusAccepted, a.form, t)
	case errors.As(err, &many):
		t.Many, t.Wait = true, seconds(many.Wait)
		v.W.Header().Set("Retry-After", strconv.Itoa(t.Wait))
		return v.RenderStatus(http.StatusTooManyRequests, a.form, t)
	}
	return err
}

func seconds(d time.Duration) int { return max(int(math.Ceil(d.Seconds())), 1) }

// found is a receipt as its page shows it.
type found struct {
	*receiptcheck.Receipt
	Key    receiptcheck.Key
	Paper  string
	QR     template.HTML
	QRText string
	Query  template.URL // of the receipt's other views
	Design *paper.Design
	Look   string // folder of the design's files
	Seller string
	Email  string // as it was typed
	Wrong  invalid.Fields
}

func (a *area) showResult(v *page.Visit, r *receiptcheck.Receipt, wrong invalid.Fields, email string) error {
	d := found{Receipt: r, Key: r.Key(), Paper: ffd.Print(r.Parsed, ffd.PrintOptions{MaskPersonal: true}), QRText: r.QRText(), Seller: r.Parsed.Text(ffd.TagUser), Email: email, Wrong: wrong}
	var err error
	if d.QR, err = paper.QRSVG(d.QRText); err != nil {
		return err
	}
	if d.Design, err = a.o.Buyers.DesignOf(v.R.Context(), &r.Document); err != nil {
		return err
	}
	_, query, _ := strings.Cut(d.Key.Path(), "?")
	d.Query = template.URL(query)
	d.Look = fmt.Sprintf("/check/design/%s/%s", r.UserINN, r.RegID)
	v.W.Header().Set("Cache-Control", "no-store")
	if len(wrong) > 0 {
		return v.RenderStatus(http.StatusUnprocessableEntity, a.result, d)
	}
	return v.Render(a.result, d)
}

// receipt of the address, or an error that fail shows.
func (a *area) receipt(v *page.Visit) (*receiptcheck.Receipt, typed, error) {
	t := typed{FN: v.Form("fn"), FD: v.Form("i"), FPD: v.Form("fp")}
	key, err := receiptcheck.ParseKey(t.FN, t.FD, t.FPD)
	if err != nil {
		return nil, t, page.ErrNotFound
	}
	r, err := a.find(v, key)
	return r, t, err
}

func (a *area) download(v *page.Visit) error {
	view := v.R.PathValue("view")
	if view != "pdf" && view != "json" {
		return page.ErrNotFound
	}
	r, t, err := a.receipt(v)
	if err != nil {
		return a.missing(v, t, err)
	}
	name := fmt.Sprintf("%s-%d.%s", r.FN, r.FD, view)
	v.W.Header().Set("Cache-Control", "no-store")
	var body []byte
	if view == "json" {
		if body, err = ffd.AppendJSON(nil, r.Parsed, ffd.JSONOptions{NoPersonal: true}); err != nil {
			return err
		}
		v.Attach(name, "application/json")
	} else {
		design, err := a.o.Buyers.DesignOf(v.R.Context(), &r.Document)
		if err != nil {
			return err
		}
		if body, err = buyers.Sheet(&r.Document, r.Parsed, design, true).PDF(); err != nil {
			return err
		}
		v.Attach(name, "application/pdf")
	}
	_, err = v.W.Write(body)
	return err
}

func (a *area) send(v *page.Visit) error {
	r, t, err := a.receipt(v)
	if err != nil {
		return a.missing(v, t, err)
	}
	email := v.Form("email")
	if err := a.o.Check.AllowLetter(page.ClientAddress(v.R), strings.ToLower(email)); err != nil {
		return a.missing(v, t, err)
	}
	if err := a.o.Buyers.SendCopy(v.R.Context(), &r.Document, r.Parsed, email); err != nil {
		wrong, err := page.Fields(err)
		if err != nil {
			return err
		}
		return a.showResult(v, r, wrong, email)
	}
	v.Say("Чек будет отправлен на указанный адрес.")
	return v.Redirect(r.Key().Path())
}

// design serves what a seller puts around receipts: colours and the logo. Pages may
// not hold styles of their own.
func (a *area) design(v *page.Visit) error {
	d, err := a.o.Buyers.DesignOf(v.R.Context(), &store.Document{UserINN: fiscal.INN(v.R.PathValue("inn")), RegID: fiscal.RegNumber(v.R.PathValue("reg"))})
	if err != nil {
		return err
	}
	h := v.W.Header()
	h.Set("Cache-Control", "no-cache")
	switch v.R.PathValue("file") {
	case "style.css":
		h.Set("Content-Type", "text/css; charset=utf-8")
		_, err = v.W.Write([]byte(d.CSS()))
	case "logo.png":
		if len(d.Logo) == 0 {
			return page.ErrNotFound
		}
		h.Set("Content-Type", "image/png")
		_, err = v.W.Write(d.Logo)
	default:
		return page.ErrNotFound
	}
	return err
}

func (a *area) showNotMine(v *page.Visit) error {
	return v.Render(a.notMine, struct {
		Message string
		Done    bool
	}{Message: v.Form("m")})
}

func (a *area) sayNotMine(v *page.Visit) error {
	if err := a.o.Check.Allow(page.ClientAddress(v.R)); err != nil {
		return a.missing(v, typed{}, err)
	}
	err := a.o.Buyers.NotMine(v.R.Context(), v.Form("m"))
	if errors.Is(err, buyers.ErrNotFound) {
		return page.ErrNotFound
	}
	if err != nil {
		return err
	}
	return v.Render(a.notMine, struct {
		Message string
		Done    bool
	}{Done: true})
}
