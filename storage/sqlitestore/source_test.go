package sqlitestore_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// SQL injection: what is put into a statement by fmt is numbers and digests of our own,
// never a text; everything else is a placeholder.
func TestSQLInjectionNoStatementIsMadeFromText(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	statement := regexp.MustCompile(`(?i)\b(select|insert|update|delete|union|where|and|pragma|create|from)\b`)
	verb := regexp.MustCompile(`%[^a-zA-Z%]*[a-zA-Z%]`)
	calls := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(fn.Sel.Name, "Sprint") && !strings.HasPrefix(fn.Sel.Name, "Fprint") && !strings.HasPrefix(fn.Sel.Name, "Append") {
				return true
			}
			if pkg, ok := fn.X.(*ast.Ident); !ok || pkg.Name != "fmt" {
				return true
			}
			for _, arg := range call.Args {
				lit, ok := arg.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					continue
				}
				text, _ := strconv.Unquote(lit.Value)
				if !statement.MatchString(text) {
					continue
				}
				calls++
				for _, v := range verb.FindAllString(text, -1) {
					if v == "%s" && name == "migrate.go" {
						continue // the files of schema/
					}
					if v != "%d" && v != "%x" {
						t.Errorf("%s: %s in %q", name, v, text)
					}
				}
			}
			return true
		})
	}
	if calls == 0 {
		t.Error("the check finds no statement")
	}
}
