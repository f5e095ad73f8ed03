package journey_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
)

func TestAJourneyOfNoStepsAnswersNothingOfContacts(t *testing.T) {
	got := answers(journey.Journey{})
	for _, name := range []string{"first_touch_at", "last_touch_at", "last_inbound_at", "days_since_touch", "sentiment", "stage"} {
		if v, known := got[name]; known {
			t.Errorf("%s is %s", name, v)
		}
	}
	if got["touches"] != "0" {
		t.Errorf("%s touches", got["touches"])
	}
}

// The facts that a change names are sorted by class, source and id, and each is there once.
func TestTheFactsOfAChangeAreSortedAndNamedOnce(t *testing.T) {
	tr := tracker(t, leads(journey.Boundary{}))
	from := func(source, id string) storage.Fact {
		tp := touch("form", "01-02", by("email:ann@example.com", "user_id:u1"))
		tp.Source, tp.ID = source, id
		return storage.Fact{Touch: &tp}
	}
	o := identity.Override{ID: "0", At: on("01-01"), Actor: "ann", Op: identity.MustLink,
		A: identity.MakeID(identity.Email, "ann@example.com"), B: identity.MakeID(identity.UserID, "u1")}
	facts := []storage.Fact{{Override: &o}, from("zz", "1"), from("aa", "2"), from("aa", "1"), from("mm", "0")}
	for i := range facts {
		if f := facts[i]; f.Touch != nil {
			record(t, tr, *f.Touch)
		} else if _, err := tr.Learn(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	cs, _ := told(t, tr, storage.Cursor{})
	if len(cs) == 0 {
		t.Fatal("nothing told")
	}
	var want []storage.Key
	for _, f := range facts {
		want = append(want, f.Key())
	}
	slices.SortFunc(want, func(a, b storage.Key) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range cs {
		if !slices.Equal(c.Facts, want) {
			t.Errorf("%s %s blames %v", c.Kind, c.What, c.Facts)
		}
	}
}

// Goals reached at one instant stand by touch, then by id, and one that is reached in two
// ways by one touch is reached once.
func TestGoalsOfOneTouchAreEachReachedOnceInOrderOfTheirID(t *testing.T) {
	order := &stage.Rule{Kinds: []string{"order"}}
	o := leads(journey.Boundary{})
	o.Goals = []journey.Goal{{ID: "z", Stage: "won", Rule: order}, {ID: "a", Stage: "won", Rule: order}}
	f := fold(t, append(world(0, 0), touch("order", "01-02")), on("02-01"), o)
	var got []string
	for _, j := range f.Journeys {
		for _, g := range j.Goals {
			got = append(got, g.Goal)
		}
	}
	if !slices.Equal(got, []string{"a", "z"}) {
		t.Error(got)
	}
}
