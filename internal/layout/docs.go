package layout

import (
	"go/ast"
	"go/doc"
	"go/token"
	"strings"
)

// checkDocs wants a package comment everywhere, and of packages that users import a
// comment on every exported name and a runnable example. In a nested module the
// example need not state its output: it may need a server.
func checkDocs(t *tree, p *folder, report reporter) {
	var sources, tests []*ast.File
	commented := false
	for _, f := range p.files {
		if f.test {
			tests = append(tests, f.File)
			continue
		}
		sources = append(sources, f.File)
		commented = commented || f.Doc.Text() != ""
	}
	if len(sources) == 0 {
		return
	}
	if !commented {
		report(p.dir, "no package comment")
	}
	if p.name == "main" {
		return
	}
	for _, f := range sources {
		checkComments(t, f, report)
	}
	if isInternal(p.dir) || p.dir == "benchmarks" || strings.HasPrefix(p.dir, "benchmarks/") {
		return
	}
	for _, e := range doc.Examples(tests...) {
		if e.Output != "" || e.EmptyOutput || p.module != Module {
			return
		}
	}
	report(p.dir, "no Example with an // Output: comment")
}

// checkComments reports exported names without a comment: functions, methods of
// exported types, types, constants and variables, and the methods of an interface that
// has more than one. A comment over a group of constants or variables serves all of it.
func checkComments(t *tree, f *ast.File, report reporter) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && d.Doc.Text() == "" {
				report(t.at(d), "no comment on %s", d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				checkSpec(t, d, s, report)
			}
		}
	}
}

func checkSpec(t *tree, d *ast.GenDecl, s ast.Spec, report reporter) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return
		}
		own := s.Doc.Text()
		if !d.Lparen.IsValid() {
			own += d.Doc.Text()
		}
		if own == "" {
			report(t.at(s), "no comment on %s", s.Name.Name)
		}
		if i, ok := s.Type.(*ast.InterfaceType); ok && i.Methods.NumFields() > 1 {
			for _, m := range i.Methods.List {
				for _, name := range m.Names {
					if name.IsExported() && m.Doc.Text()+m.Comment.Text() == "" {
						report(t.at(name), "no comment on %s.%s", s.Name.Name, name.Name)
					}
				}
			}
		}
	case *ast.ValueSpec:
		if d.Tok != token.CONST && d.Tok != token.VAR || d.Doc.Text()+s.Doc.Text()+s.Comment.Text() != "" {
			return
		}
		for _, name := range s.Names {
			if name.IsExported() {
				report(t.at(name), "no comment on %s", name.Name)
			}
		}
	}
}

// exportedReceiver reports whether a function is no method, or one of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	x := d.Recv.List[0].Type
	for {
		switch r := x.(type) {
		case *ast.StarExpr:
			x = r.X
		case *ast.IndexExpr:
			x = r.X
		case *ast.IndexListExpr:
			x = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return false
		}
	}
}
