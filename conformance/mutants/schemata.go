package mutants

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Building is what costs time, so mutants whose edits stay inside functions share one
// binary: each function that is edited stands in it once as it is and once for each
// mutant, and a variable says which of them is called. Edits of tables and constants are
// built one by one.

// numberVariable is the environment variable that says which mutant of a shared binary
// is on.
const numberVariable = "FISCALBENCH_MUTANT_NUMBER"

// together is a binary with many mutants in it.
type together struct {
	binary  string
	numbers map[string]int // of mutants in the binary, from 1
}

// number of a mutant in the binary; 0 when it is not there.
func (t *together) number(id string) int {
	if t == nil {
		return 0
	}
	return t.numbers[id]
}

// buildTogether builds the mutants of the list that can stand in one binary.
func buildTogether(ctx context.Context, root string, all []Mutant, binary string) (*together, error) {
	s := &together{binary: binary, numbers: map[string]int{}}
	edits := map[string]map[int][]Edit{} // by file, by number
	for i := range all {
		if m := &all[i]; m.Kind() == Change && m.Switch == "" && m.insideFunctions(root) {
			n := len(s.numbers) + 1
			s.numbers[m.ID] = n
			for _, e := range m.Edits {
				if edits[e.File] == nil {
					edits[e.File] = map[int][]Edit{}
				}
				edits[e.File][n] = append(edits[e.File][n], e)
			}
		}
	}
	if len(s.numbers) < 2 {
		return nil, nil
	}
	files := map[string][]byte{}
	for name, of := range edits {
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, fmt.Errorf("mutants: %w", err)
		}
		out, pkg, err := multiply(name, src, of)
		if err != nil {
			return nil, err
		}
		files[name] = out
		files[filepath.Join(filepath.Dir(name), "zz_mutant.go")] = []byte("package " + pkg + "\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\n" +
			"var mutantNumber = func() int { n, _ := strconv.Atoi(os.Getenv(\"" + numberVariable + "\")); return n }()\n")
	}
	overlay, err := write(root, files, binary+".src")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(filepath.Dir(overlay))
	return s, compile(ctx, root, binary, "-overlay", overlay)
}

// function is a function of a source file that can be told apart from its copies.
type function struct {
	decl       *ast.FuncDecl
	start, end int // offsets in the file
}

func functions(name string, src []byte) (all []function, pkg string, err error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, "", fmt.Errorf("mutants: %w", err)
	}
	at := func(p token.Pos) int { return set.Position(p).Offset }
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || fn.Type.TypeParams != nil || fn.Name.Name == "init" {
			continue
		}
		if fn.Recv != nil {
			t := fn.Recv.List[0].Type
			if star, ok := t.(*ast.StarExpr); ok {
				t = star.X
			}
			if _, plain := t.(*ast.Ident); !plain {
				continue // of a generic type
			}
		}
		all = append(all, function{fn, at(fn.Pos()), at(fn.End())})
	}
	return all, f.Name.Name, nil
}

// body is where in the file a function's body stands.
func (f *function) body(src []byte) int {
	return f.start + int(f.decl.Body.Pos()-f.decl.Pos())
}

// insideFunctions reports whether every edit stays inside the body of one function.
func (m *Mutant) insideFunctions(root string) bool {
	for _, e := range m.Edits {
		src, err := os.ReadFile(filepath.Join(root, e.File))
		if err != nil || bytes.Count(src, []byte(e.Old)) != 1 {
			return false
		}
		all, _, err := functions(e.File, src)
		if err != nil {
			return false
		}
		at := bytes.Index(src, []byte(e.Old))
		if !slices.ContainsFunc(all, func(f function) bool { return at >= f.body(src) && at+len(e.Old) <= f.end }) {
			return false
		}
	}
	return true
}

// multiply writes the file anew with a copy of each edited function for each mutant.
func multiply(name string, src []byte, of map[int][]Edit) (out []byte, pkg string, err error) {
	all, pkg, err := functions(name, src)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	done := 0
	for _, f := range all {
		text := string(src[f.start:f.end])
		copies := map[int]string{}
		for n, edits := range of {
			changed := text
			for _, e := range edits {
				changed = strings.Replace(changed, e.Old, e.New, 1)
			}
			if changed != text {
				copies[n] = changed
			}
		}
		if len(copies) == 0 {
			continue
		}
		b.Write(src[done:f.start])
		done = f.end
		b.WriteString(f.dispatcher(text, slices.Sorted(maps.Keys(copies))))
		b.WriteString("\n\n" + f.named(text, 0))
		for _, n := range slices.Sorted(maps.Keys(copies)) {
			b.WriteString("\n\n" + f.named(copies[n], n))
		}
	}
	b.Write(src[done:])
	return b.Bytes(), pkg, nil
}

func (f *function) copyName(n int) string { return fmt.Sprintf("%sMutant%d", f.decl.Name.Name, n) }

// named is a function's text under the name of a copy.
func (f *function) named(text string, n int) string {
	at := int(f.decl.Name.Pos() - f.decl.Pos())
	return text[:at] + f.copyName(n) + text[at+len(f.decl.Name.Name):]
}

// dispatcher is the function that calls the copy that is on.
func (f *function) dispatcher(text string, numbers []int) string {
	part := func(n ast.Node) string { return text[n.Pos()-f.decl.Pos() : n.End()-f.decl.Pos()] }
	var b strings.Builder
	receiver := ""
	b.WriteString("func ")
	if f.decl.Recv != nil {
		fmt.Fprintf(&b, "(mutantReceiver %s) ", part(f.decl.Recv.List[0].Type))
		receiver = "mutantReceiver."
	}
	var params, args []string
	for _, p := range f.decl.Type.Params.List {
		for range max(len(p.Names), 1) {
			name := fmt.Sprintf("mutantP%d", len(args))
			params = append(params, name+" "+part(p.Type))
			if _, variadic := p.Type.(*ast.Ellipsis); variadic {
				name += "..."
			}
			args = append(args, name)
		}
	}
	results, give := "", ""
	if r := f.decl.Type.Results; r != nil {
		results, give = part(r), "return "
	}
	call := func(n int) string {
		return fmt.Sprintf("%s%s%s(%s)", give, receiver, f.copyName(n), strings.Join(args, ", "))
	}
	fmt.Fprintf(&b, "%s(%s) %s {\n\tswitch mutantNumber {\n", f.decl.Name.Name, strings.Join(params, ", "), results)
	for _, n := range numbers {
		fmt.Fprintf(&b, "\tcase %d:\n\t\t%s\n", n, call(n))
		if give == "" {
			b.WriteString("\t\treturn\n")
		}
	}
	fmt.Fprintf(&b, "\t}\n\t%s\n}", call(0))
	return b.String()
}
