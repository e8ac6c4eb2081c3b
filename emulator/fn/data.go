package fn

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// tagSet is a set of tags of the formats.
type tagSet [maxTag / 64]uint64

const maxTag = 2240

func (s *tagSet) has(t tlv.Tag) bool { return t < maxTag && s[t/64]>>(t%64)&1 != 0 }

func (s *tagSet) add(t tlv.Tag) {
	if t < maxTag {
		s[t/64] |= 1 << (t % 64)
	}
}

// addData is 07h: whole TLVs, which are added to the document all together or not
// at all. Lengths must agree (fn.md section 1); tags are looked at from FFD 1.1 on.
func (d *Device) addData(data []byte) ([]byte, *refusal) {
	doc := d.doc
	if n, limit := len(doc.Data)+len(data), docKinds[doc.Kind].limit; n > limit {
		return nil, refuse(TooLong, "данных документа стало бы %d байт, допустимо %d", n, limit)
	}
	next := *doc
	next.Notice.Blocks = doc.Notice.Blocks[:len(doc.Notice.Blocks):len(doc.Notice.Blocks)]
	next.Data = doc.Data[:len(doc.Data):len(doc.Data)]
	w := tlv.Walk(data)
	for w.Next() {
		f := w.Field()
		if f.Tag == ffd.TagMarkedItem && doc.Kind.form().IsReceipt() {
			if r := d.addMarkedItem(&next.Notice, w.Raw(), f.Value); r != nil {
				return nil, r
			}
			continue
		}
		if r := d.checkTag(&next, f.Tag, f.Value); r != nil {
			return nil, r
		}
		next.seen.add(f.Tag)
		if f.Tag == ffd.TagItem {
			next.items++
		}
		next.Data = append(next.Data, w.Raw()...)
	}
	if err := w.Err(); err != nil {
		return nil, refuse(BadCommand, "данные не делятся на целые TLV: %v", err)
	}
	*doc = next
	return nil, nil
}

// rejects reports whether repeated and foreign tags are refused (fn.md section 12).
func (d *Device) rejects(v fiscal.FFD) bool {
	switch d.set.DupTags {
	case DupReject:
		return true
	case DupKeep:
		return false
	}
	return v >= fiscal.FFD11
}

// checkTag judges one tag of 07h: codes 0Bh, 0Ch, 0Eh, 18h, 19h.
func (d *Device) checkTag(doc *draft, tag tlv.Tag, value []byte) *refusal {
	form := doc.Kind.form()
	if d.rejects(doc.FFD) {
		switch {
		case addsTag(form, doc.FFD, tag):
			return refuse(ForbiddenTags, "реквизит %d в документ формы %d добавляет сам ФН", tag, form)
		case doc.seen.has(tag) && !repeats(tag):
			return refuse(DuplicateTags, "реквизит %d передан дважды", tag)
		}
	}
	if doc.FFD < fiscal.FFD11 {
		return nil
	}
	if tag == ffd.TagItem && d.set.MaxItems > 0 && doc.items >= d.set.MaxItems {
		return refuse(TooManyItems, "предметов расчета больше %d", d.set.MaxItems)
	}
	if !belongs(form, tag) {
		return refuse(WrongTag, "реквизиту %d не место в документе формы %d", tag, form)
	}
	return d.agrees(doc, tag, value)
}

// agrees compares a tag with the registration (code 19h).
func (d *Device) agrees(doc *draft, tag tlv.Tag, value []byte) *refusal {
	n, err := tlv.Uint(value)
	switch tag {
	case ffd.TagFFDVersion:
		if err != nil || n != uint64(doc.FFD) {
			return refuse(NotAsRegistered, "реквизит 1209 = % X, ФН работает с ФФД %s", value, doc.FFD)
		}
	case ffd.TagFNFFDVersion:
		if err != nil || n != uint64(d.model.HighestFFD) {
			return refuse(NotAsRegistered, "реквизит 1190 = % X, версия ФФД ФН %s", value, d.model.HighestFFD)
		}
	case ffd.TagAppliedTaxationType:
		if reg := d.reg(); reg != nil && doc.Kind.form().IsReceipt() && (err != nil || n == 0 || n&(n-1) != 0 || n&^uint64(reg.Tax) != 0) {
			return refuse(NotAsRegistered, "реквизит 1055 = % X, зарегистрированы системы налогообложения %#02x", value, reg.Tax)
		}
	}
	return nil
}

// checkRequired asks for the tags that a document of FFD 1.1 or 1.2 must have and
// only the register knows (code 0Dh).
func (d *Device) checkRequired() *refusal {
	if d.doc.FFD < fiscal.FFD11 {
		return nil
	}
	for _, tag := range requiredTags[d.doc.Kind.form()] {
		if !d.doc.seen.has(tag) {
			return refuse(MissingTags, "нет обязательного реквизита %d", tag)
		}
	}
	return nil
}

func (d *Device) checkRegistrationTags(*registration) *refusal { return d.checkRequired() }
