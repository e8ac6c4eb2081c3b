package torture

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/wire"
	"github.com/fiscalbench/fiscalbench/server/store"
)

// found is what a look into the store told.
type found struct {
	documents              int
	lost, doubled, changed int
	ledgers                map[fiscal.FNNumber]reading
	problems               []string
}

func (f *found) problem(format string, args ...any) {
	if len(f.problems) < maxWrongs {
		f.problems = append(f.problems, fmt.Sprintf(format, args...))
	}
}

// look compares the store with what registers hold. Documents that come while it
// looks are of no matter: what is held was stored before.
func look(ctx context.Context, s store.Store, l *load) (*found, error) {
	f := &found{ledgers: map[fiscal.FNNumber]reading{}}
	wanted := map[key]held{}
	mine := map[fiscal.FNNumber]bool{}
	for _, r := range l.registers {
		mine[r.fn] = true
		for _, h := range r.holds() {
			wanted[key{r.fn, h.fd}] = h
		}
	}
	places := map[int64]bool{}
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		rows, err := s.Documents(ctx, store.DocumentFilter{}, page)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			f.document(&rows[i], wanted, mine, places)
			page.After = rows[i].ID
		}
		if len(rows) < page.Limit {
			break
		}
	}
	for k, h := range wanted {
		// The list may end before rows that others are still writing.
		d, err := s.Document(ctx, k.fn, k.fd)
		if err != nil {
			f.lost++
			f.problem("FN %s FD %d: confirmed and lost: %v", k.fn, k.fd, err)
			continue
		}
		f.compare(&d, h)
	}
	return f, nil
}

// document takes a row of the list and crosses it off.
func (f *found) document(d *store.Document, wanted map[key]held, mine map[fiscal.FNNumber]bool, places map[int64]bool) {
	f.documents++
	r := f.ledgers[d.FN]
	if r == nil {
		r = reading{}
		f.ledgers[d.FN] = r
	}
	r[d.FD] = append(r[d.FD], entry{digestOf(d.Message[wire.HeaderLen:]), digestOf(d.Confirmation)})
	if len(r[d.FD]) > 1 || places[d.ID] {
		f.doubled++
		f.problem("FN %s FD %d: stored twice", d.FN, d.FD)
	}
	places[d.ID] = true
	k := key{d.FN, d.FD}
	if h, ok := wanted[k]; ok {
		f.compare(d, h)
		delete(wanted, k)
	}
	if mine[d.FN] && (len(d.Findings) > 0 || d.Fault != fiscal.FaultNone) {
		f.problem("FN %s FD %d: flagged %s: %v", d.FN, d.FD, d.Fault, d.Findings)
	}
}

func (f *found) compare(d *store.Document, h held) {
	if !bytes.Equal(d.Message[wire.HeaderLen:], h.document) || !bytes.Equal(d.Confirmation, h.confirmation) {
		f.changed++
		f.problem("FN %s FD %d: the store and its register have other bytes", d.FN, d.FD)
	}
}

// drives compares the state of drives with their documents, when nobody writes.
func (f *found) drives(ctx context.Context, s store.Store) error {
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		rows, err := s.Drives(ctx, page)
		if err != nil {
			return err
		}
		for i := range rows {
			v := &rows[i]
			var last fiscal.FDNumber
			for fd := range f.ledgers[v.FN] {
				last = max(last, fd)
			}
			if n := int64(len(f.ledgers[v.FN])); v.Documents != n || v.LastFD != last || len(v.Gaps) > 0 {
				f.problem("FN %s: the drive says %d documents, last %d, %d gaps; there are %d, last %d", v.FN, v.Documents, v.LastFD, len(v.Gaps), n, last)
			}
			page.After = v.ID
		}
		if len(rows) < page.Limit {
			return nil
		}
	}
}

// requireSound ends the test when something was found.
func (f *found) requireSound(t *testing.T, when string) {
	t.Helper()
	for _, p := range f.problems {
		t.Error(p)
	}
	require.Empty(t, f.problems, when)
}

// verify runs ofd verify on a store, where the program knows it. It reports whether
// it did.
func verify(t *testing.T, program, spec string) bool {
	t.Helper()
	help, err := exec.Command(program, "--help").CombinedOutput()
	require.NoError(t, err)
	if !strings.Contains(string(help), "\n  verify") {
		return false
	}
	out, err := exec.Command(program, "verify", "--store="+spec).CombinedOutput()
	require.NoError(t, err, "ofd verify: %s", out)
	return true
}
