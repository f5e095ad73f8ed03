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

// An amount is what cells add up: millionths of conversions, and minor units.
type amount struct{ conv, val int64 }

func (a *amount) add(x amount) {
	a.conv += x.conv
	a.val += x.val
}

// cells add up integers: one row of the table a class of weight, one column a channel. What
// lies in a class counts scale/sum.
type cells struct {
	channels   int
	cell       []amount // class-major
	scale, sum []uint64
}

func newCells(channels, classes int) *cells {
	c := &cells{channels: channels, cell: make([]amount, classes*channels), scale: make([]uint64, classes), sum: make([]uint64, classes)}
	for k := range classes {
		c.scale[k], c.sum[k] = 1, 1
	}
	return c
}

func (c *cells) class(k int) []amount { return c.cell[k*c.channels : (k+1)*c.channels] }

// pour divides the cells into the tally.
func (c *cells) pour(t *tally) bool {
	for k := range c.sum {
		for ch, a := range c.class(k) {
			if a == (amount{}) {
				continue
			}
			x, ok := num.Ratio(a.conv, c.scale[k], c.sum[k])
			y, ok2 := num.Ratio(a.val, c.scale[k], c.sum[k])
			if !ok || !ok2 {
				return false
			}
			t.conversions[ch] = t.conversions[ch].Add(x)
			t.values[ch] = t.values[ch].Add(y)
		}
	}
	return true
}

// A kernel adds what one path earned to the cells; false leaves it to the general way.
type kernel func(c *cells, path []uint8, x amount) bool

// kernelOf is the kernel of a rule and its empty cells, nil if it has none. A path of n
// steps adds up to n^degree times what it earned to one cell.
func kernelOf(m Model, channels int) (k kernel, c *cells, degree int) {
	switch m := m.(type) {
	case First:
		return addFirst, newCells(channels, 1), 0
	case Last:
		return addLast, newCells(channels, 1), 0
	case Linear:
		c := newCells(channels, maxCells+1) // by number of steps or of channels
		for n := 1; n <= maxCells; n++ {
			c.sum[n] = uint64(n)
		}
		switch m.By {
		case Touch:
			return addEach, c, 1
		case Distinct:
			if channels <= 64 {
				return addFewDistinct, c, 0
			}
			return addDistinct, c, 0
		}
	case Ramp:
		if m.By != Touch {
			return nil, nil, 0
		}
		c := newCells(channels, maxCells+1) // by number of steps
		for n := 1; n <= maxCells; n++ {
			c.sum[n] = uint64(n * (n + 1) / 2)
		}
		return addRamp, c, 2
	case Position:
		first, last, middle, ok := m.millionths()
		if !ok {
			return nil, nil, 0
		}
		c := newCells(channels, maxCells+2)
		c.scale[positionFirst], c.sum[positionFirst] = first, million
		c.scale[positionLast], c.sum[positionLast] = last, million
		c.sum[positionHalf] = 2
		for n := 3; n <= maxCells; n++ {
			c.scale[n], c.sum[n] = middle, uint64(n-2)*million
		}
		if m.Two == Half || first+last == 0 {
			return addPosition, c, 1
		}
		return func(c *cells, path []uint8, x amount) bool { return len(path) != 2 && addPosition(c, path, x) }, c, 1
	}
	return nil, nil, 0
}

func addFirst(c *cells, path []uint8, x amount) bool {
	c.cell[path[0]].add(x)
	return true
}

func addLast(c *cells, path []uint8, x amount) bool {
	c.cell[path[len(path)-1]].add(x)
	return true
}

func addEach(c *cells, path []uint8, x amount) bool {
	cell := c.class(len(path))
	for _, ch := range path {
		cell[ch].add(x)
	}
	return true
}

func addRamp(c *cells, path []uint8, x amount) bool {
	cell := c.class(len(path))
	y := x
	for _, ch := range path {
		cell[ch].add(y)
		y.add(x)
	}
	return true
}

// Classes of Position beside the middles, which are classed by the number of steps: paths
// of one step, firsts, lasts, and both halves of two steps.
const (
	positionWhole = 0
	positionFirst = 1
	positionLast  = 2
	positionHalf  = maxCells + 1
)

func addPosition(c *cells, path []uint8, x amount) bool {
	last := len(path) - 1
	switch last {
	case 0:
		c.class(positionWhole)[path[0]].add(x)
	case 1:
		half := c.class(positionHalf)
		half[path[0]].add(x)
		half[path[1]].add(x)
	default:
		c.class(positionFirst)[path[0]].add(x)
		c.class(positionLast)[path[last]].add(x)
		middle := c.class(len(path))
		for _, ch := range path[1:last] {
			middle[ch].add(x)
		}
	}
	return true
}

// addDistinct gives whole paths to each of their channels, in the class of their number. The
// set of a path is four words of bits.
func addDistinct(c *cells, path []uint8, x amount) bool {
	var set [4]uint64
	for _, ch := range path {
		set[ch>>6] |= 1 << (ch & 63)
	}
	cell := c.class(bits.OnesCount64(set[0]) + bits.OnesCount64(set[1]) + bits.OnesCount64(set[2]) + bits.OnesCount64(set[3]))
	for w, b := range set {
		for ; b != 0; b &= b - 1 {
			cell[w<<6|bits.TrailingZeros64(b)].add(x)
		}
	}
	return true
}

// addFewDistinct is addDistinct for up to 64 channels: one word.
func addFewDistinct(c *cells, path []uint8, x amount) bool {
	set := uint64(0)
	for _, ch := range path {
		set |= 1 << (ch & 63)
	}
	cell := c.class(bits.OnesCount64(set))
	for ; set != 0; set &= set - 1 {
		cell[bits.TrailingZeros64(set)].add(x)
	}
	return true
}

// fast tallies the rules that have a kernel. It returns the rows that are left for the
// general way, and false if all are.
func (t *tally) fast(js *Journeys, m Model) (left []int, done bool) {
	if js.weights.v != nil || js.narrow == nil || js.conversions.small == nil {
		return nil, false
	}
	if m, ok := m.(TimeDecay); ok {
		if m.Raw || m.Spacing > 0 || js.ages.small == nil {
			return nil, false
		}
		return t.decay(js, m), true
	}
	k, c, degree := kernelOf(m, len(js.channels.names))
	if k == nil {
		return nil, false
	}
	// Cells hold the sums if they would hold all of them in the longest paths; else what may
	// lie in one is added up beside them.
	most := float64(max(js.totals.conversions, js.totals.earned, js.totals.owed))
	times := func(n int) float64 { return [...]float64{1, float64(n), float64(n * n)}[degree] }
	doubtful := most*times(maxCells) > math.MaxInt64/2
	var conv, val float64
	js.earners(func(rows []uint32) {
		for _, r := range rows {
			lo, hi := js.span(int(r))
			n := hi - lo
			x := amount{int64(js.conversions.small[r]) * million, js.values[r]}
			if n == 0 || n > maxCells || !k(c, js.narrow[lo:hi], x) {
				left = append(left, int(r))
			} else if doubtful {
				conv += float64(times(n) * float64(x.conv))
				val += float64(times(n) * math.Abs(float64(x.val)))
			}
		}
	})
	if max(conv, val) > math.MaxInt64/2 {
		return nil, false
	}
	return left, c.pour(t)
}

// earners are the rows that have conversions or a value, many at a time: whether a row has
// any is a toss-up, which costs more than the row if it is asked in the midst of the work.
func (js *Journeys) earners(f func(rows []uint32)) {
	var found [512]uint32
	conv := js.conversions.small
	for begin := 0; begin < len(conv); begin += len(found) {
		n := 0
		block := conv[begin:min(begin+len(found), len(conv))]
		if js.totals.owed == 0 {
			for i, c := range block {
				found[n] = uint32(begin + i)
				if c != 0 {
					n++
				}
			}
		} else { // refunds are value without conversions
			for i, c := range block {
				found[n] = uint32(begin + i)
				if c != 0 || js.values[begin+i] != 0 {
					n++
				}
			}
		}
		f(found[:n])
	}
}
