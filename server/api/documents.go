package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// wallClock is how a register's own time is written: without a zone, as printed.
const wallClock = "2006-01-02T15:04:05"

// documentView is a row of a list of documents, under the names of the tax service
// where it has one.
type documentView struct {
	ID         int64                `json:"id"`
	FN         fiscal.FNNumber      `json:"fiscalDriveNumber"`
	FD         fiscal.FDNumber      `json:"fiscalDocumentNumber"`
	Form       fiscal.Form          `json:"code"`
	Kind       string               `json:"kind"` // name of the document in the tax service's JSON
	Name       string               `json:"name"` // in Russian
	FFD        fiscal.FFD           `json:"fiscalDocumentFormatVer"`
	RegID      fiscal.RegNumber     `json:"kktRegId"`
	UserINN    fiscal.INN           `json:"userInn"`
	DateTime   *string              `json:"dateTime"`
	ReceivedAt *time.Time           `json:"receivedAt"`
	Shift      uint32               `json:"shiftNumber,omitempty"`
	Number     uint32               `json:"requestNumber,omitempty"`
	Operation  fiscal.OperationType `json:"operationType,omitempty"`
	Total      fiscal.Kopecks       `json:"totalSum"`
	FPD        fiscal.FPD           `json:"fiscalSign"`
	Confirmed  bool                 `json:"confirmed"`
	Fault      *faultView           `json:"fault"`
	Findings   []flk.Finding        `json:"findings"`
}

// detailView is a whole document.
type detailView struct {
	documentView
	SignPolicy   string          `json:"signPolicy"`
	FPS          string          `json:"messageSignVerdict"`
	FPDCheck     string          `json:"fiscalSignVerdict"`
	QR           *string         `json:"qr"`
	Document     json.RawMessage `json:"document"`          // as the tax service's JSON
	Tags         []explain.Node  `json:"tags"`              // with offsets from the start of the document
	Printed      *string         `json:"printed"`           // as on paper, without the picture of the QR code
	Problem      string          `json:"problem,omitempty"` // why it could not be read to its end
	Message      *string         `json:"message"`
	Confirmation *string         `json:"confirmation"`
}

func (a *api) documents(ctx context.Context, q *query) (any, error) {
	f, page, count := q.filter(), q.page(), q.flag("count")
	if q.err != nil {
		return nil, q.err
	}
	if q.req.PathValue("fn") != "" {
		if _, err := a.store.Drive(ctx, f.FN); err != nil {
			return nil, err
		}
	}
	rows, err := a.store.Documents(ctx, f, page)
	if err != nil {
		return nil, err
	}
	l := makeList(page, rows, func(d *store.Document) int64 { return d.ID }, showDocument)
	if count {
		n, err := a.store.CountDocuments(ctx, f)
		if err != nil {
			return nil, err
		}
		l.Total = &n
	}
	return l, nil
}

func showDocument(d *store.Document) documentView {
	v := documentView{
		ID: d.ID, FN: d.FN, FD: d.FD, Form: d.Form, Kind: d.Form.JSONName(), Name: d.Form.String(), FFD: d.FFD, RegID: d.RegID, UserINN: d.UserINN,
		ReceivedAt: instant(d.ReceivedAt), Shift: d.Shift, Number: d.Number, Operation: d.Operation, Total: d.Total, FPD: d.FPD,
		Confirmed: len(d.Confirmation) > 0, Fault: showFault(d.Fault), Findings: d.Findings,
	}
	if !d.DateTime.IsZero() {
		s := d.DateTime.Format(wallClock)
		v.DateTime = &s
	}
	if v.Findings == nil {
		v.Findings = []flk.Finding{}
	}
	return v
}

func (a *api) document(ctx context.Context, q *query) (any, error) {
	fn, fd := q.fn(), q.fd()
	if q.err != nil {
		return nil, q.err
	}
	d, err := a.store.Document(ctx, fn, fd)
	if err != nil {
		return nil, err
	}
	v := detailView{documentView: showDocument(&d), SignPolicy: d.Policy, FPS: d.FPS, FPDCheck: d.FPDCheck,
		Document: json.RawMessage("null"), Message: a.raw(d.Message), Confirmation: a.raw(d.Confirmation)}
	if len(d.STLV) > 0 {
		if err := a.decode(ctx, &v, &d); err != nil {
			return nil, fmt.Errorf("api: decoding FN %s FD %d: %w", fn, fd, err)
		}
	}
	return v, nil
}

// decode fills in what the plain document says. A document that cannot be read to
// its end is shown as far as it goes.
func (a *api) decode(ctx context.Context, v *detailView, d *store.Document) error {
	doc, err := ffd.Decode(d.STLV)
	if err != nil {
		v.Problem = err.Error()
	}
	doc.Sign = wire.MessageSignOf(d.Message)
	if v.Document, err = ffd.AppendJSON(nil, doc, ffd.JSONOptions{NoRaw: a.o.HideRaw, NoPersonal: !a.o.ShowPersonal}); err != nil {
		return err
	}
	printed := ffd.Print(doc, ffd.PrintOptions{MaskPersonal: !a.o.ShowPersonal})
	v.Printed = &printed
	if doc.Form.IsReceipt() {
		qr := ffd.QRText(doc)
		v.QR = &qr
	}
	for _, r := range explain.Bytes(ctx, d.STLV, explain.Options{}) {
		v.Tags = append(v.Tags, r.Nodes...)
	}
	if !a.o.ShowPersonal {
		hidePersonal(v.Tags)
	}
	return nil
}

// hidden stands for a value that is not shown.
const hidden = "скрыто"

// hidePersonal takes personal values out of the tree, and bytes that nobody could
// tell apart.
func hidePersonal(nodes []explain.Node) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case ffd.Personal(n.Tag):
			n.Value, n.Raw, n.Children = hidden, nil, nil
		case n.Problem != "":
			n.Raw = nil
		}
		hidePersonal(n.Children)
	}
}
