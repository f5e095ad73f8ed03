package attribution

import "math/bits"

// million is how counts and ages are kept: as integers of 10⁻⁶.
const million = 1_000_000

// ints is a column of non-negative integers in millionths. It is kept as whole units in
// 32 bits while all of them are: weights of aggregated paths and ages in seconds are.
type ints struct {
	small []uint32 // units of a million, while big is nil
	big   []int64
}

func (c *ints) append(v int64) {
	if c.big == nil {
		if q := v / million; v%million == 0 && q < 1<<32 {
			c.small = append(c.small, uint32(q))
			return
		}
		c.big = make([]int64, len(c.small), 2*len(c.small)+1)
		for i, s := range c.small {
			c.big[i] = int64(s) * million
		}
		c.small = nil
	}
	c.big = append(c.big, v)
}

func (c *ints) len() int { return len(c.small) + len(c.big) }

func (c *ints) at(i int) int64 {
	if c.big != nil {
		return c.big[i]
	}
	return int64(c.small[i]) * million
}

// opt is a column that does not exist while all its values are the default one.
type opt[T comparable] struct{ v []T }

// append writes v as element n; what is missing before it is def.
func (c *opt[T]) append(n int, v, def T) {
	if c.v == nil {
		if v == def {
			return
		}
		c.v = make([]T, n, 2*n+1)
		for i := range c.v {
			c.v[i] = def
		}
	}
	c.v = append(c.v, v)
}

func (c *opt[T]) get(i int, def T) T {
	if c.v == nil {
		return def
	}
	return c.v[i]
}

// at is get with the zero value as the default.
func (c *opt[T]) at(i int) T {
	var zero T
	return c.get(i, zero)
}

// even is a column that takes no room while all its values are the same.
type even[T comparable] struct {
	v   []T
	all T
}

// append writes v as element n.
func (c *even[T]) append(n int, v T) {
	if c.v == nil {
		if n == 0 {
			c.all = v
		}
		if v == c.all {
			return
		}
		c.v = make([]T, n, 2*n+1)
		for i := range c.v {
			c.v[i] = c.all
		}
	}
	c.v = append(c.v, v)
}

func (c *even[T]) at(i int) T {
	if c.v == nil {
		return c.all
	}
	return c.v[i]
}

// table interns strings: one id a distinct string, in order of arrival.
type table struct {
	names []string
	index map[string]uint32
}

func (t *table) id(s string) uint32 {
	if id, ok := t.index[s]; ok {
		return id
	}
	if t.index == nil {
		t.index = map[string]uint32{}
	}
	id := uint32(len(t.names))
	t.names = append(t.names, s)
	t.index[s] = id
	return id
}

// recent remembers where names were found in a table, in front of its map: a slot holds the
// number of a name and one more. It is only a hint, so two names may share a slot, and
// the table may change behind it.
type recent [1024]uint16

// find is the number of s in t.
func (r *recent) find(t *table, s string) (id uint32, ok bool) {
	slot := &r[spot(s)]
	if k := int(*slot); k > 0 && k <= len(t.names) && t.names[k-1] == s {
		return uint32(k - 1), true
	}
	if id, ok = t.index[s]; ok && id < 1<<16-1 {
		*slot = uint16(id + 1)
	}
	return id, ok
}

// spot is a number below 1024 made of the length and of the first and last eight bytes.
func spot(s string) int {
	h := uint64(len(s))
	if n := len(s); n >= 8 {
		h += eight(s) ^ bits.RotateLeft64(eight(s[n-8:]), 23)
	} else {
		for i := range n {
			h = h<<8 | uint64(s[i])
		}
	}
	return int(h * 0x9E3779B97F4A7C15 >> 54)
}

// eight are the first eight bytes of s.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// word interns s with "" as 0.
func (t *table) word(s string) uint32 {
	if s == "" {
		return 0
	}
	return t.id(s) + 1
}

func (t *table) text(id uint32) string {
	if id == 0 {
		return ""
	}
	return t.names[id-1]
}
