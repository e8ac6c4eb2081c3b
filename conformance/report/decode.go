package report

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/explain"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/flk"
	"github.com/fiscalbench/fiscalbench/fiscal/sign"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Keys are what is needed to look into signed and encrypted bytes. Nil keys show
// signs without checking them and encrypted payloads as they are.
type Keys struct {
	scheme *sign.TBGOST1
	ofd    fiscal.INN
}

// NewKeys are the keys of a run: master is the key of scheme TB-GOST-1, zero for the
// public one of the bench.
func NewKeys(master sign.MasterKey, ofd string) *Keys {
	return &Keys{sign.NewTBGOST1(sign.TBGOST1Options{Key: master}), fiscal.INN(ofd)}
}

// keys are those given, or the public ones when the run used them.
func (r *Run) keys(given *Keys) *Keys {
	if given == nil && r.Target.Key == "test" {
		return NewKeys(sign.MasterKey{}, r.Target.OFD)
	}
	return given
}

// Line is one line of decoded bytes.
type Line struct {
	Offset  int
	Depth   int
	Tag     int // 0: none
	Name    string
	Value   string
	Hex     string
	Problem string
	Marked  bool // the offending byte of a failed check lies here
}

// Piece is a decoded message, or what of it can be made out.
type Piece struct {
	Kind  string
	Len   int
	Lines []Line
	Notes []string // what is wrong with the piece as a whole
}

// explainAll takes hex apart; hex that is none gives one piece that says so.
func (k *Keys) explainAll(text string) ([]byte, []*explain.Report) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return nil, nil
	}
	var o explain.Options
	if k != nil {
		o.Scheme, o.OFD = k.scheme, k.ofd
	}
	return raw, explain.Bytes(context.Background(), raw, o)
}

// decode makes lines of hex; offset marks a byte, -1 none.
func (k *Keys) decode(text string, offset int) []Piece {
	raw, reports := k.explainAll(text)
	if raw == nil && text != "" {
		return []Piece{{Kind: "не шестнадцатеричная запись", Lines: []Line{{Name: "текст", Value: text}}}}
	}
	pieces := make([]Piece, 0, len(reports))
	start := 0
	for _, r := range reports {
		p := Piece{Kind: r.Kind, Len: r.Len}
		p.add(r.Nodes, 0, start)
		p.findings(r, start)
		if offset >= start && (offset < start+r.Len || start+r.Len == len(raw)) {
			p.mark(offset)
		}
		for _, c := range r.Checks {
			if c.OK != nil && !*c.OK {
				p.Notes = append(p.Notes, strings.TrimRight(c.Name+": "+c.Detail, ": "))
			}
		}
		p.shorten()
		pieces = append(pieces, p)
		start += r.Len
	}
	return pieces
}

// unreadable is the name that fiscal/explain gives to what follows a break.
const unreadable = "не читается"

func (p *Piece) add(nodes []explain.Node, depth, start int) {
	nodes = slices.SortedStableFunc(slices.Values(nodes), func(a, b explain.Node) int { return a.Offset - b.Offset })
	for i := range nodes {
		n := &nodes[i]
		line := Line{Offset: start + n.Offset, Depth: depth, Tag: int(n.Tag), Name: n.Name, Value: n.Value, Hex: n.Raw.String(), Problem: n.Problem}
		if ffd.Personal(n.Tag) && len(n.Raw) > 0 {
			line.Value, line.Hex = "", fmt.Sprintf("%d байт, личные данные не показаны", len(n.Raw))
		}
		if n.Tag == 0 && depth > 0 && n.Name == unreadable && len(n.Raw) > tlv.HeaderLen {
			line.Hex = fmt.Sprintf("%s… %d байт", n.Raw[:tlv.HeaderLen], len(n.Raw)) // what follows may be a person's name
		}
		p.Lines = append(p.Lines, line)
		p.add(n.Children, depth+1, start)
	}
}

// findings puts what format control found on the lines of the fields meant.
func (p *Piece) findings(r *explain.Report, start int) {
	base := 0
	for _, n := range r.Nodes {
		if n.Tag != 0 {
			base = n.Offset
			break
		}
	}
	for _, f := range r.Findings {
		if f.Severity != flk.Error {
			continue
		}
		text := fmt.Sprintf("%s: %s", f.Rule, f.Text)
		if line := p.at(start+base+f.Offset, len(f.Path) > 0); line != nil {
			line.Problem = strings.TrimPrefix(line.Problem+"; "+text, "; ")
			continue
		}
		p.Notes = append(p.Notes, strings.TrimSuffix(tlv.PathString(f.Path)+" "+text, " "))
	}
}

// at finds the line of the field that starts at offset.
func (p *Piece) at(offset int, field bool) *Line {
	for i := range p.Lines {
		if l := &p.Lines[i]; field && l.Offset == offset && l.Tag != 0 && l.Depth > 0 {
			return l
		}
	}
	return nil
}

// mark marks the innermost line in which the byte lies: the last one that starts at
// or before it.
func (p *Piece) mark(offset int) {
	var last *Line
	for i := range p.Lines {
		if l := &p.Lines[i]; l.Offset <= offset && (last == nil || l.Offset >= last.Offset) {
			last = l
		}
	}
	if last != nil {
		last.Marked = true
	}
}

// linesShown is how many lines of a piece are shown from its start; those that
// something is wrong with and the last ones are shown besides.
const (
	linesShown = 120
	lastShown  = 8
)

// shorten leaves lines out of a long piece and says how many.
func (p *Piece) shorten() {
	if len(p.Lines) <= linesShown+lastShown {
		return
	}
	kept := p.Lines[:linesShown:linesShown]
	left := 0
	gap := func() {
		if left > 0 {
			kept = append(kept, Line{Offset: kept[len(kept)-1].Offset, Name: fmt.Sprintf("… не показано строк: %d", left)})
			left = 0
		}
	}
	for i := linesShown; i < len(p.Lines); i++ {
		if l := p.Lines[i]; i >= len(p.Lines)-lastShown || l.Marked || l.Problem != "" {
			gap()
			kept = append(kept, l)
			continue
		}
		left++
	}
	p.Lines = kept
}
