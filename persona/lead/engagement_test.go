package lead_test

import (
	"math"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

// A row of the default table is used by a touch of its sort, and decays as it says.
func TestDefaultTable(t *testing.T) {
	page := func(name string) touchpoint.Touch {
		tp := touch("pageview", 0)
		tp.Touchpoint = name
		return tp
	}
	missed := touch("meeting", 0)
	missed.Props = touchpoint.Props{}.SetText("outcome", "no_show")
	for rule, tt := range map[string]struct {
		touch  touchpoint.Touch
		now    float64
		later  float64 // after 14 days
		others float64 // points of other rules
	}{
		"demo":               {touch("demo", 0), 40, 40 * math.Exp2(-14.0/30), 0},
		"demo_request":       {touch("demo_request", 0), 40, 40 * math.Exp2(-14.0/30), 0},
		"trial_start":        {touch("trial_start", 0), 40, 20, 0},
		"form":               {touch("form", 0), 25, 12.5, 0},
		"meeting":            {touch("meeting", 0), 25, 12.5, 0},
		"price_page":         {page("料金ページ"), 15, 15 * math.Exp2(-14.0/30), 1},
		"quote":              {touch("quote", 0), 20, 10, 0},
		"call":               {touch("call", 0), 15, 7.5, 0},
		"webinar_attended":   {touch("webinar_attended", 0), 15, 7.5, 0},
		"event_attended":     {touch("event_attended", 0), 15, 7.5, 0},
		"email_reply":        {touch("email_reply", 0), 15, 7.5, 0},
		"webinar_registered": {touch("webinar_registered", 0), 5, 2.5, 0},
		"subscribe":          {touch("subscribe", 0), 5, 2.5, 0},
		"chat":               {touch("chat", 0), 8, 4, 0},
		"download":           {touch("download", 0), 8, 4, 0},
		"video_complete":     {touch("video_complete", 0), 5, 2.5, 0},
		"product_view":       {touch("product_view", 0), 4, 2, 0},
		"email_click":        {touch("email_click", 0), 3, 1.5, 0},
		"pageview":           {touch("pageview", 0), 1, .5, 0},
		"email_open":         {touch("email_open", 0), 0, 0, 0},
		"email_bounce":       {touch("email_bounce", 0), -5, -2.5, 0},
		"unsubscribe":        {touch("unsubscribe", 0), -30, -30, 0},
		"complaint":          {touch("complaint", 0), -20, -10, 0},
		"no_show":            {missed, -10, -5, 0},
		"careers":            {page("採用情報"), -10, -5, 1},
	} {
		score := lead.DefaultTable().Score(persona.Fit{}, of(tt.touch), at)
		found := false
		for _, term := range score.Terms {
			if found = found || term.Rule == rule; term.Rule == rule {
				near(t, rule, term.Points, tt.now, 0)
			}
		}
		if !found {
			t.Errorf("%s is not used", rule)
		}
		near(t, rule+" now", score.Engagement, tt.now+tt.others, 1e-12)
		near(t, rule+" later", lead.DefaultTable().Engagement(of(tt.touch), at.Add(14*day)), tt.later+tt.others/2, 1e-12)
	}
	for _, r := range lead.DefaultTable().Rules {
		if r.Names["en"] == "" || r.Names["ja"] == "" {
			t.Errorf("%s has no name", r.ID)
		}
	}
	if n := len(lead.DefaultTable().Rules); n != 25 {
		t.Errorf("%d rows, of which 25 are tested", n)
	}
}

func TestWindows(t *testing.T) {
	tb := table(t, `[{"id":"v","when":{"field":"touch.kind","op":"eq","value":"visit"},"points":10,"half_life":"P1D","per":"P1D","per_max":2}]`)
	at := at.Add(12 * time.Hour)
	hour := func(hours float64) touchpoint.Touch { return touch("visit", (hours-12)/24) }
	for name, tt := range map[string]struct {
		touches []touchpoint.Touch
		want    float64
	}{
		"both of a day":               {[]touchpoint.Touch{hour(0), hour(6)}, 10 + 10*math.Exp2(-.25)},
		"the last two of three":       {[]touchpoint.Touch{hour(0), hour(9), hour(6)}, 10 + 10*math.Exp2(-.25)},
		"midnight parts days":         {[]touchpoint.Touch{hour(12), hour(12.001), hour(12.002)}, 10 * (math.Exp2(-12.0/24) + math.Exp2(-12.001/24) + math.Exp2(-12.002/24))},
		"two of each day":             {[]touchpoint.Touch{hour(0), hour(0.5), hour(24), hour(25), hour(30)}, 10 + 10*math.Exp2(-.5/24) + 5 + 5*math.Exp2(-1.0/24)},
		"what comes later is not yet": {[]touchpoint.Touch{hour(6), hour(-1)}, 10 * math.Exp2(-.25)},
	} {
		near(t, name, tb.Engagement(of(tt.touches...), at), tt.want, 1e-12)
	}
}

func TestWhatCounts(t *testing.T) {
	tb := table(t, `[{"id":"all","when":{"all":[]},"points":1,"sticky":true},
		{"id":"seen","when":{"field":"touch.channel","op":"missing"},"points":100,"any":true,"sticky":true},
		{"id":"max","when":{"field":"touch.kind","op":"ne","value":"form"},"points":-400,"max":500,"sticky":true}]`)
	email := touch("email_open", 3)
	email.Channel = "Email"
	bot := touch("visit", 1)
	bot.Props = bot.Props.SetBool("bot", true)
	for name, tt := range map[string]struct {
		touches []touchpoint.Touch
		want    float64
	}{
		"engaged":                  {[]touchpoint.Touch{touch("form", 1)}, 101},
		"exposure under any alone": {[]touchpoint.Touch{touch("impression", 1)}, 100},
		"missing is asked of all":  {[]touchpoint.Touch{email}, 0},
		"bots never":               {[]touchpoint.Touch{bot}, 0},
		"bound":                    {[]touchpoint.Touch{touch("visit", 1), touch("visit", 2)}, 202 - 500},
		"one key once":             {[]touchpoint.Touch{touch("form", 1), touch("form", 1)}, 101},
	} {
		near(t, name, tb.Engagement(of(tt.touches...), at), tt.want, 0)
	}
}

// P1: neither order nor repetition shows. P9: points decay to their sticky part, and a touch
// with positive points never lowers them.
func TestEngagementProperties(t *testing.T) {
	kinds := []string{"demo", "pageview", "pageview", "pageview", "email_click", "download", "unsubscribe", "complaint", "visit", "form"}
	tb := lead.DefaultTable()
	for seed := range uint64(rounds(300)) {
		r := source(seed)
		var touches []touchpoint.Touch
		for range r.IntN(40) {
			touches = append(touches, touch(kinds[r.IntN(len(kinds))], r.Float64()*60))
		}
		want := encode(t, tb.Score(fit(70), agreed(touches...), at))
		again := append(touches[:len(touches):len(touches)], touches...)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got := encode(t, tb.Score(fit(70), agreed(again...), at)); got != want {
			t.Fatalf("P1, seed %d:\n%s\n%s", seed, got, want)
		}
		e := tb.Engagement(of(touches...), at)
		for _, kind := range []string{"demo", "pageview", "email_click", "download"} {
			more := append(touches[:len(touches):len(touches)], touch(kind, r.Float64()*60))
			if now := tb.Engagement(of(more...), at); !(now >= e-1e-9) {
				t.Fatalf("P9, seed %d: %s lowers %v to %v", seed, kind, e, now)
			}
		}
		sticky := 0.0
		for _, tp := range touches {
			if tp.Kind == "unsubscribe" {
				sticky -= 30
			}
		}
		near(t, "P9: what stays", tb.Engagement(of(touches...), at.Add(3000*day)), sticky, 1e-9)
	}
}

// Points that decay from touch to touch are those that decay from each touch on.
func TestEngagementIsTheSumOfItsTouches(t *testing.T) {
	tb := table(t, `[{"id":"v","when":{"field":"touch.kind","op":"eq","value":"visit"},"points":3,"half_life":"P10D"}]`)
	r := source(1)
	var touches []touchpoint.Touch
	want := 0.0
	for range 200 {
		days := r.Float64() * 300
		touches = append(touches, touch("visit", days))
		want += 3 * math.Exp2(-days/10)
	}
	near(t, "engagement", tb.Engagement(of(touches...), at), want, 1e-9)
}
