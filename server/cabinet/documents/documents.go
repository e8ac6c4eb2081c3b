// Package documents is the section «Чеки» of the cabinet: lists of fiscal documents
// with filters and search, and each document as paper, requisites, JSON and bytes
// (CAB-100 to CAB-104, CAB-107).
package documents

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/invalid"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

//go:embed templates/*.html
var files embed.FS

// Options of the area; Fleet and Ledger are needed.
type Options struct {
	Fleet  *fleet.Service
	Ledger *ledger.Service
	Buyers *buyers.Service // nil: no messages to buyers, no designs
}

type area struct {
	o          Options
	f          *page.Frame
	list, card *page.Templates
}

// Mount adds the pages to the frame.
func Mount(f *page.Frame, o Options) {
	a := &area{o: o, f: f, list: f.Templates(files, "templates/list.html"), card: f.Templates(files, "templates/card.html")}
	f.Client("GET /lk/documents", access.SeeDocuments, a.showList)
	f.Client("GET /lk/documents/{fn}/{fd}", access.SeeDocuments, a.showCard)
	f.Client("GET /lk/documents/{fn}/{fd}/{view}", access.SeeDocuments, a.download)
}

// rows on a page.
const rows = 50

// kinds are the forms that the filter offers.
var kinds = []fiscal.Form{fiscal.FormReceipt, fiscal.FormReceiptCorrection, fiscal.FormBSO, fiscal.FormBSOCorrection, fiscal.FormOpenShift, fiscal.FormCloseShift,
	fiscal.FormFiscalReport, fiscal.FormFiscalReportCorrection, fiscal.FormCurrentStateReport, fiscal.FormCloseArchive}

// filter is what was asked for, as it was typed.
type filter struct {
	From, To, Register, Form, Operation, Payment, Taxation, Shift, Min, Max, Cashier, FD, FPD, Contact, Item, Code, Sort string
}

func read(v *page.Visit) filter {
	return filter{From: v.Form("from"), To: v.Form("to"), Register: v.Form("register"), Form: v.Form("form"), Operation: v.Form("operation"), Payment: v.Form("payment"),
		Taxation: v.Form("taxation"), Shift: v.Form("shift"), Min: v.Form("min"), Max: v.Form("max"), Cashier: v.Form("cashier"), FD: v.Form("fd"), FPD: v.Form("fpd"),
		Contact: v.Form("contact"), Item: v.Form("item"), Code: v.Form("code"), Sort: v.Form("sort")}
}

// search is the filter as a question, with what could not be understood.
func (f filter) search() (q store.Search, bad invalid.Fields) {
	bad = invalid.Fields{}
	number := func(field, text string, bits int) uint64 {
		if text == "" {
			return 0
		}
		n, err := strconv.ParseUint(text, 10, bits)
		if err != nil {
			bad[field] = "Нужно целое число."
		}
		return n
	}
	date := func(field, text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		t, err := time.Parse(time.DateOnly, text)
		if err != nil {
			bad[field] = "Дата — год-месяц-день."
		}
		return t
	}
	money := func(field, text string) fiscal.Kopecks {
		if text == "" {
			return 0
		}
		k, err := fiscal.ParseKopecks(strings.NewReplacer(" ", "", "\u00a0", "", ",", ".").Replace(text))
		if err != nil {
			bad[field] = "Сумма в рублях, например 99,90."
		}
		return k
	}
	q = store.Search{From: date("from", f.From), To: date("to", f.To), Shift: uint32(number("shift", f.Shift, 32)), FD: fiscal.FDNumber(number("fd", f.FD, 32)),
		FPD: fiscal.FPD(number("fpd", f.FPD, 32)), Operation: fiscal.OperationType(number("operation", f.Operation, 8)), Payment: store.Payment(number("payment", f.Payment, 8)),
		Taxation: uint8(number("taxation", f.Taxation, 8)), MinTotal: money("min", f.Min), MaxTotal: money("max", f.Max), Cashier: f.Cashier, Contact: f.Contact, Item: f.Item,
		Code: f.Code, Oldest: f.Sort == "old"}
	if !q.To.IsZero() {
		q.To = q.To.AddDate(0, 0, 1) // the last day is included
	}
	if f.Register != "" {
		q.RegIDs = []fiscal.RegNumber{fiscal.RegNumber(f.Register)}
	}
	if form := number("form", f.Form, 16); form != 0 {
		q.Forms = []fiscal.Form{fiscal.Form(form)}
	}
	return q, bad
}

// byShift is the order of the list by cashier's shift.
const byShift = "shift"

// line is a document in the list, a gap after it, or the shift of those that follow.
type line struct {
	store.Projection
	Name    string // of the register
	Gap     *store.Gap
	Opening *store.Projection // of the shift whose documents follow
}

func (a *area) showList(v *page.Visit) error {
	ctx := v.R.Context()
	f := read(v)
	q, bad := f.search()
	_, entries, err := a.o.Fleet.Known(ctx, v.Viewer, fleet.Filter{})
	if err != nil {
		return err
	}
	sight, err := a.o.Fleet.Sight(ctx, v.Viewer, fleet.Filter{})
	if err != nil {
		return err
	}
	d := struct {
		Filter    filter
		Wrong     invalid.Fields
		Registers []fleet.Entry
		Kinds     []fiscal.Form
		Lines     []line
		Next      string
		More      bool // filters beyond the first row are in use
		Behind    int64
	}{Filter: f, Wrong: bad, Registers: entries, Kinds: kinds, More: f.Payment+f.Taxation+f.Shift+f.Min+f.Max+f.Cashier+f.Contact+f.Item+f.Code != ""}
	if len(bad) > 0 {
		return v.RenderStatus(http.StatusUnprocessableEntity, a.list, d)
	}
	names := map[fiscal.RegNumber]string{}
	for _, e := range entries {
		names[e.RegID] = e.Name
	}
	var older *store.Projection
	if f.Sort == byShift {
		d.Lines, d.Next, err = a.shifts(v, sight, q, names)
	} else {
		d.Lines, older, err = a.dates(v, sight, q, names)
		if older != nil {
			d.Next = next(v, store.PlaceOf(&d.Lines[len(d.Lines)-1].Projection))
		}
	}
	if err != nil {
		return err
	}
	if progress, err := a.o.Ledger.Progress(ctx); err == nil {
		d.Behind = progress.Behind
	}
	if f.Register != "" && f.Sort == "" && f.Form+f.Operation+f.FD+f.FPD == "" && !d.More {
		d.Lines = a.gaps(ctx, sight, d.Lines, older)
	}
	return v.Render(a.list, d)
}

// dates are the rows of a page in the order of time, and the first of the next page.
func (a *area) dates(v *page.Visit, sight access.Sight, q store.Search, names map[fiscal.RegNumber]string) (lines []line, older *store.Projection, err error) {
	found, err := a.o.Ledger.Search(v.R.Context(), sight, q, place[store.Place](v.Form("after")), rows+1)
	if err != nil {
		return nil, nil, err
	}
	if len(found) > rows {
		found, older = found[:rows], &found[rows]
	}
	for _, p := range found {
		lines = append(lines, line{Projection: p, Name: names[p.RegID]})
	}
	return lines, older, nil
}

// shifts are the rows of a page by cashier's shift (CAB-107), and the address of the next.
func (a *area) shifts(v *page.Visit, sight access.Sight, q store.Search, names map[fiscal.RegNumber]string) (lines []line, further string, err error) {
	found, on, err := a.o.Ledger.SearchByShift(v.R.Context(), sight, q, place[ledger.ShiftPlace](v.Form("after")), rows)
	if err != nil {
		return nil, "", err
	}
	for _, s := range found {
		lines = append(lines, line{Opening: &s.Opening, Name: names[s.Opening.RegID]})
		for _, p := range s.Rows {
			lines = append(lines, line{Projection: p, Name: names[p.RegID]})
		}
	}
	if on != nil {
		further = next(v, on)
	}
	return lines, further, nil
}

// gaps marks numbers that have not come among the documents of one register (CAB-101),
// those between this page and the first row of the next among them.
func (a *area) gaps(ctx context.Context, sight access.Sight, lines []line, older *store.Projection) []line {
	known := map[fiscal.FNNumber][]store.Gap{}
	out := make([]line, 0, len(lines))
	// mark puts gaps between two rows above the older of them.
	mark := func(newer, older *store.Projection) {
		gaps, ok := known[older.FN]
		if !ok {
			gaps, _ = a.o.Ledger.Gaps(ctx, sight, older.FN) // of a drive that moved elsewhere nothing is said
			known[older.FN] = gaps
		}
		for _, g := range gaps {
			if newer.FN == older.FN && older.FD < g.From && g.To < newer.FD {
				out = append(out, line{Gap: &g})
			}
		}
	}
	for i := range lines {
		if i > 0 {
			mark(&lines[i-1].Projection, &lines[i].Projection)
		}
		out = append(out, lines[i])
	}
	if older != nil && len(lines) > 0 {
		mark(&lines[len(lines)-1].Projection, older)
	}
	return out
}

// place of a page in the address: opaque for people, the beginning when it can not be read.
func place[P any](text string) (p P) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &p) != nil {
		var beginning P
		return beginning
	}
	return p
}

func next(v *page.Visit, p any) string {
	b, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	q := url.Values{}
	for name, values := range v.R.URL.Query() {
		if name != "after" && slices.ContainsFunc(values, func(s string) bool { return s != "" }) {
			q[name] = values
		}
	}
	q.Set("after", base64.RawURLEncoding.EncodeToString(b))
	return "/lk/documents?" + q.Encode()
}

// document of the address, when the viewer may see it.
func (a *area) document(v *page.Visit) (store.Document, error) {
	fd, err := strconv.ParseUint(v.R.PathValue("fd"), 10, 32)
	if err != nil {
		return store.Document{}, page.ErrNotFound
	}
	sight, err := a.o.Fleet.Sight(v.R.Context(), v.Viewer, fleet.Filter{})
	if err != nil {
		return store.Document{}, err
	}
	d, err := a.o.Ledger.Document(v.R.Context(), sight, fiscal.FNNumber(v.R.PathValue("fn")), fiscal.FDNumber(fd))
	if errors.Is(err, ledger.ErrNotFound) {
		return d, page.ErrNotFound
	}
	return d, err
}
