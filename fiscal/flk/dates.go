package flk

import (
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Group D: dates. Registers write their local wall clock as if it were UTC (D-01).
var dateRules = []Rule{
	{ID: "D-02", Severity: Warning, FFD: vAll, Forms: formsRegister, Path: []tlv.Tag{ffd.TagDateTime}, Source: "O", Code: 9402,
		Text: "Время документа не должно опережать местное больше чем на 5 минут", document: notAhead},
	{ID: "D-03", Severity: Error, FFD: vAll, Path: []tlv.Tag{ffd.TagDateTime}, Source: "P", Code: codeTooLate,
		Text: "Дата документа должна быть не раньше 01.09.2016 и не позже завтрашнего дня", document: plausibleDate},
	{ID: "D-05", Severity: Error, FFD: vAll, Forms: formsCorrections, Path: []tlv.Tag{ffd.TagCorrectionBase, ffd.TagCorrectionDocumentDate}, Source: "O", Code: 9405,
		Text: "Дата корректируемого расчёта (1178) должна быть без времени и не позже даты документа", document: correctedBefore},
	{ID: "D-06", Severity: Warning, FFD: vAll, Forms: formsUnsent, Path: []tlv.Tag{ffd.TagUnsentFirstTime}, Source: "O", Code: 9406,
		Text: "Дата первого непереданного документа (1098) должна быть без времени", document: unsentIsDate},
	{ID: "D-08", Severity: Warning, FFD: vAll, Forms: formsClose, Path: []tlv.Tag{ffd.TagOFDResponseTimeoutSign}, Source: "O, O17", Code: 9408,
		Text:     "Признак превышения времени ожидания (1053) ставится, только если первый непереданный документ старше двух дней (пяти в ФФД 1.0)",
		document: timeoutFounded},
}

const (
	day = 24 * 60 * 60 // seconds
	// eastmost is the greatest offset of a Russian zone (Камчатка, UTC+12), seconds.
	eastmost  = 12 * 60 * 60
	tolerance = 5 * 60 // of a register's clock, seconds
)

// firstDate is 01.09.2016, before which no document of these formats was made.
var firstDate = uint64(time.Date(2016, time.September, 1, 0, 0, 0, 0, time.UTC).Unix())

// moment is a unixtime; false when absent or of a wrong length.
func moment(n *tlv.Node) (uint64, bool) {
	if n == nil || len(n.Value) != 4 {
		return 0, false
	}
	return number(n), true
}

// notAhead is D-02 as far as it goes without the zone: later than in the eastmost
// zone is later than anywhere. What D-03 refuses it leaves alone.
func notAhead(c *checker, r *Rule) {
	n := c.root.get(ffd.TagDateTime)
	at, ok := moment(n)
	if !ok || c.ctx.Now.IsZero() {
		return
	}
	now := c.ctx.Now.Unix()
	if ahead := int64(at) - now; ahead > eastmost+tolerance && ahead <= day {
		c.fail(r, n, "позже, чем в самом восточном часовом поясе")
	}
}

func plausibleDate(c *checker, r *Rule) {
	n := c.root.get(ffd.TagDateTime)
	at, ok := moment(n)
	if !ok {
		return
	}
	switch {
	case at < firstDate:
		c.addCode(r, r.SeverityIn(c.ffd), r.Path, n.Offset, codeTooEarly, "раньше 01.09.2016")
	case !c.ctx.Now.IsZero() && int64(at)-c.ctx.Now.Unix() > day:
		c.fail(r, n, "больше чем на сутки позже времени получения")
	}
}

func correctedBefore(c *checker, r *Rule) {
	base := c.root.get(ffd.TagCorrectionBase)
	if base == nil {
		return
	}
	n := base.Child(ffd.TagCorrectionDocumentDate)
	at, ok := moment(n)
	if !ok {
		return
	}
	if at%day != 0 {
		c.fail(r, n, "указано время суток")
	}
	if made, ok := moment(c.root.get(ffd.TagDateTime)); ok && at > made {
		c.fail(r, n, "позже даты документа")
	}
}

func unsentIsDate(c *checker, r *Rule) {
	n := c.root.get(ffd.TagUnsentFirstTime)
	if at, ok := moment(n); ok && at%day != 0 {
		c.fail(r, n, "")
	}
}

// timeoutFounded is D-08 for the closing report, which alone carries both the sign
// and the date of the first unsent document.
func timeoutFounded(c *checker, r *Rule) {
	n := c.root.get(ffd.TagOFDResponseTimeoutSign)
	if n == nil || number(n) != 1 {
		return
	}
	if unsent := c.root.get(ffd.TagUnsentCount); unsent != nil && number(unsent) == 0 {
		c.fail(r, n, "непереданных документов нет")
		return
	}
	limit := uint64(2 * day)
	if c.ffd == fiscal.FFD10 {
		limit = 5 * day
	}
	first, dated := moment(c.root.get(ffd.TagUnsentFirstTime))
	made, timed := moment(c.root.get(ffd.TagDateTime))
	if dated && timed && first > firstDate && made < first+limit {
		c.fail(r, n, "первый непереданный документ моложе")
	}
}
