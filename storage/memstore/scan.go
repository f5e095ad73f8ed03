package memstore

import (
	"context"
	"iter"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

const (
	firstChunk = 64    // rows copied at once, at first …
	lastChunk  = 1024  // … and once it is a long scan
	maxWalk    = 16384 // rows looked at while the lock is held
)

// Scan is storage.Store's.
func (s *Store) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		n, err := s.now(ctx)
		if err != nil {
			yield(storage.Fact{}, err)
			return
		}
		s.scan(ctx, q, n, yield)
	}
}

// scan yields what q selects of the first n rows.
func (s *Store) scan(ctx context.Context, q storage.Query, n uint32, yield func(storage.Fact, error) bool) {
	sc, err := s.scanner(q, n)
	if err == nil {
		err = sc.plan(ctx)
	}
	c := copied.Get().(*copies)
	defer c.release()
	yielded, more := 0, true
	give := func(f storage.Fact) bool {
		if err = ctx.Err(); err != nil {
			return false
		}
		yielded++
		more = yield(f, nil) && yielded != q.Limit
		return more
	}
	for size := firstChunk; err == nil && more && !sc.done; size = min(2*size, lastChunk) {
		if q.Limit > 0 {
			size = min(size, q.Limit-yielded)
		}
		if err = sc.copyRows(ctx, size, c); err == nil {
			if bad := sc.decode(c.rows, give); bad != nil {
				err = bad
			}
		}
	}
	if err != nil {
		yield(storage.Fact{}, err)
	}
}

// A scanner walks the rows that a query selects, in the order of time, in chunks that end
// where an instant ends. It holds the lock only while it copies a chunk.
type scanner struct {
	s      *Store
	q      storage.Query
	n      uint32 // the view: so many rows
	groups filter
	keys   map[[16]byte]bool
	lo, hi int64   // lo ≤ at < hi
	list   []stamp // planned rows, in the order asked for; nil: the order of time is walked
	listed bool
	done   bool

	chunk []stamp  // what next returned
	ties  []placed // see arrange
}

// scanner plans a query.
func (s *Store) scanner(q storage.Query, n uint32) (*scanner, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	sc := &scanner{s: s, q: q, n: n, groups: newFilter(q), lo: micros(q.From, math.MinInt64), hi: micros(q.To, math.MaxInt64)}
	if !q.After.IsZero() { // later ties at the instant itself are told apart once decoded
		if at := q.After.At.UnixMicro(); q.Desc {
			sc.hi = min(sc.hi, at+1)
		} else {
			sc.lo = max(sc.lo, at)
		}
	}
	if q.Keys != nil {
		sc.keys = make(map[[16]byte]bool, len(q.Keys))
		for _, k := range q.Keys {
			sc.keys[k.Hash()] = true
		}
	}
	return sc, nil
}

// micros rounds an instant up to the microsecond; the zero instant is open.
func micros(t time.Time, open int64) int64 {
	const far = 1 << 43 // seconds; that many microseconds fit
	switch u := t.Unix(); {
	case t.IsZero():
		return open
	case u < -far:
		return math.MinInt64
	case u > far:
		return math.MaxInt64
	}
	us := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		us++
	}
	return us
}

// plan lists the rows to look at, where keys or identifiers name them.
func (sc *scanner) plan(ctx context.Context) error {
	if sc.listed || sc.q.Keys == nil && sc.q.IDs == nil {
		return nil
	}
	sc.listed = true
	if sc.q.Keys != nil {
		sc.s.mu.RLock()
		defer sc.s.mu.RUnlock()
		if err := sc.s.begin(ctx); err != nil {
			return err
		}
		sc.listKeys()
	} else if err := sc.listIDs(ctx); err != nil {
		return err
	}
	sc.sortList()
	return nil
}

func (sc *scanner) sortList() {
	slices.SortFunc(sc.list, compareStamps)
	if sc.q.Desc {
		slices.Reverse(sc.list)
	}
}

// listKeys lists the rows of the keys. The lock is held.
func (sc *scanner) listKeys() {
	for k := range sc.keys {
		if ref, ok := sc.s.keys.find(&k, &sc.s.rows); ok {
			sc.list = sc.take(sc.list, ref)
		}
	}
}

// take appends a row that the query selects, After aside.
func (sc *scanner) take(list []stamp, ref uint32) []stamp {
	n := len(list)
	if list = sc.takeOf(list, ref); len(list) > n {
		r := sc.s.rows.at(ref)
		if sc.keys != nil && !sc.keys[r.key] || !sc.groups.selects(sc.s.groups[r.group]) {
			list = list[:n]
		}
	}
	return list
}

// takeOf is take for a row of a group that the query selects.
func (sc *scanner) takeOf(list []stamp, ref uint32) []stamp {
	if !sc.s.rows.visible(ref, sc.n) {
		return list
	}
	if at := sc.s.rows.at(ref).at; at >= sc.lo && at < sc.hi {
		list = append(list, stamp{at, ref})
	}
	return list
}

// listIDs lists the rows that name an identifier, giving the lock back now and then.
func (sc *scanner) listIDs(ctx context.Context) error {
	s := sc.s
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.begin(ctx); err != nil {
		return err
	}
	walked := 0
	for _, i := range s.groupsOf(sc.q.IDs) {
		if s.groups[i] == nil || !sc.groups.selects(s.groups[i]) {
			continue
		}
		for start := 0; ; {
			g := s.groups[i]
			if g == nil || start >= len(g.refs) {
				break
			}
			end := min(len(g.refs), start+maxWalk)
			sc.list = slices.Grow(sc.list, end-start)
			for _, ref := range g.refs[start:end] {
				sc.list = sc.takeOf(sc.list, ref)
			}
			if walked += end - start; walked < maxWalk {
				start = end
				continue
			}
			// An erasure may take rows out of the group meanwhile: go on after the last one seen.
			last := g.refs[end-1]
			walked = 0
			s.mu.RUnlock()
			s.mu.RLock()
			if err := s.begin(ctx); err != nil {
				return err
			}
			if g = s.groups[i]; g != nil {
				start = sort.Search(len(g.refs), func(k int) bool { return g.refs[k] > last })
			}
		}
	}
	return nil
}

// groupsOf returns the groups that name one of ids, each once, in order.
func (s *Store) groupsOf(ids []identity.ID) []uint32 {
	var list []uint32
	for _, id := range ids {
		list = append(list, s.members[id]...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// copyRows copies the next chunk under the lock.
func (sc *scanner) copyRows(ctx context.Context, size int, c *copies) error {
	s := sc.s
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.begin(ctx); err != nil {
		return err
	}
	stamps := sc.next(size)
	s.copyRows(c, len(stamps), func(i int) uint32 { return stamps[i].ref })
	return nil
}

// copyRows copies n rows. The lock is held.
func (s *Store) copyRows(c *copies, n int, ref func(i int) uint32) {
	total := 0
	for i := range n {
		total += len(s.bodies.body(s.rows.at(ref(i))))
	}
	c.wipe()
	c.rows, c.bodies = slices.Grow(c.rows, n), slices.Grow(c.bodies, total)
	for i := range n {
		r := s.rows.at(ref(i))
		start := len(c.bodies)
		c.bodies = append(c.bodies, s.bodies.body(r)...)
		c.rows = append(c.rows, storage.Row{Sum: r.sum, At: r.at, Received: r.received, Body: c.bodies[start:]})
	}
}

// next returns the next rows, about size of them and to the end of an instant; it may
// find none though there are more. They are there until it is called again. The lock is
// held.
func (sc *scanner) next(size int) (out []stamp) {
	out = sc.chunk[:0]
	defer func() { sc.chunk = out }()
	if sc.listed {
		end := min(size, len(sc.list))
		for end < len(sc.list) && end > 0 && sc.list[end].at == sc.list[end-1].at {
			end++
		}
		out = sc.list[:0]
		for _, x := range sc.list[:end] {
			if sc.s.rows.visible(x.ref, sc.n) { // not erased since
				out = append(out, x)
			}
		}
		sc.list = sc.list[end:]
		sc.done = len(sc.list) == 0
		return out
	}
	seen, last := 0, int64(0)
	sc.done = true
	sc.s.order.walk(sc.lo, sc.hi, sc.q.Desc, func(x stamp) bool {
		if seen > 0 && x.at != last && (len(out) >= size || seen >= maxWalk) {
			sc.done = false
			return false
		}
		out = sc.take(out, x.ref)
		last = x.at
		seen++
		return true
	})
	if sc.q.Desc {
		sc.hi = last
	} else {
		sc.lo = last + 1
	}
	return out
}

// decode gives the facts of rows in the order of Position, until give is false.
func (sc *scanner) decode(rows []storage.Row, give func(storage.Fact) bool) error {
	var same []storage.Fact // of one instant
	for i := range rows {
		f, err := rows[i].Fact()
		if err != nil {
			return err
		}
		at := rows[i].At
		last := i+1 == len(rows) || rows[i+1].At != at
		if last && len(same) == 0 && (sc.q.After.IsZero() || at != sc.q.After.At.UnixMicro()) {
			if !give(f) {
				return nil
			}
			continue
		}
		if same = append(same, f); !last {
			continue
		}
		for _, f := range sc.arrange(same) {
			if !give(f) {
				return nil
			}
		}
		same = nil
	}
	return nil
}

// placed is a fact of an instant, to be put in order with the others.
type placed struct {
	storage.Position
	f storage.Fact
}

// arrange sorts the facts of one instant in place and leaves out those up to After.
func (sc *scanner) arrange(facts []storage.Fact) []storage.Fact {
	list := sc.ties[:0]
	for _, f := range facts {
		list = append(list, placed{f.Position(), f})
	}
	sc.ties = list
	slices.SortFunc(list, func(a, b placed) int {
		if sc.q.Desc {
			a, b = b, a
		}
		return a.Compare(b.Position)
	})
	facts = facts[:0]
	for _, p := range list {
		if c := p.Compare(sc.q.After); sc.q.After.IsZero() || c > 0 && !sc.q.Desc || c < 0 && sc.q.Desc {
			facts = append(facts, p.f)
		}
	}
	return facts
}

// A filter is the part of a query that is decided for a whole group.
type filter struct {
	classes map[storage.Class]bool
	sources map[string]bool
	kinds   map[touchpoint.Kind]bool
	ids     map[identity.ID]bool
}

func newFilter(q storage.Query) filter {
	f := filter{classes: setOf(q.Classes), sources: setOf(q.Sources), kinds: setOf(q.Kinds)}
	if q.Keys != nil { // else only groups that name an identifier are looked at
		f.ids = setOf(q.IDs)
	}
	return f
}

// setOf is nil for no condition, which differs from an empty set.
func setOf[T comparable](list []T) map[T]bool {
	if list == nil {
		return nil
	}
	m := make(map[T]bool, len(list))
	for _, v := range list {
		m[v] = true
	}
	return m
}

func (f *filter) selects(g *group) bool {
	if f.classes != nil && !f.classes[g.class] || f.sources != nil && !f.sources[g.source] ||
		f.kinds != nil && (g.class != storage.ClassTouch || !f.kinds[g.kind]) {
		return false
	}
	return f.ids == nil || slices.ContainsFunc(g.ids, func(id identity.ID) bool { return f.ids[id] })
}
