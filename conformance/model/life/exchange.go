package life

import "time"

// exchanging is the row of fn.md 3.1 for commands 20h–26h.
func (d *Drive) exchanging(r *Reasons) {
	if d.Phase == Archive {
		r.No("nothing is exchanged in phase 0F", WrongState)
	}
}

// Link says what may be answered to 21h.
func (d *Drive) Link() (r Reasons) {
	d.exchanging(&r)
	return r
}

// SetLink is 21h done: 0 resets reading at any time (FN-042).
func (d *Drive) SetLink(up bool) {
	d.Up = up
	if !up {
		d.Reading, d.Awaiting = false, false
	}
}

// Read says what may be answered to 22h on the drive's own timer.
func (d *Drive) Read(timer time.Duration) (r Reasons) {
	d.exchanging(&r)
	if !d.Up {
		r.No("no connection", NoTransport)
	}
	if d.Queue() == 0 {
		r.No("nothing to read", NoData)
	}
	if d.Awaiting {
		switch since := timer - d.ReadAt; {
		case since < ReceiptTimer:
			r.No("a receipt is awaited", NoData)
		case since == ReceiptTimer:
			r.Unclear(NoData)
		}
	}
	return r
}

// WasRead is 22h to 25h done: the drive awaits a receipt.
func (d *Drive) WasRead(timer time.Duration) { d.Reading, d.Awaiting, d.ReadAt = false, true, timer }

// Take says what may be answered to 26h with a right confirmation of a document. A
// right confirmation of any other document is refused with reason 3 (FN-041).
func (d *Drive) Take(fd uint32, timer time.Duration) (r Reasons) {
	d.exchanging(&r)
	switch {
	case !d.Awaiting:
		r.No("no receipt is awaited", WrongState)
		return r
	case timer-d.ReadAt >= ReceiptTimer:
		r.Unclear(WrongState)
	}
	if fd != d.First().FD {
		r.No("a receipt of another document", AckRefused)
	}
	return r
}

// Took is a confirmation taken: flags fall at once, the next document is first.
func (d *Drive) Took() {
	d.Confirmed++
	d.Reading, d.Awaiting = false, false
	d.leave()
}
