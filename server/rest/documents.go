package rest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/integration"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Document is a row of a list, under the names of the tax service's JSON.
type Document struct {
	ID         string               `json:"id" doc:"ФН/ФД: не меняется"`
	FN         fiscal.FNNumber      `json:"fiscalDriveNumber"`
	FD         fiscal.FDNumber      `json:"fiscalDocumentNumber"`
	RegID      fiscal.RegNumber     `json:"kktRegId"`
	UserINN    fiscal.INN           `json:"userInn"`
	Code       int                  `json:"code" doc:"Код формы"`
	Kind       string               `json:"kind" doc:"Имя вида в JSON налоговой службы"`
	Name       string               `json:"name"`
	DateTime   string               `json:"dateTime" doc:"По часам кассы, без зоны"`
	TimeZone   string               `json:"timeZone" doc:"Где стоит касса, имя IANA"`
	ReceivedAt *time.Time           `json:"receivedAt,omitempty" doc:"Есть в ленте и в самом документе"`
	Shift      uint32               `json:"shiftNumber,omitempty"`
	Number     uint32               `json:"requestNumber,omitempty"`
	Operation  fiscal.OperationType `json:"operationType,omitempty"`
	Total      fiscal.Kopecks       `json:"totalSum"`
	Cash       fiscal.Kopecks       `json:"cashTotalSum"`
	Ecash      fiscal.Kopecks       `json:"ecashTotalSum"`
	FPD        int64                `json:"fiscalSign"`
}

// Wanted are the filters of documents.
type Wanted struct {
	From      string `query:"from" doc:"По часам кассы, включая: 2026-03-01 или 2026-03-01T10:00:00"`
	To        string `query:"to" doc:"По часам кассы, не включая"`
	DateBasis string `query:"dateBasis" enum:"document" default:"document" doc:"По поступлению — лента /documents/changes"`
	Types     string `query:"types" doc:"Виды через запятую: receipt,bso,receiptCorrection,openShift,…"`
	FN        string `query:"fn"`
	OutletID  string `query:"outletId"`
	Sign      int64  `query:"fiscalSign" minimum:"0" maximum:"4294967295"`
	Operation int    `query:"operationType" minimum:"0" maximum:"4"`
	Shift     int64  `query:"shiftNumber" minimum:"0" maximum:"4294967295"`
	Payment   string `query:"payment" enum:"cash,ecash,prepaid,credit,provision"`
	MinTotal  int64  `query:"minSum" minimum:"0" doc:"Копейки"`
	MaxTotal  int64  `query:"maxSum" minimum:"0" doc:"Копейки"`
	Buyer     string `query:"buyer" doc:"Телефон или адрес покупателя целиком"`
	Code      string `query:"markingCode" doc:"Код товара целиком"`
	Item      string `query:"item" doc:"Часть названия предмета расчёта"`
	Sort      string `query:"sort" enum:"dateTime,-dateTime" default:"-dateTime"`
}

var payments = map[string]store.Payment{"cash": store.Cash, "ecash": store.Ecash, "prepaid": store.Prepaid, "credit": store.Credit, "provision": store.Provision}

func (w Wanted) search() (q store.Search, err error) {
	if q.From, err = wall("from", w.From); err != nil {
		return q, err
	}
	if q.To, err = wall("to", w.To); err != nil {
		return q, err
	}
	for name := range strings.SplitSeq(w.Types, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		form := formNamed(name)
		if form == 0 {
			p := problem(http.StatusBadRequest, "invalid", "Такого вида нет: виды перечислены в /reference/kinds.")
			p.Field = "types"
			return q, p
		}
		q.Forms = append(q.Forms, form)
	}
	q.FN, q.FPD, q.Operation, q.Shift, q.Payment = fiscal.FNNumber(w.FN), fiscal.FPD(w.Sign), fiscal.OperationType(w.Operation), uint32(w.Shift), payments[w.Payment]
	q.MinTotal, q.MaxTotal, q.Contact, q.Code, q.Item, q.Oldest = fiscal.Kopecks(w.MinTotal), fiscal.Kopecks(w.MaxTotal), w.Buyer, w.Code, w.Item, w.Sort == "dateTime"
	return q, nil
}

var forms = []fiscal.Form{fiscal.FormFiscalReport, fiscal.FormOpenShift, fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormCloseShift, fiscal.FormCloseArchive,
	fiscal.FormFiscalReportCorrection, fiscal.FormCurrentStateReport, fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection}

func formNamed(name string) fiscal.Form {
	for _, f := range forms {
		if f.JSONName() == name || strconv.Itoa(int(f)) == name {
			return f
		}
	}
	return 0
}

// DocumentsQuery are the parameters of lists of documents.
type DocumentsQuery struct {
	Paging
	Accepting
	Wanted
}

// zones of registers, for the time zone of each document.
func (s *scene) zonesOf(entries []fleet.Entry) map[fiscal.RegNumber]string {
	by := make(map[fiscal.RegNumber]string, len(entries))
	for _, e := range entries {
		by[e.RegID], _ = s.zoneOf(e.Outlet)
	}
	return by
}

func (a *api) documents() {
	read := need{access.SeeDocuments, integration.ReadDocuments}
	const tag = "Документы"
	lined := func(path, id, summary string) huma.Operation {
		op := operation(http.MethodGet, path, id, tag, summary)
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {}, ndjson: {Schema: &huma.Schema{Type: "string", Description: "По документу в строке, без страниц и предела периода"}}}}}
		return op
	}
	add(a, lined("/api/v1/documents", "listDocuments", "Документы всех видимых касс"), read,
		func(ctx context.Context, c *caller, in *DocumentsQuery) (*many[Document], error) {
			return a.listDocuments(ctx, c, in, fleet.Filter{Branch: in.OutletID})
		})
	type ofRegister struct {
		RegisterPath
		DocumentsQuery
	}
	add(a, lined("/api/v1/registers/{rnm}/documents", "listRegisterDocuments", "Документы одной кассы"), read,
		func(ctx context.Context, c *caller, in *ofRegister) (*many[Document], error) {
			if _, err := a.o.Fleet.Register(ctx, c.viewer, fiscal.RegNumber(in.RegID)); err != nil {
				return nil, err
			}
			return a.listDocuments(ctx, c, &in.DocumentsQuery, fleet.Filter{Branch: in.OutletID, Numbers: []fiscal.RegNumber{fiscal.RegNumber(in.RegID)}})
		})
	add(a, lined("/api/v1/documents/changes", "listChanges", "Лента: новые документы в порядке поступления, каждый не меньше одного раза"), read, a.changes)
	a.oneDocument(read, tag)
}

func (a *api) listDocuments(ctx context.Context, c *caller, in *DocumentsQuery, f fleet.Filter) (*many[Document], error) {
	q, err := in.search()
	if err != nil {
		return nil, err
	}
	after, err := cursorPlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	s, err := a.scene(ctx, c)
	if err != nil {
		return nil, err
	}
	entries, err := a.o.Fleet.Registers(ctx, c.viewer, f)
	if err != nil {
		return nil, err
	}
	sight, err := a.o.Fleet.Sight(ctx, c.viewer, f)
	if err != nil {
		return nil, err
	}
	zones := s.zonesOf(entries)
	page := Page[Document]{Page: PageInfo{Limit: in.Limit}, fields: in.names()}
	if in.lines() {
		page.stream = func(yield func(Document) error) error {
			return a.stream(ctx, sight, q, after, zones, yield)
		}
		return &many[Document]{page}, nil
	}
	for skip := in.Offset; skip > 0; {
		passed, err := a.o.Ledger.Search(ctx, sight, q, after, min(skip, store.MaxLimit))
		if err != nil {
			return nil, err
		}
		if len(passed) == 0 {
			break
		}
		skip -= len(passed)
		after = store.PlaceOf(&passed[len(passed)-1])
	}
	rows, err := a.o.Ledger.Search(ctx, sight, q, after, in.Limit)
	if err != nil {
		return nil, err
	}
	page.Items = make([]Document, len(rows))
	for i := range rows {
		page.Items[i] = showProjection(&rows[i], zones)
	}
	if len(rows) == in.Limit {
		page.Page.Next = placeCursor(store.PlaceOf(&rows[len(rows)-1]))
	}
	page.Page.Complete, err = a.complete(ctx, sight, q.To, entries)
	return &many[Document]{page}, err
}

// stream gives everything, a thousand rows at a time.
func (a *api) stream(ctx context.Context, sight access.Sight, q store.Search, after store.Place, zones map[fiscal.RegNumber]string, yield func(Document) error) error {
	for {
		rows, err := a.o.Ledger.Search(ctx, sight, q, after, store.MaxLimit)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := yield(showProjection(&rows[i], zones)); err != nil {
				return err
			}
		}
		if len(rows) < store.MaxLimit {
			return nil
		}
		after = store.PlaceOf(&rows[len(rows)-1])
	}
}

// complete tells whether nothing more can come for the time before to: every register
// has sent something later, nothing is missing, and the tables are up to date.
func (a *api) complete(ctx context.Context, sight access.Sight, to time.Time, entries []fleet.Entry) (bool, error) {
	if to.IsZero() {
		return false, nil
	}
	for _, e := range entries {
		if !e.Archived.IsZero() {
			continue
		}
		if !e.Seen() || (e.State.LastWall.Before(to) && !e.State.Closed) {
			return false, nil
		}
	}
	progress, err := a.o.Ledger.Progress(ctx)
	if err != nil || progress.Behind > 0 {
		return false, err
	}
	for _, e := range entries {
		if e.Drive() == "" {
			continue
		}
		if gaps, err := a.o.Ledger.Gaps(ctx, sight, e.Drive()); err == nil && len(gaps) > 0 {
			return false, nil
		}
	}
	return true, nil
}

func showProjection(p *store.Projection, zones map[fiscal.RegNumber]string) Document {
	return Document{ID: fmt.Sprintf("%s/%d", p.FN, p.FD), FN: p.FN, FD: p.FD, RegID: p.RegID, UserINN: p.UserINN, Code: int(p.Form), Kind: p.Form.JSONName(), Name: p.Form.String(),
		DateTime: local(p.At), TimeZone: zones[p.RegID], Shift: p.Shift, Number: p.Number, Operation: p.Operation, Total: p.Total, Cash: p.Paid.Cash, Ecash: p.Paid.Ecash, FPD: int64(p.FPD)}
}

func showStored(d *store.Document, zones map[fiscal.RegNumber]string) Document {
	return Document{ID: fmt.Sprintf("%s/%d", d.FN, d.FD), FN: d.FN, FD: d.FD, RegID: d.RegID, UserINN: d.UserINN, Code: int(d.Form), Kind: d.Form.JSONName(), Name: d.Form.String(),
		DateTime: local(d.DateTime), TimeZone: zones[d.RegID], ReceivedAt: instant(d.ReceivedAt), Shift: d.Shift, Number: d.Number, Operation: d.Operation, Total: d.Total, FPD: int64(d.FPD)}
}

type changesInput struct {
	Accepting
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	After  string `query:"after" doc:"page.next прошлого ответа; без него — с самого начала"`
	Fields string `query:"fields"`
}

// maxScan bounds how many documents of the taxpayer one answer looks at.
const maxScan = 10_000

// changes is the feed. The cursor is the place in the order of arrival, so nothing is
// passed over; it comes also when nothing is new.
func (a *api) changes(ctx context.Context, c *caller, in *changesInput) (*many[Document], error) {
	var after int64
	if in.After != "" {
		text, err := uncursor(in.After, "c")
		if err != nil {
			return nil, err
		}
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			return nil, badCursor()
		}
	}
	s, err := a.scene(ctx, c)
	if err != nil {
		return nil, err
	}
	entries, err := a.o.Fleet.Registers(ctx, c.viewer, fleet.Filter{})
	if err != nil {
		return nil, err
	}
	sight, err := a.o.Fleet.Sight(ctx, c.viewer, fleet.Filter{})
	if err != nil {
		return nil, err
	}
	zones := s.zonesOf(entries)
	page := Page[Document]{Page: PageInfo{Limit: in.Limit}, Items: []Document{}, fields: Paging{Fields: in.Fields}.names()}
	if !sight.Empty() {
		for scanned := 0; scanned < maxScan && len(page.Items) < in.Limit; {
			docs, err := a.o.Arrivals.Documents(ctx, store.DocumentFilter{UserINN: sight.INN()}, store.Page{After: after, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			for i := range docs {
				if len(page.Items) == in.Limit {
					break
				}
				d := &docs[i]
				after = d.ID
				dated := d.DateTime
				if dated.IsZero() {
					dated = d.ReceivedAt
				}
				if sight.Shows(d.RegID, d.UserINN, dated) {
					page.Items = append(page.Items, showStored(d, zones))
				}
			}
			scanned += len(docs)
			if page.Page.Complete = len(docs) < in.Limit; page.Page.Complete {
				break
			}
		}
	}
	page.Page.Next = cursor("c", strconv.FormatInt(after, 10))
	return &many[Document]{page}, nil
}
