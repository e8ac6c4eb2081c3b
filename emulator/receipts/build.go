package receipts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// read makes a receipt of what was found.
func (f *found) read(name string) *Receipt {
	var r reader
	src := f.node
	if f.raw == nil {
		if raw := src.member("rawData"); raw != nil {
			if b := decodeRawData(raw); b != nil {
				return f.readEmbedded(name, b, raw)
			}
		}
	}
	out := &Receipt{Origin: Origin{File: name, Path: src.path, Shape: f.shape}, Form: f.form}
	top := open(src, inReceipt)
	r.origin(out, top, f)
	r.owner(out, top)
	r.parties(out, top)
	r.payments(out, top)
	items := r.items(out, top)
	items = r.storno(out, top, items)
	r.tax(out, top)
	r.vat(out, top, items)
	r.agents(out, top)
	r.properties(out, top)
	r.correction(out, top)
	r.settle(out, top)
	f.crossCheck(&r, out)
	r.leftovers(src)
	out.Notes = distinct(append(r.notes, f.envelope()...))
	return out
}

// distinct drops repeats: a field that is looked at twice is noted twice.
func distinct(notes []Note) []Note {
	seen := make(map[Note]bool, len(notes))
	return slices.DeleteFunc(notes, func(n Note) bool {
		had := seen[n]
		seen[n] = true
		return had
	})
}

// readEmbedded reads the document that a JSON receipt carries in rawData: the whole of
// it, of which the JSON is an extract.
func (f *found) readEmbedded(name string, b *blob, raw *node) *Receipt {
	n, form, err := b.tree(raw.path)
	if err != nil || !form.IsReceipt() {
		raw.kind = kindNull // what cannot be read is as good as absent
		return f.read(name)
	}
	inner := found{node: n, shape: f.shape, form: form, raw: b}
	out := inner.read(name)
	out.note(raw.path, Derived, "чек прочитан из rawData; остальные поля JSON повторяют его")
	f.node.mark()
	out.Notes = append(out.Notes, f.envelope()...)
	return out
}

// origin reads what the receipt was in its first life.
func (r *reader) origin(out *Receipt, top *fields, f *found) {
	o := &out.Origin
	if out.Form == 0 {
		code, at, ok := r.uint(top, tagFormCode, 255)
		out.Form = fiscal.Form(code)
		if ok && !out.Form.IsReceipt() {
			r.note(at, BadValue, "код документа не чека: принят кассовый чек")
		}
		if !out.Form.IsReceipt() {
			out.Form = fiscal.FormReceipt
		}
	} else if n := r.one(top, tagFormCode); n != nil {
		if v, ok := whole(n); ok && v.IsInt64() && fiscal.Form(v.Int64()).IsReceipt() {
			out.Form = fiscal.Form(v.Int64())
		}
	}
	o.FFD = fiscal.FFD(r.small(top, ffd.TagFFDVersion))
	out.FFD = r.version(out, top)
	o.Reg = strings.TrimSpace(r.outside(top, ffd.TagKKTRegID, f))
	o.KKT = strings.TrimSpace(r.str(top, ffd.TagKKTNumber))
	if s := strings.TrimSpace(r.outside(top, ffd.TagFNNumber, f)); s != "" {
		o.FN = fiscal.FNNumber(s)
	}
	fd, _, _ := r.uint(top, ffd.TagFDNumber, 1<<32-1)
	fpd, _, _ := r.uint(top, ffd.TagFPD, 1<<32-1)
	shift, _, _ := r.uint(top, ffd.TagShiftNumber, 1<<32-1)
	r.uint(top, ffd.TagRequestNumber, 1<<32-1)
	o.FD, o.FPD, o.Shift = fiscal.FDNumber(fd), fiscal.FPD(fpd), uint32(shift)
	if f.raw != nil {
		o.STLV = f.raw.stlv
		for _, text := range f.raw.notes {
			r.noteAt(top.at.path, Conflict, text)
		}
		if f.raw.fn != "" && o.FN != "" && f.raw.fn != o.FN {
			r.noteAt(top.at.path, Conflict, "номер ФН в заголовке контейнера другой, чем в документе")
		}
	}
	r.time(out, top, f)
	for _, tag := range []tlv.Tag{ffd.TagKKTRegID, ffd.TagKKTNumber, ffd.TagFNNumber, ffd.TagFDNumber, ffd.TagFPD, ffd.TagShiftNumber, ffd.TagRequestNumber,
		ffd.TagOFDINN, ffd.TagOFDName, ffd.TagKKTVersion, ffd.TagKKTFFDVersion, ffd.TagQRCode, ffd.TagMarkingCodeMode, ffd.TagMarkedProductsResult} {
		for _, n := range top.byTag[tag] {
			if !n.empty() {
				r.note(n, Remade, remade[tag])
			}
			n.mark()
		}
	}
}

// tagFormCode stands for the form code ("code", "receiptCode"): it has no tag of its
// own, 1000 is the name of the document and has no TLV.
const tagFormCode = ffd.TagDocName

// outside reads a field that some wrappers keep beside the receipt ({fsId, kktRegId,
// content}).
func (r *reader) outside(top *fields, tag tlv.Tag, f *found) string {
	if s := r.str(top, tag); s != "" || len(f.chain) == 0 {
		return s
	}
	parent := f.chain[len(f.chain)-1]
	if parent.kind != kindObject {
		return ""
	}
	for i, name := range parent.names {
		n := parent.kids[i]
		if tagOf(parent, name, inReceipt) == tag && (n.kind == kindString || n.kind == kindNumber) && !n.empty() {
			top.byTag[tag] = append(top.byTag[tag], n)
			return r.str(top, tag)
		}
	}
	return ""
}

// version chooses the format of the new receipt.
func (r *reader) version(out *Receipt, top *fields) fiscal.FFD {
	path := top.at.path
	switch v := out.Origin.FFD; {
	case v >= fiscal.FFD105 && v <= fiscal.FFD12:
		return v
	case v == fiscal.FFD10:
		r.noteAt(path, Derived, "ФФД 1.0 не применяется с 01.01.2019: чек оформлен по ФФД 1.05")
		return fiscal.FFD105
	case v > fiscal.FFD12:
		r.noteAt(path, BadValue, fmt.Sprintf("версия ФФД %d неизвестна: чек оформлен по ФФД 1.05", v))
		return fiscal.FFD105
	}
	items := open(&node{kind: kindObject}, inItem)
	for _, n := range top.byTag[ffd.TagItem] {
		for _, k := range append([]*node{n}, n.kids...) {
			if k.kind == kindObject && items.at != k {
				inner := open(k, inItem)
				if inner.has(ffd.TagQuantityMeasure) || inner.has(ffd.TagProductCodeNew) {
					r.noteAt(path, Derived, "версия ФФД не указана, реквизиты позиций — из ФФД 1.2: чек оформлен по ней")
					return fiscal.FFD12
				}
			}
		}
	}
	r.noteAt(path, Derived, "версия ФФД не указана: чек оформлен по ФФД 1.05")
	return fiscal.FFD105
}

// noon is the time of a receipt of which only the day is known.
const noon = 12

func (r *reader) time(out *Receipt, top *fields, f *found) {
	m, n := r.moment(top, ffd.TagDateTime)
	if n == nil {
		if m, n = f.timeAround(); n == nil {
			return // whoever issues the receipt chooses
		}
		r.noteAt(top.at.path, Derived, "время чека взято из "+n.path)
	}
	out.Origin.Time, out.Origin.Day = m.at, m.day
	switch {
	case m.day:
		out.Origin.Time = m.at.Add(noon * 3600e9)
		r.note(n, Derived, "указан только день: чек пробит в 12:00")
	case m.zone:
		r.note(n, Imprecise, "часовой пояс не переносится: в документе местное время, взяты показания часов")
	case m.at.Second() != 0:
		r.note(n, Imprecise, "секунды не переносятся: ФН принимает время с точностью до минуты")
	}
}

// owner reads user, address and what the registration says.
func (r *reader) owner(out *Receipt, top *fields) {
	w := &out.Owner
	w.User = strings.TrimSpace(r.str(top, ffd.TagUser))
	inn, at, ok := r.inn(top, ffd.TagUserINN)
	switch {
	case ok:
		w.INN = inn
	case at != nil:
		w.INN = repairINN(string(inn))
		if w.INN == "" {
			r.note(at, BadValue, "ИНН пользователя не читается: касса зарегистрирована на условный ИНН")
		} else {
			r.note(at, Derived, "у ИНН пользователя неверные контрольные цифры: касса зарегистрирована на "+string(w.INN))
		}
	default:
		r.noteAt(top.at.path, Derived, "ИНН пользователя не указан: касса зарегистрирована на условный ИНН")
	}
	w.FNSSite = strings.TrimSpace(r.str(top, ffd.TagFNSSite))
	w.MachineNumber = strings.TrimSpace(r.str(top, ffd.TagMachineNumber))
	if v, at, ok := r.uint(top, ffd.TagInternetSign, 1); ok && v == 1 {
		w.InternetOnly = true
		if out.FFD < fiscal.FFD12 {
			r.note(at, Settings, "касса зарегистрирована для расчетов только в Интернет")
		}
	}
	if n := r.one(top, ffd.TagTaxationType); n != nil && n != r.one(top, ffd.TagAppliedTaxationType) {
		r.note(n, Settings, "системы налогообложения указаны при регистрации кассы")
	}
}

// repairINN keeps the leading digits of an INN whose check digits are wrong.
func repairINN(s string) fiscal.INN {
	if len(s) != 10 && len(s) != 12 {
		return ""
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return ""
		}
	}
	lead := s[:9]
	if len(s) == 12 {
		lead = s[:10]
	}
	return fiscal.WithCheckDigits(lead)
}

// parties reads cashier, buyer, place and kind of settlement.
func (r *reader) parties(out *Receipt, top *fields) {
	s := &out.Sale
	s.Form = out.Form
	op := r.small(top, ffd.TagOperationType)
	if op < 1 || op > 4 {
		if n := r.one(top, ffd.TagOperationType); n != nil {
			r.note(n, BadValue, "признак расчета вне 1–4: принят приход")
		} else {
			r.noteAt(top.at.path, Derived, "признак расчета не указан: принят приход")
		}
		op = 1
	}
	s.Operation = fiscal.OperationType(op)
	s.Cashier.Name = strings.TrimSpace(r.str(top, ffd.TagCashier))
	inn, at, ok := r.inn(top, ffd.TagCashierINN)
	switch {
	case ok && len(inn) == 12:
		s.Cashier.INN = inn
	case at != nil && strings.Trim(string(inn), "0") != "":
		r.note(at, BadValue, "ИНН кассира не прошел проверку и не перенесен")
	}
	if s.Cashier.Name == "" && out.Owner.MachineNumber != "" {
		out.Owner.Automatic = true
	}
	s.MachineNumber = out.Owner.MachineNumber
	s.BuyerContact = r.contact(top, ffd.TagBuyerPhoneOrAddress)
	s.SellerAddress = r.contact(top, ffd.TagSellerAddress)
	if s.BuyerContact == "" && (out.Owner.InternetOnly || r.small(top, ffd.TagInternetPayment) == 1) {
		s.BuyerContact = "none"
		r.noteAt(top.at.path, Derived, "адрес покупателя не указан, а расчет в Интернет: записано none")
	}
	s.Address = r.str(top, ffd.TagRetailPlaceAddress)
	s.Place = r.str(top, ffd.TagRetailPlace)
	v, _, _ := r.uint(top, ffd.TagInternetPayment, 1)
	s.Internet = v == 1
	r.buyer(out, top)
}

// contact reads a phone or an e-mail. A phone is brought to a plus and digits;
// what is neither is not carried. The text itself stays out of the notes.
func (r *reader) contact(f *fields, tag tlv.Tag) string {
	s, at := r.text(f, tag)
	s = strings.TrimSpace(s)
	if s == "" || s == "none" || strings.Contains(s, "@") && !strings.ContainsAny(s, " ,;") {
		return s
	}
	digits := strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9':
			return c
		case strings.ContainsRune("+-() .", c):
			return -1
		}
		return 'x'
	}, s)
	if strings.Contains(digits, "x") || len(digits) < 7 || len(digits) > 15 {
		r.note(at, BadValue, "не телефон и не адрес почты: не перенесено")
		return ""
	}
	if len(digits) == 10 {
		digits = "7" + digits
	} else if len(digits) == 11 && digits[0] == '8' {
		digits = "7" + digits[1:]
	}
	if "+"+digits != s {
		r.note(at, Derived, "телефон приведен к виду +цифры")
	}
	return "+" + digits
}

func (r *reader) buyer(out *Receipt, top *fields) {
	b := kkt.Buyer{Name: r.str(top, ffd.TagBuyer)}
	r.buyerINN(&b, top)
	if in := r.object(top, ffd.TagBuyerInformation, inBuyer); in != nil {
		if name := r.str(in, ffd.TagBuyer); name != "" {
			b.Name = name
		}
		r.buyerINN(&b, in)
		b.Birthday, b.Citizenship = r.str(in, ffd.TagBuyerBirthday), r.str(in, ffd.TagBuyerCitizenship)
		b.DocumentCode, b.DocumentData = r.str(in, ffd.TagBuyerDocumentCode), r.str(in, ffd.TagBuyerDocumentData)
		b.Address = r.str(in, ffd.TagBuyerAddress)
		if out.FFD < fiscal.FFD12 && (b.Birthday != "" || b.Citizenship != "" || b.DocumentCode != "" || b.DocumentData != "" || b.Address != "") {
			r.note(in.at, NotInFFD, "в ФФД "+out.FFD.String()+" о покупателе есть только наименование и ИНН")
			b = kkt.Buyer{Name: b.Name, INN: b.INN}
		}
	}
	if b != (kkt.Buyer{}) {
		out.Sale.Buyer = &b
	}
}

func (r *reader) buyerINN(b *kkt.Buyer, f *fields) {
	inn, at, ok := r.inn(f, ffd.TagBuyerINN)
	switch {
	case ok || inn == fiscal.NoINN:
		b.INN = inn
	case at != nil && inn != "":
		r.note(at, BadValue, "ИНН покупателя не прошел проверку и не перенесен")
	}
}
