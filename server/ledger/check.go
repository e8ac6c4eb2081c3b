package ledger

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// Check is one number of a closed shift beside that of its closing report.
type Check struct {
	Name              string // in Russian
	Money             bool   // the numbers are kopecks
	Counted, Reported int64  // added up from documents; said by the report
}

// Agrees tells whether both are the same.
func (c Check) Agrees() bool { return c.Counted == c.Reported }

// CountedSum and ReportedSum are the numbers as money.
func (c Check) CountedSum() fiscal.Kopecks  { return fiscal.Kopecks(c.Counted) }
func (c Check) ReportedSum() fiscal.Kopecks { return fiscal.Kopecks(c.Reported) }

// operations in the order of the counters (ffd/README.md section 3).
var operations = [4]struct {
	name                string
	counter, correction tlv.Tag
}{
	{"приход", ffd.TagSellOper, ffd.TagSellCorrection},
	{"возврат прихода", ffd.TagSellReturnOper, ffd.TagSellReturnCorrection},
	{"расход", ffd.TagBuyOper, ffd.TagBuyCorrection},
	{"возврат расхода", ffd.TagBuyReturnOper, ffd.TagBuyReturnCorrection},
}

// rates whose tax the counters have; where that of the newer rates goes is not said
// anywhere, so it is not compared.
var rates = [...]struct {
	rate uint8
	name string
	tag  tlv.Tag
}{
	{1, "НДС 20 %", ffd.TagCounterNDS20}, {2, "НДС 10 %", ffd.TagCounterNDS10}, {3, "НДС 20/120", ffd.TagCounterNDS20120}, {4, "НДС 10/110", ffd.TagCounterNDS10110},
	{5, "сумма по ставке 0 %", ffd.TagCounterNDS0}, {6, "сумма без НДС", ffd.TagCounterNDSNo},
}

// compare puts the figures of a shift beside what its closing report says: the number
// of receipts and documents (tags 1118, 1111), and from FFD 1.1 on the counters of
// the shift (1194).
func compare(s *Shift, doc *ffd.Document) (all []Check) {
	if n := doc.Field(ffd.TagReceiptQuantity); n != nil {
		all = append(all, Check{Name: "чеков вместе с коррекциями", Counted: s.Receipts + s.Corrections, Reported: int64(ffd.NodeUint(n))})
	}
	if n := doc.Field(ffd.TagDocumentsQuantity); n != nil && s.FirstFD != 0 {
		all = append(all, Check{Name: "документов смены", Counted: int64(s.LastFD-s.FirstFD) + 1 - s.Missing, Reported: int64(ffd.NodeUint(n))})
	}
	return append(all, counters(&s.Totals, doc.Field(ffd.TagShiftCounters))...)
}

// counters are the checks of 1194.
func counters(t *Totals, node *tlv.Node) (all []Check) {
	if node == nil {
		return nil
	}
	if n := node.Child(ffd.TagTotalReceiptCount); n != nil {
		all = append(all, Check{Name: "всех чеков и коррекций", Counted: t.Receipts + t.Corrections, Reported: int64(ffd.NodeUint(n))})
	}
	counts := [4]int64{t.Sales, t.Returns, t.Spent, t.Unspent}
	totals := [4]fiscal.Kopecks{t.Revenue, t.Returned, t.Expense, t.ExpenseReturned}
	for i, o := range operations {
		n := child(node, o.counter)
		count := child(n, ffd.TagReceiptCount)
		if count == nil {
			continue
		}
		reported := int64(ffd.NodeUint(count))
		all = append(all, Check{Name: o.name + ": чеков", Counted: counts[i], Reported: reported})
		sum := func(name string, tag tlv.Tag, counted fiscal.Kopecks) {
			// A kind without receipts may leave its sums out.
			if c := child(n, tag); c != nil || reported == 0 {
				all = append(all, Check{o.name + ": " + name, true, int64(counted), int64(ffd.NodeUint(c))})
			}
		}
		sum("сумма", ffd.TagCounterTotalSum, totals[i])
		if i > 1 {
			continue // ways to pay and taxes of расход are not added up
		}
		paid, vat := t.SalesPaid, t.SalesVAT
		if i == 1 {
			paid, vat = t.ReturnsPaid, t.ReturnsVAT
		}
		sum("наличными", ffd.TagCounterCashSum, paid.Cash)
		sum("безналичными", ffd.TagCounterEcashSum, paid.Ecash)
		sum("авансом", ffd.TagCounterPrepaidSum, paid.Prepaid)
		sum("в кредит", ffd.TagCounterCreditSum, paid.Credit)
		sum("иным", ffd.TagCounterProvisionSum, paid.Provision)
		for _, r := range rates {
			sum(r.name, r.tag, vat[r.rate])
		}
	}
	return append(all, corrections(t, child(node, ffd.TagCorrectionOper))...)
}

// corrections are the checks of 1133; FFD 1.1 names two of the four kinds, so sums are
// compared when nothing is left out.
func corrections(t *Totals, node *tlv.Node) []Check {
	count := child(node, ffd.TagCorrectionCount)
	if count == nil {
		return nil
	}
	reported := int64(ffd.NodeUint(count))
	all := []Check{{Name: "коррекция: чеков", Counted: t.Corrections, Reported: reported}}
	var counted, sum int64
	for _, o := range operations {
		n := child(node, o.correction)
		counted += int64(ffd.NodeUint(child(n, ffd.TagReceiptCount)))
		sum += int64(ffd.NodeUint(child(n, ffd.TagCounterTotalSum)))
	}
	if counted == reported {
		all = append(all, Check{"коррекция: сумма", true, int64(t.Corrected), sum})
	}
	return all
}

// compareLife adds what the drive's counters of its whole life (1157) grew by since
// the last closing report before.
func (s *Service) compareLife(ctx context.Context, sight access.Sight, shift *Shift) error {
	before, err := s.Search(ctx, sight, store.Search{FN: shift.FN, Shift: shift.Number - 1, Forms: []fiscal.Form{fiscal.FormCloseShift}}, store.Place{}, 1)
	if err != nil || len(before) == 0 || shift.Number == 1 {
		return err
	}
	var nodes [2]*tlv.Node
	for i, fd := range []fiscal.FDNumber{before[0].FD, shift.CloseFD} {
		d, err := s.Document(ctx, sight, shift.FN, fd)
		if err != nil {
			return fmt.Errorf("ledger: reading the closing report: %w", err)
		}
		doc, err := ffd.Decode(d.STLV)
		if err != nil {
			return nil // it was not read, so nothing is compared
		}
		if nodes[i] = doc.Field(ffd.TagFNCounters); nodes[i] == nil {
			return nil
		}
	}
	grew := func(path ...tlv.Tag) int64 {
		var values [2]int64
		for i, n := range nodes {
			for _, tag := range path {
				n = child(n, tag)
			}
			values[i] = int64(ffd.NodeUint(n))
		}
		return values[1] - values[0]
	}
	shift.Checks = append(shift.Checks,
		Check{Name: "итоги ФН: чеков и коррекций за смену", Counted: shift.Receipts + shift.Corrections, Reported: grew(ffd.TagTotalReceiptCount)},
		Check{"итоги ФН: приход за смену", true, int64(shift.Revenue), grew(ffd.TagSellOper, ffd.TagCounterTotalSum)},
		Check{"итоги ФН: возврат прихода за смену", true, int64(shift.Returned), grew(ffd.TagSellReturnOper, ffd.TagCounterTotalSum)})
	return nil
}

// child of a node that may be missing.
func child(n *tlv.Node, tag tlv.Tag) *tlv.Node {
	if n == nil {
		return nil
	}
	return n.Child(tag)
}
