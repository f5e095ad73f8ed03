package attribution_test

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// shared is a file of the folder of checking data, which is not part of the repository.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	dir := os.Getenv("TABI_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if b, err := os.ReadFile(filepath.Join(root, "go.mod")); err == nil && strings.HasPrefix(string(b), "module github.com/tabi-go/tabi\n") {
				break
			}
			if root == filepath.Dir(root) {
				t.Skip("no module root above the test")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(filepath.Dir(root), "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("checking data missing: %s", dir)
	}
	return filepath.Join(append([]string{dir}, parts...)...)
}

// scale is how many minor units the decimals of the checking data are read with.
const scale = 1e9

// table reads a CSV file as maps from column to text.
func table(t testing.TB, file string) []map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	recs, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, rec := range recs[1:] {
		m := map[string]string{}
		for i, h := range recs[0] {
			m[h] = rec[i]
		}
		out = append(out, m)
	}
	return out
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	if s == "" {
		return 0
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// pathsFile reads a file of aggregated paths.
func pathsFile(t testing.TB, name string, timed bool) *attribution.Journeys {
	t.Helper()
	js := &attribution.Journeys{}
	for _, m := range table(t, shared(t, "data", "attribution", name)) {
		r := attribution.Row{
			Channels:    strings.Split(m["path"], " > "),
			Conversions: number(t, m["total_conversions"]), Nulls: number(t, m["total_null"]),
			Value: int64(math.RoundToEven(number(t, m["total_conversion_value"]) * scale)),
		}
		if timed {
			for _, h := range strings.Split(m["hours_to_end"], " > ") {
				r.Ages = append(r.Ages, time.Duration(math.Round(number(t, h)*3600))*time.Second)
			}
		}
		if err := js.AddRow(r); err != nil {
			t.Fatal(err)
		}
	}
	return js
}

// mini is the five-row example of the goldens.
func mini(t testing.TB) *attribution.Journeys {
	t.Helper()
	return rows(t,
		attribution.Row{Channels: []string{"A", "B", "C"}, Conversions: 2, Nulls: 1, Value: 20 * scale},
		attribution.Row{Channels: []string{"A", "A", "B"}, Conversions: 1, Value: 5 * scale},
		attribution.Row{Channels: []string{"C"}, Conversions: 1, Nulls: 3, Value: 8 * scale},
		attribution.Row{Channels: []string{"B", "C"}, Nulls: 4},
		attribution.Row{Channels: []string{"A", "C", "A", "B"}, Conversions: 3, Nulls: 2, Value: 30 * scale},
	)
}

func rows(t testing.TB, rs ...attribution.Row) *attribution.Journeys {
	t.Helper()
	js := &attribution.Journeys{}
	for _, r := range rs {
		if err := js.AddRow(r); err != nil {
			t.Fatal(err)
		}
	}
	return js
}

// noInterval keeps tests that look at estimates quick.
var noInterval = &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}}

func run(t testing.TB, js *attribution.Journeys, a attribution.Attributor) *attribution.Result {
	t.Helper()
	res, err := a.Attribute(js, noInterval)
	if err != nil {
		t.Fatalf("%s: %v", a.Name(), err)
	}
	return res
}

// near reports whether a and b agree to tol relative, absolute below 1.
func near(a, b, tol float64) bool { return math.Abs(a-b)/max(1, math.Abs(b)) <= tol }

// randomPaths makes a small set of paths with every feature that does not need a reason.
func randomPaths(r *rand.Rand, timed bool) []attribution.Path {
	names := []string{"A", "B", "C", "D", "E", "Direct", "ページ"}[:1+r.IntN(7)]
	epoch := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	var ps []attribution.Path
	for range r.IntN(30) {
		p := attribution.Path{Converted: r.IntN(3) > 0}
		if r.IntN(2) == 0 {
			p.Subject = "s" + strconv.Itoa(r.IntN(8))
		}
		if r.IntN(4) == 0 {
			p.Weight = []float64{.5, 2, 3, 1.25}[r.IntN(4)]
		}
		if p.Converted {
			p.Value = r.Int64N(100_000)
		}
		if timed {
			p.End = epoch.Add(time.Duration(r.IntN(1_000_000)) * time.Second)
		}
		for i := range r.IntN(8) {
			s := attribution.Step{Channel: names[r.IntN(len(names))], Kind: attribution.StepKind(r.IntN(3))}
			if timed {
				s.At = p.End.Add(-time.Duration(10*r.IntN(300_000)+i) * time.Second) // no two alike
			}
			p.Steps = append(p.Steps, s)
		}
		slices.SortStableFunc(p.Steps, func(a, b attribution.Step) int { return a.At.Compare(b.At) })
		ps = append(ps, p)
	}
	return ps
}

func setOf(t testing.TB, ps ...attribution.Path) *attribution.Journeys {
	t.Helper()
	js := &attribution.Journeys{}
	for _, p := range ps {
		if err := js.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	return js
}

// crowded skips a test of many thousand people where the counts are cut: fewer would not
// find the truth, and no test of the package has a second goroutine.
func crowded(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("fits thousands of people: not with -short")
	}
}

// rounds is how many random sets a property is tried on.
func rounds() int {
	if os.Getenv("TABI_LONG") != "" {
		return 10_000
	}
	if testing.Short() {
		return 10
	}
	return 100
}

// shuffled is a copy of ps in another order.
func shuffled(r *rand.Rand, ps []attribution.Path) []attribution.Path {
	ps = slices.Clone(ps)
	r.Shuffle(len(ps), func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
	return ps
}

func explained(t testing.TB, p attribution.Path, m attribution.Model) []attribution.StepCredit {
	t.Helper()
	scs, err := attribution.Explain(p, nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return scs
}
