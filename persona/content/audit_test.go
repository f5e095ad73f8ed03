package content_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

// reader stood in a stage for 60 days, touched a place 30 days before at, and, if it moved,
// moved on a day later.
func reader(t testing.TB, stage, place string, moved bool, edit func(*touchpoint.Touch)) content.Trail {
	t.Helper()
	trail := content.Trail{Stays: []content.Stay{{Stage: stage, Rank: 10, Enter: at.Add(-60 * day)}}}
	trail.Touches = []touchpoint.Touch{touch(t, "pageview", 30*day, func(x *touchpoint.Touch) {
		x.Touchpoint, x.Channel = place, "Email"
		if edit != nil {
			edit(x)
		}
	})}
	if moved {
		trail.Stays[0].Leave = at.Add(-29 * day)
		trail.Stays = append(trail.Stays, content.Stay{Stage: "won", Rank: 99, Enter: at.Add(-29 * day)})
	}
	return trail
}

func finding(t testing.TB, m content.Matrix, id string) content.Finding {
	t.Helper()
	i := slices.IndexFunc(m.Findings, func(f content.Finding) bool { return f.Cell.ID() == id })
	if i < 0 {
		t.Fatalf("no finding %s in %v", id, m.Findings)
	}
	return m.Findings[i]
}

func TestVerdicts(t *testing.T) {
	p := plan(t, `{"id":"p","items":[
		{"id":"good","touchpoint":"Good","stages":["s"],"channel":"Email","updated":"2026-10-01T00:00:00Z"},
		{"id":"bad","touchpoint":"Bad","stages":["s"],"channel":"Chat","updated":"2026-10-01T00:00:00Z"},
		{"id":"same","touchpoint":"Same","stages":["n"],"channel":"Email","updated":"2026-10-01T00:00:00Z"},
		{"id":"old","touchpoint":"Old","stages":["s"],"channel":"SMS","updated":"2020-10-01T00:00:00Z"},
		{"id":"over","touchpoint":"Over","stages":["s"],"channel":"Store","updated":"2026-10-01T00:00:00Z","valid":"2026-10-02T00:00:00Z"},
		{"id":"idle","touchpoint":"Idle","stages":["s","few"],"channel":"Event","updated":"2026-10-01T00:00:00Z"},
		{"id":"wild","touchpoint":"Wild","stages":["x"],"channel":"Audio","updated":"2026-10-01T00:00:00Z"}],
		"cells":[{"stage":"s","channel":"Email"},{"stage":"s","channel":"Chat"},{"stage":"n","channel":"Email"},{"stage":"s","channel":"SMS"},{"stage":"s","channel":"Store"},
		{"stage":"s","channel":"Event"},{"stage":"few","channel":"Event"},{"stage":"s","channel":"Webinar","due":"2026-10-31T00:00:00Z"},{"stage":"s","channel":"Phone","due":"2026-11-30T00:00:00Z"}]}`)
	a := content.Audit{Plan: p, At: at}
	for i := range 100 {
		a.Add(reader(t, "s", "Good", i < 60, nil))
		a.Add(reader(t, "s", "Bad", i < 20, nil))
		a.Add(reader(t, "n", "Same", i < 40, nil))
		a.Add(reader(t, "n", "", i < 40, nil)) // no content
	}
	a.Add(reader(t, "s", "Wild", false, nil))
	m := a.Matrix()
	for id, want := range map[string]content.Verdict{
		"s//Email": content.Performing, "s//Chat": content.Underperforming, "n//Email": content.Neutral, "s//SMS": content.StaleContent, "s//Store": content.StaleContent,
		"s//Event": content.Unused, "few//Event": content.Unknown, "s//Webinar": content.MissingContent, "s//Audio": content.Unplanned,
	} {
		if f := finding(t, m, id); f.Verdict != want {
			t.Errorf("%s is %s, want %s: %+v", id, f.Verdict, want, f)
		}
	}
	if f := finding(t, m, "s//Webinar"); !f.Overdue || finding(t, m, "s//Phone").Overdue {
		t.Error("only what is due before at is overdue")
	}
	f := finding(t, m, "s//Email")
	if f.Subjects != 201 || f.Reach != 100 || f.Rate.X != 60 || f.Rate.N != 100 || f.Other.X != 20 || f.Other.N != 101 {
		t.Errorf("counts %+v", f)
	}
	// By hand: p_all = 81/203; p = (60 + 20·p_all)/120, o = (20 + 20·p_all)/121.
	all := 81.0 / 203
	if want := (60 + 20*all) / 120; !(math.Abs(f.Rate.P-want) <= 1e-12) {
		t.Errorf("rate %v, want %v", f.Rate.P, want)
	}
	if want := (60+20*all)/120 - (20+20*all)/121; !(math.Abs(f.Gain.D-want) <= 1e-12) {
		t.Errorf("gain %v, want %v", f.Gain.D, want)
	}
	for i := 1; i < len(m.Findings); i++ {
		if x, y := m.Findings[i-1], m.Findings[i]; x.Subjects < y.Subjects || x.Subjects == y.Subjects && x.Cell.ID() >= y.Cell.ID() {
			t.Errorf("%s before %s", x.Cell.ID(), y.Cell.ID())
		}
	}
}

func TestOnlyMatureFirstTouchesCount(t *testing.T) {
	p := plan(t, `{"id":"p","items":[{"id":"a","touchpoint":"A","stages":["s"],"updated":"2026-10-01T00:00:00Z"}],"cells":[{"stage":"s","channel":"Email"}]}`)
	for _, tt := range []struct {
		name            string
		ago             []time.Duration
		moved           time.Duration // before at
		reach, x, n     int64
		atTouch, future bool
	}{
		{"just mature, moved on the last instant", []time.Duration{14 * day}, 0, 1, 1, 1, false, false},
		{"moved too late", []time.Duration{15 * day}, 1*day - time.Second, 1, 0, 1, false, false},
		{"too young", []time.Duration{14*day - time.Second}, 10 * day, 1, 0, 0, false, false},
		{"the first touch counts, not the second", []time.Duration{40 * day, 20 * day}, 19 * day, 1, 0, 1, false, false},
		{"the touch that moves on counts for the stage before", []time.Duration{20 * day}, 20 * day, 1, 1, 1, false, false},
		{"after at", []time.Duration{-time.Second}, 0, 0, 0, 0, false, false},
	} {
		a := content.Audit{Plan: p, At: at}
		move := at.Add(-tt.moved)
		trail := content.Trail{Stays: []content.Stay{{Stage: "s", Rank: 1, Enter: at.Add(-50 * day), Leave: move}, {Stage: "t", Rank: 2, Enter: move}}}
		for _, ago := range tt.ago {
			trail.Touches = append(trail.Touches, touch(t, "pageview", ago, func(x *touchpoint.Touch) { x.Touchpoint, x.Channel = "ａ", "Email" }))
		}
		a.Add(trail)
		if f := finding(t, a.Matrix(), "s//Email"); f.Reach != tt.reach || f.Rate.X != tt.x || f.Rate.N != tt.n {
			t.Errorf("%s: reach %d, %d of %d", tt.name, f.Reach, f.Rate.X, f.Rate.N)
		}
	}
	// A touch that brings somebody into the first stage belongs to that stage.
	a := content.Audit{Plan: p, At: at}
	a.Add(content.Trail{Stays: []content.Stay{{Stage: "s", Rank: 1, Enter: at.Add(-50 * day)}},
		Touches: []touchpoint.Touch{touch(t, "pageview", 50*day, func(x *touchpoint.Touch) {
			x.Channel = "Email"
			x.Props = x.Props.SetText("content_id", "a")
		})}})
	if f := finding(t, a.Matrix(), "s//Email"); f.Reach != 1 || f.Rate.N != 1 {
		t.Errorf("first touch by content id: %+v", f)
	}
}

func TestLanguagesHaveCellsOfTheirOwn(t *testing.T) {
	p := plan(t, `{"id":"p","items":[{"id":"a","touchpoint":"A","stages":["s"],"updated":"2026-10-01T00:00:00Z"},{"id":"b","touchpoint":"B","languages":["ja"],"stages":["s"],"updated":"2026-10-01T00:00:00Z"}],
		"cells":[{"stage":"s","channel":"Email"},{"stage":"s","channel":"Email","language":"ja"},{"stage":"s","channel":"Email","language":"en"}]}`)
	a := content.Audit{Plan: p, At: at}
	a.Add(reader(t, "s", "A", true, prop("lang", "ja")))
	a.Add(reader(t, "s", "A", false, prop("lang", "en")))
	a.Add(reader(t, "s", "B", false, nil))
	m := a.Matrix()
	for id, want := range map[string]int64{"s//Email": 3, "s//Email/ja": 2, "s//Email/en": 1} {
		if f := finding(t, m, id); f.Reach != want {
			t.Errorf("%s: reach %d, want %d", id, f.Reach, want)
		}
	}
	if items := finding(t, m, "s//Email/en").Items; len(items) != 1 || items[0] != "a" {
		t.Errorf("items %v", items)
	}
	if len(m.Findings) != 3 {
		t.Errorf("planned by language counts as planned: %v", m.Findings)
	}
}

func TestMatrixIsWrittenSafely(t *testing.T) {
	p := plan(t, `{"id":"p","items":[],"cells":[{"stage":"=1+1","persona":"@x","channel":"'-1","owner":"＋a"},{"stage":"s","channel":"a,b"}]}`)
	a := content.Audit{Plan: p, At: at}
	a.Add(reader(t, "s", "", true, nil))
	var b strings.Builder
	if err := a.Matrix().WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := "stage,persona,channel,language,purpose,owner,due,verdict,overdue,items,subjects,reach,watched,moved_on,rate,rate_low,rate_high,other_watched,other_moved_on,other_rate,gain,gain_low,gain_high\n" +
		"s,,\"a,b\",,,,,missing,false,,1,0,0,0,,,,1,1,68.3,,,\n" +
		"'=1+1,'@x,''-1,,,'＋a,,missing,false,,0,0,0,0,,,,0,0,,,,\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	var back content.Matrix
	text := encode(t, a.Matrix())
	if err := json.Unmarshal([]byte(text), &back); err != nil || encode(t, back) != text {
		t.Error("the JSON of a matrix does not round-trip", err)
	}
}

// Every row of the table of purposes answers for each of its stages, in both languages.
func TestPurposes(t *testing.T) {
	seen := map[string]bool{}
	for _, stage := range []string{"awareness", "consideration", "purchase", "use", "loyalty", "lost", "opportunity"} {
		for _, p := range content.Purposes(stage) {
			seen[p.ID] = true
			for _, lang := range []string{"en", "ja"} {
				if p.Texts[lang] == "" || p.Formats[lang] == "" {
					t.Errorf("%s has no %s", p.ID, lang)
				}
			}
		}
	}
	want := []string{"educate", "answer", "compare", "remove_objections", "show_benefits", "price", "terms", "onboard", "thank", "ask", "win_back"}
	if len(seen) != len(want) {
		t.Errorf("%d purposes: %v", len(seen), seen)
	}
	if content.Purposes("nowhere") != nil {
		t.Error("a purpose of an unknown stage")
	}
	for stage, ids := range map[string]string{"awareness": "educate", "consideration": "answer compare remove_objections show_benefits", "purchase": "price terms", "use": "onboard", "loyalty": "thank ask"} {
		var got []string
		for _, p := range content.Purposes(stage) {
			got = append(got, p.ID)
		}
		if fmt.Sprint(got) != "["+ids+"]" {
			t.Errorf("%s: %v", stage, got)
		}
	}
}
