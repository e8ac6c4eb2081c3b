package desk

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/cabinet/page"
	"github.com/fiscalbench/fiscalbench/server/fleet"
)

// view is what of the exchanges a viewer may see: on an open bench everything, else
// those of drives that stand in the viewer's registers.
type view struct {
	all    bool
	words  bool // what documents say
	drives map[fiscal.FNNumber]bool
	regs   map[fiscal.RegNumber]bool
}

// look finds out what the viewer may see. The drive of a register is the one its
// documents came from: a number that somebody typed in opens nothing.
func (a *area) look(v *page.Visit) (view, error) {
	w := view{all: a.o.Open, words: v.Viewer.Can(access.SeeDocuments), drives: map[fiscal.FNNumber]bool{}, regs: map[fiscal.RegNumber]bool{}}
	if w.all {
		return w, nil
	}
	entries, err := a.o.Fleet.Registers(v.R.Context(), v.Viewer, fleet.Filter{})
	if err != nil {
		return w, err
	}
	for _, e := range entries {
		if e.State.FN != "" {
			w.drives[e.State.FN] = true
		}
		w.regs[e.RegID] = true
	}
	return w, nil
}

func (w view) sees(fn fiscal.FNNumber) bool { return w.all || w.drives[fn] }

const (
	// freshen is how often a stream asks anew what its viewer may see.
	freshen = 5 * time.Second
	// sign of life for proxies between.
	alive = 20 * time.Second
)

// stream sends exchanges as they happen (server-sent events, "html").
func (a *area) stream(v *page.Visit) error {
	w, err := a.look(v)
	if err != nil {
		return err
	}
	l := a.o.Hub.Listen()
	defer l.Close()
	out := http.NewResponseController(v.W)
	h := v.W.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	v.W.WriteHeader(http.StatusOK)
	send := func(format string, args ...any) error {
		if err := out.SetWriteDeadline(time.Now().Add(alive)); err != nil && !strings.Contains(err.Error(), "not supported") {
			return err
		}
		if _, err := fmt.Fprintf(v.W, format, args...); err != nil {
			return err
		}
		return out.Flush()
	}
	if err := send(": the desk\n\n"); err != nil {
		return nil
	}
	again, beat := time.NewTicker(freshen), time.NewTicker(alive)
	defer again.Stop()
	defer beat.Stop()
	for {
		select {
		case <-v.R.Context().Done():
			return nil
		case <-beat.C:
			err = send(": alive\n\n")
		case <-again.C:
			if !v.Still(access.DriveTheBench) {
				return nil
			}
			var fresh view
			if fresh, err = a.look(v); err == nil {
				w = fresh
			}
		case s, open := <-l.C:
			if !open {
				return nil
			}
			if !w.sees(s.FN) {
				continue
			}
			if n := l.Dropped(); n > 0 {
				if send("event: html\ndata: <li class=\"note\">Пропущено обменов: %d. Браузер не успевает.</li>\n\n", n) != nil {
					return nil
				}
			}
			html, drawn := a.draw(v.R.Context(), s, w.words, v.Zone())
			if drawn != nil {
				a.f.Logger().Error("desk", "err", drawn)
				return nil
			}
			err = send("event: html\ndata: %s\n\n", strings.ReplaceAll(strings.TrimSpace(string(html)), "\n", "\ndata: "))
		}
		if err != nil {
			return nil // the browser went away
		}
	}
}
