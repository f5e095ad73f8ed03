package touchpoint

import (
	"slices"
	"time"
)

// maxRun is the number of touches up to which a stretch is matched optimally.
const maxRun = 512

// join makes a unit of each touch, and one of each pair of TwinRules.Same.
func (m *twinMatcher) join() {
	m.units = make([]unit, len(m.touches))
	for i, t := range m.touches {
		m.units[i] = unit{lead: int32(i), source: m.rank[t.Source], matched: -1,
			at: t.At.UnixMicro(), facets: m.facetsOf(t)}
	}
	for _, p := range m.rules.Never {
		if m.never == nil {
			m.never = make(map[Key][]Key)
		}
		m.never[p[0]] = append(m.never[p[0]], p[1])
		m.never[p[1]] = append(m.never[p[1]], p[0])
	}
	if len(m.rules.Same) == 0 {
		return
	}
	unitOf := make(map[Key]int, len(m.touches))
	for i, t := range m.touches {
		unitOf[t.Key()] = i
	}
	pairs := slices.Clone(m.rules.Same)
	for i, p := range pairs {
		if p[0].Compare(p[1]) > 0 {
			pairs[i] = [2]Key{p[1], p[0]}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]Key) int {
		if c := a[0].Compare(b[0]); c != 0 {
			return c
		}
		return a[1].Compare(b[1])
	})
	for _, p := range pairs {
		i, ok := unitOf[p[0]]
		j, too := unitOf[p[1]]
		if !ok || !too || i == j {
			continue
		}
		a, b := &m.units[i], &m.units[j]
		if a.source > b.source {
			a, b = b, a
		}
		if !m.compatible(a, b) {
			continue
		}
		m.merge(a, b, string(a.kind)+": by rule")
		for k, u := range unitOf {
			if u == int(b.lead) {
				unitOf[k] = int(a.lead)
			}
		}
	}
}

// compatible reports whether two units share no source and no Never pair stands between.
func (m *twinMatcher) compatible(a, b *unit) bool {
	for i := -1; i < len(a.more); i++ {
		x := m.member(a, i)
		for j := -1; j < len(b.more); j++ {
			y := m.member(b, j)
			if x.Source == y.Source || slices.Contains(m.never[x.Key()], y.Key()) {
				return false
			}
		}
	}
	return true
}

// member returns the i-th further member of a unit, its lead for −1.
func (m *twinMatcher) member(u *unit, i int) *Touch {
	if i < 0 {
		return m.touches[u.lead]
	}
	return m.touches[u.more[i]]
}

// merge joins b into a, which ranks higher; what a does not know it learns from b.
func (m *twinMatcher) merge(a, b *unit, why string) {
	a.more = append(append(a.more, b.lead), b.more...)
	a.why = append(append(a.why, why), b.why...)
	m.sortMembers(a)
	b.gone = true
	for _, f := range [...]struct{ a, b *string }{
		{&a.order, &b.order}, {&a.url, &b.url}, {&a.touchpoint, &b.touchpoint}, {&a.stage, &b.stage},
		{&a.event, &b.event}, {&a.score, &b.score}, {&a.campaign, &b.campaign}, {&a.clicks, &b.clicks},
	} {
		if *f.a == "" {
			*f.a = *f.b
		}
	}
	if a.value.IsZero() {
		a.value = b.value
	}
	a.reach = max(a.reach, b.reach)
}

// sortMembers brings the further members into the order of rank, with their reasons. They
// can be out of it only where pairs of Same came with company.
func (m *twinMatcher) sortMembers(u *unit) {
	for i := 1; i < len(u.more); i++ {
		for j := i; j > 0 && m.units[u.more[j]].source < m.units[u.more[j-1]].source; j-- {
			u.more[j], u.more[j-1] = u.more[j-1], u.more[j]
			u.why[j], u.why[j-1] = u.why[j-1], u.why[j]
		}
	}
}

// A bucket holds twins so far and touches of the source in turn that may be matched.
type bucket struct{ a, b []*unit }

type bucketKey struct {
	root   Kind
	anchor byte
	text   string
}

// match matches the touches of the source of rank s to the twins so far.
func (m *twinMatcher) match(s int32) {
	m.pass(s, func(u *unit) (bucketKey, bool) {
		kind, text := u.anchor()
		return bucketKey{u.root, kind, text}, kind != 0
	}, m.eligible)
	m.pass(s, func(u *unit) (bucketKey, bool) { return bucketKey{root: u.root}, true }, func(a, b *unit) bool {
		x, _ := a.anchor()
		y, _ := b.anchor()
		return (x == 0 || y == 0 || x != y) && m.eligible(a, b)
	})
}

// pass groups what is not matched yet and matches each group.
func (m *twinMatcher) pass(s int32, keyOf func(*unit) (bucketKey, bool), ok func(a, b *unit) bool) {
	buckets := make(map[bucketKey]*bucket)
	var order []*bucket
	for i := range m.units {
		u := &m.units[i]
		if u.source != s || u.gone || u.matched == s {
			continue
		}
		if key, can := keyOf(u); can {
			b := buckets[key]
			if b == nil {
				b = new(bucket)
				buckets[key] = b
				order = append(order, b)
			}
			b.b = append(b.b, u)
		}
	}
	if len(order) == 0 {
		return
	}
	for i := range m.units {
		u := &m.units[i]
		if u.source >= s || u.gone || u.matched == s {
			continue
		}
		if key, can := keyOf(u); can {
			if b := buckets[key]; b != nil {
				b.a = append(b.a, u)
			}
		}
	}
	for _, b := range order {
		m.matchBucket(b, s, ok)
	}
}

// matchBucket cuts a bucket into runs, stretches of touches that are at most a window apart
// from their neighbours, and matches each.
func (m *twinMatcher) matchBucket(b *bucket, s int32, ok func(a, b *unit) bool) {
	if len(b.a) == 0 {
		return
	}
	reach := time.Duration(0)
	for _, side := range [...][]*unit{b.a, b.b} {
		for _, u := range side {
			reach = max(reach, u.reach)
		}
	}
	i, j := 0, 0
	for i < len(b.a) && j < len(b.b) {
		startA, startB := i, j
		last := min(b.a[i].at, b.b[j].at)
		for {
			switch near := last + reach.Microseconds(); {
			case i < len(b.a) && b.a[i].at <= near && (j == len(b.b) || b.a[i].at <= b.b[j].at):
				last = b.a[i].at
				i++
				continue
			case j < len(b.b) && b.b[j].at <= near:
				last = b.b[j].at
				j++
				continue
			}
			break
		}
		m.matchRun(b.a[startA:i], b.b[startB:j], s, ok)
	}
}

func (m *twinMatcher) pair(a, b *unit, s int32) {
	m.merge(a, b, m.why(a, b))
	a.matched = s
}

// matchRun finds the pairs of one run.
func (m *twinMatcher) matchRun(a, b []*unit, s int32, ok func(a, b *unit) bool) {
	switch {
	case len(a) == 0 || len(b) == 0:
		return
	case len(a)+len(b) > maxRun:
		m.walk(a, b, s, ok)
		return
	}
	m.optimum(a, b, s, ok)
}

// walk pairs what can be paired at the heads of both sides, else lets the earlier one go.
func (m *twinMatcher) walk(a, b []*unit, s int32, ok func(a, b *unit) bool) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case ok(a[0], b[0]):
			m.pair(a[0], b[0], s)
			a, b = a[1:], b[1:]
		case a[0].lead < b[0].lead:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
}

// A cell says how well the rests of both sides can be matched: the number of pairs, and
// the sum of their distances in microseconds.
type cell struct {
	pairs int32
	cost  int64
	own   int64 // distance of the pair at the heads, −1 where it is not eligible
}

func (c cell) better(o cell) bool { return c.pairs > o.pairs || c.pairs == o.pairs && c.cost < o.cost }

// optimum finds, among all one-to-one pairings that keep the order of both sides, the one
// with the most pairs, then the least sum of distances, then the earliest pairs: the least
// list of (place in a, place in b).
func (m *twinMatcher) optimum(a, b []*unit, s int32, ok func(a, b *unit) bool) {
	w := len(b) + 1
	if n := (len(a) + 1) * w; cap(m.table) < n {
		m.table = make([]cell, n)
	}
	f := m.table[:(len(a)+1)*w]
	for j := range w {
		f[len(a)*w+j] = cell{}
	}
	for i := len(a) - 1; i >= 0; i-- {
		f[i*w+len(b)] = cell{}
		for j := len(b) - 1; j >= 0; j-- {
			best := f[(i+1)*w+j]
			if o := f[i*w+j+1]; o.better(best) {
				best = o
			}
			best.own = -1
			if ok(a[i], b[j]) {
				d := a[i].at - b[j].at
				if d < 0 {
					d = -d
				}
				rest := f[(i+1)*w+j+1]
				if o := (cell{pairs: rest.pairs + 1, cost: rest.cost + d}); o.better(best) {
					best = o
				}
				best.own = d
			}
			f[i*w+j] = best
		}
	}
	for i, j := 0, 0; i < len(a); i++ {
		// The best for the rest is reached with a[i] paired to the first b that allows it.
		for k := j; k < len(b); k++ {
			rest, own := f[(i+1)*w+k+1], f[i*w+k].own
			if best := f[i*w+j]; own >= 0 && rest.pairs+1 == best.pairs && rest.cost+own == best.cost {
				m.pair(a[i], b[k], s)
				j = k + 1
				break
			}
		}
	}
}
