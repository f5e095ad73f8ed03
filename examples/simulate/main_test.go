package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

// world runs simulate into a new folder and returns it with the printed line.
func world(t *testing.T, args ...string) (dir, line string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "new", "w")
	out, diag, status := blackbox.Run(t, "", append(args, "-out", dir)...)
	if status != 0 || diag != "" {
		t.Fatalf("%q: exit %d, %s", args, status, diag)
	}
	return dir, out
}

// files reads all files of a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[e.Name()] = string(text)
	}
	return texts
}

func truth(t *testing.T, dir string) (tr simulate.Truth) {
	t.Helper()
	if err := json.Unmarshal([]byte(files(t, dir)["truth.json"]), &tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

// table reads a CSV file as rows by header.
func table(t *testing.T, text string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var cells []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		cells = append(cells, m)
	}
	return cells
}

func total(m map[string]float64) (sum float64) {
	for _, x := range m {
		sum += x
	}
	return sum
}

func TestTwoRunsGiveTheSameFiles(t *testing.T) {
	t.Parallel()
	names := []string{"company", "all", "fragmented", "b2b"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		args := []string{"-scenario", name, "-users", "300", "-days", "40"}
		one, line := world(t, args...)
		other := t.TempDir()
		again, _, status := blackbox.RunOn(t, 1, "", append(args, "-out", other)...)
		if status != 0 || again != line || !maps.Equal(files(t, one), files(t, other)) {
			t.Errorf("%s: a second run differs", name)
		}
		seeded, _ := world(t, append(args, "-seed", "2")...)
		for file, text := range files(t, seeded) {
			if text == files(t, one)[file] {
				t.Errorf("%s: %s is the same with another seed", name, file)
			}
		}
		stream, _, status := blackbox.Run(t, "", append(args, "-out", "-")...)
		if status != 0 || stream != files(t, one)["touches.csv"] {
			t.Errorf("%s: standard output has other touches", name)
		}
	}
}

func TestSetsOfChannelsSellWhatTheirWorldSays(t *testing.T) {
	t.Parallel()
	args := []string{"-scenario", "all", "-users", "1500", "-days", "20"}
	dir, _ := world(t, args...)
	tr := truth(t, dir)
	if len(tr.Worlds) != 32 {
		t.Fatalf("%d worlds, want 32", len(tr.Worlds))
	}
	for i, w := range tr.Worlds {
		if (i%5 != 0 || testing.Short()) && i != len(tr.Worlds)-1 {
			continue
		}
		some, line := world(t, append(args, "-worlds=false", "-on", strings.Join(w.On, ","))...)
		var s summary
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		value := touchpoint.Money{Currency: touchpoint.Currency{'U', 'S', 'D'}}
		for _, row := range table(t, files(t, some)["touches.csv"]) {
			if row["kind"] != "order" {
				continue
			}
			m, err := touchpoint.ParseAmount(row["value"], value.Currency)
			if err != nil {
				t.Fatal(err)
			}
			value.Minor += m.Minor
		}
		if s.Full != w.Conversions || int64(s.Orders) != w.Conversions || float64(value.Minor)/100 != w.Value {
			t.Errorf("%q sells %d for %s, want %d for %v", w.On, s.Full, value.Text(), w.Conversions, w.Value)
		}
	}
}

func TestTruthIsWholeInEveryScenario(t *testing.T) {
	t.Parallel()
	out, _, _ := blackbox.Run(t, "", "-list")
	if n := strings.Count(out, "\n"); n != len(simulate.Scenarios()) {
		t.Fatalf("%d scenarios in\n%s", n, out)
	}
	for line := range strings.Lines(out) {
		name, _, _ := strings.Cut(line, ":")
		if testing.Short() && name != "multiplicative" && name != "company" {
			continue
		}
		dir, printed := world(t, "-scenario", strings.ReplaceAll(name, "_", "-"), "-users", "1000", "-days", "30", "-truth-seeds", "1")
		tr := truth(t, dir)
		for _, p := range tr.Placebo {
			if tr.Shapley[p] != 0 {
				t.Errorf("%s: %s has %v", name, p, tr.Shapley[p])
			}
		}
		if !slices.Contains(tr.Placebo, "Paid Other") {
			t.Errorf("%s: placebo %q", name, tr.Placebo)
		}
		if !(math.Abs(total(tr.Shapley)-float64(tr.Full-tr.None)) <= 1e-9) {
			t.Errorf("%s: shapley sums to %v", name, total(tr.Shapley))
		}
		if (tr.Trigger == nil) != (name == "multiplicative") || tr.Trigger != nil && total(tr.Trigger) != float64(tr.Full) {
			t.Errorf("%s: trigger %v", name, tr.Trigger)
		}
		if len(tr.Seeds) != 1 || tr.Scenario != name || !strings.Contains(printed, `"scenario":"`+name+`"`) {
			t.Errorf("%s: %s", name, printed)
		}
		people := table(t, files(t, dir)["truth_people.csv"])
		sold := 0
		for _, p := range people {
			if p["converted_at"] != "" {
				sold++
			}
		}
		for _, deal := range tr.Accounts {
			if deal.Won {
				sold++
			}
		}
		if len(people) != 1000 || sold != int(tr.Full) {
			t.Errorf("%s: %d people, %d sold, want 1000, %d", name, len(people), sold, tr.Full)
		}
	}
}

// refused are the keys of the lines of a file of touches that the reader does not take.
func refused(t *testing.T, file string, format touchpoint.Format) (taken int, lines []int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, err := range touchpoint.NewReader(f, format, nil).All() {
		line := (*touchpoint.LineError)(nil)
		switch {
		case errors.As(err, &line):
			lines = append(lines, line.Line)
		case err != nil:
			t.Fatal(err)
		default:
			taken++
		}
	}
	return taken, lines
}

func TestReaderTakesAllButTheListedUnusable(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-scenario", "company"}, {"-scenario", "fragmented", "-dirty", ".1", "-mislabel", ".1", "-skew", "1h"}} {
		for as, format := range map[string]touchpoint.Format{"csv": touchpoint.CSV, "jsonl": touchpoint.JSONLines} {
			dir, _ := world(t, append(args, "-users", "400", "-days", "60", "-as", as)...)
			var want []int
			rows := table(t, files(t, dir)["truth_touches.csv"])
			for i, row := range rows {
				if row["usable"] == "false" {
					line := i + 1
					if as == "csv" {
						line++ // the header
					}
					want = append(want, line)
				}
			}
			taken, lines := refused(t, filepath.Join(dir, "touches."+as), format)
			if !slices.Equal(lines, want) || taken != len(rows)-len(want) {
				t.Errorf("%q %s: %d taken, refused lines %v, want %v", args, as, taken, lines, want)
			}
			if dirty := len(args) > 2; dirty != (len(want) > 0) || len(want) != truth(t, dir).Counts.Unusable {
				t.Errorf("%q: %d unusable, counted %d", args, len(want), truth(t, dir).Counts.Unusable)
			}
		}
	}
}

func TestMilestonesOfWonAccounts(t *testing.T) {
	t.Parallel()
	dir, _ := world(t, "-scenario", "b2b", "-users", "600")
	type reached struct{ known, opportunity, won string }
	accounts := map[string]*reached{}
	for _, row := range table(t, files(t, dir)["touches.csv"]) {
		a := accounts[row["id.crm_account_id"]]
		if a == nil {
			a = &reached{}
			accounts[row["id.crm_account_id"]] = a
		}
		switch {
		case row["stage"] == "known":
			a.known = row["at"]
		case row["stage"] == "opportunity":
			a.opportunity = row["at"]
		case row["kind"] == "contract":
			a.won = row["at"]
		}
	}
	won := 0
	for _, deal := range truth(t, dir).Accounts {
		a := accounts[deal.Account]
		if deal.Won != (a.won != "") {
			t.Errorf("%s: won %v, contract at %q", deal.Account, deal.Won, a.won)
		}
		if deal.Won {
			won++
			if !(a.known != "" && a.known <= a.opportunity && a.opportunity <= a.won) {
				t.Errorf("%s: %+v", deal.Account, *a)
			}
		}
	}
	if won < 20 {
		t.Errorf("%d won", won)
	}
}

func TestFlagsChangeTheWorld(t *testing.T) {
	t.Parallel()
	base := []string{"-scenario", "randomised", "-users", "500", "-worlds=false"}
	whole, _ := world(t, base...)
	for _, args := range [][]string{
		{"-set", "base=.1"}, {"-set", "gamma=1"}, {"-set", "proxy=.1"}, {"-set", "loss=.1"}, {"-set", "link=multiplicative"},
		{"-set", "beta.Display=.1"}, {"-set", "tau.Email=9"}, {"-set", "tau.Email=36h"}, {"-set", "mu.Paid Search=.4"}, {"-set", "rho.Email=1"},
		{"-set", "excite.Display>Email=.3"}, {"-set", "synergy.Display,Email=.3", "-set", "base=.003"},
		{"-loss", ".3"}, {"-fragment", ".5"}, {"-login", ".5"}, {"-shared", ".5"}, {"-duplicate", ".5"}, {"-late", ".5"},
		{"-mislabel", ".5"}, {"-dirty", ".5"}, {"-skew", "2h"}, {"-keep", "10d"}, {"-label"}, {"-on", "Email"},
	} {
		if testing.Short() && args[0] == "-set" {
			continue
		}
		dir, _ := world(t, append(base, args...)...)
		if files(t, dir)["touches.csv"] == files(t, whole)["touches.csv"] {
			t.Errorf("%q changes nothing", args)
		}
	}
	dir, _ := world(t, append(base, "-keep", "10d", "-label")...)
	for _, row := range table(t, files(t, dir)["touches.csv"]) {
		if row["at"] < "2025-01-21" || row["truth_person"] != row["id.user_id"] {
			t.Fatal(row)
		}
	}
	fragmented, _ := world(t, "-scenario", "fragmented", "-users", "200", "-label")
	person := map[string]string{}
	for _, row := range table(t, files(t, fragmented)["truth_touches.csv"]) {
		person[row["source"]+"/"+row["id"]] = row["person"]
	}
	seen := map[string]int{}
	for _, row := range table(t, files(t, fragmented)["touches.csv"]) {
		if row["truth_person"] != person[row["source"]+"/"+row["id"]] {
			t.Fatal(row)
		}
		for _, ty := range []identity.Type{identity.UserID, identity.AnonymousID, identity.Email} {
			if row["id."+string(ty)] != "" {
				seen[string(ty)]++
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("identifiers %v", seen)
	}
}

func TestScoreOfTheTruthItself(t *testing.T) {
	t.Parallel()
	dir, _ := world(t, "-scenario", "randomised", "-users", "2000")
	tr := truth(t, dir)
	var b strings.Builder
	b.WriteString("model,channel,conversions,value\n")
	for _, c := range tr.Channels {
		b.WriteString("perfect," + c + "," + number12(tr.Shapley[c]) + ",0\n")
	}
	b.WriteString("perfect,(baseline)," + number12(float64(tr.None)) + ",0\nblind,Paid Other,7,0\n")
	file := blackbox.File(t, "credit.csv", b.String())
	out, diag, status := blackbox.Run(t, "", "-score", file, "-truth", filepath.Join(dir, "truth.json"))
	rows := table(t, out)
	if status != 0 || len(rows) != 2 || rows[0]["model"] != "perfect" || rows[1]["tv"] != "1" || rows[1]["placebo"] != "1" {
		t.Fatalf("exit %d, %s%s", status, out, diag)
	}
	if r := rows[0]; r["rank"] != "1" || r["placebo"] != "0" || !strings.HasPrefix(r["tv"]+"e-", "0e-") && !strings.Contains(r["tv"], "e-") {
		t.Errorf("the truth scores %v", r)
	}
}

func number12(x float64) string { return cells(simulate.Scores{TV: x})[0] }

func TestExitStatus(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := blackbox.File(t, "bad", "model,channel,conversions\nm,A,many\n")
	good := blackbox.File(t, "good", `{"shapley":{"A":1},"channels":["A"]}`)
	for want, all := range map[int][][]string{
		0: {{"-list"}, {"-scenario", "rare", "-users", "0", "-out", filepath.Join(dir, "empty")}},
		1: {{"-score", bad, "-truth", good}, {"-score", good, "-truth", bad}},
		2: {
			{}, {"-scenario", "nowhere", "-out", dir}, {"-scenario", "all"}, {"-nonsense"}, {"-list", "x"},
			{"-scenario", "all", "-out", filepath.Join(bad, "sub")}, {"-scenario", "all", "-out", dir, "-set", "sky=1"},
			{"-scenario", "all", "-out", dir, "-set", "base"}, {"-scenario", "all", "-out", dir, "-set", "base=-1"},
			{"-scenario", "all", "-out", dir, "-set", "excite.A>B=1"}, {"-scenario", "all", "-out", dir, "-set", "tau.Email=0"},
			{"-scenario", "all", "-out", dir, "-on", "Radio"}, {"-scenario", "all", "-out", dir, "-loss", "2"},
			{"-scenario", "all", "-out", dir, "-users", "-1"}, {"-scenario", "all", "-out", dir, "-as", "xml"},
			{"-score", filepath.Join(dir, "absent"), "-truth", good}, {"-score", good},
		},
	} {
		for _, args := range all {
			if _, diag, status := blackbox.Run(t, "", args...); status != want || (status != 0 && diag == "") {
				t.Errorf("%q: exit %d, want %d: %s", args, status, want, diag)
			}
		}
	}
}
