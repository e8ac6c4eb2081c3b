package torture

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
)

const judgeLimit = time.Minute

// written is a history by hand: documents of two drives, some of them repeated, some
// without an answer, some refused for a number that is taken.
type written struct {
	*history
	ledgers map[fiscal.FNNumber]reading
}

func named(text string) digest { return digestOf([]byte(text)) }

func (w *written) send(fn fiscal.FNNumber, fd fiscal.FDNumber, document string, v verdict, confirmation string) {
	w.sent(w.tick(), sending{fn, fd, named(document)}, ending{v, named(confirmation)})
}

func (w *written) stored(fn fiscal.FNNumber, fd fiscal.FDNumber, document, confirmation string) {
	if w.ledgers[fn] == nil {
		w.ledgers[fn] = reading{}
	}
	w.ledgers[fn][fd] = []entry{{named(document), named(confirmation)}}
}

// lawful is what a crash may leave: FD 3 of drive A was lost on the way once and
// stored without an answer another time, FD 5 was sent and never stored.
func lawful() *written {
	w := &written{newHistory(), map[fiscal.FNNumber]reading{}}
	for _, fn := range []fiscal.FNNumber{"A", "B"} {
		w.send(fn, 1, "one", confirmed, "ack one")
		w.send(fn, 2, "two", unknown, "")
		w.send(fn, 2, "two", confirmed, "ack two")
		w.send(fn, 2, "another two", refused, "")
		w.send(fn, 3, "three", unknown, "")
		w.send(fn, 3, "three", unknown, "")
		w.send(fn, 3, "three", confirmed, "ack three")
		w.send(fn, 1, "one", confirmed, "ack one")
		w.send(fn, 4, "four", unknown, "")
		w.send(fn, 5, "five", unknown, "")
		w.stored(fn, 1, "one", "ack one")
		w.stored(fn, 2, "two", "ack two")
		w.stored(fn, 3, "three", "ack three")
		w.stored(fn, 4, "four", "ack four")
	}
	return w
}

func (w *written) judged() (bad []string) {
	for fn, r := range w.ledgers {
		w.audited(w.tick(), fn, r)
	}
	_, bad = judge(w.ops, judgeLimit)
	return bad
}

func TestModel_TakesLawfulHistory(t *testing.T) {
	t.Parallel()
	require.Empty(t, lawful().judged())
}

// Every way to break the promise turns the model red.
func TestModel_RefusesDoctoredHistory(t *testing.T) {
	t.Parallel()
	for name, doctor := range map[string]func(w *written){
		"lost document":             func(w *written) { delete(w.ledgers["A"], 2) },
		"doubled document":          func(w *written) { w.ledgers["A"][2] = append(w.ledgers["A"][2], w.ledgers["A"][2][0]) },
		"doubled with other bytes":  func(w *written) { w.send("A", 3, "another three", confirmed, "ack another three") },
		"other bytes stored":        func(w *written) { w.stored("A", 3, "another three", "ack three") },
		"changed confirmation":      func(w *written) { w.send("A", 1, "one", confirmed, "another ack one") },
		"other confirmation stored": func(w *written) { w.stored("A", 1, "one", "another ack one") },
		"refused for nothing":       func(w *written) { w.send("A", 9, "nine", refused, "") },
		"refused itself":            func(w *written) { w.send("A", 1, "one", refused, "") },
		"never sent":                func(w *written) { w.stored("A", 8, "eight", "ack eight") },
		"forgotten and taken anew":  func(w *written) { w.send("A", 2, "two", confirmed, "ack two, later") },
		"read and then gone": func(w *written) {
			w.audited(w.tick(), "B", w.ledgers["B"])
			w.ledgers["B"] = reading{1: w.ledgers["B"][1], 2: w.ledgers["B"][2], 3: w.ledgers["B"][3]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := lawful()
			doctor(w)
			assert.Len(t, w.judged(), 1)
		})
	}
}

// A long history with one confirmed document missing is found out in time.
func TestModel_FindsOneLostAmongThousands(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	w := &written{newHistory(), map[fiscal.FNNumber]reading{}}
	for fd := fiscal.FDNumber(1); fd <= 2000; fd++ {
		text := string(rune(fd))
		for r.IntN(20) == 0 {
			w.send("A", fd, text, unknown, "")
		}
		w.send("A", fd, text, confirmed, text)
		w.stored("A", fd, text, text)
	}
	delete(w.ledgers["A"], 1234)
	bad := w.judged()
	require.Len(t, bad, 1)
	assert.Contains(t, bad[0], "FN A FD 1234: illegal")
}

// Two documents for one number, sent again and again without an answer while the
// server is away, are judged in time.
func TestModel_BearsLongSilence(t *testing.T) {
	t.Parallel()
	w := &written{newHistory(), map[fiscal.FNNumber]reading{}}
	for range 50 {
		w.send("A", 1, "one", unknown, "")
		w.send("A", 1, "another", unknown, "")
	}
	w.send("A", 1, "one", refused, "")
	w.send("A", 1, "another", confirmed, "ack another")
	w.stored("A", 1, "another", "ack another")
	require.Empty(t, w.judged())
	w.send("A", 1, "one", confirmed, "ack one")
	require.Len(t, w.judged(), 1)
}
