package journey_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// workedExample is the lead-to-revenue case of the specification: thirteen touches of one
// subject between January and October.
func workedExample() []touchpoint.Touch {
	return []touchpoint.Touch{
		touch("click", "01-01", by("anonymous_id:d1"), via("Paid Search")),
		touch("form", "01-05"),
		touch("webinar_attended", "01-20"),
		touch("demo_request", "02-01"),
		touch("meeting", "02-10"),
		touch("stage_change", "02-20", in("Nurture")),
		touch("pageview", "06-15"),
		touch("meeting", "06-20"),
		touch("opportunity", "07-01"),
		touch("proposal", "07-15"),
		touch("stage_change", "08-01", in("Closed Lost")),
		touch("stage_change", "09-01", in("opportunity")),
		touch("contract", "09-20", worth(1_200_000, "JPY")),
	}
}

func TestWorkedExampleIsOneJourneyOfNineSteps(t *testing.T) {
	f := fold(t, workedExample(), on("10-01"), leads(journey.B2B()))
	if len(f.Journeys) != 1 {
		t.Fatalf("journeys: %v", summary(f.Journeys))
	}
	j := f.Journeys[0]
	if got := summary(f.Journeys)[0]; got != "goal 01-01–09-20 9 steps 1 goals" {
		t.Error(got)
	}
	if days := j.Duration().Hours() / 24; days != 262 {
		t.Errorf("%v days", days)
	}
	if g := j.Goals[0]; g.Value.Text() != "1200000" || g.Value.Currency.String() != "JPY" || !g.Closed {
		t.Errorf("goal %+v", g)
	}
	if j.Entry != "anonymous" || j.Exit != "won" || j.Furthest != "won" {
		t.Errorf("entry %s exit %s furthest %s", j.Entry, j.Exit, j.Furthest)
	}
	var ms []string
	for _, m := range j.Milestones {
		ms = append(ms, m.Name+" "+m.At.Format("01-02"))
	}
	want := []string{"first_touch 01-01", "known 01-05", "mql 02-01", "opportunity 07-01", "won 09-20"}
	if !slices.Equal(ms, want) {
		t.Errorf("milestones %q", ms)
	}
	var moves []string
	for _, s := range j.Steps {
		moves = append(moves, string(s.Before)+">"+string(s.After))
	}
	want = []string{">anonymous", "anonymous>known", "known>known", "known>mql", "mql>sql", "dormant>nurture", "nurture>sql", "negotiation>negotiation", "opportunity>won"}
	want[7] = "opportunity>negotiation"
	if !slices.Equal(moves, want) {
		t.Errorf("stages around steps %q", moves)
	}
}

func TestWhereJourneysEnd(t *testing.T) {
	for _, c := range []struct {
		name     string
		boundary journey.Boundary
		touches  []touchpoint.Touch
		want     []string
	}{
		{"a purchase ends it and grace holds the receipt", journey.Boundary{}, []touchpoint.Touch{
			touch("click", "01-01"), touch("order", "01-02 10:00"), touch("pageview", "01-02 10:30"), touch("pageview", "01-02 10:31"),
		}, []string{"goal 01-01–01-02 3 steps 1 goals", "open 01-02–01-02 1 steps 0 goals"}},
		{"without grace the receipt begins the next", journey.Boundary{Grace: -1}, []touchpoint.Touch{
			touch("order", "01-02 10:00"), touch("pageview", "01-02 10:01"),
		}, []string{"goal 01-02–01-02 1 steps 1 goals", "open 01-02–01-02 1 steps 0 goals"}},
		{"a second purchase within the grace is a second journey", journey.Boundary{}, []touchpoint.Touch{
			touch("order", "01-02 10:00"), touch("order", "01-02 10:10"), touch("pageview", "01-02 10:15"),
		}, []string{"goal 01-02–01-02 1 steps 1 goals", "goal 01-02–01-02 2 steps 1 goals"}},
		{"all touches of the closing instant belong to it", journey.Boundary{Grace: -1}, []touchpoint.Touch{
			touch("order", "01-02"), touch("pageview", "01-02"),
		}, []string{"goal 01-02–01-02 2 steps 1 goals"}},
		{"a lost deal that reopens is one journey", journey.Boundary{}, []touchpoint.Touch{
			touch("meeting", "01-01"), touch("stage_change", "02-01", in("lost")), touch("stage_change", "03-01", in("opportunity")), touch("meeting", "03-02"),
		}, []string{"open 01-01–03-02 2 steps 0 goals"}},
		{"a lost deal that reopens too late is two", journey.Boundary{ReopenWithin: 7 * 24 * time.Hour}, []touchpoint.Touch{
			touch("meeting", "01-01"), touch("stage_change", "02-01", in("lost")), touch("stage_change", "03-01", in("opportunity")), touch("meeting", "03-02"),
		}, []string{"loss 01-01–01-01 1 steps 0 goals", "open 03-02–03-02 1 steps 0 goals"}},
		{"silence cuts nothing unless asked", journey.Boundary{}, []touchpoint.Touch{
			touch("click", "01-01"), touch("click", "12-01"),
		}, []string{"open 01-01–12-01 2 steps 0 goals"}},
		{"silence cuts where asked, and the last silence ends the journey", journey.B2C(), []touchpoint.Touch{
			touch("click", "01-01"), touch("impression", "01-31"), touch("click", "02-01"),
		}, []string{"silence 01-01–01-31 2 steps 0 goals", "silence 02-01–02-01 1 steps 0 goals"}},
		{"our own mailings do not break a silence", journey.B2C(), []touchpoint.Touch{
			touch("click", "12-01"), touch("email_sent", "12-20"), touch("click", "12-31"),
		}, []string{"open 12-01–12-31 3 steps 0 goals"}},
		{"a lifetime has no ends", journey.Relationship(), []touchpoint.Touch{
			touch("click", "01-01"), touch("order", "02-01"), touch("order", "03-01"), touch("stage_change", "04-01", in("lost")),
		}, []string{"open 01-01–03-01 3 steps 2 goals"}},
		{"records and bots begin nothing", journey.Boundary{}, []touchpoint.Touch{
			touch("identify", "01-01"), touch("pageview", "01-02", func(t *touchpoint.Touch) { t.Props = t.Props.SetBool("bot", true) }),
		}, nil},
		{"a sale that only records tell of is a journey without steps", journey.Boundary{}, []touchpoint.Touch{
			touch("stage_change", "01-01", in("won"), worth(500, "EUR")),
		}, []string{"goal 01-01–01-01 0 steps 1 goals"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fold(t, c.touches, on("12-31"), leads(c.boundary))
			if got := summary(f.Journeys); !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestWhatBotsDoMovesNobodyUnlessAsked(t *testing.T) {
	o := leads(journey.Boundary{})
	touches := []touchpoint.Touch{touch("form", "01-02", func(t *touchpoint.Touch) { t.Props = t.Props.SetBool("bot", true) })}
	if f := fold(t, touches, on("02-01"), o); len(f.History.Visits) != 0 || len(f.Journeys) != 0 {
		t.Errorf("a bot stands at %v", f.History.Visits)
	}
	o.Bots = true
	if f := fold(t, touches, on("02-01"), o); len(f.History.Visits) != 1 || len(f.Journeys) != 1 {
		t.Error("asked for, a bot's touches are still left out")
	}
}

func TestReversalsLowerWhatWasReached(t *testing.T) {
	order := touch("order", "01-02", worth(10_00, "EUR"), prop("order_id", "7"))
	back := touch("refund", "01-05", worth(-4_00, "EUR"), prop("order_id", "7"))
	more := touch("refund", "01-06", worth(-9_00, "EUR"), prop("order_id", "7"))
	stray := touch("refund", "01-07", worth(-1_00, "EUR"), prop("order_id", "8"))
	f := fold(t, []touchpoint.Touch{order, back}, on("02-01"), nil)
	if net := f.Journeys[0].Goals[0].Net; net.Minor != 6_00 || f.Unmatched != nil {
		t.Errorf("net %d, unmatched %v", net.Minor, f.Unmatched)
	}
	f = fold(t, []touchpoint.Touch{order, back, more, stray}, on("02-01"), nil)
	if g := f.Journeys[0].Goals[0]; g.Net.Minor != 0 || g.Value.Minor != 10_00 {
		t.Errorf("goal %+v", g)
	}
	if len(f.Unmatched) != 2 || f.Unmatched[0].Amount.Minor != 3_00 || f.Unmatched[1].Touch != stray.Key() {
		t.Errorf("unmatched %+v", f.Unmatched)
	}
	f = fold(t, []touchpoint.Touch{order, touch("order_cancelled", "01-03", prop("order_id", "7"))}, on("02-01"), nil)
	if net := f.Journeys[0].Goals[0].Net; net.Minor != 0 {
		t.Errorf("a cancelled order keeps %d", net.Minor)
	}
}

func TestGoalsOfTheCaller(t *testing.T) {
	m := stage.LeadToRevenue()
	o := &journey.Options{Model: &m, Goals: []journey.Goal{
		{ID: "lead", Stage: "known", Repeat: journey.OncePerSubject, Value: journey.FromGoal, Fixed: touchpoint.Money{Minor: 20_00, Currency: touchpoint.Currency{'U', 'S', 'D'}}},
		{ID: "demo", Rule: &stage.Rule{Kinds: []string{"demo_request"}}, Value: journey.FromNothing},
		{ID: "sale", Stage: "won", Closes: true},
	}}
	f := fold(t, workedExample(), on("10-01"), o)
	var got []string
	for _, g := range f.Journeys[0].Goals {
		got = append(got, g.Goal+" "+g.At.Format("01-02")+" "+g.Value.Text())
	}
	want := []string{"lead 01-05 20.00", "demo 02-01 ", "sale 09-20 1200000"}
	if !slices.Equal(got, want) {
		t.Errorf("goals %q", got)
	}
	o.Goals = []journey.Goal{{ID: "x", Stage: "nowhere"}}
	if _, err := journey.Fold(ann, nil, on("01-01"), o); err == nil {
		t.Error("a goal on an unknown stage was taken")
	}
}

// Cutting by the history that folding gave is folding.
func TestCutByAKnownHistory(t *testing.T) {
	o := leads(journey.B2B())
	f := fold(t, workedExample(), on("10-01"), o)
	cut, err := journey.Cut(ann, workedExample(), f.History, o)
	if err != nil || text(cut) != text(f) {
		t.Errorf("%v, %v against %v", err, summary(cut.Journeys), summary(f.Journeys))
	}
}

// A definition that changed does not rewrite what was told under the old one.
func TestVersionsJudgeByTheModelInForce(t *testing.T) {
	old, now := stage.LeadToRevenue(), stage.LeadToRevenue()
	old.Version, now.Version = "1", "2"
	for i := range now.Stages {
		if now.Stages[i].ID == "mql" {
			now.Stages[i].Entry = nil
		}
	}
	o := leads(journey.B2B())
	o.Model, o.Versions = nil, stage.Versions{{Model: old}, {From: on("03-01"), Model: now}}
	asWas := fold(t, workedExample(), on("10-01"), o)
	o.Model, o.Versions = &now, nil
	restated := fold(t, workedExample(), on("10-01"), o)
	has := func(f journey.Folded) bool {
		return slices.ContainsFunc(f.History.Visits, func(v stage.Visit) bool { return v.Stage == "mql" })
	}
	if !has(asWas) || has(restated) || asWas.History.Basis != stage.AsWas {
		t.Errorf("mql as was %v, restated %v, basis %s", has(asWas), has(restated), asWas.History.Basis)
	}
}

func TestPathsStopAtTheGoal(t *testing.T) {
	f := fold(t, []touchpoint.Touch{
		touch("impression", "01-01", via("Display")), touch("pageview", "01-02"), touch("click", "01-03", via("Paid Search")),
		touch("order", "01-04 10:00", worth(99_00, "EUR")), touch("pageview", "01-04 10:05", via("Direct")), touch("pageview", "01-20"),
	}, on("02-01"), nil)
	ps := f.Journeys[0].Paths(journey.Goal{}, journey.ByChannel)
	if len(ps) != 1 || !ps[0].Converted || ps[0].Value != 99_00 || len(ps[0].Steps) != 2 {
		t.Fatalf("paths %+v", ps)
	}
	if s := ps[0].Steps[1]; s.Channel != "Paid Search" || s.Actor != "ann" {
		t.Errorf("second step %+v", s)
	}
	if !ps[0].Start.IsZero() || !f.Journeys[1].Since.Equal(f.Journeys[0].End) {
		t.Errorf("under observation since %v, then %v", ps[0].Start, f.Journeys[1].Since)
	}
	ps = f.Journeys[0].Paths(journey.Goal{ID: "other"}, journey.ByKind)
	if len(ps) != 1 || ps[0].Converted || len(ps[0].Steps) != 5 {
		t.Errorf("paths to a goal not reached %+v", ps)
	}
}

// J1, J2, J3, J4: journeys partition the steps, goals are conserved, only the last journey
// may be open, and a lifetime has the same steps in one.
func TestJourneysPartitionTheTouches(t *testing.T) {
	for seed := range uint64(many(300, 300)) {
		touches := world(seed, 60)
		r := rand.New(rand.NewPCG(seed, 1))
		b := journey.Boundary{
			Inactivity:   time.Duration(r.IntN(3)) * 10 * 24 * time.Hour,
			Grace:        time.Duration(r.IntN(4)-1) * 6 * time.Hour,
			ReopenWithin: time.Duration(r.IntN(3)-1) * 30 * 24 * time.Hour,
		}
		o := leads(b)
		o.Twins = &touchpoint.TwinRules{Off: true}
		f := fold(t, touches, on("12-31"), o)
		sorted := slices.Clone(touches)
		slices.SortFunc(sorted, touchpoint.Compare)
		var want, got []touchpoint.Key
		for _, tp := range sorted {
			if tp.Kind.Info().Class != touchpoint.Record {
				want = append(want, tp.Key())
			}
		}
		goals := map[touchpoint.Key]int{}
		for n, j := range f.Journeys {
			if j.Seq != n+1 || j.Reason == journey.Open && n != len(f.Journeys)-1 {
				t.Fatalf("seed %d: journey %d of %d is %s", seed, j.Seq, len(f.Journeys), j.Reason)
			}
			for _, s := range j.Steps {
				got = append(got, s.Touch)
			}
			for _, g := range j.Goals {
				goals[g.Touch]++
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d steps in journeys, %d touches", seed, len(got), len(want))
		}
		for _, tp := range touches {
			if tp.Kind.Info().Class == touchpoint.Conversion && goals[tp.Key()] != 1 {
				t.Fatalf("seed %d: conversion %s counts %d times", seed, tp.ID, goals[tp.Key()])
			}
		}
		o.Boundary = journey.Relationship()
		if life := fold(t, touches, on("12-31"), o).Journeys; len(life) != 1 || len(life[0].Steps) != len(want) {
			t.Fatalf("seed %d: lifetime gives %v", seed, summary(life))
		}
		r.Shuffle(len(touches), func(i, k int) { touches[i], touches[k] = touches[k], touches[i] })
		o.Boundary = b
		if again := fold(t, append(touches, touches[:20]...), on("12-31"), o); text(f) != text(again) {
			t.Fatalf("seed %d: another order gives other journeys", seed)
		}
	}
}

func TestAJourneyOfOneStageIsInItAtItsEnd(t *testing.T) {
	f := fold(t, []touchpoint.Touch{touch("form", "01-05")}, on("01-06"), nil)
	if j := f.Journeys[0]; len(j.Stages) != 1 || j.Exit != j.Stages[0].Stage || j.Furthest != j.Exit {
		t.Errorf("stages %v, exit %q, furthest %q", j.Stages, j.Exit, j.Furthest)
	}
}

// A sale that only a record tells of is a journey without steps, and so without a first touch.
func TestAJourneyOfRecordsHasNoFirstTouch(t *testing.T) {
	f := fold(t, []touchpoint.Touch{touch("stage_change", "01-05", in("won"))}, on("01-06"), leads(journey.B2B()))
	j := f.Journeys[0]
	if len(j.Steps) != 0 || slices.ContainsFunc(j.Milestones, func(m journey.Milestone) bool { return m.Name == "first_touch" }) {
		t.Errorf("%d steps, milestones %v", len(j.Steps), j.Milestones)
	}
}
