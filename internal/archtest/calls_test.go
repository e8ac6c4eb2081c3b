package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forbidden calls end or write to the process, which only a main may do.
var forbidden = map[string][]string{
	"os":  {"Exit"},
	"fmt": {"Print", "Printf", "Println"},
	"log": {"Fatal", "Fatalf", "Fatalln", "Print", "Printf", "Println", "Panic", "Panicf"},
}

// TestCalls_OnlyMainsExitAndPrint reads every file of the module that is not a
// test and not under cmd.
func TestCalls_OnlyMainsExitAndPrint(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "cmd" || (strings.HasPrefix(d.Name(), ".") && path != root)) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files++
			checkCalls(t, path)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, files, 50)
}

func checkCalls(t *testing.T, path string) {
	src, err := os.ReadFile(path)
	require.NoError(t, err)
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, src, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok || pkg.Obj != nil {
			return true
		}
		for _, name := range forbidden[pkg.Name] {
			if sel.Sel.Name == name {
				t.Errorf("%s: %s.%s belongs in a main", fset.Position(sel.Pos()), pkg.Name, name)
			}
		}
		return true
	})
}
