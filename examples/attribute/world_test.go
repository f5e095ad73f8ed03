package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

// world is a simulated file of touches; at changes their instants.
func world(t *testing.T, scenario string, users, days int, at func(time.Time) time.Time) (csv string, truth *simulate.Truth) {
	t.Helper()
	w, err := simulate.Scenario(scenario)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.Run(5, users, days)
	if err != nil {
		t.Fatal(err)
	}
	if truth, err = p.Truth(&simulate.TruthOptions{Scenario: scenario}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := touchpoint.NewWriter(&b, touchpoint.CSV)
	for tp := range p.Touches() {
		tp.At = at(tp.At)
		if err := out.Write(tp); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String(), truth
}

// A file that carries dates alone is as good as one with instants, on the grid of days.
func TestDayStampedTouches(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fits thousands of people: not with -short")
	}
	args := []string{"-models", "hazard,hazard_incremental,lineage,lineage_incremental", "-bootstrap", "0", "-since", "2025-01-01T00:00:00Z", "-until", "2025-01-30T23:59:59Z"}
	exact, truth := world(t, "mediated", 6000, 30, func(at time.Time) time.Time { return at })
	dated, _ := world(t, "mediated", 6000, 30, func(at time.Time) time.Time { return at.Truncate(24 * time.Hour) })
	want, _ := touches(t, exact, args...)
	got, _ := touches(t, dated, args...)
	credit := map[string]map[string]float64{}
	for i, w := range want {
		if g := got[i]; g["channel"] != w["channel"] || !near(g.num(t, "conversions"), w.num(t, "conversions"), 1e-9) {
			t.Errorf("%v, of instants %v", g, w)
		}
		if credit[w["model"]] == nil {
			credit[w["model"]] = map[string]float64{}
		}
		credit[w["model"]][w["channel"]] = w.num(t, "conversions")
	}
	if s := simulate.Score(truth, credit["lineage"]); !(s.TV <= .05 && s.Placebo <= .03) {
		t.Errorf("lineage: %+v", s)
	}
	for model, c := range credit {
		if !(c["(baseline)"] > 0) {
			t.Errorf("%s has no baseline: %v", model, c)
		}
	}
}

// W-shaped and full-path credit of accounts, from the milestones that the deals emit, against
// the same divided by hand from the prepared paths.
func TestMilestonesOfSimulatedDeals(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("simulates half a year: not with -short")
	}
	in, truth := world(t, "b2b", 400, 180, func(at time.Time) time.Time { return at })
	file := filepath.Join(t.TempDir(), "p.csv")
	rows, _ := touches(t, in, "-by", "crm_account_id", "-models", "w_shaped,full_path", "-bootstrap", "0", "-paths", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, deals := map[[2]string]float64{}, 0.0
	for _, p := range records(t, string(text)) {
		n := p.num(t, "total_conversions")
		if n == 0 {
			continue
		}
		deals += n
		steps, marks := strings.Split(p["path"], " > "), strings.Split(p["milestones"], " > ")
		for model, names := range map[string][]string{"w_shaped": {"first_touch", "known", "opportunity"}, "full_path": {"first_touch", "known", "opportunity", "won"}} {
			carried := make([]float64, len(steps))
			last := 0
			for _, name := range names {
				for i := range steps {
					if name == "first_touch" && i == 0 || name == "won" && i == len(steps)-1 || slices.Contains(strings.Split(marks[i], "|"), name) {
						carried[i]++
						last = max(last, i)
						break
					}
				}
			}
			present, between := 0.0, 0
			for i := range last + 1 {
				if present += carried[i]; carried[i] == 0 {
					between++
				}
			}
			rest := .1
			if between == 0 {
				rest = 0
			}
			for i := range last + 1 {
				share := (1 - rest) * carried[i] / present
				if carried[i] == 0 {
					share = rest / float64(between)
				}
				want[[2]string{model, steps[i]}] += n * share
			}
		}
	}
	won := 0
	for _, d := range truth.Accounts {
		if d.Won {
			won++
		}
	}
	if int(deals+.5) > won || deals < .9*float64(won) {
		t.Errorf("%v deals with touches, %d won", deals, won)
	}
	for _, r := range rows {
		if w, ok := want[[2]string{r["model"], r["channel"]}]; r["channel"] != "(unattributed)" && (!near(r.num(t, "conversions"), w, 1e-9) || !ok && r.num(t, "conversions") != 0) {
			t.Errorf("%v, by hand %v", r, w)
		}
	}
}
