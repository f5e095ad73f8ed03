package sim

import (
	"maps"
	"math/big"
	"slices"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/journey"
)

// A sale is a path to a goal as the oracle sees it.
type sale struct {
	channels []string
	value    int64
}

// sales lists the paths of all goals, by the oracle's journeys, once.
func (c *comparison) sales() []sale {
	if c.sold != nil {
		return c.sold
	}
	out := []sale{}
	for _, s := range c.subjects {
		of := map[string]Record{}
		for _, t := range s.touches {
			of[touchKey(t)] = t
		}
		for _, t := range s.trips {
			for _, g := range t.goals {
				x := sale{value: g.net}
				for _, key := range t.steps {
					if r := of[key]; r.At <= g.at && r.Channel != "" {
						x.channels = append(x.channels, r.Channel)
					}
				}
				out = append(out, x)
			}
		}
	}
	c.sold = out
	return out
}

// paths are those of the library, of all journeys of a subject, made once.
func (s *subject) paths() []attribution.Path {
	if s.made == nil {
		s.made = []attribution.Path{}
		for _, j := range s.Journeys {
			s.made = append(s.made, j.Paths(journey.Goal{}, journey.ByChannel)...)
		}
	}
	return s.made
}

func (c *comparison) paths() (out []attribution.Path) {
	for i := range c.subjects {
		out = append(out, c.subjects[i].paths()...)
	}
	return out
}

// set holds the paths of the library, built once.
func (c *comparison) set() (*attribution.Journeys, *Violation) {
	if c.journeys == nil {
		js, bad := pathSet(c.paths())
		if bad != nil {
			return nil, bad
		}
		c.journeys = js
	}
	return c.journeys, nil
}

func pathSet(paths []attribution.Path) (*attribution.Journeys, *Violation) {
	js := new(attribution.Journeys)
	for _, p := range paths {
		if err := js.Add(p); err != nil {
			return nil, broken("I17", "adding a path: %v", err)
		}
	}
	return js, nil
}

var noInterval = &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}}

// checkPaths is I19.
func checkPaths(c *comparison) *Violation {
	for _, s := range c.subjects {
		mine := map[string]Record{}
		for _, t := range s.touches {
			mine[touchKey(t)] = t
		}
		for _, p := range s.paths() {
			for _, st := range p.Steps {
				t, ok := mine[st.Source+"/"+st.ID]
				if !ok || t.Channel != st.Channel || t.At != micros(st.At) {
					return broken("I19", "a step that is not the subject's: %s/%s", st.Source, st.ID)
				}
				if p.Converted && st.At.After(p.End) {
					return broken("I19", "a step after the sale: %s/%s", st.Source, st.ID)
				}
			}
		}
	}
	return nil
}

// checkRevenue is I21.
func checkRevenue(c *comparison) *Violation {
	var want int64
	for _, s := range c.sales() {
		want += s.value
	}
	js, bad := c.set()
	if bad != nil {
		return bad
	}
	if js.Value() != want {
		return broken("I21", "revenue %d, want %d", js.Value(), want)
	}
	return nil
}

// checkSums is I17.
func checkSums(c *comparison) *Violation {
	js, bad := c.set()
	if bad != nil {
		return bad
	}
	models := []attribution.Attributor{attribution.Rule(attribution.First{}), attribution.Rule(attribution.Linear{}), attribution.Rule(attribution.TimeDecay{})}
	if c.deep {
		models = append(models, attribution.Markov{}, attribution.Shapley{})
	}
	rs, err := attribution.Attribute(js, noInterval, models...)
	if err != nil {
		return broken("I17", "attributing: %v", err)
	}
	for _, r := range rs {
		var sum int64
		for _, cr := range r.Credits {
			sum += cr.Value
		}
		if r.Conserves && sum != js.Value() {
			return broken("I17", "%s gives %d of %d", r.Model, sum, js.Value())
		}
	}
	return nil
}

// shares divides a sale among the n steps of its path.
var shares = map[string]func(i, n int) *big.Rat{
	"first": func(i, n int) *big.Rat { return oneIf(i == 0) },
	"last":  func(i, n int) *big.Rat { return oneIf(i == n-1) },
	"linear": func(i, n int) *big.Rat {
		return big.NewRat(1, int64(n))
	},
	"position": func(i, n int) *big.Rat {
		switch {
		case n <= 2:
			return big.NewRat(1, int64(n))
		case i == 0 || i == n-1:
			return big.NewRat(2, 5)
		}
		return big.NewRat(1, int64(5*(n-2)))
	},
}

func oneIf(b bool) *big.Rat { return big.NewRat(int64(b2i(b)), 1) }

// checkShares is I18: the credit of each channel is within a unit of the exact sum.
func checkShares(c *comparison) *Violation {
	js, bad := c.set()
	if bad != nil {
		return bad
	}
	rs, err := attribution.Attribute(js, noInterval, attribution.Rule(attribution.First{}), attribution.Rule(attribution.Last{}),
		attribution.Rule(attribution.Linear{}), attribution.Rule(attribution.Position{}))
	if err != nil {
		return broken("I18", "attributing: %v", err)
	}
	for i, name := range []string{"first", "last", "linear", "position"} {
		exact := map[string]*big.Rat{}
		for _, s := range c.sales() {
			value := new(big.Rat).SetInt64(s.value)
			n := len(s.channels)
			if n == 0 {
				add(exact, attribution.Unattributed, value)
			}
			for k, ch := range s.channels {
				add(exact, ch, new(big.Rat).Mul(value, shares[name](k, n)))
			}
		}
		for _, cr := range rs[i].Credits {
			want := exact[cr.Channel]
			delete(exact, cr.Channel)
			if want == nil {
				want = new(big.Rat)
			}
			apart := new(big.Rat).Sub(want, new(big.Rat).SetInt64(cr.Value))
			if apart.Abs(apart).Cmp(big.NewRat(1, 1)) > 0 {
				return broken("I18", "%s gives %s %d, want %s", name, cr.Channel, cr.Value, want.FloatString(3))
			}
		}
		for _, ch := range slices.Sorted(maps.Keys(exact)) {
			if exact[ch].Sign() != 0 {
				return broken("I18", "%s gives %s nothing", name, ch)
			}
		}
	}
	return nil
}

func add(m map[string]*big.Rat, key string, x *big.Rat) {
	if m[key] == nil {
		m[key] = new(big.Rat)
	}
	m[key].Add(m[key], x)
}

// checkRenamed is I20.
func checkRenamed(c *comparison) *Violation {
	if !c.deep {
		return nil
	}
	paths := c.paths()
	js, bad := c.set()
	if bad != nil {
		return bad
	}
	slices.Reverse(paths)
	for i := range paths {
		paths[i].Steps = slices.Clone(paths[i].Steps)
		for k := range paths[i].Steps {
			paths[i].Steps[k].Channel = "renamed " + paths[i].Steps[k].Channel
		}
		slices.Reverse(paths[i].Steps)
	}
	other, bad := pathSet(paths)
	if bad != nil {
		return bad
	}
	models := []attribution.Attributor{attribution.Rule(attribution.Linear{}), attribution.Rule(attribution.TimeDecay{}), attribution.Markov{}}
	one, err := attribution.Attribute(js, noInterval, models...)
	if err != nil {
		return broken("I20", "attributing: %v", err)
	}
	two, err := attribution.Attribute(other, noInterval, models...)
	if err != nil {
		return broken("I20", "attributing renamed channels: %v", err)
	}
	for i, r := range one {
		for _, cr := range r.Credits {
			name := cr.Channel
			if name[0] != '(' {
				name = "renamed " + name
			}
			if got := two[i].Credit(name); got.Value != cr.Value || got.Conversions != cr.Conversions {
				return broken("I20", "%s gives %s %d, renamed %d", r.Model, cr.Channel, cr.Value, got.Value)
			}
		}
	}
	return nil
}

// checkLedger is I22: divided among touches, the money of each person adds up to what the
// person brought, and that of all to the whole.
func checkLedger(c *comparison) *Violation {
	js, bad := c.set()
	if bad != nil {
		return bad
	}
	want := map[string]int64{}
	for _, s := range c.subjects {
		for _, t := range s.trips {
			for _, g := range t.goals {
				want[s.Subject.ID] += g.net
			}
		}
	}
	var sum int64
	for e, err := range attribution.Ledger(js, attribution.Linear{}) {
		if err != nil {
			return broken("I22", "ledger: %v", err)
		}
		want[e.Subject] -= e.Value
		sum += e.Value
		if e.Actor != "" && e.Actor != e.Subject {
			return broken("I22", "the credit of one person stands on another")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if want[id] != 0 {
			return broken("I22", "the credits of a person are %d short", want[id])
		}
	}
	if sum != js.Value() {
		return broken("I22", "the ledger adds up to %d, want %d", sum, js.Value())
	}
	return nil
}
