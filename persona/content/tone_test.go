package content_test

import (
	"math/bits"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

func texts(m map[string]string) persona.Map {
	out := persona.Map{}
	for name, text := range m {
		out[name] = persona.TextValue(text)
	}
	return out
}

func rules(phrases []content.Phrase) (ids []string) {
	for _, p := range phrases {
		ids = append(ids, p.Rule)
	}
	return slices.Compact(ids)
}

// Every row of the default table, by what it changes of a guidance that only the base row
// and the first contact make.
func TestDefaultTone(t *testing.T) {
	two := []touchpoint.Touch{touch(t, "call", 100*day, nil)}
	complaint := []touchpoint.Touch{touch(t, "call", 100*day, nil), touch(t, "complaint", 2*day, nil)}
	closed := append(slices.Clone(complaint), touch(t, "ticket_closed", day, nil))
	var long []touchpoint.Touch
	for i := range 10 {
		long = append(long, touch(t, "call", 180*day+time.Duration(-i)*day, nil))
	}
	type want = content.Guidance
	base := want{Formality: 3, Warmth: 3, Directness: 3, Length: "medium", Promotion: true, Keigo: "teinei"}
	with := func(edit func(*want)) want { g := base; edit(&g); return g }
	seen := map[string]bool{"base": true}
	for _, tt := range []struct {
		rule    string
		values  persona.Map
		touches []touchpoint.Touch
		want    want
	}{
		{"base", nil, two, base},
		{"email", texts(map[string]string{"touch.channel": "Email"}), two, with(func(g *want) { g.Formality = 4 })},
		{"letter", texts(map[string]string{"touch.channel": "Direct Mail"}), two, with(func(g *want) { g.Formality, g.Keigo = 5, "sonkei_kenjo" })},
		{"chat", texts(map[string]string{"touch.channel": "Chat"}), two, with(func(g *want) { g.Formality, g.Length = 2, "short" })},
		{"social", texts(map[string]string{"touch.channel": "Organic Social"}), two, with(func(g *want) { g.Formality, g.Length = 2, "short" })},
		{"sms", texts(map[string]string{"touch.channel": "SMS"}), two, with(func(g *want) { g.Directness, g.Length = 4, "short" })},
		{"in_person", texts(map[string]string{"touch.channel": "Phone"}), two, with(func(g *want) { g.Warmth = 4 })},
		{"awareness", texts(map[string]string{"journey.stage": "awareness"}), two, base},
		{"consideration", texts(map[string]string{"journey.stage": "evaluation"}), two, base},
		{"purchase", texts(map[string]string{"journey.stage": "negotiation"}), two, with(func(g *want) { g.Directness, g.Length = 5, "short" })},
		{"use", texts(map[string]string{"journey.stage": "onboarding"}), two, with(func(g *want) { g.Warmth = 4 })},
		{"loyalty", texts(map[string]string{"journey.stage": "advocacy"}), two, with(func(g *want) { g.Warmth = 5 })},
		{"stalled", persona.Map{"journey.stalled": persona.BoolValue(true)}, two, with(func(g *want) { g.Warmth = 4 })},
		{"stalled", texts(map[string]string{"journey.stage": "at_risk"}), two, with(func(g *want) { g.Warmth = 4 })},
		{"negative", persona.Map{"journey.sentiment": persona.NumberValue(-0.3)}, two, with(func(g *want) { g.Warmth = 5 })},
		{"complaint", nil, complaint, with(func(g *want) { g.Promotion, g.Sender = false, "support" })},
		{"", nil, closed, base},
		{"positive", persona.Map{"journey.sentiment": persona.NumberValue(0.3)}, two, with(func(g *want) { g.Warmth, g.Humour = 4, true })},
		{"senior", texts(map[string]string{"person.seniority": "vp"}), two, with(func(g *want) { g.Formality, g.Length, g.Keigo = 5, "short", "sonkei_kenjo" })},
		{"evaluator", persona.Map{"person.buying_role": persona.ListValue("technical_evaluator", "influencer")}, two, with(func(g *want) { g.Directness = 5 })},
		{"procurement", texts(map[string]string{"person.buying_role": "procurement"}), two, with(func(g *want) { g.Formality = 5 })},
		{"user", texts(map[string]string{"person.buying_role": "user"}), two, with(func(g *want) { g.Formality = 2 })},
		{"first_contact", nil, nil, with(func(g *want) { g.Formality = 4 })},
		{"long_relation", nil, long, with(func(g *want) { g.Formality = 2 })},
		{"", nil, long[1:], base}, // nine contacts only
		{"japanese_business", texts(map[string]string{"person.language": "ja", "account.name": "x", "touch.channel": "Chat"}), two, with(func(g *want) { g.Length = "short" })},
	} {
		g := content.DefaultTone().Resolve(who(tt.touches, tt.values), at)
		lead, avoid, why := g.Lead, g.Avoid, g.Why
		g.Lead, g.Avoid, g.Why = nil, nil, nil
		if encode(t, g) != encode(t, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.rule, g, tt.want)
		}
		if tt.rule == "" {
			continue
		}
		seen[tt.rule] = true
		row := content.DefaultTone().Rules[slices.IndexFunc(content.DefaultTone().Rules, func(r content.Rule) bool { return r.ID == tt.rule })]
		if len(row.Lead) > 0 != slices.Contains(rules(lead), tt.rule) || len(row.Avoid) > 0 != slices.Contains(rules(avoid), tt.rule) {
			t.Errorf("%s: lead %v avoid %v", tt.rule, lead, avoid)
		}
		named := slices.ContainsFunc(why, func(c content.Choice) bool { return c.Rule == tt.rule })
		if !named && len(row.Lead) == 0 && tt.rule != "base" {
			t.Errorf("%s: no choice names it: %v", tt.rule, why)
		}
	}
	for _, r := range content.DefaultTone().Rules {
		if !seen[r.ID] {
			t.Errorf("no case for %s", r.ID)
		}
		for _, text := range append(append([]map[string]string{r.Texts}, r.Lead...), r.Avoid...) {
			if text["en"] == "" || text["ja"] == "" {
				t.Errorf("%s lacks a language: %v", r.ID, text)
			}
		}
	}
}

func TestToneOfADirectorGeneralOnChat(t *testing.T) {
	f := who([]touchpoint.Touch{touch(t, "call", day, nil)}, texts(map[string]string{"person.seniority": "vp", "touch.channel": "Chat"}))
	g := content.DefaultTone().Resolve(f, at)
	if g.Formality != 5 || g.Why[0] != (content.Choice{Descriptor: "formality", Rule: "senior", How: "set", Value: "5"}) {
		t.Errorf("%d, %v", g.Formality, g.Why[0])
	}
	// Unhappy as well: priority beats what comes later; then the phrases come first.
	f = persona.Join(f, persona.Map{"journey.sentiment": persona.NumberValue(-1), "journey.stage": persona.TextValue("loyalty")})
	g = content.DefaultTone().Resolve(f, at)
	if g.Warmth != 5 || g.Lead[0].Rule != "negative" || g.Lead[0].In("ja") != "まず受け止め、次に対応を示す" || g.Lead[0].In("de") != "Acknowledge, then repair" {
		t.Errorf("%+v", g)
	}
}

func tone(t *testing.T, text string) *content.Tone {
	t.Helper()
	tone, err := content.ParseTone([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tone
}

func TestToneResolvesEachDescriptorByItself(t *testing.T) {
	const yes = `{"all":[]}`
	one, two := `{"field":"touch.channel","op":"exists"}`, `{"all":[{"field":"touch.channel","op":"exists"},{"field":"touch.channel","op":"exists"}]}`
	f := texts(map[string]string{"touch.channel": "Email"})
	for _, tt := range []struct {
		name, rules string
		want        int
	}{
		{"later row", `{"id":"a","when":` + one + `,"set":{"formality":1}},{"id":"b","when":` + one + `,"set":{"formality":2}}`, 2},
		{"more conditions", `{"id":"a","when":` + two + `,"set":{"formality":1}},{"id":"b","when":` + one + `,"set":{"formality":2}}`, 1},
		{"priority", `{"id":"a","when":` + yes + `,"priority":1,"set":{"formality":1}},{"id":"b","when":` + two + `,"set":{"formality":2}}`, 1},
		{"a rule that sets another descriptor does not shadow", `{"id":"a","when":` + yes + `,"set":{"formality":1}},{"id":"b","when":` + two + `,"priority":9,"set":{"warmth":2}}`, 1},
		{"sums after settings, whatever their place", `{"id":"a","when":` + yes + `,"add":{"formality":1}},{"id":"b","when":` + yes + `,"set":{"formality":2}}`, 3},
		{"clamped at the end only", `{"id":"a","when":` + yes + `,"set":{"formality":5},"add":{"formality":3}},{"id":"b","when":` + yes + `,"add":{"formality":-2}}`, 5},
		{"floors after sums", `{"id":"a","when":` + yes + `,"least":{"formality":3}},{"id":"b","when":` + yes + `,"add":{"formality":-5}}`, 3},
		{"unknown does not apply", `{"id":"a","when":{"field":"person.title","op":"ne","value":"x"},"set":{"formality":1}}`, 3},
	} {
		if g := tone(t, `{"rules":[`+tt.rules+`]}`).Resolve(f, at); g.Formality != tt.want {
			t.Errorf("%s: %d, want %d (%v)", tt.name, g.Formality, tt.want, g.Why)
		}
	}
	g := tone(t, `{"rules":[{"id":"a","when":{"all":[]},"set":{"formality":5,"keigo":"plain"},"add":{"formality":1}},{"id":"b","when":{"all":[]},"least":{"keigo":"teinei"}}]}`).Resolve(f, at)
	want := []content.Choice{{"formality", "a", "set", "5"}, {"formality", "a", "add", "6"}, {"formality", "", "clamp", "5"}}
	if !slices.Equal(g.Why[:3], want) || g.Keigo != "teinei" {
		t.Errorf("%v %s", g.Why, g.Keigo)
	}
}

// P21: whichever rules apply, descriptors stay in range. TABI_LONG=1 takes all subsets of
// the default table, else some thousands and all of at most two rules.
func TestDescriptorsStayInRangeForEverySubset(t *testing.T) {
	all := content.DefaultTone().Rules
	always := persona.Condition{}
	k := len(all)
	check := func(set uint64) {
		tone := content.Tone{}
		for i, r := range all {
			if set>>i&1 == 1 {
				r.When = always
				tone.Rules = append(tone.Rules, r)
			}
		}
		g := tone.Resolve(persona.Map{}, at)
		for _, v := range []int{g.Formality, g.Warmth, g.Directness} {
			if v < 1 || v > 5 {
				t.Fatalf("subset %b: %+v", set, g)
			}
		}
		if !slices.Contains([]string{"short", "medium", "long"}, g.Length) || !slices.Contains([]string{"plain", "teinei", "sonkei_kenjo"}, g.Keigo) {
			t.Fatalf("subset %b: %+v", set, g)
		}
	}
	if os.Getenv("TABI_LONG") != "" {
		for set := range uint64(1) << k {
			check(set)
		}
		return
	}
	r := source(21)
	for range rounds(5000) {
		check(r.Uint64() >> (64 - k))
	}
	for i := range k {
		for j := range k {
			check(uint64(1)<<i | uint64(1)<<j)
		}
	}
	if bits.Len(uint(k)) > 5 {
		t.Fatal("too many rules to take all subsets")
	}
}
