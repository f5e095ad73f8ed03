package attribution

// maxWindows is the size of the tables of countWindows, 2 MB.
const maxWindows = 1 << 18

// countWindows counts a higher order in a table of all windows of order+1 channels, where
// that is small: the place in the table follows from the channels, so nothing is looked up
// a touch. Sets with refunds take the general way, as these may need edges without counts.
func (t *transitions) countWindows(js *Journeys, dropNulls bool) bool {
	n, k := t.channels, t.order
	if n < 2 || js.narrow == nil || js.totals.owed != 0 {
		return false
	}
	// Histories of j channels are numbered from begin[j] on, as numbers in base n.
	begin := []int{0}
	size := 1
	for range k + 1 {
		begin = append(begin, begin[len(begin)-1]+size)
		if size *= n; size > maxWindows {
			return false
		}
	}
	full := size / n
	windows, grown := make([]int64, size), make([]int64, begin[k+1])
	ends := make([]ended, begin[k+1])
	for r := range js.rows() {
		c, b := js.conversions.at(r), js.nulls.at(r)
		if dropNulls {
			b = 0
		}
		w := c + b
		if w == 0 {
			continue
		}
		lo, hi := js.span(r)
		path := js.narrow[lo:hi]
		at, j := 0, 0
		for ; j < k && j < len(path); j++ {
			at = at*n + int(path[j])
			grown[begin[j+1]+at] += w
		}
		for i, ch := range path[j:] {
			at = at*n + int(ch)
			windows[at] += w
			at -= int(path[i]) * full
		}
		e := &ends[begin[j]+at]
		e.good += c
		e.bad += b
		e.value += js.values[r]
	}

	ids := make([]int32, begin[k+1]) // one more than the state, 0 for none yet
	state := func(j, at int) int32 {
		id := &ids[begin[j]+at]
		if *id == 0 {
			t.gram = append(t.gram[:0], make([]uint16, j)...)
			for i := j - 1; i >= 0; i-- {
				t.gram[i] = uint16(at % n)
				at /= n
			}
			*id = t.state(t.gram) + 1
		}
		return *id - 1
	}
	edge := func(from, to int32, w int64) {
		t.from, t.to, t.count = append(t.from, from), append(t.to, to), append(t.count, w)
	}
	for j := 1; j <= k; j++ {
		for at, w := range grown[begin[j]:begin[j+1]] {
			if w != 0 {
				edge(state(j-1, at/n), state(j, at), w)
			}
		}
	}
	for at, w := range windows {
		if w != 0 {
			edge(state(k, at/n), state(k, at%full), w)
		}
	}
	for j := range k + 1 {
		for at, e := range ends[begin[j]:begin[j+1]] {
			if e != (ended{}) {
				s := state(j, at)
				t.good[s], t.bad[s], t.value[s] = e.good, e.bad, e.value
			}
		}
	}
	return true
}
