package explain

import (
	"bytes"
	"fmt"
)

// Difference is one place where two reports do not say the same. A or B is nil
// when the place exists on the other side only.
type Difference struct {
	Path string `json:"path"` // names and tags from the outside in, "#2" for a second one
	A    *Node  `json:"a,omitempty"`
	B    *Node  `json:"b,omitempty"`
}

// Diff lists the leaves that differ: by place in the structure, not by offset, so
// that one longer field does not make all that follows differ.
func Diff(a, b *Report) []Difference {
	left, order := leaves(a)
	right, orderB := leaves(b)
	var all []Difference
	for _, path := range order {
		l, r := left[path], right[path]
		if r == nil || !bytes.Equal(l.Raw, r.Raw) {
			all = append(all, Difference{path, l, r})
		}
	}
	for _, path := range orderB {
		if left[path] == nil {
			all = append(all, Difference{path, nil, right[path]})
		}
	}
	return all
}

func leaves(r *Report) (byPath map[string]*Node, order []string) {
	byPath = map[string]*Node{}
	var visit func(prefix string, nodes []Node)
	visit = func(prefix string, nodes []Node) {
		seen := map[string]int{}
		for i := range nodes {
			n := &nodes[i]
			name := n.Name
			if n.Tag != 0 {
				name = fmt.Sprintf("%d", n.Tag)
			}
			seen[name]++
			if k := seen[name]; k > 1 {
				name = fmt.Sprintf("%s#%d", name, k)
			}
			path := prefix + name
			if len(n.Children) > 0 {
				visit(path+"/", n.Children)
				continue
			}
			byPath[path] = n
			order = append(order, path)
		}
	}
	visit("", r.Nodes)
	return byPath, order
}
