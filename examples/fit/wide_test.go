package main_test

import (
	"encoding/csv"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

const segments = `[{"id":"leaders","where":{"field":"person.seniority","op":"in","value":["director","vp","c_level"]}},
 {"id":"makers","subject":"account","where":{"field":"account.industry","op":"eq","value":"製造業"},"exclude":{"field":"account.type","op":"eq","value":"competitor"}},
 {"id":"active","subject":"account","where":{"touches":{"agg":"count","within":"P90D"},"op":"ge","value":2}},
 {"id":"quiet","subject":"account","where":{"touches":{"agg":"count"},"op":"eq","value":0}},
 {"id":"warm","where":{"all":[{"field":"lead.grade","op":"prefix","value":"a"},{"field":"icp.tier","op":"eq","value":"A"},{"field":"persona.id","op":"eq","value":"leader"}]}},
 {"id":"small","where":{"field":"account.employees","op":"le","value":20}}]`

// touches: Ann, a director, had a demo and used the product; Bo, of the same firm, read a page.
const touches = `{"source":"crm","id":"1","at":"2026-05-01T00:00:00Z","kind":"demo_request","channel":"Direct","ids":[{"type":"email","value":"ann@acme.example"}]}
{"source":"app","id":"2","at":"2026-05-15T00:00:00Z","kind":"login","ids":[{"type":"email","value":"ann@acme.example"}]}
{"source":"web","id":"3","at":"2026-05-15T00:00:00Z","kind":"pageview","ids":[{"type":"user_id","value":"bo"}]}
`

const crowd = `person,account,従業員数,業種,国,役職,account.type
ann@acme.example,acme,51〜200名,製造業,日本,営業部長,
bo,acme,,,,,
cy,,,,,購買担当 部長,
di,spy,60,製造業,JP,CEO,competitor
`

func TestWide(t *testing.T) {
	args := []string{"-wide", "-touches", blackbox.File(t, "touches.jsonl", touches), "-segments", blackbox.File(t, "segments.json", segments)}
	out, errs, code := fit(t, crowd, args...)
	const reasons = "size=44.4;industry=33.3;country=22.2;budget=?"
	want := strings.TrimSuffix(head, "\n") + ",icp,icp_tier,icp_completeness,icp_low,icp_high,persona_completeness,persona_margin,seniority,function,roles,engagement,lead_score,grade,segments\n" +
		// A demo's 40 points halve in 30 days, so 40·2^(−14/30) are left: √(1·0.289). Whether
		// they compete is unknown, so the score may be 0.
		"ann@acme.example,acme,100.0," + reasons + ",leader,100.0,icp,A,0.9,0.0,100.0,1.0,100.0,director,sales,user,28.9,54,A3,leaders|makers|active|warm\n" +
		"bo,acme,100.0," + reasons + ",,0.0,icp,A,0.9,0.0,100.0,0.5,,,,,1.0,10,A4,makers|active\n" +
		"cy,,,size=?;industry=?;country=?;budget=?,leader,100.0,icp,?,0.0,0.0,100.0,1.0,100.0,director,procurement,procurement,0.0,0,?4,leaders\n" +
		"di,spy,0.0," + reasons + ";competitor=x,leader,100.0,icp,X,0.9,0.0,0.0,1.0,100.0,c_level,management,economic_buyer,0.0,0,D4,leaders|quiet\n"
	if out != want || code != 0 {
		t.Errorf("exit %d %s\n got %s\nwant %s", code, errs, out, want)
	}

	lines := strings.Split(strings.TrimSpace(touches), "\n")
	slices.Reverse(lines)
	lines = append(lines, lines...)
	if again, _, _ := fit(t, crowd, "-wide", "-touches", blackbox.File(t, "again.jsonl", strings.Join(lines, "\n")), "-segments", args[4]); again != out {
		t.Errorf("touches in another order, twice: %s", again)
	}

	scoring := blackbox.File(t, "scoring.json", `{"id":"own","cap":10,"rules":[{"id":"came","when":{"field":"touch.kind","op":"eq","value":"login"},"points":5,"sticky":true}]}`)
	out, errs, code = fit(t, crowd, append(args, "-scoring", scoring)...)
	if code != 0 || !strings.Contains(out, ",user,5.0,71,A2,") { // √(1·0.5)
		t.Errorf("exit %d %s\n%s", code, errs, out)
	}

	for _, args := range [][]string{{"-segments", args[4]}, {"-scoring", scoring}, {"-wide", "-segments", scoring}, {"-wide", "-scoring", args[4]}, {"-wide", "-segments", "/no/such/file"}} {
		if _, errs, code := fit(t, crowd, args...); code != 2 || strings.Contains(errs, "ann@") {
			t.Errorf("%v: exit %d %s", args, code, errs)
		}
	}
}

// table reads the output by person and column.
func table(t *testing.T, out string) map[string]map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]map[string]string{}
	for _, row := range rows[1:] {
		people[row[0]] = map[string]string{}
		for i, cell := range row {
			people[row[0]][rows[0][i]] = cell
		}
	}
	return people
}

// Whatever half of the cells holds, filling it in moves no score out of the bounds that
// were printed before.
func TestLearningStaysWithinTheBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for range 6 {
		full, half := "person,account,従業員数,業種,国,予算,役職,account.type\n", ""
		half = full
		for i := range 60 {
			id := strconv.Itoa(i)
			cells := []string{pick("51-200", "600", "11-50", "300", "1000+"), pick("製造業", "小売"), pick("日本", "US"), pick("5m", "20万円", "800k"), pick("営業部長", "エンジニア", "CEO"), pick("prospect", "competitor", "customer")}
			full += "p" + id + ",a" + id + "," + strings.Join(cells, ",") + "\n"
			for j := range cells {
				if r.IntN(2) == 0 {
					cells[j] = ""
				}
			}
			half += "p" + id + ",a" + id + "," + strings.Join(cells, ",") + "\n"
		}
		before, _, _ := fit(t, half, "-wide")
		after, _, _ := fit(t, full, "-wide")
		old, learnt := table(t, before), table(t, after)
		if len(learnt) == 0 {
			t.Fatal(after)
		}
		for person, row := range learnt {
			score, err := strconv.ParseFloat(row["icp_score"], 64)
			low, err2 := strconv.ParseFloat(old[person]["icp_low"], 64)
			high, err3 := strconv.ParseFloat(old[person]["icp_high"], 64)
			if err := errors.Join(err, err2, err3); err != nil {
				t.Fatal(err)
			}
			if !(low <= score && score <= high) {
				t.Errorf("%s: %v is not in [%v, %v]\nbefore %v\nafter %v", person, score, low, high, old[person], row)
			}
		}
	}
}
