package journey_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
)

// The feed tells subject by subject, and of each by instant, kind and what it is about.
func TestTheFeedIsInItsOrder(t *testing.T) {
	for seed := range uint64(3) {
		tr := tracker(t, leads(journey.Boundary{}))
		record(t, tr, world(seed, 80)...)
		cs, _ := told(t, tr, storage.Cursor{})
		if len(cs) < 50 {
			t.Fatalf("%d changes only", len(cs))
		}
		seen := map[journey.Subject]bool{}
		kinds := false // two kinds at one instant
		for i, c := range cs {
			if i == 0 || cs[i-1].Subject != c.Subject {
				if seen[c.Subject] {
					t.Fatalf("seed %d: a subject is told of twice", seed)
				}
				seen[c.Subject] = true
				continue
			}
			p := cs[i-1]
			kinds = kinds || p.At.Equal(c.At) && p.Kind != c.Kind
			if cmp.Or(p.At.Compare(c.At), cmp.Compare(p.Kind, c.Kind), cmp.Compare(p.What, c.What)) > 0 {
				t.Errorf("seed %d: %s %s %s before %s %s %s", seed, p.At, p.Kind, p.What, c.At, c.Kind, c.What)
			}
		}
		if !kinds || slices.IsSortedFunc(cs, func(a, b journey.Change) int { return a.At.Compare(b.At) }) {
			t.Error("the world has too little in it to see an order")
		}
	}
}

// A goal that stands as it stood is told once, whatever else its subject does.
func TestTheFeedTellsNoGoalTwice(t *testing.T) {
	tr := tracker(t, leads(journey.Boundary{}))
	record(t, tr, touch("order", "01-02", worth(5_00, "EUR")), touch("order", "01-03", worth(7_00, "EUR")))
	first, at := told(t, tr, storage.Cursor{})
	if !slices.Contains(kinds(first), "goal_reached purchase") {
		t.Fatalf("%q", kinds(first))
	}
	late := touch("form", "01-01")
	record(t, tr, late)
	cs, _ := told(t, tr, at)
	if len(cs) == 0 {
		t.Error("a form before all else changes nothing")
	}
	for _, c := range cs {
		if c.Kind == journey.GoalReached || c.Kind == journey.GoalRevoked {
			t.Errorf("%s %s at %s again", c.Kind, c.What, c.At)
		}
	}
}

// The members of an account's journey are sorted, whoever came first.
func TestMembersOfAJourneyAreSorted(t *testing.T) {
	several := 0
	for seed := range uint64(3) {
		tr := tracker(t, leads(journey.Boundary{}))
		record(t, tr, world(seed, 80)...)
		v, err := tr.View(ctx, on("12-31"))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range v.Subjects(identity.AccountEntity) {
			f, err := v.Fold(s)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range f.Journeys {
				if len(j.Members) > 1 {
					several++
				}
				if !slices.IsSortedFunc(j.Members, func(a, b journey.Subject) int { return cmp.Compare(a.ID, b.ID) }) {
					t.Errorf("members %v", j.Members)
				}
			}
		}
	}
	if several < 3 {
		t.Errorf("only %d journeys of several members", several)
	}
}
