package rest

import (
	"context"
	"errors"
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
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/projection"
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
	Status     string               `json:"status,omitempty" doc:"В ленте и там, где читался сам документ (status, property1084, dateBasis=received): ACCEPTED, WARNINGS, ERRORS или UNKNOWN, как в фильтре status"`
}

// Wanted are the filters of documents.
type Wanted struct {
	From      string `query:"from" doc:"Включая. По часам кассы: 2026-03-01 или 2026-03-01T10:00:00; при dateBasis=received — время сервера, RFC 3339 с зоной или без неё, в зоне организации"`
	To        string `query:"to" doc:"Не включая; как from"`
	DateBasis string `query:"dateBasis" enum:"document,received" default:"document" doc:"Чьи from и to: даты документа или поступления"`
	Status    string `query:"status" doc:"Через запятую: ACCEPTED, WARNINGS, ERRORS — по ФЛК оператора, UNKNOWN — содержание не видно. Обмена с налоговой службой нет"`
	Types     string `query:"types" doc:"Виды через запятую: receipt,bso,receiptCorrection,openShift,…"`
	FN        string `query:"fn"`
	OutletID  string `query:"outletId"`
	Sign      int64  `query:"fiscalSign" minimum:"0" maximum:"4294967295"`
	Operation int    `query:"operationType" minimum:"0" maximum:"4"`
	Shift     int64  `query:"shiftNumber" minimum:"0" maximum:"4294967295"`
	Number    int64  `query:"requestNumber" minimum:"0" maximum:"4294967295" doc:"Номер чека за смену"`
	Taxation  int    `query:"appliedTaxationType" minimum:"0" maximum:"32" doc:"Бит тега 1055"`
	Payment   string `query:"payment" enum:"cash,ecash,prepaid,credit,provision"`
	MinTotal  int64  `query:"minSum" minimum:"0" doc:"Копейки"`
	MaxTotal  int64  `query:"maxSum" minimum:"0" doc:"Копейки"`
	Buyer     string `query:"buyer" doc:"Телефон или адрес покупателя целиком"`
	Property  string `query:"property1084" doc:"Дополнительный реквизит пользователя: наименование (1085), значение (1086) или наименование=значение"`
	Code      string `query:"markingCode" doc:"Код товара целиком"`
	Item      string `query:"item" doc:"Часть названия предмета расчёта"`
	Sort      string `query:"sort" enum:"dateTime,-dateTime,receivedAt" doc:"По умолчанию -dateTime, при dateBasis=received — receivedAt, другого порядка у него нет"`
}

var payments = map[string]store.Payment{"cash": store.Cash, "ecash": store.Ecash, "prepaid": store.Prepaid, "credit": store.Credit, "provision": store.Provision}

// received tells whether the order is that of arrival.
func (w Wanted) received() bool { return w.DateBasis == "received" }

func (w Wanted) search() (q store.Search, err error) {
	if (w.Sort == "receivedAt") != w.received() && w.Sort != "" {
		p := problem(http.StatusBadRequest, "invalid", "receivedAt — порядок dateBasis=received и только его.")
		p.Field = "sort"
		return q, p
	}
	if !w.received() {
		if q.From, err = wall("from", w.From); err != nil {
			return q, err
		}
		if q.To, err = wall("to", w.To); err != nil {
			return q, err
		}
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
	q.FN, q.FPD, q.Operation, q.Shift, q.Number = fiscal.FNNumber(w.FN), fiscal.FPD(w.Sign), fiscal.OperationType(w.Operation), uint32(w.Shift), uint32(w.Number)
	q.Taxation, q.Payment, q.Oldest = uint8(w.Taxation), payments[w.Payment], w.Sort == "dateTime"
	q.MinTotal, q.MaxTotal, q.Contact, q.Code, q.Item = fiscal.Kopecks(w.MinTotal), fiscal.Kopecks(w.MaxTotal), w.Buyer, w.Code, w.Item
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

// listing is a list of documents under way.
type listing struct {
	*api
	sight   access.Sight
	entries []fleet.Entry
	clocks  clocks
	q       store.Search
	sieve   sieve
	in      *DocumentsQuery
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
	l := listing{api: a, in: in}
	var err error
	if l.q, err = in.search(); err != nil {
		return nil, err
	}
	if l.sieve, err = in.sieve(); err != nil {
		return nil, err
	}
	s, err := a.scene(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, l.entries, err = a.o.Fleet.Known(ctx, c.viewer, f); err != nil {
		return nil, err
	}
	if l.sight, err = a.o.Fleet.Sight(ctx, c.viewer, f); err != nil {
		return nil, err
	}
	l.clocks = s.clocks(l.entries)
	if in.received() {
		_, zone := s.zoneOf("")
		return l.received(ctx, zone)
	}
	return l.dated(ctx)
}

// dated lists by the dates of documents.
func (l *listing) dated(ctx context.Context) (*many[Document], error) {
	after, err := cursorPlace(l.in.Cursor)
	if err != nil {
		return nil, err
	}
	page := Page[Document]{Items: []Document{}, Page: PageInfo{Limit: l.in.Limit}, fields: l.in.names()}
	if l.in.lines() {
		page.stream = func(yield func(Document) error) error {
			_, err := l.each(ctx, after, 0, func(d Document) (bool, error) { return true, yield(d) })
			return err
		}
		return &many[Document]{page}, nil
	}
	// First, so that what is projected while rows are read is not taken for read.
	if page.Page.Complete, err = l.complete(ctx, l.sight, l.q.To, l.entries); err != nil {
		return nil, err
	}
	skip, full := l.in.Offset, false
	place, err := l.each(ctx, after, l.scan(), func(d Document) (bool, error) {
		if skip > 0 {
			skip--
			return true, nil
		}
		page.Items = append(page.Items, d)
		full = len(page.Items) == l.in.Limit
		return !full, nil
	})
	if err != nil {
		return nil, err
	}
	page.Page.Next = placeCursor(place)
	if l.in.Total {
		n := 0
		place, err := l.each(ctx, store.Place{}, maxTotal, func(Document) (bool, error) { n++; return true, nil })
		if err != nil {
			return nil, err
		}
		page.Page.Total, page.Page.AtLeast = &n, place != store.Place{}
	}
	return &many[Document]{page}, nil
}

// maxTotal bounds how many documents are counted.
const maxTotal = 100_000

// scan bounds how many documents one page looks at: what is sieved is read whole.
func (l *listing) scan() int {
	if l.sieve.empty() {
		return 0
	}
	return maxScan
}

// each gives what is wanted after a place, until take wants no more or, when most is
// not 0, so many were looked at. It returns the place to go on from, the zero one at
// the end of the list.
func (l *listing) each(ctx context.Context, after store.Place, most int, take func(Document) (bool, error)) (store.Place, error) {
	limit := l.batch()
	for looked := 0; ; {
		rows, err := l.o.Ledger.Search(ctx, l.sight, l.q, after, limit)
		if err != nil {
			return after, err
		}
		for i := range rows {
			d, wanted, err := l.wanted(ctx, &rows[i])
			if err != nil {
				return after, err
			}
			after = store.PlaceOf(&rows[i])
			looked++
			more := true
			if wanted {
				if more, err = take(d); err != nil {
					return after, err
				}
			}
			if !more || (most > 0 && looked >= most) {
				return after, nil
			}
		}
		if len(rows) < limit {
			return store.Place{}, nil
		}
		limit = store.MaxLimit // much is looked at for little
	}
}

// batch is how many rows to read first: most pages are short.
func (l *listing) batch() int {
	if l.in.lines() {
		return store.MaxLimit
	}
	return min(store.MaxLimit, max(l.in.Limit, 100))
}

// wanted shows a row; what is sieved is read for it.
func (l *listing) wanted(ctx context.Context, p *store.Projection) (Document, bool, error) {
	if l.sieve.empty() {
		return showProjection(p, l.clocks), true, nil
	}
	d, err := l.o.Ledger.Document(ctx, l.sight, p.FN, p.FD)
	if errors.Is(err, ledger.ErrNotFound) {
		return Document{}, false, nil // its term was over since
	}
	if err != nil || !l.sieve.passes(&d) {
		return Document{}, false, err
	}
	return showStored(&d, l.clocks), true, nil
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
		end := to
		if left := e.Stays[len(e.Stays)-1].To; !left.IsZero() && left.Before(end) {
			end = left // what came after it was not made there
		}
		if !e.Seen() || (e.State.LastWall.Before(end) && !e.State.Closed) {
			return false, nil
		}
	}
	progress, err := a.o.Ledger.ProgressNow(ctx)
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

func showProjection(p *store.Projection, at clocks) Document {
	return Document{ID: fmt.Sprintf("%s/%d", p.FN, p.FD), FN: p.FN, FD: p.FD, RegID: p.RegID, UserINN: p.UserINN, Code: int(p.Form), Kind: p.Form.JSONName(), Name: p.Form.String(),
		DateTime: local(p.At), TimeZone: at.zone(p.RegID, p.At), Shift: p.Shift, Number: p.Number, Operation: p.Operation, Total: p.Total, Cash: p.Paid.Cash, Ecash: p.Paid.Ecash, FPD: int64(p.FPD)}
}

func showStored(d *store.Document, at clocks) Document {
	p := projection.Decode(d)
	view := showProjection(&p, at)
	view.DateTime, view.ReceivedAt, view.Status = local(d.DateTime), instant(d.ReceivedAt), statusOf(d)
	return view
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
		var err error
		if after, err = cursorNumber(in.After, "c"); err != nil {
			return nil, err
		}
	}
	s, err := a.scene(ctx, c)
	if err != nil {
		return nil, err
	}
	_, entries, err := a.o.Fleet.Known(ctx, c.viewer, fleet.Filter{})
	if err != nil {
		return nil, err
	}
	sight, err := a.o.Fleet.Sight(ctx, c.viewer, fleet.Filter{})
	if err != nil {
		return nil, err
	}
	at := s.clocks(entries)
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
				if sight.Shows(d.RegID, d.UserINN, filed(d)) {
					page.Items = append(page.Items, showStored(d, at))
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
