package ledger_test

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// fields of a document: a reader of its own, so that nothing is shared with what is
// tested. Each value is the bytes of a field.
type fields map[uint16][][]byte

func split(b []byte) fields {
	f := fields{}
	for len(b) >= 4 {
		tag, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		f[tag] = append(f[tag], b[4:4+n])
		b = b[4+n:]
	}
	return f
}

// number of little-endian bytes of any length; 0 without the field.
func (f fields) number(tag uint16) (n int64) {
	if len(f[tag]) == 0 {
		return 0
	}
	for i, b := range f[tag][0] {
		n |= int64(b) << (8 * i)
	}
	return n
}

// shiftKey is a shift of a drive.
type shiftKey struct {
	fn    fiscal.FNNumber
	shift uint32
}

// recount adds up the documents of each shift from their bytes.
func recount(docs []servertest.Doc) map[shiftKey]store.Figures {
	all := map[shiftKey]store.Figures{}
	for _, d := range docs {
		whole := split(d.STLV)
		f := split(whole[uint16(d.Form)][0])
		key := shiftKey{d.FN, uint32(f.number(1038))}
		if key.shift == 0 {
			continue
		}
		sum, there := all[key]
		at := time.Unix(f.number(1012), 0).UTC()
		if !there {
			sum = store.Figures{Key: string(d.FN), Shift: key.shift, First: at, FirstFD: d.FD}
		}
		sum.Last, sum.LastFD = at, d.FD
		if d.Form == fiscal.FormCloseShift {
			sum.Closing = d.FD
		}
		recountOne(&sum, int(d.Form), f)
		all[key] = sum
	}
	return all
}

// rawDoc is a document whose fields were read.
type rawDoc struct {
	*servertest.Doc
	at     time.Time
	fields fields
}

func readRaw(docs []servertest.Doc) []rawDoc {
	all := make([]rawDoc, len(docs))
	for i := range docs {
		f := split(split(docs[i].STLV)[uint16(docs[i].Form)][0])
		all[i] = rawDoc{&docs[i], time.Unix(f.number(1012), 0).UTC(), f}
	}
	return all
}

// recountBy adds up the receipts and corrections between two moments of the register's
// clock from their bytes, apart by key, in the order of the keys.
func recountBy(docs []rawDoc, from, to time.Time, key func(d *rawDoc) string) (rows []store.Figures) {
	all := map[string]*store.Figures{}
	for i := range docs {
		d := &docs[i]
		at := d.at
		if !d.Form.IsReceipt() && !d.Form.IsCorrection() || at.Before(from) || !at.Before(to) {
			continue
		}
		k := key(d)
		sum := all[k]
		if sum == nil {
			sum = &store.Figures{Key: k, First: at, Last: at, FirstFD: d.FD, LastFD: d.FD}
			all[k] = sum
		}
		if at.Before(sum.First) {
			sum.First = at
		}
		if at.After(sum.Last) {
			sum.Last = at
		}
		sum.FirstFD, sum.LastFD = min(sum.FirstFD, d.FD), max(sum.LastFD, d.FD)
		recountOne(sum, int(d.Form), d.fields)
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, *all[k])
	}
	return rows
}

// recountShifts adds up all documents of shifts between two moments.
func recountShifts(docs []rawDoc, from, to time.Time) (rows []store.Figures) {
	all := map[shiftKey]*store.Figures{}
	for i := range docs {
		d := &docs[i]
		key := shiftKey{d.FN, uint32(d.fields.number(1038))}
		if key.shift == 0 || d.at.Before(from) || !d.at.Before(to) {
			continue
		}
		sum := all[key]
		if sum == nil {
			sum = &store.Figures{Key: string(d.FN), Shift: key.shift, First: d.at, FirstFD: d.FD} // a drive's documents are in order
			all[key] = sum
		}
		if sum.Last, sum.LastFD = d.at, d.FD; d.Form == fiscal.FormCloseShift {
			sum.Closing = d.FD
		}
		recountOne(sum, int(d.Form), d.fields)
	}
	for _, f := range all {
		rows = append(rows, *f)
	}
	slices.SortFunc(rows, func(a, b store.Figures) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Shift, b.Shift))
	})
	return rows
}

func recountOne(sum *store.Figures, form int, f fields) {
	total, kind := fiscal.Kopecks(f.number(1020)), f.number(1054)
	switch form {
	case 31, 41:
		sum.Corrections++
		sum.Corrected += total
		return
	case 3, 4:
		sum.Receipts++
	default:
		return
	}
	var paid *store.Paid
	var vat *store.VAT
	switch kind {
	case 1:
		sum.Sales++
		sum.Revenue += total
		sum.Items += int64(len(f[1059]))
		paid, vat = &sum.SalesPaid, &sum.SalesVAT
	case 2:
		sum.Returns++
		sum.Returned += total
		paid, vat = &sum.ReturnsPaid, &sum.ReturnsVAT
	case 3:
		sum.Spent++
		sum.Expense += total
		return
	case 4:
		sum.Unspent++
		sum.ExpenseReturned += total
		return
	}
	paid.Cash += fiscal.Kopecks(f.number(1031))
	paid.Ecash += fiscal.Kopecks(f.number(1081))
	paid.Prepaid += fiscal.Kopecks(f.number(1215))
	paid.Credit += fiscal.Kopecks(f.number(1216))
	paid.Provision += fiscal.Kopecks(f.number(1217))
	for i, tag := range []uint16{1102, 1103, 1106, 1107, 1104, 1105} { // rates 1 to 6
		vat[i+1] += fiscal.Kopecks(f.number(tag))
	}
	for _, group := range f[1115] {
		for _, one := range split(group)[1119] {
			rate := split(one)
			vat[rate.number(1199)] += fiscal.Kopecks(rate.number(1120))
		}
	}
}
