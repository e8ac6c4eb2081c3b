package watch_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/conformance/watch"
)

// small is a short life with every kind of document that faults can spoil.
const small = `
start: 2026-08-03T09:00
steps:
  - register: {ffd: 1.1}
  - open: {}
  - sell: {count: 3}
  - advance: 1h
  - sell: {}
  - close: {}
`

// patience of the register in these tests; the judge's own times stay.
const patience = 300 * time.Millisecond

// Every mistake that a register can be made to make on the wire turns the requirement
// red that it breaks, and no requirement of the operator that has no business there.
func TestWatch_NoticesARegistersFaults(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		rule string
		id   string
	}{
		{"send.bad-crc:fd=3,nth=1", "E-09"},
		{"send.bad-crc:fd=3,nth=1,part=session", "E-05"},
		{"send.bad-length:fd=3,nth=1,part=container", "E-08"},
		{"send.bad-sign:fd=3,nth=1", "E-13"},
		{"send.wrong-fd:fd=3,nth=1", "E-17"},
		{"send.wrong-fn:fd=3,nth=1,part=container", "E-11"},
		{"send.truncate:fd=3,nth=1,keep=70", "E-07"},
		{"send.duplicate:fd=3,nth=1", "W-01"},
		{"send.stale:fd=4,nth=1", "K-020"},
		{"receipt.drop:fd=3,nth=1", "K-020"},
		{"conn.reset:fd=3,nth=1,at=message,keep=50", "E-07"},
		{"clock.jump:fd=6,nth=1,by=5d", "D-03"},
		{"send.bad-length:fd=3,nth=1,part=session,by=-1", "E-08"}, // with TORTURE=1 from here
		{"send.bad-length:fd=3,nth=1,part=session", "E-07"},
		{"send.wrong-fn:fd=3,nth=1,part=session", "E-11"},
		{"send.truncate:fd=3,nth=1,keep=10,then=reset", "E-07"},
	} {
		if i >= 12 && os.Getenv("TORTURE") == "" {
			continue
		}
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			real, _ := ofd(t)
			o := watch.Options{Forward: real}
			if c.id == "D-03" {
				o.Now = func() time.Time { return time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC) }
			}
			w, addr, told, over := watching(t, o)
			l := play(t, addr, small, patience, c.rule)
			require.NoError(t, l.err)
			over()
			_, broken := w.Counts(c.id, "*")
			assert.Positive(t, broken, "%v", told.lines())
			for _, id := range []string{"W-26", "W-25", "W-24", "W-23", "W-14", "O-021"} {
				_, broken := w.Counts(id, "*")
				assert.Zero(t, broken, "%s: %v", id, told.lines())
			}
			for _, id := range []string{"E-09", "E-13", "E-17", "E-02", "S-07", "M-03"} {
				if _, broken := w.Counts(id, "*"); id != c.id {
					if c.id == "E-08" || c.id == "E-11" || c.id == "E-17" || c.id == "E-07" { // a changed length or number breaks the codes over it too
						continue
					}
					assert.Zero(t, broken, "%s: %v", id, told.lines())
				}
			}
			assert.Equal(t, 1, failing(w, c.id))
		})
	}
}

// failing reports 1 when the results say that the requirement failed, with a check
// that did not hold.
func failing(w *watch.Watch, id string) int {
	run := w.Results()
	for i := range run.Results {
		if r := &run.Results[i]; r.ID == id && (r.Outcome == "fail" || r.Outcome == "warn") && len(r.Failed()) > 0 && len(r.Exchanges) > 0 {
			return 1
		}
	}
	return 0
}

// A reset before the answer, seen by the operator that the watch is not.
func TestWatch_NoticesAResetBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	real, _ := ofd(t, "reply.delay:fd=3,nth=1,time=200ms")
	w, addr, told, over := watching(t, watch.Options{Forward: real})
	l := play(t, addr, small, patience, "conn.reset:fd=3,nth=1,at=sent")
	require.NoError(t, l.err)
	over()
	_, broken := w.Counts("K-061", "*")
	assert.Positive(t, broken, "%v", told.lines())
}

// Every mistake that an operator can be made to make turns the requirement red that
// it breaks; the register's reaction to it is seen and right.
func TestWatch_NoticesAnOperatorsFaults(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		rule     string
		id       string
		reaction string // requirement on the register that is held
	}{
		{"conn.reset:fd=3,nth=1,at=stored", "W-20", "K-061"},
		{"conn.half-close:fd=3,nth=1,at=request", "W-20", "K-061"},
		{"store.fail:fd=3,nth=1", "W-20", "K-061"},
		{"reply.code:fd=3,nth=1", "O-021", "K-023"},
		{"reply.wrong-fd:fd=4,nth=1", "W-24", "K-080"},
		{"reply.wrong-fn:fd=3,nth=1", "W-12", "K-071"},
		{"reply.stale:fd=4,nth=1", "W-24", "K-082"},
		{"reply.foreign:fd=4,nth=1,header=own", "W-23", "K-071"},
		{"reply.bad-sign:fd=3,nth=1", "W-26", "K-090"},
		{"reply.bad-crc:fd=3,nth=1", "W-14", "K-070"},
		{"reply.bad-length:fd=3,nth=1,part=container", "W-13", "K-070"},
		{"reply.duplicate:fd=3,nth=1", "W-21", ""},
		{"reply.truncate:fd=3,nth=1,keep=40", "W-22", "K-096"},
		{"clock.jump:fd=3,nth=1,by=2h", "O-028", ""},
		{"accept.refuse:nth=3", "", ""}, // with TORTURE=1 from here
		{"conn.reset:fd=3,nth=1,at=request", "W-20", "K-061"},
		{"conn.reset:fd=3,nth=1,at=reply,keep=20", "W-22", "K-096"},
		{"reply.wrong-fd:fd=4,nth=1,part=container", "TRN-030", "K-080"},
		{"reply.wrong-fd:fd=4,nth=1,as=text", "TRN-030", "K-081"},
		{"reply.wrong-fn:fd=3,nth=1,part=document", "W-23", "K-071"},
		{"reply.foreign:fd=4,nth=1", "W-12", "K-071"},
		{"reply.bad-crc:fd=3,nth=1,part=session", "W-27", ""},
		{"reply.bad-length:fd=3,nth=1,part=session", "W-22", ""},
		{"reply.drop:fd=3,nth=1,then=close", "W-20", "K-061"},
		{"reply.drop:fd=3,nth=1,then=listen", "W-20", "K-061"},
		{"reply.truncate:fd=3,nth=1,keep=-1,then=reset", "W-22", "K-096"},
		{"clock.jump:fd=3,nth=1,by=-40d", "O-028", ""},
	} {
		if i >= 14 && os.Getenv("TORTURE") == "" {
			continue
		}
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			real, _ := ofd(t, c.rule)
			w, addr, told, over := watching(t, watch.Options{Forward: real})
			l := play(t, addr, small, patience, "send.split:nth=100000") // a register that tries again
			require.NoError(t, l.err)
			over()
			if c.id == "" { // a connection that ends before anything was sent is nobody's mistake
				assert.Empty(t, told.lines())
				return
			}
			_, broken := w.Counts(c.id, "*")
			assert.Positive(t, broken, "%v", told.lines())
			assert.Equal(t, 1, failing(w, c.id))
			for _, b := range told.all {
				if b.Requirement.ID == "K-020" || b.Requirement.ID == "K-061" {
					continue // on a busy machine this register gives up before an answer that is on its way
				}
				assert.Equal(t, "ofd", string(b.Requirement.Of), "%v", told.lines())
			}
			if c.reaction != "" {
				held, _ := w.Counts(c.reaction, "*")
				assert.Positive(t, held, "%s is seen", c.reaction)
			}
		})
	}
}

// A late answer and a legal split are told apart: the first warns, the second is
// nobody's mistake.
func TestWatch_TimesAnswers(t *testing.T) {
	t.Parallel()
	real, _ := ofd(t, "reply.split:always,size=7", "reply.delay:fd=3,nth=1,time=3100ms")
	w, addr, told, over := watching(t, watch.Options{Forward: real})
	l := play(t, addr, small, 10*time.Second)
	require.NoError(t, l.err)
	over()
	require.Len(t, told.all, 1)
	assert.Equal(t, "TRN-064", told.all[0].Requirement.ID)
	assert.Equal(t, 1, failing(w, "TRN-064"))
}

// A drive that refuses a right confirmation makes the register send what was
// confirmed.
func TestWatch_NoticesARefusedConfirmation(t *testing.T) {
	t.Parallel()
	w, addr, told, over := watching(t, watch.Options{})
	l := play(t, addr, "faults", patience)
	require.NoError(t, l.err)
	over()
	_, broken := w.Counts("K-020", "*")
	assert.Equal(t, 1, broken, "%v", told.lines())
	assert.Len(t, told.all, 1)
}
