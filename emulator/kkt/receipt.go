package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Receipt makes a receipt or БСО (forms 3, 4).
func (k *KKT) Receipt(r Receipt) (Result, error) {
	defer k.hold()()
	return k.settle(&settlement{Receipt: &r})
}

// Correction makes a correction receipt or БСО correction (forms 31, 41).
func (k *KKT) Correction(c Correction) (Result, error) {
	defer k.hold()()
	return k.settle(&settlement{Receipt: &c.Receipt, correction: &c})
}

// settlement is a receipt or correction on its way to the drive.
type settlement struct {
	*Receipt
	correction *Correction // nil for receipts
	w          *writer
	reg        *Registration
	at         time.Time
	form       fiscal.Form
	total      fiscal.Kopecks
	sums       []fiscal.Kopecks // of the items
	codes      []markedCode     // by item; zero where nothing is marked
}

// settle checks a settlement, has the marking codes checked, and makes the document.
func (k *KKT) settle(s *settlement) (Result, error) {
	status, err := k.begin()
	if err != nil {
		return Result{}, err
	}
	if err := k.sound(status); err != nil {
		return Result{}, err
	}
	s.reg, s.at = k.reg, k.now()
	if err := s.chooseForm(); err != nil {
		return Result{}, err
	}
	s.w = k.writer(k.reg.FFD, s.form)
	if !status.ShiftOpen {
		s.w.refuse(RuleShift, "смена не открыта: откройте смену")
	} else if !k.opened.IsZero() && s.at.Sub(k.opened) > ShiftLimit {
		s.w.refuse(RuleShiftAge, "смена открыта %s, прошло более 24 часов: закройте смену", k.opened.Format("02.01.2006 15:04"))
	}
	s.orDefaults(k)
	s.check()
	if s.w.refusal != nil {
		return Result{}, s.w.refusal
	}
	if err := k.checkCodes(s); err != nil {
		return Result{}, err
	}
	k.write(s)
	fields, err := s.w.done()
	if err == nil {
		var formed fnport.Formed
		if formed, err = k.formSettlement(s, fields); err == nil {
			return k.receiptMade(s, formed)
		}
	}
	k.dropCodes(s)
	return Result{}, err
}

// chooseForm takes the form by the registration: an АС БСО makes 4 and 41, every
// other register 3 and 31; the drive knows no other way.
func (s *settlement) chooseForm() error {
	s.form = fiscal.FormReceipt
	switch {
	case s.correction != nil && s.reg.BSO:
		s.form = fiscal.FormBSOCorrection
	case s.correction != nil:
		s.form = fiscal.FormReceiptCorrection
	case s.reg.BSO:
		s.form = fiscal.FormBSO
	}
	if s.Form != 0 && s.Form != s.form {
		return refuse("R-15", "документ «%s» на этой ККТ не формируется: признак АС БСО в регистрации %v", s.Form, s.reg.BSO)
	}
	return nil
}

// orDefaults fills what the registration says anyway.
func (s *settlement) orDefaults(k *KKT) {
	keep(&s.Tax, only(s.reg.Tax))
	s.Cashier = k.orRegistered(s.Cashier)
	keep(&s.Address, s.reg.Address)
	keep(&s.Place, s.reg.Place)
	if s.reg.Automatic {
		keep(&s.MachineNumber, s.reg.MachineNumber)
	}
	if s.BuyerContact != "" && !s.reg.Autonomous {
		keep(&s.SellerAddress, s.reg.SellerAddress)
	}
}

// only is t when it is a single system, else 0.
func only(t TaxSystem) TaxSystem {
	if t&(t-1) != 0 {
		return 0
	}
	return t
}

// write gives the register's fields of a receipt in the order of the document
// tables' groups: who, where, what, how paid, VAT.
func (k *KKT) write(s *settlement) {
	w := s.w
	if s.correction != nil {
		s.writeBase()
	}
	w.byte(ffd.TagAppliedTaxationType, byte(s.Tax))
	k.cashier(w, s.Cashier)
	w.text(ffd.TagUser, s.reg.User)
	w.text(ffd.TagRetailPlaceAddress, s.Address)
	w.text(ffd.TagRetailPlace, s.Place)
	w.text(ffd.TagMachineNumber, s.MachineNumber)
	if !s.reg.Autonomous {
		w.text(ffd.TagFNSSite, s.reg.FNSSite)
	}
	w.text(ffd.TagBuyerPhoneOrAddress, s.BuyerContact)
	w.text(ffd.TagSellerAddress, s.SellerAddress)
	w.set(ffd.TagInternetSign, s.reg.InternetOnly)
	w.set(ffd.TagInternetPayment, s.Internet)
	s.writeBuyer()
	s.writeReceiptAgent()
	for i := range s.Items {
		s.writeItem(i)
	}
	s.writePayments()
	s.writeVAT()
	s.writeProperties()
	w.byte(ffd.TagFFDVersion, byte(w.v))
}

// writeBase is tags 1173 and 1174 of corrections.
func (s *settlement) writeBase() {
	w := s.w
	w.flag(ffd.TagCorrectionType, s.correction.ByOrder)
	w.group(ffd.TagCorrectionBase, func() {
		if !s.correction.Date.IsZero() {
			w.time(ffd.TagCorrectionDocumentDate, midnight(s.correction.Date))
		}
		w.text(ffd.TagCorrectionDocumentNumber, s.correction.Number)
	})
}

// midnight is the date of t's wall clock at 00:00:00 (D-05).
func midnight(t time.Time) time.Time {
	return tlv.WallClock(t).Truncate(24 * time.Hour)
}

func (s *settlement) writePayments() {
	w := s.w
	w.sum(ffd.TagCashTotalSum, s.Cash)
	w.sum(ffd.TagEcashTotalSum, s.Ecash)
	w.sum(ffd.TagPrepaidSum, s.Prepaid)
	w.sum(ffd.TagCreditSum, s.Credit)
	w.sum(ffd.TagProvisionSum, s.Provision)
	if len(s.Details) == 0 {
		return
	}
	w.group(ffd.TagAllECashProp, func() {
		for _, d := range s.Details {
			w.group(ffd.TagEcashProp, func() {
				w.sum(ffd.TagEcashPartSum, d.Sum)
				w.byte(ffd.TagEcashSign, d.Sign)
				w.require(ffd.TagEcashIdent, d.Ident)
				w.text(ffd.TagEcashAddInfo, d.Info)
			})
		}
	})
}

func (s *settlement) writeBuyer() {
	b, w := s.Buyer, s.w
	if b == nil {
		return
	}
	if w.v < fiscal.FFD12 {
		w.text(ffd.TagBuyer, b.Name)
		w.inn(ffd.TagBuyerINN, b.INN, "I-07")
		return
	}
	w.group(ffd.TagBuyerInformation, func() {
		w.text(ffd.TagBuyer, b.Name)
		w.inn(ffd.TagBuyerINN, b.INN, "I-07")
		w.text(ffd.TagBuyerBirthday, b.Birthday)
		w.text(ffd.TagBuyerCitizenship, b.Citizenship)
		w.text(ffd.TagBuyerDocumentCode, b.DocumentCode)
		w.text(ffd.TagBuyerDocumentData, b.DocumentData)
		w.text(ffd.TagBuyerAddress, b.Address)
	})
}

func (s *settlement) writeProperties() {
	w := s.w
	if p := s.UserProperty; p != nil {
		w.group(ffd.TagUserProperty, func() {
			w.require(ffd.TagUserPropertyName, p.Name)
			w.require(ffd.TagUserPropertyValue, p.Value)
		})
	}
	w.text(ffd.TagReceiptProperty, s.Property)
	w.industry(ffd.TagIndustryReceiptDetails, s.Industry)
	if o := s.Operational; o != nil {
		w.group(ffd.TagOperationalDetails, func() {
			w.byte(ffd.TagOperationId, o.ID)
			w.require(ffd.TagOperationData, o.Data)
			w.time(ffd.TagOperationDateTime, o.Time)
		})
	}
	if s.negativeCodes() {
		w.set(ffd.TagMarkedProductsResult, true)
	}
}

func (w *writer) industry(tag tlv.Tag, all []Industry) {
	for _, d := range all {
		w.group(tag, func() {
			w.require(ffd.TagFOIVID, d.FOIV)
			w.require(ffd.TagFoundationDocDateTime, d.Date)
			w.require(ffd.TagFoundationDocNumber, d.Number)
			w.require(ffd.TagIndustryPropValue, d.Value)
		})
	}
}

// formSettlement has the drive make the document, with the notification of marked
// goods when there are any.
func (k *KKT) formSettlement(s *settlement, fields []byte) (fnport.Formed, error) {
	begin := k.drive.BeginReceipt
	if s.correction != nil {
		begin = k.drive.BeginCorrection
	}
	if err := begin(s.at); err != nil {
		return fnport.Formed{}, k.refused(err)
	}
	if err := k.drive.Data(fields); err != nil {
		return fnport.Formed{}, k.abandon(err)
	}
	if err := k.notify(s); err != nil {
		return fnport.Formed{}, k.abandon(err)
	}
	formed, err := k.drive.FormReceipt(s.at, s.Operation, s.total)
	if err != nil {
		return formed, k.abandon(err)
	}
	return formed, nil
}

func (k *KKT) receiptMade(s *settlement, f fnport.Formed) (Result, error) {
	shift, err := k.drive.ShiftParams()
	if err != nil {
		return Result{}, k.refused(err)
	}
	res := Result{Form: s.form, FD: f.FD, FPD: f.FPD, DateTime: s.at, Shift: shift.Shift, Number: f.Number, Total: s.total, Warnings: s.w.warnings}
	res.QR = k.qr(&res, s.Operation)
	return res, k.readBack(&res)
}
