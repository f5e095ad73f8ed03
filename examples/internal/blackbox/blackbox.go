// Package blackbox lets tests see an example program from outside: arguments, standard
// streams, exit status.
//
// The program is the test binary itself, started again: [Main] runs main instead of the
// tests where [Run] or [Command] asked for it. So the go command knows what a test depends
// on and serves no old pass after main was changed; the race detector covers the program;
// and its coverage counts with that of the tests. [File] writes the input of a test,
// [Shared] finds data for checking.
package blackbox

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asked is the variable that makes a test binary the program.
const asked = "TABI_BLACKBOX"

// Main is all that TestMain does: it runs the tests, or main in a process that [Command]
// started. It stands in a file of its own, program_test.go, since a test of package
// main_test cannot name main:
//
//	func TestMain(m *testing.M) { blackbox.Main(m, main) }
func Main(m *testing.M, main func()) {
	if os.Getenv(asked) == "" {
		os.Exit(m.Run())
	}
	main()
	os.Exit(0) // TestMain would do it too, after looking for the flags of tests
}

// Command returns the program with these arguments, not yet started, for one that runs
// beside the test. Its environment is set: append to Env. See [Ended].
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range args { // the go command has no eye on what other processes read
		_, _ = os.Stat(name)
	}
	cmd := exec.Command(binary, args...)
	// Under the race detector a process sleeps a second before it ends, unless told not to.
	cmd.Env = append(os.Environ(), asked+"=1", "GORACE=atexit_sleep_ms=50 "+os.Getenv("GORACE"))
	if testing.CoverMode() != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+counters(t))
	}
	return cmd
}

// counters is the folder for the counts of coverage. The testing package adds up all that
// it finds in the folder that the go command chose.
func counters(t testing.TB) string {
	if f := flag.Lookup("test.gocoverdir"); f != nil && f.Value.String() != "" {
		return f.Value.String()
	}
	return t.TempDir()
}

// Run runs the program on text at standard input, and returns what it wrote to standard
// output and standard error, and its exit status. What [Ended] refuses fails the test.
func Run(t testing.TB, stdin string, args ...string) (out, errs string, exit int) {
	t.Helper()
	return run(t, Command(t, args...), stdin)
}

// RunOn is [Run] on so many processors.
func RunOn(t testing.TB, processors int, stdin string, args ...string) (out, errs string, exit int) {
	t.Helper()
	cmd := Command(t, args...)
	cmd.Env = append(cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", processors))
	return run(t, cmd, stdin)
}

func run(t testing.TB, cmd *exec.Cmd, stdin string) (out, errs string, exit int) {
	t.Helper()
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &o, &e
	err := cmd.Run()
	Ended(t, cmd, err, e.String())
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// Ended checks how a command ended, given what Wait returned and what was written to
// standard error. The test fails if it did not end by itself, panicked or had a data race,
// whatever its exit status: that of a panic is 2, as that of bad usage is.
func Ended(t testing.TB, cmd *exec.Cmd, err error, errs string) {
	t.Helper()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() < 0 || strings.Contains(errs, "\ngoroutine ") || strings.Contains(errs, "WARNING: DATA RACE") {
		t.Fatalf("%q: %v\n%s", cmd.Args[1:], cmd.ProcessState, errs)
	}
}

// Last returns the last line of a text, where programs count their bad records.
func Last(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// File writes a file for the test and returns its path. Where the name ends in .gz the
// text is compressed.
func File(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(data) // a buffer takes all
		_ = z.Close()
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Shared returns the path of a file or folder of the data for checking, which is no part
// of the repository: it lies beside it, or where TABI_SHARED says. The name has slashes.
// Where there is no such file the test is skipped.
func Shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(sharedDir(t), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s: set TABI_SHARED to the folder of data for checking", path)
	}
	return path
}

// sharedDir is the folder beside the root of the module that the test is of.
func sharedDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("TABI_SHARED"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared")
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	t.Fatal("the test runs outside the module")
	return ""
}
