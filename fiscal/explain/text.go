package explain

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// rawShown is how many bytes of a leaf stand on its line.
const rawShown = 20

// WriteText prints the report as a tree: offset, tag, name, value, bytes; a line
// with a problem is marked and followed by what was expected.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s, %d байт\n", r.Kind, r.Len)
	places := map[int][]string{}
	start := r.documentStart()
	for _, f := range r.Findings {
		places[start+f.Offset] = append(places[start+f.Offset], fmt.Sprintf("%s %s: %s", f.Rule, f.Severity, f.Text))
	}
	writeNodes(out, r.Nodes, 0, places)
	fmt.Fprintln(out, "проверки:")
	for _, c := range r.Checks {
		mark := "?"
		if c.OK != nil {
			mark = map[bool]string{true: "+", false: "!"}[*c.OK]
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %s %s  %s", mark, c.Name, c.Detail), " "))
	}
	for _, f := range r.Findings {
		path := tlv.PathString(f.Path)
		if path == "" {
			path = "документ"
		}
		fmt.Fprintf(out, "    %-5s %-8s %s: %s\n", f.Rule, f.Severity, path, f.Text)
	}
	return out.Flush()
}

// documentStart is the offset of the document, from which findings count.
func (r *Report) documentStart() int {
	for _, n := range r.Nodes {
		if n.Tag != 0 {
			return n.Offset
		}
	}
	return 0
}

func writeNodes(w io.Writer, nodes []Node, depth int, places map[int][]string) {
	sorted := slices.SortedStableFunc(slices.Values(nodes), func(a, b Node) int { return a.Offset - b.Offset })
	for i := range sorted {
		n := &sorted[i]
		line := fmt.Sprintf("%06d %s", n.Offset, strings.Repeat("  ", depth))
		if n.Tag != 0 {
			line += fmt.Sprintf("%d ", n.Tag)
		}
		line += n.Name
		if n.Value != "" {
			line += ": " + n.Value
		}
		if len(n.Raw) > 0 {
			line += "  [" + shortHex(n.Raw) + "]"
		}
		fmt.Fprintln(w, line)
		indent := strings.Repeat(" ", 7+2*depth)
		if n.Problem != "" {
			fmt.Fprintf(w, "%s!! %s\n", indent, n.Problem)
		}
		if n.Tag != 0 && (len(n.Children) == 0 || depth > 0) {
			for _, text := range places[n.Offset] {
				fmt.Fprintf(w, "%s!! %s\n", indent, text)
			}
		}
		writeNodes(w, n.Children, depth+1, places)
	}
}

func shortHex(b []byte) string {
	if len(b) <= rawShown {
		return Hex(b).String()
	}
	return fmt.Sprintf("%x… %d байт", b[:rawShown], len(b))
}
