package main_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

// score runs the program on leads at standard input.
func score(t *testing.T, leads string, args ...string) (out, errs string, code int) {
	t.Helper()
	return blackbox.Run(t, leads, append([]string{"-in", "-"}, args...)...)
}

// answer is what tests read of the JSON.
type answer struct {
	N, Events      int
	Coefficients   []map[string]any
	Deviance       float64
	InSample       struct{ AUC, Brier float64 } `json:"in_sample"`
	CrossValidated struct {
		AUC   float64
		Folds int
	} `json:"cross_validated"`
	Calibration struct{ Method string }
	Threshold   struct {
		Rule           string
		TP, FP, FN, TN int
	}
	Dropped, Warnings []string
}

func decode(t *testing.T, text string) (a answer) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return a
}

const header = "lead,employees,source,visits,won\n"

// rows are leads whose visits and source matter; some cells are empty.
func rows(n int) []string {
	r := rand.New(rand.NewPCG(1, 1))
	var all []string
	for i := range n {
		employees, source, visits := fmt.Sprint(r.IntN(500)), []string{"Web", "Event", "紹介"}[r.IntN(3)], r.IntN(9)
		if r.IntN(9) == 0 {
			employees = ""
		}
		if r.IntN(9) == 0 {
			source = " "
		}
		p, won := 0.1+float64(visits)/12, "no"
		if source == "紹介" {
			p += 0.15
		}
		if r.Float64() < p {
			won = "yes"
		}
		all = append(all, fmt.Sprintf("l%d,%s,%s,%d,%s", i, employees, source, visits, won))
	}
	return all
}

func TestAnswer(t *testing.T) {
	out, errs, code := score(t, "\ufeff"+header+strings.Join(rows(300), "\n"), "-target", "won", "-id", "lead")
	a := decode(t, out)
	if code != 0 || errs != "" || a.N != 300 || a.Events < 100 || a.CrossValidated.Folds != 5 || a.Calibration.Method != "platt" || a.Threshold.Rule != "cost" {
		t.Errorf("exit %d %s %+v", code, errs, a)
	}
	var names []string
	for _, c := range a.Coefficients {
		names = append(names, fmt.Sprint(c["name"], "=", c["level"]))
	}
	if got, want := strings.Join(names, " "), "employees= employees=? source=(missing) source=Event source=Web visits="; got != want {
		t.Errorf("columns %s, not %s", got, want)
	}
	if !(0.6 <= a.CrossValidated.AUC && a.CrossValidated.AUC <= a.InSample.AUC) {
		t.Errorf("AUC %v, %v", a.InSample.AUC, a.CrossValidated.AUC)
	}
	keys := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(out), &keys); err != nil || len(keys) != 20 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestFlags(t *testing.T) {
	leads := header + strings.Join(rows(300), "\n")
	one := func(args ...string) answer {
		out, errs, code := score(t, leads, append([]string{"-target", "won", "-drop", "lead"}, args...)...)
		if code != 0 {
			t.Fatalf("%v: exit %d %s", args, code, errs)
		}
		return decode(t, out)
	}
	if a := one("-capacity", "40"); a.Threshold.Rule != "capacity" || a.Threshold.TP+a.Threshold.FP != 40 {
		t.Errorf("P14: %+v", a.Threshold)
	}
	cautious, eager := one("-cost-fp", "5").Threshold, one("-cost-fn", "5").Threshold
	if cautious.FP >= eager.FP || cautious.FN <= eager.FN {
		t.Errorf("%+v, %+v", cautious, eager)
	}
	if a := one("-features", "visits"); len(a.Coefficients) != 1 || a.Coefficients[0]["name"] != "visits" {
		t.Errorf("%v", a.Coefficients)
	}
	if a := one("-categorical", "visits", "-features", "visits"); len(a.Coefficients) != 8 || a.Coefficients[0]["level"] == "" {
		t.Errorf("%v", a.Coefficients)
	}
	yes, no := one("-lambda", "0"), one("-lambda", "0", "-positive", "no")
	for i, c := range yes.Coefficients {
		if b := no.Coefficients[i]["beta"].(float64); !(math.Abs(b+c["beta"].(float64)) <= 1e-9) {
			t.Errorf("P11: %v, %v", c["beta"], b)
		}
	}
	if a := one("-l1", "1000"); a.Coefficients[0]["beta"] != 0.0 || a.Coefficients[0]["se"] != nil {
		t.Errorf("%v", a.Coefficients[0])
	}
	if a := one("-calibrate", "isotonic"); a.Calibration.Method != "isotonic" {
		t.Error(a.Calibration)
	}
	if a, b := one("-seed", "2"), one(); a.CrossValidated.AUC == b.CrossValidated.AUC || !(math.Abs(a.InSample.AUC-b.InSample.AUC) <= 1e-9) {
		t.Error("the seed deals the folds and nothing else")
	}
}

// P1: rows in another order give the same bytes, and the scores follow their rows.
func TestShuffledRows(t *testing.T) {
	all := rows(200)
	all = append(all, all[:20]...) // equal rows
	scores := filepath.Join(t.TempDir(), "scores.csv")
	run := func(all []string, args ...string) (string, []string) {
		out, errs, code := score(t, header+strings.Join(all, "\n"), append([]string{"-target", "won", "-scores", scores}, args...)...)
		if code != 0 {
			t.Fatalf("exit %d %s", code, errs)
		}
		text, err := os.ReadFile(scores)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if lines[0] != "id,p_in_sample,p_out_of_fold,p_calibrated" || len(lines) != len(all)+1 {
			t.Fatalf("%d lines, %s", len(lines), lines[0])
		}
		var follow []string // row and its scores, without the number
		for i, line := range lines[1:] {
			id, rest, _ := strings.Cut(line, ",")
			if len(args) == 0 && id != fmt.Sprint(i+1) {
				t.Fatalf("row %d is called %s", i+1, id)
			}
			follow = append(follow, all[i]+" "+rest)
		}
		slices.Sort(follow)
		return out, follow
	}
	for _, args := range [][]string{nil, {"-id", "lead"}} {
		out, follow := run(all, args...)
		r := rand.New(rand.NewPCG(1, 2))
		for range 3 {
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			again, followed := run(all, args...)
			if again != out || !slices.Equal(followed, follow) {
				t.Fatalf("%v: the order shows", args)
			}
		}
	}
}

func TestExitStatus(t *testing.T) {
	leads := header + strings.Join(rows(100), "\n") + "\nbad,1,Web,2,\nworse,1\n\"worst,1\n"
	out, errs, code := score(t, leads, "-target", "won", "-id", "lead")
	if code != 1 || !strings.HasSuffix(errs, "dead letters: 3\n") || decode(t, out).N != 100 {
		t.Errorf("dead letters: exit %d %q", code, errs)
	}
	separated := "x,won\n"
	for i := range 60 {
		separated += fmt.Sprintf("%d,%d\n", i, i/30)
	}
	for name, tt := range map[string]struct {
		leads, says string
		args        []string
		code        int
	}{
		"separation":        {separated, "separated by x", []string{"-target", "won", "-lambda", "0"}, 1},
		"six rows":          {"x,y\n1,0\n2,0\n3,0\n4,1\n5,1\n6,1\n", "fewer than ten", []string{"-target", "y", "-lambda", "0"}, 1},
		"no target":         {leads, "needed", nil, 2},
		"no such column":    {leads, "does not exist", []string{"-target", "lost"}, 2},
		"no such feature":   {leads, "does not exist", []string{"-target", "won", "-drop", "age"}, 2},
		"which is positive": {"x,y\n1,a\n2,b\n", "-positive", []string{"-target", "y"}, 2},
		"both rules":        {leads, "-capacity", []string{"-target", "won", "-capacity", "3", "-cost-fp", "2"}, 2},
		"no such method":    {leads, "-calibrate", []string{"-target", "won", "-calibrate", "beta"}, 2},
		"negative penalty":  {leads, "-lambda", []string{"-target", "won", "-lambda", "-1"}, 2},
		"one fold":          {leads, "-folds", []string{"-target", "won", "-folds", "1"}, 2},
		"empty":             {"", "header", []string{"-target", "won"}, 2},
		"a column twice":    {"a,a,won\n", "repeats", []string{"-target", "won"}, 2},
		"target is feature": {leads, "feature", []string{"-target", "won", "-features", "won"}, 2},
		"nowhere to write":  {leads, "", []string{"-target", "won", "-drop", "lead", "-o", filepath.Join(t.TempDir(), "no", "where")}, 2},
	} {
		out, errs, code := score(t, tt.leads, tt.args...)
		if code != tt.code || !strings.Contains(errs, tt.says) || out != "" {
			t.Errorf("%s: exit %d, %q, %q", name, code, errs, out)
		}
	}
}

// The goldens, from files alone.
func TestBirthwt(t *testing.T) {
	leads, err := os.ReadFile(blackbox.Shared(t, "data/methods/birthwt.csv"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "out.json")
	out, errs, code := score(t, string(leads), "-target", "low", "-drop", "bwt", "-categorical", "race", "-lambda", "0", "-o", file)
	text, err := os.ReadFile(file)
	if code != 0 || out != "" || err != nil {
		t.Fatalf("exit %d %s %v", code, errs, err)
	}
	a := decode(t, string(text))
	for what, pair := range map[string][2]float64{
		"deviance": {a.Deviance, 201.284795}, "AUC": {a.InSample.AUC, .7461538461}, "Brier": {a.InSample.Brier, .1790602288},
		"race 2": {a.Coefficients[2]["beta"].(float64), 1.27225979775439}, "its SE": {a.Coefficients[2]["se"].(float64), 0.527363702925799},
	} {
		if !(math.Abs(pair[0]-pair[1]) <= 1e-6) {
			t.Errorf("%s is %v, not %v", what, pair[0], pair[1])
		}
	}
	// The weight that low is made of separates the classes.
	if _, errs, code := score(t, string(leads), "-target", "low", "-categorical", "race", "-lambda", "0"); code != 1 || !strings.Contains(errs, "bwt") {
		t.Errorf("exit %d %s", code, errs)
	}
}
