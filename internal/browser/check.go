package browser

import (
	_ "embed"
	"fmt"
)

//go:embed check.js
var checks string

// Finding is something that keeps somebody from using a page.
type Finding struct {
	Rule  string `json:"rule"`  // "label", "contrast" …
	Where string `json:"where"` // which thing on the page
	Text  string `json:"text"`  // what is wrong with it
}

// String is the finding in a line.
func (f Finding) String() string { return f.Rule + ": " + f.Where + ": " + f.Text }

// Check looks at the page as it is now: names of fields, buttons and drawings, order
// of headings, contrast of every text (4.5, large text 3), width of the page; with
// phone also the size of what is to be touched (24 pixels, or room around).
func (tab *Tab) Check(phone bool) []Finding {
	tab.t.Helper()
	return ask[[]Finding](tab, eyes+checks, "check", phone)
}

// Keyboard walks through the page with the key Tab and tells what it missed: every
// link, button and field is reached once, in the order of the page, and can be seen
// to have the focus. It looks at the first most stops.
func (tab *Tab) Keyboard(most int) []Finding {
	tab.t.Helper()
	type focus struct {
		Index int    `json:"index"`
		Of    int    `json:"of"`
		Where string `json:"where"`
		Seen  bool   `json:"seen"`
		Parts bool   `json:"parts"` // of a date
		Frame bool   `json:"frame"` // another page within
	}
	Eval[bool](tab, `(() => { document.activeElement?.blur(); window.getSelection()?.removeAllRanges(); scrollTo(0, 0); return true; })()`)
	var found []Finding
	of := ask[int](tab, eyes+checks, "(() => stops().length)")
	for i := range min(of, most) {
		tab.Tab()
		f := ask[focus](tab, eyes+checks, "focus")
		for part := 0; (f.Frame || f.Parts && f.Index == i-1) && part < 8; part++ { // day, month, year and the calendar of one field
			tab.Tab()
			f = ask[focus](tab, eyes+checks, "focus")
		}
		if f.Index != i {
			found = append(found, Finding{"keyboard", f.Where, fmt.Sprintf("the key came to stop %d instead of %d of %d", f.Index, i, of)})
			return found
		}
		if !f.Seen {
			found = append(found, Finding{"focus-seen", f.Where, "nothing shows the focus"})
		}
	}
	return found
}
