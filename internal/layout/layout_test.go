package layout_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/internal/layout"
)

// TestHouse is the layout test: it holds this repository to the rules.
func TestHouse(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and a step of its own: not with -short")
	}
	found, err := layout.Check(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

// house is a small tree without a fault. Each case of TestCheck plants one.
var house = map[string]string{
	"go.mod":  "module github.com/tabi-go/tabi\n\ngo 1.26.0\n",
	"go.work": "go 1.26.0\n\nuse .\n",
	"doc.go":  "// Package tabi is documentation.\npackage tabi\n",
	"example_test.go": "package tabi_test\n\nimport \"github.com/tabi-go/tabi/journey\"\n\n" +
		"func Example() {\n\t_ = journey.J\n\t// Output:\n}\n",
	"clock/clock.go": "// Package clock tells the time.\npackage clock\n\nimport \"time\"\n\n" +
		"// Now tells the time.\nfunc Now() time.Time { return time.Now() }\n",
	"clock/clock_test.go": "package clock_test\n\nfunc Example() {\n\t// Output:\n}\n",
	"journey/journey.go": "// Package journey is an engine.\npackage journey\n\nimport (\n" +
		"\t\"time\"\n\n\t\"github.com/google/uuid\"\n\t\"github.com/tabi-go/tabi/clock\"\n" +
		"\t\"github.com/tabi-go/tabi/journey/internal/fold\"\n)\n\n" +
		"// J is a journey.\nvar J = clock.Now().Add(time.Hour)\n\n// Names of journeys.\nconst (\n\tA = fold.F\n\tB = 2\n)\n\n" +
		"type hidden struct{}\n\nfunc (hidden) Exported() uuid.UUID { return uuid.UUID{} }\n",
	"journey/journey_test.go": "package journey_test\n\nimport (\n\t\"time\"\n\n" +
		"\t_ \"github.com/stretchr/testify/require\"\n\t_ \"github.com/tabi-go/tabi/storage/memstore\"\n)\n\n" +
		"var _ = time.Now()\n\nfunc ExampleJ() {\n\t// Output:\n}\n",
	"journey/internal/fold/fold.go": "// Package fold folds.\npackage fold\n\nimport _ \"github.com/tabi-go/tabi/clock\"\n\n" +
		"// F is a number.\nconst F = 1\n",
	"storage/memstore/memstore.go": "// Package memstore keeps facts in memory.\npackage memstore\n\n" +
		"import _ \"github.com/tabi-go/tabi/clock\"\n",
	"storage/memstore/memstore_test.go": "package memstore_test\n\nfunc Example() {\n\t// Unordered output: x\n}\n",
	"examples/one/main.go": "// Command one is an example.\npackage main\n\nimport (\n\t\"time\"\n\n" +
		"\t_ \"github.com/tabi-go/tabi/examples/internal/input\"\n\t_ \"github.com/tabi-go/tabi/journey\"\n)\n\n" +
		"func main() { _ = time.Now().Local() }\n",
	"examples/internal/input/input.go":   "// Package input opens files.\npackage input\n",
	"testdata/x.go":                      "this is not Go",
	".hidden/x.go":                       "nor is this",
	"storage/pgstore/go.mod":             "module github.com/tabi-go/tabi/storage/pgstore\n\ngo 1.26.0\n\nrequire github.com/tabi-go/tabi v0.0.0\n\nreplace github.com/tabi-go/tabi => ../..\n",
	"storage/pgstore/pgstore.go":         "// Package pgstore needs a server.\npackage pgstore\n\nimport (\n\t_ \"github.com/jackc/pgx/v5\"\n\t_ \"github.com/tabi-go/tabi/journey\"\n\t_ \"github.com/tabi-go/tabi/storage/pgstore/internal/sql\"\n)\n",
	"storage/pgstore/pgstore_test.go":    "package pgstore_test\n\nfunc Example() {}\n",
	"storage/pgstore/internal/sql/s.go":  "// Package sql speaks SQL.\npackage sql\n",
	"benchmarks/go.mod":                  "module github.com/tabi-go/tabi/benchmarks\n\ngo 1.26.0\n",
	"benchmarks/go.work":                 "go 1.26.0\n\nuse .\n",
	"internal/sim/cmd/tabifuzz/main.go":  "// Command tabifuzz fuzzes.\npackage main\n\nimport _ \"github.com/tabi-go/tabi/internal/sim\"\n\nfunc main() {}\n",
	"internal/sim/sim.go":                "// Package sim simulates.\npackage sim\n\nimport _ \"github.com/tabi-go/tabi/storage/memstore\"\n",
	"journey/analytics/funnel/funnel.go": "// Package funnel counts.\npackage funnel\n\nimport _ \"github.com/tabi-go/tabi/journey\"\n",
	"journey/analytics/funnel/f_test.go": "package funnel_test\n\nimport _ \"github.com/tabi-go/tabi/internal/sim\"\n\nfunc Example() {\n\t// Output: 1\n}\n",
}

func TestCheck(t *testing.T) {
	type files map[string]string
	tests := []struct {
		name  string
		plant files
		want  string // the one finding begins so; empty: none
	}{
		{"house without a fault", nil, ""},
		{"arrow upward", files{"clock/up.go": "package clock\n\nimport _ \"github.com/tabi-go/tabi/journey\"\n"},
			"clock/up.go:3: wrong arrow: clock (floor 0a) imports journey (floor 3a)"},
		{"arrow along a floor", files{"storage/memstore/x.go": "package memstore\n\nimport _ \"github.com/tabi-go/tabi/journey\"\n"},
			"storage/memstore/x.go:3: wrong arrow: storage/memstore (floor 3a) imports journey (floor 3a)"},
		{"arrow against the letters", files{
			"journey/journeymap/m.go":      "// Package journeymap maps.\npackage journeymap\n\nimport _ \"github.com/tabi-go/tabi/journey/journeymap/draw\"\n",
			"journey/journeymap/m_test.go": "package journeymap_test\n\nfunc Example() {\n\t// Output:\n}\n"},
			"journey/journeymap/m.go:4: wrong arrow: journey/journeymap (floor 5a) imports journey/journeymap/draw (floor 5b)"},
		{"hidden package imports its parent", files{"journey/internal/fold/up.go": "package fold\n\nimport _ \"github.com/tabi-go/tabi/journey\"\n"},
			"journey/internal/fold/up.go:3: wrong arrow: journey/internal/fold (floor below 3a) imports journey (floor 3a)"},
		{"hidden package imports its parent's neighbour", files{"journey/internal/fold/up.go": "package fold\n\nimport _ \"github.com/tabi-go/tabi/storage/memstore\"\n"},
			"journey/internal/fold/up.go:3: wrong arrow"},
		{"test may point upward", files{"clock/up_test.go": "package clock_test\n\nimport _ \"github.com/tabi-go/tabi/journey\"\n"}, ""},
		{"package without a floor", files{"journey/internal.go": "package journey\n", "util/u.go": "// Package util is a drawer.\npackage util\n", "util/u_test.go": "package util\n\nfunc Example() {\n\t// Output:\n}\n"},
			"util: package without a floor"},
		{"import of a package without a floor", files{"journey/u.go": "package journey\n\nimport _ \"github.com/tabi-go/tabi/util\"\n"},
			"journey/u.go:3: imports github.com/tabi-go/tabi/util, which has no floor"},
		{"foreign module", files{"journey/f.go": "package journey\n\nimport _ \"github.com/samber/lo\"\n"},
			"journey/f.go:3: imports github.com/samber/lo, which is not on the allow-list"},
		{"foreign module with an allowed beginning", files{"journey/f.go": "package journey\n\nimport _ \"golang.org/x/expo\"\n"},
			"journey/f.go:3: imports golang.org/x/expo"},
		{"foreign module in an example", files{"examples/one/f.go": "package main\n\nimport _ \"github.com/samber/lo\"\n"},
			"examples/one/f.go:3: imports github.com/samber/lo"},
		{"testify outside tests", files{"journey/f.go": "package journey\n\nimport _ \"github.com/stretchr/testify/require\"\n"},
			"journey/f.go:3: imports github.com/stretchr/testify/require"},
		{"foreign module in a test", files{"journey/f_test.go": "package journey_test\n\nimport _ \"github.com/samber/lo\"\n"},
			"journey/f_test.go:3: imports github.com/samber/lo"},
		{"conformance suite with uuid", files{"storage/storetest/s.go": "// Package storetest checks.\npackage storetest\n\nimport _ \"github.com/google/uuid\"\n",
			"storage/storetest/s_test.go": "package storetest_test\n\nfunc Example() {\n\t// Output:\n}\n"},
			"storage/storetest/s.go:4: storetest imports the standard library and ours only"},
		{"cgo", files{"journey/c.go": "package journey\n\nimport \"C\"\n"}, "journey/c.go:3: cgo"},
		{"nested module imports the core's internal", files{"storage/pgstore/n.go": "package pgstore\n\nimport _ \"github.com/tabi-go/tabi/internal/num\"\n"},
			"storage/pgstore/n.go:3: module github.com/tabi-go/tabi/storage/pgstore imports github.com/tabi-go/tabi/internal/num"},
		{"nested module's test imports a package's internal", files{"storage/pgstore/n_test.go": "package pgstore_test\n\nimport _ \"github.com/tabi-go/tabi/journey/internal/fold\"\n"},
			"storage/pgstore/n_test.go:3: module"},
		{"nested module imports examples/internal", files{"storage/pgstore/n.go": "package pgstore\n\nimport _ \"github.com/tabi-go/tabi/examples/internal/input\"\n"},
			"storage/pgstore/n.go:3: module"},
		{"core imports a nested module", files{"journey/n_test.go": "package journey_test\n\nimport _ \"github.com/tabi-go/tabi/storage/pgstore\"\n"},
			"journey/n_test.go:3: the core imports the nested module's"},
		{"examples/internal outside examples", files{"journey/n.go": "package journey\n\nimport _ \"github.com/tabi-go/tabi/examples/internal/input\"\n"},
			"journey/n.go:3: imports github.com/tabi-go/tabi/examples/internal/input, which is for its own tree"},
		{"simulation outside tests", files{"journey/n.go": "package journey\n\nimport _ \"github.com/tabi-go/tabi/internal/sim\"\n"},
			"journey/n.go:3: imports github.com/tabi-go/tabi/internal/sim, which is for its own tree"},
		{"root package with code", files{"x.go": "package tabi\n\nimport _ \"github.com/tabi-go/tabi/journey\"\n"},
			"x.go:3: the root package is documentation"},
		{"import of the root package", files{"journey/n.go": "package journey\n\nimport _ \"github.com/tabi-go/tabi\"\n"},
			"journey/n.go:3: imports the root package"},

		{"time.Now", files{"journey/n.go": "package journey\n\nimport \"time\"\n\nvar n = time.Now()\n"},
			"journey/n.go:5: time.Now outside clock"},
		{"time.Now as a value, time renamed", files{"journey/n.go": "package journey\n\nimport tm \"time\"\n\nvar n = tm.Now\n"},
			"journey/n.go:5: time.Now outside clock"},
		{"time.Since", files{"journey/n.go": "package journey\n\nimport \"time\"\n\nvar n = time.Since(J)\n"},
			"journey/n.go:5: time.Since outside clock"},
		{"time.Local", files{"journey/internal/fold/n.go": "package fold\n\nimport \"time\"\n\nvar n = time.Local\n"},
			"journey/internal/fold/n.go:5: time.Local outside clock"},
		{"Local of a time", files{"journey/n.go": "package journey\n\nimport \"time\"\n\nfunc n(t time.Time) time.Time { return t.Local() }\n"},
			"journey/n.go:5: Local() reads the machine's zone"},
		{"dot import of time", files{"journey/n.go": "package journey\n\nimport . \"time\"\n\nvar n = Now()\n"},
			"journey/n.go:1: dot import of time"},
		{"another package's Now", files{"journey/n.go": "package journey\n\nimport \"github.com/tabi-go/tabi/clock\"\n\nvar n = clock.Now()\n"}, ""},

		{"no comment on a type", files{"journey/n.go": "package journey\n\ntype T int\n"}, "journey/n.go:3: no comment on T"},
		{"no comment on a function", files{"journey/n.go": "package journey\n\nfunc F() {}\n"}, "journey/n.go:3: no comment on F"},
		{"no comment on a method", files{"journey/n.go": "package journey\n\n// T is.\ntype T[K any] int\n\nfunc (*T[K]) M() {}\n"}, "journey/n.go:6: no comment on M"},
		{"no comment on a variable", files{"journey/n.go": "package journey\n\nvar V int\n"}, "journey/n.go:3: no comment on V"},
		{"no comment on a constant of a bare group", files{"journey/n.go": "package journey\n\nconst (\n\tX = 1 // one\n\tY = 2\n)\n"}, "journey/n.go:5: no comment on Y"},
		{"group comment does not serve types", files{"journey/n.go": "package journey\n\n// Two types.\ntype (\n\tX int\n)\n"}, "journey/n.go:5: no comment on X"},
		{"no comment on an interface's method", files{"journey/n.go": "package journey\n\n// I is.\ntype I interface {\n\tM() // does\n\tN()\n}\n"}, "journey/n.go:6: no comment on I.N"},
		{"no comment in an internal package", files{"journey/internal/fold/n.go": "package fold\n\nfunc G() {}\n"}, "journey/internal/fold/n.go:3: no comment on G"},
		{"no package comment", files{"clock/clock.go": "package clock\n\nimport \"time\"\n\n// Now tells.\nfunc Now() time.Time { return time.Now() }\n"}, "clock: no package comment"},
		{"no package comment on a program", files{"examples/one/main.go": "package main\n\nfunc main() {}\n"}, "examples/one: no package comment"},
		{"no example", files{"clock/clock_test.go": "package clock_test\n"}, "clock: no Example"},
		{"a benchmark needs no example", files{"benchmarks/identity/n.go": "// Package identity is.\npackage identity\n"}, ""},
		{"example that is never run", files{"clock/clock_test.go": "package clock_test\n\nfunc Example() {}\n"}, "clock: no Example"},
		{"no example in a nested module", files{"storage/pgstore/pgstore_test.go": "package pgstore_test\n"}, "storage/pgstore: no Example"},

		{"module at an unknown place", files{"journey/x/go.mod": "module github.com/tabi-go/tabi/journey/x\n\ngo 1.26.0\n"},
			"journey/x/go.mod: a module at a place"},
		{"module under another name", files{"benchmarks/go.mod": "module example.com/b\n\ngo 1.26.0\n"},
			"benchmarks/go.mod: module example.com/b is not named"},
		{"module without its workspace", files{"internal/tools/go.mod": "module github.com/tabi-go/tabi/internal/tools\n\ngo 1.26.0\n"},
			"internal/tools/go.mod: outside the root's go.work"},
		{"module without a replace", files{"storage/pgstore/go.mod": "module github.com/tabi-go/tabi/storage/pgstore\n\ngo 1.26.0\n\nrequire github.com/tabi-go/tabi v0.0.0\n"},
			"storage/pgstore/go.mod: requires the core without"},
		{"another language version", files{"go.work": "go 1.26\n\nuse .\n"}, "go.work: does not say go 1.26.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := build(t, house, tt.plant)
			found, err := layout.Check(root)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" && len(found) > 0 {
				t.Fatalf("found in a house without a fault:\n%s", strings.Join(found, "\n"))
			}
			if tt.want != "" && (len(found) != 1 || !strings.HasPrefix(found[0], tt.want)) {
				t.Fatalf("found\n%s\nwant one line that begins\n%s", strings.Join(found, "\n"), tt.want)
			}
		})
	}
}

func TestCheckReportsATreeItCannotRead(t *testing.T) {
	root := build(t, house, map[string]string{"clock/broken.go": "package"})
	if _, err := layout.Check(root); err == nil {
		t.Error("a file that does not parse went unnoticed")
	}
	if _, err := layout.Check(filepath.Join(root, "absent")); err == nil {
		t.Error("a missing folder went unnoticed")
	}
}

// build writes the files of base, overlaid with those of plant, to a new folder.
func build(t *testing.T, base, plant map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files := maps.Clone(base)
	maps.Copy(files, plant)
	for name, text := range files {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestMapOrder holds the check of loops over maps to its word: of these bodies of a
// function over a map, a struct and what it appends to, it takes the first and finds
// the others.
func TestMapOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: not with -short")
	}
	const head = "package journey\n\nimport (\n\t\"maps\"\n\t\"slices\"\n\t\"strings\"\n)\n\n" +
		"type sum struct {\n\tn int\n\tf float64\n\ttext string\n}\n\n" +
		"var _ = maps.Clone[map[string]int]\nvar _ = slices.Sort[[]string]\nvar _ = strings.ToLower\n\n" +
		"func half(n int) int { return n / 2 }\n\nfunc tell(s *sum) {}\n\n" +
		"func loop(m map[string]int, s *sum, yield func(string) bool) (list []string, ok bool, err error) {\n\t"
	free := []string{
		"for k, n := range m { s.n += half(n); delete(m, k) }",
		"for range m { list = append(list, \"x\") }",
		"for k := range m { list = append(list, k) }; slices.Sort(list)",
		"other := map[string]int{}; for k, n := range m { other[k] = n }",
		"seen := map[string]bool{}; for k := range m { seen[strings.ToLower(k)] = true }",
		"for k, n := range m { if k == \"\" || n < 0 { return nil, true, nil } }",
		"for _, n := range m { s.n = max(s.n, n); ok = ok || n > 3; if n == 0 { continue }; s.n++ }",
		"for _, n := range m { switch { case n > 1: s.n -= n } }",
		"for _, l := range map[string][]int{} { slices.Sort(l) }",
		"list = slices.Sorted(maps.Keys(m))",
	}
	bad := []string{
		"for k := range m { list = append(list, k) }",
		"slices.Sort(list); for k := range m { list = append(list, k) }",
		"for k := range m { if !yield(k) { return } }",
		"for k := range m { s.text = k }",
		"for k := range m { s.text += k }",
		"for _, n := range m { s.f += float64(n) }",
		"for k := range m { return []string{k}, false, nil }",
		"for _, n := range m { if n > 3 { return nil, true, nil }; if n < 0 { return nil, false, nil } }",
		"for range m { break }; for k := range m { if k > s.text { break } }",
		"other := map[string]int{}; for k, n := range m { other[strings.ToLower(k)] = n }",
		"for range m { tell(s) }; for k := range m { s.text = k[:1]; tell(s) }",
		"for _, n := range m { for range n { s.f *= 2 } }",
		"var other [3]int; for _, n := range m { other[n] = n }",
		"list = slices.Collect(maps.Keys(m))",
		"for k := range maps.Keys(m) { list = append(list, k) }",
		"type named map[string]int; for k := range named(m) { s.text = k }",
	}
	for i, body := range slices.Concat(free, bad) {
		root := build(t, house, map[string]string{"journey/loop.go": head + body + "\n\treturn\n}\n"})
		found, err := layout.Check(root)
		if err != nil {
			t.Fatal(err)
		}
		switch found := strings.Join(found, "\n"); {
		case i < len(free) && found != "":
			t.Errorf("%s\nlets no order out, and yet: %s", body, found)
		case i >= len(free) && (!strings.HasPrefix(found, "journey/loop.go:") || !strings.Contains(found, "the order of a map may get out") || strings.Contains(found, "\n")):
			t.Errorf("%s\nlets the order out, found: %s", body, found)
		}
	}
}
