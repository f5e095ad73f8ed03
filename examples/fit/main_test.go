package main_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

const icp = `{"id":"icp","version":"1","criteria":[
 {"id":"size","weight":40,"when":{"field":"account.employees","op":"between","value":[50,500]}},
 {"id":"industry","weight":30,"when":{"field":"account.industry","op":"in","value":["製造業"]}},
 {"id":"country","weight":20,"when":{"field":"account.country","op":"eq","value":"JP"}},
 {"id":"budget","weight":10,"when":{"field":"account.budget","op":"ge","value":1000000}}],
 "disqualify":[{"id":"competitor","when":{"field":"account.type","op":"eq","value":"competitor"}}]}`

const personas = `[{"id":"leader","criteria":[{"id":"level","weight":1,"when":{"field":"person.seniority","op":"in","value":["director","vp","c_level"]}}]},
 {"id":"visitor","criteria":[{"id":"came","weight":1,"when":{"touches":{"where":{"field":"touch.kind","op":"eq","value":"webinar_attended"},"within":"P90D","agg":"count"},"op":"ge","value":1}},
  {"id":"level","weight":1,"when":{"field":"person.seniority","op":"eq","value":"individual"}}]}]`

// fit runs the program on people at standard input.
func fit(t *testing.T, people string, args ...string) (out, errs string, code int) {
	t.Helper()
	files := []string{"-in", "-", "-icp", blackbox.File(t, "icp.json", icp), "-personas", blackbox.File(t, "personas.json", personas)}
	return blackbox.Run(t, people, append(files, args...)...)
}

const head = "person,account,icp_score,icp_reasons,persona,persona_score\n"

func TestWorkedRows(t *testing.T) {
	for _, tt := range []struct{ employees, want string }{
		{"51〜200名", "100.0,size=44.4;industry=33.3;country=22.2;budget=?"},
		{"11-50", "100.0,size=?;industry=60.0;country=40.0;budget=?"},
		{"600", "55.6,size=0.0;industry=33.3;country=22.2;budget=?"},
	} {
		out, errs, code := fit(t, "\ufeffperson,account,従業員数,業種,国\np1,a1,"+tt.employees+",製造業,日本\n")
		// The visitor persona knows that nobody came, and nothing of the title.
		if want := head + "p1,a1," + tt.want + ",,0.0\n"; out != want || code != 0 {
			t.Errorf("%s: exit %d %s\n got %s\nwant %s", tt.employees, code, errs, out, want)
		}
	}
}

func TestTitleMakesThePersona(t *testing.T) {
	out, _, _ := fit(t, "person,account,役職,account.type,country\np1,a1,営業部長,,\np2,a2,エンジニア,Competitor,JP\n")
	want := head + "p1,a1,,size=?;industry=?;country=?;budget=?,leader,100.0\n" +
		"p2,a2,0.0,size=?;industry=?;country=100.0;budget=?;competitor=x,visitor,50.0\n"
	if out != want {
		t.Errorf("got %s\nwant %s", out, want)
	}
}

func TestTouchesAreJoinedByIdentifier(t *testing.T) {
	touch := `{"source":"web","id":"1","at":"2026-05-01T00:00:00Z","kind":"webinar_attended","channel":"Email","ids":[{"type":"email","value":"ann@acme.example"}],"props":{"person":{"jobtitle":"Engineer"}}}` + "\n"
	file := blackbox.File(t, "touches.jsonl", touch)
	people := "person,account\nann@acme.example,a1\n"
	out, errs, code := fit(t, people, "-touches", file)
	if code != 0 || !strings.Contains(out, ",visitor,100.0\n") {
		t.Errorf("exit %d %s: %s", code, errs, out)
	}
	mapped := blackbox.File(t, "webinar.csv", "no,day,who\n1,2026-05-01T00:00:00Z,ann@acme.example\n")
	by := blackbox.File(t, "map.json", `{"source":{"const":"zoom"},"id":"no","at":"day","kind":{"const":"webinar_attended"},"ids":[{"type":"email","col":"who"}]}`)
	if again, errs, code := fit(t, people, "-touches", mapped, "-map", by); code != 0 || again != out {
		t.Errorf("through a mapping: exit %d %s: %s", code, errs, again)
	}
	if _, errs, code := fit(t, people, "-map", by); code != 2 || strings.Count(errs, "\n") != 1 {
		t.Errorf("a mapping of nothing: exit %d %s", code, errs)
	}
	if _, errs, code := fit(t, people, "-icp", "/no/such", "-personas", "/no/such"); code != 2 || strings.Count(errs, "\n") != 1 {
		t.Errorf("two files are missing: exit %d %s", code, errs)
	}
	out, _, _ = fit(t, people, "-touches", file, "-at", "2026-12-01T00:00:00Z")
	if !strings.Contains(out, ",visitor,50.0\n") {
		t.Errorf("the webinar is more than 90 days ago: %s", out)
	}
}

func TestRowsShuffledAndDoubledGiveTheSameBytes(t *testing.T) {
	rows := []string{"p1,a1,51-200,製造業,CTO,crm,2026-01-01T00:00:00Z", "p1,a1,600,小売,Engineer,form,2026-01-01T00:00:00Z", "p1,a2,,製造業,,,",
		"p2,a1,300,,部長,crm,", "p2,a1,301,,課長,crm,", "p3,,40,製造業,主任,,"}
	came := blackbox.File(t, "touches.jsonl", strings.ReplaceAll(touches, "ann@acme.example", "p1"))
	make := func(rows []string) string {
		out, errs, code := fit(t, "person,account,従業員数,業種,役職,source,at\n"+strings.Join(rows, "\n")+"\n", "-wide", "-touches", came)
		if code != 0 {
			t.Fatal(code, errs)
		}
		return out
	}
	want := make(rows)
	if narrow, _, _ := fit(t, "person,account,役職\np1,a1,CTO\n"); !strings.HasPrefix(want, strings.TrimSuffix(head, "\n")) || strings.Count(narrow, ",") != 10 {
		t.Error("-wide appends columns, and only it does")
	}
	rows = append(rows, rows...)
	r := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if got := make(rows); got != want {
			t.Fatalf("got %s\nwant %s", got, want)
		}
	}
}

func TestExitStatus(t *testing.T) {
	out, errs, code := fit(t, "person,account,at\n,a1,\np1,a1,yesterday\np2,a2,\np3,\xff,\n\"p4,a3,\n")
	if code != 1 || !strings.HasSuffix(errs, "line 5: utf8 account\nline 6: syntax\ndead letters: 4\n") || !strings.Contains(out, "p2,a2,") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	bad := blackbox.File(t, "icp.json", `{"id":"x","criteria":[{"id":"a","wieght":1}]}`)
	if _, errs, code := fit(t, "person\np\n", "-icp", bad); code != 2 || !strings.Contains(errs, "/criteria/0/wieght") {
		t.Errorf("exit %d, %q", code, errs)
	}
	if out, errs, code := fit(t, "person,title,宗教\np,CTO,x\n"); code != 0 || errs != "column 3 is left out: persona: sensitive trait\n" || !strings.Contains(out, "p,") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	many := "person"
	for i := range 257 {
		many += fmt.Sprint(",t", i)
	}
	if _, errs, code := fit(t, many+"\np"+strings.Repeat(",x", 257)+"\n"); code != 2 || !strings.Contains(errs, "256 traits") {
		t.Errorf("exit %d, %q with too many traits", code, errs)
	}
	if _, _, code := fit(t, "account\na\n"); code != 2 {
		t.Errorf("exit %d without the column person", code)
	}
}
