package main

import (
	"fmt"
	"math"
	"slices"
)

// A key is a model in a trial.
type key struct{ trial, model string }

// means averages the scores of a model in a trial over the seeds.
func means(rows []row) map[key]map[string]float64 {
	sums, n := map[key]map[string]float64{}, map[key]float64{}
	for _, r := range rows {
		k := key{r.name(), r.model}
		if sums[k] == nil {
			sums[k] = map[string]float64{}
		}
		n[k]++
		for name, x := range map[string]float64{"tv": r.scores.TV, "placebo": r.scores.Placebo, "over": r.scores.Over} {
			sums[k][name] += x
		}
	}
	for k, m := range sums {
		for name := range m {
			m[name] /= n[k]
		}
	}
	return sums
}

// A bar is what a model has to reach in a trial: at most so much error and so much credit
// for the placebo, at 40,000 people and 30 days, in the mean of three seeds.
type bar struct {
	key
	tv, placebo float64
}

var bars = []bar{
	{key{"randomised", "hazard"}, .025, .015},
	{key{"rare", "hazard"}, .035, .015},
	{key{"decay", "hazard"}, .03, .01},
	{key{"confounded", "hazard"}, .05, .04},
	{key{"confounded", "lineage"}, .055, .045},
	{key{"multiplicative", "hazard"}, .045, .02},
	{key{"synergy", "hazard"}, .055, .01},
	{key{"baseline_heavy", "hazard"}, .035, .01},
	{key{"mediated", "hazard"}, .10, .015},
	{key{"mediated", "lineage"}, .025, .015},
	{key{"all", "hazard"}, .10, .05},
	{key{"all", "lineage"}, .07, .05},
	{key{"fragmented, stitched", "hazard"}, .04, .025},
}

// A verdict is a promise and how far it was kept.
type verdict struct {
	what  string
	value float64
	limit string
	kept  bool
}

// judge compares the means with all promises, each relaxed by a factor (1: none). What
// nobody ran keeps none.
func judge(rows []row, slack float64) []verdict {
	mean := means(rows)
	of := func(trial, model, score string) float64 {
		if m, ok := mean[key{trial, model}]; ok {
			return m[score]
		}
		return math.NaN()
	}
	var vs []verdict
	most := func(what string, x, limit float64) {
		vs = append(vs, verdict{what, x, "≤ " + short(limit), x <= limit})
	}
	for _, b := range bars {
		most(b.trial+": tv of "+b.model, of(b.trial, b.model, "tv"), b.tv*slack)
		most(b.trial+": placebo of "+b.model, of(b.trial, b.model, "placebo"), b.placebo*slack)
	}
	for _, t := range trials() {
		name := t.name()
		if t.block == "unstitched" {
			continue
		}
		best := math.Inf(1)
		for _, m := range pathModels {
			best = math.Min(best, of(name, m.name, "tv"))
		}
		tv := of(name, "lineage", "tv")
		most(name+": tv of lineage over the best path model's", tv/best, .75*slack)
		if !slices.Contains([]string{"confounded", "mediated", "all"}, name) {
			most(name+": tv of lineage and of hazard differ by", math.Abs(tv-of(name, "hazard", "tv")), .005*slack)
		}
		for _, model := range []string{"hazard_incremental", "lineage_incremental"} {
			over := of(name, model, "over")
			low, high := 1-.07*slack, 1+.15*slack
			vs = append(vs, verdict{name + ": over of " + model, over, short(low) + "–" + short(high), low <= over && over <= high})
		}
		if name != "baseline_heavy" {
			most(name+": over of hazard", of(name, "hazard", "over"), 1+.2*slack)
		}
	}
	worse := of("fragmented, unstitched", "hazard", "tv") - of("fragmented, stitched", "hazard", "tv")
	vs = append(vs, verdict{"fragmented: tv of hazard lost without stitching", worse, "≥ " + short(.03/slack), worse >= .03/slack})
	return vs
}

// short prints a number with three decimals at most.
func short(x float64) string { return fmt.Sprint(math.Round(x*1000) / 1000) }
