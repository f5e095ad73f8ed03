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
	if _, err := content.ParseThemes([]byte(`{"rows":[],"words":[]}`)); err == nil {
		t.Error("a table of themes with an unknown key is read")
	}
	if _, err := content.ParseTone([]byte(`{"rules":[],"words":[]}`)); err == nil {
		t.Error("a table of tone with an unknown key is read")
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
		if s := n.Suggest(asking(t), nil); s.Insufficient != insufficient || (len(s.List) == 0) != insufficient {
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

// An answer counts for the themes only if it has codes or text, and a code that it has
// twice once; a code is never taken for a score.
func TestWhatCountsAsNamingATheme(t *testing.T) {
	v := &content.Voice{At: at}
	add := func(survey string) {
		props, err := touchpoint.ParseProps([]byte(`{"survey":{"id":"q",` + survey + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		v.Add(content.Trail{Touches: []touchpoint.Touch{touch(t, touchpoint.KindSurveyAnswer, day, func(x *touchpoint.Touch) { x.Props = props })}})
	}
	for range 5 {
		add(`"scale":"text","themes":["speed","price","nps=10","speed"]`)
		add(`"scale":"nps","score":0`)
	}
	for _, s := range v.Shares(content.Group{}) {
		if s.X != 5 || s.N != 5 {
			t.Errorf("%+v", s)
		}
	}
	if s := v.Scores(content.Group{}); len(s) != 1 || s[0].N != 5 || s[0].Value != -100 {
		t.Errorf("%+v", s)
	}
}

// Figures come by question, stage, persona and channel.
func TestFiguresComeByPlace(t *testing.T) {
	v := &content.Voice{At: at}
	for i := range 16 {
		pick := func(bit int) string { return []string{"y", "x"}[i>>bit&1] }
		v.Add(content.Trail{Persona: pick(1), Stays: []content.Stay{{Stage: pick(2), Enter: at.Add(-9 * day)}},
			Touches: []touchpoint.Touch{touch(t, touchpoint.KindSurveyAnswer, day, func(x *touchpoint.Touch) {
				x.Props, x.Channel = answer(pick(3), "nps", 5, ""), touchpoint.Channel(pick(0))
			})}})
	}
	var got []string
	for _, s := range v.Scores(content.Group{Question: true, Stage: true, Persona: true, Channel: true}) {
		got = append(got, s.Question+s.Stage+s.Persona+string(s.Channel))
	}
	if len(got) != 16 || !slices.IsSorted(got) {
		t.Error(got)
	}
}

// Of two stages entered at once the subject stands in the one of higher rank, of one rank
// in the later by name; only a stage of higher rank is an advance.
func TestStagesEnteredAtOnceAndSideways(t *testing.T) {
	p := plan(t, `{"id":"p","items":[{"id":"a","touchpoint":"A","stages":["a","b","c"],"updated":"2026-10-01T00:00:00Z"}],
		"cells":[{"stage":"a","channel":"Email"},{"stage":"b","channel":"Email"},{"stage":"c","channel":"Email"}]}`)
	enter := at.Add(-60 * day)
	for name, tt := range map[string]struct {
		stays    []content.Stay
		stage    string
		advanced int64
	}{
		"higher rank":     {[]content.Stay{{Stage: "b", Rank: 1, Enter: enter}, {Stage: "a", Rank: 2, Enter: enter}}, "a", 0},
		"one rank":        {[]content.Stay{{Stage: "a", Rank: 1, Enter: enter}, {Stage: "b", Rank: 1, Enter: enter}}, "b", 0},
		"sideways":        {[]content.Stay{{Stage: "a", Rank: 1, Enter: enter, Leave: at.Add(-20 * day)}, {Stage: "c", Rank: 1, Enter: at.Add(-20 * day)}}, "a", 0},
		"up":              {[]content.Stay{{Stage: "a", Rank: 1, Enter: enter, Leave: at.Add(-20 * day)}, {Stage: "c", Rank: 2, Enter: at.Add(-20 * day)}}, "a", 1},
		"the later entry": {[]content.Stay{{Stage: "a", Rank: 9, Enter: enter}, {Stage: "c", Rank: 2, Enter: enter.Add(day)}}, "c", 0},
	} {
		for range 2 {
			slices.Reverse(tt.stays)
			a := content.Audit{Plan: p, At: at}
			a.Add(content.Trail{Stays: tt.stays, Touches: []touchpoint.Touch{touch(t, "pageview", 30*day, func(x *touchpoint.Touch) { x.Touchpoint, x.Channel = "A", "Email" })}})
			if f := finding(t, a.Matrix(), tt.stage+"//Email"); f.Reach != 1 || f.Rate.N != 1 || f.Rate.X != tt.advanced {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// Phrases of equal priority come in the order of the table, and a floor that is met already
// is not named.
func TestToneInTheOrderOfTheTable(t *testing.T) {
	tone, err := content.ParseTone([]byte(`{"rules":[
		{"id":"two","when":{"all":[{"field":"a","op":"missing"},{"field":"b","op":"missing"}]},"set":{"formality":4,"keigo":"teinei"},"add":{"formality":1},"lead":[{"en":"x"}],"avoid":[{"en":"x"}]},
		{"id":"one","when":{"field":"a","op":"missing"},"add":{"formality":-1},"least":{"formality":4,"keigo":"teinei"},"lead":[{"en":"y"}],"avoid":[{"en":"y"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	g := tone.Resolve(who(nil, nil), at)
	if len(g.Lead) != 2 || g.Lead[0].Rule != "two" || len(g.Avoid) != 2 || g.Avoid[0].Rule != "two" {
		t.Errorf("lead %v, avoid %v", g.Lead, g.Avoid)
	}
	var steps []string
	for _, c := range g.Why {
		if c.Descriptor == "formality" || c.Descriptor == "keigo" {
			steps = append(steps, fmt.Sprintf("%s=%s %s %s", c.Descriptor, c.Value, c.Rule, c.How))
		}
	}
	want := []string{"formality=4 two set", "formality=5 two add", "formality=4 one add", "keigo=teinei two set"}
	if g.Formality != 4 || !slices.Equal(steps, want) {
		t.Errorf("%q, not %q", steps, want)
	}
}
