package main

import (
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
)

// config is the command line, checked.
type config struct {
	in, format string
	models     []model
	prep       attribution.Preparation
	opts       attribution.Options
	renames    bool // a transform gives channels other names
	scale      int
	as         string
	spend      string
	explain    string

	transitions, pathsFile string

	order      int
	dropNulls  bool
	share      bool
	decay      attribution.TimeDecay
	direct     []string
	hazard     attribution.Hazard
	milestones attribution.Milestones
	milestoned bool // a model looks at milestones
	touch      touchFlags
}

func parse(s input.Streams) (*config, error) {
	c := &config{}
	f := flag.NewFlagSet("attribute", flag.ContinueOnError)
	f.StringVar(&c.in, "in", "", "main input `file`, - for standard input")
	f.StringVar(&c.format, "format", "", "paths or touches")
	models := f.String("models", "", "`list` of models, printed in this order")
	f.IntVar(&c.order, "order", 1, "order of the bare model name markov")
	nulls := f.Bool("nulls", true, "count journeys without conversion in Markov models")
	value := f.String("markov-value", "removal", "how Markov divides money: removal or share")
	var lookback, lookbackImpression, halfLife, spacing input.Duration
	f.Var(&lookback, "lookback", "`age` up to which steps count, such as 30d")
	f.Var(&lookbackImpression, "lookback-impression", "the same `age` for impressions")
	f.IntVar(&c.prep.LastSteps, "last-steps", 0, "only the newest `N` steps")
	transform := f.String("transform", "", "`list` of exposure, first, frequency")
	exclude := f.String("exclude", "", "`list` of channels left out; a trailing * matches a prefix")
	mode := f.String("exclude-mode", "unless_all", "unless_all, always or tail")
	direct := f.String("direct", "", "`list` of channels that *_non_direct leaves out")
	f.Var(&halfLife, "half-life", "`duration` of time_decay, default 7d")
	f.BoolVar(&c.decay.Floor, "decay-floor", false, "whole half-lives only")
	f.BoolVar(&c.decay.Raw, "decay-raw", false, "not normalised")
	f.Var(&spacing, "spacing", "take steps to be this far apart, whatever their times")
	f.IntVar(&c.opts.Interval.Reps, "bootstrap", 200, "replicates; 0 leaves closed-form intervals alone")
	f.Float64Var(&c.opts.Interval.Level, "level", .95, "of the intervals")
	f.Uint64Var(&c.opts.Interval.Seed, "seed", 1, "of the bootstrap")
	f.StringVar(&c.spend, "spend", "", "CSV `file` channel,cost: adds cost, cpa and roas")
	f.IntVar(&c.scale, "scale", 9, "decimals of value kept")
	f.StringVar(&c.as, "as", "csv", "form of the output: csv or json")
	f.StringVar(&c.transitions, "transitions", "", "write the order-1 matrix to this `file`")
	f.StringVar(&c.explain, "explain", "", "print the credit of each step of a `subject`; in paths, of a line")
	f.StringVar(&c.pathsFile, "paths", "", "write the prepared paths to this `file`")
	milestones := f.String("milestones", "", "weights of the model milestones: first_touch=30,known=30,rest=10")
	f.IntVar(&c.opts.Threshold, "threshold", 0, "channels resting on fewer subjects than `K` go into (other)")
	cycle := f.String("cycle", "each", "each, overlap, first or last")
	var conversionGap, touchGap, openAfter input.Duration
	f.Var(&conversionGap, "conversion-gap", "conversions of a subject closer than this `duration` are one")
	f.Var(&touchGap, "touch-gap", "steps of a channel closer than this are one")
	f.Var(&openAfter, "open-after", "journeys with a younger last step are still open, no nulls")
	hazardStep := input.Duration{Duration: day}
	f.Var(&hazardStep, "step", "grid of hazard and lineage; 0 is continuous")
	decays := f.String("decays", "", "`list` of memories for hazard and lineage; one value fixes all")
	repeat := f.String("repeat", "auto", "whether a new spell follows a conversion: auto, never or always")
	f.StringVar(&c.touch.mapping, "map", "", "mapping `file`, or preset:NAME, through which touches are read")
	f.StringVar(&c.touch.by, "by", "", "subjects are the identifiers of this `type`; default stitched")
	f.StringVar(&c.touch.identity, "identity", "", "`file` of identifier rules")
	f.Var(&c.touch.since, "since", "`time` from which touches exist, RFC 3339")
	f.Var(&c.touch.until, "until", "`time` up to which touches exist")
	f.BoolVar(&c.touch.twins, "twins", true, "one contact recorded by two systems is one step")
	f.BoolVar(&c.touch.engaged, "engaged", false, "only touches at which the person did something")
	f.StringVar(&c.touch.entry, "entry", "auto", "where risk starts: auto, first or start")
	f.StringVar(&c.touch.stratum, "stratum", "", "`field` that gives each subject its baseline, such as props.segment")
	conversions := f.String("conversion", "", "`list` of kinds that convert; default the kinds of class conversion")
	stages := f.String("milestone-stage", "", "`list` of MILESTONE=STAGE|STAGE")
	f.StringVar(&c.touch.currency, "currency", "", "`code` of the values that count")
	rest, err := s.Parse(f)
	if err != nil {
		return nil, err
	}
	switch {
	case len(rest) > 0:
		return nil, input.Usagef("unexpected argument %q", rest[0])
	case c.in == "":
		return nil, input.Usagef("-in is missing")
	case c.format != "paths" && c.format != "touches":
		return nil, input.Usagef("-format is paths or touches, not %q", c.format)
	case !slices.Contains([]string{"auto", "first", "start"}, c.touch.entry):
		return nil, input.Usagef("-entry is auto, first or start, not %q", c.touch.entry)
	case c.touch.stratum != "" && c.touch.stratum != "stage" && !strings.HasPrefix(c.touch.stratum, "props.") && c.format == "touches":
		return nil, input.Usagef("-stratum is props.NAME or stage, not %q", c.touch.stratum)
	case c.order < 1 || c.order > 100:
		return nil, input.Usagef("-order %d is not between 1 and 100", c.order)
	case *value != "removal" && *value != "share":
		return nil, input.Usagef("-markov-value is removal or share, not %q", *value)
	case c.scale < 0 || c.scale > 18:
		return nil, input.Usagef("-scale %d is not between 0 and 18", c.scale)
	case c.as != "csv" && c.as != "json":
		return nil, input.Usagef("-as is csv or json, not %q", c.as)
	case c.opts.Interval.Level <= 0 || c.opts.Interval.Level >= 1:
		return nil, input.Usagef("-level is not between 0 and 1")
	case c.opts.Interval.Reps < 0 || c.prep.LastSteps < 0 || c.opts.Threshold < 0:
		return nil, input.Usagef("-bootstrap, -last-steps and -threshold are not negative")
	case slices.ContainsFunc([]input.Duration{lookback, lookbackImpression, halfLife, spacing, conversionGap, touchGap, openAfter},
		func(d input.Duration) bool { return d.Duration < 0 }):
		return nil, input.Usagef("durations are not negative")
	}
	if c.opts.Interval.Reps == 0 {
		c.opts.Interval.Method = attribution.Closed
	}
	c.dropNulls, c.share = !*nulls, *value == "share"
	c.decay.HalfLife, c.decay.Spacing = halfLife.Duration, spacing.Duration
	c.direct = list(*direct)
	c.prep.Window = window(lookback.Duration, lookbackImpression.Duration)
	if c.prep.Exclude, err = excluding(list(*exclude), *mode); err != nil {
		return nil, err
	}
	for _, t := range list(*transform) {
		switch t {
		case "exposure":
			c.prep.Transforms = append(c.prep.Transforms, attribution.Exposure())
		case "first":
			c.prep.Transforms = append(c.prep.Transforms, attribution.FirstOnly())
		case "frequency":
			c.prep.Transforms = append(c.prep.Transforms, attribution.Frequency())
			c.renames = true
		default:
			return nil, input.Usagef("unknown transform %q", t)
		}
	}
	if err := c.time(*cycle, *repeat, *decays, hazardStep.Duration); err != nil {
		return nil, err
	}
	c.prep.ConversionGap, c.prep.TouchGap, c.prep.OpenAfter = conversionGap.Duration, touchGap.Duration, openAfter.Duration
	c.touch.conversions = list(*conversions)
	if c.touch.stages, err = milestoneStages(*stages); err != nil {
		return nil, err
	}
	if c.milestones, err = milestoneModel(*milestones); err != nil {
		return nil, err
	}
	if *models == "" {
		*models = "first,last,linear,shapley,position_40_20_40,linear_ramp,markov"
		if c.format == "touches" {
			*models += ",time_decay,hazard"
		}
	}
	for _, name := range list(*models) {
		m, err := c.model(name)
		if err != nil {
			return nil, err
		}
		c.models = append(c.models, m)
	}
	return c, nil
}

// time checks what is said about cycles and the hazard.
func (c *config) time(cycle, repeat, decays string, step time.Duration) error {
	var ok bool
	c.prep.Cycle, ok = map[string]attribution.Cycle{
		"each": attribution.CycleEach, "overlap": attribution.CycleOverlap, "first": attribution.CycleFirst, "last": attribution.CycleLast,
	}[cycle]
	if !ok {
		return input.Usagef("-cycle is each, overlap, first or last, not %q", cycle)
	}
	c.hazard.Repeat, ok = map[string]attribution.Repeat{
		"auto": attribution.RepeatAuto, "never": attribution.RepeatNever, "always": attribution.RepeatAlways,
	}[repeat]
	if !ok {
		return input.Usagef("-repeat is auto, never or always, not %q", repeat)
	}
	if c.hazard.Step = step; step <= 0 {
		c.hazard.Step = -1
	}
	for _, d := range list(decays) {
		x, err := input.ParseDuration(d)
		if err != nil || x <= 0 {
			return input.Usagef("-decays: %q is no memory", d)
		}
		c.hazard.Decays = append(c.hazard.Decays, x)
	}
	return nil
}

// milestoneModel reads first_touch=30,known=30,rest=10.
func milestoneModel(s string) (attribution.Milestones, error) {
	var m attribution.Milestones
	for _, x := range list(s) {
		name, weight, ok := strings.Cut(x, "=")
		w, good := decimal(weight)
		if !ok || !good || name == "" || weight == "" {
			return m, input.Usagef("-milestones: %q is not NAME=WEIGHT", x)
		}
		if name == "rest" {
			m.Rest = w
		} else {
			m.Weights = append(m.Weights, attribution.MilestoneWeight{Name: name, Weight: w})
		}
	}
	return m, nil
}

// milestoneStages reads known=mql|sql,…
func milestoneStages(s string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, x := range list(s) {
		name, stages, ok := strings.Cut(x, "=")
		if !ok || name == "" {
			return nil, input.Usagef("-milestone-stage: %q is not MILESTONE=STAGE|STAGE", x)
		}
		out[name] = strings.Split(stages, "|")
	}
	return out, nil
}

// list splits a value at its commas.
func list(s string) []string {
	var out []string
	for _, x := range strings.Split(s, ",") {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

func window(all, impression time.Duration) attribution.Window {
	if impression == 0 {
		impression = all
	}
	return attribution.Window{Click: all, Impression: impression, Other: all}
}

// excluding makes the rule of -exclude; a trailing * matches a prefix.
func excluding(names []string, mode string) (attribution.Exclude, error) {
	modes := map[string]attribution.ExcludeMode{
		"unless_all": attribution.UnlessAll, "always": attribution.Always, "tail": attribution.Tail,
	}
	m, ok := modes[mode]
	if !ok {
		return attribution.Exclude{}, input.Usagef("-exclude-mode is unless_all, always or tail, not %q", mode)
	}
	return attribution.Exclude{Match: matcher(names), Mode: m}, nil
}

// matcher matches any of the patterns, nil for none.
func matcher(patterns []string) func(string) bool {
	if len(patterns) == 0 {
		return nil
	}
	return func(name string) bool {
		for _, p := range patterns {
			if prefix, ok := strings.CutSuffix(p, "*"); p == name || ok && strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	}
}
