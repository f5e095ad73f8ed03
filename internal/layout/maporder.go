package layout

import (
	"go/ast"
	"go/build"
	"go/importer"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"sync"
)

// reviewed are the loops over maps that are of no shape checkMaps knows and yet let no
// order out, as read by a person: why, then package, function and map.
var reviewed = map[string][]string{
	"each entry is dealt with by itself, into a place of its own": {
		"attribution.Totals.Merge o.share", "attribution.Totals.Subtract left", "identity.Resolution.openSessions r.sessions", "identity.Resolution.deriveMails d.mails",
		"journey.View.assign byPerson", "persona/audience.Export owners", "persona/content.blockWeights segment",
		"stage.fold.reset opts.StallAfter", "storage/memstore.Store.Append known", "storage/memstore.Store.hide groups",
		"storage/memstore.Store.purgeSome groups", "storage/memstore.Store.dropSummaries s.summaries",
		"storage/memstore.Store.dropSummaries groups", "storage.Erasure.Record removed", "storage.jsonReader.counts m",
		"storage.jsonReader.removed m", "storage.jsonWriter.removed *p", "storage.verifier.allTies v.groups",
		"touchpoint/channel.entries.merge over.paths", "touchpoint/channel.entries.merge s.paths",
		"touchpoint/ingest/csvmap.Mapping.readTable t", "touchpoint/ingest.Draft.Resume map[string]*string{…}",
		"journey/simulate.Population.Truth m.world.Excite", "journey/simulate.newModel w.Excite",
		"journey/simulate.model.params a.Known", "journey/simulate.model.params w.Synergy", "journey/simulate.Observe.params o.LossOf"},
	"adds integers, or fills sets": {
		"identity.Resolution.heldElsewhere mine", "journey.step.orphans people", "storage.SuppressionList.Join l.m", "persona/content/internal/tally.Tally.Merge o",
		"persona/content/internal/tally.Tally.Subtract o", "persona/content.Audit.Matrix a.rows", "persona/content.NextTouch.Merge o.rows",
		"persona/content.NextTouch.UnmarshalBinary n.rows", "persona/content.Voice.Add latest", "persona/content.Voice.Scores v.rows",
		"persona/discover.Lift.Merge maps.Clone(o.rows)",
		"persona/discover.Lift.Subtract maps.Clone(o.rows)", "persona/discover/internal/cluster.AdjustedRand cells",
		"persona/discover/internal/cluster.AdjustedRand left", "persona/discover/internal/cluster.AdjustedRand right"},
	"gathers what is sorted before anybody sees it": {
		"identity.diffRefusals after", "identity.diffRefusals before", "identity.Resolution.deriveMemberships inForce",
		"identity.Resolution.Hierarchy h.parent", "persona/content.NextTouch.Suggest n.next", "persona/content.Voice.Scores answers",
		"persona/content.Voice.Shares named", "storage.diffJSON x", "storage/memstore.scanner.listKeys sc.keys",
		"storage/memstore.modelRows.selected m.rows"},
	"takes the greatest, equal ones by name or of one currency": {"persona.tierOf tiers", "journey.takeBack byGoal"},
	"the same answer whichever entry is refused first": {
		"persona.ICP.check i.Tiers", "journey/simulate.Accounts.valid a.Known", "journey/simulate.Persona.valid p.Effect",
		"storage.codec.removed *p", "touchpoint/ingest/httpin.structured req.Header"},
	"texts that differ, as the tests or Validate have seen to": {
		"stage.Plan.newEdition m.Aliases", "stage.checker.aliases c.ids", "stage.preset s.Names", "stage.preset common",
		"touchpoint/ingest/segment.var names", "touchpoint.var channelWords"},
}

// checkMaps finds loops over a map whose order may reach an output. A loop passes when
// all that it does is order-free in itself (see loop.free) or reviewed says why it is.
func checkMaps(t *tree, report reporter) {
	im := &sources{t, map[string]*types.Package{}}
	found, known := map[string]bool{}, slices.Concat(slices.Collect(maps.Values(reviewed))...)
	for _, p := range t.packages {
		// The conformance suite loops over tables of cases, in any order on purpose.
		if p.dir == "internal/layout" {
			im.done[Module+"/"+p.dir] = types.NewPackage(p.dir, p.name)
		}
		if _, ranked := rankOf(p.dir); p.module != Module || !ranked || p.dir == "storage/storetest" {
			continue
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
		im.check(p, info)
		for _, f := range p.files {
			if f.test {
				continue
			}
			for _, d := range f.Decls {
				l := loop{Info: info, inside: d}
				ast.Inspect(d, func(n ast.Node) bool {
					name := p.dir + "." + nameOf(d) + " " + l.over(n)
					if found[name] = true; l.over(n) != "" && !slices.Contains(known, name) {
						report(t.at(n), "the order of a map may get out: sort, or have it reviewed as %q", name)
					}
					return true
				})
			}
		}
	}
	for _, name := range known {
		if !found[name] && im.done[Module+"/internal/layout"] != nil { // the tree that the list is of
			report("internal/layout", "maporder.go has reviewed a loop that is not there: %q", name)
		}
	}
}

// nameOf is the name of a declared function, behind its receiver's type.
func nameOf(d ast.Decl) string {
	f, ok := d.(*ast.FuncDecl)
	if !ok {
		return "var"
	}
	if f.Recv == nil {
		return f.Name.Name
	}
	recv, _, _ := strings.Cut(strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*"), "[")
	return recv + "." + f.Name.Name
}

// A loop reads the loops of one declaration.
type loop struct {
	*types.Info
	inside     ast.Decl
	key, value string // variables of the loop at hand
	leaves     string // what it returns from within, "" while it has not
}

// over returns the text of the map that n loops over with an effect of its order.
func (l *loop) over(n ast.Node) string {
	switch n := n.(type) {
	case *ast.RangeStmt:
		if n.Key == nil || !l.isMap(n.X) {
			return ""
		}
		if l.key, l.value, l.leaves = types.ExprString(n.Key), "", ""; n.Value != nil {
			l.value = types.ExprString(n.Value)
		}
		if !l.free(n.Body) {
			return types.ExprString(n.X)
		}
	case *ast.CallExpr: // maps.Keys and its like are loops, unless their order is made at once
		switch types.ExprString(n.Fun) {
		case "maps.Keys", "maps.Values", "maps.All":
			if !l.called("slices.Sorted", types.ExprString(n), token.NoPos) {
				return types.ExprString(n)
			}
		}
	}
	return ""
}

// free reports whether the statement does the same in whatever order the entries of a
// map come: it fills another map or a set, deletes, adds integers, takes a least or
// greatest value, sorts what the entry holds, gathers what is sorted later on, or leaves
// with one and the same constant.
func (l *loop) free(s ast.Stmt) bool {
	bound := func(s ast.Stmt) bool { return !l.free(s) }
	switch s := s.(type) {
	case nil:
		return true
	case *ast.BlockStmt:
		return !slices.ContainsFunc(s.List, bound)
	case *ast.IfStmt:
		return l.free(s.Init) && l.pure(s.Cond) && l.free(s.Body) && l.free(s.Else)
	case *ast.SwitchStmt:
		return l.free(s.Init) && l.pure(s.Tag) && l.free(s.Body)
	case *ast.CaseClause:
		return l.pure(s.List...) && !slices.ContainsFunc(s.Body, bound)
	case *ast.RangeStmt:
		return l.pure(s.X) && l.free(s.Body)
	case *ast.IncDecStmt:
		return l.whole(s.X)
	case *ast.BranchStmt:
		return s.Tok == token.CONTINUE
	case *ast.ReturnStmt: // with constants, and everywhere with the same
		text := "return"
		for _, x := range s.Results {
			text += " " + types.ExprString(x)
		}
		if l.leaves == "" {
			l.leaves = text
		}
		return l.leaves == text && !slices.ContainsFunc(s.Results, func(x ast.Expr) bool { return !l.constant(x) })
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		f := types.ExprString(call.Fun)
		return ok && (f == "delete" && l.pure(call.Args...) || strings.HasPrefix(f, "slices.Sort") && types.ExprString(call.Args[0]) == l.value)
	case *ast.AssignStmt:
		return l.pure(s.Rhs...) && l.assigns(s)
	}
	return false
}

func (l *loop) assigns(s *ast.AssignStmt) bool {
	to, x := types.ExprString(s.Lhs[0]), s.Rhs[0]
	switch {
	case s.Tok == token.DEFINE:
		return true
	case s.Tok != token.ASSIGN:
		return (s.Tok == token.ADD_ASSIGN || s.Tok == token.SUB_ASSIGN || s.Tok == token.OR_ASSIGN) && l.whole(s.Lhs[0])
	case len(s.Lhs) > 1:
		return false
	}
	if call, ok := x.(*ast.CallExpr); ok && len(call.Args) > 0 && types.ExprString(call.Args[0]) == to {
		f := types.ExprString(call.Fun)
		return f == "max" || f == "min" || f == "append" && l.called("slices.Sort", to, s.Pos())
	}
	if and, ok := x.(*ast.BinaryExpr); ok && (and.Op == token.LAND || and.Op == token.LOR) && types.ExprString(and.X) == to {
		return true
	}
	// An entry under the loop's own key is set once. Under another key the last would
	// stay, unless all are one constant.
	at, ok := s.Lhs[0].(*ast.IndexExpr)
	return l.constant(x) || ok && l.isMap(at.X) && types.ExprString(at.Index) == l.key
}

func (l *loop) isMap(x ast.Expr) bool {
	t := l.TypeOf(x)
	if t == nil || t == types.Typ[types.Invalid] {
		return true // for all that is known
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// constant also takes &T{"text"}, struct{}{} and the package-level ErrX of ours.
func (l *loop) constant(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.UnaryExpr:
		return l.constant(x.X)
	case *ast.CompositeLit:
		return !slices.ContainsFunc(x.Elts, func(x ast.Expr) bool { return !l.constant(x) })
	case *ast.Ident:
		if strings.HasPrefix(x.Name, "Err") {
			return true
		}
	}
	return l.Types[x].IsNil() || l.Types[x].Value != nil
}

// whole reports whether x holds integers: their sums are the same in any order.
func (l *loop) whole(x ast.Expr) bool {
	t := l.TypeOf(x)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

// pure reports whether nothing is called that could tell the order on: only built-ins,
// conversions, functions of plain values, and those of the packages named here.
func (l *loop) pure(xs ...ast.Expr) bool {
	ok := true
	for _, x := range xs {
		if x == nil {
			continue
		}
		ast.Inspect(x, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				_, closure := n.(*ast.FuncLit)
				ok = ok && !closure
				return ok
			}
			f := l.Types[call.Fun]
			pkg, _, _ := strings.Cut(types.ExprString(call.Fun), ".")
			ok = ok && (f.IsType() || f.IsBuiltin() || l.ofPlain(call.Fun) ||
				slices.Contains([]string{"bytes", "cmp", "math", "slices", "strings"}, pkg))
			return ok
		})
	}
	return ok
}

// ofPlain reports whether f is a declared function that is given values alone: no
// pointer, map, slice or function through which it could keep anything.
func (l *loop) ofPlain(f ast.Expr) bool {
	if sel, ok := f.(*ast.SelectorExpr); ok {
		f = sel.Sel
	}
	id, _ := f.(*ast.Ident)
	fn, ok := l.Uses[id].(*types.Func)
	return ok && plain(fn.Signature().Params()) && (fn.Signature().Recv() == nil || plain(fn.Signature().Recv().Type()))
}

func plain(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return true
	case *types.Array:
		return plain(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			if !plain(v.Type()) {
				return false
			}
		}
		return true
	case *types.Struct:
		for v := range t.Fields() {
			if !plain(v.Type()) {
				return false
			}
		}
		return true
	}
	return false
}

// called reports whether a function so named is given x behind pos.
func (l *loop) called(name, x string, pos token.Pos) (found bool) {
	ast.Inspect(l.inside, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		found = found || ok && call.Pos() > pos && len(call.Args) > 0 && types.ExprString(call.Args[0]) == x &&
			strings.HasPrefix(types.ExprString(call.Fun), name)
		return !found
	})
	return found
}

// sources gives the types of packages: ours from the tree, the standard library's from
// its sources. Of other modules and net/http nothing is known: what is theirs may be a map.
type sources struct {
	t    *tree
	done map[string]*types.Package
}

var (
	stdMu sync.Mutex // an importer is for one goroutine
	std   = sync.OnceValue(func() types.Importer {
		build.Default.CgoEnabled = false // else the sources of net want a C compiler
		return importer.ForCompiler(token.NewFileSet(), "source", nil)
	})
)

// Import is a method of types.Importer.
func (im *sources) Import(path string) (*types.Package, error) {
	if p := im.done[path]; p != nil {
		return p, nil
	}
	dir, ours := dirOf(path)
	if i := slices.IndexFunc(im.t.packages, func(p *folder) bool { return ours && p.dir == dir }); i >= 0 {
		return im.check(im.t.packages[i], nil), nil
	}
	if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") || path == "net/http" {
		return types.NewPackage(path, ""), nil // net/http alone would take longer than all the rest
	}
	stdMu.Lock()
	defer stdMu.Unlock()
	return std().Import(path)
}

func (im *sources) check(p *folder, info *types.Info) *types.Package {
	var files []*ast.File
	for _, f := range p.files {
		if !f.test {
			files = append(files, f.File)
		}
	}
	im.done[Module+"/"+p.dir] = types.NewPackage(Module+"/"+p.dir, p.name) // for arrows that go in a circle
	conf := types.Config{Importer: im, IgnoreFuncBodies: info == nil, FakeImportC: true, Error: func(error) {}}
	got, _ := conf.Check(Module+"/"+p.dir, im.t.fset, files, info)
	im.done[got.Path()] = got
	return got
}
