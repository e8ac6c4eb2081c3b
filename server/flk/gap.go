package flk

import (
	"slices"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// MaxGaps is how many runs of missing numbers one drive may have. A drive that
// leaves more has its two oldest runs counted as one, received numbers between
// them included: a sign of trouble far beyond what a list can show.
const MaxGaps = 64

// unbroken reports whether every document strictly between two numbers was
// received and read.
func (h *History) unbroken(from, to fiscal.FDNumber) bool {
	if from < h.Unseen && h.Unseen < to {
		return false
	}
	for i := len(h.Gaps) - 1; i >= 0; i-- {
		g := h.Gaps[i]
		if g.To <= from {
			return true
		}
		if g.From < to {
			return false
		}
	}
	return true
}

// addGap returns gaps with the run from–to added in its place.
func addGap(gaps []store.Gap, from, to fiscal.FDNumber, at time.Time) []store.Gap {
	out := make([]store.Gap, 0, len(gaps)+1)
	i := 0
	for i < len(gaps) && gaps[i].From < from {
		i++
	}
	out = append(out, gaps[:i]...)
	out = append(out, store.Gap{From: from, To: to, Since: at})
	out = append(out, gaps[i:]...)
	if len(out) > MaxGaps {
		out[1] = store.Gap{From: out[0].From, To: out[1].To, Since: out[0].Since}
		out = out[1:]
	}
	return out
}

// fillGap returns gaps without the number fd, and whether it was missing.
func fillGap(gaps []store.Gap, fd fiscal.FDNumber) ([]store.Gap, bool) {
	i := slices.IndexFunc(gaps, func(g store.Gap) bool { return g.From <= fd && fd <= g.To })
	if i < 0 {
		return gaps, false
	}
	g := gaps[i]
	out := make([]store.Gap, 0, len(gaps)+1)
	out = append(out, gaps[:i]...)
	if g.From < fd {
		out = append(out, store.Gap{From: g.From, To: fd - 1, Since: g.Since})
	}
	if fd < g.To {
		out = append(out, store.Gap{From: fd + 1, To: g.To, Since: g.Since})
	}
	return append(out, gaps[i+1:]...), true
}
