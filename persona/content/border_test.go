package content_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

// The limits of a document are themselves allowed.
func TestDocumentsAtTheirLimits(t *testing.T) {
	list := func(n int, row string) string {
		var rows []string
		for i := range n {
			rows = append(rows, strings.ReplaceAll(row, "#", fmt.Sprint(i)))
		}
		return "[" + strings.Join(rows, ",") + "]"
	}
	calendar := func(text string) error { _, err := content.ParseCalendar([]byte(text)); return err }
	parsePlan := func(items, cells string) error {
		_, err := content.ParsePlan([]byte(`{"id":"p","items":` + items + `,"cells":` + cells + `}`))
		return err
	}
	cost := func(amount string) error {
		return parsePlan(`[{"id":"a","stages":["s"],"cost":"`+amount+`","currency":"JPY"}]`, "[]")
	}
	themes := func(words int) error {
		_, err := content.ParseThemes([]byte(`{"rows":[{"id":"a","words":["x"]},{"id":"b","words":` + list(words-1, `"w#"`) + `}]}`))
		return err
	}
	tone := func(rules int, sets string) error {
		_, err := content.ParseTone([]byte(`{"rules":` + list(rules, `{"id":"r#","when":{"all":[]},`+sets+`}`) + `}`))
		return err
	}
	for name, tt := range map[string]struct {
		within, beyond error
	}{
		"items":          {parsePlan(list(content.MaxItems, `{"id":"i#","stages":["s"]}`), "[]"), parsePlan(list(content.MaxItems+1, `{"id":"i#","stages":["s"]}`), "[]")},
		"cells":          {parsePlan("[]", list(content.MaxCells, `{"stage":"s#","channel":"c"}`)), parsePlan("[]", list(content.MaxCells+1, `{"stage":"s#","channel":"c"}`))},
		"free of charge": {cost("0"), cost("-1")},
		"words":          {themes(content.MaxWords), themes(content.MaxWords + 1)},
		"midnight":       {calendar(`{"from":9,"to":24}`), calendar(`{"from":9,"to":25}`)},
		"one hour":       {calendar(`{"from":9,"to":10}`), calendar(`{"from":9,"to":9}`)},
		"a calendar":     {calendar(`{}`), calendar(`{"weekdays":`)},
		"set":            {tone(1, `"set":{"warmth":5}`), tone(1, `"set":{"warmth":6}`)},
		"add":            {tone(1, `"add":{"warmth":5}`), tone(1, `"add":{"warmth":6}`)},
		"least":          {tone(1, `"least":{"formality":5}`), tone(1, `"least":{"formality":6}`)},
		"take away":      {tone(1, `"add":{"warmth":-5}`), tone(1, `"add":{"warmth":-6}`)},
		"tone rules":     {tone(content.MaxRules, `"set":{"formality":3}`), tone(content.MaxRules+1, `"set":{"formality":3}`)},
	} {
		if tt.within != nil || tt.beyond == nil {
			t.Errorf("%s: %v at the limit, %v beyond", name, tt.within, tt.beyond)
		}
	}
	if _, err := content.ParseThemes([]byte(`{"rows":`)); err == nil {
		t.Error("half a table of themes is read")
	}
	if _, err := content.ParseTone([]byte(`{"rules":`)); err == nil {
		t.Error("half a table of tone is read")
	}
}

// An item is current for 540 days after its revision and up to its last instant.
func TestCurrentToTheInstant(t *testing.T) {
	for _, tt := range []struct {
		item content.Item
		want bool
	}{
		{content.Item{Updated: at.Add(-540 * day)}, true},
		{content.Item{Updated: at.Add(-540*day - time.Microsecond)}, false},
		{content.Item{Updated: at, Valid: at}, true},
		{content.Item{Updated: at, Valid: at.Add(-time.Microsecond)}, false},
	} {
		if got := tt.item.Current(at); got != tt.want {
			t.Errorf("%+v: %v", tt.item, got)
		}
	}
}

// A stage of thirty subjects is large enough to call content unused, and thirty watched on
// each side are enough for a verdict; the items of a finding are sorted.
func TestVerdictsAtThirty(t *testing.T) {
	for own := range 2 {
		for other := range 2 {
			p := plan(t, `{"id":"p","items":[
				{"id":"b","stages":["s"],"updated":"2026-10-01T00:00:00Z","touchpoint":"Good","channel":"Email"},
				{"id":"a","stages":["s"],"updated":"2026-10-01T00:00:00Z","channel":"Email"},
				{"id":"c","stages":["s"],"updated":"2026-10-01T00:00:00Z","channel":"SMS"}],
				"cells":[{"stage":"s","channel":"Email"},{"stage":"s","channel":"SMS"}]}`)
			a := content.Audit{Plan: p, At: at}
			for range 29 + own {
				a.Add(reader(t, "s", "Good", true, nil))
			}
			for range 29 + other {
				a.Add(reader(t, "s", "", false, func(x *touchpoint.Touch) { x.Channel = "Direct" }))
			}
			want := content.Unknown
			if own+other == 2 {
				want = content.Performing
			}
			if f := finding(t, a.Matrix(), "s//Email"); f.Verdict != want || !slices.Equal(f.Items, []string{"a", "b"}) {
				t.Errorf("%d and %d watched: %s, items %v", 29+own, 29+other, f.Verdict, f.Items)
			}
		}
		a := content.Audit{Plan: plan(t, `{"id":"p","items":[{"id":"c","stages":["s"],"updated":"2026-10-01T00:00:00Z"}],"cells":[{"stage":"s","channel":"SMS"}]}`), At: at}
		for range 29 + own {
			a.Add(reader(t, "s", "", false, nil))
		}
		if f, want := finding(t, a.Matrix(), "s//SMS"), []content.Verdict{content.Unknown, content.Unused}[own]; f.Verdict != want {
			t.Errorf("unused by %d: %s, want %s", f.Subjects, f.Verdict, want)
		}
	}
}

// A gain is written only where both sides were watched.
func TestGainNeedsBothSides(t *testing.T) {
	a := content.Audit{Plan: plan(t, `{"id":"p","items":[{"id":"a","touchpoint":"A","stages":["s"],"updated":"2026-10-01T00:00:00Z"}],"cells":[{"stage":"s","channel":"Email"}]}`), At: at}
	a.Add(reader(t, "s", "A", true, nil))
	var b strings.Builder
	if err := a.Matrix().WriteCSV(&b); err != nil || !strings.HasSuffix(b.String(), ",0,0,,,,\n") {
		t.Errorf("%s, %v", b.String(), err)
	}
}

// A contact before the first stage belongs to no stage.
func TestContactsBeforeTheFirstStageAreOutside(t *testing.T) {
	a := content.Audit{Plan: plan(t, `{"id":"p","items":[{"id":"a","touchpoint":"A","stages":["s"],"updated":"2026-10-01T00:00:00Z"}],"cells":[{"stage":"s","channel":"Email"}]}`), At: at}
	trail := reader(t, "s", "A", false, nil)
	trail.Stays[0].Enter = at.Add(-20 * day)
	a.Add(trail)
	if m := a.Matrix(); len(m.Findings) != 1 || m.Findings[0].Reach != 0 {
		t.Errorf("%+v", m.Findings)
	}
}

// A window is looked for in five working days, of which today is one only if a block of it
// is left, and for sixty days of the calendar.
func TestWindowIsWithinFiveWorkingDays(t *testing.T) {
	monday := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	early := touch(t, "pageview", 0, func(x *touchpoint.Touch) { x.At = time.Date(2026, 10, 26, 9, 30, 0, 0, time.UTC) })
	for name, tt := range map[string]struct {
		at   time.Time
		want string
	}{
		"next Monday is the sixth": {monday, "2026-11-02 12:00"},
		"or the fifth":             {monday.Add(8 * time.Hour), "2026-11-09 09:00"},
		"a block that begins now":  {monday.Add(2 * time.Hour), "2026-11-02 12:00"},
	} {
		a := content.Outreach(caseOf(nil, early), tt.at, &content.OutreachOptions{Location: time.UTC})
		if a.Window == nil || a.Window.From.Format("2006-01-02 15:04") != tt.want {
			t.Errorf("%s: %+v, want %s", name, a.Window, tt.want)
		}
	}
	for days, found := range map[int]bool{59: true, 60: false} {
		calendar := &content.Calendar{Weekdays: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}
		for i := range days {
			calendar.Holidays = append(calendar.Holidays, monday.AddDate(0, 0, i).Format(time.DateOnly))
		}
		a := content.Outreach(caseOf(nil), monday, &content.OutreachOptions{Location: time.UTC, Calendar: calendar})
		if (a.Window != nil) != found {
			t.Errorf("%d holidays: %+v", days, a.Window)
		}
	}
	empty := &content.Segment{Blocks: map[content.Block]int64{{Weekday: time.Monday, Part: 4}: 0}}
	if a := content.Outreach(caseOf(nil), monday, &content.OutreachOptions{Location: time.UTC, Segment: empty}); a.Window == nil || a.Window.Weight != 0 {
		t.Errorf("a segment that counted nothing: %+v", a.Window)
	}
}

// Messages count while they are younger than the cool-down, and answers up to the end of
// the fourteenth day; of channels with equal rates the first by name is taken.
func TestRepliesAndCoolDownToTheInstant(t *testing.T) {
	for days, answered := range map[time.Duration]int64{14 * day: 1, 14*day + time.Microsecond: 0} {
		touches := []touchpoint.Touch{touch(t, "email", 40*day, func(x *touchpoint.Touch) { x.Channel = "Email" }), touch(t, "email_reply", 40*day-days, nil)}
		if got := content.RepliesOf(touches, at)["Email"]; int64(got.Answered) != answered {
			t.Errorf("an answer after %v: %+v", days, got)
		}
	}
	for ago, refused := range map[time.Duration]bool{3 * day: false, 3*day - time.Microsecond: true} {
		if a := content.Outreach(caseOf(nil, touch(t, "email", ago, nil)), at, nil); (len(a.Refused) == 1) != refused {
			t.Errorf("a message %v ago: %v", ago, a.Refused)
		}
	}
	segment := &content.Segment{Replies: map[touchpoint.Channel]content.Replies{"Phone": {Sent: 8, Answered: 4}, "Chat": {Sent: 8, Answered: 4}, "SMS": {Sent: 8, Answered: 4}}}
	if a := content.Outreach(caseOf(nil), at, &content.OutreachOptions{Segment: segment}); a.Channel != "Chat" {
		t.Errorf("of equal channels %s", a.Channel)
	}
}

// Thirty on the other side are enough, kinds that gain nothing are left out, and of equal
// gains the lesser kind stands first.
func TestSuggestionsAtTheirThresholds(t *testing.T) {
	for others, insufficient := range map[int]bool{29: true, 30: false} {
		n := &content.NextTouch{At: at}
		for range 40 {
			n.Add(step(t, "consideration", "it", "price_page", "webinar_attended", true))
		}
		for range others {
			n.Add(step(t, "consideration", "it", "price_page", "pageview", false))
		}
		if s := n.Suggest(asking(t), nil); s.Insufficient != insufficient {
			t.Errorf("%d others: %+v", others, s)
		}
	}
	n := &content.NextTouch{At: at}
	for i := range 60 {
		for _, kind := range []touchpoint.Kind{"webinar_attended", "pageview"} {
			n.Add(step(t, "consideration", "it", "price_page", kind, i < 30))
		}
	}
	if s := n.Suggest(asking(t), nil); s.Insufficient || len(s.List) != 0 {
		t.Errorf("without a gain: %+v", s)
	}
	for i := range 80 {
		n.Add(step(t, "consideration", "it", "price_page", "download", i < 4))
	}
	for range 10 { // the kinds come from a map
		s := n.Suggest(asking(t), nil)
		if len(s.List) != 2 || s.List[0].Kind != "pageview" || s.List[1].Kind != "webinar_attended" || s.List[0].Gain != s.List[1].Gain {
			t.Fatalf("of equal gains: %+v", s.List)
		}
	}
}

// A Latin keyword is a word of its own: no letter or digit stands beside it.
func TestKeywordsEndAtLettersAndDigits(t *testing.T) {
	themes, err := content.ParseThemes([]byte(`{"rows":[{"id":"cat","words":["cat"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"cat": true, "a cat.": true, "{cat}": true, "`cat`": true, "/cat:": true, "猫cat猫": true} {
		if got := len(themes.Find(text)) == 1; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, beside := range "azAZ09mn5" {
		for _, text := range []string{string(beside) + "cat", "cat" + string(beside)} {
			if found := themes.Find(text); len(found) != 0 {
				t.Errorf("%q names %v", text, found)
			}
		}
	}
}

// Themes of a place are shown from five answers on, the most frequent first.
func TestThemesOfFiveAnswers(t *testing.T) {
	v := &content.Voice{At: at, Themes: &content.Themes{Rows: []content.ThemeRow{{ID: "a", Words: []string{"alpha"}}, {ID: "b", Words: []string{"beta"}}}}}
	for i, text := range []string{"beta", "beta", "alpha beta", "gamma", "gamma"} {
		if s := v.Shares(content.Group{}); len(s) > 0 && !s[0].Hidden {
			t.Errorf("%d answers: %+v", i, s)
		}
		v.Add(content.Trail{Touches: []touchpoint.Touch{touch(t, touchpoint.KindSurveyAnswer, day, func(x *touchpoint.Touch) { x.Props = answer("q", "nps", 5, text) })}})
	}
	s := v.Shares(content.Group{})
	if len(s) != 2 || s[0].Hidden || s[0].Theme != "b" || s[0].X != 3 || s[1].Theme != "a" || s[1].X != 1 || s[0].N != 5 {
		t.Errorf("%+v", s)
	}
}
