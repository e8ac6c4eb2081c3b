package flk

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Requisites that rules of the marking exchange demand.
var (
	noticeTags      = []tlv.Tag{ffd.TagMarkedItem, ffd.TagNoticeFDNumber, ffd.TagTimeZone}
	markReceiptTags = []tlv.Tag{ffd.TagMarkingNoticeNumber, ffd.TagNoticeProcessingCode}
	answerTags      = []tlv.Tag{ffd.TagMarkingCodeMode, ffd.TagMarkingCodeType, ffd.TagProductStatusAnswer, ffd.TagRequestResults}
)

// Marking rules (group K) as far as one document shows.
var markingRules = []Rule{
	{ID: "K-03", Severity: Warning, FFD: v12, Forms: formsAnswer, Source: "O", Code: 9903,
		Text: "Ответ с ошибкой запроса (2105 не равен 0) не содержит результатов проверки кода маркировки", document: answerWithResult},
	{ID: "K-05", Severity: Warning, FFD: v12, Forms: formsNotice, Source: "K", Code: codeMissing,
		Text: "Уведомление должно содержать сведения о товарах (2007), номер чека (2040) и часовую зону (1011)", document: noticeComplete},
	{ID: "K-06", Severity: Warning, FFD: v12, Forms: formsMarkReceipt, Source: "K", Code: codeMissing,
		Text: "Квитанция должна повторять номер уведомления (2002) и сообщать код обработки (2111)", document: markReceiptComplete},
	{ID: "K-07", Severity: Warning, FFD: v12, Forms: formsNotice, Path: []tlv.Tag{ffd.TagMarkedItem, ffd.TagAssignedStatus}, Source: "K, I", Code: 9907,
		Text: "Статус товара (2110) должен соответствовать признаку расчёта (1054): возврату — 3 или 4, реализации — остальные", document: statusAsOperation},
}

func answerWithResult(c *checker, r *Rule) {
	if c.root.uint(ffd.TagRequestProcessingCode) == 0 {
		return
	}
	for _, t := range answerTags {
		if n := c.root.get(t); n != nil {
			c.failAt(r, n, named([]tlv.Tag{t}), t)
		}
	}
}

func noticeComplete(c *checker, r *Rule)      { c.allPresent(r, noticeTags) }
func markReceiptComplete(c *checker, r *Rule) { c.allPresent(r, markReceiptTags) }

func (c *checker) allPresent(r *Rule, tags []tlv.Tag) {
	for _, t := range tags {
		if !c.root.has(t) {
			c.missing(r, nil, t)
		}
	}
}

// statusUnchanged is the value of 2110 for a status that stayed as it was.
const statusUnchanged = 255

func statusAsOperation(c *checker, r *Rule) {
	operation := fiscal.OperationType(c.root.uint(ffd.TagOperationType))
	if operation != fiscal.Sell && operation != fiscal.SellReturn {
		return
	}
	for i := range c.root.nodes {
		goods := &c.root.nodes[i]
		if goods.Tag != ffd.TagMarkedItem {
			continue
		}
		n := goods.Child(ffd.TagAssignedStatus)
		status := number(n)
		if n == nil || status == statusUnchanged {
			continue
		}
		if returned := status == 3 || status == 4; returned != (operation == fiscal.SellReturn) {
			c.fail(r, n, fmt.Sprintf("признак расчёта %d, статус %d", operation, status))
		}
	}
}
