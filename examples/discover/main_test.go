package main_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
	"github.com/tabi-go/tabi/persona"
)

// discover runs the program on a table at standard input.
func discover(t *testing.T, table string, args ...string) (out, errs string, code int) {
	t.Helper()
	return blackbox.Run(t, table, append([]string{"-in", "-"}, args...)...)
}

type answer struct {
	Method     string
	K, N       int
	Dropped    []string
	Skipped    int
	Cost       float64
	Gamma      *float64
	Silhouette *float64
	Stability  *float64
	Structure  *struct{ P float64 }
	Labels     []int
	Iterations int
	Start      *int
	Won, Lost  int
	Open       int
	Draft      json.RawMessage
	Attributes []struct {
		Name   string
		IV     float64
		Fitted float64 `json:"iv_cross_fitted"`
		Band   string
		Values []struct {
			Value     string
			Won, Lost int
			WoE       float64
		}
	}
	Clusters []struct {
		ID, Size int
		Center   []any
		Columns  []struct {
			Name   string
			Median *float64
			Top    []struct {
				Value       any
				Share, Lift float64
			}
		}
		Outcome           *struct{ Won, Lost int }
		Draft             json.RawMessage
		Precision, Recall *float64
	}
}

// ask runs the program and reads its answer.
func ask(t *testing.T, table string, args ...string) (a answer) {
	t.Helper()
	out, errs, code := discover(t, table, args...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func shared(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(blackbox.Shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func near(a, b float64) bool { return math.Abs(a-b)/max(1, math.Abs(b)) <= 1e-12 }

// same reports whether two labellings are one division.
func same(a, b []int) bool {
	to := map[int]int{}
	from := map[int]int{}
	for i := range a {
		x, ok := to[a[i]]
		y, back := from[b[i]]
		if ok != back || ok && (x != b[i] || y != a[i]) {
			return false
		}
		to[a[i]], from[b[i]] = b[i], a[i]
	}
	return len(a) == len(b)
}

func TestGoldensFromFilesAlone(t *testing.T) {
	var golden map[string]struct {
		CaoCost     float64 `json:"cao_cost"`
		CaoLabels   []int   `json:"cao_labels"`
		Best        float64 `json:"best_of_50_cost"`
		Gamma, Cost float64
		Labels      []int
	}
	if err := json.Unmarshal([]byte(shared(t, "golden/methods/cluster.json")), &golden); err != nil {
		t.Fatal(err)
	}
	soybean := shared(t, "data/methods/soybean.csv")
	for k := 2; k <= 6; k++ {
		g := golden[fmt.Sprintf("soybean_k%d", k)]
		args := []string{"-noheader", "-ignore", "c36", "-method", "kmodes", "-k", strconv.Itoa(k)}
		cao := ask(t, soybean, append(args, "-init", "cao")...)
		if !(cao.Cost <= g.CaoCost) || *cao.Start != 0 || cao.N != 47 || k == 4 && !same(cao.Labels, g.CaoLabels) {
			t.Errorf("k = %d: %v, want %v", k, cao.Cost, g.CaoCost)
		}
		if best := ask(t, soybean, append(args, "-starts", "50")...); !(best.Cost <= g.Best) {
			t.Errorf("k = %d: %v, want %v", k, best.Cost, g.Best)
		}
	}
	g := golden["stocks_kproto"]
	a := ask(t, shared(t, "data/methods/stocks.csv"), "-noheader", "-id", "c1", "-method", "kprototypes", "-raw", "-k", "4")
	if !near(*a.Gamma, g.Gamma) || !near(a.Cost, g.Cost) || !same(a.Labels, g.Labels) {
		t.Errorf("γ %v, cost %v, labels %v", *a.Gamma, a.Cost, a.Labels)
	}
	var logistic struct {
		WoE map[string]json.RawMessage `json:"woe_iv_birthwt"`
	}
	if err := json.Unmarshal([]byte(shared(t, "golden/methods/logistic.json")), &logistic); err != nil {
		t.Fatal(err)
	}
	a = ask(t, shared(t, "data/methods/birthwt.csv"), "-method", "lift", "-outcome", "low", "-categorical", "race,smoke,ptl,ht,ui")
	checked := 0
	for _, attribute := range a.Attributes {
		var g struct {
			IV   float64
			Bins map[string]struct{ WoE float64 }
		}
		if json.Unmarshal(logistic.WoE[attribute.Name], &g) != nil {
			continue
		}
		if !near(attribute.IV, g.IV) {
			t.Errorf("%s: IV %v, want %v", attribute.Name, attribute.IV, g.IV)
		}
		for _, v := range attribute.Values {
			if !near(v.WoE, g.Bins[v.Value].WoE) {
				t.Errorf("%s=%s: WoE %v, want %v", attribute.Name, v.Value, v.WoE, g.Bins[v.Value].WoE)
			}
			checked++
		}
	}
	if checked != 13 {
		t.Errorf("%d values checked", checked)
	}
}

const tiny = "age,spend,role,seg,opt\n25,100,dev,smb,1\n41,900,cxo,ent,0\n33,250,dev,mid,1\n58,1200,cxo,ent,0\n47,,ops,mid,1\n"

func TestPAMOfTheTinyTable(t *testing.T) {
	dir := t.TempDir()
	labels, distances := filepath.Join(dir, "labels.csv"), filepath.Join(dir, "distances.csv")
	args := []string{"-method", "pam", "-ordinal", "seg=smb<mid<ent", "-asymmetric", "opt", "-labels", labels, "-distances", distances}
	for k, want := range map[string][2]float64{
		"2": {.145757575757576, .619672645328346}, "3": {.0745454545454546, .522009455440651}, "4": {.0351515151515152, .236381490849576},
	} {
		a := ask(t, tiny, append(args, "-k", k)...)
		if !near(a.Cost, want[0]) || !near(*a.Silhouette, want[1]) || a.Start != nil || a.Gamma != nil {
			t.Errorf("k = %s: %v and %v, want %v", k, a.Cost, *a.Silhouette, want)
		}
		if k == "2" && (fmt.Sprint(a.Clusters[0].Center) != "[33 250 dev mid 1]" || fmt.Sprint(a.Clusters[1].Center) != "[58 1200 cxo ent 0]") {
			t.Errorf("medoids %v and %v, want rows 3 and 4", a.Clusters[0].Center, a.Clusters[1].Center)
		}
	}
	got := rows(t, distances)
	want, err := csv.NewReader(strings.NewReader(shared(t, "golden/methods/gower_tiny.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("distances %v", got)
	}
	for i := range want {
		for j := range want[i] {
			ok := got[i][j] == want[i][j]
			if i > 0 && j > 0 {
				x, errX := strconv.ParseFloat(got[i][j], 64)
				y, errY := strconv.ParseFloat(want[i][j], 64)
				ok = errX == nil && errY == nil && near(x, y)
			}
			if !ok {
				t.Errorf("distance %d, %d: %s, want %s", i, j, got[i][j], want[i][j])
			}
		}
	}
	if l := rows(t, labels); len(l) != 6 || strings.Join(l[0], ",") != "id,cluster,silhouette" || l[1][0] != "1" {
		t.Errorf("labels %v", l)
	}
}

func rows(t *testing.T, file string) [][]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

const header = "id,account.industry,account.city,employees,result"

// deals are lines of a table: makers and large firms buy; cities have people of a kind.
func deals(n int) (lines []string) {
	r := rand.New(rand.NewPCG(3, 3))
	for i := range n {
		industry := []string{"makers", "retail"}[r.IntN(2)]
		employees, city, won := 10+r.IntN(90), "Osaka", "lost"
		if industry == "makers" {
			employees += 400
			city = "Nagoya"
		}
		if r.Float64() < map[string]float64{"makers": .7, "retail": .2}[industry] {
			won = "won"
		}
		if i%20 == 0 {
			won = ""
		}
		if r.IntN(10) == 0 {
			city = ""
		}
		lines = append(lines, fmt.Sprintf("d%d,%s,%s,%d,%s", i, industry, city, employees, won))
	}
	return lines
}

func table(lines []string) string { return header + "\n" + strings.Join(lines, "\n") + "\n" }

func TestLiftDraftsAProfile(t *testing.T) {
	a := ask(t, "\ufeff"+table(deals(200)), "-method", "lift", "-outcome", "result", "-id", "id")
	if a.Method != "lift" || a.Won+a.Lost != a.N || a.Open != 10 || a.N != 190 || len(a.Attributes) != 3 {
		t.Errorf("%+v", a)
	}
	icps, err := persona.ParseICPs(a.Draft)
	if err != nil || !icps[0].Draft || icps[0].Counts["won"] != a.Won {
		t.Errorf("%v: %s", err, a.Draft)
	}
	without := ask(t, table(deals(200)), "-method", "lift", "-outcome", "result", "-ignore", "id", "-positive", "won")
	if len(without.Attributes) != 3 || without.Won != a.Won {
		t.Errorf("without ids: %+v", without)
	}
}

func TestRowsUnderOneIDAreOneRowOrDeadLetters(t *testing.T) {
	lines := deals(100)
	want, _, _ := discover(t, table(lines), "-method", "lift", "-outcome", "result", "-id", "id")
	if out, _, code := discover(t, table(append(lines, lines[:9]...)), "-method", "lift", "-outcome", "result", "-id", "id"); code != 0 || out != want {
		t.Errorf("exit %d, %s", code, out)
	}
	lines = append(lines, strings.Replace(lines[1], ",lost", ",won", 1)+"x")
	if _, errs, code := discover(t, table(lines), "-method", "lift", "-outcome", "result", "-id", "id"); code != 1 || !strings.HasSuffix(errs, "dead letters: 1\n") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestClustersAreDescribed(t *testing.T) {
	for _, method := range []string{"kmodes", "kprototypes", "pam"} {
		a := ask(t, table(deals(60)), "-method", method, "-k", "auto", "-id", "id", "-outcome", "result", "-ignore", "account.city", "-starts", "2")
		if method == "kmodes" { // of numbers that are all different, there is nothing to say
			continue
		}
		if a.K != 2 || !(a.Structure.P <= .05 && *a.Stability >= .6) || len(a.Labels) != 60 {
			t.Errorf("%s: k = %d, %v", method, a.K, a.Structure)
			continue
		}
		c := a.Clusters[0]
		if c.Outcome == nil || c.Columns[0].Name != "account.industry" || c.Columns[0].Top[0].Share != 1 || c.Columns[1].Median == nil {
			t.Errorf("%s: %+v", method, c)
		}
		ps, err := persona.ParsePersonas(c.Draft)
		if err != nil || !ps[0].Draft || *c.Precision != 1 || *c.Recall != 1 {
			t.Errorf("%s: %v %s", method, err, c.Draft)
		}
	}
}

func TestRowsShuffledGiveTheSameBytes(t *testing.T) {
	for _, args := range [][]string{
		{"-method", "lift", "-outcome", "result", "-id", "id"}, {"-method", "lift", "-outcome", "result", "-ignore", "id"},
		{"-method", "kmodes", "-k", "3", "-ignore", "id"}, {"-method", "kprototypes", "-k", "3", "-id", "id", "-outcome", "result"},
		{"-method", "pam", "-k", "3", "-id", "id"}, {"-method", "pam", "-k", "auto", "-ignore", "id,result"},
	} {
		lines := deals(60)
		lines = append(lines, lines[0])
		if args[1] == "lift" {
			lines = append(deals(200), deals(200)[:20]...)
		}
		r := rand.New(rand.NewPCG(1, 1))
		var want string
		var wantLabels map[string]string
		for round := range 3 {
			file := filepath.Join(t.TempDir(), "labels.csv")
			all := args
			if args[1] != "lift" {
				all = append(args[:len(args):len(args)], "-labels", file)
			}
			out, errs, code := discover(t, table(lines), all...)
			if code != 0 {
				t.Fatalf("%v: exit %d %s", args, code, errs)
			}
			labels := map[string]string{}
			if args[1] != "lift" {
				for i, l := range rows(t, file)[1:] {
					labels[lines[i]] = l[1] + l[2]
				}
			}
			out = withoutLabels(t, out)
			if round == 0 {
				want, wantLabels = out, labels
			}
			if out != want || fmt.Sprint(labels) != fmt.Sprint(wantLabels) {
				t.Errorf("%v: got %s\nwant %s", args, out, want)
			}
			r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		}
	}
}

// withoutLabels takes out what follows the rows.
func withoutLabels(t *testing.T, out string) string {
	before, rest, ok := strings.Cut(out, `"labels": [`)
	if !ok {
		return out
	}
	_, after, ok := strings.Cut(rest, "]")
	if !ok {
		t.Fatal(out)
	}
	return before + after
}

func TestExitStatus(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none.csv")
	long := strings.Repeat("x", 2000)
	for name, tt := range map[string]struct {
		table string
		args  []string
		code  int
		says  string
	}{
		"more clusters than distinct rows": {"a\n1\n2\n2\n", []string{"-method", "pam", "-k", "3"}, 2, ""},
		"no clusters":                      {"a\n1\n2\n", []string{"-method", "pam", "-k", "0"}, 2, "-k"},
		"fewer than none":                  {"a\n1\n2\n", []string{"-method", "pam", "-k", "-1"}, 2, "-k"},
		"no number of clusters":            {"a\n1\n2\n", []string{"-method", "pam"}, 2, "-k"},
		"no rows":                          {"a\n", []string{"-method", "kmodes", "-k", "1"}, 2, ""},
		"no rows to choose from":           {"a\n", []string{"-method", "kmodes", "-k", "auto"}, 2, ""},
		"empty file":                       {"", []string{"-method", "kmodes", "-k", "1"}, 2, "no header"},
		"unknown method":                   {"a\n1\n", []string{"-method", "kmeans", "-k", "1"}, 2, "-method"},
		"unknown column":                   {"a\n1\n", []string{"-method", "pam", "-k", "1", "-numeric", "b"}, 2, "does not exist"},
		"repeated column":                  {"a,a\n1,2\n", []string{"-method", "pam", "-k", "1"}, 2, "repeats"},
		"missing file":                     {"", []string{"-in", file, "-method", "pam", "-k", "1"}, 2, ""},
		"lift without outcome":             {"a\n1\n", []string{"-method", "lift"}, 2, "-outcome"},
		"nothing won":                      {"a,b\n1,no\n", []string{"-method", "lift", "-outcome", "b"}, 2, "-positive"},
		"positive without outcome":         {"a\n1\n", []string{"-method", "pam", "-k", "1", "-positive", "1"}, 2, "-outcome"},
		"bad init":                         {"a\n1\n", []string{"-method", "kmodes", "-k", "1", "-init", "huang"}, 2, "-init"},
		"too few deals":                    {"a,b\n1,won\n2,lost\n", []string{"-method", "lift", "-outcome", "b"}, 1, "20"},
		"dead letters":                     {"a,b\n1,2\nx\n3,4\n" + long + ",1\n", []string{"-method", "kmodes", "-k", "2"}, 1, "dead letters: 2\n"},
		"cells that are no numbers":        {"a\n1\n2\nlots\n", []string{"-method", "pam", "-k", "2", "-numeric", "a"}, 1, "dead letters: 1\n"},
		"no such level":                    {"a\nlow\nhigh\nnone\n", []string{"-method", "pam", "-k", "2", "-ordinal", "a=low<high"}, 1, "dead letters: 1\n"},
		"an open quote":                    {"a,b\n1,2\n3,4\n\"5,6\n", []string{"-method", "kmodes", "-k", "2"}, 1, "dead letters: 1\n"},
		"named twice":                      {"a,b\n1,2\n", []string{"-method", "pam", "-k", "1", "-numeric", "a", "-ordinal", "a"}, 2, "two flags"},
		"ordinal without levels":           {"a\nlow\n", []string{"-method", "pam", "-k", "1", "-ordinal", "a="}, 2, "-ordinal"},
		"levels named twice":               {"a\nlow\n", []string{"-method", "pam", "-k", "1", "-ordinal", "a=low<high<low"}, 2, "-ordinal"},
		"missing id":                       {"a,b\n,2\nx,2\n", []string{"-method", "pam", "-k", "1", "-id", "a"}, 1, "dead letters: 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := discover(t, tt.table, tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.says) || strings.HasPrefix(tt.says, "dead") && (!strings.HasSuffix(errs, tt.says) || !strings.Contains(out, `"labels"`)) {
				t.Errorf("exit %d, %q, %q", code, out, errs)
			}
			if strings.Contains(errs, long) {
				t.Error("the message holds a value")
			}
		})
	}
}

func TestTooManyRowsForPAM(t *testing.T) {
	var b strings.Builder
	b.WriteString("a\n")
	for i := range 5001 {
		fmt.Fprintln(&b, i%7)
	}
	if _, errs, code := discover(t, b.String(), "-method", "pam", "-k", "2"); code != 1 || !strings.Contains(errs, "5000") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestMissingCells(t *testing.T) {
	a := ask(t, "a,b,c\nx,,1\nx,,1\ny,p,2\n,,\n", "-method", "kmodes", "-k", "2")
	if a.Skipped != 1 || a.N != 3 || fmt.Sprint(a.Dropped) != "[b]" || fmt.Sprint(a.Labels) != "[0 0 1 -1]" || a.Cost != 0 {
		t.Errorf("%+v", a)
	}
}
