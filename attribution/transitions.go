package attribution

import (
	"cmp"
	"math"
	"slices"

	"github.com/tabi-go/tabi/attribution/internal/chain"
)

// transitions counts how paths move between states: a state is the last k channels, or
// fewer near the beginning of a path; state 0 is the start. Growing states form a tree,
// so every order models every step.
type transitions struct {
	order    int
	channels int
	grams    [][]uint16       // channels of each state, oldest first
	gram     []uint16         // of the state being looked for
	index    map[string]int32 // gram to state
	next     map[uint64]int32 // state<<16 | channel to edge, where a table would be too large
	table    []int32          // the same, channels wide: 0 for none, else edge + 1
	from, to []int32          // of each edge
	count    []int64          // millionths, of each edge
	good     []int64          // of each state into conversion
	bad      []int64          // of each state into null
	value    []int64          // minor units of the conversions from each state
	walks    []int32          // edges of all rows one after the other, where asked for
	ends     []int32          // state at the end of each row, -1 of rows that do not count
}

// countTransitions walks all rows that count.
func countTransitions(js *Journeys, order int, dropNulls, keepWalks bool) *transitions {
	t := &transitions{order: order, channels: len(js.channels.names), index: map[string]int32{}, next: map[uint64]int32{}}
	t.state(nil)
	if !keepWalks && (order == 1 && t.count1(js, dropNulls) || t.countWindows(js, dropNulls)) {
		return t
	}
	for r := range js.rows() {
		c, n, val := js.conversions.at(r), js.nulls.at(r), js.values[r]
		if dropNulls {
			n = 0
		}
		s := int32(-1)
		if c != 0 || n != 0 || val != 0 {
			s = 0
			lo, hi := js.span(r)
			for i := lo; i < hi; i++ {
				e := t.edge(s, js.channel(i))
				t.count[e] += c + n
				s = t.to[e]
				if keepWalks {
					t.walks = append(t.walks, e)
				}
			}
			t.good[s] += c
			t.bad[s] += n
			t.value[s] += val
		}
		if keepWalks {
			t.ends = append(t.ends, s)
		}
	}
	return t
}

// edge is the number of the transition from s by a channel.
func (t *transitions) edge(s int32, channel int) int32 {
	key := uint64(s)<<16 | uint64(channel)
	if t.channels <= 256 {
		if at := int(s)*t.channels + channel; at < len(t.table) && t.table[at] > 0 {
			return t.table[at] - 1
		}
	} else if e, ok := t.next[key]; ok {
		return e
	}
	gram := append(append(t.gram[:0], t.grams[s]...), uint16(channel))
	t.gram = gram
	if len(gram) > t.order {
		gram = gram[1:]
	}
	e := int32(len(t.from))
	t.from = append(t.from, s)
	t.to = append(t.to, t.state(gram))
	t.count = append(t.count, 0)
	if t.channels > 256 {
		t.next[key] = e
		return e
	}
	for len(t.table) < len(t.grams)*t.channels {
		t.table = append(t.table, make([]int32, t.channels)...)
	}
	t.table[int(s)*t.channels+channel] = e + 1
	return e
}

// count1 counts order 1 in a table of channels by channels, the last row being the start.
//
// Where most rows are one journey, all pairs of neighbours in the column are counted first,
// without looking where paths end; then the pairs across the ends are taken away again.
func (t *transitions) count1(js *Journeys, dropNulls bool) bool {
	n := t.channels
	if js.narrow == nil || js.conversions.small == nil || js.nulls.small == nil || js.totals.conversions+js.totals.nulls > math.MaxInt64/maxSteps {
		return false
	}
	pairs := make([]int64, (n+1)*n)
	start := pairs[n*n:]
	end := make([]struct{ good, bad, value int64 }, n+1)
	seen := make([]bool, (n+1)*n) // by rows that bring money alone
	each := int64(0)              // how often each row is counted already
	if !dropNulls && js.totals.conversions+js.totals.nulls == int64(js.rows())*million {
		each = 1
		countPairs(pairs, js.narrow, n)
	}
	lo := 0
	for r, hi := range js.ends {
		c, b, v := int64(js.conversions.small[r]), int64(js.nulls.small[r]), js.values[r]
		if dropNulls {
			b = 0
		}
		before, steps := lo, js.narrow[lo:hi]
		lo = int(hi)
		w, at := c+b, n
		if len(steps) > 0 {
			if at = int(steps[len(steps)-1]); each > 0 {
				start[steps[0]]++
				if before > 0 {
					pairs[int(js.narrow[before-1])*n+int(steps[0])]--
				}
			}
		}
		if more := w - each; more != 0 {
			from := n
			for _, ch := range steps {
				pairs[from*n+int(ch)] += more
				from = int(ch)
			}
		}
		if w == 0 && v != 0 {
			from := n
			for _, ch := range steps {
				seen[from*n+int(ch)] = true
				from = int(ch)
			}
		}
		e := &end[at]
		e.good += c
		e.bad += b
		e.value += v
	}
	// By name, so that what follows finds states and edges in order.
	names := js.byName()
	state := make([]int32, n+1) // the start is 0
	for _, at := range names {
		state[at] = -1
		for from := range n + 1 {
			if pairs[from*n+at] > 0 || seen[from*n+at] {
				state[at] = t.state([]uint16{uint16(at)})
				break
			}
		}
	}
	for _, at := range append([]int{n}, names...) {
		s := state[at]
		if s < 0 {
			continue
		}
		t.good[s], t.bad[s], t.value[s] = end[at].good*million, end[at].bad*million, end[at].value
		for _, ch := range names {
			if k := pairs[at*n+ch]; k > 0 || seen[at*n+ch] {
				t.from, t.to, t.count = append(t.from, s), append(t.to, state[ch]), append(t.count, k*million)
			}
		}
	}
	return true
}

// countPairs counts the neighbours in a column.
func countPairs(pairs []int64, column []uint8, n int) {
	if len(column) == 0 {
		return
	}
	from := int(column[0]) * n
	for _, ch := range column[1:] {
		pairs[from+int(ch)]++
		from = int(ch) * n
	}
}

// state is the number of a gram, which is copied.
func (t *transitions) state(gram []uint16) int32 {
	key := make([]byte, 0, 64)
	for _, c := range gram {
		key = append(key, byte(c>>8), byte(c))
	}
	if s, ok := t.index[string(key)]; ok {
		return s
	}
	s := int32(len(t.grams))
	t.index[string(key)] = s
	t.grams = append(t.grams, slices.Clone(gram))
	t.good, t.bad, t.value = append(t.good, 0), append(t.bad, 0), append(t.value, 0)
	return s
}

// ranked is how states and edges are numbered where it shows in the last bit: states by
// length and channel names, edges by from and to.
func (t *transitions) ranked(js *Journeys) (states, edges []int32) {
	rank := make([]int, len(js.channels.names))
	for i, id := range js.byName() {
		rank[id] = i
	}
	order := make([]int32, len(t.grams))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := t.grams[a], t.grams[b]
		if c := cmp.Compare(len(x), len(y)); c != 0 {
			return c
		}
		return slices.CompareFunc(x, y, func(p, q uint16) int { return cmp.Compare(rank[p], rank[q]) })
	})
	states = make([]int32, len(order))
	for i, s := range order {
		states[s] = int32(i)
	}
	type pair struct {
		ends uint64 // from and to, which no two edges share
		edge int32
	}
	pairs := make([]pair, len(t.from))
	for e := range pairs {
		pairs[e] = pair{uint64(states[t.from[e]])<<32 | uint64(states[t.to[e]]), int32(e)}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.ends, b.ends) })
	edges = make([]int32, len(pairs))
	for i, p := range pairs {
		edges[i] = p.edge
	}
	return states, edges
}

// chain is the chain in canonical numbering, and the states that contain each channel.
func (t *transitions) chain(js *Journeys) (*chain.Chain, [][]int32) {
	states, edges := t.ranked(js)
	n := len(t.grams)
	c := &chain.Chain{Good: make([]float64, n), Bad: make([]float64, n), Reward: make([]float64, n)}
	for s, i := range states {
		c.Good[i], c.Bad[i], c.Reward[i] = count(t.good[s]), count(t.bad[s]), float64(t.value[s])
	}
	for _, e := range edges {
		c.From = append(c.From, states[t.from[e]])
		c.To = append(c.To, states[t.to[e]])
		c.Count = append(c.Count, count(t.count[e]))
	}
	groups := make([][]int32, t.channels)
	for s, gram := range t.grams {
		for i, ch := range gram {
			if !slices.Contains(gram[:i], ch) {
				groups[ch] = append(groups[ch], states[s])
			}
		}
	}
	for _, g := range groups {
		slices.Sort(g)
	}
	return c, groups
}

// A Transition is one edge of a chain of order 1, without self-loops.
type Transition struct {
	From, To string // channels, (start), (conversion) or (null)
	Count    float64
	Prob     float64 // among the transitions from From that leave it
}

// Transitions is the table of the chain of order 1: self-loops, which change no removal
// effect, are left out and the rows renormalised. Rows are sorted by From and To as bytes.
func Transitions(js *Journeys) []Transition {
	t := countTransitions(js, 1, false, false)
	name := func(s int32) string {
		if s == 0 {
			return "(start)"
		}
		return js.channels.names[t.grams[s][0]]
	}
	total := make([]int64, len(t.grams))
	var out []Transition
	var from []int32
	add := func(s int32, to string, n int64) {
		if n > 0 {
			total[s] += n
			out = append(out, Transition{From: name(s), To: to, Count: count(n)})
			from = append(from, s)
		}
	}
	for e, s := range t.from {
		if s != t.to[e] {
			add(s, name(t.to[e]), t.count[e])
		}
	}
	for s := range t.grams {
		add(int32(s), "(conversion)", t.good[s])
		add(int32(s), "(null)", t.bad[s])
	}
	for i := range out {
		out[i].Prob = out[i].Count / count(total[from[i]])
	}
	slices.SortFunc(out, func(a, b Transition) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}
