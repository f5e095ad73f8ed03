package persona_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// one is a criterion of an ICP, by its id.
func one(id, rest string) string {
	return `{"id":"` + id + `","weight":1,"when":{"field":"f","op":"exists"}` + rest + `}`
}

func TestDefinitionsKeepTheirBounds(t *testing.T) {
	criteria := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = one(fmt.Sprint("c", i), "")
		}
		return `{"id":"i","criteria":[` + strings.Join(list, ",") + `]}`
	}
	icps := func(text string) error { _, err := persona.ParseICPs([]byte(text)); return err }
	personas := func(text string) error { _, err := persona.ParsePersonas([]byte(text)); return err }
	cond := func(text string) error { _, err := persona.ParseCondition([]byte(text)); return err }
	many := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"id":"i","criteria":[`+one("c", "")+`]},`, n), ",") + "]"
	}
	with := func(key string) string { return `{"id":"i",` + key + `,"criteria":[` + one("c", "") + `]}` }
	for what, c := range map[string]struct {
		err  error
		path string
	}{
		"an ICP with all its criteria":      {icps(criteria(persona.MaxCriteria)), "-"},
		"one criterion more":                {icps(criteria(persona.MaxCriteria + 1)), ""},
		"one profile more":                  {icps(many(persona.MaxICPs + 1)), ""},
		"one persona more":                  {personas(many(persona.MaxPersonas + 1)), ""},
		"two profiles of one id":            {icps(many(2)), "/1/id"},
		"completeness of more than all":     {icps(with(`"min_completeness":1.01`)), "/min_completeness"},
		"completeness of less than nothing": {icps(with(`"min_completeness":-0.01`)), "/min_completeness"},
		"completeness of all":               {icps(with(`"min_completeness":1`)), "-"},
		"a prior above 1":                   {icps(`{"id":"i","criteria":[` + one("c", `,"prior":1.5`) + `]}`), "/criteria/0/prior"},
		"a ramp that does not rise":         {icps(`{"id":"i","criteria":[{"id":"c","weight":1,"ramp":{"field":"f","zero":3,"one":3}}]}`), "/criteria/0/ramp"},
		"a ramp of nothing":                 {icps(`{"id":"i","criteria":[{"id":"c","weight":1,"ramp":{"field":"","zero":3,"one":4}}]}`), "/criteria/0/ramp"},
		"a band above 1":                    {icps(`{"id":"i","criteria":[{"id":"c","weight":1,"bands":[{"when":{"field":"f","op":"exists"},"degree":1.1}]}]}`), "/criteria/0/bands/0/degree"},
		"a weight of nothing":               {icps(`{"id":"i","criteria":[{"id":"c","weight":0,"when":{"field":"f","op":"exists"}}]}`), "/criteria/0/weight"},
		"a disqualifier named twice":        {icps(with(`"disqualify":[{"id":"c","when":{"field":"f","op":"exists"}}]`)), "/disqualify/0/id"},
		"a least score above 100":           {personas(with(`"min_score":100.5`)), "/min_score"},
		"a least score of 100":              {personas(with(`"min_score":100`)), "-"},
		"evidence of hearsay":               {personas(with(`"evidence":[{"kind":"hearsay","n":1,"at":"2026-01-01T00:00:00Z"}]`)), "/evidence/0/kind"},
		"evidence of less than nobody":      {personas(with(`"evidence":[{"kind":"crm","n":-1,"at":"2026-01-01T00:00:00Z"}]`)), "/evidence/0/n"},
		"more than a document":              {cond(`{"field":"` + strings.Repeat("x", persona.MaxDocument) + `","op":"exists"}`), ""},
		"two kinds of node":                 {cond(`{"all":[],"any":[]}`), "/any"},
		"a field that is a number":          {cond(`{"field":7,"op":"exists"}`), "/field"},
		"touches inside touches":            {cond(`{"touches":{"agg":"count","where":{"touches":{"agg":"count"},"op":"ge","value":1}},"op":"ge","value":1}`), "/touches/where/touches"},
		"a span that is a number":           {cond(`{"touches":{"agg":"count","within":7},"op":"ge","value":1}`), "/touches/within"},
		"a span of nothing":                 {cond(`{"touches":{"agg":"count","within":"P0D"},"op":"ge","value":1}`), "/touches/within"},
		"agg that is a number":              {cond(`{"touches":{"agg":7},"op":"ge","value":1}`), "/touches/agg"},
		"agg of no such word":               {cond(`{"touches":{"agg":"median","of":"touch.at"},"op":"ge","value":1}`), "/touches/agg"},
		"no agg":                            {cond(`{"touches":{"within":"P7D"},"op":"ge","value":1}`), "/touches"},
		"of that is a number":               {cond(`{"touches":{"agg":"sum","of":7},"op":"ge","value":1}`), "/touches/of"},
		"of that is no field of a touch":    {cond(`{"touches":{"agg":"sum","of":"person.age"},"op":"ge","value":1}`), "/touches/of"},
		"a sum of nothing":                  {cond(`{"touches":{"agg":"sum"},"op":"ge","value":1}`), "/touches"},
		"an unknown key of touches":         {cond(`{"touches":{"agg":"count","by":"x"},"op":"ge","value":1}`), "/touches/by"},
		"a value that is an object":         {cond(`{"field":"f","op":"eq","value":{}}`), "/value"},
		"a thousand values":                 {cond(`{"field":"f","op":"in","value":[` + strings.Repeat("1,", 999) + `1]}`), "-"},
		"one value more":                    {cond(`{"field":"f","op":"in","value":[` + strings.Repeat("1,", 1000) + `1]}`), "/value"},
		"a pattern at its bound":            {cond(`{"field":"f","op":"matches","value":"` + strings.Repeat("x", 1<<10) + `"}`), "-"},
		"a pattern of one byte more":        {cond(`{"field":"f","op":"matches","value":"` + strings.Repeat("x", 1<<10+1) + `"}`), "/value"},
	} {
		var e *persona.DefinitionError
		switch {
		case c.path == "-":
			if c.err != nil {
				t.Errorf("%s: %v", what, c.err)
			}
		case !errors.As(c.err, &e) || e.Path != c.path:
			t.Errorf("%s: %v, want a fault at %q", what, c.err, c.path)
		}
	}
	if _, err := persona.ParseTraitMap([]byte(`{"person.":["x"]}`)); err == nil {
		t.Error("a trait without a name")
	}
	if _, err := persona.ParseTraitMap([]byte(`{"person.title":["rank"],"account.size":"seats"}`)); err == nil {
		t.Error("spellings are a list")
	}
	if _, err := persona.ParseTraitMap([]byte(`{"firm.size":["x"]}`)); err == nil {
		t.Error("a trait of no side")
	}
}

func TestConditionsThroughEncodingJSON(t *testing.T) {
	var c persona.Condition
	if b, err := json.Marshal(c); err != nil || string(b) != `{"all":[]}` {
		t.Errorf("the zero condition is %s, %v", b, err)
	}
	text := `{"field":"f","op":"any_of","value":["A","b"],"exact":true}`
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]persona.Truth{"A": persona.True, "a": persona.False, "B": persona.False, "b": persona.True} {
		if got := c.Eval(persona.Map{"f": persona.ListValue("x", list)}, at); got != want {
			t.Errorf("exactly %s: %v", list, got)
		}
	}
	if err := json.Unmarshal([]byte(`{"field":"f"}`), &c); err == nil {
		t.Error("a condition without an op")
	}
	if persona.False.String() != "false" || persona.True.String() != "true" || persona.Undecided.String() != "unknown" {
		t.Error("the truths have other words")
	}
}

func TestFieldsOfATouch(t *testing.T) {
	tp := touchpoint.Touch{Source: "web", ID: "1", At: at, Kind: "form", Channel: "Email", Touchpoint: "/demo", Stage: "won", Offline: true,
		Direction: touchpoint.Inbound, Sentiment: touchpoint.SentimentMilli(-250),
		Campaign: touchpoint.Campaign{Source: "news", Medium: "mail", Name: "spring"},
		Props:    touchpoint.Props{}.SetText("plan", "pro").SetBool("vip", true)}
	f := persona.OfTouch(&tp)
	for name, want := range map[string]string{
		"touch.kind": "form", "touch.channel": "Email", "touch.touchpoint": "/demo", "touch.stage": "won", "touch.offline": "true",
		"touch.direction": "inbound", "touch.sentiment": "-0.25", "touch.campaign.source": "news", "touch.campaign.medium": "mail",
		"touch.campaign.name": "spring", "touch.at": "2026-11-01T00:00:00Z", "touch.props.plan": "pro", "touch.props.vip": "true",
	} {
		if v, why := f.Field(name); v.String() != want || why != (persona.Why{Source: "web", At: at}) {
			t.Errorf("%s is %q of %+v, want %q", name, v, why, want)
		}
	}
	bare := persona.OfTouch(&touchpoint.Touch{Source: "web", ID: "2", At: at, Kind: "form"})
	for _, name := range []string{"touch.direction", "touch.sentiment", "touch.channel", "touch.props.plan", "touch.campaign.term", "person.title"} {
		if v, why := bare.Field(name); v.Kind() != persona.None || why.Unknown != persona.NeverObserved {
			t.Errorf("%s of a bare touch is %q, %+v", name, v, why)
		}
	}
	n := 0
	for got := range f.Touches() {
		if n++; got.ID != "1" {
			t.Errorf("another touch: %s", got.ID)
		}
	}
	if n != 1 {
		t.Errorf("%d touches of a touch", n)
	}
}

func TestJoinYieldsEachTouchOnceAndStops(t *testing.T) {
	touches := []touchpoint.Touch{{Source: "a", ID: "1"}, {Source: "a", ID: "2"}}
	j := persona.Join(persona.Profile{}, persona.BuyingGroup{}, persona.Map{}, persona.OfTouches(touches), persona.OfTouches(touches), persona.OfTouch(&touches[0]))
	for stop, want := range []int{2, 1, 2} {
		n := 0
		for range j.Touches() {
			if n++; n == stop {
				break
			}
		}
		if n != want {
			t.Errorf("stopped at %d: %d touches", stop, n)
		}
	}
	if v, why := persona.Join(persona.Map{}, persona.Fold(slices.Values([]persona.Observation{{Name: "person.title", Unknown: persona.Placeholder}}), at, nil)).Field("person.title"); v.Kind() != persona.None || why.Unknown != persona.Placeholder {
		t.Errorf("who knows more does not answer: %+v", why)
	}
	if v, _ := persona.Join(persona.Map{"a": persona.TextValue("x")}, persona.Map{"a": persona.TextValue("y")}).Field("a"); v.String() != "x" {
		t.Errorf("not the first that knows: %s", v)
	}
}

func TestBestProfileOfSeveral(t *testing.T) {
	if got := persona.Best(nil, persona.Map{}, at); got.Definition != "" || got.Known {
		t.Errorf("the best of none: %+v", got)
	}
	text := `[{"id":"size","criteria":[{"id":"s","weight":1,"when":{"field":"s","op":"exists"}}]},
 {"id":"half","criteria":[{"id":"a","weight":1,"when":{"field":"a","op":"eq","value":true}},{"id":"b","weight":1,"when":{"field":"b","op":"eq","value":true}}]},
 {"id":"whole","criteria":[{"id":"a","weight":1,"when":{"field":"a","op":"eq","value":true}}]},
 {"id":"again","criteria":[{"id":"a","weight":1,"when":{"field":"a","op":"eq","value":true}}]}]`
	icps, err := persona.ParseICPs([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	yes, no := persona.BoolValue(true), persona.BoolValue(false)
	for _, c := range []struct {
		f    persona.Map
		want string
	}{
		{persona.Map{}, "size"},                   // exists decides when nothing is known: 0 points, and known
		{persona.Map{"a": yes}, "whole"},          // 100 of all beats 100 of half, and place decides
		{persona.Map{"a": yes, "b": no}, "whole"}, // 100 beats 50
		{persona.Map{"a": no, "b": yes}, "half"},  // 50 beats nothing
		{persona.Map{"s": yes, "a": yes}, "size"}, // equal in all: the first
		{persona.Map{"a": yes, "b": yes}, "half"}, // equal in all: the first
	} {
		fit := persona.Best(icps, c.f, at)
		if fit.Definition != c.want || fit.Reasons == nil {
			t.Errorf("%v: %s with %d reasons, want %s", c.f, fit.Definition, len(fit.Reasons), c.want)
		}
		for i := range icps {
			a, b := icps[i].Score(c.f, at), icps[i].Fit(c.f, at)
			if a.Score != b.Score || a.Tier != b.Tier || a.Low != b.Low || a.High != b.High || a.Reasons != nil {
				t.Errorf("%v: Score and Fit of %s differ", c.f, icps[i].ID)
			}
		}
	}
}

// A score of 0 is a score: an account that is ruled out is not one that nothing is known of.
func TestBestOfUnknownAndRuledOut(t *testing.T) {
	const known = `"criteria":[{"id":"c","weight":1,"when":{"field":"f","op":"eq","value":1}}]`
	icps, err := persona.ParseICPs([]byte(`[{"id":"unknown",` + known + `},{"id":"out",` + known + `,"disqualify":[{"id":"d","when":{"all":[]}}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if fit := persona.Best(icps, persona.Map{}, at); fit.Definition != "out" || fit.Tier != "X" {
			t.Errorf("%+v", fit)
		}
		slices.Reverse(icps)
	}
}

func TestAssignSaysWhatWasMissed(t *testing.T) {
	ps, err := persona.ParsePersonas([]byte(`[{"id":"p","min_completeness":0.9,"criteria":[
 {"id":"a","weight":1,"when":{"field":"a","op":"eq","value":true}},{"id":"b","weight":1,"when":{"field":"b","op":"eq","value":true}}],
 "disqualify":[{"id":"x","when":{"field":"x","op":"exists"}}]},
 {"id":"q","criteria":[{"id":"c","weight":1,"when":{"field":"c","op":"eq","value":true}}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	yes, no := persona.BoolValue(true), persona.BoolValue(false)
	for _, c := range []struct {
		f               persona.Map
		persona, missed string
	}{
		{persona.Map{"a": yes}, "", "completeness"},
		{persona.Map{"a": yes, "b": yes, "x": yes}, "", "out"},
		{persona.Map{"a": no, "b": no}, "", "score"},
		{persona.Map{}, "", "unknown"},
		{persona.Map{"a": yes, "b": yes}, "p", ""},
		{persona.Map{"a": yes, "c": yes}, "q", ""}, // the other has as many points, of less
		{persona.Map{"a": yes, "b": yes, "c": no}, "p", ""},
	} {
		a := persona.Assign(ps, c.f, at)
		slices.Reverse(ps)
		b := persona.Assign(ps, c.f, at)
		if a.Persona != c.persona || a.Missed != c.missed || b.Persona != a.Persona || b.Missed != a.Missed {
			t.Errorf("%v: %q missed %q, in the other order %q missed %q; want %q missed %q", c.f, a.Persona, a.Missed, b.Persona, b.Missed, c.persona, c.missed)
		}
	}
}

func TestValuesSayWhatTheyHold(t *testing.T) {
	eur := touchpoint.Money{Minor: 123456, Currency: touchpoint.Currency([]byte("EUR"))}
	v := persona.MoneyValue(eur)
	if lo, hi, ok := v.Range(); !ok || lo != 1234.56 || hi != lo || v.Currency() != "EUR" || v.String() != "EUR 1234.56" {
		t.Errorf("money is %q", v)
	}
	if persona.MoneyValue(touchpoint.Money{}).Kind() != persona.None {
		t.Error("no money is a value")
	}
	list := persona.ListValue("b", "a", "b")
	got := list.List()
	if !slices.Equal(got, []string{"a", "b"}) || persona.TextValue("a").List() != nil {
		t.Errorf("a list is %v", got)
	}
	got[0] = "z"
	if list.String() != "a|b" {
		t.Error("what List returned changes the value")
	}
	for _, bad := range []persona.Value{persona.NumberValue(math.NaN()), persona.RangeValue(2, 1), persona.NumberValue(math.Inf(1)), persona.RangeValue(math.Inf(-1), 1)} {
		if bad.Kind() != persona.None {
			t.Errorf("%v is a number", bad)
		}
	}
	if persona.RangeValue(1000, math.Inf(1)).String() != "1000+" {
		t.Error("an open range is not written as one")
	}
}

func TestRampOfWhatIsNoNumber(t *testing.T) {
	p := icp(t, `{"id":"i","criteria":[{"id":"c","weight":1,"ramp":{"field":"f","zero":0,"one":10}}]}`)
	fit := p.Fit(persona.Map{"f": persona.TextValue("many")}, at)
	if fit.Known || fit.Reasons[0].Leaves[0].Why.Unknown != persona.WrongType {
		t.Errorf("%+v", fit)
	}
	if fit := p.Fit(persona.Map{"f": persona.NumberValue(5)}, at); fit.Score != 50 {
		t.Errorf("half way: %+v", fit)
	}
}

// What a single touch states in ways that are no value of a trait.
func TestObservationsOfOddProps(t *testing.T) {
	props, err := touchpoint.ParseProps([]byte(`{"person":{"title":null,"deep":{"a":1},"skills":["go",7,true]},"account":7,"account.employees":-5,"person.active":true}`))
	if err != nil {
		t.Fatal(err)
	}
	var m *persona.TraitMap
	found, _ := m.Observations(&touchpoint.Touch{Source: "crm", ID: "1", At: at, Props: props})
	got := map[string]string{}
	for _, o := range found {
		got[o.Name] = o.Value.String() + string(o.Unknown)
	}
	want := map[string]string{"person.title": "empty", "person.skills": "7|go", "account.employees": "out_of_range", "person.active": "true"}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: %q, want %q", name, got[name], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for _, none := range []string{"@example.com", "ann@", "ann", "@", ""} {
		if kind := persona.EmailKind(none, nil); kind != "" {
			t.Errorf("%q is an address of kind %q", none, kind)
		}
	}
	list := identity.Table{}
	if kind := persona.EmailKind("a@example.com", &list); kind != "business" {
		t.Errorf("kind %q", kind)
	}
}

func TestPoliciesAtTheirTies(t *testing.T) {
	obs := func(source, ref string, days int, v persona.Value) persona.Observation {
		return persona.Observation{Name: "account.seats", Source: source, Ref: touchpoint.Key{Source: "s", ID: ref}, At: at.AddDate(0, 0, days), Value: v}
	}
	n := persona.NumberValue
	list := []persona.Observation{obs("crm", "1", -9, n(5)), obs("form", "2", -3, n(8)), obs("x", "3", -3, n(2)), obs("y", "4", -3, n(2)), obs("crm", "5", -1, n(4))}
	for policy, want := range map[persona.Policy]string{persona.Min: "2", persona.Max: "8", persona.First: "5", persona.Latest: "4", persona.Rank: "8"} {
		for range 5 {
			o := &persona.FoldOptions{Policies: map[string]persona.Policy{"account.seats": policy}}
			if v, _ := persona.Fold(slices.Values(list), at, o).Field("account.seats"); v.String() != want {
				t.Errorf("%s: %s, want %s", policy, v, want)
			}
			list = append(list[1:], list[0])
		}
	}
	// Sources that nobody lists come last, unless the empty name gives them a place.
	for _, c := range []struct {
		sources []string
		want    string
	}{{[]string{"y", "x"}, "2"}, {[]string{"", "crm", "form"}, "2"}, {[]string{"crm"}, "4"}} {
		o := &persona.FoldOptions{Sources: c.sources, Policies: map[string]persona.Policy{"account.seats": persona.Rank}}
		if v, why := persona.Fold(slices.Values(list), at, o).Field("account.seats"); v.String() != c.want {
			t.Errorf("%v: %s of %s, want %s", c.sources, v, why.Source, c.want)
		}
	}
	// A union leaves out what is too old, and takes lists and texts alike.
	texts := []persona.Observation{
		{Name: "account.tools", Source: "a", At: at.AddDate(0, 0, -100), Value: persona.TextValue("fax")},
		{Name: "account.tools", Source: "b", At: at.AddDate(0, 0, -5), Value: persona.ListValue("crm", "mail")},
		{Name: "account.tools", Source: "c", At: at.AddDate(0, 0, -2), Value: persona.TextValue("chat")},
	}
	o := &persona.FoldOptions{Policies: map[string]persona.Policy{"account.tools": persona.Union}, MaxAge: map[string]time.Duration{"account.tools": 30 * 24 * time.Hour}}
	if v, _ := persona.Fold(slices.Values(texts), at, o).Field("account.tools"); v.String() != "chat|crm|mail" {
		t.Errorf("the union is %s", v)
	}
	if v, _ := persona.Fold(slices.Values(texts), at.AddDate(1, 0, 0), o).Field("account.tools"); v.String() != "chat|crm|fax|mail" {
		t.Errorf("the union of what is all too old is %s", v)
	}
}

func TestProfileOfTooMuch(t *testing.T) {
	var obs []persona.Observation
	for i := range persona.MaxTraits + 2 {
		for k := range 6 {
			obs = append(obs, persona.Observation{Name: fmt.Sprintf("person.t%04d", i), Source: fmt.Sprint(k), At: at, Value: persona.NumberValue(float64(i))})
		}
	}
	for range 2 { // the second time with what the first has left
		p := persona.Fold(slices.Values(obs), at, nil)
		n := 0
		for range p.Traits() {
			n++
		}
		if want := []string{fmt.Sprintf("person.t%04d", persona.MaxTraits), fmt.Sprintf("person.t%04d", persona.MaxTraits+1)}; n != persona.MaxTraits || !slices.Equal(p.Refused(), want) {
			t.Errorf("%d traits, refused %v", n, p.Refused())
		}
	}
	p := persona.Fold(slices.Values([]persona.Observation{{Name: "person.a", At: at}, {Name: "person.b", At: at, Value: persona.TextValue("x")}}), at, nil)
	if _, why := p.Field("person.a"); why.Unknown != persona.Empty {
		t.Errorf("a trait without a value is %+v", why)
	}
	share, unknown := p.Completeness([]string{"person.a", "person.b", "person.c", "person.d"})
	if share != 0.25 || unknown["person.a"] != persona.Empty || unknown["person.c"] != persona.NeverObserved || len(unknown) != 3 {
		t.Errorf("%v of it known, %v", share, unknown)
	}
	if share, unknown := p.Completeness(nil); share != 1 || len(unknown) != 0 {
		t.Errorf("of nothing %v is known, %v", share, unknown)
	}
}

func TestRolesOfAList(t *testing.T) {
	var m *persona.RoleMap
	held := m.Roles(persona.Map{"person.buying_role": persona.ListValue("Economic Buyer", "Champion")}, nil, at)
	var got []string
	for _, h := range held {
		got = append(got, string(h.Role))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"champion", "economic_buyer"}) {
		t.Errorf("%v", got)
	}
	if b, err := m.MarshalJSON(); err != nil || !strings.Contains(string(b), "Economic Buyer") && !strings.Contains(strings.ToLower(string(b)), "economic") {
		t.Errorf("the built-in map is %.80s, %v", b, err)
	}
}

func TestMeanOfWhatIsNoNumber(t *testing.T) {
	c := condition(t, `{"touches":{"agg":"mean","of":"touch.channel"},"op":"ge","value":1}`)
	f := persona.OfTouches([]touchpoint.Touch{{Source: "a", ID: "1", At: at, Kind: "form", Channel: "Email"}})
	truth, leaves := c.Explain(f, at)
	if truth != persona.Undecided || leaves[0].Why.Unknown != persona.NeverObserved {
		t.Errorf("%v, %+v", truth, leaves)
	}
}
