package documents

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/buyers"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/paper"
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
	Journal  bool // may be read
	Tags     []tag
	Sent     []buyers.Sent // to the buyer
}

// Accepted is when it was handed over, and the answer: what this operator has said.
func (c card) Accepted() string {
	if len(c.Confirmation) == 0 {
		return "без подтверждения"
	}
	return "подтверждён"
}

// Verdict on a sign as people read it.
func (card) Verdict(v string) string {
	switch v {
	case "ok":
		return "верен"
	case "bad":
		return "не сходится"
	case "bad_format":
		return "записан не по формату"
	case "absent":
		return "отсутствует"
	case "unverifiable":
		return "не проверен: нет ключа"
	}
	return "не проверялся"
}

func (a *area) showCard(v *page.Visit) error {
	d, err := a.document(v)
	if err != nil {
		return err
	}
	c := card{Document: d, Worst: flk.Worst(d.Findings), Base: fmt.Sprintf("/lk/documents/%s/%d", d.FN, d.FD), Unread: len(d.STLV) == 0, Journal: v.Viewer.Can(access.ManageUsers)}
	if c.Personal, err = a.personal(v, &d, "страница документа"); err != nil {
		return err
	}
	c.Explain = explain.Bytes(v.R.Context(), d.Message, explain.Options{})
	if !c.Personal {
		for _, r := range c.Explain {
			mask(r.Nodes)
		}
	}
	for _, r := range c.Explain {
		// Keys are the intake's: what it found is under «Подписи».
		r.Checks = slices.DeleteFunc(r.Checks, func(k explain.Check) bool { return k.Name == "ФПС" && k.OK == nil })
		c.Tags = tags(c.Tags, r.Nodes, 0)
	}
	if a.o.Buyers != nil {
		if c.Sent, err = a.o.Buyers.Of(v.R.Context(), v.Viewer, d.FN, d.FD); err != nil {
			return err
		}
	}
	if doc, err := ffd.Decode(d.STLV); err == nil {
		c.Paper = ffd.Print(doc, ffd.PrintOptions{MaskPersonal: !c.Personal})
		if d.Form.IsReceipt() || d.Form.IsCorrection() {
			c.QRText = ffd.QRText(doc)
			if c.QR, err = paper.QRSVG(c.QRText); err != nil {
				return err
			}
		}
	} else {
		c.Unread = true
	}
	return v.Render(a.card, c)
}

// personal tells whether the person asks to see personal data; then the journal has it.
func (a *area) personal(v *page.Visit, d *store.Document, form string) (bool, error) {
	if v.Form("personal") != "yes" {
		return false, nil
	}
	return true, a.shown(v, d, form)
}

// shown writes that personal data is shown to the person.
func (a *area) shown(v *page.Visit, d *store.Document, form string) error {
	return a.f.Accounts().ShowPersonal(v.R.Context(), v.Viewer, fmt.Sprintf("%s/%d", d.FN, d.FD), form)
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

// tag is a requisite in the table of a document.
type tag struct {
	Depth       int // inside how many others, at most 4
	Tag         tlv.Tag
	Name, Value string
}

// tags are the requisites among explained bytes, in their order.
func tags(all []tag, nodes []explain.Node, depth int) []tag {
	for i := range nodes {
		n := &nodes[i]
		below := depth
		if n.Tag != 0 {
			all = append(all, tag{min(depth, 4), n.Tag, n.Name, n.Value})
			below++
		}
		all = tags(all, n.Children, below)
	}
	return all
}

var unread = &page.Failure{Status: 410, Title: "Содержания нет", Text: "Документ пришёл зашифрованным или не разбирается: есть только исходные байты."}

// download gives the document in another form: pdf, json, the container, the confirmation.
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
			return unread
		}
		personal, err := a.personal(v, &d, "JSON")
		if err != nil {
			return err
		}
		if body, err = ffd.AppendJSON(nil, doc, ffd.JSONOptions{NoPersonal: !personal}); err != nil {
			return err
		}
		v.Attach(name+".json", "application/json")
	case "pdf":
		doc, err := ffd.Decode(d.STLV)
		if err != nil {
			return unread
		}
		design := &paper.Design{}
		if a.o.Buyers != nil {
			if design, err = a.o.Buyers.DesignOf(v.R.Context(), &d); err != nil {
				return err
			}
		}
		personal, err := a.personal(v, &d, "PDF")
		if err != nil {
			return err
		}
		if body, err = buyers.Sheet(&d, doc, design, !personal).PDF(); err != nil {
			return err
		}
		v.Attach(name+".pdf", "application/pdf")
	case "message":
		if err = a.shown(v, &d, "контейнер"); err != nil { // it has everything in it
			return err
		}
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
