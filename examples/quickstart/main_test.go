package main_test

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

// blocks cuts the output at its headings.
func blocks(t *testing.T, out string) [5]string {
	t.Helper()
	var b [5]string
	for i := range b {
		_, rest, ok := strings.Cut(out, fmt.Sprintf("# %d ", i+1))
		if !ok {
			t.Fatalf("no block %d in\n%s", i+1, out)
		}
		_, rest, _ = strings.Cut(rest, "\n")
		b[i], _, _ = strings.Cut(rest, "\n# ")
	}
	return b
}

func TestCompanyFromRecordsToCredit(t *testing.T) {
	out, diag, status := blackbox.Run(t, "")
	if status != 0 {
		t.Fatalf("status %d: %s", status, diag)
	}
	b := blocks(t, out)
	if !strings.Contains(b[0], " people=") || strings.Contains(b[0], "conversions=0") || !strings.Contains(b[0], " value=") {
		t.Errorf("facts: %s", b[0])
	}
	var devices, channels int
	if _, err := fmt.Sscanf(b[1][strings.Index(b[1], "devices="):], "devices=%d channels=%d", &devices, &channels); err != nil || devices < 2 || channels < 3 {
		t.Errorf("one person: %s", b[1])
	}
	var members int
	if _, err := fmt.Sscanf(b[2][strings.Index(b[2], "members="):], "members=%d", &members); err != nil || members < 3 {
		t.Errorf("one account: %s", b[2])
	}
	if !strings.Contains(b[3], "Opportunity") || !strings.Contains(b[3], "median_days") {
		t.Errorf("stages: %s", b[3])
	}
	totals := strings.Fields(blackbox.Last(b[4]))
	if len(totals) != 5 || totals[1] == "0.00" || len(slices.Compact(totals[1:])) != 1 {
		t.Errorf("totals differ: %q", totals)
	}
	if !strings.Contains(b[4], "[") || !strings.Contains(b[4], "Paid Search") {
		t.Errorf("credit: %s", b[4])
	}
	if tally := blackbox.Last(diag); !strings.HasPrefix(tally, "offered=") || !strings.Contains(tally, " rejected=0 ") {
		t.Errorf("tally: %s", tally)
	}
}

func TestOrderBatchesAndProcessorsCannotBeSeen(t *testing.T) {
	want, _, _ := blackbox.RunOn(t, 1, "")
	runs := [][]string{{"-shuffle", "1"}, nil, {"-shuffle", "2"}, {"-shuffle", "3"}}
	if testing.Short() {
		runs = runs[:1]
	}
	for _, args := range runs {
		got, diag, status := blackbox.RunOn(t, 2, "", args...)
		if status != 0 || got != want {
			t.Errorf("%v: status %d, other bytes: %v\n%s", args, status, got != want, diag)
		}
	}
}

func TestJapanese(t *testing.T) {
	out, _, status := blackbox.Run(t, "", "-lang", "ja")
	if status != 0 || !strings.Contains(out, "# 3 ある企業の旅") || !strings.Contains(out, "商談") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

func TestBrokenRowsEndTypedAndTheRestCounts(t *testing.T) {
	rows := []string{
		"source,id,at,kind,channel,id.user_id,id.anonymous_id,value,currency",
		"web,1,2026-01-01T00:00:00Z,click,Email,u1,null,,",
		"web,2,2026-01-02T00:00:00Z,order,,u1,null,10.00,EUR",
		"web,3,2026-01-01T00:00:00Z,click,Email,u2,null,,",
		"web,4,yesterday,click,Email,u3,null,,",
		"web,5,1969-12-31T23:59:59Z,click,Email,u3,null,,",
		"web,6,2026-01-02T00:00:00Z,order,,u3,null,NaN,EUR",
		"web,7,2026-01-02T00:00:00Z,order,,u3,null,-5.00,EUR",
		"web,8,2026-01-02T00:00:00Z,click,Em\x01ail,u3,null,,",
		"web,9,2026-01-02T00:00:00Z,click,Email," + strings.Repeat("x", 1_000_000) + ",null,,",
		"web,10,2026-01-02T00:00:00Z,click,Email,,null,,",
		"web,2,2026-01-02T00:00:00Z,order,,u1,null,11.00,EUR",
	}
	file := blackbox.File(t, "broken.csv", strings.Join(rows, "\n"))
	out, diag, status := blackbox.Run(t, "", "-in", file)
	if status != 1 {
		t.Errorf("status %d", status)
	}
	if b := blocks(t, out); !strings.HasPrefix(b[0], "touches=4 people=2 accounts=0 conversions=1 value=10.00 EUR\n") {
		t.Errorf("facts: %s", b[0])
	}
	for _, want := range []string{"line 5: syntax at", "line 6: time_range at", "line 7: not_a_number value", "line 8: refund_without_conversion value",
		"line 9: control channel", "line 10: too_long "} {
		if !strings.Contains(diag, want) {
			t.Errorf("no %q in\n%.2000s", want, diag)
		}
	}
	if got := blackbox.Last(diag); got != "offered=11 accepted=4 duplicate=0 conflict=1 rejected=6 suppressed=0 retry=0" {
		t.Errorf("tally: %s", got)
	}
	if strings.Contains(diag, "xxxx") {
		t.Error("a value is in the diagnostics")
	}
}

func TestBadUsage(t *testing.T) {
	for _, args := range [][]string{{"-lang", "fr"}, {"-in", "nowhere.csv"}, {"-model", "nowhere.json"}, {"-map", "x.json"}, {"rest"}, {"-at", "noon"}, {"-no"}} {
		if _, _, status := blackbox.Run(t, "", args...); status != 2 {
			t.Errorf("%v: status %d", args, status)
		}
	}
}

func TestJulyAgreesWithAnIndependentComputation(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: not with -short")
	}
	file := blackbox.Shared(t, "data/attribution/touches_july.csv.gz")
	out, diag, status := blackbox.Run(t, "", "-in", file, "-map", "july.json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, diag)
	}
	if !strings.HasPrefix(blackbox.Last(diag), "offered=62483 ") {
		t.Error(blackbox.Last(diag))
	}
	b := blocks(t, out)
	if !strings.Contains(b[0], " people=7896 accounts=0 conversions=1838 ") {
		t.Error(b[0])
	}
	want := linear(t, file)
	for _, line := range strings.Split(strings.TrimSpace(b[4]), "\n")[1:] {
		cells := strings.Split(line, "  ")
		cells = slices.DeleteFunc(cells, func(s string) bool { return strings.TrimSpace(s) == "" })
		if cells[0] == "total" || strings.HasPrefix(cells[0], "(") {
			continue
		}
		got, err := strconv.ParseFloat(strings.Fields(cells[2])[0], 64)
		if err != nil || !(math.Abs(got-want[cells[0]]) <= 0.0051) {
			t.Errorf("%s: linear %v, want %.4f", cells[0], cells[2], want[cells[0]])
		}
		delete(want, cells[0])
	}
	if len(want) > 0 {
		t.Errorf("channels without a row: %v", want)
	}
	if testing.Short() {
		return
	}
	again, _, _ := blackbox.RunOn(t, 1, "", "-in", file, "-map", "july.json", "-shuffle", "5")
	if again != out {
		t.Error("shuffled input gives other bytes")
	}
}

// linear computes the linear credit of the July touches with a map and a sort: a customer's
// touches up to and at the instant of a conversion share it; what follows within thirty
// minutes belongs to the same journey and earns nothing.
func linear(t *testing.T, file string) map[string]float64 {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	type contact struct {
		at      time.Time
		channel string
		sale    bool
	}
	seen := map[string]bool{}
	of := map[string][]contact{}
	for _, r := range rows[1:] {
		at, err := time.Parse(time.RFC3339, r[1])
		if err != nil {
			t.Fatal(err)
		}
		if key := strings.Join(r, "\x1f"); !seen[key] {
			seen[key] = true
			of[r[0]] = append(of[r[0]], contact{at, r[5], r[3] == "1"})
		}
	}
	out := map[string]float64{}
	for _, cs := range of {
		slices.SortStableFunc(cs, func(a, b contact) int { return a.at.Compare(b.at) })
		var path []string
		var ended time.Time
		for len(cs) > 0 {
			n, sales := 1, 0
			for n < len(cs) && cs[n].at.Equal(cs[0].at) {
				n++
			}
			for _, c := range cs[:n] {
				if c.sale {
					sales++
				}
			}
			if sales == 0 && !ended.IsZero() && cs[0].at.Sub(ended) <= 30*time.Minute {
				cs = cs[n:]
				continue
			}
			for _, c := range cs[:n] {
				path = append(path, c.channel)
			}
			if sales > 0 {
				for _, channel := range path {
					out[channel] += float64(sales) / float64(len(path))
				}
				path, ended = nil, cs[0].at
			}
			cs = cs[n:]
		}
	}
	return out
}
