// Command tabifuzz finds the fuzz targets of a source tree and runs each in turn:
//
//	go run ./internal/sim/cmd/tabifuzz [-x N] [-main] [-run REGEXP] [-list] [DIR]
//
// DIR is the folder of a go.mod, by default the working folder; targets of modules
// nested in it are found as well. The budget is a count of executions, never a time, so
// that a slow machine tests as much as a fast one. Every target gets a command of its
// own, and minimising an input is cut short: by default Go's fuzzer may spend a minute
// on each input it finds interesting and run nothing else meanwhile.
//
// The exit status is 0 if all went well, 1 if a target failed, 2 for bad usage or a
// tree that cannot be read. What a failing target found stays in its testdata/fuzz and
// is to be committed with the fix.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("tabifuzz", flag.ContinueOnError)
	flags.SetOutput(stderr)
	n := flags.Int("x", 200_000, "executions per target")
	main := flags.Bool("main", false, "only the main targets, which run for every commit")
	match := flags.String("run", "", "only targets whose FOLDER.Name matches this regular `expression`")
	list := flags.Bool("list", false, "print the targets and run none")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	pattern, err := regexp.Compile(*match)
	switch {
	case err != nil:
	case *n < 1:
		err = errors.New("-x must be at least 1")
	case flags.NArg() > 1:
		err = errors.New("more than one folder")
	}
	if err != nil {
		fmt.Fprintln(stderr, "tabifuzz:", err)
		return 2
	}
	root := "."
	if flags.NArg() == 1 {
		root = flags.Arg(0)
	}

	targets, err := find(root)
	if err == nil && *main {
		targets, err = selectMain(targets)
	}
	if err != nil {
		fmt.Fprintln(stderr, "tabifuzz:", err)
		return 2
	}
	targets = slices.DeleteFunc(targets, func(t target) bool { return !pattern.MatchString(t.String()) })
	status := 0
	for _, t := range targets {
		if *list {
			fmt.Fprintln(stdout, t)
			continue
		}
		start := time.Now()
		if out, err := t.fuzz(root, *n); err != nil {
			status = 1
			fmt.Fprintf(stdout, "FAIL %s: %v\n%s", t, err, out)
			continue
		}
		fmt.Fprintf(stdout, "ok   %s\t%d executions\t%.1fs\n", t, *n, time.Since(start).Seconds())
	}
	if len(targets) == 0 {
		fmt.Fprintln(stderr, "tabifuzz: no target")
	}
	return status
}

// fuzz runs one target for n executions and returns what the go command printed.
func (t target) fuzz(root string, n int) ([]byte, error) {
	cmd := exec.Command("go", "test", "-run=^$", "-fuzz=^"+t.name+"$",
		"-fuzztime="+strconv.Itoa(n)+"x", "-fuzzminimizetime=10x", ".")
	cmd.Dir = t.folder(root)
	return cmd.CombinedOutput()
}
