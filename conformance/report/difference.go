package report

import (
	"fmt"

	"github.com/fiscalbench/fiscalbench/fiscal/explain"
)

// Difference is a place in which two messages do not say the same.
type Difference struct {
	Place string // names and tags from the outside in, by message when there are several
	A, B  string // hex; empty where the place is not there
}

// Diff takes two messages given in hex apart and lists the places that differ.
func (k *Keys) Diff(a, b string) []Difference {
	if a == b {
		return nil
	}
	_, left := k.explainAll(a)
	_, right := k.explainAll(b)
	if len(left) == 0 || len(left) != len(right) {
		return []Difference{{"байты", a, b}}
	}
	var all []Difference
	for i := range left {
		place := ""
		if len(left) > 1 {
			place = fmt.Sprintf("%d/", i+1)
		}
		for _, d := range explain.Diff(left[i], right[i]) {
			all = append(all, Difference{place + d.Path, raw(d.A), raw(d.B)})
		}
	}
	if len(all) == 0 {
		return []Difference{{"байты", a, b}}
	}
	return all
}

func raw(n *explain.Node) string {
	if n == nil {
		return ""
	}
	return n.Raw.String()
}
