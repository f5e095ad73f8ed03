package tabi_test

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestREADMEProgramRuns builds the README's program and feeds it the README's table.
// The example of this package imports the rooms that the README shows, so a change of
// their API changes the test binary and an old "ok" is not taken from the test cache.
func TestREADMEProgramRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program: not with -short")
	}
	code, table := block(t, "go"), block(t, "csv")
	dir := t.TempDir()
	main, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "readme")
	if err := os.WriteFile(main, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", program, main).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if formatted, err := format.Source([]byte(code)); err != nil || string(formatted) != code {
		t.Errorf("gofmt would change the code (%v)", err)
	}
	cmd := exec.Command(program)
	cmd.Stdin = strings.NewReader(table)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := block(t, "text"); string(out) != want {
		t.Errorf("the program printed\n%sthe README says\n%s", out, want)
	}
}

// block returns the README's only block of a language.
func block(t *testing.T, language string) string {
	t.Helper()
	found := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(readme(t), -1)
	if len(found) != 1 {
		t.Fatalf("%d blocks of %s in the README", len(found), language)
	}
	return found[0][1]
}

func TestREADMEIsShortAndShowsCodeFirst(t *testing.T) {
	text := readme(t)
	if n := strings.Count(text, "\n"); n > 150 {
		t.Errorf("the README has %d lines, at most 150 are wanted", n)
	}
	before, _, _ := strings.Cut(text, "```go\n")
	if n := strings.Count(before, "\n") + 1; n >= 20 {
		t.Errorf("the README's code begins at line %d, it should before line 20", n)
	}
}

func TestREADMELinksLeadSomewhere(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readme(t), -1)
	if len(links) == 0 {
		t.Error("no link is found")
	}
	for _, m := range links {
		if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestPackageCommentIsShort(t *testing.T) {
	b, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\n"); n > 80 {
		t.Errorf("doc.go has %d lines, at most 80 are wanted", n)
	}
}

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
