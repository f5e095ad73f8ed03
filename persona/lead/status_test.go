package lead_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

// history is the crossings as "from>to" with how many days before at.
func history(s lead.Score) string {
	var out string
	for _, c := range s.Crossings {
		out += fmt.Sprintf("%s>%s %.0f;", c.From, c.To, at.Sub(c.At).Hours()/24)
	}
	return out
}

func TestStatus(t *testing.T) {
	const halfLives = `[{"id":"x","when":{"field":"touch.kind","op":"ne","value":"email"},"points":50,"half_life":"P10D"}]`
	account := func(f persona.Fields, coverage float64, single bool) persona.Fields {
		return persona.Join(f, persona.Map{"journey.subject_kind": persona.TextValue("account"),
			"account.coverage": persona.NumberValue(coverage), "account.single_threaded": persona.BoolValue(single)})
	}
	for name, tt := range map[string]struct {
		fit  persona.Fit
		f    persona.Fields
		want string
	}{
		"warm enough":           {fit(50), agreed(touch("visit", 0)), "none>MQL 0;"},
		"nearly":                {fit(48), agreed(touch("visit", 0)), ""},
		"held by hysteresis":    {fit(50), agreed(touch("visit", 6)), "none>MQL 6;"},
		"left when cold":        {fit(50), agreed(touch("visit", 9)), "none>MQL 9;MQL>none 2;"},
		"recycled":              {fit(50), agreed(touch("visit", 9), touch("email", 8)), "none>MQL 9;MQL>Recycle 2;"},
		"sales came too early":  {fit(50), agreed(touch("visit", 9), touch("email", 10)), "none>MQL 9;MQL>none 2;"},
		"back again":            {fit(50), agreed(touch("visit", 9), touch("email", 8), touch("visit", 1)), "none>MQL 9;MQL>Recycle 2;Recycle>MQL 1;"},
		"talked":                {fit(50), agreed(touch("call", 3)), "none>SQLReady 3;"},
		"talk grows old":        {fit(50), agreed(touch("call", 33), touch("visit", 29), touch("visit", 24), touch("visit", 20), touch("visit", 12), touch("visit", 5), touch("visit", 2)), "none>SQLReady 33;SQLReady>MQL 3;"},
		"grade D":               {fit(39), agreed(touch("visit", 0), touch("visit", 0.1)), ""},
		"fit unknown":           {persona.Fit{}, agreed(touch("visit", 0), touch("visit", 0.1)), ""},
		"no consent":            {fit(90), of(touch("visit", 0)), ""},
		"consent refused":       {fit(90), persona.Join(persona.Map{"consent.activate": persona.BoolValue(false)}, of(touch("visit", 0))), ""},
		"disqualified":          {persona.Fit{Known: true, Tier: "X", Out: []string{"competitor"}}, agreed(touch("visit", 4)), "none>Disqualified 4;"},
		"account, covered":      {fit(90), account(agreed(touch("visit", 1)), 0.5, false), "none>SQLReady 1;"},
		"account, one thread":   {fit(90), account(agreed(touch("call", 1)), 1, true), "none>MQL 1;"},
		"account, little known": {fit(90), persona.Join(agreed(touch("call", 1)), persona.Map{"journey.subject_kind": persona.TextValue("account")}), "none>MQL 1;"},
	} {
		if got := history(table(t, halfLives).Score(tt.fit, tt.f, at)); got != tt.want {
			t.Errorf("%s: %q, not %q", name, got, tt.want)
		}
	}
	s := table(t, halfLives).Score(persona.Fit{Known: true, Tier: "X", Out: []string{"a", "b"}}, of(), at)
	if s.Status != lead.Disqualified || s.Reason != "a b" {
		t.Errorf("%s, %q", s.Status, s.Reason)
	}
	s = table(t, halfLives).Score(fit(50), agreed(touch("visit", 9)), at)
	if c := s.Crossings[1]; !c.Decay || c.By.ID != touch("visit", 9).ID || c.Score >= 40 {
		t.Errorf("%+v", c)
	}
}

// P10: what is found touch by touch is what is found in one go.
func TestStatusTouchByTouch(t *testing.T) {
	kinds := []string{"visit", "form", "call", "email", "demo", "complaint", "download", "price_page"}
	crossings := 0
	for seed := range uint64(rounds(100)) {
		r := source(seed)
		var touches []touchpoint.Touch
		for range 1 + r.IntN(25) {
			touches = append(touches, touch(kinds[r.IntN(len(kinds))], r.Float64()*200))
		}
		tb, fit := lead.DefaultTable(), fit(40+60*r.Float64())
		whole := tb.Score(fit, agreed(touches...), at)
		crossings += len(whole.Crossings)
		for _, last := range touches {
			var known []touchpoint.Touch
			for _, tp := range touches {
				if !tp.At.After(last.At) {
					known = append(known, tp)
				}
			}
			part := tb.Score(fit, agreed(known...), last.At)
			n := 0
			for n < len(whole.Crossings) && !whole.Crossings[n].At.After(last.At) {
				n++
			}
			if encode(t, part.Crossings) != encode(t, append([]lead.Crossing(nil), whole.Crossings[:n]...)) {
				t.Fatalf("seed %d, %s: %v, %v", seed, last.ID, part.Crossings, whole.Crossings[:n])
			}
			if n > 0 && part.Status != whole.Crossings[n-1].To {
				t.Fatalf("seed %d: status %s", seed, part.Status)
			}
		}
	}
	if crossings < rounds(100) {
		t.Errorf("only %d crossings were seen", crossings)
	}
}

// Long silences are not looked at day by day. A touch at each midnight that means nothing
// makes them so, and must change nothing but what a crossing names.
func TestStatusOfEveryMidnight(t *testing.T) {
	rule := func(r *rand.Rand, kind string) string {
		more := []string{"", `,"half_life":"P3D"`, `,"half_life":"P200D"`, `,"sticky":true`, `,"max":60`, `,"per":"P1D","per_max":2`, `,"half_life":"P30D","max":25`}[r.IntN(7)]
		return fmt.Sprintf(`{"id":"%s","when":{"field":"touch.kind","op":"eq","value":"%s"},"points":%d%s}`, kind, kind, r.IntN(160)-50, more)
	}
	seen := map[lead.Status]int{}
	for seed := range uint64(rounds(100)) {
		r := source(seed)
		kinds := []string{"visit", "form", "call", "email", "meeting"}
		var rules []string
		for _, k := range kinds {
			rules = append(rules, rule(r, k))
		}
		tb := table(t, "["+strings.Join(rules, ",")+"]")
		tb.Leave, tb.Enter = float64(r.IntN(50)), 50
		if seed%5 == 0 {
			tb.Weight = r.Float64()
		}
		var touches []touchpoint.Touch
		from := 30 + r.Float64()*1500
		for range 1 + r.IntN(20) {
			touches = append(touches, touch(kinds[r.IntN(len(kinds))], from*r.Float64()))
		}
		fit, whole := fit(40+60*r.Float64()), touches
		for d := range 1600 {
			if midnight := touch("impression", float64(d)); slices.ContainsFunc(touches, func(tp touchpoint.Touch) bool { return tp.At.Before(midnight.At) }) {
				whole = append(whole, midnight)
			}
		}
		a, b := tb.Score(fit, agreed(touches...), at), tb.Score(fit, agreed(whole...), at)
		for _, s := range []*lead.Score{&a, &b} {
			for i := range s.Crossings {
				s.Crossings[i].By, s.Crossings[i].Decay = touchpoint.Key{}, false
				seen[s.Crossings[i].To]++
			}
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: %+v, day by day %+v", seed, a, b)
		}
	}
	for _, s := range []lead.Status{lead.NoStatus, lead.MQL, lead.SQLReady} {
		if seen[s] < rounds(20) {
			t.Errorf("%s was reached %d times only", s, seen[s])
		}
	}
}
