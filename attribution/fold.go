package attribution

import (
	"slices"
)

// A place is a row on the way to canonical order: most are told apart by their first eight
// channels, which are compared as one number.
type place struct {
	head uint64
	row  uint32
}

// inOrder are the rows in canonical order, or those of them that earned something; rank
// orders the channels.
func (js *Journeys) inOrder(rank []int, earned bool) []place {
	ps := make([]place, 0, js.rows())
	short := len(rank) < 255
	for r := range js.rows() {
		if earned && js.conversions.at(r) == 0 && js.values[r] == 0 {
			continue
		}
		head := uint64(0)
		if lo, hi := js.span(r); short {
			for i := lo; i < min(hi, lo+8); i++ {
				head = head<<8 | uint64(rank[js.channel(i)]+1)
			}
			head <<= 8 * max(0, 8-(hi-lo))
		}
		ps = append(ps, place{head, uint32(r)})
	}
	ps = sortHeads(ps)
	headed := js.headed()
	for i := 0; i < len(ps); {
		j := i + 1
		for j < len(ps) && ps[j].head == ps[i].head {
			j++
		}
		if !headed || !ps[i].short() {
			slices.SortFunc(ps[i:j], func(a, b place) int { return js.compareRows(int(a.row), int(b.row), rank) })
		}
		i = j
	}
	return ps
}

// sortHeads sorts by head, a byte at a time from the last; bytes that are the same in all
// rows are left out.
func sortHeads(ps []place) []place {
	var counts [8][256]int
	for i := range ps {
		for b := range counts {
			counts[b][ps[i].head>>(8*b)&0xff]++
		}
	}
	to := make([]place, len(ps))
	for b := range counts {
		at, next := &counts[b], 0
		if slices.Contains(at[:], len(ps)) {
			continue
		}
		for v, n := range at {
			at[v], next = next, next+n
		}
		for _, p := range ps {
			v := p.head >> (8 * b) & 0xff
			to[at[v]] = p
			at[v]++
		}
		ps, to = to, ps
	}
	return ps
}

// simple reports whether rows differ in channels and ages alone.
func (js *Journeys) simple() bool {
	return js.narrow != nil && !js.extras() && js.open.v == nil && js.subjects.v == nil && js.strata.v == nil &&
		js.starts.v == nil && js.finishes.v == nil && js.marks == nil && js.changes == nil
}

// headed reports whether rows differ in channels alone, so that a head of less than eight
// channels tells all there is about its row.
func (js *Journeys) headed() bool {
	return js.ages.len() == 0 && len(js.channels.names) < 255 && js.simple()
}

// short reports whether the head has room for more channels.
func (p place) short() bool { return p.head&0xff == 0 }

// fold writes the rows of a simple set, which are in order, to its canonical form c, whose
// channels are in order.
func (js *Journeys) fold(c *Journeys, order []place, rank []int) {
	to := make([]uint8, len(js.channels.names))
	for id, name := range js.channels.names {
		to[id] = uint8(c.channels.index[name])
	}
	c.starts.all, c.finishes.all = js.starts.all, js.finishes.all
	t := &c.totals
	headed := js.headed()
	for i := 0; i < len(order); {
		first := order[i]
		var conversions, nulls, value int64
		told := headed && first.short()
		for ; i < len(order); i++ {
			p := order[i]
			if p.head != first.head || !told && js.compareRows(int(first.row), int(p.row), rank) != 0 {
				break
			}
			conversions += js.conversions.at(int(p.row))
			nulls += js.nulls.at(int(p.row))
			value += js.values[p.row]
		}
		lo, hi := js.span(int(first.row))
		for _, ch := range js.narrow[lo:hi] {
			c.narrow = append(c.narrow, to[ch])
		}
		if js.ages.len() > 0 {
			for k := lo; k < hi; k++ {
				c.ages.append(js.ages.at(k))
			}
		}
		c.ends = append(c.ends, uint32(len(c.narrow)))
		c.conversions.append(conversions)
		c.nulls.append(nulls)
		c.values = append(c.values, value)
		t.conversions += conversions
		t.nulls += nulls
		t.earned += max(0, value)
		t.owed += max(0, -value)
		if c.finishes.all == untimed && hi > lo {
			t.untimed++
		}
	}
}
