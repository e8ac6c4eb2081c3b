package documents

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/skip2/go-qrcode"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// card is a document as its page shows it.
type card struct {
	store.Document
	Paper    string
	QR       template.HTML // drawn; empty for documents without one
	QRText   string
	Explain  []*explain.Report
	Worst    flk.Severity
	Unread   bool // the content was not seen
	Base     string
	Personal bool // personal data was asked for and is shown
}

// Accepted is when it was handed over, and the answer: what this operator has said.
func (c card) Accepted() string {
	if len(c.Confirmation) == 0 {
		return "без подтверждения"
	}
	return "подтверждён"
}

func (a *area) showCard(v *page.Visit) error {
	d, err := a.document(v)
	if err != nil {
		return err
	}
	c := card{Document: d, Worst: flk.Worst(d.Findings), Base: fmt.Sprintf("/lk/documents/%s/%d", d.FN, d.FD), Unread: len(d.STLV) == 0, Personal: v.Form("personal") == "yes"}
	c.Explain = explain.Bytes(v.R.Context(), d.Message, explain.Options{})
	if !c.Personal {
		for _, r := range c.Explain {
			mask(r.Nodes)
		}
	}
	if doc, err := ffd.Decode(d.STLV); err == nil {
		c.Paper = ffd.Print(doc, ffd.PrintOptions{MaskPersonal: !c.Personal})
		if d.Form.IsReceipt() || d.Form.IsCorrection() {
			c.QRText = ffd.QRText(doc)
			if c.QR, err = drawQR(c.QRText); err != nil {
				return err
			}
		}
	} else {
		c.Unread = true
	}
	return v.Render(a.card, c)
}

// mask hides buyers' personal data among explained bytes.
func mask(nodes []explain.Node) {
	for i := range nodes {
		if nodes[i].Tag != 0 && ffd.Personal(nodes[i].Tag) {
			nodes[i].Value, nodes[i].Raw, nodes[i].Children = "скрыто", nil, nil
		}
		mask(nodes[i].Children)
	}
}

// drawQR is the code as a drawing; a module is a unit.
func drawQR(text string) (template.HTML, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return "", fmt.Errorf("documents: drawing the QR code: %w", err)
	}
	bits := code.Bitmap()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="QR-код чека" shape-rendering="crispEdges"><path fill="#000" d="`, len(bits), len(bits))
	for y, line := range bits {
		for x, dark := range line {
			if dark {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String()), nil
}

// download gives the document in another form: json, the container, the confirmation.
func (a *area) download(v *page.Visit) error {
	d, err := a.document(v)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%d", d.FN, d.FD)
	var body []byte
	switch view := v.R.PathValue("view"); view {
	case "json":
		doc, err := ffd.Decode(d.STLV)
		if err != nil {
			return &page.Failure{Status: 410, Title: "Содержания нет", Text: "Документ пришёл зашифрованным или не разбирается: есть только исходные байты."}
		}
		if body, err = ffd.AppendJSON(nil, doc, ffd.JSONOptions{NoPersonal: v.Form("personal") != "yes"}); err != nil {
			return err
		}
		v.Attach(name+".json", "application/json")
	case "message":
		body = d.Message
		v.Attach(name+".bin", "application/octet-stream")
	case "confirmation":
		if body = d.Confirmation; len(body) == 0 {
			return page.ErrNotFound
		}
		v.Attach(name+"-confirmation.bin", "application/octet-stream")
	default:
		return page.ErrNotFound
	}
	_, err = v.W.Write(body)
	return err
}

// Sum is the document's total when its form has one.
func (c card) Sum() (k fiscal.Kopecks, ok bool) {
	return c.Total, c.Form.IsReceipt() || c.Form.IsCorrection()
}
