package attribution

// intervals redraws the journeys and solves the chain again, replicate by replicate.
func (m Markov) intervals(js *Journeys, res *Result, iv Interval) error {
	switch iv.Method {
	case NoInterval, Closed:
		res.noIntervals("off")
		return nil
	case Delta:
		return m.delta(js, res, iv)
	}
	x, err := m.replicates(js, res, iv)
	if err != nil {
		return err
	}
	res.present(js)
	x.set(res, iv.level())
	return nil
}

// replicates are the credits of the rows of res in each replicate.
func (m Markov) replicates(js *Journeys, res *Result, iv Interval) (*replicates, error) {
	c := js.canonical()
	t := countTransitions(c, m.order(), m.DropNulls, true)
	ch, groups := t.chain(c)
	states, edges := t.ranked(c)
	place := make([]int32, len(edges)) // of each edge in the chain
	for i, e := range edges {
		place[e] = int32(i)
	}
	n := len(c.channels.names)
	return res.draw(c, iv, func(conv, nulls, _ []float64, put putter) error {
		clear(ch.Count)
		clear(ch.Good)
		clear(ch.Bad)
		clear(ch.Reward)
		walk := t.walks
		var all, money float64
		for r := range conv {
			if t.ends[r] < 0 {
				continue
			}
			lo, hi := c.span(r)
			edges := walk[:hi-lo]
			walk = walk[hi-lo:]
			w := conv[r]
			if !m.DropNulls {
				w += nulls[r]
				ch.Bad[states[t.ends[r]]] += nulls[r]
			}
			if w > 0 {
				for _, e := range edges {
					ch.Count[place[e]] += w
				}
			}
			val := 0.0
			if base := count(c.conversions.at(r)); base > 0 {
				val = float64(float64(c.values[r]) * (conv[r] / base))
			}
			ch.Good[states[t.ends[r]]] += conv[r]
			ch.Reward[states[t.ends[r]]] += val
			if lo == hi {
				put(n+1, conv[r], val)
			} else {
				all, money = all+conv[r], money+val
			}
		}
		sol, err := solve(ch, groups, m.dense())
		if err != nil {
			return err
		}
		worth := sol.RewardVia
		if m.Value == ConversionShare {
			worth = sol.HitVia
		}
		sum, sumWorth := total(sol.HitVia), total(worth)
		for id := range n {
			var x, y float64
			if sum > 0 {
				x = float64(all * (sol.HitVia[id] / sum))
			}
			if sumWorth > 0 {
				y = float64(money * (worth[id] / sumWorth))
			}
			put(id, x, y)
		}
		return nil
	})
}

// present counts, per channel, the conversions whose path contains it.
func (r *Result) present(js *Journeys) {
	n := make([]int64, len(js.channels.names))
	for row := range js.rows() {
		if c := js.conversions.at(row); c > 0 {
			v := js.view(row)
			for i := range v.Len() {
				if !v.Repeat(i) {
					n[v.id(i)] += c
				}
			}
		}
	}
	for i := range r.Credits {
		if id, ok := js.channels.index[r.Credits[i].Channel]; ok {
			r.Credits[i].N = count(n[id])
		}
	}
}
