package report

import (
	"context"
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// page is how many documents are read at once.
const page = store.MaxLimit

// each calls work for every document of the report's registers and period that q
// finds, oldest first.
func (m *making) each(ctx context.Context, q store.Search, work func(p *store.Projection) error) error {
	q.Oldest = true
	var after store.Place
	for {
		found, err := m.s.o.Ledger.Search(ctx, m.sight, q, after, page)
		if err != nil {
			return err
		}
		for i := range found {
			if err := work(&found[i]); err != nil {
				return err
			}
		}
		if len(found) < page {
			return nil
		}
		after = store.PlaceOf(&found[len(found)-1])
	}
}

// sums of receipts of one kind.
type sums struct {
	documents int64
	total     fiscal.Kopecks
	paid      store.Paid
	vat       store.VAT
}

func (s *sums) add(p *store.Projection) {
	s.documents++
	s.total += p.Total
	s.paid.Add(p.Paid)
	for i := range s.vat {
		s.vat[i] += p.VAT[i]
	}
}

// less is s without o.
func (s sums) less(o sums) sums {
	s.documents, s.total = s.documents+o.documents, s.total-o.total
	s.paid.Cash, s.paid.Ecash, s.paid.Prepaid = s.paid.Cash-o.paid.Cash, s.paid.Ecash-o.paid.Ecash, s.paid.Prepaid-o.paid.Prepaid
	s.paid.Credit, s.paid.Provision = s.paid.Credit-o.paid.Credit, s.paid.Provision-o.paid.Provision
	for i := range s.vat {
		s.vat[i] -= o.vat[i]
	}
	return s
}

func (s sums) cells() []any {
	return append([]any{s.total, s.paid.Cash, s.paid.Ecash, s.paid.Prepaid, s.paid.Credit, s.paid.Provision}, vatCells(s.vat)...)
}

// notHandedOver is the tax service's state of every document: the bench does not hand
// documents over yet.
const notHandedOver = "не передан"

// documents is REP-01: a line per document, sums as the document has them. Totals tell
// signs of settlement apart; the last one is the revenue: приход less возврат прихода
// of receipts and БСО, as everywhere in the cabinet. Corrections stand apart.
func (m *making) documents(ctx context.Context, t *Table) error {
	t.Columns = append([]Column{{"Торговая точка", Text}, {"Подразделение", Text}, {"Касса", Text}, {"РНМ", Text}, {"ЗН", Text}, {"ФН", Text}, {"Смена", Number}, {"Номер документа", Number},
		{"ФПД", Text}, {"Дата и время", Moment}, {"Вид документа", Text}, {"Признак расчёта", Text}, {"Налогообложение", Text}, {"Кассир", Text},
		{"Сумма", Money}, {"Наличные", Money}, {"Безналичные", Money}, {"Аванс", Money}, {"Кредит", Money}, {"Иное", Money}}, append(rateColumns(), Column{"Состояние в ФНС", Text})...)
	by := map[fiscal.OperationType]*sums{}
	var corrected sums
	err := m.each(ctx, store.Search{}, func(p *store.Projection) error {
		e := m.by[p.RegID]
		outlet, department := m.placeAt(e, p.At)
		cells := []any{text(outlet), text(department), text(e.Name), text(p.RegID), text(e.Serial), text(p.FN), nil, int64(p.FD), fmt.Sprintf("%010d", uint32(p.FPD)), p.At, p.Form.String(), nil, nil, text(p.Cashier)}
		if p.Shift != 0 {
			cells[6] = int64(p.Shift)
		}
		if !p.Form.IsReceipt() && !p.Form.IsCorrection() {
			return t.add(append(append(cells, blanks(6+len(rates))...), notHandedOver)...)
		}
		cells[11], cells[12] = p.Operation.String(), text(taxation(p.Taxation))
		var one sums
		one.add(p)
		if p.Form.IsCorrection() {
			corrected.add(p)
		} else {
			if by[p.Operation] == nil {
				by[p.Operation] = &sums{}
			}
			by[p.Operation].add(p)
		}
		return t.add(append(append(cells, one.cells()...), notHandedOver)...)
	})
	if err != nil {
		return err
	}
	total := func(title string, s sums) {
		cells := append([]any{title}, blanks(13)...)
		cells[7] = s.documents
		t.total(append(cells, s.cells()...)...)
	}
	of := func(o fiscal.OperationType) sums {
		if s := by[o]; s != nil {
			return *s
		}
		return sums{}
	}
	for o := fiscal.Sell; o <= fiscal.BuyReturn; o++ {
		if s := of(o); s.documents > 0 {
			total("Итого: "+o.String(), s)
		}
	}
	if corrected.documents > 0 {
		total("Итого: коррекции", corrected)
	}
	total("Выручка", of(fiscal.Sell).less(of(fiscal.SellReturn)))
	return nil
}

// taxation is tag 1055 in words; one that is not known stays a number.
func taxation(code uint8) string {
	switch code {
	case 0:
		return ""
	case 1:
		return "ОСН"
	case 2:
		return "УСН доход"
	case 4:
		return "УСН доход − расход"
	case 8:
		return "ЕНВД"
	case 16:
		return "ЕСХН"
	case 32:
		return "Патент"
	}
	return fmt.Sprint(code)
}

// shifts is REP-02: a line per shift that was opened in the period, the whole shift in
// it, as far as the register stood where the report looks; its place is that of the
// opening. Cash, cashless, other and VAT are приход less возврат прихода.
func (m *making) shifts(ctx context.Context, t *Table) error {
	t.Columns = append([]Column{{"Торговая точка", Text}, {"Подразделение", Text}, {"Касса", Text}, {"РНМ", Text}, {"ФН", Text}, {"Смена", Number}, {"Открыта", Moment}, {"ФД открытия", Number},
		{"Закрыта", Moment}, {"ФД закрытия", Number}, {"Кассир", Text}, {"Чеков", Number}, {"Приход", Money}, {"Возвратов", Number}, {"Возвраты", Money}, {"Выручка", Money},
		{"Наличные", Money}, {"Безналичные", Money}, {"Иные виды оплаты", Money}}, append(rateColumns(), Column{"Коррекций", Number}, Column{"Коррекции", Money})...)
	var all figures
	var after store.Place
	for {
		found, next, err := m.s.o.Ledger.Shifts(ctx, m.sight, store.Search{}, after, 200)
		if err != nil {
			return err
		}
		for _, sh := range found {
			e := m.by[sh.RegID]
			outlet, department := m.placeAt(e, sh.Opened)
			f := figuresOf(sh.Totals)
			all.add(f)
			cells := []any{text(outlet), text(department), text(e.Name), text(sh.RegID), text(sh.FN), int64(sh.Number), sh.Opened, int64(sh.OpenFD), nil, nil, text(sh.Cashier)}
			if sh.IsClosed() {
				cells[8], cells[9] = sh.Closed, int64(sh.CloseFD)
			}
			if err := t.add(append(cells, f.cells()...)...); err != nil {
				return err
			}
		}
		if len(found) == 0 || next == (store.Place{}) {
			break
		}
		after = next
	}
	cells := append([]any{"Итого"}, blanks(10)...)
	cells[5] = int64(len(t.Rows))
	t.total(append(cells, all.cells()...)...)
	return nil
}
