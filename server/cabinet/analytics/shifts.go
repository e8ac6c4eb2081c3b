package analytics

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/takings"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// rows of the list of shifts on a page.
const rows = 30

func (a *area) showShifts(v *page.Visit) error {
	d := struct {
		Asked
		Shifts []ledger.Shift
		Next   string
	}{}
	var err error
	if d.Asked, err = a.read(v); err != nil {
		return err
	}
	if len(d.Wrong) > 0 {
		return refuse(v, a.shifts, d)
	}
	from, to := d.Span(d.Where, d.Period)
	shifts, next, err := a.o.Ledger.Shifts(v.R.Context(), d.Sight(d.Where), store.Search{From: from, To: to}, place(v.Form("after")), rows)
	if err != nil {
		return err
	}
	d.Shifts = shifts
	if next != (store.Place{}) {
		b, err := json.Marshal(next)
		if err != nil {
			return err
		}
		d.Next = d.Link(d.Path, d.Where, "after", base64.RawURLEncoding.EncodeToString(b))
	}
	return v.Render(a.shifts, d)
}

// place of a page in the address: opaque for people.
func place(text string) (p store.Place) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &p) != nil {
		return store.Place{}
	}
	return p
}

func (a *area) showShift(v *page.Visit) error {
	number, err := strconv.ParseUint(v.R.PathValue("shift"), 10, 32)
	if err != nil {
		return page.ErrNotFound
	}
	d := struct {
		Asked
		ledger.Shift
		Outlet string
	}{}
	if d.Asked, err = a.read(v); err != nil {
		return err
	}
	d.Shift, err = a.o.Ledger.Shift(v.R.Context(), d.Sight(takings.Where{}), fiscal.FNNumber(v.R.PathValue("fn")), uint32(number))
	if errors.Is(err, ledger.ErrNotFound) {
		return page.ErrNotFound
	}
	if err != nil {
		return err
	}
	opened := d.Opened
	if opened.IsZero() {
		opened = d.First // its opening report has not come
	}
	d.Outlet = d.OutletOf(d.RegID, opened)
	return v.Render(a.shift, d)
}
