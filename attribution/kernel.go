package attribution

import (
	"math"
	"math/bits"

	"github.com/tabi-go/tabi/internal/num"
)

// Rules whose weights depend on the length of a path and the place in it need no division
// a touch: whole numbers are added up in one cell for each (class, channel), and each cell
// is divided once. Paths longer than maxCells take the general way.
const maxCells = 64

// cells add up integers: one row of the table a class of weight, one column a channel.
type cells struct {
	channels   int
	conv, val  []int64 // class-major
	scale, sum []uint64
}

func newCells(js *Journeys, classes int) *cells {
	n := len(js.channels.names)
	return &cells{channels: n, conv: make([]int64, classes*n), val: make([]int64, classes*n),
		scale: make([]uint64, classes), sum: make([]uint64, classes)}
}

// pour divides the cells into the tally: a class is worth scale/sum a unit.
func (c *cells) pour(t *tally) bool {
	for k := range c.sum {
		for ch := range c.channels {
			i := k*c.channels + ch
			if c.conv[i] == 0 && c.val[i] == 0 {
				continue
			}
			x, ok := num.Ratio(c.conv[i], c.scale[k], c.sum[k])
			y, ok2 := num.Ratio(c.val[i], c.scale[k], c.sum[k])
			if !ok || !ok2 {
				return false
			}
			t.conversions[ch] = t.conversions[ch].Add(x)
			t.values[ch] = t.values[ch].Add(y)
		}
	}
	return true
}

// fast tallies the rules that have a kernel. It returns the rows that are left for the
// general way, all of them if there is no kernel.
func (t *tally) fast(js *Journeys, m Model) (left []int, done bool) {
	// Weights of a step (up to maxCells) times the sums must stay within int64.
	limit := int64(math.MaxInt64) / maxCells / 2
	if js.weights.v != nil || js.narrow == nil || js.conversions.small == nil ||
		js.totals.conversions > limit || js.totals.earned > limit || js.totals.owed > limit {
		return nil, false
	}
	var c *cells
	switch m := m.(type) {
	case First, Last:
		c = newCells(js, 1)
		c.scale[0], c.sum[0] = 1, 1
		_, first := m.(First)
		left = c.ends(js, first)
	case Linear:
		switch m.By {
		case Touch:
			c = newCells(js, maxCells+1)
			for n := range c.sum {
				c.scale[n], c.sum[n] = 1, uint64(max(1, n))
			}
			left = c.linear(js)
		case Distinct:
			c = newCells(js, maxCells+1)
			for n := range c.sum {
				c.scale[n], c.sum[n] = 1, uint64(max(1, n))
			}
			left = c.distinct(js)
		default:
			return nil, false
		}
	case Ramp:
		if m.By != Touch {
			return nil, false
		}
		c = newCells(js, maxCells+1)
		for n := range c.sum {
			c.scale[n], c.sum[n] = 1, uint64(max(1, n*(n+1)/2))
		}
		left = c.ramp(js)
	case Position:
		f, l, mid, ok := m.millionths()
		if !ok {
			return nil, false
		}
		c = newCells(js, maxCells+2)
		for n := range c.sum {
			c.scale[n], c.sum[n] = mid, uint64(max(1, n-2))*million
		}
		// Lengths 0 to 2 have no middle: their cells are whole paths, firsts and lasts.
		c.scale[0], c.sum[0] = 1, 1
		c.scale[1], c.sum[1] = f, million
		c.scale[2], c.sum[2] = l, million
		c.scale[maxCells+1], c.sum[maxCells+1] = 1, 2 // half and half
		left = c.position(js, m.Two == Half || f+l == 0)
	case TimeDecay:
		if m.Raw || m.Spacing > 0 || js.ages.big != nil || js.ages.len() == 0 {
			return nil, false
		}
		return t.decay(js, m), true
	default:
		return nil, false
	}
	if !c.pour(t) {
		return nil, false
	}
	return left, true
}

// rowColumns are the columns that kernels read; clean says that rows without conversions
// have no value.
func (js *Journeys) rowColumns() (ends []int, conv []uint32, val []int64, clean bool) {
	n := js.rows()
	return js.ends[:n], js.conversions.small[:n], js.values[:n], js.totals.owed == 0
}

func (c *cells) ends(js *Journeys, first bool) (left []int) {
	ends, conv, val, clean := js.rowColumns()
	for r, k := range conv {
		if k == 0 && (clean || val[r] == 0) {
			continue
		}
		v, lo, hi := val[r], 0, ends[r]
		if r > 0 {
			lo = ends[r-1]
		}
		if lo == hi {
			left = append(left, r)
		} else {
			i := hi - 1
			if first {
				i = lo
			}
			c.conv[js.narrow[i]] += int64(k) * million
			c.val[js.narrow[i]] += v
		}
	}
	return left
}

func (c *cells) linear(js *Journeys) (left []int) {
	ends, conv, val, clean := js.rowColumns()
	for r, k := range conv {
		if k == 0 && (clean || val[r] == 0) {
			continue
		}
		v, lo, hi := val[r], 0, ends[r]
		if r > 0 {
			lo = ends[r-1]
		}
		n := hi - lo
		if n == 0 || n > maxCells {
			left = append(left, r)
		} else {
			cc, cv := c.conv[n*c.channels:(n+1)*c.channels], c.val[n*c.channels:(n+1)*c.channels]
			cv = cv[:len(cc)]
			x := int64(k) * million
			for _, ch := range js.narrow[lo:hi] {
				cc[ch] += x
				cv[ch] += v
			}
		}
	}
	return left
}

func (c *cells) ramp(js *Journeys) (left []int) {
	ends, conv, val, clean := js.rowColumns()
	for r, k := range conv {
		if k == 0 && (clean || val[r] == 0) {
			continue
		}
		v, lo, hi := val[r], 0, ends[r]
		if r > 0 {
			lo = ends[r-1]
		}
		n := hi - lo
		if n == 0 || n > maxCells {
			left = append(left, r)
		} else {
			cc, cv := c.conv[n*c.channels:(n+1)*c.channels], c.val[n*c.channels:(n+1)*c.channels]
			cv = cv[:len(cc)]
			x := int64(k) * million
			dx, dv := x, v
			for _, ch := range js.narrow[lo:hi] {
				cc[ch] += x
				cv[ch] += v
				x += dx
				v += dv
			}
		}
	}
	return left
}

func (c *cells) position(js *Journeys, half bool) (left []int) {
	ends, conv, val, clean := js.rowColumns()
	whole, first, last := c.conv[:c.channels], c.conv[c.channels:2*c.channels], c.conv[2*c.channels:3*c.channels]
	vwhole, vfirst, vlast := c.val[:c.channels], c.val[c.channels:2*c.channels], c.val[2*c.channels:3*c.channels]
	for r, k := range conv {
		if k == 0 && (clean || val[r] == 0) {
			continue
		}
		v, lo, hi := val[r], 0, ends[r]
		if r > 0 {
			lo = ends[r-1]
		}
		n := hi - lo
		x := int64(k) * million
		switch {
		case n == 0 || n > maxCells || n == 2 && !half:
			left = append(left, r)
		case n == 2:
			cc, cv := c.conv[(maxCells+1)*c.channels:], c.val[(maxCells+1)*c.channels:]
			a, b := js.narrow[lo], js.narrow[lo+1]
			cc[a] += x
			cv[a] += v
			cc[b] += x
			cv[b] += v
		case n == 1:
			whole[js.narrow[lo]] += x
			vwhole[js.narrow[lo]] += v
		default:
			a, b := js.narrow[lo], js.narrow[hi-1]
			first[a] += x
			vfirst[a] += v
			last[b] += x
			vlast[b] += v
			cc, cv := c.conv[n*c.channels:(n+1)*c.channels], c.val[n*c.channels:(n+1)*c.channels]
			cv = cv[:len(cc)]
			for _, ch := range js.narrow[lo+1 : hi-1] {
				cc[ch] += x
				cv[ch] += v
			}
		}
	}
	return left
}

// distinct gives whole paths to each of their channels, in the class of their number. The
// set of a path is four words of bits.
func (c *cells) distinct(js *Journeys) (left []int) {
	ends, conv, val, clean := js.rowColumns()
	for r, k := range conv {
		if k == 0 && (clean || val[r] == 0) {
			continue
		}
		v, lo, hi := val[r], 0, ends[r]
		if r > 0 {
			lo = ends[r-1]
		}
		n := hi - lo
		if n == 0 || n > maxCells {
			left = append(left, r)
		} else {
			var set [4]uint64
			for _, ch := range js.narrow[lo:hi] {
				set[ch>>6] |= 1 << (ch & 63)
			}
			size := bits.OnesCount64(set[0]) + bits.OnesCount64(set[1]) + bits.OnesCount64(set[2]) + bits.OnesCount64(set[3])
			cc, cv := c.conv[size*c.channels:(size+1)*c.channels], c.val[size*c.channels:(size+1)*c.channels]
			x := int64(k) * million
			for w, b := range set {
				for ; b != 0; b &= b - 1 {
					ch := w<<6 | bits.TrailingZeros64(b)
					cc[ch] += x
					cv[ch] += v
				}
			}
		}
	}
	return left
}
