package life

import "time"

// Start is a document begun.
func (d *Drive) Start(k Kind, at time.Time) {
	d.Making, d.Begun = k, at
	if k == Registration || k == Change || k == CloseArchive {
		d.Begun = time.Time{}
	}
}

// Cancel drops the document being made.
func (d *Drive) Cancel() { d.Making = 0 }

// Sale is what a receipt or correction says.
type Sale struct {
	Operation int
	Kopecks   uint64
}

// Make finishes the document being made and returns it. The time is that of the
// finishing command, or of the beginning where that has none.
func (d *Drive) Make(at time.Time, s Sale) Document {
	k := d.Making
	doc := Document{FD: d.LastFD() + 1, Kind: k, At: at}
	switch k {
	case Registration, Change:
		d.Reports++
		d.Phase = Fiscal
		if d.Reports == 1 {
			d.KeyEnd = date(at).Add(time.Duration(d.KeyDays) * Day)
		}
	case OpenShift:
		d.Shift = Shift{Number: d.Shift.Number + 1, Open: true, Opened: at}
		doc.Shift = d.Shift.Number
	case Receipt, Correction:
		d.Shift.Receipts++
		doc.Shift, doc.Number, doc.Operation, doc.Kopecks = d.Shift.Number, d.Shift.Receipts, s.Operation, s.Kopecks
		d.Shift.Ledger.Add(k, s)
		d.Ledger.Add(k, s)
	case CloseShift:
		doc.Shift, doc.Receipts, doc.Documents = d.Shift.Number, d.Shift.Receipts, d.Shift.Documents+1
	case StateReport:
		if d.Shift.Open {
			doc.Shift = d.Shift.Number
		}
	case CloseArchive:
		doc.Shift = d.Shift.Number
	}
	doc.Unsent, doc.First = d.Queue(), d.First().FD
	d.Docs = append(d.Docs, doc)
	if d.Shift.Open {
		d.Shift.Documents++
	}
	switch k {
	case CloseShift:
		d.Shift.Open = false
	case CloseArchive:
		d.Phase = PostFiscal
		d.leave()
	}
	d.Making = 0
	return doc
}

// Register writes the identity of the first registration.
func (d *Drive) Register(rnm, inn string) {
	if d.Reports == 0 {
		d.RNM, d.INN = rnm, inn
	}
}

// leave is fn.md section 4: after the last confirmation only the archive is left.
func (d *Drive) leave() {
	if d.Phase == PostFiscal && d.Queue() == 0 {
		d.Phase = Archive
	}
}
