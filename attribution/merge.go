package attribution

import "slices"

// Merge adds all paths of o, which is unchanged. It is commutative and associative: any
// split of a set into parts merges to the same set. On an error the set is unchanged.
func (js *Journeys) Merge(o *Journeys) error {
	if o == js {
		o = js.canonical()
	}
	t, err := js.totals.merge(o.totals)
	if err != nil {
		return err
	}
	fresh := len(js.channels.names)
	for _, name := range o.channels.names {
		if _, ok := js.channels.index[name]; !ok {
			fresh++
		}
	}
	if fresh > maxChannels {
		return ErrTooManyChannels
	}
	if uint64(js.touches())+uint64(o.touches()) > maxTouches {
		return ErrOverflow
	}
	for r := range o.rows() {
		js.copyRow(o, r, o.row(r))
	}
	js.totals = t
	return nil
}

// merge adds the sums of two sets.
func (t totals) merge(o totals) (totals, error) {
	sum, err := t.plus(row{conversions: o.conversions, nulls: o.nulls, open: o.open, value: o.earned, late: o.late})
	if err != nil {
		return t, err
	}
	if sum, err = sum.plus(row{value: -o.owed}); err != nil {
		return t, err
	}
	sum.untimed += o.untimed
	sum.ignored += o.ignored
	return sum, nil
}

// Subtract takes the paths of o away again, as if they had never been added: for sliding
// windows and erasure. What is not there cannot be taken: [ErrUnderflow], and the set is
// unchanged.
func (js *Journeys) Subtract(o *Journeys) error {
	a, b := js.canonical(), o.canonical()
	// One set of the contents of both, so that they can be compared.
	both := &Journeys{}
	for _, src := range []*Journeys{a, b} {
		for r := range src.rows() {
			x := src.row(r)
			x.conversions, x.nulls, x.open, x.value = 1, 0, 0, 0
			both.copyRow(src, r, x)
		}
	}
	rank := make([]int, len(both.channels.names))
	for i, id := range both.byName() {
		rank[id] = i
	}
	order := make([]int, both.rows())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return both.compareRows(x, y, rank) })

	out := &Journeys{}
	for k := 0; k < len(order); k++ {
		r := order[k]
		if r >= a.rows() {
			return ErrUnderflow
		}
		x := a.row(r)
		if k+1 < len(order) && both.compareRows(r, order[k+1], rank) == 0 {
			k++
			y := order[k] - a.rows()
			x.conversions -= b.conversions.at(y)
			x.nulls -= b.nulls.at(y)
			x.open -= b.open.at(y)
			x.value -= b.values[y]
		}
		if x.conversions < 0 || x.nulls < 0 || x.open < 0 || x.conversions == 0 && x.value > 0 {
			return ErrUnderflow
		}
		out.copyRow(a, r, x)
	}
	out.totals.late = max(0, a.totals.late-b.totals.late)
	out.totals.ignored = max(0, a.totals.ignored-b.totals.ignored)
	js.columns = out.columns
	js.changed()
	return nil
}
