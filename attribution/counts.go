package attribution

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
)

// Counts is an accumulator of a [Markov] model for streams that must not keep paths: it
// holds the transitions. Counts of the same order and preparation merge and subtract like
// sets do; others are refused with [ErrIncompatible]. One goroutine may write, or many
// may read.
type Counts struct {
	markov Markov
	prep   Preparation
	name   string
	sums   totals
	ends   map[string]ended // by state: the names of its channels, each behind its length
	moves  map[[2]string]int64
}

// ended is what came of journeys in one state: millionths, and minor units.
type ended struct{ good, bad, value int64 }

// NewCounts makes an empty accumulator; PerJourney is refused with [ErrIncompatible].
func NewCounts(m Markov, p *Preparation) (*Counts, error) {
	if p == nil {
		p = &Preparation{}
	}
	if m.Per == PerJourney {
		return nil, ErrIncompatible
	}
	return &Counts{markov: m, prep: *p, name: m.Name() + " " + p.fingerprint(), ends: map[string]ended{}, moves: map[[2]string]int64{}}, nil
}

// Add counts paths. On an error the counts are unchanged. Where the preparation looks at
// several paths of a subject (ConversionGap, Cycle) they must come in one call: later
// ones are prepared on their own.
func (c *Counts) Add(ps ...Path) error {
	out, err := c.prep.set(ps)
	if err != nil {
		return err
	}
	t := countTransitions(out, c.markov.order(), c.markov.DropNulls, true)
	o := &Counts{name: c.name, sums: out.totals, ends: map[string]ended{}, moves: map[[2]string]int64{}}
	key := func(s int32) string {
		var b []byte
		for _, id := range t.grams[s] {
			b = appendText(b, out.channels.names[id])
		}
		return string(b)
	}
	for s := range t.grams {
		if e := (ended{t.good[s], t.bad[s], t.value[s]}); e != (ended{}) {
			o.ends[key(int32(s))] = e
		}
	}
	for e, from := range t.from {
		o.moves[[2]string{key(from), key(t.to[e])}] += t.count[e]
	}
	return c.Merge(o)
}

// Merge adds the counts of o.
func (c *Counts) Merge(o *Counts) error {
	if o.name != c.name {
		return ErrIncompatible
	}
	sums, err := c.sums.merge(o.sums)
	if err != nil {
		return err
	}
	c.sums = sums
	for k, e := range o.ends {
		x := c.ends[k]
		c.ends[k] = ended{x.good + e.good, x.bad + e.bad, x.value + e.value}
	}
	for k, n := range o.moves {
		c.moves[k] += n
	}
	c.tidy()
	return nil
}

// tidy drops what counts nothing, so that equal counts have equal bytes.
func (c *Counts) tidy() {
	maps.DeleteFunc(c.ends, func(_ string, e ended) bool { return e == ended{} })
	maps.DeleteFunc(c.moves, func(_ [2]string, n int64) bool { return n == 0 })
}

// Subtract takes the counts of o away again: [ErrUnderflow] if they were not added.
func (c *Counts) Subtract(o *Counts) error {
	if o.name != c.name {
		return ErrIncompatible
	}
	for k, e := range o.ends {
		if x := c.ends[k]; x.good < e.good || x.bad < e.bad {
			return ErrUnderflow
		}
	}
	for k, n := range o.moves {
		if c.moves[k] < n {
			return ErrUnderflow
		}
	}
	s := c.sums
	s.conversions -= o.sums.conversions
	s.nulls -= o.sums.nulls
	s.open -= o.sums.open
	s.earned -= o.sums.earned
	s.owed -= o.sums.owed
	if s.conversions < 0 || s.nulls < 0 || s.open < 0 || s.earned < 0 || s.owed < 0 {
		return ErrUnderflow
	}
	c.sums = s
	for k, e := range o.ends {
		x := c.ends[k]
		c.ends[k] = ended{x.good - e.good, x.bad - e.bad, x.value - e.value}
	}
	for k, n := range o.moves {
		c.moves[k] -= n
	}
	c.tidy()
	return nil
}

// gram is a state's channels as the keys of Counts hold them.
func gram(key string) []string {
	d := &decoder{b: []byte(key)}
	var out []string
	for len(d.b) > 0 && !d.bad {
		out = append(out, d.text())
	}
	return out
}

// Result is the result so far, without intervals.
func (c *Counts) Result() (*Result, error) {
	js := &Journeys{}
	t := &transitions{order: c.markov.order(), index: map[string]int32{}, next: map[uint64]int32{}}
	t.state(nil)
	state := func(key string) int32 {
		names := gram(key)
		ids := make([]uint16, len(names))
		for i, n := range names {
			ids[i] = uint16(js.channels.id(n))
		}
		return t.state(ids)
	}
	for _, k := range slices.Sorted(maps.Keys(c.ends)) {
		s, e := state(k), c.ends[k]
		t.good[s], t.bad[s], t.value[s] = e.good, e.bad, e.value
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.moves), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		from, to := state(k[0]), state(k[1])
		t.from, t.to, t.count = append(t.from, from), append(t.to, to), append(t.count, c.moves[k])
	}
	t.channels = len(js.channels.names)
	res := (&Journeys{columns: columns{totals: c.sums}}).result(c.markov.Name())
	res.Warnings = nil
	if c.sums.conversions == 0 {
		res.warn("no_conversions")
	}
	js.totals = c.sums
	aside := c.ends[""]
	if err := c.markov.fill(js, t, res, aside.good, aside.value); err != nil {
		return nil, err
	}
	res.noIntervals("off")
	return res, nil
}

// MarshalBinary is AppendBinary to nothing.
func (c *Counts) MarshalBinary() ([]byte, error) { return c.AppendBinary(nil) }

// AppendBinary appends the counts in a stable form. The error is always nil.
func (c *Counts) AppendBinary(b []byte) ([]byte, error) {
	begin := len(b)
	b = append(b, encodingVersion)
	b = appendText(b, c.name)
	for _, x := range []int64{c.sums.conversions, c.sums.nulls, c.sums.open, c.sums.earned, c.sums.owed, c.sums.late, c.sums.ignored} {
		b = binary.AppendUvarint(b, uint64(x))
	}
	b = binary.AppendUvarint(b, uint64(len(c.ends)))
	for _, k := range slices.Sorted(maps.Keys(c.ends)) {
		e := c.ends[k]
		b = appendText(b, k)
		b = binary.AppendUvarint(b, uint64(e.good))
		b = binary.AppendUvarint(b, uint64(e.bad))
		b = binary.AppendVarint(b, e.value)
	}
	b = binary.AppendUvarint(b, uint64(len(c.moves)))
	for _, k := range slices.SortedFunc(maps.Keys(c.moves), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		b = appendText(appendText(b, k[0]), k[1])
		b = binary.AppendUvarint(b, uint64(c.moves[k]))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli)), nil
}

// UnmarshalBinary replaces the counts by encoded ones of the same model and preparation:
// others are [ErrIncompatible], broken bytes [ErrCorrupt]; both leave them unchanged.
func (c *Counts) UnmarshalBinary(b []byte) error {
	d, ok := newDecoder(b)
	if !ok {
		return ErrCorrupt
	}
	name := d.text()
	var s totals
	for _, x := range []*int64{&s.conversions, &s.nulls, &s.open, &s.earned, &s.owed, &s.late, &s.ignored} {
		*x = int64(d.uint(math.MaxInt64))
	}
	ends, moves := map[string]ended{}, map[[2]string]int64{}
	for n := d.uint(uint64(len(b))); n > 0 && !d.bad; n-- {
		k := d.text()
		ends[k] = ended{int64(d.uint(math.MaxInt64)), int64(d.uint(math.MaxInt64)), d.int()}
		d.bad = d.bad || !validGram(k)
	}
	for n := d.uint(uint64(len(b))); n > 0 && !d.bad; n-- {
		k := [2]string{d.text(), d.text()}
		moves[k] = int64(d.uint(math.MaxInt64))
		d.bad = d.bad || !validGram(k[0]) || !validGram(k[1])
	}
	switch {
	case d.bad || len(d.b) != 0:
		return ErrCorrupt
	case name != c.name:
		return ErrIncompatible
	}
	c.sums, c.ends, c.moves = s, ends, moves
	return nil
}

func validGram(key string) bool {
	d := &decoder{b: []byte(key)}
	for len(d.b) > 0 && !d.bad {
		d.bad = checkName(d.text()) != nil || d.bad
	}
	return !d.bad
}
