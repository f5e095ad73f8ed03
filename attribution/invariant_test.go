package attribution_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// rules are the conserving rules; those that need times come last.
func rules(timed bool) []attribution.Attributor {
	ms := []attribution.Model{
		attribution.First{}, attribution.Last{}, attribution.Linear{}, attribution.Linear{By: attribution.Distinct},
		attribution.Linear{By: attribution.Runs}, attribution.Position{}, attribution.Position{First: .3, Last: .3, Two: attribution.Renormalise},
		attribution.JShaped(), attribution.InverseJ(), attribution.Ramp{}, attribution.Ramp{By: attribution.Distinct},
		attribution.TimeDecay{Spacing: time.Hour}, attribution.TimeDecay{Spacing: 24 * time.Hour, Floor: true},
	}
	if timed {
		ms = append(ms, attribution.TimeDecay{}, attribution.TimeDecay{HalfLife: time.Minute}, attribution.SameTouch{Within: 100 * time.Hour})
	}
	var as []attribution.Attributor
	for _, m := range ms {
		as = append(as, attribution.Rule(m))
	}
	return append(as, attribution.Shapley{})
}

// conserving are all models whose credits add up.
func conserving(timed bool) []attribution.Attributor {
	return append(rules(timed), attribution.Markov{}, attribution.Markov{Order: 3}, attribution.Markov{DropNulls: true},
		attribution.Markov{Order: 2, Value: attribution.ConversionShare}, attribution.Markov{Per: attribution.PerJourney})
}

// eachSet tries a property on random sets, every second one timed.
func eachSet(t *testing.T, f func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path)) {
	t.Helper()
	for i := range rounds() {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		timed := i%2 == 0
		ps := randomPaths(r, timed)
		f(t, r, timed, ps)
		if t.Failed() {
			t.Fatalf("set %d: %+v", i, ps)
		}
	}
}

// Invariant 1.
func TestCreditsAddUp(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		for _, a := range conserving(timed) {
			res := run(t, js, a)
			conv, value := 0.0, int64(0)
			for _, c := range res.Credits {
				conv += c.Conversions
				value += c.Value
			}
			if !res.Conserves || !near(conv, js.Conversions(), 1e-9) || value != js.Value() {
				t.Errorf("%s: %v of %v, %d of %d", a.Name(), conv, js.Conversions(), value, js.Value())
			}
		}
	})
}

// Invariants 2 and 24.
func TestLedgerSumsToEachValue(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path) {
		for _, p := range ps {
			amount := r.Int64N(1000)
			sale, refund := &attribution.Journeys{}, &attribution.Journeys{}
			p.Converted, p.Value = true, amount
			if err := errors.Join(sale.Add(p), refund.Refund(p, amount)); err != nil {
				t.Fatal(err)
			}
			for _, a := range rules(timed) {
				m := run(t, sale, a).Split
				earned, owed := entries(t, sale, m), entries(t, refund, m)
				sum := int64(0)
				for i, e := range earned {
					sum += e.Value
					if amount > 0 && owed[i].Value != -e.Value {
						t.Errorf("%s: refund %d of %d", a.Name(), owed[i].Value, e.Value)
					}
				}
				if sum != amount {
					t.Errorf("%s: ledger %d of %d", a.Name(), sum, amount)
				}
			}
		}
	})
}

func entries(t *testing.T, js *attribution.Journeys, m attribution.Model) []attribution.Entry {
	t.Helper()
	var es []attribution.Entry
	for e, err := range attribution.Ledger(js, m) {
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

// Invariant 3.
func TestCreditIsNotNegative(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		for _, a := range conserving(timed) {
			for _, c := range run(t, setOf(t, ps...), a).Credits {
				if !(c.Conversions >= 0) || c.Value < 0 {
					t.Errorf("%s: %+v", a.Name(), c)
				}
			}
		}
	})
}

// full is a result as text, intervals included.
func full(t *testing.T, js *attribution.Journeys, a attribution.Attributor) string {
	t.Helper()
	res, err := a.Attribute(js, &attribution.Options{Interval: attribution.Interval{Reps: 20, Seed: 3}})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x %+v %v %+v", bits(res), res.Credits, res.Tied, res.Params)
}

func bits(res *attribution.Result) (out []uint64) {
	for _, c := range res.Credits {
		out = append(out, math.Float64bits(c.Conversions), math.Float64bits(c.Lo), math.Float64bits(c.Hi))
	}
	return out
}

// Invariants 4, 6 and 13: order, splitting, merging and encoding cannot be seen.
func TestHowASetIsBuiltCannotBeSeen(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path) {
		whole := setOf(t, ps...)
		parts := make([]*attribution.Journeys, 1+r.IntN(16))
		for i := range parts {
			parts[i] = &attribution.Journeys{}
		}
		for _, p := range shuffled(r, ps) {
			js := parts[r.IntN(len(parts))]
			if timed {
				p.Steps = slices.Clone(p.Steps)
				r.Shuffle(len(p.Steps), func(i, j int) { p.Steps[i], p.Steps[j] = p.Steps[j], p.Steps[i] })
			}
			if p.Weight == 2 {
				one, other := p, p
				one.Weight, other.Weight = 1, 1
				other.Value = p.Value / 2
				one.Value = p.Value - other.Value
				if err := errors.Join(js.Add(one), js.Add(other)); err != nil {
					t.Fatal(err)
				}
			} else if err := js.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		merged := &attribution.Journeys{}
		for _, i := range r.Perm(len(parts)) {
			if err := merged.Merge(parts[i]); err != nil {
				t.Fatal(err)
			}
		}
		want, got := encoded(t, whole), encoded(t, merged)
		if !bytes.Equal(want, got) {
			t.Error("merged set encodes differently")
		}
		var back attribution.Journeys
		if err := back.UnmarshalBinary(want); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, encoded(t, &back)) {
			t.Error("decoded set encodes differently")
		}
		for _, a := range conserving(timed) {
			w := full(t, whole, a)
			for _, js := range []*attribution.Journeys{merged, &back} {
				if g := full(t, js, a); g != w {
					t.Errorf("%s:\n%s\n%s", a.Name(), w, g)
				}
			}
		}
		half := setOf(t, ps[:len(ps)/2]...)
		if err := merged.Subtract(half); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encoded(t, merged), encoded(t, setOf(t, ps[len(ps)/2:]...))) {
			t.Error("subtracting one half does not leave the other")
		}
		before := encoded(t, merged)
		if err := merged.Subtract(whole); err == nil && half.Len() > 0 {
			t.Error("more was taken than was there")
		} else if err != nil && !bytes.Equal(before, encoded(t, merged)) {
			t.Error("refused subtraction changed the set")
		}
	})
}

func encoded(t *testing.T, js *attribution.Journeys) []byte {
	t.Helper()
	b, err := js.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Invariant 5.
func TestRenamingChannelsRenamesCredits(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		renamed := slices.Clone(ps)
		for i := range renamed {
			renamed[i].Steps = slices.Clone(ps[i].Steps)
			for j := range renamed[i].Steps {
				renamed[i].Steps[j].Channel = "x" + ps[i].Steps[j].Channel
			}
		}
		for _, a := range conserving(timed) {
			x, y := run(t, setOf(t, ps...), a), run(t, setOf(t, renamed...), a)
			for _, c := range x.Credits {
				if c.Channel == attribution.Unattributed {
					continue
				}
				if d := y.Credit("x" + c.Channel); d.Conversions != c.Conversions || d.Value != c.Value {
					t.Errorf("%s: %+v, renamed %+v", a.Name(), c, d)
				}
			}
		}
	})
}

// Invariant 7.
func TestShiftingAllTimesChangesNothing(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		if !timed {
			return
		}
		moved := slices.Clone(ps)
		for i := range moved {
			moved[i].End = ps[i].End.Add(1000 * time.Hour)
			moved[i].Steps = slices.Clone(ps[i].Steps)
			for j := range moved[i].Steps {
				moved[i].Steps[j].At = ps[i].Steps[j].At.Add(1000 * time.Hour)
			}
		}
		for _, a := range conserving(true) {
			x, y := run(t, setOf(t, ps...), a), run(t, setOf(t, moved...), a)
			if !reflect.DeepEqual(x.Credits, y.Credits) {
				t.Errorf("%s: %+v, moved %+v", a.Name(), x.Credits, y.Credits)
			}
		}
	})
}

// Invariant 8.
func TestTripleValueIsTripleMoney(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		triple := slices.Clone(ps)
		for i := range triple {
			triple[i].Value *= 3
		}
		for _, a := range conserving(timed) {
			x, y := run(t, setOf(t, ps...), a), run(t, setOf(t, triple...), a)
			for i, c := range x.Credits {
				d := y.Credits[i]
				if c.Conversions != d.Conversions || max(c.Value*3-d.Value, d.Value-c.Value*3) > 3 {
					t.Errorf("%s: %+v, three times the value %+v", a.Name(), c, d)
				}
			}
		}
	})
}

// Invariant 9.
func TestChannelOfNullPathsAloneGetsNothing(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, _ bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		if err := js.AddRow(attribution.Row{Channels: []string{"Z", "Z"}, Nulls: 3}); err != nil {
			t.Fatal(err)
		}
		for _, a := range conserving(false) {
			if c := run(t, js, a).Credit("Z"); c.Conversions != 0 || c.Value != 0 || c.Removal != 0 {
				t.Errorf("%s: %+v", a.Name(), c)
			}
		}
	})
}

// Invariants 10 and 20 for the game Sum, by the definition of the Shapley value.
func TestSumShapleyIsTheShapleyValue(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, _ bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		names := js.Channels()
		if len(names) > 6 {
			return
		}
		worth := make([]float64, 1<<len(names))
		for _, p := range ps {
			if !p.Converted || len(p.Steps) == 0 {
				continue
			}
			set, w := 0, p.Weight
			for _, s := range p.Steps {
				set |= 1 << slices.Index(names, s.Channel)
			}
			if w == 0 {
				w = 1
			}
			for s := range worth {
				if s&set == set {
					worth[s] += w
				}
			}
		}
		res := run(t, js, attribution.Shapley{})
		lin := run(t, js, attribution.Rule(attribution.Linear{By: attribution.Distinct}))
		for i, name := range names {
			phi := 0.0
			for s := range worth {
				if s>>i&1 == 0 {
					k := 0
					for x := s; x > 0; x &= x - 1 {
						k++
					}
					phi += (worth[s|1<<i] - worth[s]) / (float64(len(names)) * binomial(len(names)-1, k))
				}
			}
			if c := res.Credit(name); !near(c.Conversions, phi, 1e-9) || c.Conversions != lin.Credit(name).Conversions {
				t.Errorf("%s: %v, by definition %v", name, c.Conversions, phi)
			}
		}
	})
}

func binomial(n, k int) float64 {
	x := 1.0
	for i := range k {
		x = x * float64(n-i) / float64(i+1)
	}
	return x
}

// Invariant 12.
func TestMarkovOracles(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, _ bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		if js.Conversions() == 0 {
			return
		}
		for k := 1; k <= 5; k++ {
			exact := run(t, js, attribution.Markov{Order: k})
			swept := run(t, js, attribution.Markov{Order: k, Dense: 1})
			p := exact.Params.(*attribution.MarkovParams)
			if rate := js.Conversions() / (js.Conversions() + js.Nulls()); !near(p.Conversion, rate, 1e-12) {
				t.Errorf("order %d: P(conversion) %v, rate %v", k, p.Conversion, rate)
			}
			for i, c := range exact.Credits {
				if d := swept.Credits[i]; !near(d.Removal, c.Removal, 1e-12) || !near(d.Conversions, c.Conversions, 1e-10) {
					t.Errorf("order %d %s: inverse %v, sweeps %v", k, c.Channel, c.Removal, d.Removal)
				}
				if want := removalByHand(ps, k, c.Channel); !near(c.Removal, want, 1e-9) {
					t.Errorf("order %d %s: %v, by hand %v", k, c.Channel, c.Removal, want)
				}
			}
		}
		long := run(t, js, attribution.Markov{Order: 8}) // the longest path has 7 steps
		for _, name := range js.Channels() {
			in := 0.0
			for _, p := range ps {
				if p.Converted && slices.ContainsFunc(p.Steps, func(s attribution.Step) bool { return s.Channel == name }) {
					w := p.Weight
					if w == 0 {
						w = 1
					}
					in += w
				}
			}
			if c := long.Credit(name); !near(c.Removal, in/js.Conversions(), 1e-10) {
				t.Errorf("%s: order above all lengths %v, share of paths %v", name, c.Removal, in/js.Conversions())
			}
		}
	})
}

// removalByHand is the removal effect from its definition: power iteration on a chain of
// full k-grams, self-loops left out, with the channel's states leading to null.
func removalByHand(ps []attribution.Path, k int, gone string) float64 {
	type edge struct{ from, to int }
	places := map[string]int{}
	var grams [][]string
	place := func(gram ...string) int {
		name := strings.Join(gram, "\x00")
		if _, ok := places[name]; !ok {
			places[name] = len(grams)
			grams = append(grams, gram)
		}
		return places[name]
	}
	start, good, bad := place("(start)"), place("(conversion)"), place("(null)")
	n := map[edge]float64{}
	for _, p := range ps {
		w := p.Weight
		if w == 0 {
			w = 1
		}
		at := start
		walk := func(to int) {
			if to != at {
				n[edge{at, to}] += w
			}
			at = to
		}
		var gram []string
		for _, s := range p.Steps {
			gram = append(slices.Clone(gram), s.Channel)
			if len(gram) > k {
				gram = gram[1:]
			}
			walk(place(gram...))
		}
		if p.Converted {
			walk(good)
		} else {
			walk(bad)
		}
	}
	from := make([]float64, len(grams))
	for e, c := range n {
		from[e.from] += c
	}
	hit := func(without string) float64 {
		type hop struct {
			edge
			p float64
		}
		var hops []hop
		for e, c := range n {
			if !slices.Contains(grams[e.from], without) {
				hops = append(hops, hop{e, c / from[e.from]})
			}
		}
		h, next := make([]float64, len(grams)), make([]float64, len(grams))
		h[good] = 1
		for range 20_000 {
			clear(next)
			next[good] = 1
			for _, x := range hops {
				next[x.from] += x.p * h[x.to]
			}
			change := 0.0
			for s, x := range next {
				change = max(change, math.Abs(x-h[s]))
			}
			h, next = next, h
			if change < 1e-14 {
				break
			}
		}
		return h[start]
	}
	return 1 - hit(gone)/hit("")
}

// Invariants 14 and 15.
func TestPreparationIsMonotone(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		prepare := func(p *attribution.Preparation) *attribution.Journeys {
			out, _, err := js.Prepare(p)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		steps := func(p *attribution.Preparation) int {
			_, rep, err := js.Prepare(p)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, k := range rep.Dropped {
				n += k
			}
			return n
		}
		if !bytes.Equal(encoded(t, prepare(nil)), encoded(t, js)) {
			t.Error("no preparation changes the set")
		}
		if timed {
			d := time.Duration(r.IntN(3_000_000)) * time.Second
			win := func(d time.Duration) *attribution.Preparation {
				return &attribution.Preparation{Window: attribution.Window{Click: d, Impression: d, Other: d}}
			}
			if steps(win(2*d)) > steps(win(d)) {
				t.Error("wider window drops more")
			}
		}
		few := attribution.Exclude{Names: []string{"A"}}
		more := attribution.Exclude{Names: []string{"A", "B"}}
		few.Mode, more.Mode = attribution.Always, attribution.Always
		if steps(&attribution.Preparation{Exclude: few}) > steps(&attribution.Preparation{Exclude: more}) {
			t.Error("fewer exclusions drop more")
		}
		more.Mode = attribution.UnlessAll
		a, b := run(t, js, attribution.Rule(attribution.Last{})), run(t, prepare(&attribution.Preparation{Exclude: more}), attribution.Rule(attribution.Last{}))
		if a.Credit(attribution.Unattributed).Conversions != b.Credit(attribution.Unattributed).Conversions {
			t.Error("UnlessAll emptied a path")
		}
	})
}

// Invariant 19.
func TestRationalModelsAreExactToTheUnit(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, r *rand.Rand, _ bool, ps []attribution.Path) {
		exact := map[string]map[string]*big.Rat{"linear": {}, "linear_ramp": {}, "position_40_20_40": {}, "position_30_0_70": {}, "position_0_70_30": {}, "position_30_70_0": {}}
		js := &attribution.Journeys{}
		for _, p := range ps {
			if p.Value = 0; p.Converted {
				p.Value = r.Int64N(math.MaxInt64 / 40)
			}
			if err := js.Add(p); err != nil {
				t.Fatal(err)
			}
			n := int64(len(p.Steps))
			for i, s := range p.Steps {
				k := int64(i)
				pos := func(first, last int64) *big.Rat { // in tenths
					switch {
					case n == 1:
						return big.NewRat(1, 1)
					case n == 2:
						return big.NewRat(1, 2)
					case k == 0:
						return big.NewRat(first, 10)
					case k == n-1:
						return big.NewRat(last, 10)
					}
					return big.NewRat(10-first-last, 10*(n-2))
				}
				for name, share := range map[string]*big.Rat{
					"linear": big.NewRat(1, n), "linear_ramp": big.NewRat(2*(k+1), n*(n+1)),
					"position_40_20_40": pos(4, 4), "position_30_0_70": pos(3, 7), "position_0_70_30": pos(0, 3), "position_30_70_0": pos(3, 0),
				} {
					if exact[name][s.Channel] == nil {
						exact[name][s.Channel] = new(big.Rat)
					}
					x := new(big.Rat).Mul(share, new(big.Rat).SetInt64(p.Value))
					exact[name][s.Channel].Add(exact[name][s.Channel], x)
				}
			}
		}
		for _, m := range []attribution.Model{attribution.Linear{}, attribution.Ramp{}, attribution.Position{},
			attribution.Position{First: .3, Last: .7}, attribution.Position{Last: .3}, attribution.Position{First: .3}} {
			for _, c := range run(t, js, attribution.Rule(m)).Credits {
				want, ok := exact[m.Name()][c.Channel]
				if !ok {
					continue
				}
				d := new(big.Rat).Sub(want, new(big.Rat).SetInt64(c.Value))
				if d.Abs(d).Cmp(big.NewRat(1, 1)) > 0 {
					t.Errorf("%s %s: %d, exactly %s", m.Name(), c.Channel, c.Value, want.FloatString(3))
				}
			}
		}
	})
}

// Invariant 21.
func TestIntervalContainsTheEstimate(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		for _, a := range conserving(timed) {
			res, err := a.Attribute(setOf(t, ps...), &attribution.Options{Interval: attribution.Interval{Reps: 15}})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range res.Credits {
				if c.Why == "" && !(c.Lo <= c.Conversions && c.Conversions <= c.Hi && c.ValueLo <= float64(c.Value) && float64(c.Value) <= c.ValueHi) {
					t.Errorf("%s: %+v", a.Name(), c)
				}
			}
		}
	})
}
