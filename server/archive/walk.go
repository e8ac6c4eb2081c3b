package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/fiscalbench/fiscalbench/server/store"
	"github.com/fiscalbench/fiscalbench/server/store/chain"
)

// row checks one row in its place.
func (v *verifier) row(r *chain.Row) {
	say := func(what Broken, format string, args ...any) {
		v.report(Problem{FN: r.FN, FD: r.FD, ID: r.ID, What: what, Text: fmt.Sprintf(format, args...)})
	}
	l := v.life(r.FN)
	if !l.known {
		v.report(Problem{FN: r.FN, FD: r.FD, ID: r.ID, What: BrokenDrive, Text: "a document of a drive that is not there"})
		return
	}
	v.link(l, r, say)
	l.rows++
	if r.Confirmed() {
		l.confirmed++
	}
	found, err := r.FindingsCount()
	if err != nil {
		say(BrokenRecord, "its findings cannot be read")
	}
	l.broken += found
	l.greatest = max(l.greatest, r.FD)
	l.seen.add(r.FD)
	if !v.o.ChainsOnly {
		v.bytes(r, say)
	}
}

// link checks the row's link and goes on from it, broken or not, so that the next
// break is found too.
func (v *verifier) link(l *life, r *chain.Row, say func(Broken, string, ...any)) {
	digest := r.Digest()
	link, head := digest.Link(l.head)
	if r.Seq == head.Length && bytes.Equal(link, r.Link) {
		l.head = head
		return
	}
	parts := digest.Differs(r.Link)
	switch {
	case slices.Contains(parts, "link"):
		say(BrokenLink, "it has no link")
		l.head = head
		return
	case l.missing != nil && l.from <= r.Seq && r.Seq <= l.to:
		l.missing = nil
		say(BrokenOrder, "place %d of the chain comes after place %d", r.Seq, l.head.Length)
	case r.Seq <= l.head.Length:
		say(BrokenOrder, "place %d of the chain comes after place %d", r.Seq, l.head.Length)
	case r.Seq > head.Length:
		if l.missing != nil {
			v.report(*l.missing)
		}
		l.from, l.to = head.Length, r.Seq-1
		text := fmt.Sprintf("places %d to %d of the chain, before this row, are not there", l.from, l.to)
		if l.head.Length == 0 {
			text += "; no protocol tells that they were deleted"
		}
		l.missing = &Problem{FN: r.FN, FD: r.FD, ID: r.ID, What: BrokenMissing, Text: text}
	}
	for _, part := range parts {
		say(Broken(part), "the %s is not what was stored", part)
	}
	if len(parts) == 0 && r.Seq == head.Length {
		say(BrokenLink, "its link does not follow from the row before and from itself")
	}
	if r.Seq > l.head.Length {
		l.head = chain.HeadOf(r.Seq, r.Link[:chain.HashLen])
	}
}

// runs are numbers that were seen, as runs in order. Numbers come nearly in order,
// so it stays as short as the list of gaps.
type runs []run

type run struct{ from, to int64 }

func (s *runs) add(n int64) {
	all := *s
	i := sort.Search(len(all), func(i int) bool { return all[i].to >= n-1 }) // the first that n touches or that lies behind it
	switch {
	case i == len(all) || n < all[i].from-1:
		all = slices.Insert(all, i, run{n, n})
	case n == all[i].from-1:
		all[i].from = n
	case n == all[i].to+1:
		all[i].to = n
		if i+1 < len(all) && all[i+1].from == n+1 {
			all[i].to = all[i+1].to
			all = slices.Delete(all, i+1, i+2)
		}
	}
	*s = all
}

// missing are the numbers between the runs that are greater than after.
func (s runs) missing(after int64) (all runs) {
	for i := 1; i < len(s); i++ {
		if m := (run{max(s[i-1].to, after) + 1, s[i].from - 1}); m.from <= m.to {
			all = append(all, m)
		}
	}
	return all
}

// manyGaps is how many runs a drive's list has at most; a full one may join runs and
// tells of numbers between them that did come (server/flk).
const manyGaps = 64

// compareGaps compares the drive's list of missing numbers with the rows; empty when
// they agree. What was deleted is beyond telling.
func (l *life) compareGaps(d *Drive) string {
	var listed []store.Gap
	if d.Gaps.Valid {
		if err := json.Unmarshal([]byte(d.Gaps.String), &listed); err != nil {
			return "the list cannot be read"
		}
	}
	if d.GapCount != int64(len(listed)) {
		return fmt.Sprintf("the drive counts %d gaps and lists %d", d.GapCount, len(listed))
	}
	var said runs
	for _, g := range listed {
		one := run{max(int64(g.From), l.deletedTo+1), int64(g.To)}
		if n := len(said); one.from <= one.to && n > 0 && said[n-1].to+1 == one.from {
			said[n-1].to = one.to
		} else if one.from <= one.to {
			said = append(said, one)
		}
	}
	are := l.seen.missing(l.deletedTo)
	if len(listed) >= manyGaps || slices.Equal(said, are) {
		return ""
	}
	return fmt.Sprintf("the drive says that numbers %s have not come, of its rows %s are missing", said, are)
}

// String lists the first few.
func (s runs) String() string {
	if len(s) == 0 {
		return "(none)"
	}
	var all []string
	for _, r := range s[:min(len(s), 5)] {
		one := fmt.Sprint(r.from)
		if r.to > r.from {
			one = fmt.Sprintf("%d–%d", r.from, r.to)
		}
		all = append(all, one)
	}
	if len(s) > 5 {
		all = append(all, "…")
	}
	return strings.Join(all, ", ")
}
