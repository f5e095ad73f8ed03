package audience_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
)

// What most undecided subjects lack is named first, of equal numbers the lesser name.
func TestUndecidedNamesFirstWhatMostLack(t *testing.T) {
	s := segment(t, `{"id":"s","subject":"person","purpose":"profile","where":{"all":[{"field":"person.a","op":"eq","value":"x"},{"field":"person.z","op":"eq","value":"x"},{"field":"person.m","op":"eq","value":"x"}]}}`)
	x := persona.TextValue("x")
	subjects := map[string]persona.Fields{
		"1": persona.Join(willing, persona.Map{"person.a": x, "person.m": x}),
		"2": persona.Join(willing, persona.Map{"person.a": x, "person.m": x}),
		"3": persona.Join(willing, persona.Map{"person.z": x}),
	}
	m := s.Members(shuffled(source(1), subjects), at)
	want := []audience.Missing{{Field: "person.z", Subjects: 2}, {Field: "person.a", Subjects: 1}, {Field: "person.m", Subjects: 1}}
	if got := m.Undecided(); !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestAsManySegmentsAsTheLimit(t *testing.T) {
	for n, ok := range map[int]bool{audience.MaxSegments: true, audience.MaxSegments + 1: false} {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"s%d","subject":"person","purpose":"profile","where":{"all":[]}}`, i))
		}
		if _, err := audience.Parse([]byte("[" + strings.Join(list, ",") + "]")); (err == nil) != ok {
			t.Errorf("%d segments: %v", n, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

// Who counts on an export hears that it was not written.
func TestExportThatCannotBeWritten(t *testing.T) {
	people := map[string]persona.Fields{"ann": willing}
	s := segment(t, `{"id":"all","purpose":"profile","min_size":1,"where":{"all":[]}}`)
	n, err := audience.Export(full{}, s.Members(maps.All(people), at), slices.Values([]audience.Contact{contact("ann", willing, mail("ann@acme.example"))}), nil)
	if n != 0 || err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("%d exported, %v", n, err)
	}
}
