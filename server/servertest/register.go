// Package servertest is the other side for tests of the server: a register that
// makes sound documents, and a client that sends them and reads the answers. It is
// for tests only and far simpler than the emulator: it refuses nothing, so a test
// can make it say anything.
package servertest

import (
	"fmt"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
)

// OFD is the operator that registers name.
const OFD fiscal.INN = "7704358518"

// Clock is the time that servers under test have: the arrival of tb-receipt
// (fiscal-sign.md section 8).
var Clock = time.Date(2026, 8, 1, 9, 2, 1, 0, time.UTC)

// Scheme is TB-GOST-1 over the public test key.
var Scheme = sign.NewTBGOST1(sign.TBGOST1Options{})

// Register makes documents. Its fields may be changed between documents.
type Register struct {
	FN      fiscal.FNNumber
	FFD     fiscal.FFD
	RegID   fiscal.RegNumber
	UserINN fiscal.INN
	Factory string
	OFD     fiscal.INN
	Encrypt bool
	Flags   wire.Flags // of the session header

	FD     fiscal.FDNumber // of the last document
	Shift  uint32
	Open   bool
	Number uint32 // of the last receipt in the shift
	Opened fiscal.FDNumber
	Time   time.Time // wall clock of the next document; a minute passes with each

	shift, total counters
}

type counters struct{ sold, sum, cash, corrected, correctedSum uint64 }

// NewRegister makes an unregistered register number n with a drive of its own.
func NewRegister(n int, v fiscal.FFD) *Register {
	const user, factory = fiscal.INN("7702203276"), "000000000002"
	return &Register{
		FN: fiscal.FNNumber(fmt.Sprintf("9999%012d", n)), FFD: v, RegID: fiscal.MakeRegNumber(uint64(n), user, factory),
		UserINN: user, Factory: factory, OFD: OFD, Flags: wire.FlagsContainer,
		Time: time.Date(2026, 8, 1, 11, 0, 0, 0, time.UTC),
	}
}

// Doc is a finished document.
type Doc struct {
	FN        fiscal.FNNumber
	FD        fiscal.FDNumber
	Form      fiscal.Form
	OFD       fiscal.INN
	STLV      []byte
	Container []byte
	Message   []byte
}

// Build makes the next document with what fields writes after the fields that the
// drive adds.
func (r *Register) Build(form fiscal.Form, fields func(b *tlv.Builder)) Doc {
	r.FD++
	return r.BuildAs(r.FD, form, fields)
}

// BuildAs is Build under any number.
func (r *Register) BuildAs(fd fiscal.FDNumber, form fiscal.Form, fields func(b *tlv.Builder)) Doc {
	fn, reg, user := r.FN.Padded(), r.RegID.Padded(), r.UserINN.Padded()
	var head, tail tlv.Builder
	head.Raw(ffd.TagFNNumber, fn[:])
	head.Raw(ffd.TagKKTRegID, reg[:])
	head.Raw(ffd.TagUserINN, user[:])
	head.Uint32(ffd.TagFDNumber, uint32(fd))
	head.Time(ffd.TagDateTime, r.Time)
	r.Time = r.Time.Add(time.Minute)
	if r.FFD >= fiscal.FFD105 {
		tail.Byte(ffd.TagFFDVersion, uint8(r.FFD))
	}
	fields(&tail)
	body := append(must(head.Bytes()), must(tail.Bytes())...)
	fpd := must(Scheme.Drive(r.FN, 0).SignDocument(form, body))
	var b tlv.Builder
	b.STLV(tlv.Tag(form), func(b *tlv.Builder) {
		b.Fields(body)
		b.Raw(ffd.TagFPD, fpd[:])
	})
	return r.Seal(form, fd, must(b.Bytes()))
}

// Seal puts a document into a message.
func (r *Register) Seal(form fiscal.Form, fd fiscal.FDNumber, stlv []byte) Doc {
	container := must(Scheme.Drive(r.FN, 0).Seal(form, fd, r.OFD, stlv, r.Encrypt))
	return Doc{FN: r.FN, FD: fd, Form: form, OFD: r.OFD, STLV: stlv, Container: container, Message: r.Message(container)}
}

// Message puts a session header before a container.
func (r *Register) Message(container []byte) []byte {
	h := wire.Request(r.FN, r.FFD)
	h.Flags = r.Flags
	return must(wire.AppendMessage(nil, h, container))
}

// Registration is form 1.
func (r *Register) Registration() Doc { return r.Build(fiscal.FormFiscalReport, r.registration) }

// Change is form 11 with a reason: a code of 1101 in FFD 1.05, bits of 1205 later.
func (r *Register) Change(reason uint32, more ...func(b *tlv.Builder)) Doc {
	return r.Build(fiscal.FormFiscalReportCorrection, func(b *tlv.Builder) {
		if r.FFD < fiscal.FFD11 {
			b.Byte(ffd.TagChangeReason, uint8(reason))
		} else {
			b.Uint32(ffd.TagChangeReasons, reason)
			r.counters(b, ffd.TagFNCounters, &r.total)
		}
		r.registration(b)
		for _, m := range more {
			m(b)
		}
	})
}

func (r *Register) registration(b *tlv.Builder) {
	ofd := r.OFD.Padded()
	for _, tag := range []tlv.Tag{ffd.TagAutoMode, ffd.TagOfflineMode, ffd.TagEncryptionSign} {
		b.Bool(tag, tag == ffd.TagEncryptionSign && r.Encrypt)
	}
	if r.FFD < fiscal.FFD12 {
		for _, tag := range []tlv.Tag{ffd.TagInternetSign, ffd.TagServiceSign, ffd.TagBSOSign, ffd.TagPrintInMachineSign, ffd.TagExciseDutyProductSign} {
			b.Bool(tag, false)
		}
		if r.FFD == fiscal.FFD11 {
			b.Bool(ffd.TagLotterySign, false)
			b.Bool(ffd.TagGamblingSign, false)
		}
	} else {
		b.Uint32(ffd.TagUsageConditions, 0)
	}
	b.Byte(ffd.TagTaxationType, 3)
	b.FixedText(ffd.TagKKTNumber, r.Factory, 20)
	b.Text(ffd.TagUser, "ООО Ромашка")
	b.Text(ffd.TagRetailPlaceAddress, "Москва, ул. Кусковская, 20А")
	b.Text(ffd.TagRetailPlace, "офис В-202")
	b.Raw(ffd.TagOFDINN, ofd[:])
	b.Text(ffd.TagOFDName, "ОФД")
	b.Text(ffd.TagFNSSite, "nalog.gov.ru")
	b.Text(ffd.TagSellerAddress, "shop@example.com")
	b.Text(ffd.TagCashier, "Иванов И.И.")
	b.Byte(ffd.TagKKTFFDVersion, uint8(r.FFD))
	b.Byte(ffd.TagFNFFDVersion, uint8(max(r.FFD, fiscal.FFD11)))
	b.Text(ffd.TagKKTVersion, "001")
	if r.FFD >= fiscal.FFD11 {
		b.Uint16(ffd.TagKeyResource, 1110)
	}
}

// OpenShift is form 2.
func (r *Register) OpenShift(more ...func(b *tlv.Builder)) Doc {
	r.Shift++
	r.Open, r.Number, r.shift = true, 0, counters{}
	d := r.Build(fiscal.FormOpenShift, func(b *tlv.Builder) {
		b.Text(ffd.TagKKTVersion, "001")
		b.Byte(ffd.TagKKTFFDVersion, uint8(r.FFD))
		r.report(b, more)
	})
	r.Opened = d.FD
	return d
}

func (r *Register) report(b *tlv.Builder, more []func(b *tlv.Builder)) {
	b.Uint32(ffd.TagShiftNumber, r.Shift)
	b.Text(ffd.TagCashier, "Иванов И.И.")
	for _, m := range more {
		m(b)
	}
}

// CloseShift is form 5.
func (r *Register) CloseShift(more ...func(b *tlv.Builder)) Doc {
	r.Open = false
	return r.Build(fiscal.FormCloseShift, func(b *tlv.Builder) {
		r.report(b, append([]func(b *tlv.Builder){r.closing}, more...))
	})
}

func (r *Register) closing(b *tlv.Builder) {
	b.Uint32(ffd.TagReceiptQuantity, r.Number)
	b.Uint32(ffd.TagDocumentsQuantity, uint32(r.FD-r.Opened)+1)
	b.Uint32(ffd.TagUnsentCount, 0)
	b.Uint32(ffd.TagUnsentFirstTime, 0)
	if r.FFD >= fiscal.FFD11 {
		b.Uint16(ffd.TagKeyResource, 1000)
		r.counters(b, ffd.TagFNCounters, &r.total)
		r.counters(b, ffd.TagShiftCounters, &r.shift)
	}
}

// counters writes 1157 or 1194 with sales only.
func (r *Register) counters(b *tlv.Builder, tag tlv.Tag, c *counters) {
	b.STLV(tag, func(b *tlv.Builder) {
		b.Uint32(ffd.TagTotalReceiptCount, uint32(c.sold+c.corrected))
		b.STLV(ffd.TagSellOper, func(b *tlv.Builder) {
			b.Uint32(ffd.TagReceiptCount, uint32(c.sold))
			b.VLN(ffd.TagCounterTotalSum, c.sum)
			b.VLN(ffd.TagCounterCashSum, c.cash)
			for _, t := range []tlv.Tag{ffd.TagCounterEcashSum, ffd.TagCounterPrepaidSum, ffd.TagCounterCreditSum, ffd.TagCounterProvisionSum,
				ffd.TagCounterNDS20, ffd.TagCounterNDS10, ffd.TagCounterNDS20120, ffd.TagCounterNDS10110, ffd.TagCounterNDS0} {
				b.VLN(t, 0)
			}
			b.VLN(ffd.TagCounterNDSNo, c.sum)
		})
		for _, t := range []tlv.Tag{ffd.TagSellReturnOper, ffd.TagBuyOper, ffd.TagBuyReturnOper} {
			b.STLV(t, func(b *tlv.Builder) { b.Uint32(ffd.TagReceiptCount, 0) })
		}
		b.STLV(ffd.TagCorrectionOper, func(b *tlv.Builder) {
			b.Uint32(ffd.TagCorrectionCount, uint32(c.corrected))
			if c.corrected == 0 {
				return
			}
			b.STLV(ffd.TagSellCorrection, func(b *tlv.Builder) {
				b.Uint32(ffd.TagReceiptCount, uint32(c.corrected))
				b.VLN(ffd.TagCounterTotalSum, c.correctedSum)
				b.VLN(ffd.TagCounterCashSum, c.correctedSum)
				for _, t := range []tlv.Tag{ffd.TagCounterEcashSum, ffd.TagCounterPrepaidSum, ffd.TagCounterCreditSum, ffd.TagCounterProvisionSum} {
					b.VLN(t, 0)
				}
			})
		})
	})
}

// Receipt is form 3: a sale for cash without VAT.
func (r *Register) Receipt(total uint64, more ...func(b *tlv.Builder)) Doc {
	return r.Sale(fiscal.FormReceipt, total, more...)
}

// Sale is a receipt, БСО or a correction of either.
func (r *Register) Sale(form fiscal.Form, total uint64, more ...func(b *tlv.Builder)) Doc {
	r.Number++
	r.shift.add(form, total)
	r.total.add(form, total)
	return r.Build(form, func(b *tlv.Builder) {
		r.sale(b, form, total)
		for _, m := range more {
			m(b)
		}
	})
}

func (c *counters) add(form fiscal.Form, total uint64) {
	if form.IsCorrection() {
		c.corrected++
		c.correctedSum += total
		return
	}
	c.sold++
	c.sum += total
	c.cash += total
}

func (r *Register) sale(b *tlv.Builder, form fiscal.Form, total uint64) {
	b.Uint32(ffd.TagShiftNumber, r.Shift)
	b.Uint32(ffd.TagRequestNumber, r.Number)
	b.Byte(ffd.TagOperationType, uint8(fiscal.Sell))
	b.VLN(ffd.TagTotalSum, total)
	b.Text(ffd.TagCashier, "Иванов И.И.")
	b.Text(ffd.TagUser, "ООО Ромашка")
	b.Byte(ffd.TagAppliedTaxationType, 1)
	b.Text(ffd.TagRetailPlaceAddress, "Москва, ул. Кусковская, 20А")
	b.Text(ffd.TagRetailPlace, "офис В-202")
	b.Text(ffd.TagFNSSite, "nalog.gov.ru")
	if form.IsCorrection() {
		b.Byte(ffd.TagCorrectionType, 0)
		b.STLV(ffd.TagCorrectionBase, func(b *tlv.Builder) {
			b.Time(ffd.TagCorrectionDocumentDate, r.Time.Truncate(24*time.Hour))
			b.Text(ffd.TagCorrectionDocumentNumber, "1")
		})
	}
	b.STLV(ffd.TagItem, func(b *tlv.Builder) { r.item(b, total) })
	b.VLN(ffd.TagCashTotalSum, total)
	for _, t := range []tlv.Tag{ffd.TagEcashTotalSum, ffd.TagPrepaidSum, ffd.TagCreditSum, ffd.TagProvisionSum} {
		b.VLN(t, 0)
	}
	b.VLN(ffd.TagNDSNo, total)
}

func (r *Register) item(b *tlv.Builder, total uint64) {
	b.Text(ffd.TagItemName, "Хлеб ржаной")
	b.VLN(ffd.TagPrice, total)
	b.FVLN(ffd.TagQuantity, tlv.FVLN{Magnitude: 1})
	if r.FFD >= fiscal.FFD12 {
		b.Byte(ffd.TagQuantityMeasure, 0)
	}
	b.Byte(ffd.TagNDSRate, 6)
	b.VLN(ffd.TagItemSum, total)
	b.Byte(ffd.TagPaymentType, 4)
	b.Byte(ffd.TagProductType, 1)
}

// State is form 21.
func (r *Register) State(unsent uint32) Doc {
	return r.Build(fiscal.FormCurrentStateReport, func(b *tlv.Builder) {
		if r.Open {
			b.Uint32(ffd.TagShiftNumber, r.Shift)
		}
		b.Uint32(ffd.TagUnsentCount, unsent)
		b.Uint32(ffd.TagUnsentFirstNumber, 0)
		b.Uint32(ffd.TagUnsentFirstTime, 0)
		if r.FFD >= fiscal.FFD12 {
			b.Uint16(ffd.TagKeyResource, 1000)
		}
		if r.FFD >= fiscal.FFD11 {
			r.counters(b, ffd.TagFNCounters, &r.total)
			b.STLV(ffd.TagUnsentCounters, func(b *tlv.Builder) { b.Uint32(ffd.TagCorrectionCount, 0) })
		}
	})
}

// CloseArchive is form 6.
func (r *Register) CloseArchive() Doc {
	return r.Build(fiscal.FormCloseArchive, func(b *tlv.Builder) {
		b.Uint32(ffd.TagShiftNumber, r.Shift)
		b.Text(ffd.TagUser, "ООО Ромашка")
		b.Text(ffd.TagCashier, "Иванов И.И.")
		b.Text(ffd.TagRetailPlaceAddress, "Москва, ул. Кусковская, 20А")
		b.Text(ffd.TagRetailPlace, "офис В-202")
		if r.FFD >= fiscal.FFD11 {
			r.counters(b, ffd.TagFNCounters, &r.total)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("servertest: " + err.Error())
	}
	return v
}
