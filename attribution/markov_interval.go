package attribution

// intervals redraws the journeys and solves the chain again, replicate by replicate.
func (m Markov) intervals(js *Journeys, res *Result, iv Interval) error {
	if iv.Method == NoInterval || iv.Method == Closed {
		res.noIntervals("off")
		return nil
	}
	c := js.canonical()
	res.present(c)
	t := countTransitions(c, m.order(), m.DropNulls, true)
	ch, groups := t.chain(c)
	states, edges := t.ranked(c)
	place := make([]int32, len(edges)) // of each edge in the chain
	for i, e := range edges {
		place[e] = int32(i)
	}
	rows, b := c.rows(), newBootstrap(c, iv.Seed)
	conv, nulls := make([]float64, rows), make([]float64, rows)
	x := newReplicates(len(res.Credits), iv.reps())
	at := make([]int, len(c.channels.names)) // result row of each channel
	aside := -1
	for i, cr := range res.Credits {
		if id, ok := c.channels.index[cr.Channel]; ok {
			at[id] = i
		} else if cr.Channel == Unattributed {
			aside = i
		}
	}
	for rep := range iv.reps() {
		b.weights(rep, conv, nulls, nil)
		clear(ch.Count)
		clear(ch.Good)
		clear(ch.Bad)
		clear(ch.Reward)
		walk := t.walks
		var all, money, none, noneMoney float64
		for r := range rows {
			if t.ends[r] < 0 {
				continue
			}
			lo, hi := c.span(r)
			edges := walk[:hi-lo]
			walk = walk[hi-lo:]
			n := nulls[r]
			if m.DropNulls {
				n = 0
			}
			if w := conv[r] + n; w > 0 {
				for _, e := range edges {
					ch.Count[place[e]] += w
				}
			}
			val := 0.0
			if base := count(c.conversions.at(r)); base > 0 {
				val = float64(float64(c.values[r]) * (conv[r] / base))
			}
			s := states[t.ends[r]]
			ch.Good[s] += conv[r]
			ch.Bad[s] += n
			ch.Reward[s] += val
			all, money = all+conv[r], money+val
			if lo == hi {
				none, noneMoney = none+conv[r], noneMoney+val
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
		for id, i := range at {
			if sum > 0 {
				x.conv[i][rep] = float64((all - none) * (sol.HitVia[id] / sum))
			}
			if sumWorth > 0 {
				x.val[i][rep] = float64((money - noneMoney) * (worth[id] / sumWorth))
			}
		}
		if aside >= 0 {
			x.conv[aside][rep], x.val[aside][rep] = none, noneMoney
		}
	}
	x.set(res, iv.level())
	return nil
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
