package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree is a module with one target that holds, one that fails, and names that only look
// like targets.
var tree = map[string]string{
	"go.mod": "module example.com/tree\n\ngo 1.26.0\n",
	"a/a_test.go": `package a

import "testing"

func FuzzHolds(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {})
}

func FuzzFails(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) { t.Fatal("planted") })
}

func Fuzzy(int) {}
func TestA(t *testing.T) {}
`,
	"a/a.go":               "package a\n\nfunc FuzzNoTest(int) {}\n",
	"b/b_test.go":          "package b\n\nimport \"testing\"\n\nfunc Fuzz(f *testing.F) {}\n",
	"testdata/c_test.go":   "not Go",
	"_hidden/d_test.go":    "not Go",
	"nested/go.mod":        "module example.com/tree/nested\n\ngo 1.26.0\n",
	"nested/n_test.go":     "package nested\n\nimport \"testing\"\n\nfunc FuzzNested(f *testing.F) {}\n",
	"nested/.x/x_test.go":  "not Go",
	"nested/vendor/v/v.go": "not Go",
}

func TestListFindsTargetsInTheSources(t *testing.T) {
	root := build(t, tree)
	var out, diag bytes.Buffer
	if status := run([]string{"-list", root}, &out, &diag); status != 0 {
		t.Fatalf("exit %d: %s", status, &diag)
	}
	want := "a.FuzzFails\na.FuzzHolds\nb.Fuzz\nnested.FuzzNested\n"
	if out.String() != want {
		t.Errorf("listed\n%swant\n%s", &out, want)
	}
	out.Reset()
	if status := run([]string{"-list", "-run", `^a\..*Ho`, root}, &out, &diag); status != 0 || out.String() != "a.FuzzHolds\n" {
		t.Errorf("-run: exit %d, listed %q", status, &out)
	}
}

func TestMainTargetsAreInTheSources(t *testing.T) {
	all, err := find(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := selectMain(all); err != nil {
		t.Error(err)
	}
}

func TestBadUsageExitsWith2(t *testing.T) {
	root := build(t, tree)
	for _, args := range [][]string{
		{"-x", "0", root}, {"-x", "many", root}, {"-run", "(", root}, {root, root}, {filepath.Join(root, "absent")},
	} {
		var out, diag bytes.Buffer
		if status := run(args, &out, &diag); status != 2 || diag.Len() == 0 {
			t.Errorf("%v: exit %d, said %q", args[:1], status, &diag)
		}
	}
}

func TestAFailingTargetExitsWith1AndTheOthersStillRun(t *testing.T) {
	root := build(t, tree)
	t.Setenv("GOWORK", "off")
	var out, diag bytes.Buffer
	status := run([]string{"-x", "100", "-run", "^a", root}, &out, &diag)
	if got := out.String(); status != 1 || !strings.Contains(got, "FAIL a.FuzzFails") ||
		!strings.Contains(got, "planted") || !strings.Contains(got, "ok   a.FuzzHolds\t100 executions") {
		t.Errorf("exit %d\n%s%s", status, got, &diag)
	}
}

func build(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
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
