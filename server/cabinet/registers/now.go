package registers

import (
	"errors"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/cabinet/takings"
	"github.com/fiscalbench/fiscalbench/server/fleet"
	"github.com/fiscalbench/fiscalbench/server/ledger"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// now is what a register's card says of its current shift and day (CAB-074); nil for
// those who may not see revenue, and before the first shift.
type now struct {
	ledger.Shift
	Day ledger.Totals // of today where the register stands
}

func (a *area) now(v *page.Visit, e fleet.Entry) (*now, error) {
	if a.o.Ledger == nil || !v.Viewer.Can(access.SeeRevenue) || e.State.Shift == 0 {
		return nil, nil
	}
	ctx := v.R.Context()
	g, err := takings.Survey(v, a.o.Fleet)
	if err != nil {
		return nil, err
	}
	here := takings.Where{Register: e.RegID}
	n := &now{}
	n.Shift, err = a.o.Ledger.Shift(ctx, g.Sight(here), fiscal.FNNumber(e.State.FN), e.State.Shift)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil // it is not added up yet
	}
	if err != nil {
		return nil, err
	}
	n.Day, err = a.o.Ledger.Total(ctx, g.Parts(here, takings.Today()))
	return n, err
}

// latestRows is how many documents a card lists.
const latestRows = 10

// latest are the last documents of the register, newest first (CAB-071); none for those
// who may not see documents.
func (a *area) latest(v *page.Visit, reg fiscal.RegNumber) ([]store.Projection, error) {
	if a.o.Ledger == nil || !v.Viewer.Can(access.SeeDocuments) {
		return nil, nil
	}
	ctx := v.R.Context()
	sight, err := a.o.Fleet.Sight(ctx, v.Viewer, fleet.Filter{Numbers: []fiscal.RegNumber{reg}})
	if err != nil {
		return nil, err
	}
	return a.o.Ledger.Search(ctx, sight, store.Search{}, store.Place{}, latestRows)
}
