package memstore

import (
	"cmp"
	"slices"
	"sort"
)

// A stamp is a row and its instant.
type stamp struct {
	at  int64
	ref uint32
}

func compareStamps(a, b stamp) int { return cmp.Compare(a.at, b.at) }

// A run is rows in the order of their instants, as two columns to save padding.
type run struct {
	at  []int64
	ref []uint32
}

// The order of time is kept in sorted runs that are merged in powers of two, so that a
// scan never sorts everything and an append never waits for it. Rows of one instant stand
// in no order. Dead rows stay until they are more than half.
type order struct {
	runs []run
	n    int // entries
	dead int // of them
}

// add takes the rows of one append.
func (o *order) add(batch []stamp) {
	if len(batch) == 0 {
		return
	}
	o.n += len(batch)
	if !slices.IsSortedFunc(batch, compareStamps) {
		slices.SortFunc(batch, compareStamps)
	}
	last := len(o.runs) - 1
	if last < 0 || o.runs[last].at[len(o.runs[last].at)-1] > batch[0].at {
		o.runs = append(o.runs, run{})
		last++
	}
	r := &o.runs[last]
	for _, x := range batch {
		r.at, r.ref = append(r.at, x.at), append(r.ref, x.ref)
	}
	for ; last > 0 && len(o.runs[last-1].at) < 2*len(o.runs[last].at); last-- {
		o.runs[last-1] = merge(o.runs[last-1], o.runs[last])
		o.runs[last] = run{}
		o.runs = o.runs[:last]
	}
}

func merge(a, b run) run {
	n := len(a.at) + len(b.at)
	m := run{make([]int64, 0, n), make([]uint32, 0, n)}
	for i, j := 0, 0; i < len(a.at) || j < len(b.at); {
		if j == len(b.at) || i < len(a.at) && a.at[i] <= b.at[j] {
			m.at, m.ref = append(m.at, a.at[i]), append(m.ref, a.ref[i])
			i++
		} else {
			m.at, m.ref = append(m.at, b.at[j]), append(m.ref, b.ref[j])
			j++
		}
	}
	return m
}

// bury counts a dead row, and drops the dead ones when they are more than half.
func (o *order) bury(rs *rows) {
	if o.dead++; o.dead*2 <= o.n {
		return
	}
	for i := range o.runs {
		r := &o.runs[i]
		k := 0
		for j, ref := range r.ref {
			if x := rs.at(ref); x != nil && x.state() != dead {
				r.at[k], r.ref[k] = r.at[j], ref
				k++
			}
		}
		r.at, r.ref = slices.Clip(r.at[:k]), slices.Clip(r.ref[:k])
	}
	o.runs = slices.DeleteFunc(o.runs, func(r run) bool { return len(r.at) == 0 })
	o.n, o.dead = o.n-o.dead, 0
}

// walk yields the entries with lo ≤ at < hi in the order of time, backwards if desc,
// until yield is false. Entries of one instant come one after another.
func (o *order) walk(lo, hi int64, desc bool, yield func(stamp) bool) {
	type head struct {
		*run
		i int
	}
	heads := make([]head, 0, len(o.runs))
	for k := range o.runs {
		r := &o.runs[k]
		bound := lo
		if desc {
			bound = hi
		}
		i := sort.Search(len(r.at), func(i int) bool { return r.at[i] >= bound })
		if desc {
			i--
		}
		if i >= 0 && i < len(r.at) {
			heads = append(heads, head{r, i})
		}
	}
	for len(heads) > 0 {
		best := 0
		for k := 1; k < len(heads); k++ {
			a, b := heads[k].at[heads[k].i], heads[best].at[heads[best].i]
			if !desc && a < b || desc && a > b {
				best = k
			}
		}
		h := &heads[best]
		x := stamp{h.at[h.i], h.ref[h.i]}
		if !desc && x.at >= hi || desc && x.at < lo || !yield(x) {
			return
		}
		if desc {
			h.i--
		} else {
			h.i++
		}
		if h.i < 0 || h.i == len(h.at) {
			heads = slices.Delete(heads, best, best+1)
		}
	}
}
