package simulate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

// Labels tell of each record what the observation did to it.
func TestLabelsTellWhatWasDone(t *testing.T) {
	t.Parallel()
	w := scenario(t, "mediated")
	w.Observe = simulate.Observe{Duplicate: .3, Dirty: .6}
	p := run(t, w, 1, 300, 30)
	bad := refused(t, p)
	type told struct{ person, channel string }
	of, twins, unusable := map[touchpoint.Key]told{}, 0, 0
	for tp, l := range p.Labelled() {
		of[tp.Key()] = told{l.Person, l.Channel}
		if twin := tp.Source == "cdp"; twin != (l.Original != touchpoint.Key{}) {
			t.Fatalf("%s: a record that repeats %v", tp.Source, l.Original)
		}
		if l.Unusable != bad[tp.Key()] {
			t.Fatalf("unusable %v: %s", l.Unusable, line(tp))
		}
		if l.Unusable {
			unusable++
		}
	}
	for tp, l := range p.Labelled() {
		if l.Original != (touchpoint.Key{}) {
			if twins++; of[l.Original] != of[tp.Key()] {
				t.Fatalf("a twin of %v repeats a record of %v", of[tp.Key()], of[l.Original])
			}
		}
	}
	if n := truth(t, p, &simulate.TruthOptions{SkipWorlds: true}).Counts; twins == 0 || n.Twins != twins || unusable == 0 || n.Unusable != unusable {
		t.Errorf("%d twins and %d unusable records, counted %+v", twins, unusable, n)
	}
}

// Whichever channel brings whichever: a touch that nobody aimed was brought by the other's
// of the step before.
func TestLabelsTellWhatBroughtATouch(t *testing.T) {
	t.Parallel()
	for _, from := range []int{0, 1} {
		cs := channels(2)
		cs[from].Mu, cs[1-from].Mu = .3, 0
		w := simulate.World{Channels: cs, Excite: map[[2]string]float64{{cs[from].Name, cs[1-from].Name}: .5}}
		brought := 0
		for tp, l := range run(t, w, 1, 50, 20).Labelled() {
			if has := l.Parent != (touchpoint.Key{}); has != (l.Channel == cs[1-from].Name) {
				t.Fatalf("%s has parent %v: %s", l.Channel, has, line(tp))
			} else if has {
				brought++
			}
		}
		if brought == 0 {
			t.Errorf("from %d: nothing is brought", from)
		}
	}
}

// The clock of a device is off by one amount, in touches, logins and orders.
func TestADeviceIsOffByOneAmount(t *testing.T) {
	t.Parallel()
	w := scenario(t, "randomised")
	w.Observe = simulate.Observe{Fragment: .7, Login: 1, Skew: time.Hour}
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	off, kinds := map[string]time.Duration{}, map[touchpoint.Kind]int{}
	for tp, l := range run(t, w, 1, 300, 30).Labelled() {
		for _, id := range tp.IDs {
			if id.Type() != identity.AnonymousID || !tp.At.After(first) {
				continue // a clock that is behind does not go back before the world
			}
			kinds[tp.Kind]++
			d := tp.At.Sub(l.At)
			if was, known := off[id.Value()]; known && was != d || d == 0 {
				t.Fatalf("a device is off by %v and by %v: %s", was, d, line(tp))
			}
			off[id.Value()] = d
		}
	}
	if len(off) < 100 || kinds["login"] == 0 || kinds["order"] == 0 {
		t.Errorf("%d devices, %v", len(off), kinds)
	}
}

// However many records are held at once, all worlds give the same, also where steps are so
// short that touches fall on their borders, and where accounts buy.
func TestStepByStepIsTheSame(t *testing.T) {
	t.Parallel()
	for _, name := range simulate.Scenarios() {
		p := run(t, scenario(t, name), 2, 80, 40)
		if digest(p) != digest(p.StepByStep()) {
			t.Errorf("%s: other records", name)
		}
	}
	w := observed(simulate.World{Channels: channels(3), Step: time.Minute})
	for i := range w.Channels {
		w.Channels[i].Mu = 300
	}
	if p := run(t, w, 1, 5, 1); digest(p) != digest(p.StepByStep()) {
		t.Error("steps of a minute: other records")
	}
}

// Where nothing cools, nobody goes back.
func TestStagesWithoutCoolingOnlyRise(t *testing.T) {
	t.Parallel()
	w := scenario(t, "randomised")
	w.Stages = &simulate.Stages{Engage: .3, Told: 1}
	engaged := 0
	for person := range run(t, w, 1, 200, 40).People() {
		last := ""
		for _, m := range person.Stages {
			if m.Stage == "engagement" {
				engaged++
			}
			if m.Stage == "awareness" && last != "" {
				t.Fatalf("%s goes back to awareness from %s", person.ID, last)
			}
			last = m.Stage
		}
	}
	if engaged == 0 {
		t.Error("nobody is engaged")
	}
}

// What happens to a deal names the member who was touched last, were it on the first day.
func TestADealNamesWhoWasTouchedLast(t *testing.T) {
	t.Parallel()
	w := simulate.World{Channels: channels(1), Loss: 1, // everybody leaves after the first day
		Accounts: &simulate.Accounts{Max: 4, Known: map[string]float64{"c0": 1}, Opportunity: 1}}
	w.Channels[0].Mu = .5
	p := run(t, w, 1, 400, 30)
	touched, deals := map[string]bool{}, 0
	for tp, l := range p.Labelled() {
		if l.Channel != "" {
			touched[l.Person] = true
		}
		if tp.Stage == "opportunity" {
			if deals++; !touched[l.Person] {
				t.Fatalf("%s was never touched", l.Person)
			}
		}
	}
	if deals == 0 {
		t.Error("no opportunity")
	}
}

// There is no account of which nobody is in the population.
func TestEveryAccountHasMembers(t *testing.T) {
	t.Parallel()
	w := scenario(t, "b2b")
	for users := range 12 {
		n := 0
		for _, d := range truth(t, run(t, w, 1, users, 5), &simulate.TruthOptions{SkipWorlds: true}).Accounts {
			if n += len(d.Members); len(d.Members) == 0 {
				t.Errorf("%d people: %s has no members", users, d.Account)
			}
		}
		if n != users {
			t.Errorf("%d people: %d members", users, n)
		}
	}
}

// Full-width letters are another spelling of a word, and its blanks stay.
func TestFullWidthSpellingsAreOfTheSameWord(t *testing.T) {
	t.Parallel()
	w := simulate.World{Channels: channels(1), Observe: simulate.Observe{Dirty: 1}}
	w.Channels[0].Name = "A ~b!"
	wide := 0
	for tp := range run(t, w, 1, 100, 10).Touches() {
		if c := string(tp.Channel); strings.ContainsFunc(c, func(r rune) bool { return r >= 0x80 }) {
			if wide++; c != "Ａ ～ｂ！" {
				t.Fatalf("%q", c)
			}
		}
	}
	if wide == 0 {
		t.Error("no full-width spelling")
	}
}
