package identity_test

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// owner applies the rules of ownership by walking the whole history of the device.
func (w *world) owner(ans *answer, at time.Time, s identity.Sighting) (via identity.ID, reason identity.OwnerReason) {
	_, _, retracts := w.inForce(at)
	killed := func(e bond) bool {
		if w.less(e.b, e.a) {
			e.a, e.b = e.b, e.a
		}
		return slices.ContainsFunc(retracts, func(o identity.Override) bool { return kills(o, e) })
	}
	var ids []identity.ID
	blocked := false
	for _, x := range s.IDs {
		if w.rules.Types[x.Type()].Entity != identity.PersonEntity {
			continue
		}
		if !w.links(x) {
			blocked = true
			continue
		}
		ids = append(ids, x)
	}
	if len(ids) == 0 {
		if blocked {
			return via, identity.UnownedBlocked
		}
		return via, identity.UnownedNoIdentifier
	}
	sort.Slice(ids, func(i, j int) bool { return w.less(ids[i], ids[j]) })
	var device identity.ID
	for _, x := range ids {
		var best *identity.Evidence
		for _, e := range w.evidence {
			if w.less(e.B, e.A) {
				e.A, e.B = e.B, e.A
			}
			p := w.rules.Probabilistic
			if e.A == e.B || e.B != x || e.From.IsZero() || !at.IsZero() && e.At.After(at) || s.At.Before(e.From) || !s.At.Before(e.To) || !w.links(e.A) ||
				e.Kind == identity.Probabilistic && (!p.Merge || e.Weight < p.Threshold) || killed(bond{e.A, e.B, e.Kind, e.Source, e.Ref, e.At, 0}) {
				continue
			}
			if best == nil || e.From.After(best.From) || e.From.Equal(best.From) && w.less(e.A, best.A) {
				best = &e
			}
		}
		if best != nil {
			return best.A, identity.OwnerInterval
		}
		if !ans.shared[x] {
			return x, identity.OwnerIdentifier
		}
		if device.IsZero() && w.rules.Types[x.Type()].Class == identity.DeviceClass {
			device = x
		}
	}
	if device.IsZero() {
		return via, identity.UnownedShared
	}
	var log []identity.Sighting
	for _, o := range w.sights {
		if slices.Contains(o.IDs, device) && (at.IsZero() || !o.At.After(at)) {
			log = append(log, o)
		}
	}
	earlier := func(a, b identity.Sighting) bool {
		if !a.At.Equal(b.At) {
			return a.At.Before(b.At)
		}
		if a.Source != b.Source {
			return a.Source < b.Source
		}
		return a.ID < b.ID
	}
	sort.Slice(log, func(i, j int) bool { return earlier(log[i], log[j]) })
	login := func(o identity.Sighting) (key identity.ID) {
		for _, x := range o.IDs {
			tr := w.rules.Types[x.Type()]
			if tr.Class == identity.KeyClass && tr.Entity == identity.PersonEntity && w.links(x) && (key.IsZero() || w.less(x, key)) &&
				!killed(bond{x, device, o.Kind, o.Source, o.ID, o.At, 0}) {
				key = x
			}
		}
		return key
	}
	me, session := 0, make([]int, len(log))
	for i := range log {
		if i > 0 {
			session[i] = session[i-1]
			if log[i].At.Sub(log[i-1].At) > 30*time.Minute || log[i-1].End {
				session[i]++
			}
		}
		if log[i].Ref == s.Ref {
			me = i
		}
	}
	for i := me; i >= 0 && session[i] == session[me]; i-- {
		if k := login(log[i]); !k.IsZero() {
			return k, identity.OwnerLoginBefore
		}
	}
	for i := me; i < len(log) && session[i] == session[me]; i++ {
		if k := login(log[i]); !k.IsZero() {
			return k, identity.OwnerLoginAfter
		}
	}
	for i := me - 1; i >= 0 && !log[i].End; i-- {
		k := login(log[i])
		switch far := s.At.Sub(log[i].At); {
		case k.IsZero():
			continue
		case far <= w.rules.Carry:
			return k, identity.OwnerCarry
		case w.rules.Unowned == identity.LastKnown:
			return k, identity.OwnerLastKnown
		}
		break
	}
	if w.rules.Unowned == identity.Nearest {
		best := time.Duration(-1)
		for _, o := range log {
			k := login(o)
			if far := o.At.Sub(s.At).Abs(); !k.IsZero() && (best < 0 || far < best || far == best && !earlier(log[me], o)) {
				via, best = k, far
			}
		}
		if best >= 0 {
			return via, identity.OwnerNearest
		}
	}
	return identity.ID{}, identity.UnownedShared
}

// Invariants 6 and 16: owners are those of the naive walk, and intervals count only while
// they are valid.
func TestOwnersAgreeWithNaiveWalk(t *testing.T) {
	reasons := map[identity.OwnerReason]int{}
	for seed := range uint64(worlds(1500)) {
		r := rand.New(rand.NewPCG(seed, 15))
		w := randomWorld(r)
		if seed%2 == 0 { // crowded around few devices within hours
			for i := range w.sights {
				w.sights[i].At = day(1, 1).Add(time.Duration(r.IntN(40)) * 10 * time.Minute)
				w.sights[i].IDs = []identity.ID{cast[9+r.IntN(2)]}
				if r.IntN(3) == 0 {
					w.sights[i].IDs = append(w.sights[i].IDs, cast[r.IntN(3)])
				}
			}
		}
		w.rules.Carry = time.Duration(1+r.IntN(4)) * 30 * time.Minute
		at := time.Time{}
		if r.IntN(4) == 0 {
			at = randomTime(r)
		}
		res, ans := w.graph(t).Resolve(at), w.solve(at)
		for _, s := range w.sights {
			if !at.IsZero() && s.At.After(at) {
				continue
			}
			o := res.Owner(s)
			via, reason := w.owner(ans, at, s)
			if o.Via != via || o.Reason != reason {
				t.Fatalf("seed %d, touch %s: %s %s, naive %s %s", seed, s.ID, o.Via.Value(), o.Reason, via.Value(), reason)
			}
			reasons[reason]++
		}
	}
	if len(reasons) < 10 {
		t.Errorf("only %v were met", reasons)
	}
}

// Invariant 10: a touch of identifiers that are one person already changes nobody, unless
// it makes an identifier shared or is earlier.
func TestKnownCompanyChangesNobody(t *testing.T) {
	tried := 0
	for seed := range uint64(worlds(300)) {
		r := rand.New(rand.NewPCG(seed, 16))
		w := randomWorld(r)
		w.overs = nil
		g := w.graph(t)
		before := g.Resolve(time.Time{})
		var groups []identity.Person
		for p := range before.People() {
			if len(p.IDs) > 1 {
				groups = append(groups, p)
			}
		}
		if len(groups) == 0 {
			continue
		}
		p := groups[r.IntN(len(groups))]
		must(t, g.See(identity.Sighting{Ref: identity.Ref{ID: "again"}, At: day(12, 1), IDs: []identity.ID{p.IDs[r.IntN(len(p.IDs))], p.IDs[r.IntN(len(p.IDs))]}}))
		after := g.Resolve(time.Time{})
		marks := func(r *identity.Resolution) (n int) {
			for p := range r.People() {
				if p.Shared {
					n++
				}
			}
			return n
		}
		if marks(before) != marks(after) {
			continue
		}
		tried++
		if !sameHomes(homes(before), homes(after)) {
			t.Fatalf("seed %d: %s became %s", seed, people(before), people(after))
		}
	}
	if tried < 50 {
		t.Errorf("only %d tries", tried)
	}
}

// Invariant 18: who logs in late owns the history as if the login had come first.
func TestLateIdentifyIsIdentifyFirst(t *testing.T) {
	visits := func(login int) *identity.Resolution {
		g := graph(t, nil)
		for i := range 5 {
			list := "device_id:dd anonymous_id:aa"
			if i == login {
				list += " user_id:u1"
			}
			must(t, g.See(touch(t, string(rune('a'+i)), clock(i, 0), list)))
		}
		return g.Resolve(time.Time{})
	}
	first, last := visits(0), visits(4)
	if !sameHomes(homes(first), homes(last)) || len(homes(first)) != 3 {
		t.Errorf("%s and %s", people(first), people(last))
	}
	for i := range 5 {
		s := touch(t, string(rune('a'+i)), clock(i, 0), "device_id:dd anonymous_id:aa")
		if first.Owner(s).Person != last.Owner(s).Person {
			t.Errorf("visit %d has another owner", i)
		}
	}
}
