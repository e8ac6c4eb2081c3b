package ledger_test

import (
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/servertest"
)

// till is a register that lives random shifts, with counters of its own.
type till struct {
	*servertest.Register
	rng  *rand.Rand
	docs []servertest.Doc

	shift, life tally
	lies        map[uint32]bool // shifts whose closing report says a kopeck more
}

// tally are counters as a drive keeps them: of receipts and corrections by kind; each
// has the number, the total, five ways to pay and six rates.
type tally struct{ receipts, corrections [4][13]uint64 }

func (t *tally) add(correction bool, kind int, row [13]uint64) {
	to := &t.receipts[kind-1]
	if correction {
		to = &t.corrections[kind-1]
	}
	for i, n := range row {
		to[i] += n
	}
}

func newTill(n int, v fiscal.FFD, seed uint64) *till {
	r := &till{Register: servertest.NewRegister(n, v), rng: rand.New(rand.NewPCG(seed, uint64(n))), lies: map[uint32]bool{}}
	r.keep(r.Registration())
	return r
}

func (r *till) keep(d servertest.Doc) { r.docs = append(r.docs, d) }

// live lives shifts; the last may stay open.
func (r *till) live(shifts int, open bool) {
	for i := range shifts {
		r.shift = tally{}
		r.Time = r.Time.Add(time.Duration(r.rng.IntN(9*3600)) * time.Second)
		r.keep(r.OpenShift())
		for range r.rng.IntN(9) {
			r.receipt()
			r.Time = r.Time.Add(time.Duration(r.rng.IntN(1800)) * time.Second)
		}
		if !open || i < shifts-1 {
			r.close()
		}
	}
}

// split divides a sum at random into n parts that may be zero.
func (r *till) split(sum uint64, n int) []uint64 {
	parts := make([]uint64, n)
	for i := range parts[1:] {
		if r.rng.IntN(2) == 0 {
			parts[i] = r.rng.Uint64N(sum + 1)
			sum -= parts[i]
		}
	}
	parts[n-1] = sum
	r.rng.Shuffle(n, func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return parts
}

// receipt makes a random receipt, БСО or correction.
func (r *till) receipt() {
	form := []fiscal.Form{fiscal.FormReceipt, fiscal.FormReceipt, fiscal.FormReceipt, fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection}[r.rng.IntN(7)]
	kind := []int{1, 1, 1, 1, 1, 2, 2, 3, 4}[r.rng.IntN(9)]
	total := r.rng.Uint64N(1_000_000)
	paid, sums := r.split(total, 5), r.split(total, 1+r.rng.IntN(4))
	r.Number++
	row := [13]uint64{1, total}
	copy(row[2:7], paid)
	rates := 6
	if r.FFD >= fiscal.FFD12 {
		rates = 12
	}
	vat := map[uint8]uint64{}
	lines := make([]uint8, len(sums))
	for i, sum := range sums {
		lines[i] = uint8(1 + r.rng.IntN(rates))
		tax := sum
		if num, den := ffd.VATFraction(lines[i]); num > 0 {
			tax = (sum*num + den/2) / den
		}
		vat[lines[i]] += tax
		if lines[i] <= 6 {
			row[6+lines[i]] += tax
		}
	}
	r.shift.add(form.IsCorrection(), kind, row)
	r.life.add(form.IsCorrection(), kind, row)
	r.keep(r.Build(form, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, r.Shift)
		b.Uint32(ffd.TagRequestNumber, r.Number)
		b.Byte(ffd.TagOperationType, uint8(kind))
		b.VLN(ffd.TagTotalSum, total)
		b.Text(ffd.TagCashier, "Иванов И.И.")
		b.Text(ffd.TagUser, "ООО Ромашка")
		b.Byte(ffd.TagAppliedTaxationType, 1)
		b.Text(ffd.TagRetailPlaceAddress, "Москва, ул. Кусковская, 20А")
		b.Text(ffd.TagRetailPlace, "офис В-202")
		b.Text(ffd.TagFNSSite, "nalog.gov.ru")
		if form.IsCorrection() {
			b.Byte(ffd.TagCorrectionType, 0)
			b.STLV(ffd.TagCorrectionBase, func(b *tlv.Builder) { b.Time(ffd.TagCorrectionDocumentDate, r.Time.Truncate(24*time.Hour)) })
		}
		for i, sum := range sums {
			b.STLV(ffd.TagItem, func(b *tlv.Builder) {
				b.Text(ffd.TagItemName, []string{"Хлеб ржаной", "Молоко", "Чай", "Сыр"}[i])
				b.VLN(ffd.TagPrice, sum)
				b.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: 1})
				if r.FFD >= fiscal.FFD12 {
					b.Byte(ffd.TagQuantityMeasure, 0)
				}
				b.Byte(ffd.TagNDSRate, lines[i])
				b.VLN(ffd.TagItemSum, sum)
				b.Byte(ffd.TagPaymentType, 4)
				b.Byte(ffd.TagProductType, 1)
			})
		}
		for i, tag := range []tlv.Tag{ffd.TagCashTotalSum, ffd.TagEcashTotalSum, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum} {
			b.VLN(tag, paid[i])
		}
		for rate := uint8(1); rate <= 12; rate++ {
			tax, ok := vat[rate]
			switch {
			case !ok:
			case rate <= 6:
				b.VLN(ffd.VATTotalTag(rate), tax)
			default:
				b.STLV(ffd.TagAmountsReceiptNDS, func(b *tlv.Builder) {
					b.STLV(ffd.TagAmountsNDS, func(b *tlv.Builder) { b.Byte(ffd.TagNDSRate, rate); b.VLN(ffd.TagRateNDSSum, tax) })
				})
			}
		}
	}))
}

// close makes the closing report with the counters of the versions that have them.
func (r *till) close() {
	r.Open = false
	lie := r.FFD >= fiscal.FFD11 && r.rng.IntN(10) == 0
	r.lies[r.Shift] = lie
	r.keep(r.Build(fiscal.FormCloseShift, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, r.Shift)
		b.Text(ffd.TagCashier, "Иванов И.И.")
		b.Uint32(ffd.TagReceiptQuantity, r.Number)
		b.Uint32(ffd.TagDocumentsQuantity, uint32(r.FD-r.Opened)+1)
		b.Uint32(ffd.TagUnsentCount, 0)
		b.Uint32(ffd.TagUnsentFirstTime, 0)
		if r.FFD >= fiscal.FFD11 {
			b.Uint16(ffd.TagKeyResource, 1000)
			r.life.write(b, ffd.TagFNCounters, false)
			r.shift.write(b, ffd.TagShiftCounters, lie)
		}
	}))
}

var (
	counterOps  = [4]tlv.Tag{1129, 1130, 1131, 1132}
	counterCorr = [4]tlv.Tag{1145, 1232, 1146, 1233}
	counterSums = [12]tlv.Tag{1201, 1136, 1138, 1218, 1219, 1220, 1139, 1140, 1141, 1142, 1143, 1183}
)

func (t *tally) write(b *tlv.Builder, tag tlv.Tag, lie bool) {
	var all, corrections uint64
	for i := range 4 {
		all, corrections = all+t.receipts[i][0]+t.corrections[i][0], corrections+t.corrections[i][0]
	}
	row := func(b *tlv.Builder, tag tlv.Tag, row [13]uint64, n int) {
		b.STLV(tag, func(b *tlv.Builder) {
			b.Uint32(1135, uint32(row[0]))
			for i := range n {
				b.VLN(counterSums[i], row[i+1])
			}
		})
	}
	if lie {
		t.receipts[0][2]++ // cash of приход
	}
	b.STLV(tag, func(b *tlv.Builder) {
		b.Uint32(1134, uint32(all))
		for i, op := range counterOps {
			row(b, op, t.receipts[i], 12)
		}
		b.STLV(1133, func(b *tlv.Builder) {
			b.Uint32(1144, uint32(corrections))
			for i, op := range counterCorr {
				row(b, op, t.corrections[i], 6)
			}
		})
	})
}
