// Package layout holds the house in shape: it reads the sources and finds imports
// that point upward, packages without a place, exports without a comment, and loops over
// maps that let the order out.
//
// [Check] is the whole of it; the test beside it runs Check on this repository. To add
// a package, give it a floor in ranks.go first.
//
// Sources are read with os and go/parser, never by running the go command: file reads
// are tracked by the test cache, what a subprocess reads is not, and a broken rule
// would be answered with an old "ok". Build constraints are not looked at, so a file
// for another system is held to the same rules. Types are looked at for maps alone: a
// call of time.Now is found by its name and the file's imports.
package layout

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Module is the path of the core module.
const Module = "github.com/tabi-go/tabi"

// Check reads the tree at root, the folder of the core's go.mod, and returns one line
// for each broken rule, sorted: the place, then what is wrong there. The error says
// that the tree cannot be read or parsed.
func Check(root string) ([]string, error) {
	t, err := read(root)
	if err != nil {
		return nil, err
	}
	var found []string
	report := func(where, format string, args ...any) {
		found = append(found, where+": "+fmt.Sprintf(format, args...))
	}
	for _, m := range t.modules {
		checkModule(m, report)
	}
	for _, p := range t.packages {
		checkImports(t, p, report)
		checkDocs(t, p, report)
		if _, ranked := rankOf(p.dir); p.module == Module && ranked && p.dir != "clock" {
			checkTime(t, p, report)
		}
	}
	checkMaps(t, report)
	slices.Sort(found)
	return slices.Compact(found), nil
}

// A reporter takes one broken rule.
type reporter func(where, format string, args ...any)

// A tree is what Check has read.
type tree struct {
	fset     *token.FileSet
	root     string
	modules  []module
	packages []*folder // in the order of their folders
}

// A module is one go.mod of the tree.
type module struct {
	dir  string // from the root, "." for the core
	path string
	mod  string // text of go.mod
	work string // text of the go.work beside it, empty if there is none
}

// A folder is one directory with Go files.
type folder struct {
	dir    string // from the root, with slashes; "." for the root
	module string // path of the module it belongs to
	name   string // of the package, without _test
	files  []file
}

type file struct {
	*ast.File
	test bool
}

// at says where n stands, as file:line from the root.
func (t *tree) at(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	name, err := filepath.Rel(t.root, p.Filename)
	if err != nil {
		name = p.Filename
	}
	return fmt.Sprintf("%s:%d", filepath.ToSlash(name), p.Line)
}

// read parses the tree. Folders the go command leaves out are left out: testdata,
// vendor, and names that begin with a dot or an underscore.
func read(root string) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), root: root}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		base := d.Name()
		if rel != "." && (base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
			return fs.SkipDir
		}
		return t.readFolder(name, filepath.ToSlash(rel))
	})
	return t, err
}

func (t *tree) readFolder(name, rel string) error {
	if mod, err := os.ReadFile(filepath.Join(name, "go.mod")); err == nil {
		m := module{dir: rel, path: modulePath(string(mod)), mod: string(mod)}
		if work, err := os.ReadFile(filepath.Join(name, "go.work")); err == nil {
			m.work = string(work)
		}
		t.modules = append(t.modules, m)
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	p := &folder{dir: rel, module: t.moduleOf(rel)}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		f, err := parser.ParseFile(t.fset, filepath.Join(name, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(e.Name(), "_test.go")
		p.files = append(p.files, file{f, test})
		if p.name == "" || !test {
			p.name = strings.TrimSuffix(f.Name.Name, "_test")
		}
	}
	if len(p.files) > 0 {
		t.packages = append(t.packages, p)
	}
	return nil
}

// moduleOf returns the path of the innermost module that holds the folder. Folders are
// walked from the top, so the modules above this one are known.
func (t *tree) moduleOf(dir string) string {
	inner := module{path: Module}
	for _, m := range t.modules {
		if under(dir, m.dir) && len(m.dir) > len(inner.dir) {
			inner = m
		}
	}
	return inner.path
}

// under reports whether the slash-separated path is dir or lies below it.
func under(p, dir string) bool {
	return dir == "." || p == dir || strings.HasPrefix(p, dir+"/")
}

func modulePath(mod string) string {
	for line := range strings.Lines(mod) {
		if p, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(p)
		}
	}
	return ""
}
