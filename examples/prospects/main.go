// Prospects takes a company from a raw CRM export and the touches of its web site to the
// accounts to work this week: which account, which person, which message, and why.
//
//	prospects -in CRM.csv -map MAPPING.json -touches FILE -icp FILE -personas FILE
//	          [-plan FILE] [-tone FILE] [-calendar FILE] [-n 12] [-account ID] [-brief]
//	          [-stall 21d] [-lang en|ja] [-at T] [-shuffle SEED] [-o FILE]
//
// The way: rows of the CRM become touches by the mapping; a tracker stitches them with those
// of the site into people and accounts; what they state is folded into profiles; accounts
// are ordered by fit and engagement; in each the buying group says who is to be written to;
// stage, silence, persona, channel and tone say what.
package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"io"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func main() { input.Main("prospects", run) }

// definitions are the documents of a run.
type definitions struct {
	icps     []persona.ICP
	personas []persona.Persona
	outreach content.OutreachOptions
	model    stage.Model
	lang     string
}

func run(s input.Streams) error {
	f := flag.NewFlagSet("prospects", flag.ContinueOnError)
	in := f.String("in", "", "the export of the CRM: a CSV `file`")
	mapping := f.String("map", "", "how to read it: a mapping `file` or preset:NAME")
	touches := f.String("touches", "", "canonical touches of the site: a `file`")
	icp := f.String("icp", "", "ideal customer profiles: a JSON `file`")
	personas := f.String("personas", "", "personas: a JSON `file`")
	plan := f.String("plan", "", "content plan: a JSON `file`")
	tone := f.String("tone", "", "tone table: a JSON `file`, default the built-in one")
	calendar := f.String("calendar", "", "working days, hours and holidays: a JSON `file`")
	n := f.Int("n", 12, "how many accounts")
	lang := f.String("lang", "en", "`language` of the output, en or ja")
	shuffle := f.Uint64("shuffle", 0, "feed in the random order of this `seed`; 0 leaves the order")
	only := f.String("account", "", "show only the account of this `id` in the CRM")
	brief := f.Bool("brief", false, "one line an account")
	out := f.String("o", "", "output `file`, default standard output")
	var at input.Time
	stall := input.Duration{Duration: 21 * 24 * time.Hour}
	f.Var(&at, "at", "the `instant` of the answer, RFC 3339; default the latest touch")
	f.Var(&stall, "stall", "silence longer than this `duration` is a stall; 0: none is")
	rest, err := s.Parse(f)
	switch {
	case err != nil:
		return err
	case len(rest) > 0 || *in == "" || *mapping == "" || *touches == "" || *icp == "" || *personas == "":
		return input.Usagef("-in, -map, -touches, -icp and -personas are needed, and no arguments")
	case words[*lang] == nil:
		return input.Usagef("-lang is en or ja, not %q", *lang)
	case *n < 1:
		return input.Usagef("-n is less than 1")
	case stall.Duration < 0:
		return input.Usagef("-stall is less than 0")
	}
	d := definitions{model: stage.LeadToRevenue(), lang: *lang}
	for i := range d.model.Stages {
		if st := &d.model.Stages[i]; st.Kind == stage.Open {
			st.StallAfter = stall.Duration
		}
	}
	err = cmp.Or(
		input.Define(s, *icp, persona.ParseICPs, &d.icps), input.Define(s, *personas, persona.ParsePersonas, &d.personas),
		input.Define(s, *plan, content.ParsePlan, &d.outreach.Plan), input.Define(s, *tone, content.ParseTone, &d.outreach.Tone),
		input.Define(s, *calendar, content.ParseCalendar, &d.outreach.Calendar))
	if err != nil {
		return err
	}
	dead := input.Dead{Err: s.Err}
	all, err := collect(s, &dead, [][2]string{{*in, *mapping}, {*touches, ""}})
	if err != nil {
		return err
	}
	v, err := track(all, d.model, at.Time, *shuffle)
	if err != nil {
		return err
	}
	answer, err := d.answer(v, *n)
	if err != nil {
		return err
	}
	if *only != "" && !slices.ContainsFunc(answer, func(p prospect) bool { return p.id == *only }) {
		return input.Usagef("-account is none of the first %d", *n)
	}
	return dead.End("prospects", s.Save(*out, func(w io.Writer) error { return write(w, answer, *only, *brief) }))
}

// collect reads the touches of files, each through its mapping.
func collect(s input.Streams, dead *input.Dead, files [][2]string) (all []touchpoint.Touch, err error) {
	for _, file := range files {
		for t, err := range input.Good(s.Touches(file[0], &input.Options{Map: file[1]}), dead) {
			if err != nil {
				return nil, err
			}
			all = append(all, t)
		}
	}
	return all, nil
}

// track records the touches and looks at them as of an instant, by default the latest.
func track(all []touchpoint.Touch, model stage.Model, at time.Time, shuffle uint64) (*journey.View, error) {
	if at.IsZero() {
		for _, t := range all {
			if t.At.After(at) {
				at = t.At
			}
		}
	}
	ctx := context.Background()
	tr, err := journey.NewTracker(new(memstore.Store), &journey.Options{Model: &model, Boundary: journey.B2B(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	batches := input.Batches
	if shuffle != 0 {
		batches = func(all []touchpoint.Touch) iter.Seq[[]touchpoint.Touch] { return input.Shuffle(all, shuffle) }
	}
	for batch := range batches(all) {
		if _, err := tr.Record(ctx, batch...); err != nil {
			return nil, err
		}
	}
	return tr.View(ctx, at)
}

// write writes the answer.
func write(w io.Writer, answer []prospect, only string, brief bool) error {
	b := bufio.NewWriter(w)
	for i, p := range answer {
		switch {
		case only != "" && only != p.id:
		case brief:
			p.brief(b, i+1)
		default:
			p.print(b, i+1)
		}
	}
	return b.Flush()
}
