package blackbox_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

// TestMain's program does what its first argument says.
func TestMain(m *testing.M) {
	blackbox.Main(m, func() {
		switch os.Args[1] {
		case "echo":
			text, _ := io.ReadAll(os.Stdin)
			fmt.Printf("%s%s%q", text, os.Getenv("GOMAXPROCS"), os.Args[2:])
		case "bad":
			fmt.Fprintln(os.Stderr, "no such flag")
			os.Exit(2)
		case "panic":
			panic("at the disco")
		case "race":
			raced()
		}
	})
}

//go:noinline
func raced() {
	n := 0
	done := make(chan bool)
	go func() { n++; close(done) }()
	n++
	<-done
	fmt.Println(n)
	os.Exit(1) // the detector changes status 0 alone
}

// A verdict is a test that notes whether it failed.
type verdict struct {
	testing.TB
	failed bool
}

func (v *verdict) Fatalf(string, ...any) { v.failed = true }

func TestStreamsAndStatus(t *testing.T) {
	t.Parallel()
	if out, errs, exit := blackbox.Run(t, "in ", "echo", "-test.v", "x"); out != `in ["-test.v" "x"]` || errs != "" || exit != 0 {
		t.Errorf("exit %d, %q, %q", exit, out, errs)
	}
	if out, errs, exit := blackbox.Run(t, "", "bad"); out != "" || errs != "no such flag\n" || exit != 2 {
		t.Errorf("exit %d, %q, %q", exit, out, errs)
	}
	if out, _, _ := blackbox.RunOn(t, 3, "", "echo"); out != "3[]" {
		t.Errorf("on three processors: %q", out)
	}
}

func TestPanicIsNoStatusTwo(t *testing.T) {
	t.Parallel()
	v := &verdict{TB: t}
	if _, errs, exit := blackbox.Run(v, "", "panic"); !v.failed || exit != 2 || !strings.Contains(errs, "at the disco") {
		t.Errorf("a panic passed for bad usage: %q", errs)
	}
}

func TestRaceOfAProgramThatFailsIsSeen(t *testing.T) {
	t.Parallel()
	v := &verdict{TB: t}
	_, errs, _ := blackbox.Run(v, "", "race")
	if detected := strings.Contains(errs, "DATA RACE"); v.failed != detected {
		t.Errorf("failed %v on %q", v.failed, errs)
	}
}

func TestLast(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "a": "a", "a\nb\n": "b", "\n\na\n\n": "a"} {
		if got := blackbox.Last(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	f, err := os.Open(blackbox.File(t, "a.txt.gz", "text"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); string(b) != "text" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := os.ReadFile(blackbox.File(t, "a.txt", "text")); string(b) != "text" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestSharedFollowsTheVariable(t *testing.T) {
	name := blackbox.File(t, "here", "")
	t.Setenv("TABI_SHARED", filepath.Dir(name))
	if got := blackbox.Shared(t, "here"); got != name {
		t.Errorf("%s, want %s", got, name)
	}
}
