package cases

import (
	"slices"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// automatic registers an automat with its number.
func automatic(s *scene) {
	s.sent(s.reg.Registration().Set(model.U8(1001, 1)).Add(model.Text(1036, "автомат 1")))
	s.sent(s.reg.OpenShift())
}

// offline is a receipt of a register in autonomous mode with so many items that name
// their supplier. Such a register sends nothing by itself; what it made before its
// mode was changed may come all the same.
func offline(items int) func(*scene) *model.Document {
	return made(func(s *scene) {
		d := s.reg.Registration()
		autonomous()(d)
		s.sent(d)
		s.sent(s.reg.OpenShift())
	}, func(r *model.Register) *model.Document {
		d := r.Sale(3, 1, 1000, items)
		for i, field := range d.Fields {
			if model.TagOf(field) == 1059 {
				d.Fields[i] = model.TLV(1059, append(slices.Clone(field[4:]), model.Fixed(1226, "7825706086", 12)...))
			}
		}
		return d
	})
}

// supplier is 1226 of the only item.
var supplier = put(model.Fixed(1226, "7825706086", 12), 1059)

var receiptRules = []rule{
	{id: "R-01", title: "A receipt has exactly one operation type of the list.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(set(model.U8(1054, 4))), bad: receiptWith(set(model.U8(1054, 5)))},
	{id: "R-02", title: "A receipt has exactly one tax system.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(set(model.U8(1055, 2))), bad: receiptWith(set(model.U8(1055, 3)))},
	{id: "R-04", title: "An item sold for another names the supplier's INN.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: receiptWith(put(model.U8(1222, 32), 1059), supplier), bad: receiptWith(put(model.U8(1222, 32), 1059))},
	{id: "R-05", title: "An item has a name unless it is an advance.", mark: conformance.Doc, ways: ffd105,
		good: receiptWith(del(1030, 1059), set(model.U8(1214, 3), 1059)), bad: receiptWith(del(1030, 1059))},
	{id: "R-07", title: "Excise goods are sold by a register that is registered for them.", mark: conformance.Doc, ways: conformance.Before,
		good: made(func(s *scene) {
			s.sent(s.reg.Registration().Set(model.U8(1207, 1)))
			s.sent(s.reg.OpenShift())
		}, func(r *model.Register) *model.Document { return r.Receipt(10000).Set(model.U8(1212, 2), 1059) }),
		bad: receiptWith(set(model.U8(1212, 2), 1059))},
	{id: "R-08", title: "In autonomous mode at most ten items carry a product code.", mark: conformance.Doc, ways: conformance.Before,
		good: offline(10), bad: offline(11)},
	{id: "R-10", title: "A receipt of an automat names the automat.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: made(automatic, func(r *model.Register) *model.Document {
			return r.Receipt(10000).Add(model.Text(1036, "автомат 1"))
		}),
		bad: made(automatic, func(r *model.Register) *model.Document { return r.Receipt(10000) })},
	{id: "R-11", title: "A receipt names the cashier; one that does not is noted.", mark: conformance.Doc, ways: conformance.EachFFD, want: noted,
		good: receiptWith(), bad: receiptWith(del(1021))},
	{id: "R-14", title: "A correction has its basis.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: correctionWith(), bad: correctionWith(del(1174))},
}

// autonomous turns a registration report to autonomous mode.
func autonomous() edit {
	return all(set(model.U8(1002, 1)), set(model.Fixed(1017, "000000000000", 12)))
}

func changed(edits ...edit) func(*scene) *model.Document {
	return made((*scene).registered, func(r *model.Register) *model.Document { return r.Change(reason(r.FFD, 3, 2)) }, edits...)
}

var reportRules = []rule{
	{id: "P-01", title: "A registration writes every sign, 0 or 1.", mark: conformance.Doc, ways: conformance.Before,
		good: reportWith(set(model.U8(1109, 1))), bad: reportWith(del(1221))},
	{id: "P-02", title: "A registration in autonomous mode does not encrypt.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: reportWith(autonomous()), bad: reportWith(autonomous(), set(model.U8(1056, 1)))},
	{id: "P-03", title: "A registration of an automat names the automat.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: reportWith(set(model.U8(1001, 1)), put(model.Text(1036, "автомат 1"))), bad: reportWith(set(model.U8(1001, 1)))},
	{id: "P-04", title: "A registration in transfer mode names operator and sites.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: reportWith(), bad: reportWith(del(1060))},
	{id: "P-05", title: "A change of FFD 1.05 gives reasons of the list.", mark: conformance.Doc, ways: ffd105,
		good: changed(put(model.U8(1101, 2))), bad: changed(set(model.U8(1101, 5)))},
	{id: "P-06", title: "A change of FFD 1.1 and 1.2 gives a reason; one without is noted.", mark: conformance.Code, ways: conformance.From11, want: noted,
		good: changed(), bad: changed(set(model.U32(1205, 0)))},
	{id: "P-08", title: "Warnings of the drive stand in shift reports with value 1 only.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: openingWith(put(model.U8(1052, 1))), bad: openingWith(put(model.U8(1052, 0)))},
	{id: "P-09", title: "A state report of transfer mode tells what is unsent.", mark: conformance.Doc, ways: conformance.EachFFD,
		good: stateWith(), bad: stateWith(del(1116))},
}

// conditions are the bits of 1290 that have a meaning (enums.md).
var conditions = []uint32{1, 2, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// registrationBits are cases of what FFD 1.2 put in the place of the flags.
var registrationBits = []conformance.Case{
	bitCase("F-B-01", "flk/conditions-defined", "Every condition of use that 1290 defines is taken, alone and all together.", true, func() (values []uint32) {
		sum := uint32(0)
		for _, bit := range conditions {
			values = append(values, 1<<bit)
			sum |= 1 << bit
		}
		return append(values, sum, 0)
	}()),
	bitCase("F-B-02", "flk/conditions-reserved", "A reserved bit of 1290 gets the mark of failed control.", false, []uint32{1 << 0, 1 << 3, 1 << 4, 1 << 7, 1 << 17, 1 << 31}),
}
