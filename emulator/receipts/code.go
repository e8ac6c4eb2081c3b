package receipts

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/fiscalbench/fiscalbench/emulator/kkt"
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// code finds the product code of an item: 1162, 1163, their JSON forms, or a bar code.
// The register wants it as a scanner gives it.
func (r *reader) code(out *Receipt, it *kkt.Item, f *fields) {
	r.markingExtras(it, f)
	type candidate struct {
		at   *node
		text string
		lost string // what the new document cannot repeat; empty when it can
	}
	var all []candidate
	add := func(at *node, text, lost string) {
		if text != "" {
			all = append(all, candidate{at, text, lost})
		}
	}
	if n := f.at.member("productCodeData"); n != nil {
		text, lost := r.codeObject(n)
		add(n, text, lost)
	}
	for _, n := range r.list(f, ffd.TagProductCodeNew) {
		text, lost := r.codeNew(n)
		add(n, text, lost)
	}
	for _, n := range r.list(f, ffd.TagProductCode) {
		text, lost := r.code1162(n)
		add(n, text, lost)
	}
	for tag := ffd.TagCodeUndefined; tag <= ffd.TagCodeEGAIS3; tag++ {
		if n := r.one(f, tag); n != nil {
			add(n, restoreText(tag, n.text), "")
		}
	}
	if n := r.one(f, tagBarcode); n != nil {
		add(n, n.text, "")
	}
	for i, c := range all {
		if i == 0 {
			it.Code = c.text
			if c.lost != "" {
				r.note(c.at, Imprecise, c.lost)
			}
			continue
		}
		if c.text != it.Code {
			r.note(c.at, Repeated, "код товара указан и в "+all[0].at.path)
		}
	}
	scanned := ffd.ScanProductCode(it.Code)
	if out.FFD == fiscal.FFD12 && scanned.Kind == ffd.CodeGS1 && it.Code != "" && !strings.Contains(it.Code, ffd.GS) {
		r.note(all[0].at, Imprecise, "проверочной части кода маркировки в выгрузке нет: проверить код нельзя")
	}
}

// markingExtras reads what belongs to a marked item beside its code.
func (r *reader) markingExtras(it *kkt.Item, f *fields) {
	it.Status = r.small(f, ffd.TagPlannedStatus)
	if in := r.object(f, ffd.TagFractionalQuantity, inFraction); in != nil {
		num, _, _ := r.uint(in, ffd.TagNumerator, 1<<62)
		den, _, _ := r.uint(in, ffd.TagDenominator, 1<<62)
		if part := r.one(in, ffd.TagFractionalPart); part != nil && num == 0 {
			a, b, _ := strings.Cut(part.text, "/")
			an, aok := rational(strings.TrimSpace(a))
			bn, bok := rational(strings.TrimSpace(b))
			if aok && bok && an.IsInt() && bn.IsInt() && an.Sign() > 0 && an.Num().IsUint64() && bn.Num().IsUint64() {
				num, den = an.Num().Uint64(), bn.Num().Uint64()
			}
		}
		if num > 0 && den > 0 {
			it.Fraction = &kkt.Fraction{Numerator: num, Denominator: den}
		} else {
			r.note(in.at, BadValue, "дробное количество не читается")
		}
	}
	for _, tag := range []tlv.Tag{ffd.TagProductCheckResult, ffd.TagMarkingCodeMode, ffd.TagControlCode} {
		if n := r.one(f, tag); n != nil {
			r.note(n, Remade, remade[tag])
		}
	}
}

// codeObject reads {gtin, sernum, productIdType, rawProductCode}.
func (r *reader) codeObject(n *node) (text, lost string) {
	n.mark()
	if n.kind == kindString {
		return n.text, ""
	}
	if raw := n.member("rawProductCode"); raw != nil && raw.kind == kindString && raw.text != "" {
		return raw.text, ""
	}
	gtin, serial := n.member("gtin"), n.member("sernum")
	if gtin == nil || gtin.empty() {
		if !n.empty() {
			r.note(n, BadValue, "в коде товара нет ни rawProductCode, ни gtin")
		}
		return "", ""
	}
	digits := gtin.text
	if v, ok := whole(gtin); ok {
		digits = v.String()
	}
	if serial != nil && !serial.empty() {
		return "01" + strings.Repeat("0", max(0, 14-len(digits))) + digits + "21" + serial.text, ""
	}
	for _, width := range []int{8, 13, 14} {
		if len(digits) <= width {
			return strings.Repeat("0", width-len(digits)) + digits, ""
		}
	}
	return digits, ""
}

// codeNew reads 1163: from TLV its children, from JSON an object named by the kind of
// code with a text or with what codeObject reads.
func (r *reader) codeNew(n *node) (text, lost string) {
	if n.kind != kindObject {
		n.mark()
		return n.text, ""
	}
	if n.member("rawProductCode") != nil || n.member("gtin") != nil {
		return r.codeObject(n)
	}
	in := open(n, inCode)
	for i, child := range n.kids {
		tag := tagOf(n, n.names[i], inCode)
		if _, known := in.byTag[tag]; !known || child.empty() {
			continue
		}
		if child.kind == kindObject {
			text, lost = r.codeObject(child)
		} else {
			child.mark()
			text = child.text
		}
		return r.checkNew(tag, text, lost)
	}
	return "", ""
}

// checkNew restores what was scanned and checks that the register would write the same
// child of 1163.
func (r *reader) checkNew(tag tlv.Tag, stored, lost string) (string, string) {
	text := restoreText(tag, stored)
	c := ffd.ScanProductCode(text)
	gotTag, got := c.Tag1163()
	if lost == "" && (gotTag != tag || got != stored) && !strings.HasPrefix(stored, got) {
		lost = fmt.Sprintf("код товара вида %d записывается тегом %d", tag, gotTag)
	}
	return text, lost
}

// restoreText fills a stored part of a code to the length by which it is recognised;
// the filling is not stored.
func restoreText(tag tlv.Tag, stored string) string {
	switch {
	case tag == ffd.TagCodeEGAIS2 && len(stored) == 23:
		return strings.Repeat("0", 8) + stored + strings.Repeat("0", 37)
	case tag == ffd.TagCodeEGAIS3 && len(stored) == 14:
		return stored + strings.Repeat("0", 136)
	case tag == ffd.TagCodeKMK && len(stored) == 25:
		return stored + "0000"
	}
	return stored
}

// code1162 reads the value of tag 1162 from TLV, or from JSON as hex, base64 or the
// code itself.
func (r *reader) code1162(n *node) (text, lost string) {
	n.used = true
	switch n.kind {
	case kindBytes:
		return fromStored(n.raw)
	case kindObject:
		return r.codeObject(n)
	}
	n.mark()
	compact := strings.NewReplacer(" ", "", "-", "", "\n", "", "h", "", "H", "").Replace(n.text)
	if raw, err := hex.DecodeString(compact); err == nil && len(raw) > 2 && len(raw) <= 32 && knownCodeType(raw) {
		return fromStored(raw)
	}
	if raw, ok := decodeDigits(n.text); ok && len(raw) > 2 && len(raw) <= 32 && knownCodeType(raw) {
		return fromStored(raw)
	}
	return n.text, ""
}

func knownCodeType(raw []byte) bool {
	c, err := ffd.Parse1162(raw)
	return err == nil && c.Kind != ffd.CodeUnknown || bytes.HasPrefix(raw, []byte{0, 0})
}

// fromStored finds a text that the register writes as the same value.
func fromStored(raw []byte) (text, lost string) {
	c, err := ffd.Parse1162(raw)
	if err != nil {
		return "", "значение кода товара не читается: " + err.Error()
	}
	switch text = c.Text; c.Kind {
	case ffd.CodeTobacco:
		text = c.GTIN + c.Serial + strings.Repeat(" ", max(0, 11-len(c.Serial))) + "0000"
	case ffd.CodeEGAIS2:
		text = restoreText(ffd.TagCodeEGAIS2, c.Text)
	case ffd.CodeEGAIS3:
		text = restoreText(ffd.TagCodeEGAIS3, c.Text)
	}
	again := ffd.ScanProductCode(text)
	if back, err := again.Encode1162(); err != nil || !bytes.Equal(back, raw) {
		lost = "код товара хранится не целиком: новая касса запишет его иначе"
	}
	return text, lost
}
