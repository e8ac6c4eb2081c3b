package kkt

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Types of a marking code by its check part (tag 2100; enums.md).
const (
	codeTypeUnknown byte = 0
	codeTypeShort   byte = 1 // no check part
	codeType88      byte = 2 // 88 characters, checked in the drive
	codeType44      byte = 3 // 44 characters, not checked there
	codeType4       byte = 5 // 4 characters, not checked there
)

// Planned and assigned status of goods (tags 2003, 2110).
const (
	statusSold         uint8 = 1
	statusReturned     uint8 = 3
	statusPartReturned uint8 = 4
	statusPieceInSale  uint8 = 5
)

// markedCode is a product code of an item; Marked only when the item is sold as
// marked goods of FFD 1.2 and the drive must check the code.
type markedCode struct {
	ffd.ProductCode
	Marked bool
	Type   byte // 2100
	Status uint8
	Result byte // 2106
}

// checkCode compares a code with the subject of settlement (M-07, R-16).
func (s *settlement) checkCode(i int, it *Item) {
	w := s.w
	needs := it.Subject == subjectMarked || it.Subject == subjectExciseMarked
	if it.Code == "" {
		if needs {
			w.refuse("R-16", "предмет расчета %d: маркированный товар продается с кодом маркировки", i+1)
		}
		return
	}
	c := &s.codes[i]
	c.ProductCode = ffd.ScanProductCode(it.Code)
	marked := c.Kind.Marked()
	switch {
	case it.Subject == subjectNoCode || it.Subject == subjectExciseNoCode:
		if marked {
			w.refuse("R-16", "предмет расчета %d: признак предмета расчета %d — товар без кода маркировки, а код передан", i+1, it.Subject)
		}
	case needs && !s.reg.Marking:
		w.refuse(RuleMarking, "предмет расчета %d: ККТ зарегистрирована без признака торговли маркированными товарами", i+1)
	case needs && !marked && c.Kind != ffd.CodeUnknown:
		w.refuse("R-16", "предмет расчета %d: код товара не содержит кода маркировки", i+1)
	}
	if (needs || marked && w.v < fiscal.FFD12) && it.Measure == 0 && it.Quantity.Magnitude != pow10(it.Quantity.Decimals) {
		w.refuse("M-07", "предмет расчета %d: код маркировки называет один экземпляр, количество должно быть 1", i+1)
	}
	if needs {
		c.Marked, c.Type, c.Status = true, codeType(it.Code, c.Kind), s.status(it)
	}
}

// codeType finds the check part of a code (AIs 91, 92 and 93) by its length.
func codeType(code string, kind ffd.CodeKind) byte {
	if kind == ffd.CodeUnknown {
		return codeTypeUnknown
	}
	if kind == ffd.CodeGS1 {
		for part := range strings.SplitSeq(code, ffd.GS) {
			switch {
			case strings.HasPrefix(part, "92") && len(part) == 2+88:
				return codeType88
			case strings.HasPrefix(part, "92") && len(part) == 2+44:
				return codeType44
			case strings.HasPrefix(part, "93") && len(part) == 2+4:
				return codeType4
			}
		}
	}
	return codeTypeShort
}

// status is the planned status of an item (2003): as given, else sold or returned.
func (s *settlement) status(it *Item) uint8 {
	returned := s.Operation == fiscal.SellReturn || s.Operation == fiscal.BuyReturn
	switch {
	case it.Status != 0:
		return it.Status
	case returned && it.Fraction != nil:
		return statusPartReturned
	case returned:
		return statusReturned
	case it.Fraction != nil:
		return statusPieceInSale
	}
	return statusSold
}

// checkCodes has the drive check every marked code before the receipt is begun:
// B1h, then B5h and B6h when the marking operator can be asked, then B2h (K-110).
func (k *KKT) checkCodes(s *settlement) error {
	begun := false
	for i := range s.codes {
		c := &s.codes[i]
		if !c.Marked {
			continue
		}
		if !begun { // results left over from a receipt that was never made
			if err := k.drive.ClearMarking(); err != nil {
				return k.refused(err)
			}
			begun = true
		}
		if err := k.checkMarked(s, c, &s.Items[i]); err != nil {
			k.dropCodes(s)
			return err
		}
	}
	return nil
}

func (k *KKT) checkMarked(s *settlement, c *markedCode, it *Item) error {
	code, err := tlv.AppendText(nil, it.Code)
	if err != nil || len(code) > 255 {
		return refuse(RuleMarking, "код маркировки длиной %d знаков ФН не примет", len(it.Code))
	}
	check, err := k.drive.CheckMarking(c.Type, code, nil)
	if err != nil {
		return k.refused(err)
	}
	c.Result = check.Result
	if k.opts.Marking != nil && !s.reg.Autonomous {
		if err := k.askOperator(s, c, it, code); err != nil {
			return err
		}
	}
	c.Result, err = k.drive.KeepMarking(true)
	return k.refused(err)
}

// askOperator sends the request of form 81 and hands the answer to the drive. An
// operator that does not answer, or answers badly, is no obstacle: the result is
// then the drive's own (K-113). The drive is free for others while the answer is
// awaited.
func (k *KKT) askOperator(s *settlement, c *markedCode, it *Item, code []byte) error {
	w := &writer{v: fiscal.FFD12, form: fiscal.FormMarkingRequest}
	w.b.Byte(ffd.TagPlannedStatus, c.Status)
	w.b.Byte(ffd.TagMarkingCodeMode, 0)
	if c.Status != statusSold && c.Status != statusReturned || it.Measure != 0 {
		w.b.FVLN(ffd.TagQuantity, it.Quantity.FVLN)
		w.b.Byte(ffd.TagQuantityMeasure, it.Measure)
	}
	w.fraction(it.Fraction)
	w.b.STLV(ffd.TagMarkedItem, func(b *tlv.Builder) { b.Raw(ffd.TagMarkingCode, code) })
	fields, err := w.done()
	if err != nil {
		return err
	}
	request, err := k.drive.MarkingRequest(s.at, fields)
	if err != nil {
		return k.refused(err)
	}
	k.lock.Unlock()
	answer, err := k.opts.Marking.AskMarking(request)
	k.lock.Lock()
	if err != nil {
		s.w.warnings = append(s.w.warnings, "оператор маркировки не ответил: статус товара не проверен")
		k.log.Warn("marking operator did not answer", "fn", k.fn, "err", err)
		return nil
	}
	if _, _, err = k.drive.MarkingAnswer(answer); err != nil {
		if _, refused := fnport.Reason(err); !refused {
			return k.refused(err)
		}
		s.w.warnings = append(s.w.warnings, "ФН отверг ответ оператора маркировки: статус товара не проверен")
		k.log.Warn("marking answer refused", "fn", k.fn, "err", err)
	}
	return nil
}

// dropCodes forgets the checks of a receipt that was not made.
func (k *KKT) dropCodes(s *settlement) {
	for i := range s.codes {
		if s.codes[i].Marked {
			if err := k.drive.ClearMarking(); err != nil {
				k.log.Warn("clearing marking codes", "fn", k.fn, "err", err)
			}
			return
		}
	}
}

// negativeCodes tells whether some code was found wrong.
func (s *settlement) negativeCodes() bool {
	for i := range s.codes {
		if !s.codes[i].Marked {
			continue
		}
		switch s.codes[i].Result {
		case 1, 5, 7, 17:
			return true
		}
	}
	return false
}

// writeCode is 1162, or 1163 with the marking requisites of FFD 1.2.
func (s *settlement) writeCode(i int, it *Item) {
	w, c := s.w, &s.codes[i]
	if w.v < fiscal.FFD12 {
		if it.Code != "" {
			value, err := c.Encode1162()
			if err != nil {
				w.refuse(RuleMarking, "предмет расчета %d: код товара не помещается в реквизит 1162", i+1)
				return
			}
			w.raw(ffd.TagProductCode, value)
		}
		if it.Fraction != nil {
			w.refuse(RuleFFD, "дробное количество маркированного товара (1291) есть только в ФФД 1.2")
		}
		return
	}
	w.fraction(it.Fraction)
	if it.Code == "" {
		return
	}
	tag, text := c.Tag1163()
	w.group(ffd.TagProductCodeNew, func() { w.text(tag, text) })
	if c.Marked {
		w.byte(ffd.TagMarkingCodeMode, 0)
		w.byte(ffd.TagProductCheckResult, c.Result)
	}
}

func (w *writer) fraction(f *Fraction) {
	if f == nil {
		return
	}
	w.group(ffd.TagFractionalQuantity, func() {
		w.vln(ffd.TagNumerator, f.Numerator)
		w.vln(ffd.TagDenominator, f.Denominator)
	})
}
