package attribution

import "slices"

// ShaoLi is the probabilistic model of Shao and Li (2011):
//
//	C(i) = P(i) + 1/(2m)·Σ_{j≠i} [P(i,j) − P(i) − P(j)],
//
// P(i) and P(i,j) being conversion rates of journeys exposed to i, and to i and j. Each
// converting path is divided over its distinct channels in proportion to max(C, 0), or
// equally where all are 0. It describes co-occurrence; nothing in it is causal.
type ShaoLi struct{ Others Others }

// Others says which channels j a channel is compared with.
type Others uint8

// The others.
const (
	AllChannels Others = iota // all of the set; a pair never seen adds nothing
	InPath                    // those of the user's path
)

// ShaoLiParams are the Params of a ShaoLi result.
type ShaoLiParams struct {
	P, C map[string]float64 // C with AllChannels
}

// Name returns "shao_li".
func (ShaoLi) Name() string { return "shao_li" }

// Attribute implements [Attributor].
func (s ShaoLi) Attribute(js *Journeys, opts *Options) (*Result, error) {
	c := js.canonical()
	n := len(c.channels.names)
	if n > 1024 {
		return nil, ErrTooManyChannels
	}
	conv, nulls := c.counts()
	m := s.fit(c, conv, nulls)
	res, err := attributeFitted(c, js, opts, m, func(conv, nulls []float64) Model { return s.fit(c, conv, nulls) })
	if err != nil {
		return nil, err
	}
	p := &ShaoLiParams{P: map[string]float64{}, C: map[string]float64{}}
	for i, name := range c.channels.names {
		p.P[name], p.C[name] = m.p(i, i), m.c[i]
	}
	res.Params = p
	return res, nil
}

// A shaoLi is the model fitted to a set.
type shaoLi struct {
	ShaoLi
	js        *Journeys
	n         int
	sold, all []float64 // of each pair
	c         []float64
}

func (s ShaoLi) fit(js *Journeys, conv, nulls []float64) *shaoLi {
	n := len(js.channels.names)
	m := &shaoLi{ShaoLi: s, js: js, n: n, sold: make([]float64, n*n), all: make([]float64, n*n), c: make([]float64, n)}
	var set []int
	for r := range js.rows() {
		set = js.view(r).distinct(set)
		for _, i := range set {
			for _, j := range set {
				m.sold[i*n+j] += conv[r]
				m.all[i*n+j] += conv[r] + nulls[r]
			}
		}
	}
	everyone := make([]int, n)
	for i := range everyone {
		everyone[i] = i
	}
	for i := range m.c {
		m.c[i] = m.contribution(i, everyone)
	}
	return m
}

// distinct are the channels of the path in order of number.
func (v View) distinct(out []int) []int {
	out = out[:0]
	for i := range v.Len() {
		out = append(out, v.id(i))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// p is the conversion rate of journeys exposed to i and j.
func (m *shaoLi) p(i, j int) float64 {
	if all := m.all[i*m.n+j]; all > 0 {
		return m.sold[i*m.n+j] / all
	}
	return 0
}

// contribution is C(i) among others.
func (m *shaoLi) contribution(i int, others []int) float64 {
	c := m.p(i, i)
	if len(others) < 2 {
		return c
	}
	sum := 0.0
	for _, j := range others {
		if j != i && m.all[i*m.n+j] > 0 {
			sum += m.p(i, j) - m.p(i, i) - m.p(j, j)
		}
	}
	return c + sum/float64(2*(len(others)-1))
}

func (m *shaoLi) Weigh(w []float64, v View) {
	ids := make([]int, len(w))
	any := false
	for i := range w {
		ids[i] = m.js.idOf(v, i)
	}
	set := slices.Clone(ids)
	slices.Sort(set)
	set = slices.Compact(set)
	for i, id := range ids {
		if id < 0 || slices.Contains(ids[:i], id) {
			continue
		}
		c := m.c[id]
		if m.Others == InPath {
			c = m.contribution(id, set)
		}
		w[i] = max(0, c)
		any = any || w[i] > 0
	}
	if any {
		return
	}
	for i, id := range ids {
		if !slices.Contains(ids[:i], id) {
			w[i] = 1
		}
	}
}

func (m *shaoLi) reason(v View, i int) (Reason, map[string]float64) {
	if id := m.js.idOf(v, i); id >= 0 {
		return ReasonMarginal, map[string]float64{"contribution": m.c[id]}
	}
	return ReasonMarginal, nil
}

// idOf is the number that step i of any view has in this set, -1 for none.
func (js *Journeys) idOf(v View, i int) int {
	if v.js == js {
		return v.id(i)
	}
	if id, ok := js.channels.index[v.Channel(i)]; ok {
		return int(id)
	}
	return -1
}

// Fractribution is not a Shapley value, in spite of the product's description: for each
// path, step i earns max(p(path) − p(path without step i), 0), p being the conversion rate
// of that exact ordered path (never seen: 0); all 0 is the last step. Usually used after
// the transform [Exposure].
type Fractribution struct{}

// Name returns "fractribution".
func (Fractribution) Name() string { return "fractribution" }

// Attribute implements [Attributor].
func (f Fractribution) Attribute(js *Journeys, opts *Options) (*Result, error) {
	c := js.canonical()
	conv, nulls := c.counts()
	return attributeFitted(c, js, opts, f.fit(c, conv, nulls), func(conv, nulls []float64) Model { return f.fit(c, conv, nulls) })
}

// A leaveOneOut is Fractribution fitted to a set.
type leaveOneOut struct {
	Fractribution
	js   *Journeys
	rate map[string][2]float64 // conversions and journeys of each exact path
}

func (f Fractribution) fit(js *Journeys, conv, nulls []float64) *leaveOneOut {
	m := &leaveOneOut{js: js, rate: map[string][2]float64{}}
	var key []byte
	for r := range js.rows() {
		v := js.view(r)
		key = key[:0]
		for i := range v.Len() {
			key = append(key, byte(v.id(i)>>8), byte(v.id(i)))
		}
		x := m.rate[string(key)]
		x[0] += conv[r]
		x[1] += conv[r] + nulls[r]
		m.rate[string(key)] = x
	}
	return m
}

func (m *leaveOneOut) Weigh(w []float64, v View) {
	n := len(w)
	if n == 1 {
		w[0] = 1
		return
	}
	key := make([]byte, 0, 2*n)
	for i := range w {
		id := m.js.idOf(v, i)
		key = append(key, byte(id>>8), byte(id))
	}
	p := func(key []byte) float64 {
		if x := m.rate[string(key)]; x[1] > 0 {
			return x[0] / x[1]
		}
		return 0
	}
	whole, any := p(key), false
	without := make([]byte, 0, 2*n)
	for i := range w {
		without = append(append(without[:0], key[:2*i]...), key[2*i+2:]...)
		w[i] = max(0, whole-p(without))
		any = any || w[i] > 0
	}
	if !any {
		w[n-1] = 1
	}
}

func (m *leaveOneOut) reason(View, int) (Reason, map[string]float64) { return ReasonMarginal, nil }
