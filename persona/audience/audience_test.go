package audience_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
)

const leaders = `{"id":"leaders","names":{"ja":"責任者"},"purpose":"activate","min_size":2,
 "where":{"all":[{"field":"person.seniority","op":"in","value":["vp","c_level"]},{"field":"account.employees","op":"ge","value":50}]},
 "exclude":{"field":"account.type","op":"eq","value":"competitor"}}`

func TestMembership(t *testing.T) {
	s := segment(t, leaders)
	yes, vp, big := persona.BoolValue(true), persona.TextValue("vp"), persona.NumberValue(100)
	for _, tt := range []struct {
		what string
		f    persona.Map
		want persona.Truth
	}{
		{"all known", persona.Map{"person.seniority": vp, "account.employees": big, "account.type": persona.TextValue("customer"), "consent.activate": yes}, persona.True},
		{"exclude unknown", persona.Map{"person.seniority": vp, "account.employees": big, "consent.activate": yes}, persona.True},
		{"excluded", persona.Map{"person.seniority": vp, "account.employees": big, "account.type": persona.TextValue("competitor"), "consent.activate": yes}, persona.False},
		{"size unknown", persona.Map{"person.seniority": vp, "consent.activate": yes}, persona.Undecided},
		{"size unknown and excluded", persona.Map{"person.seniority": vp, "account.type": persona.TextValue("competitor"), "consent.activate": yes}, persona.False},
		{"consent unknown", persona.Map{"person.seniority": vp, "account.employees": big}, persona.False},
		{"consent denied", persona.Map{"person.seniority": vp, "account.employees": big, "consent.activate": persona.BoolValue(false)}, persona.False},
		{"consent unknown, all else too", persona.Map{}, persona.False},
	} {
		got, leaves := s.Has(tt.f, at)
		if got != tt.want || len(leaves) != 4 || leaves[3].Field != "consent.activate" {
			t.Errorf("%s: %s %v", tt.what, got, leaves)
		}
	}
}

func TestPurposeThatIsForgottenIsTheStrictest(t *testing.T) {
	s := segment(t, `{"id":"a","where":{"all":[]}}`)
	yes := persona.BoolValue(true)
	for want, fields := range map[persona.Truth][]persona.Map{
		persona.True:  {willing},
		persona.False: {{"consent.profile": yes}, {"consent.activate": yes}, {}},
	} {
		for _, f := range fields {
			if got, _ := s.Has(f, at); got != want {
				t.Errorf("%v: %s", f, got)
			}
		}
	}
	if got, _ := segment(t, `{"id":"a","subject":"account","where":{"all":[]}}`).Has(persona.Map{}, at); got != persona.True {
		t.Error("accounts are not asked for consent")
	}
}

func TestUndecidedAreCountedByWhatIsMissing(t *testing.T) {
	s := segment(t, leaders)
	vp, yes := persona.TextValue("vp"), persona.BoolValue(true)
	m := s.Members(maps.All(map[string]persona.Fields{
		"a": persona.Map{"person.seniority": vp, "consent.activate": yes},
		"b": persona.Map{"consent.activate": yes},
		"c": persona.Map{"person.seniority": persona.TextValue("intern"), "consent.activate": yes}, // out, whatever its size
		"d": persona.Map{},                                                                         // out for want of consent
	}), at)
	want := []audience.Missing{{"account.employees", 2}, {"person.seniority", 1}}
	if got := m.Undecided(); !slices.Equal(got, want) {
		t.Error(got)
	}
	if in, out, undecided := m.Count(); in != 0 || out != 2 || undecided != 2 {
		t.Error(in, out, undecided)
	}
}

// population gives each of a few people random fields, or none.
func population(r *rand.Rand) map[string]persona.Fields {
	p := map[string]persona.Fields{}
	for i := range r.IntN(8) {
		if r.IntN(5) == 0 {
			continue // not seen
		}
		m := persona.Map{}
		if r.IntN(4) > 0 {
			m["person.seniority"] = persona.TextValue([]string{"vp", "c_level", "manager"}[r.IntN(3)])
		}
		if r.IntN(4) > 0 {
			lo := float64(r.IntN(100))
			m["account.employees"] = persona.RangeValue(lo, lo+float64(r.IntN(30)))
		}
		if r.IntN(4) == 0 {
			m["account.type"] = persona.TextValue([]string{"competitor", "partner"}[r.IntN(2)])
		}
		if r.IntN(8) > 0 {
			m["consent.activate"] = persona.BoolValue(r.IntN(8) > 0)
		}
		p[fmt.Sprint("p", i)] = m
	}
	return p
}

// P1 and P19.
func TestMembersWithChangesAreTheMembersAfter(t *testing.T) {
	r := source(19)
	s := segment(t, leaders)
	for range rounds(3000) {
		first, second := population(r), population(r)
		before, after := s.Members(maps.All(first), at), s.Members(shuffled(r, second), at.AddDate(0, 0, 1))
		if again := s.Members(shuffled(r, first), at); fmt.Sprint(again) != fmt.Sprint(before) {
			t.Fatalf("order shows: %v, %v", again, before)
		}
		set := map[string]bool{}
		for id := range before.All() {
			set[id] = true
		}
		changes := audience.Changes(before, after)
		for i, c := range changes {
			if i > 0 && changes[i-1].Subject >= c.Subject || !c.At.Equal(after.At()) || set[c.Subject] == c.Entered {
				t.Fatal(changes)
			}
			set[c.Subject] = c.Entered
			if len(c.Leaves) == 0 {
				t.Fatal("a change without a reason", c)
			}
			for _, l := range c.Leaves {
				if l.Before.Truth == l.After.Truth && first[c.Subject] != nil && second[c.Subject] != nil {
					t.Fatal("a test that came out as before", l)
				}
			}
		}
		maps.DeleteFunc(set, func(_ string, in bool) bool { return !in })
		if got, want := slices.Sorted(maps.Keys(set)), slices.Collect(after.All()); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if len(audience.Changes(after, after)) > 0 {
			t.Fatal("nothing changed")
		}
		for id := range second {
			truth, _ := s.Has(second[id], after.At())
			if after.Has(id) != (truth == persona.True) {
				t.Fatal(id)
			}
		}
	}
}

func TestChangesNameTheTestsWithOldAndNewValues(t *testing.T) {
	s := segment(t, leaders)
	f := func(employees string) map[string]persona.Fields {
		v, _ := persona.ParseNumber(employees)
		return map[string]persona.Fields{"p": persona.Map{"person.seniority": persona.TextValue("vp"), "account.employees": v, "consent.activate": persona.BoolValue(true)}}
	}
	before, after := s.Members(maps.All(f("11-50")), at), s.Members(maps.All(f("51-200")), at)
	c := audience.Changes(before, after)
	if len(c) != 1 || !c[0].Entered || len(c[0].Leaves) != 1 {
		t.Fatal(c)
	}
	l := c[0].Leaves[0]
	if l.Before.Value.String() != "11-50" || l.Before.Truth != persona.Undecided || l.After.Value.String() != "51-200" || l.After.Truth != persona.True || l.After.Field != "account.employees" {
		t.Error(l)
	}
	if c := audience.Changes(before, audience.Members{}); c != nil {
		t.Error("nobody was in, so nobody left", c)
	}
	if c := audience.Changes(after, audience.Members{}); len(c) != 1 || c[0].Entered || len(c[0].Leaves) != 4 {
		t.Error("whom the later evaluation did not see has left", c)
	}
}

// P22, and what is refused.
func TestDocuments(t *testing.T) {
	list, err := audience.Parse([]byte("[" + leaders + `,{"id":"b","subject":"account","where":{"any":[]}}]`))
	if err != nil {
		t.Fatal(err)
	}
	again, err := audience.Parse([]byte(encode(t, list)))
	if err != nil || encode(t, again) != encode(t, list) || again[0].Names["ja"] != "責任者" || again[0].MinSize != 2 {
		t.Error("round trip", err)
	}
	where := `"where":{"all":[]}`
	many := make([]string, audience.MaxSegments+1)
	for i := range many {
		many[i] = fmt.Sprintf(`{"id":"%d",%s}`, i, where)
	}
	for text, path := range map[string]string{
		`{"id":"a"}`: "/where", `{` + where + `}`: "/id", `{"id":"a","subject":"deal",` + where + `}`: "/subject", `{"id":"a","min_size":-1,` + where + `}`: "/min_size",
		`[{"id":"a",` + where + `},{"id":"a",` + where + `}]`: "/1/id", `[{"id":"a","were":1}]`: "/0/were", `{"id":"a","exclude":null,` + where + `}`: "/exclude", "[" + strings.Join(many, ",") + "]": "",
	} {
		_, err := audience.Parse([]byte(text))
		var e *persona.DefinitionError
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(leaders))
	f.Add([]byte(`[{"id":"a","subject":"account","where":{"touches":{"agg":"count"},"op":"ge","value":1}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := audience.Parse(text)
		if err != nil || len(list) == 0 {
			return
		}
		list[0].Has(willing, at)
		if again, err := audience.Parse([]byte(encode(t, list))); err != nil || encode(t, again) != encode(t, list) {
			t.Fatal("round trip", err)
		}
	})
}
