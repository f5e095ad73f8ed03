package attribution

import (
	"cmp"
	"slices"
)

// finish is the end of every attribution: costs, then small groups.
func (r *Result) finish(js *Journeys, opts *Options) *Result {
	r.costs(js, opts.Spend)
	if opts.Threshold > 0 {
		r.group(js, opts.Threshold)
	}
	return r
}

// group puts channels whose credit rests on fewer than k distinct subjects into (other).
// If (other) itself rests on fewer, the next smallest joins, so that subtracting the rows
// from the total reveals nobody. This is k-anonymity of a table, not differential privacy.
func (r *Result) group(js *Journeys, k int) {
	c := js.canonical()
	size := make([]float64, len(c.channels.names))
	for id := range size {
		size[id] = c.reach(func(ch int) bool { return ch == id })
	}
	var rest []int
	grouped := make([]bool, len(size))
	any := false
	for id, n := range size {
		if n < float64(k) {
			grouped[id], any = true, true
		} else {
			rest = append(rest, id)
		}
	}
	r.Split, r.Params = withheld{}, withoutChannels(r.Params)
	if !any {
		return
	}
	slices.SortStableFunc(rest, func(a, b int) int { return cmp.Compare(size[a], size[b]) })
	for len(rest) > 0 && c.reach(func(ch int) bool { return grouped[ch] }) < float64(k) {
		grouped[rest[0]] = true
		rest = rest[1:]
	}
	other := Credit{Channel: OtherRow, Why: "small group"}
	hidden := func(name string) bool {
		id, ok := c.channels.index[name]
		return ok && grouped[id]
	}
	r.Credits = slices.DeleteFunc(r.Credits, func(cr Credit) bool {
		if !hidden(cr.Channel) {
			return false
		}
		other.Conversions += cr.Conversions
		other.Value += cr.Value
		other.Cost += cr.Cost
		return true
	})
	r.Credits = append(r.Credits, other)
	r.Tied = slices.DeleteFunc(r.Tied, func(t [2]string) bool { return hidden(t[0]) || hidden(t[1]) })
}

// reach is the number of distinct subjects whose converting paths have one of the channels.
func (js *Journeys) reach(in func(channel int) bool) float64 {
	seen := map[uint32]bool{}
	n := 0.0
	for r := range js.rows() {
		if js.conversions.at(r) == 0 {
			continue
		}
		lo, hi := js.span(r)
		for i := lo; i < hi; i++ {
			if in(js.channel(i)) {
				if s := js.subjects.at(r); s == 0 {
					n += count(js.conversions.at(r))
				} else {
					seen[s] = true
				}
				break
			}
		}
	}
	return n + float64(len(seen))
}

// withoutChannels keeps the parameters that speak of no single channel.
func withoutChannels(params any) any {
	if p, ok := params.(*MarkovParams); ok {
		return p
	}
	return nil
}

// withheld stands for the split of a result that hides small groups.
type withheld struct{}

func (withheld) Name() string          { return "withheld" }
func (withheld) Weigh([]float64, View) {}
