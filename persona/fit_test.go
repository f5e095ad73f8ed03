package persona_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// document is an ICP over the fields f0 … f5 in which every form of criterion stands.
func document(mode string, scale float64) string {
	w := func(x float64) string { return fmt.Sprint(x * scale) }
	return `{"id":"icp","version":"2","names":{"ja":"中堅"},"subject":"account","unknown":"` + mode + `","min_completeness":0.4,"tiers":{"A":70,"B":30},"required_roles":["champion"],
 "criteria":[{"id":"a","weight":` + w(40) + `,"when":{"field":"f0","op":"between","value":[20,60]},"prior":0.3},
 {"id":"b","weight":` + w(30) + `,"bands":[{"when":{"field":"f1","op":"ge","value":80},"degree":1},{"when":{"field":"f2","op":"ge","value":50},"degree":0.5}],"prior":0.1},
 {"id":"c","weight":` + w(10) + `,"ramp":{"field":"f3","zero":80,"one":20},"prior":1},
 {"id":"d","weight":` + w(7) + `,"required":true,"when":{"field":"f4","op":"ge","value":5}}],
 "disqualify":[{"id":"x","when":{"field":"f5","op":"ge","value":90}}]}`
}

func icp(t testing.TB, text string) *persona.ICP {
	t.Helper()
	list, err := persona.ParseICPs([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &list[0]
}

func random(r *rand.Rand) persona.Map {
	m := persona.Map{}
	for i := range 6 {
		if r.IntN(2) == 0 {
			lo := float64(r.IntN(100))
			m[fmt.Sprint("f", i)] = persona.RangeValue(lo, lo+float64(r.IntN(2)*r.IntN(40)))
		}
	}
	return m
}

// P3, P4 and P5.
func TestFitProperties(t *testing.T) {
	r := source(3)
	for _, mode := range []string{"exclude", "zero", "prior"} {
		p, scaled := icp(t, document(mode, 1)), icp(t, document(mode, 2.7))
		for range rounds(5000) {
			f := random(r)
			fit := p.Fit(f, at)
			if fit.Known && !(fit.Low <= fit.Score) || !(0 <= fit.Low && fit.Score <= fit.High && fit.High <= 100+1e-9) {
				t.Fatalf("%s: %v not in [%v, %v]", mode, fit.Score, fit.Low, fit.High)
			}
			sum := 0.0
			for _, reason := range fit.Reasons {
				sum += reason.Points
			}
			if len(fit.Out) == 0 && !(math.Abs(sum-fit.Score) <= 1e-9) {
				t.Fatalf("%s: points add up to %v, score %v", mode, sum, fit.Score)
			}
			if s := scaled.Fit(f, at); !(math.Abs(s.Score-fit.Score) <= 1e-9) || s.Tier != fit.Tier && !(math.Abs(fit.Score-70) <= 1e-9) && !(math.Abs(fit.Score-30) <= 1e-9) {
				t.Fatalf("%s: scaling the weights gave %v, not %v", mode, s.Score, fit.Score)
			}
			missing := fmt.Sprint("f", r.IntN(6))
			if _, known := f[missing]; known {
				continue
			}
			f[missing] = persona.NumberValue(float64(r.IntN(100)))
			learnt := p.Fit(f, at)
			const eps = 1e-9
			if learnt.Known && !(fit.Low-eps <= learnt.Score && learnt.Score <= fit.High+eps) ||
				len(learnt.Out) == 0 && !(learnt.Low >= fit.Low-eps && learnt.High <= fit.High+eps) {
				t.Fatalf("%s: learning %s moved [%v, %v] to %v in [%v, %v]", mode, missing, fit.Low, fit.High, learnt.Score, learnt.Low, learnt.High)
			}
		}
	}
}

func TestFitWords(t *testing.T) {
	p := icp(t, document("exclude", 1))
	full := func() persona.Map {
		return persona.Map{"f0": number("50"), "f1": number("10"), "f2": number("60"), "f3": number("50"), "f4": number("9"), "f5": number("1")}
	}
	fit := p.Fit(full(), at)
	if want := 100 * (40 + 15 + 5 + 7) / 87.0; !(math.Abs(fit.Score-want) <= 1e-9) || fit.Tier != "A" || !fit.Enough || fit.Completeness != 1 || fit.Version != "2" {
		t.Errorf("%+v", fit)
	}
	f := full()
	f["f5"] = number("95")
	if fit := p.Fit(f, at); fit.Tier != "X" || fit.Score != 0 || !slices.Equal(fit.Out, []string{"x"}) {
		t.Errorf("disqualified: %+v", fit)
	}
	f = full()
	f["f4"] = number("1")
	if fit := p.Fit(f, at); fit.Tier != "X" || !slices.Equal(fit.Out, []string{"d"}) {
		t.Errorf("required: %+v", fit)
	}
	delete(f, "f4")
	delete(f, "f5")
	if fit := p.Fit(f, at); fit.Tier != "A" || fit.Low != 0 || !slices.Equal(fit.Possible, []string{"d", "x"}) {
		t.Errorf("unknown disqualifier: %+v", fit)
	}
	if fit := p.Fit(persona.Map{"f3": number("30")}, at); fit.Tier != "?" || fit.Enough || !fit.Known {
		t.Errorf("little is known: %+v", fit)
	}
	// Unknown criteria take their own degree: (40·1 + 30·0.1 + 10·1 + 7·0)/87.
	if fit := icp(t, document("prior", 1)).Fit(persona.Map{"f0": number("50")}, at); !(math.Abs(fit.Score-100*53/87.0) <= 1e-9) {
		t.Errorf("priors: %+v", fit)
	}
	if fit := p.Fit(persona.Map{}, at); fit.Known || fit.Tier != "?" {
		t.Errorf("nothing is known: %+v", fit)
	}
	if fit := p.Fit(persona.Map{"f3": number("20-80")}, at); fit.Reasons[2].Degree != 0.5 {
		t.Errorf("ramp on a range: %+v", fit.Reasons[2])
	}
}

const personas = `[{"id":"b","min_score":60,"min_completeness":0.5,"criteria":[{"id":"x","weight":1,"when":{"field":"x","op":"eq","value":true}},{"id":"y","weight":1,"when":{"field":"y","op":"eq","value":true}}],
 "role":"buyer","goals":[{"text":"save","theme":"price"}],"questions":{"awareness":["why?"]},"evidence":[{"kind":"survey","n":12,"at":"2026-01-02T00:00:00Z"}]},
 {"id":"a","criteria":[{"id":"x","weight":1,"when":{"field":"x","op":"eq","value":true}},{"id":"z","weight":1,"when":{"field":"z","op":"eq","value":true}}]}]`

func TestAssign(t *testing.T) {
	ps, err := persona.ParsePersonas([]byte(personas))
	if err != nil {
		t.Fatal(err)
	}
	yes, no := persona.BoolValue(true), persona.BoolValue(false)
	for _, tt := range []struct {
		f               persona.Map
		persona, missed string
		ambiguous       bool
	}{
		{persona.Map{"x": yes, "y": yes}, "b", "", true}, // completeness decides
		{persona.Map{"x": yes}, "a", "", true},           // then the id
		{persona.Map{"x": yes, "y": yes, "z": no}, "b", "", false},
		{persona.Map{"x": no}, "", "score", false},
		{persona.Map{}, "", "unknown", false},
	} {
		for range 2 { // P1
			a := persona.Assign(ps, tt.f, at)
			if a.Persona != tt.persona || a.Missed != tt.missed || a.Ambiguous != tt.ambiguous {
				t.Errorf("%v: %+v", tt.f, a)
			}
			slices.Reverse(ps)
		}
	}
}

// P1: the order of a document's keys does not show.
func TestOrderOfKeys(t *testing.T) {
	var doc any
	if err := json.Unmarshal([]byte(document("prior", 1)), &doc); err != nil {
		t.Fatal(err)
	}
	if sorted := icp(t, encode(t, doc)); encode(t, sorted) != encode(t, icp(t, document("prior", 1))) {
		t.Error(encode(t, sorted))
	}
}

// P22
func TestDocumentsRoundTrip(t *testing.T) {
	p := icp(t, document("prior", 1))
	if again := icp(t, encode(t, p)); encode(t, again) != encode(t, p) {
		t.Error("ICP")
	}
	ps, _ := persona.ParsePersonas([]byte(personas))
	again, err := persona.ParsePersonas([]byte(encode(t, ps)))
	if err != nil || encode(t, again) != encode(t, ps) || again[0].Goals[0].Theme != "price" || !again[0].Evidence[0].At.Equal(ps[0].Evidence[0].At) {
		t.Error("personas", err)
	}
	var builtin *persona.TraitMap
	m, err := persona.ParseTraitMap([]byte(`{"person.title":["rank"],".country":["land"]}`))
	if err != nil || m.Name("RANK", "account") != "person.title" || m.Name("land", "account") != "account.country" || encode(t, m) != `{".country":["land"],"person.title":["rank"]}` {
		t.Error("trait map", err)
	}
	if b, err := builtin.MarshalJSON(); err != nil || len(b) < 100 {
		t.Error("built-in trait map", err)
	}
}

func TestFaultsOfDocuments(t *testing.T) {
	crit := `"criteria":[{"id":"a","weight":1,"ramp":{"field":"x","zero":0,"one":1}}]`
	for text, path := range map[string]string{
		`{"id":"a"}`: "/criteria", `{` + crit + `}`: "/id", `{"ID":"a"}`: "/ID", `{"id":null}`: "/id", `{"id":"a","unknown":"maybe",` + crit + `}`: "/unknown", `{"id":"a","subject":"deal",` + crit + `}`: "/subject",
		`[{"id":"a",` + crit + `},{"id":"a",` + crit + `}]`:                                   "/1/id",
		`{"id":"a","criteria":[{"id":"a","weight":0,"ramp":{"field":"x","zero":0,"one":1}}]}`: "/criteria/0/weight", `{"id":"a","criteria":[{"id":"a","weight":1}]}`: "/criteria/0",
		`{"id":"a","criteria":[{"id":"a","weight":1,"bands":[{"when":{"all":[]},"degree":2}]}]}`: "/criteria/0/bands/0/degree", `{"id":"a","tiers":{"X":1},` + crit + `}`: "/tiers",
		`{"id":"a",` + crit + `,"disqualify":[{"id":"a","when":{"all":[]}}]}`:                           "/disqualify/0/id",
		`{"id":"a",` + strings.Replace(crit, "]", `,{"id":"a","weight":2,"when":{"all":[]}}]`, 1) + `}`: "/criteria/1/id",
	} {
		_, err := persona.ParseICPs([]byte(text))
		var e *persona.DefinitionError
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func observe(name, text, source string, days int) persona.Observation {
	v, unknown := persona.Normalize(name, text)
	return persona.Observation{Name: name, Value: v, Unknown: unknown, Source: source, At: at.AddDate(0, 0, -days), ReceivedAt: at.AddDate(0, 0, -days+3)}
}

func fold(obs []persona.Observation, o *persona.FoldOptions) persona.Profile {
	return persona.Fold(slices.Values(obs), at, o)
}

func TestPolicies(t *testing.T) {
	obs := []persona.Observation{
		observe("person.title", "CTO", "enrichment", 1), observe("person.title", "部長", "form", 40), observe("person.title", "n/a", "form", 0),
		observe("person.first_source", "ads", "crm", 90), observe("person.first_source", "web", "crm", 9),
		observe("person.goals", "save", "crm", 90), observe("person.goals", "grow", "crm", 9),
		observe("person.language", "ja", "crm", 30), observe("person.language", "ja", "crm", 20), observe("person.language", "en", "crm", 1),
		observe("account.plan_seats", "20", "crm", 9), observe("account.plan_seats", "5", "crm", 1), observe("account.city", "Oslo", "crm", 9), observe("account.city", "Rome", "crm", 1),
		observe("account.budget", "5m", "crm", 400), observe("account.employees", "60", "crm", 1), observe("person.email", "ann@gmail.com", "form", 1), observe("person.religion", "x", "form", 1), observe("person.religion", "y", "crm", 2), observe("account.city", "Bonn", "crm", -1),
	}
	p := fold(obs, nil)
	for name, want := range map[string]string{"person.title": "部長", "person.seniority": "director", "person.first_source": "ads", "person.goals": "grow|save", "person.language": "ja",
		"account.plan_seats": "20", "account.city": "Rome", "account.employee_band": "51-200", "person.email_kind": "free", "account.budget": "5000000", "person.religion": ""} {
		if v, _ := p.Field(name); v.String() != want {
			t.Errorf("%s: %s, want %s", name, v, want)
		}
	}
	for tr := range p.Traits() {
		if tr.Conflict != (tr.Name == "person.title") || tr.Stale != (tr.Name == "account.budget") {
			t.Errorf("%s: conflict %v, stale %v", tr.Name, tr.Conflict, tr.Stale)
		}
	}
	if !slices.Equal(p.Refused(), []string{"person.religion"}) {
		t.Error(p.Refused())
	}
	if _, why := fold(obs, &persona.FoldOptions{NoConsent: true}).Field("person.title"); why.Unknown != persona.NoConsent {
		t.Error(why)
	}
	if _, why := fold(obs, &persona.FoldOptions{StaleIsUnknown: true}).Field("account.budget"); why.Unknown != persona.Stale {
		t.Error(why)
	}
	if v, _ := fold(obs, &persona.FoldOptions{KnownAt: at.AddDate(0, 0, -5)}).Field("account.city"); v.String() != "Oslo" {
		t.Error("known too early:", v)
	}
	if share, unknown := p.Completeness([]string{"person.title", "person.age"}); share != 0.5 || unknown["person.age"] != persona.NeverObserved {
		t.Error(share, unknown)
	}
}

func TestConflictEndsAfter90Days(t *testing.T) {
	for days, want := range map[int]bool{0: true, 90: true, 91: false} {
		p := fold([]persona.Observation{observe("person.city", "Oslo", "form", 0), observe("person.city", "Rome", "crm", days)}, &persona.FoldOptions{Policies: map[string]persona.Policy{"person.city": persona.Rank}})
		if got := slices.Collect(p.Traits()); len(got) != 1 || got[0].Conflict != want || got[0].Value.String() != "Oslo" {
			t.Errorf("%d days: %+v", days, got)
		}
	}
}

// P1 and P2.
func TestFoldProperties(t *testing.T) {
	r := source(1)
	names := []string{"person.title", "person.goals", "person.language", "account.employees", "account.plan_seats", "person.first_source", "person.x"}
	show := func(p persona.Profile) string { return fmt.Sprint(slices.Collect(p.Traits())) }
	for range rounds(1000) {
		var obs []persona.Observation
		for i := range 1 + r.IntN(12) {
			o := observe(names[r.IntN(len(names))], []string{"5", "60", "ja", "en", "CTO", ""}[r.IntN(6)], []string{"form", "crm", "inferred", ""}[r.IntN(4)], r.IntN(5)-1)
			o.Ref = touchpoint.Key{Source: o.Source, ID: fmt.Sprint(i)}
			obs = append(obs, o)
		}
		o := &persona.FoldOptions{KnownAt: at.AddDate(0, 0, r.IntN(6)-2)}
		want := show(fold(obs, o))
		var known []persona.Observation
		for _, ob := range obs {
			if !ob.At.After(at) && !ob.ReceivedAt.After(o.KnownAt) {
				known = append(known, ob)
			}
		}
		known = append(known, known...)
		r.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
		if got := show(fold(known, nil)); got != want {
			t.Fatalf("got %s\nwant %s", got, want)
		}
	}
}

func TestObservationsOfATouch(t *testing.T) {
	props, err := touchpoint.ParseProps([]byte(`{"person":{"jobtitle":"CTO","religion":"x","tags":["b","a"]},"account":{"従業員数":60,"vip":true},"person.部署":"R&D","other":1}`))
	if err != nil {
		t.Fatal(err)
	}
	touch := touchpoint.Touch{Source: "crm", ID: "1", At: at.Add(-time.Hour), Props: props}
	obs, sensitive := (*persona.TraitMap)(nil).Observations(&touch)
	p := fold(obs, nil)
	for name, want := range map[string]string{"person.title": "CTO", "person.tags": "a|b", "account.employees": "60", "account.vip": "true", "person.department": "R&D"} {
		if v, why := p.Field(name); v.String() != want || why.Source != "crm" || !why.At.Equal(touch.At) {
			t.Errorf("%s: %s %v", name, v, why)
		}
	}
	if sensitive != 1 || len(obs) != 5 {
		t.Error(sensitive, len(obs))
	}
}

func FuzzParseDocuments(f *testing.F) {
	f.Add([]byte(document("zero", 1)))
	f.Add([]byte(personas))
	f.Fuzz(func(t *testing.T, text []byte) {
		if list, err := persona.ParseICPs(text); err == nil {
			for i := range list {
				list[i].Fit(persona.Map{}, at)
			}
			if again, err := persona.ParseICPs([]byte(encode(t, list))); len(list) > 0 && (err != nil || encode(t, again) != encode(t, list)) {
				t.Fatal("ICPs: round trip", err)
			}
		}
		if list, err := persona.ParsePersonas(text); err == nil {
			persona.Assign(list, persona.Map{}, at)
			if again, err := persona.ParsePersonas([]byte(encode(t, list))); len(list) > 0 && (err != nil || encode(t, again) != encode(t, list)) {
				t.Fatal("personas: round trip", err)
			}
		}
	})
}
