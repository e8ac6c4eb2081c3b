package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fiscalbench/fiscalbench/internal/ident"
	"github.com/fiscalbench/fiscalbench/server/access"
	"github.com/fiscalbench/fiscalbench/server/account"
	"github.com/fiscalbench/fiscalbench/server/invalid"
)

// Tree is the part of an organisation's tree that a viewer sees. It is for one
// goroutine.
type Tree struct {
	nodes map[string]Node
	seen  []Node                    // in the order they are shown: each department before what is in it
	zones map[string]*time.Location // by name, those that were looked up; nil: no such zone
}

// Tree of the viewer's organisation. Departments above a visible branch are there
// for their names, so that a path can be shown.
func (s *Service) Tree(ctx context.Context, v access.Viewer) (*Tree, error) {
	if err := v.Need(access.SeeRegisters); err != nil {
		return nil, err
	}
	all, err := s.store.Nodes(ctx, v.Org())
	if err != nil {
		return nil, err
	}
	t := newTree(all)
	t.seen = slices.DeleteFunc(t.seen, func(n Node) bool { return !v.Within(v.Org(), t.Path(n.ID)...) })
	if v.Picked() {
		return t, s.onlyPicked(ctx, v, t)
	}
	return t, nil
}

// onlyPicked leaves the nodes under which a register stands or stood that the viewer
// sees.
func (s *Service) onlyPicked(ctx context.Context, v access.Viewer, t *Tree) error {
	all, err := s.store.Registers(ctx, v.Org())
	if err != nil {
		return err
	}
	left, err := s.leftBy(ctx, v)
	if err != nil {
		return err
	}
	var under []string
	for _, r := range all {
		if !v.Sees(r.RegID) {
			continue
		}
		for _, stay := range stays(r, left[r.RegID]) {
			under = append(under, t.Path(stay.Outlet)...)
		}
	}
	t.seen = slices.DeleteFunc(t.seen, func(n Node) bool { return !slices.Contains(under, n.ID) })
	return nil
}

func newTree(all []Node) *Tree {
	t := &Tree{nodes: make(map[string]Node, len(all))}
	children := map[string][]Node{}
	for _, n := range all {
		t.nodes[n.ID] = n
		children[n.Parent] = append(children[n.Parent], n)
	}
	var walk func(parent string, depth int)
	walk = func(parent string, depth int) {
		in := children[parent]
		slices.SortFunc(in, func(a, b Node) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
		for _, n := range in {
			t.seen = append(t.seen, n)
			if depth < maxDepth {
				walk(n.ID, depth+1)
			}
		}
	}
	walk("", 0)
	return t
}

// maxDepth of departments in departments.
const maxDepth = 16

// Nodes the viewer sees, each department before what is in it.
func (t *Tree) Nodes() []Node { return slices.Clone(t.seen) }

// Outlets the viewer sees.
func (t *Tree) Outlets() []Node {
	return slices.DeleteFunc(t.Nodes(), func(n Node) bool { return n.Kind != Outlet })
}

// Node by its id; the zero Node when there is none.
func (t *Tree) Node(id string) Node { return t.nodes[id] }

// Path are the ids from the node up to the top; empty for no node.
func (t *Tree) Path(id string) []string {
	var path []string
	for n, ok := t.nodes[id]; ok && len(path) <= maxDepth; n, ok = t.nodes[n.Parent] {
		path = append(path, n.ID)
	}
	return path
}

// Depth of the node: 0 at the top.
func (t *Tree) Depth(id string) int { return max(0, len(t.Path(id))-1) }

// Under tells whether the node stands in the branch, or is it. Everything is under
// the empty branch.
func (t *Tree) Under(id, branch string) bool {
	if branch == "" {
		return true
	}
	n, ok := t.nodes[id]
	for depth := 0; ok && depth <= maxDepth; depth++ {
		if n.ID == branch {
			return true
		}
		n, ok = t.nodes[n.Parent]
	}
	return false
}

// FullName is the path of names: "Север / Магазин № 1".
func (t *Tree) FullName(id string) string {
	path := t.Path(id)
	slices.Reverse(path)
	names := make([]string, len(path))
	for i, p := range path {
		names[i] = t.nodes[p].Name
	}
	return strings.Join(names, " / ")
}

// AddNode makes a department or an outlet.
func (s *Service) AddNode(ctx context.Context, v access.Viewer, n Node) (Node, error) {
	if err := s.mayPut(ctx, v, &n); err != nil {
		return Node{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Node{}, err
	}
	n.ID, n.Org, n.Version = id, v.Org(), 1
	t, err := s.whole(ctx, v)
	if err != nil {
		return Node{}, err
	}
	note, err := s.noteNode(v, DeedAddNode, n, account.Given("в подразделении", t.FullName(n.Parent))...)
	if err != nil {
		return Node{}, err
	}
	return n, s.store.CreateNode(ctx, n, note)
}

// SetNode changes a node; its kind stays.
func (s *Service) SetNode(ctx context.Context, v access.Viewer, n Node) error {
	t, err := s.editable(ctx, v, n.ID)
	if err != nil {
		return err
	}
	before := t.nodes[n.ID]
	n.Kind, n.Org = before.Kind, v.Org()
	if err := s.mayPut(ctx, v, &n); err != nil {
		return err
	}
	if n.Parent != "" && t.Under(n.Parent, n.ID) {
		return invalid.Fields{"parent": "Подразделение не может стоять внутри самого себя."}
	}
	note, err := s.noteNode(v, DeedSetNode, before, before.changes(n, t)...)
	if err != nil {
		return err
	}
	return s.store.UpdateNode(ctx, n, note)
}

// RemoveNode removes a node that holds nothing.
func (s *Service) RemoveNode(ctx context.Context, v access.Viewer, id string) error {
	t, err := s.editable(ctx, v, id)
	if err != nil {
		return err
	}
	note, err := s.noteNode(v, DeedRemoveNode, t.nodes[id])
	if err != nil {
		return err
	}
	return s.store.DeleteNode(ctx, v.Org(), id, note)
}

// whole is the organisation's tree, whatever the viewer sees of it.
func (s *Service) whole(ctx context.Context, v access.Viewer) (*Tree, error) {
	all, err := s.store.Nodes(ctx, v.Org())
	if err != nil {
		return nil, err
	}
	return newTree(all), nil
}

// editable is the tree when the viewer may change the node.
func (s *Service) editable(ctx context.Context, v access.Viewer, id string) (*Tree, error) {
	if err := v.Need(access.EditRegisters); err != nil {
		return nil, err
	}
	if v.Picked() {
		return nil, ErrNotFound
	}
	t, err := s.whole(ctx, v)
	if err != nil {
		return nil, err
	}
	if _, ok := t.nodes[id]; !ok || !v.Within(v.Org(), t.Path(id)...) {
		return nil, ErrNotFound
	}
	return t, nil
}

// mayPut checks what is typed in and where the node is put.
func (s *Service) mayPut(ctx context.Context, v access.Viewer, n *Node) error {
	if err := v.Need(access.EditRegisters); err != nil {
		return err
	}
	if v.Picked() {
		return &access.Refusal{Missing: access.EditRegisters}
	}
	n.Name, n.Address = strings.TrimSpace(n.Name), strings.TrimSpace(n.Address)
	bad := invalid.Fields{}
	if n.Name == "" {
		bad["name"] = "Укажите название."
	}
	if n.Kind != Department && n.Kind != Outlet {
		bad["kind"] = "Выберите: подразделение или торговая точка."
	}
	if _, err := time.LoadLocation(n.TimeZone); err != nil {
		bad["timeZone"] = "Такого часового пояса нет."
	}
	if n.Lat < -90 || n.Lat > 90 || n.Lon < -180 || n.Lon > 180 {
		bad["lat"] = "Широта от −90 до 90, долгота от −180 до 180."
	}
	if n.Target < 0 {
		bad["target"] = "Целевая выручка не бывает меньше нуля."
	}
	if len(bad) > 0 {
		return bad
	}
	if n.Parent == "" {
		if !v.Whole() {
			return ErrNotFound // a branch cannot put anything beside itself
		}
		return nil
	}
	t, err := s.whole(ctx, v)
	if err != nil {
		return err
	}
	if p, ok := t.nodes[n.Parent]; !ok || p.Kind != Department || !v.Within(v.Org(), t.Path(n.Parent)...) {
		return invalid.Fields{"parent": "Такого подразделения нет."}
	}
	if len(t.Path(n.Parent)) >= maxDepth {
		return invalid.Fields{"parent": "Слишком много уровней."}
	}
	return nil
}

// newID is an id of 120 bits.
func (s *Service) newID() (string, error) {
	id, err := ident.New(s.o.Random)
	if err != nil {
		return "", fmt.Errorf("fleet: making an id: %w", err)
	}
	return id, nil
}
