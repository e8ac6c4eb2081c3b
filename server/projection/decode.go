// Package projection reads out of stored documents what searches, revenue pages and
// reports ask for, and keeps the projected tables of a store up with its documents
// (store.Projector).
//
// A document is accepted, confirmed and kept whatever happens here: the projection
// runs behind and may be made anew. The package judges nothing and keeps nothing.
package projection

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Reasons why the content of a document was not read (store.Projection.Unread).
const (
	Encrypted   = "encrypted"   // it was not seen
	Undecodable = "undecodable" // it is no document of the format
	OtherForm   = "other form"  // it is another document than its container says
)

// Decode is the projection of a document. What it says of numbers and sums is what
// the store has in its columns; the rest comes from the plain document. Of one that
// cannot be read to the end nothing is taken.
func Decode(d *store.Document) store.Projection {
	p := store.Projection{
		ID: d.ID, FN: d.FN, FD: d.FD, Form: d.Form, RegID: d.RegID, UserINN: d.UserINN, At: d.DateTime,
		Shift: d.Shift, Number: d.Number, Operation: d.Operation, Total: d.Total, FPD: d.FPD,
	}
	if p.At.IsZero() {
		p.At = d.ReceivedAt.Truncate(time.Second)
	}
	if len(d.STLV) == 0 {
		p.Unread = Encrypted
		return p
	}
	doc, err := ffd.Decode(d.STLV)
	switch {
	case err != nil:
		p.Unread = Undecodable
		return p
	case doc.Form != d.Form:
		p.Unread = OtherForm
		return p
	}
	p.Cashier = doc.Text(ffd.TagCashier)
	switch d.Form {
	case fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection:
		receipt(&p, doc)
	}
	return p
}

// receipt adds what receipts and corrections have.
func receipt(p *store.Projection, doc *ffd.Document) {
	r := ffd.ReadReceipt(doc)
	p.Taxation = uint8(doc.Uint(ffd.TagAppliedTaxationType))
	p.Contact = doc.Text(ffd.TagBuyerPhoneOrAddress)
	p.Paid = store.Paid{Cash: sum(r.Paid.Cash), Ecash: sum(r.Paid.Ecash), Prepaid: sum(r.Paid.Prepaid), Credit: sum(r.Paid.Credit), Provision: sum(r.Paid.Provision)}
	for _, v := range r.VAT {
		if v.Rate >= 1 && v.Rate <= store.Rates {
			p.VAT[v.Rate] = sum(p.VAT[v.Rate] + sum(v.Sum))
		}
	}
	for i := range r.Items {
		p.Items = append(p.Items, item(i+1, &r.Items[i]))
	}
}

func item(position int, i *ffd.Item) store.Item {
	return store.Item{
		Position: position, Name: i.Name, Price: sum(i.Price), Quantity: millionths(i.Quantity), Sum: sum(i.Sum),
		Rate: i.Rate, VAT: sum(fiscal.Kopecks(ffd.NodeUint(i.Node.Child(ffd.TagItemNDSSum)))), Subject: i.Subject, Method: i.Method,
		Measure: uint8(ffd.NodeUint(i.Node.Child(ffd.TagQuantityMeasure))), Unit: ffd.NodeText(i.Node.Child(ffd.TagUnit)), Code: code(i.Node),
	}
}

// sum keeps sums within what the formats allow, so that adding them up cannot
// overflow: a register may send anything.
func sum(k fiscal.Kopecks) fiscal.Kopecks {
	if k < 0 || k > fiscal.MaxKopecks {
		return fiscal.MaxKopecks
	}
	return k
}

// maxQuantity in millionths is what billions of receipts add up to without overflow.
const maxQuantity = 1_000_000_000 * store.Millionth

// millionths of a quantity, rounded half up.
func millionths(q tlv.FVLN) int64 {
	n, ok := q.MulRound(store.Millionth)
	if !ok || n > maxQuantity {
		return maxQuantity
	}
	return int64(n)
}

// code is the product code of an item as text (1163, or 1162 before FFD 1.2).
func code(n *tlv.Node) string {
	if c := n.Child(ffd.TagProductCodeNew); c != nil {
		if code, _, ok := ffd.Parse1163(c); ok {
			return code.Text
		}
	}
	if c := n.Child(ffd.TagProductCode); c != nil {
		if code, err := ffd.Parse1162(c.Value); err == nil {
			return code.Text
		}
	}
	return ""
}
