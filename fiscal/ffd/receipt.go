package ffd

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Receipt is the part of a receipt, БСО or correction (3, 4, 31, 41) that is
// computed with: what was sold, how it was paid and the VAT in it. It is read as
// it stands; nothing is checked.
type Receipt struct {
	Operation fiscal.OperationType
	Total     fiscal.Kopecks // 1020
	Paid      Payments
	VAT       []VATSum
	Items     []Item
}

// Payments are the five ways to pay.
type Payments struct {
	Cash      fiscal.Kopecks // 1031
	Ecash     fiscal.Kopecks // 1081
	Prepaid   fiscal.Kopecks // 1215
	Credit    fiscal.Kopecks // 1216
	Provision fiscal.Kopecks // 1217
}

// Sum is what was paid in all ways.
func (p Payments) Sum() fiscal.Kopecks { return p.Cash + p.Ecash + p.Prepaid + p.Credit + p.Provision }

// VATSum is the total of one rate: the tax, for 0% and "без НДС" the turnover.
type VATSum struct {
	Rate uint8 // as in 1199
	Sum  fiscal.Kopecks
}

// Item is one line of a receipt (1059).
type Item struct {
	Node     *tlv.Node
	Name     string
	Price    fiscal.Kopecks
	Quantity tlv.FVLN
	Sum      fiscal.Kopecks
	Rate     uint8 // 1199; 0 when absent
	Subject  uint8 // 1212; 0 when absent
	Method   uint8 // 1214; 0 when absent
}

// ReadReceipt reads the receipt of a document; of a document of another form what
// it has of it.
func ReadReceipt(d *Document) Receipt {
	r := Receipt{
		Operation: fiscal.OperationType(d.Uint(TagOperationType)),
		Total:     d.Sum(TagTotalSum),
		Paid: Payments{d.Sum(TagCashTotalSum), d.Sum(TagEcashTotalSum), d.Sum(TagPrepaidSum),
			d.Sum(TagCreditSum), d.Sum(TagProvisionSum)},
	}
	for rate := uint8(1); rate <= 6; rate++ {
		if n := d.Field(VATTotalTag(rate)); n != nil {
			r.VAT = append(r.VAT, VATSum{rate, fiscal.Kopecks(NodeUint(n))})
		}
	}
	for i := range d.Fields {
		switch n := &d.Fields[i]; n.Tag {
		case TagItem:
			r.Items = append(r.Items, readItem(n))
		case TagAmountsReceiptNDS:
			for k := range n.Children {
				if c := &n.Children[k]; c.Tag == TagAmountsNDS {
					r.VAT = append(r.VAT, VATSum{uint8(NodeUint(c.Child(TagNDSRate))), fiscal.Kopecks(NodeUint(c.Child(TagRateNDSSum)))})
				}
			}
		}
	}
	return r
}

func readItem(n *tlv.Node) Item {
	return Item{
		Node:     n,
		Name:     NodeText(n.Child(TagItemName)),
		Price:    fiscal.Kopecks(NodeUint(n.Child(TagPrice))),
		Quantity: NodeFVLN(n.Child(TagQuantity)),
		Sum:      fiscal.Kopecks(NodeUint(n.Child(TagItemSum))),
		Rate:     uint8(NodeUint(n.Child(TagNDSRate))),
		Subject:  uint8(NodeUint(n.Child(TagProductType))),
		Method:   uint8(NodeUint(n.Child(TagPaymentType))),
	}
}

// ItemsSum is the sum of all items (1043).
func (r *Receipt) ItemsSum() fiscal.Kopecks {
	var sum fiscal.Kopecks
	for i := range r.Items {
		sum += r.Items[i].Sum
	}
	return sum
}

// vatTotals are the receipt's tags of the rates 1–6; 7–12 stand in 1115.
var vatTotals = [...]tlv.Tag{1: TagNDS20, TagNDS10, TagNDS20120, TagNDS10110, TagNDS0, TagNDSNo}

// VATTotalTag is the tag that carries the total of a rate (1199): 1102–1107 for
// rates 1–6, 1115 for 7–12, 0 for others.
func VATTotalTag(rate uint8) tlv.Tag {
	switch {
	case rate >= 1 && int(rate) < len(vatTotals):
		return vatTotals[rate]
	case rate >= 7 && rate <= 12:
		return TagAmountsReceiptNDS
	}
	return 0
}

// VATFraction is the share of tax in a sum that includes it: 20/120 for rates 1
// and 3. num is 0 for 0%, "без НДС" and unknown rates.
func VATFraction(rate uint8) (num, den uint64) {
	switch rate {
	case 1, 3:
		return 20, 120
	case 2, 4:
		return 10, 110
	case 7, 9:
		return 5, 105
	case 8, 10:
		return 7, 107
	case 11, 12:
		return 22, 122
	}
	return 0, 1
}
