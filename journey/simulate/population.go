package simulate

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Population is a world that was run for a number of people. It holds no touches: what
// it is asked for it lives through again, which gives the same each time. Safe for
// concurrent use.
type Population struct {
	m *model
}

// Run makes users people live for days days. It is pure, does no work by itself and is
// safe to call concurrently; a wrong world or size is a [*WorldError].
func (w World) Run(seed uint64, users, days int) (*Population, error) {
	m, err := newModel(w, seed, users, days)
	if err != nil {
		return nil, err
	}
	return &Population{m}, nil
}

// Touches yields what was recorded, in order of arrival and, of one second, of what really
// happened first. Channels and touchpoints are spelled as their sources spell them, and the
// records are those of systems: [touchpoint.Touch.Normalize] takes each, except the ones
// that Observe.Dirty made unusable.
func (p *Population) Touches() iter.Seq[touchpoint.Touch] {
	return func(yield func(touchpoint.Touch) bool) {
		w := p.m.newWriter()
		for r := range p.m.records(&recorder{}) {
			if !yield(w.touch(r)) {
				return
			}
		}
	}
}

// A Label is the truth about one record.
type Label struct {
	Person   string         // whose it is: a user_id
	Channel  string         // of a touch, really
	At       time.Time      // when it really happened
	Parent   touchpoint.Key // the record of the touch that brought this one; zero for none, or lost
	Original touchpoint.Key // of a twin: the record that it repeats
	Unusable bool           // spoilt by Observe.Dirty
}

// Labelled is [Population.Touches] with the truth about each record.
func (p *Population) Labelled() iter.Seq2[touchpoint.Touch, Label] {
	return func(yield func(touchpoint.Touch, Label) bool) {
		w := p.m.newWriter()
		for r := range p.m.records(&recorder{kin: true}) {
			if !yield(w.touch(r), p.m.tell(r)) {
				return
			}
		}
	}
}

func (m *model) tell(r *record) Label {
	l := Label{Person: userID(int(r.person)), At: m.instant(r.second)}
	if r.what > isTwin {
		return l
	}
	l.Channel = m.world.Channels[r.truth].Name
	original := record{what: isTouch, truth: r.truth, number: r.kin}
	switch {
	case r.what == isTwin:
		l.Original = m.key(&original)
	case r.kin != 0:
		original.truth = uint8(r.parent)
		l.Parent = m.key(&original)
	}
	l.Unusable = r.what == isTouch && defect(r.detail) >= badTime
	return l
}

// records yields all records, numbered, in order of arrival. A record is valid until the
// next one.
func (m *model) records(w *recorder) iter.Seq[*record] {
	return func(yield func(*record) bool) {
		w.m, w.s, w.parents = m, newStream(m.seed), make(map[touchAt]uint32)
		w.from, w.until, w.records = 0, forever, nil
		var u unit
		var log *stepLog
		if m.expected() > float64(m.hold) {
			log = m.newLog()
			w.fired = make(map[int32]ref)
		} else {
			w.records = make([]record, 0, int(1.1*m.expected()))
		}
		for i := range m.units() {
			m.drawUnit(&u, w.s, i, m.steps)
			sale, _ := m.liveUnit(&u, m.all, m.steps)
			w.unit(&u, sale)
			if log != nil {
				log.take(w.records)
				w.records = w.records[:0]
			}
		}
		c := clerk{m: m, cutoff: m.cutoff()}
		if log == nil {
			c.file(w, forever, yield)
			return
		}
		for from := 0; from < m.people; from += identifyAtOnce {
			w.records = w.records[:0]
			for person := from; person < min(m.people, from+identifyAtOnce); person++ {
				w.identifyAgain(person)
			}
			if !c.file(w, forever, yield) {
				return
			}
		}
		for step := range log.steps {
			w.from, w.until = int32(step)*m.seconds, int32(step+1)*m.seconds
			w.records = append(w.records[:0], c.late...)
			w.expand(log, step, &u)
			if step == len(log.steps)-1 {
				w.until = forever
			}
			if !c.file(w, w.until, yield) {
				return
			}
		}
	}
}

// identifyAtOnce is how many people enter at a time: all do so in the first second.
const identifyAtOnce = 1 << 16

// forever is after any second of any world.
const forever = math.MaxInt32

// A clerk numbers records and hands them on in order of arrival.
type clerk struct {
	m       *model
	cutoff  int32
	numbers [sources]uint32
	keys    []uint64
	order   []int32  // of records, as they really happened
	late    []record // to arrive later
}

// file hands on the records of w that have arrived by then and keeps the others, which are
// to be the first ones of w the next time. All that happens later must come later.
func (c *clerk) file(w *recorder, by int32, yield func(*record) bool) bool {
	rs := w.records
	c.keys, c.order = slices.Grow(c.keys[:0], len(rs)), slices.Grow(c.order[:0], len(rs))
	for i := range rs {
		if i < len(c.late) {
			c.order = append(c.order, int32(i))
		} else {
			c.keys = append(c.keys, sortKey(rs[i].happened(), i))
		}
	}
	slices.Sort(c.keys)
	for _, key := range c.keys {
		r := &rs[uint32(key)]
		n := &c.numbers[c.m.sourceOf(r)]
		*n++
		r.number = *n
		if w.kin {
			w.relate(rs, int(uint32(key)))
		}
		c.order = append(c.order, int32(uint32(key)))
	}
	c.late = c.late[:0]
	if c.m.world.Observe.Late == 0 { // all arrive when they happen
		for _, i := range c.order {
			if rs[i].second >= c.cutoff && !yield(&rs[i]) {
				return false
			}
		}
		return true
	}
	c.keys = c.keys[:0]
	for rank, i := range c.order {
		c.keys = append(c.keys, sortKey(rs[i].second+rs[i].delay, rank))
	}
	slices.Sort(c.keys)
	for _, key := range c.keys {
		r := &rs[c.order[uint32(key)]]
		switch {
		case r.second+r.delay >= by:
			c.late = append(c.late, *r)
		case r.second >= c.cutoff && !yield(r):
			return false
		}
	}
	return true
}

// happened orders records by the second in which they happened; people enter before all.
func (r *record) happened() int32 {
	if r.what == isIdentify {
		return 0
	}
	return r.second + 1
}

// sortKey sorts by a number ≥ 0, then by place.
func sortKey(n int32, place int) uint64 { return uint64(n)<<32 | uint64(place) }

// A place of a touch in the population.
type touchAt struct {
	person, step int32
	channel      uint8
}

// relate finds the number of the original of a twin, and of the parent of a touch, which
// both have theirs already.
func (w *recorder) relate(rs []record, i int) {
	r := &rs[i]
	at := touchAt{r.person, r.second / w.m.seconds, r.truth}
	switch r.what {
	case isTwin:
		r.kin = rs[i-1].number
	case isTouch:
		if w.m.excites(int(r.truth)) {
			w.parents[at] = r.number
		}
		if r.parent >= 0 {
			r.kin = w.parents[touchAt{at.person, at.step - 1, uint8(r.parent)}]
		}
	}
}

// excites reports whether touches of channel c bring others.
func (m *model) excites(c int) bool {
	for _, by := range m.excited {
		if by>>c&1 == 1 {
			return true
		}
	}
	return false
}
