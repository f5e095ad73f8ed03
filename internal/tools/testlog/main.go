// Command testlog reads what go test -json prints and tells it briefly: the closing
// line of each package, the output of what failed, and every test that was skipped.
//
//	go test -json work | testlog [-allow REGEXP]...
//
// A skipped test proves nothing, so each skip must be allowed: a regular expression
// must match its "PACKAGE.TEST: MESSAGE". The exit status is 1 if a test or a build
// failed or a skip was not allowed, 2 for bad usage.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, stdout, stderr io.Writer) int {
	var allowed []*regexp.Regexp
	flags := flag.NewFlagSet("testlog", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("allow", "skips that match this regular `expression` are fine; may be repeated", func(s string) error {
		re, err := regexp.Compile(s)
		allowed = append(allowed, re)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	l := log{out: stdout, tests: map[string][]string{}}
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			l.line(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Fprintln(stderr, "testlog:", err)
			return 1
		}
	}
	return l.close(allowed)
}

// An event is one line of go test -json; see go doc test2json.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

type log struct {
	out             io.Writer
	tests           map[string][]string // output of tests that have not ended
	skips           []string
	passed, skipped int
	failed          bool
}

func (l *log) line(text string) {
	var e event
	if json.Unmarshal([]byte(text), &e) != nil {
		fmt.Fprint(l.out, text) // the go command itself speaks
		return
	}
	name := e.Package + "." + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(l.out, e.Output)
	case "build-fail":
		l.failed = true
	case "output":
		if e.Test != "" {
			l.tests[name] = append(l.tests[name], e.Output)
		} else if e.Output != "PASS\n" {
			fmt.Fprint(l.out, e.Output)
		}
	case "pass":
		if e.Test != "" {
			l.passed++
		}
		delete(l.tests, name)
	case "fail":
		l.failed = true
		for _, s := range l.tests[name] {
			fmt.Fprint(l.out, s)
		}
		delete(l.tests, name)
	case "skip":
		if e.Test != "" {
			l.skipped++
			l.skips = append(l.skips, name+": "+message(l.tests[name]))
		}
		delete(l.tests, name)
	}
}

// message is what a skipped test said, without the lines of the testing package.
func message(output []string) string {
	var said []string
	for _, s := range output {
		s = strings.TrimSpace(s)
		if s != "" && !strings.HasPrefix(s, "=== ") && !strings.HasPrefix(s, "--- ") {
			said = append(said, s)
		}
	}
	return strings.Join(said, " ")
}

func (l *log) close(allowed []*regexp.Regexp) int {
	slices.Sort(l.skips)
	for _, s := range l.skips {
		mark := "skipped"
		if !slices.ContainsFunc(allowed, func(re *regexp.Regexp) bool { return re.MatchString(s) }) {
			mark = "skipped, but should run here"
			l.failed = true
		}
		fmt.Fprintf(l.out, "%s: %s\n", mark, s)
	}
	fmt.Fprintf(l.out, "%d tests passed, %d skipped\n", l.passed, l.skipped)
	if l.failed {
		return 1
	}
	return 0
}
