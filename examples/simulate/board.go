package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/journey/simulate"
)

// A model is a row of the scoreboard.
type model struct {
	name string
	by   attribution.Attributor
}

// pathModels are those that look at paths only, and against which the others are held.
var pathModels = []model{
	{"first", attribution.Rule(attribution.First{})},
	{"last", attribution.Rule(attribution.Last{})},
	{"linear", attribution.Rule(attribution.Linear{})},
	{"time_decay", attribution.Rule(attribution.TimeDecay{})},
	{"shapley", attribution.Shapley{}},
	{"markov1", attribution.Markov{}},
	{"shao_li", attribution.ShaoLi{}},
	{"fractribution", attribution.Fractribution{}},
}

// allModels adds the game on rates, which takes long paths for harmful ones and is shown
// for the warning, and the models with a baseline.
var allModels = slices.Concat(pathModels, []model{
	{"shapley_rate", attribution.Shapley{Game: attribution.Rate}},
	{"hazard", attribution.Hazard{}},
	{"hazard_incremental", attribution.Hazard{Reading: attribution.Incremental}},
	{"lineage", attribution.Lineage{}},
	{"lineage_incremental", attribution.Lineage{Reading: attribution.Incremental}},
})

// A trial is one scenario as one kind of analyst sees it.
type trial struct {
	scenario string
	block    string // stitched or unstitched, "" where there is nothing to stitch
	strata   bool   // the analyst knows props.segment
}

// name is the trial's column.
func (t trial) name() string {
	if t.block == "" {
		return t.scenario
	}
	return t.scenario + ", " + t.block
}

// trials are all scenarios in which people buy alone.
func trials() []trial {
	var ts []trial
	for _, name := range simulate.Scenarios() {
		switch name {
		case "b2b", "company":
		case "fragmented":
			ts = append(ts, trial{name, "stitched", false}, trial{name, "unstitched", false})
		default:
			ts = append(ts, trial{name, "", name == "confounded" || name == "all"})
		}
	}
	return ts
}

// A row is the score of one model in one trial.
type row struct {
	trial
	seed    uint64
	model   string
	scores  simulate.Scores
	seconds float64
	params  any
}

// score runs models in a trial.
func (t trial) score(seed uint64, users, days int, models []model) ([]row, error) {
	w, err := simulate.Scenario(t.scenario)
	if err != nil {
		return nil, err
	}
	p, err := w.Run(seed, users, days)
	if err != nil {
		return nil, err
	}
	truth, err := p.Truth(&simulate.TruthOptions{Scenario: t.scenario})
	if err != nil {
		return nil, err
	}
	js, err := journeys(p, truth.Start, days, t.strata, t.block != "unstitched")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, m := range models {
		began := time.Now()
		rs, err := attribution.Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}}, m.by)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		credit := map[string]float64{}
		for _, c := range rs[0].Credits {
			credit[c.Channel] = c.Conversions
		}
		rows = append(rows, row{t, seed, m.name, simulate.Score(truth, credit), time.Since(began).Seconds(), rs[0].Params})
	}
	return rows, nil
}

// scoreAll runs models in all trials with seeds 1 to n.
func scoreAll(n, users, days int, models []model) ([]row, error) {
	ts := trials()
	type result struct {
		rows []row
		err  error
	}
	results := make([]result, len(ts)*n)
	tokens := make(chan struct{}, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			tokens <- struct{}{}
			defer func() { <-tokens }()
			rows, err := ts[i/n].score(uint64(i%n+1), users, days, models)
			results[i] = result{rows, err}
		})
	}
	all.Wait()
	var rows []row
	for _, r := range results {
		if r.err != nil {
			return nil, r.err
		}
		rows = append(rows, r.rows...)
	}
	return rows, nil
}

// board writes the scoreboard as CSV and as a page.
func (j *job) board(s input.Streams, given map[string]bool) error {
	if j.out == "" || j.out == "-" || j.seeds < 1 {
		return input.Usagef("-scoreboard needs -out DIR and at least one seed")
	}
	if !given["users"] {
		j.users = 40_000
	}
	if err := os.MkdirAll(j.out, 0o777); err != nil {
		return &input.UsageError{Err: err}
	}
	rows, err := scoreAll(j.seeds, j.users, j.days, allModels)
	if err != nil {
		return err
	}
	f, err := j.create("scoreboard.csv")
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	w.Write([]string{"scenario", "block", "seed", "model", "tv", "placebo", "over", "err", "rank", "seconds"})
	for _, r := range rows {
		w.Write(slices.Concat([]string{r.scenario, r.block, strconv.FormatUint(r.seed, 10), r.model},
			cells(r.scores), []string{strconv.FormatFloat(r.seconds, 'f', 3, 64)}))
	}
	w.Flush()
	if err := cmp.Or(w.Error(), f.Close()); err != nil {
		return err
	}
	page, err := j.create("scoreboard.md")
	if err != nil {
		return err
	}
	return cmp.Or(writePage(page, rows, j), page.Close())
}
