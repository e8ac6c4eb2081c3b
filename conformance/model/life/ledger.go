package life

// Ledger counts receipts by operation, corrections apart (fn.md section 8).
type Ledger struct {
	Sales       [4]Count
	Corrections [4]Count
}

// Count is a number of receipts and their sum in kopecks.
type Count struct {
	Number int
	Sum    uint64
}

// Add counts a receipt or correction.
func (l *Ledger) Add(k Kind, s Sale) {
	c := &l.Sales[s.Operation-1]
	if k == Correction {
		c = &l.Corrections[s.Operation-1]
	}
	c.Number++
	c.Sum += s.Kopecks
}

// Terms are the conditions of a registration on which the life of the keys depends.
type Terms struct {
	Months     int // nominal: 13, 15 or 36
	Autonomous bool
	FFD12      bool
	General    bool // general tax system
	Goods      bool // not services alone
	Excise     bool
}

// KeyDays is the table of fn.md 5.1; the shortest row that holds counts.
func (t Terms) KeyDays() int {
	days := map[int]int{13: 410, 15: 470, 36: 1110}[t.Months]
	shorten := func(n int, when bool) {
		if when {
			days = min(days, n)
		}
	}
	shorten(410, t.Months == 15 && t.Autonomous)
	shorten(560, t.Months == 36 && t.Autonomous)
	shorten(410, t.Months == 36 && t.Autonomous && t.FFD12 && t.Goods && t.General)
	shorten(560, t.Months == 36 && t.General && t.Goods)
	shorten(410, t.Excise && (t.Months == 36 || t.FFD12))
	return days
}
