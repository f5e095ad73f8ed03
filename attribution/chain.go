package attribution

import (
	"github.com/tabi-go/tabi/attribution/internal/chain"
)

// A Chain is the absorbing chain of a set under a [Markov] model, for questions that go
// beyond single channels. It does not change and is safe for concurrent use.
type Chain struct {
	States [][]string // channels of each state, oldest first; the first state is the start and empty
	dense  int
	c      *chain.Chain
}

// Chain counts the paths of a set.
func (m Markov) Chain(js *Journeys) *Chain {
	t := countTransitions(js, m.order(), m.DropNulls, false)
	states, _ := t.ranked(js)
	c, _ := t.chain(js)
	out := &Chain{States: make([][]string, len(states)), dense: m.dense(), c: c}
	for s, i := range states {
		for _, id := range t.grams[s] {
			out.States[i] = append(out.States[i], js.channels.names[id])
		}
	}
	return out
}

// Conversion is P(conversion) from the start.
func (c *Chain) Conversion() (float64, error) {
	s, err := solve(c.c, nil, c.dense)
	return s.Hit, err
}

// Remove is the removal effect of the states for which gone is true, together: of pairs,
// groups and sequences of channels. It is the share of conversions that passes through
// one of them.
func (c *Chain) Remove(gone func(state []string) bool) (float64, error) {
	var group []int32
	for i, s := range c.States {
		if i > 0 && gone(s) {
			group = append(group, int32(i))
		}
	}
	s, err := solve(c.c, [][]int32{group}, c.dense)
	if err != nil {
		return 0, err
	}
	return s.HitVia[0], nil
}

// Visits is how often a journey is expected to pass each state. It needs a dense solution:
// [ErrNotConverged] above [Markov].Dense states.
func (c *Chain) Visits() ([]float64, error) {
	if len(c.States) > c.dense {
		return nil, ErrNotConverged
	}
	return c.c.Gradient(nil).Visits, nil
}

// Prob is the probability of going from one state to another.
func (c *Chain) Prob(from, to int) float64 { return c.c.Prob(int32(from), int32(to)) }
