package attribution

import (
	"math"
	"slices"

	"github.com/tabi-go/tabi/attribution/internal/game"
)

// maxExact is how many players a table of all sets may have.
const maxExact = 24

// maxPlayers is how many bits a set has.
const maxPlayers = 64

// A party is all journeys with the same set of channels.
type party struct {
	members                   []uint16 // canonical channels
	set                       uint64   // the same as bits, of up to 64 channels
	conversions, nulls, value float64
}

// play finds the Shapley values of the games over rates, or of the caller's.
func (s Shapley) play(js *Journeys, opts *Options) (*Result, error) {
	res := js.result(s.Name())
	if s.Landmark != (Landmark{}) {
		seen, err := s.Landmark.apply(js)
		if err != nil {
			return nil, err
		}
		js = seen
	} else if s.Game != Custom {
		res.warn("immortal_time")
	}
	c := js.canonical()
	n := len(c.channels.names)
	if n > maxExact && (s.Samples <= 0 || s.Game == Custom && n > maxPlayers) {
		return nil, ErrTooManyChannels
	}
	if s.Game == Custom && s.Set == nil {
		return nil, &InputError{Field: "set", Reason: "missing"}
	}
	conv, nulls := make([]float64, c.rows()), make([]float64, c.rows())
	for r := range conv {
		conv[r], nulls[r] = count(c.conversions.at(r)), count(c.nulls.at(r))
	}
	parties := c.parties()
	parties.weigh(c, conv, nulls)
	var phi, money, variance []float64
	var worth float64
	if err := guard(s.Name(), func() { phi, money, variance, worth = s.values(parties, n) }); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(phi, func(x float64) bool { return !finite(x) }) {
		return nil, &InputError{Field: "set", Reason: "not_finite"}
	}
	p := &ShapleyParams{Phi: map[string]float64{}, Worth: worth}
	unit, aside, asideValue := parties.unit(s.Game)
	for i, name := range c.channels.names {
		p.Phi[name] = phi[i]
		res.Credits = append(res.Credits, Credit{Channel: name, Conversions: float64(phi[i] * unit)})
	}
	res.Params = p
	if s.Game == Rate {
		values, err := divideValue(js.Value()-asideValue, money)
		if err != nil {
			return nil, err
		}
		for i := range res.Credits {
			res.Credits[i].Value = values[i]
		}
		asideValue += values[n]
		if aside != 0 || asideValue != 0 {
			res.Credits = append(res.Credits, Credit{Channel: Unattributed, Conversions: aside, Value: asideValue})
		}
	}
	res.Conserves = s.Game == Rate
	if s.Landmark != (Landmark{}) {
		res.Conversions, res.Nulls, res.Journeys, res.Value = js.Conversions(), js.Nulls(), js.Conversions()+js.Nulls(), js.Value()
	}
	s.intervals(res, c, parties, variance, unit, opts.Interval)
	return res.finish(js, opts), nil
}

// parties are the distinct sets of a canonical set, and the party of each row.
type partyTable struct {
	list []party
	of   []int32 // of each row, -1 for one without steps
	js   *Journeys
}

func (js *Journeys) parties() *partyTable {
	t := &partyTable{of: make([]int32, js.rows()), js: js}
	bySet, byMembers := map[uint64]int32{}, map[string]int32{}
	few := len(js.channels.names) <= maxPlayers
	var key []byte
	var members []int
	var pool []uint16 // members of many parties
	for r := range t.of {
		members = js.view(r).distinct(members)
		if t.of[r] = -1; len(members) == 0 {
			continue
		}
		key = key[:0]
		set := uint64(0)
		for _, m := range members {
			set |= 1 << (m & 63)
			key = append(key, byte(m>>8), byte(m))
		}
		var p int32
		var ok bool
		if few {
			p, ok = bySet[set]
		} else {
			p, ok = byMembers[string(key)]
		}
		if !ok {
			p = int32(len(t.list))
			if few {
				bySet[set] = p
			} else {
				byMembers[string(key)] = p
			}
			if cap(pool)-len(pool) < len(members) {
				pool = make([]uint16, 0, max(1<<12, len(members)))
			}
			begin := len(pool)
			for _, m := range members {
				pool = append(pool, uint16(m))
			}
			t.list = append(t.list, party{members: pool[begin:len(pool):len(pool)], set: set})
		}
		t.of[r] = p
	}
	return t
}

// weigh counts the journeys of each party.
func (t *partyTable) weigh(js *Journeys, conv, nulls []float64) {
	for i := range t.list {
		t.list[i].conversions, t.list[i].nulls, t.list[i].value = 0, 0, 0
	}
	for r, p := range t.of {
		if p < 0 {
			continue
		}
		x := &t.list[p]
		x.conversions += conv[r]
		x.nulls += nulls[r]
		if base := count(js.conversions.at(r)); base > 0 {
			x.value += float64(float64(js.values[r]) * (conv[r] / base))
		} else {
			x.value += float64(js.values[r])
		}
	}
}

// unit turns Shapley values into conversions: journeys with a set, for rates. What
// journeys without steps brought is set aside.
func (t *partyTable) unit(g Game) (unit, aside float64, asideValue int64) {
	if g == Custom {
		return 1, 0, 0
	}
	for _, p := range t.list {
		unit += p.conversions + p.nulls
	}
	for r, p := range t.of {
		if p < 0 {
			aside += count(t.js.conversions.at(r))
			asideValue += t.js.values[r]
		}
	}
	return unit, aside, asideValue
}

// values are the Shapley values for conversions and for money, the variance of the first
// where they are sampled, and the worth of all.
func (s Shapley) values(t *partyTable, n int) (phi, money, variance []float64, worth float64) {
	switch {
	case n == 0:
		return nil, nil, nil, 0
	case n > maxExact:
		return s.sample(t, n)
	case s.Game == Custom:
		phi, worth = game.Values(n, func(top uint64, block []float64) {
			for i := range block {
				block[i] = s.Set(top | uint64(i))
			}
		})
		return phi, nil, nil, worth
	}
	phi, worth = s.rates(t, n, func(p *party) float64 { return p.conversions })
	if !slices.ContainsFunc(t.list, func(p party) bool { return p.value != 0 }) {
		return phi, make([]float64, n), nil, worth
	}
	money, _ = s.rates(t, n, func(p *party) float64 { return p.value })
	return phi, money, nil, worth
}

// rates are the Shapley values of a rate: of what parties have, a journey.
func (s Shapley) rates(t *partyTable, n int, of func(p *party) float64) (phi []float64, worth float64) {
	// Parties by the part of their set that is the same in a block.
	type share struct {
		inside  uint64
		of, all float64
	}
	var groups map[uint64][]share
	var all []float64
	return game.Values(n, func(top uint64, block []float64) {
		inside := uint64(len(block) - 1)
		if groups == nil {
			groups, all = map[uint64][]share{}, make([]float64, len(block))
			for i := range t.list {
				p := &t.list[i]
				groups[p.set&^inside] = append(groups[p.set&^inside], share{p.set & inside, of(p), p.conversions + p.nulls})
			}
		}
		clear(all)
		clear(block)
		for sub := top; ; sub = (sub - 1) & top {
			for _, x := range groups[sub] {
				block[x.inside] += x.of
				all[x.inside] += x.all
			}
			if sub == 0 || s.Game != Rate {
				break
			}
		}
		if s.Game == Rate {
			game.Zeta(all)
			game.Zeta(block)
		}
		for i, k := range all {
			if k > 0 {
				block[i] /= k
			} else {
				block[i] = 0
			}
		}
	})
}

// sample takes pairs of orders. In an order a party is complete when its last member
// comes, so one pass over the parties gives all prefixes.
func (s Shapley) sample(t *partyTable, n int) (phi, money, variance []float64, worth float64) {
	rank := make([]int, n)
	sold, all := make([]float64, n), make([]float64, n)
	marginals := func(of func(p party) float64) func(order []int, out []float64) {
		return func(order []int, out []float64) {
			if s.Game == Custom {
				set, before := uint64(0), s.Set(0)
				for _, p := range order {
					set |= 1 << p
					now := s.Set(set)
					out[p], before = now-before, now
				}
				return
			}
			clear(sold)
			clear(all)
			for i, p := range order {
				rank[p] = i
			}
			for _, p := range t.list {
				last := 0
				for _, m := range p.members {
					last = max(last, rank[m])
				}
				if s.Game == Rate || last+1 == len(p.members) {
					sold[last] += of(p)
					all[last] += p.conversions + p.nulls
				}
			}
			before, num, den := 0.0, 0.0, 0.0
			for i, p := range order {
				if s.Game == Rate {
					num, den = num+sold[i], den+all[i]
				} else {
					num, den = sold[i], all[i]
				}
				now := 0.0
				if den > 0 {
					now = num / den
				}
				out[p], before = now-before, now
			}
		}
	}
	conversions := marginals(func(p party) float64 { return p.conversions })
	phi, variance = game.Sample(n, s.Samples, s.Seed, conversions)
	for _, x := range phi {
		worth += x
	}
	if s.Game == Rate {
		money, _ = game.Sample(n, s.Samples, s.Seed, marginals(func(p party) float64 { return p.value }))
	}
	return phi, money, variance, worth
}

// intervals come from the pairs where the values are sampled, else from the bootstrap.
func (s Shapley) intervals(res *Result, c *Journeys, t *partyTable, variance []float64, unit float64, iv Interval) {
	n := len(c.channels.names)
	switch {
	case iv.Method == NoInterval || iv.Method == Closed:
		res.noIntervals("off")
	case s.Game == Custom && variance == nil:
		res.noIntervals("not statistical")
	case variance != nil:
		res.present(c)
		res.Level = iv.level()
		for i := range n {
			d := float64(quantile(iv.level()) * float64(math.Sqrt(variance[i])*unit))
			cr := &res.Credits[i]
			cr.Lo, cr.Hi = cr.Conversions-d, cr.Conversions+d
			cr.ValueLo, cr.ValueHi = float64(cr.Value), float64(cr.Value)
		}
	default:
		res.redraw(c, iv, func(conv, nulls, _ []float64, put putter) error {
			t.weigh(c, conv, nulls)
			phi, money, _, _ := s.values(t, n)
			unit, _, _ := t.unit(s.Game)
			for i := range n {
				val := 0.0
				if s.Game == Rate {
					val = float64(money[i] * unit)
				}
				put(i, float64(phi[i]*unit), val)
			}
			for r, p := range t.of {
				if p < 0 {
					put(n+1, conv[r], 0)
				}
			}
			return nil
		})
	}
}

// apply is the set as a landmark sees it.
func (l Landmark) apply(js *Journeys) (*Journeys, error) {
	out := &Journeys{}
	for r := range js.rows() {
		x := js.row(r)
		if x.start == unknown || x.finish <= agesOnly {
			return nil, ErrUntimed
		}
		at := x.start + l.After.Microseconds()
		if x.finish < at {
			continue
		}
		if x.finish > at+l.Horizon.Microseconds() {
			x.nulls += x.conversions
			x.conversions, x.value = 0, 0
		}
		x.nulls += x.open
		x.open = 0
		var steps []step
		lo, hi := js.span(r)
		for i := lo; i < hi; i++ {
			if s := js.step(i); x.finish-s.age <= at {
				steps = append(steps, s)
			}
		}
		if err := out.push(x, steps); err != nil {
			return nil, err
		}
	}
	return out, nil
}
