package flk

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Group I: identity.
var identityRules = []Rule{
	{ID: "I-01", Severity: Error, FFD: vAll, Path: []tlv.Tag{ffd.TagFNNumber}, Source: "O, C", Code: 9201,
		Text: "Номер ФН (1041) должен совпадать с номером ФН в заголовке контейнера", document: fnNumberAgrees},
	{ID: "I-02", Severity: Error, FFD: vAll, Path: []tlv.Tag{ffd.TagFDNumber}, Source: "C", Code: 9202,
		Text: "Номер ФД (1040) должен совпадать с номером документа в заголовке контейнера", document: fdNumberAgrees},
	{ID: "I-03", Severity: Error, FFD: vAll, Forms: formsRegister, Path: []tlv.Tag{ffd.TagKKTRegID}, Source: "O, C", Code: 9203,
		Text: "Регистрационный номер ККТ (1037) должен состоять из 16 цифр с верной контрольной частью", document: regNumberValid},
	{ID: "I-04", Severity: Error, FFD: vAll, Path: []tlv.Tag{ffd.TagUserINN}, Source: "O, P", Code: 9204,
		Text: "ИНН пользователя (1018) должен иметь верные контрольные цифры", document: userINNValid},
	{ID: "I-05", Severity: Error, FFD: vAll, Forms: formsRegistration, Path: []tlv.Tag{ffd.TagOFDINN}, Source: "O", Code: 9205,
		Text: "ИНН ОФД (1017) должен принадлежать этому ОФД, а в автономном режиме состоять из нулей", document: ofdINNOwn},
	{ID: "I-07", Severity: Warning, FFD: vAll, Forms: formsReceipts, Source: "O, I", Code: 9207,
		Text: "ИНН в чеке должен иметь верные контрольные цифры", document: otherINNsValid, item: itemINNsValid},
}

func fnNumberAgrees(c *checker, r *Rule) {
	n := c.root.get(ffd.TagFNNumber)
	if n == nil || c.ctx.Container == nil || sameText(n.Value, string(c.ctx.Container.FN)) {
		return
	}
	c.fail(r, n, "в документе "+clean(ffd.NodeText(n))+", в контейнере "+string(c.ctx.Container.FN))
}

func fdNumberAgrees(c *checker, r *Rule) {
	n := c.root.get(ffd.TagFDNumber)
	if n == nil || c.ctx.Container == nil || number(n) == uint64(c.ctx.Container.FD) {
		return
	}
	c.fail(r, n, counts("в документе", number(n), "в контейнере", uint64(c.ctx.Container.FD)))
}

// regNumberValid checks 16 digits in every document and the check digits where the
// factory number stands beside: in registration reports.
func regNumberValid(c *checker, r *Rule) {
	n := c.root.get(ffd.TagKKTRegID)
	if n == nil {
		return
	}
	text := trimmed(n.Value)
	if len(text) != 16 || !onlyDigits(text) {
		c.fail(r, n, "надо 16 цифр")
		return
	}
	factory, user := c.root.get(ffd.TagKKTNumber), c.root.get(ffd.TagUserINN)
	if factory == nil || user == nil || !onlyDigits(user.Value) {
		return
	}
	inn := fiscal.INN(trimmed(user.Value))
	if fiscal.RegNumber(text).Check(inn, ffd.NodeText(factory)) != nil {
		c.fail(r, n, "контрольная часть не соответствует ИНН пользователя и заводскому номеру ККТ")
	}
}

func userINNValid(c *checker, r *Rule) {
	n := c.root.get(ffd.TagUserINN)
	if n == nil || !onlyDigits(n.Value) {
		return // S-09 has reported it
	}
	text := trimmed(n.Value)
	if innValid(text) {
		return
	}
	if len(text) == 12 && text[0] == '0' && text[1] == '0' && innValid(text[2:]) {
		c.warn(r, n, "ИНН из 10 цифр дополнен двумя нулями слева")
		return
	}
	c.fail(r, n, "")
}

// ofdINNOwn is I-05. In autonomous mode the requisite may be absent.
func ofdINNOwn(c *checker, r *Rule) {
	n := c.root.get(ffd.TagOFDINN)
	if n == nil || !onlyDigits(n.Value) {
		return
	}
	text := trimmed(n.Value)
	if c.root.uint(ffd.TagOfflineMode) == 1 {
		if string(text) != string(fiscal.NoINN) {
			c.fail(r, n, "автономный режим, но ИНН не из нулей")
		}
		return
	}
	switch {
	case !innValid(text):
		c.fail(r, n, "неверные контрольные цифры")
	case c.ctx.OFD != "" && string(text) != string(c.ctx.OFD):
		c.fail(r, n, "в документе "+string(text)+", ИНН ОФД "+string(c.ctx.OFD))
	}
}

func otherINNsValid(c *checker, r *Rule) {
	if n := c.root.get(ffd.TagCashierINN); n != nil && usedINN(n.Value) && (!innValid(trimmed(n.Value)) || len(trimmed(n.Value)) != 12) {
		c.failAt(r, n, "ИНН кассира", ffd.TagCashierINN)
	}
	for _, t := range [...]tlv.Tag{ffd.TagTransferOperatorINN, ffd.TagBuyerINN} {
		if n := c.root.get(t); n != nil && usedINN(n.Value) && !innValid(trimmed(n.Value)) {
			c.failAt(r, n, named([]tlv.Tag{t}), t)
		}
	}
	if info := c.root.get(ffd.TagBuyerInformation); info != nil {
		if n := info.Child(ffd.TagBuyerINN); n != nil && usedINN(n.Value) && !innValid(trimmed(n.Value)) {
			path := []tlv.Tag{ffd.TagBuyerInformation, ffd.TagBuyerINN}
			c.failAt(r, n, named(path), path...)
		}
	}
}

func itemINNsValid(c *checker, r *Rule) {
	if n := c.item.get(ffd.TagProviderINN); n != nil && usedINN(n.Value) && !innValid(trimmed(n.Value)) {
		path := []tlv.Tag{ffd.TagItem, ffd.TagProviderINN}
		c.failAt(r, n, named(path), path...)
	}
	if data := c.item.get(ffd.TagAgentData); data != nil {
		if n := data.Child(ffd.TagTransferOperatorINN); n != nil && usedINN(n.Value) && !innValid(trimmed(n.Value)) {
			path := []tlv.Tag{ffd.TagItem, ffd.TagAgentData, ffd.TagTransferOperatorINN}
			c.failAt(r, n, named(path), path...)
		}
	}
}

// trimmed is a value without the spaces on its right.
func trimmed(value []byte) []byte {
	n := len(value)
	for n > 0 && value[n-1] == ' ' {
		n--
	}
	return value[:n]
}

// usedINN reports an INN field that is neither empty nor all zeros; fields with
// anything but digits are left to S-09.
func usedINN(value []byte) bool {
	if !onlyDigits(value) {
		return false
	}
	for _, b := range trimmed(value) {
		if b != '0' {
			return true
		}
	}
	return false
}

// innValid is fiscal.INN.Check; good numbers cost no allocation.
func innValid(digits []byte) bool { return fiscal.INN(digits).Check() == nil }

// sameText compares a padded ASCII value with a text.
func sameText(value []byte, text string) bool { return string(trimmed(value)) == text }

// clean keeps digits only, so that a finding never carries foreign bytes.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return '?'
	}, text)
}
