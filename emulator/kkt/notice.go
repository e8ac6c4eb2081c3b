package kkt

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
)

// notify gives the drive the data of the notification of sale (form 82; B7h).
func (k *KKT) notify(s *settlement) error {
	items := 0
	for i := range s.codes {
		if !s.codes[i].Marked {
			continue
		}
		if items == 0 {
			common, err := k.noticeCommon(s)
			if err == nil {
				err = k.drive.MarkingNotice(1, common)
			}
			if err != nil {
				return err
			}
		}
		items++
		block, err := s.noticeItem(i)
		if err == nil {
			err = k.drive.MarkingNotice(2, block)
		}
		if err != nil {
			return err
		}
	}
	if items == 0 {
		return nil
	}
	return k.drive.MarkingNotice(3, nil)
}

func (k *KKT) noticeCommon(s *settlement) ([]byte, error) {
	w := &writer{v: fiscal.FFD12, form: fiscal.FormMarkingNotice}
	w.text(ffd.TagRetailPlaceAddress, s.Address)
	w.byte(ffd.TagTimeZone, timeZone(k.opts.Now()))
	w.byte(ffd.TagAppliedTaxationType, byte(s.Tax))
	if s.Buyer != nil {
		w.inn(ffd.TagBuyerINN, s.Buyer.INN, "I-07")
	}
	w.set(ffd.TagInternetPayment, s.Internet)
	if p := s.UserProperty; p != nil {
		w.group(ffd.TagUserProperty, func() { w.text(ffd.TagUserPropertyName, p.Name); w.text(ffd.TagUserPropertyValue, p.Value) })
	}
	w.industry(ffd.TagIndustryReceiptDetails, s.Industry)
	w.byte(ffd.TagMarkingOperation, s.operationBits(k.opts.Marking != nil))
	return w.done()
}

// timeZone is tag 1011: 1 to 11 for UTC+2 to UTC+12; the nearest for others.
func timeZone(t time.Time) uint8 {
	_, offset := t.Zone()
	return uint8(min(max(offset/3600-1, 1), 11))
}

// operationBits is tag 2116 (enums.md): receipt or correction, and why the operator
// was not asked.
func (s *settlement) operationBits(asked bool) uint8 {
	bits := uint8(1)
	if s.correction != nil {
		bits = 2
	}
	switch {
	case asked && !s.reg.Autonomous:
	case s.reg.Vending:
		bits |= 1 << 2
	case s.reg.Catering:
		bits |= 1 << 3
	case s.reg.Wholesale:
		bits |= 1 << 4
	}
	return bits
}

// noticeItem is one block 2007.
func (s *settlement) noticeItem(i int) ([]byte, error) {
	w, it, c := &writer{v: fiscal.FFD12, form: fiscal.FormMarkingNotice}, &s.Items[i], &s.codes[i]
	w.group(ffd.TagMarkedItem, func() {
		w.text(ffd.TagItemName, it.Name)
		w.sum(ffd.TagPrice, it.Price)
		w.quantity(ffd.TagQuantity, it.Quantity)
		w.byte(ffd.TagQuantityMeasure, it.Measure)
		w.fraction(it.Fraction)
		w.sum(ffd.TagItemSum, s.sums[i])
		rate := it.VAT
		keep(&rate, VATNone)
		w.byte(ffd.TagNDSRate, byte(rate))
		tax := fiscal.Kopecks(0)
		if rate.Percent(s.at) != 0 {
			tax = rate.Tax(s.sums[i], s.at)
		}
		w.sum(ffd.TagItemNDSSum, tax)
		w.byte(ffd.TagPaymentType, it.Method)
		s.noticeAgent(w, it)
		w.text(ffd.TagMarkingCode, it.Code)
		w.byte(ffd.TagMarkingCodeType, c.Type)
		_, id := c.Tag1163()
		w.text(ffd.TagProductID, id)
		w.byte(ffd.TagMarkingCodeMode, 0)
		w.byte(ffd.TagProductCheckResult, c.Result)
		w.byte(ffd.TagAssignedStatus, c.Status)
		w.text(ffd.TagControlCode, ffd.ControlCode([]byte(it.Code)))
		w.industry(ffd.TagItemsIndustryDetails, it.Industry)
	})
	return w.done()
}

func (s *settlement) noticeAgent(w *writer, it *Item) {
	receipt := s.w
	s.w = w
	s.writeItemAgent(it)
	s.w = receipt
}
