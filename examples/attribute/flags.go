package main

import (
	"flag"
	"strings"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
)

// config is the command line, checked.
type config struct {
	in, format string
	models     []model
	names      []string
	prep       attribution.Preparation
	opts       attribution.Options
	renames    bool // a transform gives channels other names
	scale      int
	as         string
	spend      string
	explain    string

	transitions, pathsFile string

	order     int
	dropNulls bool
	share     bool
	decay     attribution.TimeDecay
	direct    []string
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
	f.Var(&halfLife, "half-life", "of time_decay, default 7d")
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
	rest, err := s.Parse(f)
	if err != nil {
		return nil, err
	}
	switch {
	case len(rest) > 0:
		return nil, input.Usagef("unexpected argument %q", rest[0])
	case c.in == "":
		return nil, input.Usagef("-in is missing")
	case c.format != "paths":
		return nil, input.Usagef("-format is paths, not %q", c.format)
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
	case c.opts.Interval.Reps < 0 || c.prep.LastSteps < 0:
		return nil, input.Usagef("-bootstrap and -last-steps are not negative")
	case lookback.Duration < 0 || lookbackImpression.Duration < 0 || halfLife.Duration < 0 || spacing.Duration < 0:
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
	if *models == "" {
		*models = "first,last,linear,shapley,position_40_20_40,linear_ramp,markov"
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
