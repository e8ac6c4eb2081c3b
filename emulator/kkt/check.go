package kkt

import (
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/emulator/fnport"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// check refuses what law or format forbid, before anything is asked of the drive.
func (s *settlement) check() {
	s.checkOperation()
	s.checkItems()
	s.checkSums()
	s.checkBuyer()
	s.checkAgents()
	if s.correction != nil {
		s.checkCorrection()
	}
}

func (s *settlement) checkOperation() {
	w := s.w
	switch {
	case s.Operation < fiscal.Sell || s.Operation > fiscal.BuyReturn:
		w.refuse("R-01", "признак расчета (1054) %d: нужен 1, 2, 3 или 4", s.Operation)
	case s.correction != nil && w.v == fiscal.FFD105 && s.Operation != fiscal.Sell && s.Operation != fiscal.Buy:
		w.refuse("R-01", "чек коррекции ФФД 1.05: признак расчета только приход (1) или расход (3)")
	}
	switch {
	case s.Tax == 0:
		w.refuse("R-02", "ККТ зарегистрирована с несколькими системами налогообложения: укажите применяемую (1055)")
	case s.Tax&(s.Tax-1) != 0:
		w.refuse("R-02", "система налогообложения чека (1055) должна быть одна")
	case s.Tax&^s.reg.Tax != 0:
		w.refuse("R-02", "система налогообложения чека (1055) не указана при регистрации ККТ")
	}
	if s.reg.Automatic && s.MachineNumber == "" {
		w.refuse("R-10", "автоматический режим: в чеке нужен номер автомата (1036)")
	}
}

// checkSums computes the items' sums and compares totals and payments, all in whole
// kopecks.
func (s *settlement) checkSums() {
	w := s.w
	items := fiscal.Kopecks(0)
	for _, sum := range s.sums {
		if items += sum; items > fiscal.MaxKopecks {
			w.refuse(RuleValue, "сумма предметов расчета вне пределов")
			return
		}
	}
	s.total = items
	if s.Total != nil {
		s.total = *s.Total
		if len(s.Items) > 0 && s.total/100 != items/100 {
			w.refuse("M-02", "итог чека %s не равен сумме предметов расчета %s: допустимо расхождение в копейках", s.total, items)
		}
	} else if len(s.Items) == 0 {
		w.refuse(RuleRequired, "без предметов расчета нужен итог чека (1020)")
	}
	if s.total < 0 || s.total > fnport.MaxTotal {
		w.refuse(RuleValue, "итог чека %s вне пределов", s.total)
	}
	p := &s.Payments
	for _, k := range []fiscal.Kopecks{p.Cash, p.Ecash, p.Prepaid, p.Credit, p.Provision} {
		if k < 0 || k > fiscal.MaxKopecks {
			w.refuse(RuleValue, "сумма оплаты %s вне пределов", k)
			return
		}
	}
	if paid := p.Cash + p.Ecash + p.Prepaid + p.Credit + p.Provision; paid != s.total {
		w.refuse("M-03", "сумма оплат %s не равна итогу чека %s", paid, s.total)
	}
	if len(p.Details) > 0 {
		var parts fiscal.Kopecks
		for _, d := range p.Details {
			parts += d.Sum
		}
		if parts != p.Ecash {
			w.refuse("M-04", "сумма сведений о безналичных оплатах (1082) %s не равна безналичной оплате %s", parts, p.Ecash)
		}
	}
	s.checkVAT()
}

// checkBuyer is and the shape of the buyer's data. Values are personal
// and do not enter the texts.
func (s *settlement) checkBuyer() {
	w := s.w
	if c := s.BuyerContact; c != "" && c != "none" && !isPhone(c) && !isEmail(c) {
		w.refuse("R-12", "телефон или электронный адрес покупателя (1008): нужны +цифры, адрес почты или none")
	}
	if c := s.SellerAddress; c != "" && c != "none" && !isEmail(c) && !isPhone(c) {
		w.refuse("R-12", "адрес отправителя чека (1117): нужен адрес почты или none")
	}
	if s.Internet || s.reg.InternetOnly {
		if s.BuyerContact == "" {
			w.refuse("R-13", "расчет в «Интернет»: нужен телефон или электронный адрес покупателя (1008)")
		}
	}
	if s.Internet && !isSite(s.Place) {
		w.refuse("R-13", "расчет в «Интернет»: место расчетов (1187) — адрес сайта")
	}
	b := s.Buyer
	if b == nil {
		return
	}
	if w.v < fiscal.FFD12 && (b.Birthday != "" || b.Citizenship != "" || b.DocumentCode != "" || b.DocumentData != "" || b.Address != "") {
		w.refuse(RuleFFD, "сведения о покупателе, кроме наименования и ИНН, есть только в ФФД 1.2")
	}
	if *b == (Buyer{}) {
		w.refuse(RuleBuyer, "сведения о покупателе пусты")
	}
	if b.Birthday != "" {
		if _, err := time.Parse("02.01.2006", b.Birthday); err != nil {
			w.refuse(RuleBuyer, "дата рождения покупателя (1243): нужна в виде ДД.ММ.ГГГГ")
		}
	}
	if b.Citizenship != "" && (len(b.Citizenship) != 3 || !isDigits(b.Citizenship)) {
		w.refuse(RuleBuyer, "гражданство (1244): нужны три цифры кода страны")
	}
	if b.DocumentCode != "" && (len(b.DocumentCode) != 2 || !isDigits(b.DocumentCode)) {
		w.refuse(RuleBuyer, "код вида документа (1245): нужны две цифры")
	}
}

func (s *settlement) checkCorrection() {
	w, c := s.w, s.correction
	if c.Date.IsZero() {
		w.refuse("R-14", "дата корректируемого расчета (1178) не указана")
	} else if midnight(c.Date).After(s.at) {
		w.refuse("D-05", "дата корректируемого расчета (1178) позже чека коррекции")
	}
	if c.ByOrder && c.Number == "" {
		w.refuse("R-14", "коррекция по предписанию: нужен номер предписания (1179)")
	}
	if w.v >= fiscal.FFD11 && len(s.Items) == 0 {
		w.refuse("S-07", "чек коррекции ФФД %s: предметы расчета (1059) обязательны", w.v)
	}
}

// isPhone reports +digits.
func isPhone(s string) bool {
	return len(s) >= 5 && s[0] == '+' && isDigits(s[1:])
}

// isEmail reports something@something.something without spaces.
func isEmail(s string) bool {
	name, host, ok := strings.Cut(s, "@")
	dot := strings.LastIndexByte(host, '.')
	return ok && name != "" && dot > 0 && dot < len(host)-1 && !strings.ContainsAny(s, " ,;") && !strings.Contains(host, "@")
}

// isSite reports what may be the address of a site.
func isSite(s string) bool {
	return strings.Contains(strings.Trim(s, "."), ".") && !strings.ContainsAny(s, " ,")
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
