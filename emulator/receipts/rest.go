package receipts

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// properties reads additional, industry and operational requisites.
func (r *reader) properties(out *Receipt, top *fields) {
	s := &out.Sale
	s.Property = r.str(top, ffd.TagReceiptProperty)
	for _, n := range r.list(top, ffd.TagUserProperty) {
		if n.kind != kindObject {
			r.note(n, BadValue, "дополнительный реквизит — не структура")
			n.mark()
			continue
		}
		in := open(n, inProperty)
		p := kkt.UserProperty{Name: r.str(in, ffd.TagUserPropertyName), Value: r.str(in, ffd.TagUserPropertyValue)}
		switch {
		case p.Name == "" && p.Value == "":
		case s.UserProperty != nil:
			r.note(n, Repeated, "дополнительный реквизит пользователя в чеке один")
		default:
			s.UserProperty = &p
		}
	}
	s.Industry = r.industry(out, top, ffd.TagIndustryReceiptDetails)
	if in := r.object(top, ffd.TagOperationalDetails, inOperational); in != nil {
		m, _ := r.moment(in, ffd.TagOperationDateTime)
		o := kkt.Operational{ID: r.small(in, ffd.TagOperationId), Data: r.str(in, ffd.TagOperationData), Time: m.at}
		if out.FFD < fiscal.FFD12 {
			r.note(in.at, NotInFFD, "операционный реквизит есть только в ФФД 1.2")
		} else {
			s.Operational = &o
		}
	}
}

const tagCorrectionName tlv.Tag = 1177

// correction reads what only corrections have.
func (r *reader) correction(out *Receipt, top *fields) {
	base := top
	if in := r.object(top, ffd.TagCorrectionBase, inCorrectionBase); in != nil {
		base = in
	}
	order, _, _ := r.uint(top, ffd.TagCorrectionType, 1)
	date, at := r.moment(base, ffd.TagCorrectionDocumentDate)
	number := strings.TrimSpace(r.str(base, ffd.TagCorrectionDocumentNumber))
	if n := r.one(base, tagCorrectionName); n != nil {
		r.note(n, NotInFFD, "описание коррекции упразднено")
	}
	if !out.Form.IsCorrection() {
		return
	}
	out.ByOrder, out.CorrectionNumber = order == 1, number
	out.CorrectionDate = date.at.Truncate(24 * time.Hour)
	if at == nil {
		out.CorrectionDate = out.Origin.Time.Truncate(24 * time.Hour)
		r.noteAt(top.at.path, Derived, "дата корректируемого расчета не указана: взята дата чека")
	}
}

// timeAround looks for the time of a receipt in its envelope: the text of the QR code,
// then the time of arrival at the operator or of saving.
func (f *found) timeAround() (moment, *node) {
	if n := f.qr(); n != nil {
		if v, err := url.ParseQuery(n.text); err == nil {
			at := &node{kind: kindString, text: strings.ToUpper(v.Get("t"))}
			if m, ok := readMoment(at); ok {
				return m, n
			}
		}
	}
	places := append([]*node{f.node.member("metadata")}, f.chain...)
	for _, name := range []string{"localDateTime", "receiveDate", "createdAt"} {
		for _, p := range places {
			if n := p.member(name); n != nil {
				if m, ok := readMoment(n); ok {
					return m, n
				}
			}
		}
	}
	return moment{}, nil
}

// qr is the text of the QR code that proverkacheka keeps beside the receipt.
func (f *found) qr() *node {
	for _, n := range f.chain {
		for _, holder := range []*node{n, n.member("request")} {
			for _, name := range []string{"qrraw", "qrRaw", "qr"} {
				if m := holder.member(name); m != nil && m.kind == kindString && strings.Contains(m.text, "=") {
					return m
				}
			}
		}
	}
	return nil
}

// crossCheck compares the receipt with the text of its QR code.
func (f *found) crossCheck(r *reader, out *Receipt) {
	n := f.qr()
	if n == nil {
		return
	}
	v, err := url.ParseQuery(strings.TrimSpace(n.text))
	if err != nil {
		return
	}
	differs := func(key, want string) {
		if got := v.Get(key); got != "" && want != "" && got != want {
			r.noteAt(n.path, Conflict, "в QR-коде другое значение "+key)
		}
	}
	if out.Sale.Total != nil {
		if s, err := fiscal.ParseKopecks(v.Get("s")); err == nil && s != *out.Sale.Total {
			r.noteAt(n.path, Conflict, "в QR-коде другая сумма")
		}
	}
	differs("fn", string(out.Origin.FN))
	if out.Origin.FD != 0 {
		differs("i", strconv.FormatUint(uint64(out.Origin.FD), 10))
	}
	if out.Origin.FPD != 0 {
		differs("fp", out.Origin.FPD.QR())
	}
	differs("n", strconv.Itoa(int(out.Sale.Operation)))
}

// leftovers notes every value that nothing has read.
func (r *reader) leftovers(n *node) {
	for i, k := range n.kids {
		name := ""
		if n.kind == kindObject {
			name = n.names[i]
		}
		switch {
		case k.used && (k.kind == kindObject || k.kind == kindArray):
			r.leftovers(k)
		case k.used:
		case k.empty():
			r.note(k, Empty, "значения нет")
			k.mark()
		default:
			reason, text := stranger(n, name)
			r.note(k, reason, text)
			k.mark()
		}
	}
	if slices.ContainsFunc(n.kids, func(k *node) bool { return !k.used }) {
		n.mark()
	}
}

// stranger says why a member has no place in the new receipt.
func stranger(parent *node, name string) (Reason, string) {
	if parent.tlv {
		v, _ := strconv.ParseUint(name, 10, 16)
		info := ffd.Lookup(tlv.Tag(v))
		switch {
		case info == nil:
			return NoTag, "тега " + name + " нет в форматах"
		case info.Obsolete():
			return NotInFFD, "реквизит только ФФД 1.0: " + info.Name
		}
		return NotInFFD, "в этом месте чека касса такого реквизита не пишет: " + info.Name
	}
	if text, ok := strangers[strings.ToLower(name)]; ok {
		if name == "messageFiscalSign" {
			return Remade, text
		}
		return NoTag, text
	}
	return NoTag, "реквизита с именем " + strconv.Quote(name) + " нет в этом месте чека"
}
