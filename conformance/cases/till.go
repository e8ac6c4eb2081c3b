package cases

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance"
	"github.com/fiscalbench/fiscalbench/conformance/model"
)

// says demands a text in a document; "" stands for any that is not empty.
func says(d *conformance.Desk, m *model.Message, tag int, want string) {
	seen := string(m.Value(tag))
	ok := seen != ""
	if want != "" {
		ok = strings.TrimRight(seen, " ") == string(model.Text(tag, want)[4:])
	}
	d.Expect("document/text", conformance.Doc, fmt.Sprintf("form %d carries tag %d", m.Form, tag), ok, orAny(want), fmt.Sprintf("%x", seen))
}

func orAny(s string) string {
	if s == "" {
		return "a text"
	}
	return s
}

// tells demands numbers in a document; -1 when a tag must be absent.
func tells(d *conformance.Desk, m *model.Message, want map[int]int64) {
	for tag, n := range ordered(want) {
		seen := m.Number(tag)
		d.Expect("document/value", conformance.Doc, fmt.Sprintf("form %d carries tag %d", m.Form, tag), seen == n, n, seen)
	}
}

// inside demands numbers in a structure of a document.
func inside(d *conformance.Desk, m *model.Message, under int, want map[int]int64) {
	all := m.Nested(under)
	for tag, n := range ordered(want) {
		seen, ok := all[tag]
		if !ok {
			seen = -1
		}
		d.Expect("document/inside", conformance.Doc, fmt.Sprintf("%d of form %d carries tag %d", under, m.Form, tag), seen == n, n, seen)
	}
}

// made is the document that an order makes.
func madeBy(ctx context.Context, d *conformance.Desk, o conformance.Order) (*model.Message, conformance.Made) {
	made := d.Do(ctx, conformance.Doc, o)
	return model.ReadDocument(made.STLV), made
}

// breaches are the rules of format control that a register must keep itself, by the
// version from which on they hold.
var breaches = []struct {
	rule string
	from byte
	to   byte
}{
	{"M-01", 2, 4}, {"M-02", 2, 4}, {"M-03", 2, 4}, {"R-01", 2, 4}, {"R-02", 2, 4}, {"R-02-two", 2, 4}, {"R-04", 2, 4}, {"R-05", 2, 4}, {"R-07", 2, 4},
	{"R-12", 2, 4}, {"R-16", 4, 4}, {"R-18", 4, 4}, {"S-07", 2, 4}, {"S-08", 2, 4}, {"S-10", 2, 4}, {"V-01", 2, 4}, {"V-02", 2, 4}, {"V-11", 2, 4}, {"I-07", 2, 4},
	{"R-13", 2, 4}, {"M-04", 2, 4}, {"M-08", 4, 4}, {"V-09", 2, 4},
}

var kktTill = []conformance.Case{
	in(conformance.EachFFD, kkt("T-001", "till/receipt", conformance.Doc, "flk.md sections 5 to 7", "A receipt carries who sells where and to which tax system, every item with its price, quantity, sum, VAT, subject and method, how it was paid, and the totals by VAT rate.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			m, made := madeBy(ctx, d, conformance.Order{Do: conformance.OrderSell, Items: 2, Kopecks: 12345})
			d.Expect("register/form", conformance.Doc, "it is form 3", m.Form == 3 && made.Form == 3, 3, m.Form)
			for tag, want := range ordered(map[int]string{1021: "Кассир Иванов", 1048: "ООО Ромашка", 1009: "Москва, ул. Тестовая, 1", 1187: "касса 1", 1060: "www.nalog.gov.ru"}) {
				says(d, m, tag, want)
			}
			tells(d, m, map[int]int64{1020: 24690, 1031: 24690, 1081: 0, 1215: 0, 1216: 0, 1217: 0, 1105: 24690, 1102: -1, 1055: 1, 1054: 1, 1209: int64(r.FFD())})
			items := m.Values(1059)
			d.Expect("document/items", conformance.Doc, "there are two items", len(items) == 2, 2, len(items))
			measure := int64(-1)
			if r.FFD() == 4 {
				measure = 0
			}
			inside(d, m, 1059, map[int]int64{1079: 12345, 1043: 12345, 1023: 256, 1199: 6, 1212: 1, 1214: 4, 2108: measure})
			item := bytes.Join(items, nil)
			d.Expect("document/name", conformance.Doc, "an item has its name", bytes.Contains(item, model.Text(1030, "Хлеб")), "1030", fmt.Sprintf("%x", item))
			code := fmt.Sprintf("s=246.90&fn=%s&i=%d&fp=%d&n=1", d.KKT.FN(), made.FD, made.FPD)
			d.Expect("paper/qr", conformance.Doc, "the QR code holds time, total, numbers, sign and operation", strings.HasPrefix(made.QR, "t=20") && strings.HasSuffix(made.QR, code), "t=…&"+code, made.QR)
			for _, want := range []string{"246.90", "Хлеб", "ООО Ромашка", fmt.Sprint(made.FD), d.KKT.FN()} {
				d.Expect("paper/text", conformance.Doc, "the paper shows total, item, seller and numbers", strings.Contains(made.Printed, want), want, made.Printed)
			}
			d.Expect("register/number", conformance.Doc, "the register tells shift and number", made.Shift == 1 && made.Number == 1, "1 1", fmt.Sprint(made.Shift, made.Number))
		})),
	in(conformance.EachFFD, kkt("T-002", "till/correction", conformance.Doc, "flk.md R-14, D-05", "A correction carries its kind, its ground with the day of the settlement at midnight, and payments and VAT as a receipt does.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			m, _ := madeBy(ctx, d, conformance.Order{Do: conformance.OrderCorrect, Kopecks: 500})
			tells(d, m, map[int]int64{1173: 0, 1020: 500, 1031: 500, 1081: 0, 1215: 0, 1216: 0, 1217: 0, 1105: 500, 1055: 1, 1054: 1, 1209: int64(r.FFD())})
			says(d, m, 1021, "Кассир Иванов")
			at := m.Number(1012)
			inside(d, m, 1174, map[int]int64{1178: at - at%86400 - 86400})
			breach := conformance.Order{Do: conformance.OrderCorrect, Wrong: "D-05"}
			d.Refuses(ctx, conformance.Doc, "a correction of a settlement to come is refused", breach)
		})),
	in(conformance.EachFFD, kkt("T-003", "till/reports", conformance.Doc, "flk.md P-01, P-04, sections 5, 8", "Registration, shift reports and the closing of the drive carry the register, its user and operator, its place and the cashier.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := r.Desk(ctx, conformance.DeskOptions{})
			m, _ := madeBy(ctx, d, register(r))
			for tag, want := range ordered(map[int]string{1021: "Кассир Иванов", 1048: "ООО Ромашка", 1009: "Москва, ул. Тестовая, 1", 1187: "касса 1", 1060: "www.nalog.gov.ru",
				1013: "000000000002", 1017: d.OFD(), 1046: "ОФД стенда", 1117: "shop@example.test", 1188: ""}) {
				says(d, m, tag, want)
			}
			tells(d, m, map[int]int64{1062: 3, 1209: int64(r.FFD()), 1189: 4, 1001: 0, 1002: 0, 1056: 0})
			if r.FFD() < 4 {
				tells(d, m, map[int]int64{1207: 0, 1193: 0, 1126: 0, 1221: 0, 1108: 0, 1109: 0, 1110: 0})
			} else {
				tells(d, m, map[int]int64{1290: 0})
			}
			m, _ = madeBy(ctx, d, openShift)
			says(d, m, 1021, "Кассир Иванов")
			says(d, m, 1188, "")
			tells(d, m, map[int]int64{1189: 4, 1209: int64(r.FFD())})
			m, _ = madeBy(ctx, d, stateOrder)
			tells(d, m, map[int]int64{1209: int64(r.FFD())})
			m, _ = madeBy(ctx, d, closeShift)
			says(d, m, 1021, "Кассир Иванов")
			tells(d, m, map[int]int64{1209: int64(r.FFD())})
			d.Sent(ctx, conformance.Doc)
			m, _ = madeBy(ctx, d, closeDrive)
			says(d, m, 1021, "Кассир Иванов")
			says(d, m, 1048, "ООО Ромашка")
			tells(d, m, map[int]int64{1209: int64(r.FFD())})
			d.Sent(ctx, conformance.Doc)
			d.Fine(conformance.Doc)
		})),
	in(conformance.EachFFD, kkt("T-004", "till/refuses", conformance.Doc, "flk.md sections 5 to 7, 10", "A receipt that breaks a rule of format control is not made: the register says why, no number is used up, and the next receipt is made.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			before := d.View(ctx).LastFD
			for _, b := range breaches {
				if r.FFD() >= b.from && r.FFD() <= b.to {
					d.Refuses(ctx, conformance.Doc, "a receipt that breaks "+b.rule+" is refused", conformance.Order{Do: conformance.OrderSell, Wrong: b.rule})
				}
			}
			v := d.View(ctx)
			d.Expect("drive/nothing", conformance.Doc, "no receipt was made", v.LastFD == before && v.Document == 0, before, fmt.Sprint(v.LastFD, " document ", v.Document))
			d.Do(ctx, conformance.Doc, sell)
		})),
	in(conformance.EachFFD, kkt("T-005", "till/vat", conformance.Doc, "flk.md V-01, V-04 to V-06", "VAT is the part of the sum that the rate says, rounded half up, under the tag of the rate.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			for _, c := range []struct {
				rate    byte
				kopecks uint64
				tag     int
				tax     int64
			}{{2, 10000, 1103, 909}, {2, 105, 1103, 10}, {4, 11000, 1107, 1000}, {5, 10000, 1104, 10000}, {6, 10000, 1105, 10000}, {2, 6, 1103, 1}, {2, 5, 1103, 0}} {
				m, _ := madeBy(ctx, d, conformance.Order{Do: conformance.OrderSell, Kopecks: c.kopecks, VAT: c.rate})
				want := map[int]int64{1102: -1, 1103: -1, 1104: -1, 1105: -1, 1106: -1, 1107: -1}
				want[c.tag] = c.tax
				tells(d, m, want)
				inside(d, m, 1059, map[int]int64{1199: int64(c.rate)})
			}
			for _, c := range []struct {
				rate byte
				tax  int64
			}{{7, 476}, {8, 654}, {11, 1803}} {
				m, _ := madeBy(ctx, d, conformance.Order{Do: conformance.OrderSell, Kopecks: 10000, VAT: c.rate})
				inner := m.Inner(1115, 1119)
				d.Expect("document/inside", conformance.Doc, "rates since 2025 stand in 1115", inner[1199] == int64(c.rate) && inner[1120] == c.tax, fmt.Sprint(c.rate, c.tax), fmt.Sprint(inner))
				tells(d, m, map[int]int64{1105: -1})
			}
		})),
	in(conformance.EachFFD, kkt("T-006", "till/operations", conformance.Doc, "fn.md 9.1, flk.md R-01", "Every operation, a БСО register's forms, and services are told as they are.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			for operation := byte(1); operation <= 4; operation++ {
				m, made := madeBy(ctx, d, conformance.Order{Do: conformance.OrderSell, Operation: operation})
				tells(d, m, map[int]int64{1054: int64(operation)})
				d.Expect("paper/qr", conformance.Doc, "the QR code tells the operation", strings.HasSuffix(made.QR, fmt.Sprintf("&n=%d", operation)), operation, made.QR)
			}
			d = r.Desk(ctx, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, conformance.Order{Do: conformance.OrderRegister, Modes: []string{"bso"}}, openShift)
			for form, o := range ordered(map[int]conformance.Order{4: sell, 41: {Do: conformance.OrderCorrect}}) {
				m, made := madeBy(ctx, d, o)
				d.Expect("register/form", conformance.Doc, "the form is that of a БСО register", m.Form == form && made.Form == form, form, fmt.Sprint(m.Form, made.Form))
			}
			d.Sent(ctx, conformance.Doc)
			d.Fine(conformance.Doc)
		})),
	in(conformance.EachFFD, kkt("T-007", "till/remembers", conformance.Doc, "fn.md 12 FN-034, 7 FN-031", "After a power cut in a shift the register knows its registration, its shift and how old the shift is.", drive,
		func(ctx context.Context, r *conformance.Run) {
			d := begun(ctx, r, conformance.DeskOptions{})
			d.Do(ctx, conformance.Doc, sell)
			d.PowerCut(ctx)
			m, _ := madeBy(ctx, d, sell)
			says(d, m, 1048, "ООО Ромашка")
			says(d, m, 1187, "касса 1")
			tells(d, m, map[int]int64{1055: 1, 1042: 2})
			d.PowerCut(ctx)
			d.Advance(ctx, day+time.Minute)
			refused := d.Refuses(ctx, conformance.Doc, "a sale in a shift of more than 24 hours is refused", sell)
			d.Expect("register/told", conformance.Doc, "the person is told to close the shift", strings.Contains(refused.Text, "закройте"), "закройте смену", refused.Text)
			d.Do(ctx, conformance.Doc, closeShift)
			d.Sent(ctx, conformance.Doc)
		})),
}
