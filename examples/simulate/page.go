package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/tabi-go/tabi/journey/simulate"
)

// writePage writes the scoreboard for people to read. It says nothing that depends on the
// machine.
func writePage(to io.Writer, rows []row, j *job) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, `# Scoreboard

Every model on every scenario of simulate, whose truth is known. Generated, never typed:

    go run ./examples/simulate -scoreboard -users %d -days %d -seeds %d -out docs

People: %d, days: %d, mean of seeds 1 to %d. Truth is the Shapley value of the worlds with each set of
channels switched on. What the scenarios test:

`, j.users, j.days, j.seeds, j.users, j.days, j.seeds)
	for _, t := range trials() {
		tests, _, err := simulate.Describe(t.scenario)
		if err != nil {
			return err
		}
		if t.block != "unstitched" {
			fmt.Fprintf(w, "- %s: %s\n", strings.ReplaceAll(t.scenario, "_", " "), tests)
		}
	}
	mean := means(rows)
	for _, m := range []struct{ score, title string }{
		{"tv", "Error of the shares (tv)\n\nHalf the sum of |share of credit − share of truth| over the channels: 0 best, 1 worst."},
		{"placebo", "Paid for nothing (placebo)\n\nShare of the credit given to a channel without any effect."},
		{"over", "Credit over truth (over)\n\nAll credit of channels over what they brought: 1 best. Path models have no baseline, so they\ncannot reach it; the trigger reading of the others counts sales that would have come later anyway."},
	} {
		fmt.Fprintf(w, "\n## %s\n\n| model |", m.title)
		for _, t := range trials() {
			fmt.Fprintf(w, " %s |", strings.ReplaceAll(t.name(), "_", " "))
		}
		fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("--:|", len(trials())))
		for _, a := range allModels {
			fmt.Fprintf(w, "| %s |", a.name)
			for _, t := range trials() {
				fmt.Fprintf(w, " %.3f |", mean[key{t.name(), a.name}][m.score])
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprint(w, `
## How to read it

hazard and lineage know the segment of each person (props.segment, a noisy tenth of their intent) in
confounded and all; no model knows anything else. The worlds favour these two: effects fade
exponentially and act day by day, as they assume, except in synergy and multiplicative. In fragmented
the stitched block is what package identity makes of devices, logins and e-mails, with each contact
that two systems recorded counted once; in the unstitched block every device is a subject.

shapley_rate warns immortal_time: a sale ends a path, so long paths look harmful, and credit can be
negative. Shares are of what is above 0.

## Bars

A release that makes one of these worse does not ship.

| promise | value | bar | |
|---|--:|--:|---|
`)
	for _, v := range judge(rows, 1) {
		kept := "kept"
		if !v.kept {
			kept = "**missed**"
		}
		fmt.Fprintf(w, "| %s | %.4f | %s | %s |\n", strings.ReplaceAll(v.what, "_", " "), v.value, v.limit, kept)
	}
	return w.Flush()
}
