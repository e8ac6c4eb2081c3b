package flk

import (
	"encoding/binary"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Group S: structure. S-01 to S-04 are judged before the walk, S-05 to S-10 by it;
// rows known from one secondary source weaken S-06, S-07 and S-10 to warnings.
var structureRules = []Rule{
	{ID: "S-01", Severity: Error, FFD: vAll, Source: "O, C", Code: 9101,
		Text: "Код формы документа должен быть известен и совпадать с указанным в заголовке контейнера"},
	{ID: "S-02", Severity: Error, FFD: vAll, Source: "O", Code: 9102,
		Text: "Реквизиты должны точно заполнять документ и каждую структуру"},
	{ID: "S-03", Severity: Error, FFD: before12, Source: "O", Code: 9103,
		Text: "Документ не должен быть длиннее предела своего формата"},
	{ID: "S-04", Severity: Error, FFD: v12, Source: "O", Code: 9104,
		Text: "Документ не должен быть длиннее предела своего формата"},
	{ID: "S-05", Severity: Warning, FFD: vAll, Source: "P, O", Code: 9105,
		Text: "Документ не должен содержать реквизитов, которых в нём не предусмотрено"},
	{ID: "S-06", Severity: Error, FFD: vAll, Source: "O, P", Code: 9106,
		Text: "Реквизит не должен повторяться"},
	{ID: "S-07", Severity: Error, FFD: vAll, Source: "O, P", Code: codeMissing,
		Text: "Обязательный реквизит должен присутствовать"},
	{ID: "S-08", Severity: Error, FFD: vAll, Source: "O, C", Code: 9108,
		Text: "Длина значения реквизита должна соответствовать формату"},
	{ID: "S-09", Severity: Error, FFD: vAll, Source: "O", Code: 9109,
		Text: "Текстовый реквизит должен быть записан по правилам формата"},
	{ID: "S-10", Severity: Error, FFD: vAll, Source: "O, P", Code: 9110,
		Text: "Значение реквизита должно быть из перечня формата", document: knownVersion},
	{ID: "S-12", Severity: Error, FFD: vAll, Forms: formsRegister, Path: []tlv.Tag{ffd.TagFFDVersion}, Source: "O, O17", Code: codeMissing,
		Text: "Документ ФФД 1.05 и новее должен содержать номер версии ФФД (1209)", document: versionPresent},
	{ID: "S-14", Severity: Error, FFD: v105, Forms: formsRegistration, Source: "O", Code: 9114,
		Text: "В отчёте ФФД 1.05 реквизит 1189 принимает значения 2–4, а 1190 — 3 или 4", document: versionsOfParts},
}

// frame judges the document as a whole and returns the length that its fields must
// fill, in bytes.
func (c *checker) frame() int {
	d := c.document
	if !d.Form.Known() {
		c.add(c.plan.s01, Error, nil, 0, fmt.Sprintf("форма %d неизвестна", d.Form))
	}
	if h := c.ctx.Container; h != nil && h.Form != d.Form {
		c.add(c.plan.s01, Error, nil, 0, fmt.Sprintf("в документе %d, в контейнере %d", d.Form, h.Form))
	}
	if len(d.Raw) == 0 {
		return unknownSize
	}
	if len(d.Raw) < tlv.HeaderLen {
		c.broken = true
		c.add(c.plan.s02, Error, nil, 0, "документ короче заголовка")
		return 0
	}
	size := len(d.Raw) - tlv.HeaderLen
	if n := int(binary.LittleEndian.Uint16(d.Raw[2:])); n != size {
		c.broken = true
		c.add(c.plan.s02, Error, nil, 0, fmt.Sprintf("длина документа %d, следует за ней %d байт", n, size))
	}
	if r := c.plan.length; r != nil && size > c.plan.maxLength {
		c.add(r, r.SeverityIn(c.ffd), nil, 0, fmt.Sprintf("%d байт, предел %d", size, c.plan.maxLength))
	}
	return size
}

// knownVersion is S-10 for 1209 itself: without a version there is no table to
// judge by.
func knownVersion(c *checker, r *Rule) {
	if c.ffd == unknownFFD {
		n := c.root.get(ffd.TagFFDVersion)
		c.failAt(r, n, fmt.Sprintf("1209 — значение %d", number(n)), ffd.TagFFDVersion)
	}
}

// laterTags came with FFD 1.05 and later; registers of FFD 1.0 never wrote them.
var laterTags = [...]tlv.Tag{ffd.TagKKTFFDVersion, ffd.TagFNFFDVersion, ffd.TagChangeReasons, ffd.TagKeyResource, ffd.TagPrepaidSum,
	ffd.TagCreditSum, ffd.TagProvisionSum, ffd.TagPrintInMachineSign, ffd.TagUsageConditions}

// versionPresent is S-12. A document without 1209 is of FFD 1.0 unless it carries
// what only later formats have; FFD 1.0 itself ended on 01.01.2019.
func versionPresent(c *checker, r *Rule) {
	if c.ffd != fiscal.FFD10 || c.root.has(ffd.TagFFDVersion) {
		return
	}
	for _, t := range laterTags {
		if n := c.root.get(t); n != nil {
			c.fail(r, n, fmt.Sprintf("нет 1209, но есть реквизит %d, которого в ФФД 1.0 не было", t))
			return
		}
	}
	if at, ok := moment(c.root.get(ffd.TagDateTime)); ok && at >= since20 {
		c.warn(r, nil, "нет 1209, а ФФД 1.0 не действует с 01.01.2019")
	}
}

// versionsOfParts is S-14. 1189 = 2 without 1190 is met in old documents.
func versionsOfParts(c *checker, r *Rule) {
	if n := c.root.get(ffd.TagKKTFFDVersion); n != nil {
		if v := number(n); v < 2 || v > 4 {
			c.failAt(r, n, fmt.Sprintf("1189 — значение %d", v), ffd.TagKKTFFDVersion)
		}
	}
	if n := c.root.get(ffd.TagFNFFDVersion); n != nil {
		if v := number(n); v < 3 || v > 4 {
			c.failAt(r, n, fmt.Sprintf("1190 — значение %d", v), ffd.TagFNFFDVersion)
		}
	}
}
