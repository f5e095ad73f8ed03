// Quickstart runs a small company, or your own touches, from records to credit in one
// command. Without -in it simulates a firm with English and Japanese customers.
//
//	quickstart [-in FILE [-map FILE|preset:NAME]] [-model NAME|FILE] [-lang en|ja]
//	           [-seed 1] [-shuffle SEED] [-at T] [-names] [-o FILE]
//
// Everything printed on standard output comes from a tracker over a store in memory and
// is the same for the same facts, in whatever order they came. Standard error tells how
// long each part took, the first bad records, and last the tally.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func main() { input.Main("quickstart", run) }

// shown is how many bad records are named on standard error.
const shown = 20

func run(s input.Streams) error {
	var at input.Time
	f := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	in := f.String("in", "", "`file` of touches, - for standard input; empty: simulate a company")
	mapping := f.String("map", "", "read a CSV through this mapping `file` or preset:NAME")
	name := f.String("model", "leadtorevenue", "stage model, a preset's `name` or a file")
	lang := f.String("lang", "en", "`language` of titles and stages, en or ja")
	seed := f.Uint64("seed", 1, "`seed` of the simulated company")
	shuffle := f.Uint64("shuffle", 0, "feed in the random order of this `seed`; 0 leaves the order")
	page := f.String("o", "", "`file` of the report page; this version writes none and says so")
	names := f.Bool("names", false, "print ids of people and accounts")
	f.Var(&at, "at", "the `instant` of the answer, RFC 3339; default the latest touch")
	rest, err := s.Parse(f)
	if err != nil {
		return err
	}
	t, ok := texts[*lang]
	switch {
	case len(rest) > 0:
		return input.Usagef("unexpected argument %q", rest[0])
	case !ok:
		return input.Usagef("-lang is en or ja, not %q", *lang)
	case *mapping != "" && *in == "":
		return input.Usagef("-map needs -in")
	}
	model, err := readModel(s, *name)
	if err != nil {
		return err
	}
	part := parts(s)

	var touches []touchpoint.Touch
	tally := touchpoint.Tally{}
	if *in == "" {
		w, err := simulate.Scenario("company")
		if err != nil {
			return err
		}
		p, err := w.Run(*seed, 400, 180)
		if err != nil {
			return err
		}
		touches = slices.Collect(p.Touches())
		part("simulate")
	} else {
		for tp, err := range s.Touches(*in, &input.Options{Map: *mapping}) {
			if bad := (*input.Bad)(nil); errors.As(err, &bad) {
				if tally.Add(touchpoint.Rejected); tally.Offered() <= shown {
					fmt.Fprintln(s.Err, bad)
				}
				continue
			}
			if err != nil {
				return err
			}
			touches = append(touches, tp)
		}
		part("read")
	}
	if at.IsZero() {
		for i := range touches {
			if touches[i].At.After(at.Time) {
				at.Time = touches[i].At
			}
		}
	}

	ctx := context.Background()
	opts := &journey.Options{Model: &model, Logger: slog.New(slog.DiscardHandler)}
	tr, err := journey.NewTracker(new(memstore.Store), opts)
	if err != nil {
		return err
	}
	if err := record(ctx, s, tr, batches(touches, *shuffle), &tally); err != nil {
		return err
	}
	part("record")
	v, err := tr.View(ctx, at.Time)
	if err != nil {
		return err
	}
	part("stitch")
	c, err := fold(v, model, *names)
	if err != nil {
		return err
	}
	part("fold")
	if err := c.print(s.Out, t); err != nil {
		return err
	}
	part("credit")
	if *page != "" {
		fmt.Fprintln(s.Err, "report: not written, this version has no report page")
	}
	fmt.Fprintln(s.Err, tally)
	if tally[touchpoint.Rejected]+tally[touchpoint.Conflict] > 0 {
		return input.ErrBad
	}
	return nil
}

// record records batch by batch. What is refused here passed reading, so there is no line to
// name: a time too far ahead of the clock, say.
func record(ctx context.Context, s input.Streams, tr *journey.Tracker, all iter.Seq[[]touchpoint.Touch], tally *touchpoint.Tally) error {
	for batch := range all {
		outs, err := tr.Record(ctx, batch...)
		if err != nil {
			return err
		}
		for _, o := range outs {
			tally.Add(o.Status)
			if o.Status == touchpoint.Rejected && tally[touchpoint.Rejected] <= shown {
				fmt.Fprintln(s.Err, "record refused:", o.Err)
			}
		}
	}
	return nil
}

func batches(touches []touchpoint.Touch, seed uint64) iter.Seq[[]touchpoint.Touch] {
	if seed == 0 {
		return input.Batches(touches)
	}
	return input.Shuffle(touches, seed)
}

func readModel(s input.Streams, name string) (stage.Model, error) {
	if m, ok := stage.Preset(name); ok {
		return m, nil
	}
	text, err := s.ReadFile(name)
	if err != nil {
		return stage.Model{}, err
	}
	m, err := stage.ParseModel(text)
	if err != nil {
		return m, &input.UsageError{Err: fmt.Errorf("%s: %w", name, err)}
	}
	return m, nil
}

// parts prints on standard error how long each part took.
func parts(s input.Streams) func(string) {
	last := time.Now()
	return func(name string) {
		now := time.Now()
		fmt.Fprintf(s.Err, "%s %d ms\n", name, now.Sub(last).Milliseconds())
		last = now
	}
}
