package persona_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// An ordering test on a range whose end is the bound holds for part of it: it is undecided.
// So is equality of ranges that share no more than an end.
func TestRangesThatTouchTheBound(t *testing.T) {
	for name, tt := range map[string]struct {
		lo, hi float64
		test   string
		want   persona.Truth
	}{
		"lt, ends at":           {11, 50, `"op":"lt","value":50`, persona.Undecided},
		"lt, begins at":         {50, 90, `"op":"lt","value":50`, persona.False},
		"le, ends at":           {11, 50, `"op":"le","value":50`, persona.True},
		"le, begins at":         {50, 90, `"op":"le","value":50`, persona.Undecided},
		"gt, ends at":           {11, 50, `"op":"gt","value":50`, persona.False},
		"gt, begins at":         {50, 90, `"op":"gt","value":50`, persona.Undecided},
		"ge, ends at":           {11, 50, `"op":"ge","value":50`, persona.Undecided},
		"ge, begins at":         {50, 90, `"op":"ge","value":50`, persona.True},
		"between, ends at":      {11, 50, `"op":"between","value":[50,90]`, persona.Undecided},
		"between, begins at":    {90, 99, `"op":"between","value":[50,90]`, persona.Undecided},
		"between, fills":        {50, 90, `"op":"between","value":[50,90]`, persona.True},
		"eq, ends at":           {11, 50, `"op":"eq","value":"50-90"`, persona.Undecided},
		"eq, begins at":         {90, 99, `"op":"eq","value":"50-90"`, persona.Undecided},
		"eq, apart":             {91, 99, `"op":"eq","value":"50-90"`, persona.False},
		"ne, the same":          {50, 90, `"op":"ne","value":"50-90"`, persona.False},
		"eq, one number inside": {60, 60, `"op":"eq","value":"50-90"`, persona.Undecided},
	} {
		f := persona.Map{"n": persona.RangeValue(tt.lo, tt.hi)}
		if got := condition(t, `{"field":"n",`+tt.test+`}`).Eval(f, at); got != tt.want {
			t.Errorf("%s: %v, not %v", name, got, tt.want)
		}
	}
}

// An explanation says why a value that is known could not be tested.
func TestLeavesSayWhyAValueCouldNotBeTested(t *testing.T) {
	c := condition(t, `{"field":"n","op":"ge","value":5}`)
	for value, want := range map[string]persona.Unknown{"7": "", "many": persona.WrongType} {
		_, leaves := c.Explain(persona.Map{"n": persona.TextValue(value)}, at)
		if len(leaves) != 1 || leaves[0].Why.Unknown != want {
			t.Errorf("%s: %+v", value, leaves)
		}
	}
	if _, leaves := c.Explain(persona.Map{}, at); leaves[0].Why.Unknown != persona.NeverObserved {
		t.Errorf("%+v", leaves)
	}
}

// Decode takes documents up to MaxDocument, and points to what is wrong in maps, lists
// and objects alike.
func TestDecodeIsStrictEverywhere(t *testing.T) {
	type document struct {
		Names map[string]string `json:"names"`
		List  []document        `json:"list"`
	}
	full := `{"names":{"en":"` + strings.Repeat("x", persona.MaxDocument-len(`{"names":{"en":""}}`)) + `"}}`
	var d document
	if err := persona.Decode([]byte(full), &d); err != nil {
		t.Error("a document of MaxDocument bytes:", err)
	}
	if err := persona.Decode([]byte(full+" "), &d); err == nil {
		t.Error("a document of one byte more is read")
	}
	for text, path := range map[string]string{
		`[]`:                              "",
		`{"names":[]}`:                    "/names",
		`{"names":{"en":1}}`:              "/names/en",
		`{"names":{},"names":{}}`:         "/names",
		`{"names":{"en":"a","en":"b"}}`:   "/names/en",
		`{"list":{}}`:                     "/list",
		`{"list":[{},{"list":[3]}]}`:      "/list/1/list/0",
		`{"list":[{},{"names":{"x":3}}]}`: "/list/1/names/x",
		`{"names":{"a123456":1}}`:         "/names/a123456", // six digits may be a name
		`{"names":{"a1234567":1}}`:        "/names/…",       // seven may be somebody's number
		`{"names":{"` + strings.Repeat("k", 64) + `":1}}`: "/names/" + strings.Repeat("k", 64),
		`{"names":{"` + strings.Repeat("k", 65) + `":1}}`: "/names/…",
		`{"names":{"a@b":1}}`:                             "/names/…",
	} {
		err := persona.Decode([]byte(text), &d)
		fault, ok := err.(*persona.DefinitionError)
		if !ok || fault.Path != path {
			t.Errorf("%.40s: %v, not at %q", text, err, path)
		}
	}
}

// Lists of profiles and personas may be as long as the limits say, and may not be empty text.
func TestListsOfDefinitionsAtTheirLimits(t *testing.T) {
	many := func(n int) []byte {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"i%d","criteria":[%s]}`, i, one("c", "")))
		}
		return []byte("[" + strings.Join(list, ",") + "]")
	}
	for n, ok := range map[int]bool{persona.MaxICPs: true, persona.MaxICPs + 1: false} {
		if _, err := persona.ParseICPs(many(n)); (err == nil) != ok {
			t.Errorf("%d profiles: %v", n, err)
		}
	}
	for n, ok := range map[int]bool{persona.MaxPersonas: true, persona.MaxPersonas + 1: false} {
		if _, err := persona.ParsePersonas(many(n)); (err == nil) != ok {
			t.Errorf("%d personas: %v", n, err)
		}
	}
	for _, text := range []string{"", " ", "[", `[{"id":3}]`} {
		if _, err := persona.ParseICPs([]byte(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
	// Disqualifiers count as criteria do, and a weight may be 1e9.
	disqualify := func(n int) error {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"d%d","when":{"all":[]}}`, i))
		}
		_, err := persona.ParseICPs([]byte(`{"id":"i","criteria":[` + one("c", "") + `],"disqualify":[` + strings.Join(list, ",") + `]}`))
		return err
	}
	weight := func(w, prior string) error {
		_, err := persona.ParseICPs([]byte(`{"id":"i","criteria":[{"id":"c","weight":` + w + `,"prior":` + prior + `,"bands":[{"when":{"all":[]},"degree":1},{"when":{"all":[]},"degree":0}]}]}`))
		return err
	}
	for name, pair := range map[string][2]error{
		"disqualifiers": {disqualify(persona.MaxCriteria), disqualify(persona.MaxCriteria + 1)},
		"weight":        {weight("1e9", "1"), weight("1000000001", "1")},
		"prior":         {weight("1", "0"), weight("1", "-0.1")},
	} {
		if pair[0] != nil || pair[1] == nil {
			t.Errorf("%s: %v at the limit, %v beyond", name, pair[0], pair[1])
		}
	}
}

// Of tiers with one bound the first by name is taken, each time.
func TestTiersOfOneBound(t *testing.T) {
	icps, err := persona.ParseICPs([]byte(`{"id":"i","tiers":{"z":50,"b":50,"a":50,"y":50,"low":10},"criteria":[` + one("c", "") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	half := persona.Map{"f": persona.TextValue("x"), "g": persona.TextValue("y")}
	two, err := persona.ParseICPs([]byte(`{"id":"i","tiers":{"mid":50,"top":51},"criteria":[` + one("c", "") + `,{"id":"d","weight":1,"when":{"field":"g","op":"eq","value":"x"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if fit := two[0].Fit(half, at); fit.Score != 50 || fit.Tier != "mid" {
		t.Errorf("at the bound: %v, tier %s", fit.Score, fit.Tier)
	}
	for range 20 {
		if tier := icps[0].Fit(persona.Map{"f": persona.TextValue("x")}, at).Tier; tier != "a" {
			t.Fatalf("tier %s", tier)
		}
	}
}

// Observations of one instant, source and record are ordered by what they hold, so that
// arrival decides nothing: the greater text, the later receipt, is the latest.
func TestObservationsThatDifferInOneThingOnly(t *testing.T) {
	base := persona.Observation{Name: "person.x", Source: "crm", Ref: touchpoint.Key{Source: "crm", ID: "1"}, At: at.Add(-time.Hour), Value: persona.TextValue("a")}
	for name, change := range map[string]func(*persona.Observation){
		"text":     func(o *persona.Observation) { o.Value = persona.TextValue("b") },
		"kind":     func(o *persona.Observation) { o.Value = persona.NumberValue(1) },
		"unknown":  func(o *persona.Observation) { o.Value, o.Unknown = persona.Value{}, persona.Placeholder },
		"received": func(o *persona.Observation) { o.ReceivedAt = at },
		"method":   func(o *persona.Observation) { o.Method = persona.Inferred },
		"record":   func(o *persona.Observation) { o.Ref.ID = "2" },
	} {
		other := base
		change(&other)
		fold := func(list ...persona.Observation) persona.Trait {
			v := persona.Fold(slices.Values(list), at, &persona.FoldOptions{Policies: map[string]persona.Policy{"person.x": persona.Latest}})
			return traitOf(v, "person.x")

		}
		one, two := fold(base, other), fold(other, base)
		if fmt.Sprintf("%+v", one) != fmt.Sprintf("%+v", two) {
			t.Errorf("%s: %+v, in the other order %+v", name, one, two)
		}
		if greater := name == "text" || name == "received" || name == "record"; greater && (one.Value != other.Value || one.ReceivedAt != other.ReceivedAt || one.Ref != other.Ref) {
			t.Errorf("%s: the latest is %+v", name, one.Observation)
		}
	}
	for _, pair := range [][2]persona.Observation{ // both of nothing, for two reasons; ranges that differ at one end
		{{Unknown: persona.Empty}, {Unknown: persona.Placeholder}},
		{{Value: persona.RangeValue(1, 2)}, {Value: persona.RangeValue(1, 3)}},
		{{Value: persona.TextValue("1")}, {Value: persona.NumberValue(1)}},
	} {
		for i := range pair {
			pair[i].Name, pair[i].Source, pair[i].Ref, pair[i].At = base.Name, base.Source, base.Ref, base.At
		}
		a := traitOf(persona.Fold(slices.Values(pair[:]), at, nil), "person.x")
		slices.Reverse(pair[:])
		b := traitOf(persona.Fold(slices.Values(pair[:]), at, nil), "person.x")
		if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
			t.Errorf("%+v, in the other order %+v", a, b)
		}
	}
}

// A lead of five points is clear, one below is not, and a score of just the least is
// enough.
func TestAssignmentsAtTheirThresholds(t *testing.T) {
	assign := func(points ...string) persona.Assignment {
		var list []string
		for i, p := range points {
			list = append(list, fmt.Sprintf(`{"id":"p%d","criteria":[{"id":"c","weight":1,"bands":[{"when":{"all":[]},"degree":%s}]}]}`, i, p))
		}
		ps, err := persona.ParsePersonas([]byte("[" + strings.Join(list, ",") + "]"))
		if err != nil {
			t.Fatal(err)
		}
		return persona.Assign(ps, persona.Map{}, at)
	}
	for name, tt := range map[string]struct {
		got       persona.Assignment
		id        string
		ambiguous bool
	}{
		"five points":  {assign("1", "0.95"), "p0", false},
		"four points":  {assign("1", "0.96"), "p0", true},
		"fifty":        {assign("0.5"), "p0", false},
		"below fifty":  {assign("0.49"), "", false},
		"equal scores": {assign("0.7", "0.7"), "p0", true},
	} {
		if tt.got.Persona != tt.id || tt.got.Ambiguous != tt.ambiguous {
			t.Errorf("%s: %+v", name, tt.got)
		}
	}
}

// Each member of an aggregate has its type, and evidence of nobody is allowed.
func TestAggregatesAreStrict(t *testing.T) {
	for text, path := range map[string]string{
		`{"within":3}`:                  "/touches/within",
		`{"within":null}`:               "/touches/within",
		`{"within":"P1D","agg":3}`:      "/touches/agg",
		`{"agg":"sum","of":3}`:          "/touches/of",
		`{"agg":"count","where":[]}`:    "/touches/where",
		`{"agg":"count","agg":"count"}`: "/touches/agg",
	} {
		_, err := persona.ParseCondition([]byte(`{"touches":` + text + `,"op":"ge","value":1}`))
		if fault, ok := err.(*persona.DefinitionError); !ok || fault.Path != path {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := persona.ParsePersonas([]byte(`{"id":"p","criteria":[` + one("c", "") + `],"evidence":[{"kind":"crm","n":0,"at":"2026-01-01T00:00:00Z"}]}`)); err != nil {
		t.Error(err)
	}
}

// What a trait has beaten is listed, the last first: all of it, or the last sixteen.
func TestOthersAreTheLastOnes(t *testing.T) {
	for n, want := range map[int]int{1: 0, 2: 1, 17: 16, 18: 16, 30: 16} {
		var obs []persona.Observation
		for i := range n {
			obs = append(obs, observe("account.city", fmt.Sprint("city ", i), "crm", i))
		}
		tr := traitOf(persona.Fold(slices.Values(obs), at, nil), "account.city")
		if tr.Value.String() != "city 0" || len(tr.Others) != want || want > persona.MaxOthers {
			t.Errorf("of %d: %s before %d others, not %d", n, tr.Value, len(tr.Others), want)
		}
		for i, o := range tr.Others {
			if o.Value.String() != fmt.Sprint("city ", i+1) {
				t.Errorf("of %d: other %d is %s", n, i, o.Value)
			}
		}
	}
}

// Of sources of one rank the greater name is the later, and the winner of a majority is
// the last that said so; of two values said as often it is the later.
func TestTiesOfSourcesAndMajorities(t *testing.T) {
	fold := func(policy persona.Policy, obs ...persona.Observation) (tr persona.Trait) {
		for range 2 { // in both orders
			before := tr
			slices.Reverse(obs)
			tr = traitOf(persona.Fold(slices.Values(obs), at, &persona.FoldOptions{Policies: map[string]persona.Policy{"account.city": policy}}), "account.city")
			if before.Name != "" && fmt.Sprintf("%+v", before) != fmt.Sprintf("%+v", tr) {
				t.Errorf("%s: %+v, in the other order %+v", policy, before, tr)
			}
		}
		return tr
	}
	if tr := fold(persona.Latest, observe("account.city", "Rome", "fax", 1), observe("account.city", "Oslo", "gab", 1)); tr.Value.String() != "Oslo" {
		t.Errorf("of fax and gab %s", tr.Value)
	}
	last := observe("account.city", "Rome", "crm", 1)
	if tr := fold(persona.Majority, observe("account.city", "Rome", "crm", 9), last, observe("account.city", "Oslo", "crm", 0)); !tr.At.Equal(last.At) {
		t.Errorf("the majority is of %v", tr.At)
	}
	if tr := fold(persona.Majority, observe("account.city", "Rome", "fax", 1), observe("account.city", "Oslo", "gab", 1)); tr.Value.String() != "Oslo" {
		t.Errorf("of as many %s", tr.Value)
	}
}

// traitOf returns the trait of that name.
func traitOf(p persona.Profile, name string) persona.Trait {
	for tr := range p.Traits() {
		if tr.Name == name {
			return tr
		}
	}
	return persona.Trait{}
}

// A trait is stale when it is older than its greatest age, not when it is just as old, and
// a union keeps what is just as old.
func TestAgesOfTraitsToTheInstant(t *testing.T) {
	const age = 30 * 24 * time.Hour
	for extra, stale := range map[time.Duration]bool{0: false, time.Microsecond: true} {
		old := persona.Observation{Name: "person.x", Source: "crm", At: at.Add(-age - extra), Value: persona.TextValue("old")}
		young := old
		young.At, young.Value = at, persona.TextValue("young")
		o := &persona.FoldOptions{MaxAge: map[string]time.Duration{"person.x": age}, Policies: map[string]persona.Policy{"person.x": persona.Union}}
		if tr := traitOf(persona.Fold(slices.Values([]persona.Observation{old, young}), at, o), "person.x"); strings.Contains(tr.Value.String(), "old") == stale {
			t.Errorf("%v over its age: the union is %v", extra, tr.Value)
		}
		o.Policies = nil
		if tr := traitOf(persona.Fold(slices.Values([]persona.Observation{old}), at, o), "person.x"); tr.Stale != stale {
			t.Errorf("%v over its age: stale is %v", extra, tr.Stale)
		}
	}
}

// Of values that are equally great, or equally small, the latest is taken.
func TestTheLatestOfEqualExtremes(t *testing.T) {
	list := []persona.Observation{
		{Name: "account.seats", Source: "a", At: at.Add(-2 * time.Hour), Value: persona.NumberValue(5)},
		{Name: "account.seats", Source: "b", At: at.Add(-time.Hour), Value: persona.NumberValue(5)},
	}
	for range 2 {
		for _, policy := range []persona.Policy{persona.Max, persona.Min} {
			o := &persona.FoldOptions{Policies: map[string]persona.Policy{"account.seats": policy}}
			if tr := traitOf(persona.Fold(slices.Values(list), at, o), "account.seats"); tr.Source != "b" {
				t.Errorf("%s: of %s", policy, tr.Source)
			}
		}
		slices.Reverse(list)
	}
}

// One touch that is given twice tells a role no more than once, also where nothing has
// joined the fields.
func TestATouchGivenTwiceIsOne(t *testing.T) {
	twice := []touchpoint.Touch{touched("a", "docs", 1), touched("a", "docs", 1)}
	if got := show((*persona.RoleMap)(nil).Roles(persona.OfTouches(twice), nil, at)); got != "" {
		t.Errorf("roles %q", got)
	}
}

func TestSpansAreWrittenWithoutZeros(t *testing.T) {
	for span, want := range map[time.Duration]string{36 * time.Hour: "P1DT12H", 48 * time.Hour: "P2D", time.Hour + time.Second: "PT1H1S", 90 * time.Second: "PT1M30S"} {
		if got := persona.Span(span).String(); got != want {
			t.Errorf("%v: %s, not %s", span, got, want)
		}
	}
}
