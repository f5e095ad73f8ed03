package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mainTargets are the doors where most bytes come in. They run for every commit, the
// others nightly. Add none lightly: each costs every commit its share of time.
var mainTargets = []string{
	"touchpoint/internal/jsonscan.FuzzParse",
	"touchpoint.FuzzTouchJSON",
	"touchpoint.FuzzTouchCSV",
	"touchpoint.FuzzParseAmount",
	"touchpoint.FuzzClean",
	"touchpoint/channel.FuzzClassify",
	"touchpoint/ingest/httpin.FuzzBody",
	"touchpoint/ingest/segment.FuzzDecode",
	"identity.FuzzNormalisersAreIdempotent",
	"attribution.FuzzUnmarshal",
	"persona.FuzzNormalize",
	"persona.FuzzParseCondition",
	"persona.FuzzParseDocuments",
	"persona/audience.FuzzParse",
	"persona/lead.FuzzTable",
	"persona/content.FuzzPlan",
	"persona/discover.FuzzLiftUnmarshal",
	"internal/sim/logstore.FuzzOpen",
}

// A target is one fuzz function.
type target struct {
	dir  string // from the root, with slashes
	name string
}

func (t target) String() string { return t.dir + "." + t.name }

func (t target) folder(root string) string { return filepath.Join(root, filepath.FromSlash(t.dir)) }

// find returns the fuzz targets of the tree, by folder and name. It reads what the go
// command would: not testdata, vendor, nor names that begin with a dot or underscore.
func find(root string) ([]target, error) {
	var targets []target
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "vendor") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !strings.HasSuffix(base, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && isTarget(fn) {
				targets = append(targets, target{filepath.ToSlash(dir), fn.Name.Name})
			}
		}
		return nil
	})
	slices.SortFunc(targets, func(a, b target) int { return strings.Compare(a.String(), b.String()) })
	return targets, err
}

// isTarget reports whether the go command takes fn for a fuzz target: a function FuzzXxx
// where Xxx does not begin with a lower-case letter.
func isTarget(fn *ast.FuncDecl) bool {
	rest, ok := strings.CutPrefix(fn.Name.Name, "Fuzz")
	if !ok || fn.Recv != nil {
		return false
	}
	first, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLower(first)
}

// selectMain keeps the main targets, in their order. A name that is not in the tree is
// an error: the list would otherwise shrink unseen when a target is renamed.
func selectMain(all []target) ([]target, error) {
	var chosen []target
	for _, name := range mainTargets {
		i := slices.IndexFunc(all, func(t target) bool { return t.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("main target %s is not in the sources", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
