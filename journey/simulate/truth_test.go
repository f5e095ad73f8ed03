package simulate_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

func truth(t testing.TB, p *simulate.Population, o *simulate.TruthOptions) *simulate.Truth {
	t.Helper()
	tr, err := p.Truth(o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func total(m map[string]float64) (sum float64) {
	for _, x := range m {
		sum += x
	}
	return sum
}

// Invariants 3, 4 and 9: channels that do nothing have exactly nothing; credits sum to what
// was brought, causes to what was sold; all orders are in the file.
func TestTruthAddsUp(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		switch seed % 4 {
		case 1:
			w.Accounts = scenario(t, "b2b").Accounts
			w.Accounts.Known = nil
			if len(w.Channels) > 0 {
				w.Accounts.Known = map[string]float64{w.Channels[0].Name: .8}
			}
		case 2:
			w = observed(w)
		case 3:
			w.Loss = .02
		}
		p := run(t, w, seed, users, days)
		tr := truth(t, p, nil)
		for _, name := range tr.Placebo {
			if tr.Shapley[name] != 0 || tr.ShapleyValue[name] != 0 || tr.Removal[name] != 0 || tr.Trigger[name] != 0 {
				t.Errorf("placebo %s: shapley %v, removal %v, trigger %v", name, tr.Shapley[name], tr.Removal[name], tr.Trigger[name])
			}
		}
		if sum := total(tr.Shapley); !(math.Abs(sum-float64(tr.Full-tr.None)) <= 1e-9) {
			t.Errorf("Shapley sums to %v, want %d − %d", sum, tr.Full, tr.None)
		}
		first, last := tr.Worlds[0], tr.Worlds[len(tr.Worlds)-1]
		if sum := total(tr.ShapleyValue); !(math.Abs(sum-(last.Value-first.Value)) <= 1e-6) {
			t.Errorf("Shapley value sums to %v, want %v", sum, last.Value-first.Value)
		}
		for name, sum := range map[string]float64{"trigger": total(tr.Trigger), "lineage": total(tr.Lineage)} {
			if !(math.Abs(sum-float64(tr.Full)) <= 1e-9) {
				t.Errorf("%s sums to %v, want %d", name, sum, tr.Full)
			}
		}
		orders, value, records := int64(0), int64(0), 0
		for tp := range p.Touches() {
			records++
			if tp.Kind == touchpoint.KindOrder || tp.Kind == touchpoint.KindContract {
				orders++
				value += tp.Value.Minor
			}
		}
		if orders != tr.Full || !(math.Abs(float64(value)/100-last.Value) <= 1e-6) {
			t.Errorf("%d orders of %d cents in the file, %d of %v in the truth", orders, value, tr.Full, last.Value)
		}
		n := tr.Counts
		if want := n.Touches - n.Lost + n.Twins + n.Logins + n.Identify + n.Orders + n.Stages; n.Recorded != want || n.Recorded != records {
			t.Errorf("%d records written, %d counted, %d in all parts", records, n.Recorded, want)
		}
	})
}

// Any set of channels switched on sells what its world in the truth says.
func TestWorldsAreThoseThatRun(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		if seed%2 == 0 {
			w.Loss = .01
		}
		if seed%3 == 0 {
			w.Accounts = scenario(t, "b2b").Accounts
			w.Accounts.Known = nil
		}
		all := truth(t, run(t, w, seed, users, days), nil)
		world := all.Worlds[rand.New(rand.NewPCG(seed, 1)).IntN(len(all.Worlds))]
		w.Channels = slices.Clone(w.Channels)
		for c := range w.Channels {
			w.Channels[c].Off = !slices.Contains(world.On, w.Channels[c].Name)
		}
		some := truth(t, run(t, w, seed, users, days), nil)
		if got := some.Worlds[len(some.Worlds)-1]; !reflect.DeepEqual(got, world) || some.Full != world.Conversions {
			t.Errorf("running it sells %+v, want %+v", got, world)
		}
	})
}

func TestTruthDoesNotDependOnProcessors(t *testing.T) {
	w := scenario(t, "mediated")
	p := run(t, w, 3, 3000, 20)
	want, err := json.Marshal(truth(t, p, &simulate.TruthOptions{Scenario: "mediated", Seeds: 1}))
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	got, err := json.Marshal(truth(t, p, &simulate.TruthOptions{Scenario: "mediated", Seeds: 1}))
	if err != nil || string(got) != string(want) {
		t.Errorf("truth on three processors is %s, want %s", got, want)
	}
	var back simulate.Truth
	if err := json.Unmarshal(want, &back); err != nil || !reflect.DeepEqual(&back, truth(t, p, &simulate.TruthOptions{Scenario: "mediated", Seeds: 1})) {
		t.Errorf("read back: %v", err)
	}
}

func TestTruthWithoutWorlds(t *testing.T) {
	t.Parallel()
	p := run(t, scenario(t, "randomised"), 1, 500, 30)
	with, without := truth(t, p, nil), truth(t, p, &simulate.TruthOptions{SkipWorlds: true})
	if without.Worlds != nil || without.Shapley != nil || without.Removal != nil {
		t.Error("worlds were run")
	}
	if with.Full != without.Full || with.None != without.None || !reflect.DeepEqual(with.Trigger, without.Trigger) {
		t.Errorf("%d, %d without worlds, %d, %d with", without.Full, without.None, with.Full, with.None)
	}
	w := scenario(t, "randomised")
	for len(w.Channels) < 11 {
		c := w.Channels[0]
		c.Name += string(rune('a' + len(w.Channels)))
		w.Channels = append(w.Channels, c)
	}
	if _, err := run(t, w, 1, 10, 1).Truth(nil); err == nil {
		t.Error("2,048 worlds were run")
	}
}

// Causes are drawn in proportion to the parts of the rate: over many people the number of
// sales that a part is credited with is the integral of its rate over who is still there.
// In a world of one channel and no memory between steps the parts are known per step.
func TestCausesAreAsTheTheorySays(t *testing.T) {
	t.Parallel()
	w := simulate.World{Base: .01, Channels: []simulate.Channel{
		{Name: "A", Kind: "click", Mu: .3, Beta: .03, Tau: day / 40}, // e^−40: the memory of a step
		{Name: "B", Kind: "click", Mu: .3, Beta: .01, Tau: day / 40},
	}}
	type class struct{ a, b bool }
	got := map[class]map[string]float64{}
	touched := map[string]map[int]class{}
	p := run(t, w, 9, 6000, 30)
	start := truth(t, run(t, w, 9, 1, 1), nil).Start
	for tp := range p.Touches() {
		user, step := tp.IDs[0].Value(), int(tp.At.Sub(start)/day)
		if touched[user] == nil {
			touched[user] = map[int]class{}
		}
		c := touched[user][step]
		c.a, c.b = c.a || tp.Channel == "A", c.b || tp.Channel == "B"
		touched[user][step] = c
	}
	for person := range p.People() {
		if person.Converted.IsZero() {
			continue
		}
		c := touched[person.ID][int(person.Converted.Sub(start)/day)]
		if got[c] == nil {
			got[c] = map[string]float64{}
		}
		got[c][person.Cause.Channel]++
	}
	// χ² within each class of person-steps, against the shares of the rate
	for c, counts := range got {
		parts := map[string]float64{"(baseline)": .01}
		if c.a {
			parts["A"] = .03
		}
		if c.b {
			parts["B"] = .01
		}
		n, chi := total(counts), 0.0
		for name, part := range parts {
			want := n * part / total(parts)
			chi += (counts[name] - want) * (counts[name] - want) / want
		}
		if len(counts) > len(parts) || !(chi <= 18) { // 0.0001 of χ² with two degrees
			t.Errorf("class %+v: causes %v, parts %v, χ² %v", c, counts, parts, chi)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d classes of steps, want 4", len(got))
	}
}

// The parents in the labels are those that excitation made, and never lie in the future.
func TestParentsAreAsManyAsExcitationMakes(t *testing.T) {
	t.Parallel()
	w := scenario(t, "mediated")
	for c := range w.Channels {
		w.Channels[c].Beta = 0
	}
	at := map[touchpoint.Key]simulate.Label{}
	children, displays := map[string]float64{}, map[string]float64{}
	p := run(t, w, 2, 5000, 30)
	for tp, l := range p.Labelled() {
		at[tp.Key()] = l
		displays[l.Channel]++
		if l.Parent == (touchpoint.Key{}) {
			continue
		}
		parent, ok := at[l.Parent]
		if !ok || parent.Person != l.Person || !parent.At.Before(l.At) {
			t.Fatalf("%+v comes from %+v", l, parent)
		}
		children[parent.Channel+">"+l.Channel]++
	}
	for pair, e := range truth(t, p, &simulate.TruthOptions{SkipWorlds: true}).Excitation {
		n := displays[pair[:len(pair)-len(">Paid Search")]] * 29 / 30 // those of the last day have no next step
		// a search that targeting would have brought anyway has no parent
		if want := n * e; !(math.Abs(children[pair]-want) <= .1*want) {
			t.Errorf("%s: %v, want about %v", pair, children[pair], want)
		}
	}
	if len(children) != 2 {
		t.Errorf("parents %v", children)
	}
}

// The key that a person's cause names is a touch of theirs, of that channel.
func TestCauseIsATouchOfThePerson(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: not with -short")
	}
	t.Parallel()
	for _, name := range []string{"all", "fragmented", "b2b"} {
		p := run(t, scenario(t, name), 4, 2000, 60)
		at := map[touchpoint.Key]simulate.Label{}
		for tp, l := range p.Labelled() {
			if _, again := at[tp.Key()]; again {
				t.Fatalf("%s: key %v twice", name, tp.Key())
			}
			at[tp.Key()] = l
			if l.Original != (touchpoint.Key{}) && at[l.Original].Person == "" && l.Channel == "" {
				t.Fatalf("%s: twin %+v", name, l)
			}
		}
		found := 0
		for person := range p.People() {
			if person.Cause.Touch == (touchpoint.Key{}) {
				continue
			}
			found++
			l := at[person.Cause.Touch]
			if l.Person != person.ID || l.Channel != person.Cause.Channel || !person.Converted.IsZero() && !l.At.Before(person.Converted) {
				t.Errorf("%s: cause %+v of %s is %+v", name, person.Cause, person.ID, l)
			}
			if n := len(person.Lineage); n == 0 || !slices.Contains(person.Lineage, l.Channel) {
				t.Errorf("%s: lineage %q of %s", name, person.Lineage, l.Channel)
			}
		}
		if found < 20 {
			t.Errorf("%s: %d causes", name, found)
		}
	}
}

// Pinned by hand.
func TestScores(t *testing.T) {
	t.Parallel()
	tr := &simulate.Truth{
		Channels: []string{"A", "B", "P"}, Placebo: []string{"P"}, Full: 10, None: 6,
		Shapley: map[string]float64{"A": 3, "B": 1, "P": 0},
	}
	for name, c := range map[string]struct {
		credit map[string]float64
		want   simulate.Scores
	}{
		"the truth":          {map[string]float64{"A": 3, "B": 1, "P": 0, "(baseline)": 6}, simulate.Scores{TV: 0, Placebo: 0, Over: 1, Err: 0, Rank: 1}},
		"all to the placebo": {map[string]float64{"P": 4}, simulate.Scores{TV: 1, Placebo: 1, Over: 1, Err: 2, Rank: -2 / math.Sqrt(6)}},
		"equal shares":       {map[string]float64{"A": 1, "B": 1}, simulate.Scores{TV: .25, Placebo: 0, Over: .5, Err: .5, Rank: 2 / math.Sqrt(6)}},
		"a negative one":     {map[string]float64{"A": 4, "B": 1, "P": -1}, simulate.Scores{TV: .05, Placebo: 0, Over: 1, Err: .5, Rank: 1}},
		"an unknown channel": {map[string]float64{"A": 3, "B": 1, "X": 4}, simulate.Scores{TV: .5, Placebo: 0, Over: 2, Err: 1, Rank: 1 / math.Sqrt(30)}},
	} {
		got := simulate.Score(tr, c.credit)
		for i := range reflect.ValueOf(got).NumField() {
			g, w := reflect.ValueOf(got).Field(i).Float(), reflect.ValueOf(c.want).Field(i).Float()
			if !(math.Abs(g-w) <= 1e-12) {
				t.Errorf("%s: %+v, want %+v", name, got, c.want)
				break
			}
		}
	}
	if got := simulate.Score(tr, nil); got.TV != 1 || !math.IsNaN(got.Rank) {
		t.Errorf("no credit: %+v", got)
	}
}
