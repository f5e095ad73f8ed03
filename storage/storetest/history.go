package storetest

import (
	"fmt"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// An op is one operation of a random history.
type op struct {
	append []storage.Fact
	erase  *storage.Erasure
	query  storage.Query
	ids    []identity.ID
}

// String names the operation without any value.
func (o op) String() string {
	switch {
	case o.append != nil:
		return fmt.Sprintf("append %d", len(o.append))
	case o.erase != nil:
		return fmt.Sprintf("erase %d queries, %d redactions, %d entries", len(o.erase.Remove), len(o.erase.Redact), len(o.erase.Suppress))
	}
	return "read"
}

// op makes one operation; n tells erasures apart.
func (g random) op(n int) op {
	switch k := g.IntN(10); {
	case k < 6:
		facts := make([]storage.Fact, 1+g.IntN(6))
		for i := range facts {
			if facts[i] = g.fact(); g.IntN(3) == 0 {
				facts[i] = tagged(facts[i], byte(g.IntN(4)))
			}
			if g.IntN(20) == 0 {
				facts[i] = storage.Fact{Touch: &touchpoint.Touch{Source: "web", At: start}}
			}
		}
		return op{append: facts}
	case k < 7:
		e := &storage.Erasure{ID: fmt.Sprint("e", g.IntN(n+1)), At: minute(g.IntN(30))}
		for range g.IntN(3) {
			e.Remove = append(e.Remove, g.query(true))
		}
		if g.IntN(3) == 0 {
			e.Suppress = []storage.Suppression{{Tag: tag(byte(g.IntN(4))), At: minute(g.IntN(20)), Policy: storage.Policy(g.IntN(2)), Generation: g.IntN(3)}}
		}
		if f := g.fact(); f.Touch != nil && g.IntN(2) == 0 {
			f.Touch.Redacted, f.Touch.IDs = true, f.Touch.IDs[:1]
			e.Redact = []storage.Fact{f}
		}
		return op{erase: e}
	}
	return op{query: g.query(false), ids: g.ids()}
}

// query makes a query; one for an erasure is never without a condition.
func (g random) query(narrow bool) storage.Query {
	q := storage.Query{}
	for _, f := range queryFields() {
		if g.IntN(5) == 0 {
			f.set(&q)
		}
	}
	if g.IntN(2) == 0 {
		q.IDs = g.ids()
	}
	if narrow {
		q.IDs = g.ids()
	}
	if g.IntN(4) == 0 {
		q.Limit = 1 + g.IntN(10)
	}
	q.Desc = g.IntN(2) == 0
	return q
}

// Group V: random histories against a model.
func historyRules() []rule {
	var all []rule
	for part := range 10 {
		all = append(all, rule{fmt.Sprint("S15/history/part-", part), "after any operations a store is what a map and a sort would be", func(r *run) {
			for i := part; i < r.h.seeds(); i += 10 {
				g := newRandom(uint64(i))
				ops := make([]op, r.h.ops())
				for n := range ops {
					ops[n] = g.op(n)
				}
				detail := r.play(ops)
				if detail == "" {
					continue
				}
				ops = shrink(ops, func(o []op) bool { return r.play(o) != "" })
				r.at("seed %d", i)
				r.failf("%s\n\tafter %v", r.play(ops), ops)
			}
		}})
	}
	return all
}

// play runs operations on a fresh store and a model and says where they differ.
func (r *run) play(ops []op) (detail string) {
	sub := &run{ctx: r.ctx, h: r.h}
	defer func() {
		for _, s := range sub.opened {
			_ = s.Close()
		}
		if v := recover(); v != nil {
			f, ok := v.(failed)
			if !ok {
				panic(v)
			}
			detail = string(f)
		}
	}()
	s, m := sub.open(), newModel()
	var at storage.Cursor
	for n, o := range ops {
		switch {
		case o.append != nil:
			sub.agree(sub.append(s, o.append...), m.append(o.append))
		case o.erase != nil:
			sub.eraseBoth(s, m, *o.erase)
		default:
			sub.same(sub.scan(s, o.query), m.scan(o.query), "Scan")
			sub.sameTies(sub.ties(s, o.ids), m.ties(o.ids), "Ties")
		}
		changes := sub.changes(s, at)
		for _, c := range changes {
			if _, known := m.facts[c.Fact.Key()]; !known {
				sub.failf("op %d: a change that is no fact", n)
			}
			at = c.Cursor
		}
		if n%8 == 0 || n == len(ops)-1 {
			sub.same(sub.scan(s, storage.Query{}), m.all(), "Scan of everything")
			sub.sameTies(sub.ties(s, nil), m.ties(nil), "Ties of everything")
		}
	}
	sub.same(inOrder(factsOf(sub.changes(s, storage.Cursor{}))), m.all(), "Changes")
	sub.ok(storage.Verify(sub.ctx, s), "Verify")
	return ""
}

// eraseBoth erases in the store and the model, or finds that both refuse.
func (r *run) eraseBoth(s storage.Store, m *model, e storage.Erasure) {
	_, repeated := m.facts[storage.Key{Class: storage.ClassErasure, ID: e.ID}]
	moved := slices.ContainsFunc(e.Redact, func(f storage.Fact) bool {
		old, known := m.facts[f.Key()]
		return known && !old.At().Equal(f.At())
	})
	rec, err := s.Erase(r.ctx, e)
	if moved && !repeated {
		r.is(err, storage.ErrErasure, "Erase")
		return
	}
	r.ok(err, "Erase")
	removed, redacted := m.erase(e)
	if fmt.Sprint(removed) != fmt.Sprint(rec.Removed) && len(removed)+len(rec.Removed) > 0 || rec.Redacted != redacted {
		r.failf("receipt says %v and %d, want %v and %d", rec.Removed, rec.Redacted, removed, redacted)
	}
}

// maxPlays bounds the work of shrink.
const maxPlays = 300

// shrink drops operations as long as the rest still fails: delta debugging (Zeller, 1999).
func shrink(ops []op, fails func([]op) bool) []op {
	plays := 0
	for size := len(ops) / 2; size > 0; size /= 2 {
		for i := 0; i+size <= len(ops) && plays < maxPlays; plays++ {
			rest := slices.Concat(ops[:i], ops[i+size:])
			if fails(rest) {
				ops = rest
			} else {
				i += size
			}
		}
	}
	return ops
}
