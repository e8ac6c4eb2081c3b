package flk

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Counters are sums over receipts, as 1157 and 1194 hold them (P-10): receipts and
// БСО by operation type, corrections by number only.
type Counters struct {
	ByOperation [4]Operation // 1129, 1130, 1131, 1132
	Corrections uint32       // 1133/1144
}

// Operation is the part of one operation type. Money in kopecks.
type Operation struct {
	Count              uint32 // 1135
	Total, Cash, Ecash uint64 // 1201, 1136, 1138
}

// Receipts is the number of receipts, БСО and corrections (1118, 1134).
func (c *Counters) Receipts() uint64 {
	n := uint64(c.Corrections)
	for i := range c.ByOperation {
		n += uint64(c.ByOperation[i].Count)
	}
	return n
}

func (c *Counters) add(d *ffd.Document) {
	if d.Form.IsCorrection() {
		c.Corrections++
		return
	}
	op := d.Uint(ffd.TagOperationType)
	if op < 1 || op > 4 {
		return
	}
	o := &c.ByOperation[op-1]
	o.Count++
	o.Total += d.Uint(ffd.TagTotalSum)
	o.Cash += d.Uint(ffd.TagCashTotalSum)
	o.Ecash += d.Uint(ffd.TagEcashTotalSum)
}

var operationTags = [4]tlv.Tag{ffd.TagSellOper, ffd.TagSellReturnOper, ffd.TagBuyOper, ffd.TagBuyReturnOper}

// counters compares a counter structure of the document with what was received
// (P-10). Fields that the document leaves out are not compared: a kind without
// receipts may drop them (P-13).
func (c *check) counters(tag tlv.Tag, want *Counters, of string) {
	node := c.doc.Field(tag)
	if node == nil {
		return
	}
	compare := func(in *tlv.Node, field tlv.Tag, want uint64, path ...tlv.Tag) {
		if in == nil {
			return
		}
		f := in.Child(field)
		if f == nil {
			return
		}
		if got := ffd.NodeUint(f); got != want {
			c.at(f, append(path, field)...).add("P-10", flk.Warning,
				"счетчик %d в %d (%s): %d, по полученным документам %d", field, tag, of, got, want)
		}
	}
	compare(node, ffd.TagTotalReceiptCount, want.Receipts(), tag)
	for i, op := range operationTags {
		in, w := node.Child(op), &want.ByOperation[i]
		compare(in, ffd.TagReceiptCount, uint64(w.Count), tag, op)
		compare(in, ffd.TagCounterTotalSum, w.Total, tag, op)
		compare(in, ffd.TagCounterCashSum, w.Cash, tag, op)
		compare(in, ffd.TagCounterEcashSum, w.Ecash, tag, op)
	}
	compare(node.Child(ffd.TagCorrectionOper), ffd.TagCorrectionCount, uint64(want.Corrections), tag, ffd.TagCorrectionOper)
}

// countersComplete reports whether Totals holds every receipt before fd.
func (h *History) countersComplete(fd fiscal.FDNumber) bool { return h.whole(fd) }
