package content_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

// step is a trail in a stage: a contact, the next one a day later, and perhaps a move.
func step(t testing.TB, stage, who string, last, next touchpoint.Kind, moved bool) content.Trail {
	t.Helper()
	trail := content.Trail{Persona: who, Stays: []content.Stay{{Stage: stage, Rank: 10, Enter: at.Add(-60 * day)}},
		Touches: []touchpoint.Touch{touch(t, last, 31*day, nil), touch(t, next, 30*day, nil)}}
	if moved {
		trail.Stays = append(trail.Stays, content.Stay{Stage: "next", Rank: 20, Enter: at.Add(-25 * day)})
	}
	return trail
}

// world is the example of the specification: of 214 journeys whose last contact was a price
// page 31 had a webinar next, 14 of which moved on, against 51 of 183 with another.
func world(t testing.TB) *content.NextTouch {
	t.Helper()
	n := &content.NextTouch{At: at}
	for i := range 31 {
		n.Add(step(t, "consideration", "it", "price_page", "webinar_attended", i < 14))
	}
	for i := range 183 {
		n.Add(step(t, "consideration", "it", "price_page", "pageview", i < 51))
	}
	return n
}

func asking(t testing.TB, touches ...touchpoint.Touch) content.Ask {
	t.Helper()
	return content.Ask{Stage: "consideration", Name: "Consideration", Persona: "it", Fields: who(touches, persona.Map{"consent.activate": consent})}
}

func TestNextTouchOfTheSpecification(t *testing.T) {
	s := world(t).Suggest(asking(t, touch(t, "price_page", day, nil)), nil)
	if len(s.List) != 1 || s.N != 214 || s.Insufficient {
		t.Fatalf("%+v", s)
	}
	got := s.List[0]
	if got.Kind != "webinar_attended" || got.Level != 3 || got.N != 214 || got.Rate.X != 14 || got.Rate.N != 31 || got.Other.X != 51 || got.Other.N != 183 || !got.NewChannel {
		t.Errorf("%+v", got)
	}
	// p_all = 15/33; each level below: (14 + 20p)/51, and (51 + 20q)/203.
	p, q := 15.0/33, 52.0/185
	for range 3 {
		p, q = (14+20*p)/51, (51+20*q)/203
	}
	if !(math.Abs(got.Rate.P-p) <= 1e-12 && math.Abs(got.Other.P-q) <= 1e-12 && math.Abs(got.Gain.D-(p-q)) <= 1e-12) {
		t.Errorf("rates %v %v, want %v %v", got.Rate.P, got.Other.P, p, q)
	}
	low := p - q - math.Sqrt((p-got.Rate.Low)*(p-got.Rate.Low)+(got.Other.High-q)*(got.Other.High-q))
	if !(math.Abs(got.Gain.Low-low) <= 1e-12) {
		t.Errorf("lower bound %v, want %v", got.Gain.Low, low)
	}
	en := "Of 214 journeys of this persona in Consideration whose last contact was a price page, up to 2026-11-01, 31 had a webinar next; 14 of them moved on within 14 days " +
		"(smoothed 45 %, 90 % interval 34–57 %), against 51 of 183 with another contact (28 %, 23–33 %). Observed together; not shown to be the cause."
	if got.Text("en") != en {
		t.Errorf("got  %s\nwant %s", got.Text("en"), en)
	}
	ja := "2026-11-01までに「Consideration」にあり、直前の接点が「価格ページの閲覧」だった同じペルソナの214件のジャーニーのうち、次の接点が「ウェビナー参加」だったものは31件で、そのうち14件が14日以内に次の段階へ進んだ" +
		"（平滑化45％、90％区間34〜57％）。他の接点では183件中51件（28％、23〜33％）。同時に観察された関係であり、因果を示すものではない。"
	if got.Text("ja-JP") != ja {
		t.Errorf("got  %s\nwant %s", got.Text("ja-JP"), ja)
	}
}

func TestBackOffTakesTheDeepestLevelWithEnough(t *testing.T) {
	n := world(t)
	for _, tt := range []struct {
		name  string
		ask   func(*content.Ask)
		last  touchpoint.Kind
		level int
	}{
		{"all known", func(*content.Ask) {}, "price_page", 3},
		{"another last contact", func(*content.Ask) {}, "download", 2},
		{"another persona", func(a *content.Ask) { a.Persona = "ceo" }, "price_page", 1},
		{"another stage", func(a *content.Ask) { a.Stage = "awareness" }, "price_page", 0},
	} {
		a := asking(t, touch(t, tt.last, day, nil))
		tt.ask(&a)
		s := n.Suggest(a, nil)
		if len(s.List) != 1 || s.List[0].Level != tt.level {
			t.Errorf("%s: %+v", tt.name, s)
			continue
		}
		for _, lang := range []string{"en", "ja"} {
			if text := s.List[0].Text(lang); strings.Contains(text, "{") {
				t.Errorf("%s: %s", tt.name, text)
			}
		}
	}
}

func TestTooFewJourneysSayInsufficient(t *testing.T) {
	n := &content.NextTouch{At: at}
	for range 29 {
		n.Add(step(t, "consideration", "it", "price_page", "webinar_attended", true))
	}
	for range 40 {
		n.Add(step(t, "consideration", "it", "price_page", "pageview", false))
	}
	if s := n.Suggest(asking(t), nil); !s.Insufficient || s.N != 69 || len(s.List) != 0 {
		t.Errorf("%+v", s)
	}
	n.Add(step(t, "consideration", "it", "price_page", "webinar_attended", true))
	if s := n.Suggest(asking(t), nil); s.Insufficient || len(s.List) != 1 {
		t.Errorf("with 30 on both sides: %+v", s)
	}
}

func TestOnlyWholeWindowsAndRealContactsCount(t *testing.T) {
	n := &content.NextTouch{At: at}
	young := step(t, "s", "", "pageview", "form", true)
	for i := range young.Touches {
		young.Touches[i].At = young.Touches[i].At.Add(20 * day)
	}
	n.Add(young)                                       // the window is not over
	n.Add(step(t, "s", "", "pageview", "order", true)) // an order is the aim, no contact
	n.Add(step(t, "s", "", "note", "form", true))      // a record is none either
	n.Add(step(t, "s", "", "pageview", "webinar_attended", false))
	if s := n.Suggest(asking(t), nil); s.N != 1 {
		t.Errorf("%d journeys, want 1", s.N)
	}
}

func TestSuggestionsAreRankedByTheirLowerBound(t *testing.T) {
	n := &content.NextTouch{At: at}
	for kind, moved := range map[touchpoint.Kind]int{"webinar_attended": 38, "demo": 36, "call": 34, "chat": 32, "pageview": 3, "email_sent": 1} {
		for i := range 40 {
			n.Add(step(t, "consideration", "it", "price_page", kind, i < moved))
		}
	}
	var kinds []string
	s := n.Suggest(asking(t), nil)
	for i, got := range s.List {
		kinds = append(kinds, string(got.Kind))
		if i > 0 && !(got.Gain.Low <= s.List[i-1].Gain.Low) {
			t.Error("not by the lower bound")
		}
	}
	if strings.Join(kinds, " ") != "webinar_attended demo call" {
		t.Error(kinds)
	}
	if s := n.Suggest(asking(t), &content.SuggestOptions{Limit: 1, Kinds: []touchpoint.Kind{"chat", "pageview"}}); len(s.List) != 1 || s.List[0].Kind != "chat" {
		t.Errorf("%+v", s.List)
	}
	if s := n.Suggest(asking(t), &content.SuggestOptions{Kinds: []touchpoint.Kind{"pageview"}}); len(s.List) != 0 || s.Insufficient {
		t.Errorf("a kind that does worse is suggested: %+v", s)
	}
	used := n.Suggest(asking(t, touch(t, "webinar_registered", day, nil)), nil)
	if used.List[0].NewChannel || !used.List[1].NewChannel {
		t.Error("channels that were never used are marked, others not")
	}
}

// P20: whoever is not known to consent, or opted out, gets neither suggestion nor advice.
func TestNobodyIsSuggestedWithoutConsent(t *testing.T) {
	n := world(t)
	yes, no := persona.BoolValue(true), persona.BoolValue(false)
	unsubscribed := touch(t, "unsubscribe", 2*day, nil)
	for _, tt := range []struct {
		name    string
		values  persona.Map
		touches []touchpoint.Touch
		want    []content.Refusal
	}{
		{"unknown", persona.Map{}, nil, []content.Refusal{content.NoConsent}},
		{"refused", persona.Map{"consent.activate": no}, nil, []content.Refusal{content.NoConsent}},
		{"another purpose", persona.Map{"consent.profile": yes}, nil, []content.Refusal{content.NoConsent}},
		{"a text", persona.Map{"consent.activate": persona.TextValue("true")}, nil, []content.Refusal{content.NoConsent}},
		{"opted out", persona.Map{"consent.activate": yes, "person.opted_out": yes}, nil, []content.Refusal{content.OptedOut}},
		{"opted out in words that nobody reads", persona.Map{"consent.activate": yes, "person.opted_out": persona.TextValue("ja, bitte")}, nil, []content.Refusal{content.OptedOut}},
		{"unsubscribed", persona.Map{"consent.activate": yes}, []touchpoint.Touch{unsubscribed}, []content.Refusal{content.OptedOut}},
		{"both", persona.Map{}, []touchpoint.Touch{touch(t, "email_spam", day, nil)}, []content.Refusal{content.OptedOut, content.NoConsent}},
		{"came back", persona.Map{"consent.activate": yes}, []touchpoint.Touch{unsubscribed, touch(t, "subscribe", day, nil)}, nil},
		{"unsubscribes later", persona.Map{"consent.activate": yes}, []touchpoint.Touch{touch(t, "unsubscribe", -day, nil)}, nil},
	} {
		f := who(tt.touches, tt.values)
		s := n.Suggest(content.Ask{Stage: "consideration", Persona: "it", Fields: f}, nil)
		a := content.Outreach(content.Case{Stall: content.Stall{Stage: "consideration"}, Fields: f}, at, nil)
		if !slices.Equal(s.Refused, tt.want) || !slices.Equal(a.Refused, tt.want) {
			t.Errorf("%s: %v and %v, want %v", tt.name, s.Refused, a.Refused, tt.want)
		}
		if refused := tt.want != nil; refused != (len(s.List) == 0) || refused != (a.Window == nil) {
			t.Errorf("%s: %+v %+v", tt.name, s, a)
		}
	}
}

func TestFrequencyCap(t *testing.T) {
	n := world(t)
	var sent []touchpoint.Touch
	for i := range 3 {
		sent = append(sent, touch(t, "email_sent", time.Duration(i+1)*day, nil), touch(t, "email_delivered", time.Duration(i+1)*day, nil))
		if s := n.Suggest(asking(t, sent...), nil); (len(s.Refused) > 0) != (i == 2) {
			t.Errorf("%d messages: %v", i+1, s.Refused)
		}
	}
	if s := n.Suggest(asking(t, sent...), &content.SuggestOptions{CapWithin: 2 * day}); len(s.Refused) > 0 {
		t.Error("two days hold one message")
	}
	if s := n.Suggest(asking(t, sent[0]), &content.SuggestOptions{Cap: 1}); !slices.Equal(s.Refused, []content.Refusal{content.TooOften}) {
		t.Error(s.Refused)
	}
}

// A kind that is nobody's first next contact is still one behind the contact before.
func TestKindsThatComeLaterAreSuggested(t *testing.T) {
	n := &content.NextTouch{At: at}
	for i := range 80 {
		third, moved := touchpoint.Kind("webinar_attended"), i%4 > 0
		if i%2 == 0 {
			third, moved = "pageview", i%8 == 0
		}
		trail := step(t, "consideration", "it", "price_page", "download", moved)
		trail.Touches = append(trail.Touches, touch(t, third, 29*day, nil))
		n.Add(trail)
	}
	s := n.Suggest(asking(t, touch(t, "download", day, nil)), nil)
	if len(s.List) != 1 || s.List[0].Kind != "webinar_attended" || s.List[0].Level != 3 || s.List[0].N != 80 {
		t.Errorf("%+v", s)
	}
}

// A question is answered from the rows it is about, by whichever way they came in.
func TestSuggestAnswersAlikeHoweverTheRowsCame(t *testing.T) {
	stages, people := []string{"awareness", "consideration", "use"}, []string{"", "it", "ceo"}
	kinds := []touchpoint.Kind{"price_page", "webinar_attended", "pageview", "download", "call", "demo", "own_kind"}
	data := func(n *content.NextTouch) []byte {
		b, err := n.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for seed := range uint64(rounds(3)) {
		r := rand.New(rand.NewPCG(seed, 5))
		pick := func() content.Trail {
			next := kinds[r.IntN(len(kinds))]
			return step(t, stages[r.IntN(3)], people[r.IntN(3)], kinds[r.IntN(len(kinds))], next, r.Float64() < .2+.1*float64(len(next)%4))
		}
		added, half, more := &content.NextTouch{At: at}, &content.NextTouch{At: at}, &content.NextTouch{At: at}
		for i := range 1500 {
			trail := pick()
			added.Add(trail)
			if i%2 == 0 {
				half.Add(trail)
			} else {
				more.Add(trail)
			}
		}
		merged, decoded, extra := &content.NextTouch{At: at}, &content.NextTouch{At: at}, &content.NextTouch{At: at}
		extra.Add(step(t, "gone", "it", "price_page", "letter", true))
		for _, err := range []error{merged.Merge(half), merged.Merge(extra), merged.Merge(more), merged.Subtract(extra), decoded.UnmarshalBinary(data(added))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		suggested := 0
		for _, stage := range append(stages, "elsewhere") {
			for _, who := range people {
				for _, last := range kinds {
					a := asking(t, touch(t, last, day, nil))
					a.Stage, a.Persona = stage, who
					want := added.Suggest(a, nil)
					suggested += len(want.List)
					if want.N != 1500 {
						t.Fatalf("%d journeys", want.N)
					}
					for name, n := range map[string]*content.NextTouch{"merged": merged, "decoded": decoded} {
						if got := n.Suggest(a, nil); !reflect.DeepEqual(got, want) {
							t.Fatalf("%s: %+v, want %+v", name, got, want)
						}
					}
				}
			}
		}
		if suggested == 0 {
			t.Error("nothing was suggested")
		}
	}
}
