package layout

import (
	"go/ast"
	"strconv"
	"strings"
)

// allowed are the modules the core may import beside the standard library, and those
// its tests may.
var (
	allowed      = []string{"github.com/google/uuid", "golang.org/x/exp"}
	allowedTests = []string{"github.com/stretchr/testify"}
)

// checkModule holds go.mod and go.work to the agreed form: known places, one language
// version, and a relative replace wherever the core is required.
func checkModule(m module, report reporter) {
	where := strings.TrimPrefix(m.dir+"/go.mod", "./")
	if m.dir != "." {
		joined, known := nested[m.dir]
		if !known {
			report(where, "a module at a place that ranks.go does not know")
		}
		if m.path != Module+"/"+m.dir {
			report(where, "module %s is not named by its folder", m.path)
		}
		if known && !joined && m.work == "" {
			report(where, "outside the root's go.work, but without a go.work of its own")
		}
		if strings.Contains(m.mod, Module+" v") && !strings.Contains(m.mod, "replace "+Module+" => ../") {
			report(where, "requires the core without a relative replace")
		}
	}
	for name, text := range map[string]string{"go.mod": m.mod, "go.work": m.work} {
		if text != "" && !strings.Contains("\n"+text, "\ngo 1.26.0\n") {
			report(strings.TrimSuffix(where, "go.mod")+name, "does not say go 1.26.0")
		}
	}
}

func checkImports(t *tree, p *folder, report reporter) {
	here, ranked := rankOf(p.dir)
	core := p.module == Module
	if core && !ranked && p.dir != "." && aboveAll(p.dir) == "" {
		report(p.dir, "package without a floor: add it to ranks.go")
	}
	for _, f := range p.files {
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser has refused it
			}
			dir, ours := dirOf(name)
			switch {
			case !ours && core:
				checkForeign(t, p, f, spec, name, report)
			case !ours:
			case !core:
				if isInternal(dir) && name != p.module && !strings.HasPrefix(name, p.module+"/") {
					report(t.at(spec), "module %s imports %s: nested modules use the public packages only", p.module, name)
				}
			case nestedDir(dir):
				report(t.at(spec), "the core imports the nested module's %s", name)
			case f.test:
			case aboveAll(dir) != "" && aboveAll(dir) != aboveAll(p.dir):
				report(t.at(spec), "imports %s, which is for its own tree and for tests", name)
			case aboveAll(p.dir) != "":
			case p.dir == ".":
				report(t.at(spec), "the root package is documentation and imports nothing")
			case dir == ".":
				report(t.at(spec), "imports the root package, which is documentation")
			default:
				there, known := rankOf(dir)
				if !known {
					report(t.at(spec), "imports %s, which has no floor", name)
				} else if ranked && there.height >= here.height {
					report(t.at(spec), "wrong arrow: %s (floor %s) imports %s (floor %s)", p.dir, here.floor, dir, there.floor)
				}
			}
		}
	}
}

// checkForeign holds an import from outside this repository to the allow-list.
func checkForeign(t *tree, p *folder, f file, spec *ast.ImportSpec, name string, report reporter) {
	if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") {
		if name == "C" {
			report(t.at(spec), "cgo: tabi is pure Go")
		}
		return // standard library: its first element has no dot
	}
	if p.dir == "storage/storetest" {
		report(t.at(spec), "storetest imports the standard library and ours only, not %s", name)
		return
	}
	for _, m := range allowed {
		if under(name, m) {
			return
		}
	}
	for _, m := range allowedTests {
		if f.test && under(name, m) {
			return
		}
	}
	report(t.at(spec), "imports %s, which is not on the allow-list", name)
}

func nestedDir(dir string) bool {
	for root := range nested {
		if under(dir, root) {
			return true
		}
	}
	return false
}

// checkTime finds readings of the machine's clock and zone. Engines hold a clock.Clock
// and pure functions take an instant; only the package clock asks the machine.
func checkTime(t *tree, p *folder, report reporter) {
	for _, f := range p.files {
		local := timeName(f.File)
		if f.test || local == "" {
			continue
		}
		if local == "." {
			report(t.at(f.Name), "dot import of time hides readings of the clock")
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 0 {
				if m, ok := call.Fun.(*ast.SelectorExpr); ok && m.Sel.Name == "Local" {
					report(t.at(m), "Local() reads the machine's zone")
				}
			}
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || x.Name != local {
				return true
			}
			switch sel.Sel.Name {
			case "Now", "Since", "Until", "Local":
				report(t.at(sel), "time.%s outside clock", sel.Sel.Name)
			}
			return true
		})
	}
}

// timeName is the name under which a file knows the package time, "" if it does not.
func timeName(f *ast.File) string {
	for _, spec := range f.Imports {
		if spec.Path.Value != `"time"` {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return "time"
	}
	return ""
}
