package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/blackbox"
	"github.com/tabi-go/tabi/journey/simulate"
)

// What needs minutes is done if it is asked for: TABI_LONG tries the bars at a small size,
// TABI_SCOREBOARD at the full size, and that docs/scoreboard.md is what the program makes.
var long, full = os.Getenv("TABI_LONG") != "", os.Getenv("TABI_SCOREBOARD") != ""

// The scoreboard must be able to tell: the flagship is ahead of all path models, and a
// broken resolver shows.
func TestScoreboardTellsModelsApart(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fits thousands of people: not with -short")
	}
	tv := map[key]float64{}
	for _, tr := range trials() {
		switch tr.scenario {
		case "randomised", "mediated", "fragmented":
			rows, err := tr.score(1, 3000, 30, allModels)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				tv[key{r.name(), r.model}] = r.scores.TV
			}
		}
	}
	for _, name := range []string{"randomised", "mediated", "fragmented, stitched"} {
		for _, m := range pathModels {
			if lineage, other := tv[key{name, "lineage"}], tv[key{name, m.name}]; !(0 < lineage && lineage < other) {
				t.Errorf("%s: tv of lineage %.3f, of %s %.3f", name, lineage, m.name, other)
			}
		}
	}
	if good, bad := tv[key{"fragmented, stitched", "hazard"}], tv[key{"fragmented, unstitched", "hazard"}]; !(0 < good && good+.03 <= bad) {
		t.Errorf("tv %.3f stitched, %.3f unstitched", good, bad)
	}
	if direct, whole := tv[key{"mediated", "hazard"}], tv[key{"mediated", "lineage"}]; !(0 < whole && whole <= direct/2) {
		t.Errorf("mediated: tv of hazard %.3f, of lineage %.3f", direct, whole)
	}
}

// The bars hold at a small size too, with twice the room: errors shrink with the root of
// the size, and 8,000 people are a fifth. One row needs all of that root: few sales of
// baseline_heavy come from touches at all, so its placebo is the noisiest figure.
func TestBars(t *testing.T) {
	t.Parallel()
	if !long {
		t.Skip("takes a minute: TABI_LONG is not set")
	}
	const slack = 2
	const noisiest = "baseline_heavy: placebo of hazard"
	rows, err := scoreAll(3, 8000, 30, allModels)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range judge(rows, slack) {
		if v.what == noisiest {
			v.kept, v.limit = v.value <= .01*math.Sqrt(5), "≤ .01·√5"
		}
		if !v.kept {
			t.Errorf("%s is %.4f, want %s", v.what, v.value, v.limit)
		}
	}
	checkParams(t, rows, slack)
}

// A bar whose model nobody ran, or in another trial, is not kept.
func TestWhatNobodyRanKeepsNoBar(t *testing.T) {
	t.Parallel()
	for _, v := range judge(nil, 1) {
		if v.kept {
			t.Errorf("%s is kept by %.4f", v.what, v.value)
		}
	}
}

// The page in docs is what one command makes, to the byte, and says that all is kept.
func TestScoreboardOfTheDocs(t *testing.T) {
	t.Parallel()
	if !full {
		t.Skip("takes ten minutes: TABI_SCOREBOARD is not set")
	}
	rows, err := scoreAll(3, 40_000, 30, allModels)
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := writePage(&page, rows, &job{users: 40_000, days: 30, seeds: 3}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "docs", "scoreboard.md"))
	if err != nil {
		t.Fatal(err)
	}
	if page.String() != string(want) {
		t.Error("docs/scoreboard.md differs from what the command in its first lines makes")
	}
	for _, v := range judge(rows, 1) {
		if !v.kept {
			t.Errorf("%s is %.4f, want %s", v.what, v.value, v.limit)
		}
	}
	checkParams(t, rows, 1)
}

// In continuous time the hazard keeps the bars of the grid, but for baseline_heavy: there it
// reads the rhythm of the day as an effect, as every sale of a simulated day comes after
// its touches. That is why days are the default.
func TestContinuousTimeMayBeWorse(t *testing.T) {
	t.Parallel()
	if !long && !full {
		t.Skip("takes minutes: TABI_LONG is not set")
	}
	users, slack := 8000, 2.0
	if full {
		users, slack = 40_000, 1
	}
	rows, err := scoreAll(3, users, 30, []model{{"hazard", attribution.Hazard{Step: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	mean := means(rows)
	for _, b := range bars {
		most := b.tv * slack
		if b.trial == "baseline_heavy" {
			most += .045 // where .03 was hoped for
		}
		if tv := mean[b.key]["tv"]; b.model == "hazard" && !(0 < tv && tv <= most) {
			t.Errorf("%s: tv of the hazard in continuous time is %.4f, at most %.4f", b.trial, tv, most)
		}
	}
}

// Intervals of fitted models cover what they promise: in 40 worlds the 95 % intervals of
// effective channels contain the mean trigger credit in 85 % at least, and that of the
// placebo 0 in 90 %.
func TestIntervalsCover(t *testing.T) {
	t.Parallel()
	if !long && !full {
		t.Skip("takes minutes: TABI_LONG is not set")
	}
	const seeds, users, days = 40, 10_000, 30
	w, err := simulate.Scenario("randomised")
	if err != nil {
		t.Fatal(err)
	}
	mean := map[string]float64{}
	var results []*attribution.Result
	for seed := range uint64(seeds) {
		p, err := w.Run(seed+1, users, days)
		if err != nil {
			t.Fatal(err)
		}
		truth, err := p.Truth(&simulate.TruthOptions{SkipWorlds: true})
		if err != nil {
			t.Fatal(err)
		}
		js, err := journeys(p, truth.Start, days, false, true)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := attribution.Attribute(js, &attribution.Options{Interval: attribution.Interval{Reps: 100, Seed: seed}}, attribution.Hazard{})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, rs[0])
		for c, n := range truth.Trigger {
			mean[c] += n / seeds
		}
	}
	var covered, of, zero float64
	for _, r := range results {
		for _, ch := range w.Channels {
			c := r.Credit(ch.Name)
			switch inside := c.Lo <= mean[ch.Name] && mean[ch.Name] <= c.Hi; {
			case ch.Beta == 0 && c.Lo <= 0:
				zero++
			case ch.Beta > 0:
				of++
				if inside {
					covered++
				}
			}
		}
	}
	if !(covered >= .85*of && zero >= .9*seeds) {
		t.Errorf("%v of %v intervals cover, %v of %v of the placebo contain 0", covered, of, zero, seeds)
	}
}

// checkParams compares what the models learned with what the worlds are made of.
func checkParams(t *testing.T, rows []row, slack float64) {
	t.Helper()
	grid := []time.Duration{day, 2 * day, 3 * day, 5 * day, 8 * day, 13 * day}
	truth := map[string]time.Duration{"Display": 8 * day, "Paid Social": 5 * day, "Email": 2 * day, "Paid Search": day} // the nearest of the grid
	for _, r := range rows {
		switch p := r.params.(type) {
		case *attribution.HazardParams:
			if r.scenario != "decay" || slack > 1 {
				continue
			}
			for c, want := range truth {
				if d := slices.Index(grid, p.Decay[c]) - slices.Index(grid, want); d < -1 || d > 1 {
					t.Errorf("decay, seed %d: %s fades in %v, want about %v", r.seed, c, p.Decay[c], want)
				}
			}
		case *attribution.LineageParams:
			if r.scenario != "mediated" {
				continue
			}
			want := map[[2]string]float64{{"Display", "Paid Search"}: .25, {"Paid Social", "Paid Search"}: .10}
			for pair, e := range p.Excitation {
				if d := e - want[pair]; want[pair] == 0 && slack == 1 && !(e <= 0) || !(math.Abs(d) <= .03*slack) {
					t.Errorf("mediated, seed %d: %v excites by %v, want %v", r.seed, pair, e, want[pair])
				}
			}
			if len(p.Excitation) < 2 {
				t.Errorf("mediated, seed %d: %v", r.seed, p.Excitation)
			}
		}
	}
}

const day = 24 * time.Hour

// The same command makes the same page, on any number of processors.
func TestScoreboardIsGenerated(t *testing.T) {
	t.Parallel()
	dir, again := t.TempDir(), t.TempDir()
	if _, diag, status := blackbox.Run(t, "", "-scoreboard", "-out", dir, "-users", "200", "-seeds", "1"); status != 0 {
		t.Fatalf("exit %d: %s", status, diag)
	}
	page := files(t, dir)["scoreboard.md"]
	rows := table(t, files(t, dir)["scoreboard.csv"])
	if want := len(trials()) * len(allModels); len(rows) != want {
		t.Errorf("%d rows, want %d", len(rows), want)
	}
	_, diag, status := blackbox.RunOn(t, 1, "", "-scoreboard", "-out", again, "-users", "200", "-seeds", "1")
	if status != 0 || files(t, again)["scoreboard.md"] != page {
		t.Errorf("a second run differs; exit %d: %s", status, diag)
	}
	for _, trial := range trials() {
		if !strings.Contains(page, strings.ReplaceAll(trial.name(), "_", " ")) {
			t.Errorf("the page says nothing of %s", trial.name())
		}
	}
	if _, _, status := blackbox.Run(t, "", "-scoreboard"); status != 2 {
		t.Errorf("without -out: exit %d", status)
	}
}
