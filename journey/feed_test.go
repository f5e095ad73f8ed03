package journey_test

import (
	"cmp"
	"errors"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// told collects the changes after a cursor and the cursor to go on from.
func told(t *testing.T, tr *journey.Tracker, since storage.Cursor) ([]journey.Change, storage.Cursor) {
	t.Helper()
	var out []journey.Change
	for c, err := range tr.Changes(ctx, since) {
		if err != nil {
			t.Fatal(err)
		}
		out, since = append(out, c), c.Cursor
	}
	return out, since
}

func kinds(cs []journey.Change) []string {
	var out []string
	for _, c := range cs {
		what := c.What
		if c.Kind == journey.Opened || c.Kind == journey.Closed || c.Kind == journey.Replaced {
			what = c.At.Format("01-02")
		}
		out = append(out, string(c.Kind)+" "+what)
	}
	return out
}

func TestALateFactRevisesExactlyTheAffectedHistory(t *testing.T) {
	tr := tracker(t, leads(journey.Boundary{}))
	record(t, tr, touch("form", "01-05"), touch("meeting", "02-01"), touch("form", "01-06", by("email:bob@example.org")))
	first, at := told(t, tr, storage.Cursor{})
	if len(first) == 0 {
		t.Fatal("nothing told")
	}
	if again, _ := told(t, tr, at); len(again) != 0 {
		t.Errorf("told twice: %v", kinds(again))
	}
	late := touch("order", "01-10", worth(5_00, "EUR"))
	record(t, tr, late)
	cs, _ := told(t, tr, at)
	subject := map[identity.Entity]journey.Subject{}
	for _, c := range cs {
		if !slices.Equal(c.Facts, []storage.Key{storage.Fact{Touch: &late}.Key()}) {
			t.Errorf("%s blames %v", c.Kind, c.Facts)
		}
		if first, seen := subject[c.Subject.Entity]; seen && first != c.Subject {
			t.Errorf("somebody else's change: %+v", c)
		}
		subject[c.Subject.Entity] = c.Subject
	}
	got := kinds(cs)
	for _, want := range []string{"revised won/1", "goal_reached purchase", "closed 01-10"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestTheFeedOfARetractionRevokes(t *testing.T) {
	tr := tracker(t, leads(journey.Boundary{}))
	login := touch("login", "01-02", by("anonymous_id:d1", "user_id:u1"))
	record(t, tr, touch("order", "01-01", by("anonymous_id:d1"), worth(5_00, "EUR")), login, touch("form", "01-03", by("user_id:u1")))
	_, at := told(t, tr, storage.Cursor{})
	o := identity.Override{ID: "o", At: on("01-04"), Actor: "ann", Op: identity.Retract, Scope: identity.Scope{Ref: identity.Ref{Source: "test", ID: login.ID}}}
	if _, err := tr.Learn(ctx, storage.Fact{Override: &o}); err != nil {
		t.Fatal(err)
	}
	cs, _ := told(t, tr, at)
	got := kinds(cs)
	for _, want := range []string{"goal_revoked purchase", "goal_reached purchase", "replaced 01-01"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// state is what the feed tells, replayed or read from a view.
type state struct {
	visits   map[[2]string]string
	goals    map[[3]string]int
	journeys map[string]string
}

func newState() state {
	return state{map[[2]string]string{}, map[[3]string]int{}, map[string]string{}}
}

func (s state) replay(cs []journey.Change) {
	// Goals may be revoked and reached in one batch, and a visit may go and come: what goes, goes first.
	for _, gone := range []bool{true, false} {
		for _, c := range cs {
			visit := [2]string{c.Subject.ID, c.What}
			goal := [3]string{c.Subject.ID, c.What, c.At.String()}
			switch c.Kind {
			case journey.Moved, journey.Revised:
				if c.New == "" && gone {
					delete(s.visits, visit)
				} else if c.New != "" && !gone {
					s.visits[visit] = c.New
				}
			case journey.GoalRevoked:
				if gone {
					if s.goals[goal]--; s.goals[goal] == 0 {
						delete(s.goals, goal)
					}
				}
			case journey.GoalReached:
				if !gone {
					s.goals[goal]++
				}
			case journey.Replaced:
				if gone {
					delete(s.journeys, c.What)
				}
			case journey.Opened:
				if !gone {
					s.journeys[c.What] = string(journey.Open)
				}
			}
		}
	}
	for _, c := range cs {
		if c.Kind == journey.Closed {
			s.journeys[c.What] = c.New
		}
	}
}

func read(t *testing.T, v *journey.View) state {
	s := newState()
	for _, e := range []identity.Entity{identity.PersonEntity, identity.AccountEntity} {
		for _, sub := range v.Subjects(e) {
			f, err := v.Fold(sub)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range f.History.Visits {
				s.visits[[2]string{sub.ID, string(x.Stage) + "/" + string(rune('0'+x.Number/10)) + string(rune('0'+x.Number%10))}] = x.Enter.UTC().Format("2006-01-02T15:04:05.000000Z")
			}
			for _, j := range f.Journeys {
				s.journeys[j.ID] = string(j.Reason)
				for _, g := range j.Goals {
					s.goals[[3]string{sub.ID, g.Goal, g.At.String()}]++
				}
			}
		}
	}
	return s
}

// pad gives visit names two digits, as read does.
func pad(s state) state {
	out := state{map[[2]string]string{}, s.goals, s.journeys}
	for k, v := range s.visits {
		if name := k[1]; name[len(name)-2] == '/' {
			k[1] = name[:len(name)-1] + "0" + name[len(name)-1:]
		}
		out.visits[k] = v
	}
	return out
}

// Replaying the feed from empty, in whatever pieces, gives the present state.
func TestReplayingTheFeedGivesThePresent(t *testing.T) {
	for seed := range uint64(many(12, 12)) {
		o := leads(journey.Boundary{})
		o.Twins = &touchpoint.TwinRules{Off: true}
		tr := tracker(t, o)
		touches := world(seed, 70)
		r := rand.New(rand.NewPCG(seed, 9))
		r.Shuffle(len(touches), func(i, k int) { touches[i], touches[k] = touches[k], touches[i] })
		s := newState()
		var at storage.Cursor
		for len(touches) > 0 {
			n := min(1+r.IntN(15), len(touches))
			record(t, tr, touches[:n]...)
			touches = touches[n:]
			var cs []journey.Change
			cs, at = told(t, tr, at)
			s.replay(cs)
		}
		v, err := tr.View(ctx, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		want := read(t, v)
		got := pad(s)
		if !reflect.DeepEqual(got.visits, want.visits) {
			for k, v := range want.visits {
				if got.visits[k] != v {
					t.Errorf("seed %d: %v is told to begin %s, begins %s", seed, k, got.visits[k], v)
				}
			}
			for k, v := range got.visits {
				if want.visits[k] == "" {
					t.Errorf("seed %d: %v is told to begin %s and does not", seed, k, v)
				}
			}
			t.Fatalf("seed %d: visits differ: %d told, %d there", seed, len(got.visits), len(want.visits))
		}
		if !reflect.DeepEqual(got.goals, want.goals) {
			t.Fatalf("seed %d: goals differ\n%v\n%v", seed, got.goals, want.goals)
		}
		if !reflect.DeepEqual(got.journeys, want.journeys) {
			t.Fatalf("seed %d: journeys differ\n%v\n%v", seed, got.journeys, want.journeys)
		}
	}
}

func TestTheFeedRefusesAForeignCursor(t *testing.T) {
	tr := tracker(t, nil)
	for _, err := range tr.Changes(ctx, storage.MakeCursor("nonsense")) {
		if !errors.Is(err, storage.ErrCursor) {
			t.Errorf("error %v", err)
		}
		return
	}
	t.Error("no error")
}

// The feed of a store with rows reads a part of the facts, and tells what the feed tells that
// reads them all.
func TestThePartialFeedIsTheWholeFeed(t *testing.T) {
	for seed := range uint64(many(10, 300)) {
		o := leads(journey.Boundary{})
		st := new(memstore.Store)
		tr, plain := trackerOn(t, st, o), trackerOn(t, bare(st), o)
		r := rand.New(rand.NewPCG(seed, 13))
		deeds := history(seed, 60)
		r.Shuffle(len(deeds), func(i, k int) { deeds[i], deeds[k] = deeds[k], deeds[i] })
		var at storage.Cursor
		for len(deeds) > 0 {
			n := min(1+r.IntN(6), len(deeds))
			do(t, r, tr, st, deeds[:n]...)
			deeds = deeds[n:]
			got, next := told(t, tr, at)
			want, _ := told(t, plain, at)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, %d deeds to go: %d changes in part, %d of all\n%v\n%v", seed, len(deeds), len(got), len(want), kinds(got), kinds(want))
			}
			if at = next; len(got) == 0 {
				for c, err := range st.Changes(ctx, at) {
					if err != nil {
						t.Fatal(err)
					}
					at = c.Cursor
				}
			}
		}
	}
}

// A call reads what the news concerns: the person, and the members of the account.
func TestTheFeedReadsWhatTheNewsConcerns(t *testing.T) {
	st := &reads{Store: new(memstore.Store)}
	tr := trackerOn(t, st, nil)
	record(t, tr, crowd(400)...)
	_, at := told(t, tr, storage.Cursor{})
	for _, late := range []touchpoint.Touch{
		touch("order", "06-01", by("anonymous_id:d-7-0"), worth(5_00, "EUR")),
		touch("order", "06-02", by("crm_account_id:a9", "domain:firm9.example"), worth(5_00, "EUR")),
	} {
		record(t, tr, late)
		st.reset()
		var cs []journey.Change
		if cs, at = told(t, tr, at); len(cs) == 0 {
			t.Error("nothing told")
		}
		if calls, given := st.reset(); calls > 40 || given > 200 {
			t.Errorf("one touch among 4,000: %d calls, %d values read", calls, given)
		}
	}
}

// What only time brought is told with the next fact of its subject, though others' facts
// came meanwhile.
func TestAStallIsToldWithTheNextFact(t *testing.T) {
	m := stage.LeadToRevenue()
	m.DormantAfter = 0
	for i := range m.Stages {
		if m.Stages[i].Kind == stage.Open {
			m.Stages[i].StallAfter = 10 * 24 * time.Hour
		}
	}
	c := clock.NewManual(on("01-01"))
	tr, err := journey.NewTracker(new(memstore.Store), &journey.Options{Model: &m, Clock: c, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	record(t, tr, touch("form", "01-01"))
	_, at := told(t, tr, storage.Cursor{})
	c.Set(on("02-01"))
	other := touch("form", "02-01", by("user_id:other"))
	other.ReceivedAt = on("02-01")
	record(t, tr, other)
	_, at = told(t, tr, at)
	c.Set(on("03-01"))
	next := touch("form", "03-01")
	next.ReceivedAt = on("03-01")
	record(t, tr, next)
	cs, _ := told(t, tr, at)
	if got := kinds(cs); !slices.ContainsFunc(got, func(k string) bool { return strings.HasPrefix(k, "stalled") }) || !slices.ContainsFunc(got, func(k string) bool { return strings.HasPrefix(k, "resumed") }) {
		t.Errorf("told %q, want that a silence began and that it ended", got)
	}
}

// A touch of nobody, which leads to a firm by its web site alone, belongs to that firm: when it
// is news, and when news makes the firm another account.
func TestChangesTellTheFirmOfANobodysVisit(t *testing.T) {
	st := new(memstore.Store)
	tr, plain := trackerOn(t, st, nil), trackerOn(t, bare(st), nil)
	record(t, tr, touch("form", "01-02", by("email:ann@firm.example")))
	_, since := told(t, tr, storage.Cursor{})
	for _, tp := range []touchpoint.Touch{
		touch("order", "01-05", by("anonymous_id:null"), worth(100_00, "EUR"), prop("website", "https://firm.example/shop")),
		touch("meeting", "01-06", by("domain:firm.example", "crm_account_id:a1")),
		touch("order", "01-07", by("email:ann@firm.example", "crm_account_id:a1"), worth(100_00, "EUR")), // news of a person and of a firm
	} {
		record(t, tr, tp)
		of, _ := told(t, plain, since)
		got, next := told(t, tr, since)
		if since = next; len(got) == 0 || !reflect.DeepEqual(got, of) {
			t.Errorf("%s: told %v, and of all facts %v", tp.Kind, got, of)
		}
		if !slices.IsSortedFunc(got, func(a, b journey.Change) int { return cmp.Compare(a.Subject.Entity, b.Subject.Entity) }) {
			t.Errorf("%s: accounts are told before people", tp.Kind)
		}
	}
}
