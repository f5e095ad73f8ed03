package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/internal/sim"
	"github.com/tabi-go/tabi/internal/sim/crash"
)

// oneMutant builds the program with a planted bug and lets that run instead.
func oneMutant(ctx context.Context, f *flags, out, diag io.Writer) int {
	code, err := runMutant(ctx, f.mutant, f.args, out, diag)
	if err != nil {
		fmt.Fprintln(diag, "tabisim:", err)
		return exitUsage
	}
	return code
}

// everyMutant runs every mutant in turn; one that is not caught, or breaks none of the
// invariants of its row, survived.
func everyMutant(ctx context.Context, f *flags, out, diag io.Writer) int {
	all, err := sim.Mutants()
	if err != nil {
		fmt.Fprintln(diag, "tabisim:", err)
		return exitUsage
	}
	code := exitGood
	for k, m := range all {
		var line bytes.Buffer
		args := []string{"-mutant", strconv.Itoa(k + 1), "-seed", strconv.FormatUint(f.Seed, 10), "-n", strconv.Itoa(f.N), "-ops", strconv.Itoa(f.Ops)}
		if f.reduce != "" {
			args = append(args, "-reduce", filepath.Join(f.reduce, m.Name+".jsonl"))
		}
		status, err := runMutant(ctx, k+1, args, &line, io.Discard)
		if err != nil || status == exitUsage {
			fmt.Fprintf(diag, "tabisim: mutant %s: status %d, %v\n", m.Name, status, err)
			return exitUsage
		}
		var r crash.Report
		if err := json.Unmarshal(line.Bytes(), &r); err != nil {
			fmt.Fprintf(diag, "tabisim: mutant %s: %v\n", m.Name, err)
			return exitUsage
		}
		if _, err := out.Write(line.Bytes()); err != nil {
			return exitUsage
		}
		switch {
		case r.Violations == 0:
			fmt.Fprintf(diag, "mutant %s survived %d schedules\n", m.Name, r.Schedules)
			code = exitViolation
		case !slices.Contains(m.Invariants, r.Failed[0].Invariant):
			fmt.Fprintf(diag, "mutant %s broke %s after %d schedules, want one of %s\n", m.Name, r.Failed[0].Invariant, r.Schedules, strings.Join(m.Invariants, ", "))
			code = exitViolation
		default:
			fmt.Fprintf(diag, "mutant %s: %s after %d schedules\n", m.Name, r.Failed[0].Invariant, r.Schedules)
		}
	}
	return code
}

// runMutant builds and runs the program with bug number k.
func runMutant(ctx context.Context, k int, args []string, out, diag io.Writer) (int, error) {
	all, err := sim.Mutants()
	if err != nil {
		return 0, err
	}
	root, err := moduleRoot()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "tabisim")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	bin, err := all[k-1].Build(ctx, root, dir, "./internal/sim/cmd/tabisim")
	if err != nil {
		return 0, err
	}
	c := exec.CommandContext(ctx, bin, args...)
	c.Env = append(os.Environ(), mutantVariable+"="+strconv.Itoa(k))
	c.Stdout, c.Stderr = out, diag
	err = c.Run()
	exit := (*exec.ExitError)(nil)
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// moduleRoot is the folder of the core module, at or above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module github.com/tabi-go/tabi\n") {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside the module github.com/tabi-go/tabi")
		}
		dir = up
	}
}
