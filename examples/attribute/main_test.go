package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

// paths runs the program on a file of paths that is wholly good.
func paths(t *testing.T, in string, args ...string) string {
	t.Helper()
	out, errs, code := blackbox.Run(t, in, append([]string{"-in", "-", "-format", "paths"}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	return out
}

type row map[string]string

func records(t *testing.T, s string) []row {
	t.Helper()
	recs, err := csv.NewReader(strings.NewReader(s)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []row
	for _, rec := range recs[1:] {
		r := row{}
		for i, h := range recs[0] {
			r[h] = rec[i]
		}
		out = append(out, r)
	}
	return out
}

func (r row) num(t *testing.T, key string) float64 {
	t.Helper()
	if r[key] == "" {
		return 0
	}
	x, err := strconv.ParseFloat(r[key], 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func near(a, b, tol float64) bool { return math.Abs(a-b)/max(1, math.Abs(b)) <= tol }

const miniPaths = `path,total_conversions,total_conversion_value,total_null
A > B > C,2,20,1
A > A > B,1,5,0
C,1,8,3
B > C,0,0,4
A > C > A > B,3,30,2
`

func TestGoldens(t *testing.T) {
	t.Parallel()
	for golden, in := range map[string]string{
		"mini.csv": "", "five_channels.csv": "five_channels.csv", "pathdata.csv": "pathdata.csv", "ga4_paths.csv": "ga4_paths.csv",
		"timed_paths.csv": "timed_paths.csv", "timed_paths_untimed_models.csv": "timed_paths.csv",
	} {
		file, err := os.ReadFile(blackbox.Shared(t, "golden/attribution/"+golden))
		if err != nil {
			t.Fatal(err)
		}
		want := records(t, string(file))
		var models []string
		for _, w := range want {
			if !slices.Contains(models, w["model"]) {
				models = append(models, w["model"])
			}
		}
		text := []byte(miniPaths)
		if in != "" {
			if text, err = os.ReadFile(blackbox.Shared(t, "data/attribution/"+in)); err != nil {
				t.Fatal(err)
			}
		}
		got := map[[2]string]row{}
		for _, r := range records(t, paths(t, string(text), "-bootstrap", "0", "-models", strings.Join(models, ","))) {
			got[[2]string{r["model"], r["channel"]}] = r
		}
		for _, w := range want {
			r := got[[2]string{w["model"], w["channel"]}]
			if !near(r.num(t, "conversions"), w.num(t, "credit"), 1e-9) || !near(r.num(t, "value"), w.num(t, "credit_value"), 1e-6) ||
				!near(r.num(t, "removal_effect"), w.num(t, "removal_effect"), 1e-9) {
				t.Errorf("%s: %v, want %v", golden, r, w)
			}
		}
	}
}

func TestTransitionsGolden(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "t.csv")
	in, err := os.ReadFile(blackbox.Shared(t, "data/attribution/pathdata.csv"))
	if err != nil {
		t.Fatal(err)
	}
	paths(t, string(in), "-models", "last", "-bootstrap", "0", "-transitions", file)
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(blackbox.Shared(t, "golden/attribution/pathdata_transitions_order1.csv"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[2]string]row{}
	for _, r := range records(t, string(got)) {
		seen[[2]string{r["from"], r["to"]}] = r
	}
	for _, w := range records(t, string(golden)) {
		if r := seen[[2]string{w["from"], w["to"]}]; r == nil || r.num(t, "count") != w.num(t, "count") || !near(r.num(t, "prob"), w.num(t, "prob"), 1e-9) {
			t.Errorf("%v, want %v", r, w)
		}
	}
}

func TestRowOrderAndProcessorsCannotBeSeen(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(miniPaths, "\n")+"\n", "\n")
	lines = lines[:len(lines)-1]
	want := paths(t, miniPaths, "-models", "first,shapley,markov,markov3", "-as", "json")
	for i := range 5 {
		r := rand.New(rand.NewPCG(uint64(i), 0))
		body := slices.Clone(lines[1:])
		r.Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
		t.Setenv("GOMAXPROCS", fmt.Sprint(1+i%2))
		if got := paths(t, lines[0]+strings.Join(body, ""), "-models", "first,shapley,markov,markov3", "-as", "json"); got != want {
			t.Fatalf("\n%s\n%s", want, got)
		}
	}
}

func TestParamsHoldTheRate(t *testing.T) {
	t.Parallel()
	out := paths(t, miniPaths, "-models", "markov,markov2,markov5", "-as", "json", "-bootstrap", "0")
	for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var m struct {
			Model     string
			Conserves bool
			Params    struct {
				Order, States int
				P             float64 `json:"p_conversion"`
			}
			N struct{ Journeys, Conversions, Nulls float64 }
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m.Params.Order != []int{1, 2, 5}[i] || !near(m.Params.P, 7./17, 1e-12) || m.N.Journeys != 17 || !m.Conserves {
			t.Errorf("%+v", m)
		}
	}
	if !strings.HasPrefix(out, `{"model":"markov1"`) {
		t.Error("the bare name is not printed with its order")
	}
}

func TestValuesSumToTheLastDecimal(t *testing.T) {
	t.Parallel()
	in := "path,total_conversions,total_conversion_value\nA > B > C,3,0.000000001\nB > A,1,4611686018.427387901\nC,2,4611686018.427387903\n"
	sums := map[string]int64{}
	const models = "first,last,linear,linear_distinct,linear_ramp,shapley,shapley_ordered,shapley_rate,position_40_20_40,time_decay_pos24h_hl7d,markov,markov2,markov2_nonull,shao_li,fractribution,last_non_direct"
	for _, r := range records(t, paths(t, in, "-models", models, "-bootstrap", "0")) {
		whole, part, _ := strings.Cut(r["value"], ".")
		v, err := strconv.ParseInt(whole+part+strings.Repeat("0", 9-len(part)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sums[r["model"]] += v
	}
	if len(sums) != strings.Count(models, ",")+1 {
		t.Errorf("%d models", len(sums))
	}
	for model, sum := range sums {
		if sum != 9223372036854775805 {
			t.Errorf("%s: %d", model, sum)
		}
	}
}

func TestBadRowsAreCountedAndGoodOnesPrinted(t *testing.T) {
	t.Parallel()
	in := miniPaths + "A > (null),1,1,0\nA,x,1,0\nA,1\nA,-1,0,0\nA >  > B,1,0,0\nA,0,5,1\nA,1,NaN,0\nA,1,99999999999999,0\n"
	out, errs, code := blackbox.Run(t, in, "-in", "-", "-format", "paths", "-models", "last", "-bootstrap", "0")
	want := "line 7: reserved steps[1].channel\nline 8: not_a_number total_conversions\nline 9: syntax\nline 10: not_a_number total_conversions\n" +
		"line 11: missing path\nline 12: out_of_range value\nline 13: not_a_number total_conversion_value\nline 14: overflow total_conversion_value\ndead letters: 8\n"
	if code != 1 || errs != want || len(records(t, out)) != 3 {
		t.Errorf("exit %d\n%s%s", code, errs, out)
	}
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want int
		in   string
		args []string
	}{
		{0, miniPaths, []string{"-in", "-", "-format", "paths"}},
		{1, "path,total_conversions\n", []string{"-in", "-", "-format", "paths"}},
		{2, "way,total_conversions\n", []string{"-in", "-", "-format", "paths"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-models", "lats"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-models", "markov0"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-models", "position_50_50_50"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-models", "time_decay"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-models", "linear_lookback30d"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-models", "linear_lookback0d"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-spacing", "24h", "-models", "time_decay_hl0h"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-conversion-gap", "-1h"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-touch-gap", "-1h"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-open-after", "-1h"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-threshold", "-1"}},
		{2, miniPaths, []string{"-in", "-", "-format", "flow"}},
		{2, miniPaths, []string{"-format", "paths"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-transform", "last"}},
		{2, miniPaths, []string{"-in", "-", "-format", "paths", "-nonsense"}},
		{2, "", []string{"-in", "/no/such/file.csv", "-format", "paths"}},
		{2, "path,total_conversions,total_conversion_value\nA,1,9000000000\nB,1,9000000000\n", []string{"-in", "-", "-format", "paths"}},
	} {
		if _, errs, code := blackbox.Run(t, c.in, c.args...); code != c.want {
			t.Errorf("%q: exit %d, want %d: %s", c.args, code, c.want, errs)
		}
	}
}

func TestPreparationFlags(t *testing.T) {
	t.Parallel()
	const timed = "path,hours_to_end,total_conversions\nA > B > B > Direct,100 > 50 > 20 > 0,1\nDirect,0,1\n"
	for _, c := range []struct {
		want string // channel with the whole of the first row's credit
		args []string
	}{
		{"Direct", nil},
		{"B", []string{"-exclude", "Dir*"}},
		{"A", []string{"-lookback", "100h", "-exclude", "B,Direct"}},
		{"(unattributed)", []string{"-lookback", "99h", "-exclude", "B,Direct", "-exclude-mode", "always"}},
		{"B", []string{"-exclude", "Direct,A", "-exclude-mode", "tail"}},
	} {
		for _, r := range records(t, paths(t, timed, append(c.args, "-models", "last", "-bootstrap", "0")...)) {
			if got := r.num(t, "conversions") > 0; got != (r["channel"] == c.want) && r["channel"] != "Direct" {
				t.Errorf("%q: %v", c.args, r)
			}
		}
	}
	got := paths(t, "path,total_conversions\nD > A > B > B > C > D > C > C,1\n", "-transform", "frequency", "-models", "linear", "-bootstrap", "0")
	var names []string
	for _, r := range records(t, got) {
		names = append(names, r["channel"])
	}
	if !slices.Equal(names, []string{"A(1)", "B(2)", "C(3)", "D(2)"}) {
		t.Errorf("%q", names)
	}
}

func TestPreparedPathsReadAgain(t *testing.T) {
	t.Parallel()
	in, err := os.ReadFile(blackbox.Shared(t, "data/attribution/timed_paths.csv"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "p.csv")
	models := []string{"-models", "time_decay,markov2", "-bootstrap", "20"}
	want := paths(t, string(in), append(models, "-paths", file)...)
	again, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(t, string(again), models...); got != want {
		t.Error("credits of the written paths differ")
	}
}

func TestExplainOfALine(t *testing.T) {
	t.Parallel()
	out := paths(t, miniPaths, "-models", "linear,markov", "-explain", "2", "-exclude", "B")
	sums := map[string]float64{}
	excluded := 0
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var x struct {
			Model, Channel, Reason string
			Credit                 float64
		}
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		sums[x.Model] += x.Credit
		if x.Channel == "B" && x.Reason == "excluded" {
			excluded++
		}
	}
	if !near(sums["linear"], 1, 1e-9) || !near(sums["markov1"], 1, 1e-9) || excluded != 2 {
		t.Errorf("%s", out)
	}
}

// A byte order mark stands before the quote of the first name in what spreadsheets write.
func TestByteOrderMarkBeforeAQuote(t *testing.T) {
	header, rest, _ := strings.Cut(miniPaths, ",")
	if got := paths(t, "\ufeff\""+header+"\","+rest, "-models", "linear"); got != paths(t, miniPaths, "-models", "linear") {
		t.Error(got)
	}
}

func TestSpend(t *testing.T) {
	t.Parallel()
	file := blackbox.File(t, "s.csv", "\ufeffchannel,cost\nA,12.50\nTV,3\n")
	met := 0
	for _, r := range records(t, paths(t, miniPaths, "-models", "first", "-bootstrap", "0", "-spend", file)) {
		switch r["channel"] {
		case "A": // 6 conversions worth 55
			met++
			if r["cost"] != "12.5" || !near(r.num(t, "cpa"), 12.5/6, 1e-9) || !near(r.num(t, "roas"), 55/12.5, 1e-9) {
				t.Error(r)
			}
		case "TV":
			met++
			if r["cost"] != "3" || r["cpa"] != "" || r["roas"] != "0" {
				t.Error(r)
			}
		}
	}
	if met != 2 {
		t.Errorf("%d rows of a channel that cost something, want 2", met)
	}
}

const shopTouches = `source,id,at,kind,channel,id.user_id,value,currency,stage,props
ad,1,2026-01-01T10:00:00Z,impression,Display,ann,,,,
ad,2,2026-01-03T10:00:00Z,click,Paid Search,ann,,,known,"{""segment"":3}"
shop,3,2026-01-05T10:00:00Z,order,,ann,100.00,USD,,"{""order_id"":""o1""}"
shop,4,2026-01-05T11:00:00Z,order,,ann,100.00,USD,,"{""order_id"":""o1""}"
ad,5,2026-01-08T10:00:00Z,click,Email,ann,,,,
shop,6,2026-01-09T10:00:00Z,refund,,ann,-30.00,USD,,"{""order_id"":""o1""}"
shop,7,2026-01-10T10:00:00Z,order,,ann,50.00,USD,,"{""order_id"":""o2""}"
shop,8,2026-01-11T10:00:00Z,refund,,ann,-5.00,USD,,"{""order_id"":""o9""}"
crm,9,2026-01-02T10:00:00Z,identify,,bob,,,,
ad,10,2026-01-04T10:00:00Z,impression,Display,bob,,,,
ad,11,2026-01-30T10:00:00Z,impression,Display,cleo,,,,
`

// touches runs the program on touches at standard input.
func touches(t *testing.T, in string, args ...string) (rows []row, errs string) {
	t.Helper()
	out, errs, code := blackbox.Run(t, in, append([]string{"-in", "-", "-format", "touches"}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	return records(t, out), errs
}

func TestTouchesAreCutAtConversions(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "p.csv")
	rows, errs := touches(t, shopTouches, "-models", "last,first", "-bootstrap", "0", "-paths", file)
	want := map[[2]string]string{
		{"last", "Paid Search"}: "70", {"last", "Email"}: "50", {"last", "Display"}: "0",
		{"first", "Display"}: "70", {"first", "Email"}: "50", {"first", "Paid Search"}: "0",
	}
	for _, r := range rows {
		if r["value"] != want[[2]string{r["model"], r["channel"]}] {
			t.Error(r)
		}
	}
	if len(rows) != len(want) || !strings.Contains(errs, "unmatched: 1") {
		t.Error(len(rows), errs)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const paths = `path,hours_to_end,total_conversions,total_conversion_value,total_null
Display,0,0,0,1
Display,0,0,0,1
Display > Paid Search,96 > 48,1,70,0
Email,48,1,50,0
`
	if string(got) != paths {
		t.Errorf("paths:\n%s", got)
	}
}

func TestTouchFlags(t *testing.T) {
	t.Parallel()
	credit := func(channel string, args ...string) float64 {
		t.Helper()
		rows, _ := touches(t, shopTouches, append(args, "-bootstrap", "0")...)
		for _, r := range rows {
			if r["channel"] == channel {
				return r.num(t, "conversions")
			}
		}
		return 0
	}
	for _, c := range []struct {
		want    float64
		channel string
		args    []string
	}{
		{2, "Paid Search", []string{"-models", "last", "-since", "2026-01-02T00:00:00Z", "-exclude", "Email", "-cycle", "overlap"}},
		{1, "Display", []string{"-models", "first", "-cycle", "first"}},
		{0, "Email", []string{"-models", "first", "-cycle", "first"}},
		{1, "Display", []string{"-models", "first", "-conversion-gap", "30d"}},
		{.5, "Paid Search", []string{"-models", "linear", "-by", "user_id"}},
		{1, "(unattributed)", []string{"-models", "last", "-since", "2026-01-09T00:00:00Z", "-until", "2026-01-30T00:00:00Z"}},
		{1, "Paid Search", []string{"-models", "last", "-conversion", "click"}},
		{1, "Email", []string{"-models", "last", "-engaged"}},
		{.5, "Display", []string{"-models", "u_shaped", "-cycle", "first"}},
		{1, "Display", []string{"-models", "milestones", "-milestones", "first_touch=1", "-cycle", "first"}},
		{1, "Paid Search", []string{"-models", "milestones", "-milestones", "mql=1", "-milestone-stage", "mql=known|sql", "-cycle", "first"}},
	} {
		if got := credit(c.channel, c.args...); !near(got, c.want, 1e-9) {
			t.Errorf("%q: %s %v, want %v", c.args, c.channel, got, c.want)
		}
	}
}

func TestCurrenciesAreNotMixed(t *testing.T) {
	t.Parallel()
	in := shopTouches + "shop,12,2026-01-30T12:00:00Z,order,,cleo,900,JPY,,\n"
	if _, errs, code := blackbox.Run(t, in, "-in", "-", "-format", "touches"); code != 1 || !strings.Contains(errs, "-currency") {
		t.Errorf("exit %d: %s", code, errs)
	}
	rows, _ := touches(t, in, "-currency", "JPY", "-models", "last", "-bootstrap", "0")
	for _, r := range rows {
		if want := map[string]string{"Display": "900"}[r["channel"]]; want != "" && r["value"] != want {
			t.Error(r)
		}
	}
}

func TestExplainOfASubject(t *testing.T) {
	t.Parallel()
	out, errs, code := blackbox.Run(t, shopTouches, "-in", "-", "-format", "touches", "-by", "user_id", "-explain", "ann", "-models", "linear,hazard,lineage")
	if code != 0 || strings.Count(out, `"reason":"linear"`) != 3 || strings.Count(out, `"reason":"hazard"`) == 0 || !strings.Contains(out, `"subject":"ann"`) {
		t.Errorf("exit %d: %s%s", code, errs, out)
	}
}

func TestExplainKnowsTheCycles(t *testing.T) {
	t.Parallel()
	out, errs, code := blackbox.Run(t, shopTouches, "-in", "-", "-format", "touches", "-by", "user_id", "-explain", "ann", "-models", "linear", "-cycle", "overlap")
	if code != 0 || strings.Count(out, `"reason":"linear"`) != 2+3 {
		t.Errorf("overlap: exit %d: %s%s", code, errs, out)
	}
	out, errs, code = blackbox.Run(t, shopTouches, "-in", "-", "-format", "touches", "-by", "user_id", "-explain", "ann", "-models", "linear", "-cycle", "first")
	if code != 0 || strings.Count(out, `"reason":"linear"`) != 2 || strings.Count(out, `"reason":"after_conversion"`) != 1 {
		t.Errorf("first: exit %d: %s%s", code, errs, out)
	}
}

func TestTimeModelsPrintTheBaselineAndTheirWarnings(t *testing.T) {
	t.Parallel()
	rows, errs := touches(t, shopTouches, "-models", "hazard,hazard_incremental,lineage,lineage_incremental,lineage_removal,backward,shapley_fitted", "-bootstrap", "0")
	base := 0
	for _, r := range rows {
		if r["channel"] == "(baseline)" {
			base++
		}
	}
	if base != 7 || !strings.Contains(errs, "few_events") {
		t.Errorf("%d baselines, %s", base, errs)
	}
}

func TestJulyPreparesToTheTimedPaths(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 62,483 touches: not with -short")
	}
	in := blackbox.Shared(t, "data/attribution/touches_july.csv.gz")
	mapping, file := blackbox.File(t, "m.json", `{"source":"july","at":"time","kind":{"col":"interaction","map":{"impression":"impression","conversion":"order"}},
		"channel":"channel","ids":[{"type":"user_id","col":"customer_id"}],"value":{"col":"conversion_value","map":{"0":""}},"currency":{"const":"USD"}}`), filepath.Join(t.TempDir(), "p.csv")
	_, errs, code := blackbox.Run(t, "", "-in", in, "-format", "touches", "-map", mapping, "-models", "last", "-bootstrap", "0", "-paths", file)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	rows := func(name string) map[string]int {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for _, r := range records(t, string(b)) {
			key := r["path"] + r["total_null"]
			for _, h := range append(strings.Split(r["hours_to_end"], " > "), r["total_conversions"], r["total_conversion_value"]) {
				x, err := strconv.ParseFloat(h, 64)
				if err != nil {
					t.Fatal(err)
				}
				key += fmt.Sprintf(" %.0f", x*3600)
			}
			out[strings.Replace(key, ".0 ", " ", 1)]++
		}
		return out
	}
	want, got := rows(blackbox.Shared(t, "data/attribution/timed_paths.csv")), rows(file)
	for key, n := range want {
		if got[key] != n {
			t.Fatalf("%d of %d: %s", got[key], n, key)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d different rows, want %d", len(got), len(want))
	}
	// And to its credits.
	golden, err := os.ReadFile(blackbox.Shared(t, "golden/attribution/timed_paths.csv"))
	if err != nil {
		t.Fatal(err)
	}
	credits := records(t, string(golden))
	var models []string
	for _, w := range credits {
		if !slices.Contains(models, w["model"]) {
			models = append(models, w["model"])
		}
	}
	out, errs, code := blackbox.Run(t, "", "-in", in, "-format", "touches", "-map", mapping, "-models", strings.Join(models, ","), "-bootstrap", "0")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	credit := map[[2]string]row{}
	for _, r := range records(t, out) {
		credit[[2]string{r["model"], r["channel"]}] = r
	}
	for _, w := range credits {
		r := credit[[2]string{w["model"], w["channel"]}]
		if !near(r.num(t, "conversions"), w.num(t, "credit"), 1e-9) || !near(r.num(t, "value"), w.num(t, "credit_value"), 1e-6) {
			t.Errorf("%v, want %v", r, w)
		}
	}
}

func TestMilestonesOfPaths(t *testing.T) {
	t.Parallel()
	third := 1. / 3
	for _, c := range []struct {
		model, path, marks string
		want               map[string]float64
	}{
		{"w_shaped", "A > B > C > D > E", "- > - > known > - > opportunity", map[string]float64{"A": .3, "B": .05, "C": .3, "D": .05, "E": .3}},
		{"w_shaped", "A > B > C", "known > - > opportunity", map[string]float64{"A": .6, "B": .1, "C": .3}},
		{"w_shaped", "A > B", "- > known|opportunity", map[string]float64{"A": third, "B": 2 * third}},
		{"w_shaped", "A > B > C", "- > - > opportunity", map[string]float64{"A": .45, "B": .1, "C": .45}},
		{"full_path", "A > B > C > D > E > F > G", "- > - > known > - > opportunity > - > -",
			map[string]float64{"A": .225, "B": .1 / 3, "C": .225, "D": .1 / 3, "E": .225, "F": .1 / 3, "G": .225}},
		{"u_shaped", "A > B > C", "- > - > known", map[string]float64{"A": .5, "C": .5}},
		{"milestones", "A > B", "- > -", map[string]float64{"(unattributed)": 1}},
	} {
		hours := strings.TrimSuffix(strings.Repeat("5 > ", strings.Count(c.path, ">")+1), " > ")
		for _, text := range []string{
			"path,total_conversions,total_conversion_value,milestones\n" + c.path + ",1,1," + c.marks + "\n",
			"path,hours_to_end,total_conversions,total_conversion_value,milestones\n" + c.path + "," + descending(hours) + ",1,1," + c.marks + "\n",
		} {
			sum := 0.0
			for _, r := range records(t, paths(t, text, "-models", c.model, "-milestones", "mql=1", "-bootstrap", "0")) {
				sum += r.num(t, "value")
				if got := r.num(t, "conversions"); !near(got, c.want[r["channel"]], 1e-11) {
					t.Errorf("%s of %q, %q: %v, want %v", c.model, c.path, c.marks, r, c.want[r["channel"]])
				}
			}
			if !near(sum, 1, 1e-15) {
				t.Errorf("%s of %q: value %v", c.model, c.path, sum)
			}
		}
	}
}

// descending numbers the cells of a joined cell so that they fall.
func descending(joined string) string {
	cells := strings.Split(joined, " > ")
	for i := range cells {
		cells[i] = strconv.Itoa(len(cells) - i)
	}
	return strings.Join(cells, " > ")
}

func TestWarningsAppearWhereTheyAreDue(t *testing.T) {
	t.Parallel()
	const noNulls = "path,hours_to_end,total_conversions\nA > B,30 > 2,3\nB,1,2\n"
	for model, want := range map[string][]string{
		"markov": {"no_nulls"}, "shapley_rate": {"immortal_time"}, "hazard": {"entry_unknown", "few_events"}, "lineage": {"entry_unknown", "few_events"},
		"shapley_fitted": {"entry_unknown", "few_events"}, "backward": {"entry_unknown", "few_events"},
	} {
		_, errs, code := blackbox.Run(t, noNulls, "-in", "-", "-format", "paths", "-models", model, "-bootstrap", "0")
		for _, w := range want {
			if code != 0 || !strings.Contains(errs, w) {
				t.Errorf("%s: exit %d, no %s in %q", model, code, w, errs)
			}
		}
	}
}
