package receipts

import (
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

// Shape is the wrapper in which a receipt was found.
type Shape string

// Shapes.
const (
	ShapeApp       Shape = "tax-service-app" // [{ticket: {document: {receipt: …}}}]
	ShapeProverka  Shape = "proverkacheka"   // {code, data: {json: …}, request}
	ShapeDocument  Shape = "document"        // {document: {receipt: …}}
	ShapeContent   Shape = "content"         // {fsId, content: …}
	ShapeFlat      Shape = "flat"            // the receipt itself
	ShapeWrapped   Shape = "wrapped"         // anything else around it
	ShapeArchive   Shape = "raw-archive"     // ffff001c, header, TLV, sign
	ShapeHeaded    Shape = "raw-headed"      // container without length and check code
	ShapeContainer Shape = "raw-container"   // whole container
	ShapeBare      Shape = "raw-tlv"         // the TLV alone
)

// found is a receipt object with what stood around it.
type found struct {
	node  *node
	shape Shape
	form  fiscal.Form // by the name of the object; 0 unknown
	chain []*node     // objects and arrays from the root down to the receipt's parent
	raw   *blob       // of raw documents
}

// findReceipts walks a JSON value and returns the receipts in it in their order.
// others are documents that are no receipts (reports, confirmations).
func findReceipts(root *node) (receipts []found, others []*node) {
	var walk func(n *node, name string, chain []*node)
	walk = func(n *node, name string, chain []*node) {
		if n.kind == kindObject {
			if form := fiscal.FormByJSONName(name); form != 0 && !form.IsReceipt() && !hasReceiptMembers(n) {
				others = append(others, n)
				return
			}
			if isReceipt(n, name) {
				receipts = append(receipts, found{node: n, shape: shapeOf(chain, name), form: fiscal.FormByJSONName(name), chain: append([]*node(nil), chain...)})
				return
			}
		}
		for i, kid := range n.kids {
			if kid.kind != kindObject && kid.kind != kindArray {
				continue
			}
			kidName := name
			if n.kind == kindObject {
				kidName = n.names[i]
			}
			walk(kid, kidName, append(chain, n))
		}
	}
	walk(root, "", nil)
	return receipts, others
}

// isReceipt tells a receipt from what is around it: items with a total, or enough of
// the members that only a receipt has.
func isReceipt(n *node, name string) bool {
	if fiscal.FormByJSONName(name).IsReceipt() && hasReceiptMembers(n) {
		return true
	}
	return hasReceiptMembers(n)
}

func hasReceiptMembers(n *node) bool {
	score := 0
	for i, name := range n.names {
		switch strings.ToLower(name) {
		case "items":
			if n.kids[i].kind == kindArray || n.kids[i].kind == kindNull || n.kids[i].kind == kindObject {
				score += 2
			}
		case "totalsum", "rawdata", "operationtype":
			score += 2
		case "cashtotalsum", "ecashtotalsum", "datetime", "fiscalsign", "fiscaldocumentnumber", "fiscaldrivenumber", "requestnumber", "taxationtype":
			score++
		}
	}
	return score >= 4
}

func shapeOf(chain []*node, name string) Shape {
	up := func(k int) *node {
		if k > len(chain) {
			return nil
		}
		return chain[len(chain)-k]
	}
	parent := up(1)
	for parent != nil && parent.kind == kindArray && len(chain) > 1 {
		chain = chain[:len(chain)-1]
		parent = up(1)
	}
	switch {
	case parent == nil || parent.kind == kindArray:
		return ShapeFlat
	case name == "json" && up(2).member("data") != nil:
		return ShapeProverka
	case fiscal.FormByJSONName(name) != 0 && up(2).member("document") != nil && up(3).member("ticket") != nil:
		return ShapeApp
	case fiscal.FormByJSONName(name) != 0 && up(2).member("document") != nil:
		return ShapeDocument
	case name == "content":
		return ShapeContent
	}
	return ShapeWrapped
}

// envelope notes the members that stand around a receipt, one note for each member
// that does not lead to it.
func (f *found) envelope() (notes []Note) {
	for i, n := range f.chain {
		next := f.node
		if i+1 < len(f.chain) {
			next = f.chain[i+1]
		}
		if n.kind != kindObject {
			continue
		}
		for k, kid := range n.kids {
			if kid == next || kid.used {
				continue
			}
			notes = append(notes, Note{Path: kid.path, Kind: kid.kindName(), Reason: Envelope,
				Text: fmt.Sprintf("%s: сведения файла, а не чека", n.names[k])})
		}
	}
	return notes
}
