package report_test

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/server/servertest"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// till is a register that lives random shifts.
type till struct {
	*servertest.Register
	rng   *rand.Rand
	docs  []servertest.Doc
	plain bool // documents are not signed: they go past the operator into the store
}

func newTill(n int, v fiscal.FFD) *till {
	r := newPlainTill(n, v)
	r.plain = false
	r.docs = append(r.docs, r.Registration())
	return r
}

// newPlainTill makes a till whose documents cost no signs: many of them fit a test.
func newPlainTill(n int, v fiscal.FFD) *till {
	return &till{Register: servertest.NewRegister(n, v), rng: rand.New(rand.NewPCG(11, uint64(n))), plain: true}
}

// make makes the next document.
func (r *till) make(form fiscal.Form, more func(b *tlv.Builder)) {
	if !r.plain {
		r.docs = append(r.docs, r.Build(form, more))
		return
	}
	r.FD++
	fn, reg, user := r.FN.Padded(), r.RegID.Padded(), r.UserINN.Padded()
	var b tlv.Builder
	b.STLV(tlv.Tag(form), func(b *tlv.Builder) {
		b.Raw(ffd.TagFNNumber, fn[:])
		b.Raw(ffd.TagKKTRegID, reg[:])
		b.Raw(ffd.TagUserINN, user[:])
		b.Uint32(ffd.TagFDNumber, uint32(r.FD))
		b.Time(ffd.TagDateTime, r.Time)
		b.Byte(ffd.TagFFDVersion, uint8(r.FFD))
		more(b)
		b.Raw(ffd.TagFPD, []byte{0, 1, 0, 0, byte(r.FD >> 8), byte(r.FD)})
	})
	stlv, err := b.Bytes()
	if err != nil {
		panic(err)
	}
	r.Time = r.Time.Add(time.Minute)
	r.docs = append(r.docs, servertest.Doc{FN: r.FN, FD: r.FD, Form: form, STLV: stlv, Message: stlv})
}

// open and close a shift.
func (r *till) open() {
	if !r.plain {
		r.docs = append(r.docs, r.OpenShift())
		return
	}
	r.Shift, r.Number = r.Shift+1, 0
	r.make(fiscal.FormOpenShift, r.report)
}

func (r *till) close() {
	if !r.plain {
		r.docs = append(r.docs, r.CloseShift())
		return
	}
	r.make(fiscal.FormCloseShift, r.report)
}

func (r *till) report(b *tlv.Builder) {
	b.Uint32(ffd.TagShiftNumber, r.Shift)
	b.Text(ffd.TagCashier, "Иванов И.И.")
}

// stored is a document as the store has it, read by the tests' own reader.
func stored(r *till, d servertest.Doc) store.Document {
	f := split(split(d.STLV)[uint16(d.Form)][0])
	return store.Document{FN: d.FN, FD: d.FD, Form: d.Form, FFD: r.FFD, RegID: r.RegID, UserINN: r.UserINN, DateTime: time.Unix(f.number(1012), 0).UTC(), ReceivedAt: servertest.Clock,
		Shift: uint32(f.number(1038)), Number: uint32(f.number(1042)), Operation: fiscal.OperationType(f.number(1054)), Total: fiscal.Kopecks(f.number(1020)), FPD: fiscal.FPD(d.FD),
		Message: d.Message, STLV: d.STLV, Policy: "tb-gost-1"}
}

func (r *till) live(shifts int) {
	for range shifts {
		r.Time = r.Time.Add(time.Duration(r.rng.IntN(9*3600)) * time.Second)
		r.open()
		for range r.rng.IntN(8) {
			r.receipt()
			r.Time = r.Time.Add(time.Duration(r.rng.IntN(1800)) * time.Second)
		}
		r.close()
	}
}

// parts divides a sum at random into n parts that may be zero.
func (r *till) parts(sum uint64, n int) []uint64 {
	parts := make([]uint64, n)
	for i := range parts[1:] {
		parts[i] = r.rng.Uint64N(sum + 1)
		sum -= parts[i]
	}
	parts[n-1] = sum
	return parts
}

// receipt makes a random receipt, БСО or correction.
func (r *till) receipt() {
	form := []fiscal.Form{fiscal.FormReceipt, fiscal.FormReceipt, fiscal.FormReceipt, fiscal.FormBSO, fiscal.FormReceiptCorrection, fiscal.FormBSOCorrection}[r.rng.IntN(6)]
	kind := []uint8{1, 1, 1, 1, 2, 2, 3, 4}[r.rng.IntN(8)]
	total := r.rng.Uint64N(1_000_000)
	paid, sums := r.parts(total, 5), r.parts(total, 1+r.rng.IntN(4))
	rates := 6
	if r.FFD >= fiscal.FFD12 {
		rates = 12
	}
	r.Number++
	r.make(form, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, r.Shift)
		b.Uint32(ffd.TagRequestNumber, r.Number)
		b.Byte(ffd.TagOperationType, kind)
		b.VLN(ffd.TagTotalSum, total)
		b.Text(ffd.TagCashier, "Иванов И.И.")
		b.Byte(ffd.TagAppliedTaxationType, 1)
		vat := map[uint8]uint64{}
		for i, sum := range sums {
			rate := uint8(1 + r.rng.IntN(rates))
			num, den := ffd.VATFraction(rate)
			if num == 0 {
				num, den = 1, 1
			}
			vat[rate] += (sum*num + den/2) / den
			b.STLV(ffd.TagItem, func(b *tlv.Builder) {
				b.Text(ffd.TagItemName, []string{"Хлеб ржаной", "Молоко", "Чай", "Сыр"}[i])
				b.VLN(ffd.TagPrice, sum)
				b.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: uint64(1 + r.rng.IntN(3))})
				b.Byte(ffd.TagNDSRate, rate)
				b.VLN(ffd.TagItemSum, sum)
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
	})
}

// fields of a document, by a reader that shares nothing with what is tested.
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

func (f fields) number(tag uint16) (n int64) {
	if len(f[tag]) == 0 {
		return 0
	}
	for i, b := range f[tag][0] {
		n |= int64(b) << (8 * i)
	}
	return n
}

// money of a receipt: total, five ways to pay, twelve rates in the order of the layout.
type money [18]int64

func (m *money) add(o money, sign int64) {
	for i := range m {
		m[i] += sign * o[i]
	}
}

// inOrder are the numbers of the rates as the layouts have them.
var inOrder = [12]int64{1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 5, 6}

// recount reads the money of a document from its bytes.
func recount(f fields) (m money) {
	m[0] = f.number(1020)
	for i, tag := range []uint16{1031, 1081, 1215, 1216, 1217} {
		m[i+1] = f.number(tag)
	}
	var vat [13]int64
	for i, tag := range []uint16{1102, 1103, 1106, 1107, 1104, 1105} {
		vat[i+1] = f.number(tag)
	}
	for _, group := range f[1115] {
		for _, one := range split(group)[1119] {
			rate := split(one)
			vat[rate.number(1199)] += rate.number(1120)
		}
	}
	for i, rate := range inOrder {
		m[6+i] = vat[rate]
	}
	return m
}
