package identity

import (
	"fmt"
	"iter"
	"slices"
	"sync"
)

// A Resolution is who is who according to the facts of a graph at one instant.
// It does not change and is safe for concurrent use. A nil or zero Resolution knows nobody.
type Resolution struct {
	view // of a snapshot
	at   int64

	comp  []uint32 // by identifier: raw component, its least member
	known []bool   // by identifier: seen and linkable
	parts components

	person   []int32 // by identifier: its cluster, -1 for none
	shared   []bool  // by identifier: alone because too many hold it
	clusters []cluster
	order    []uint32
	ids      []ID
	byID     [2][]int32 // clusters by id, people's and accounts'

	sessions  map[uint32]*deviceLog
	intervals map[uint32][]interval

	issued  func() map[[16]byte]uint32
	derived func() *derivedAccounts
}

func (r *Resolution) empty() bool { return r == nil || r.f == nil }

// look finds an identifier of an entity, of the graph or not: its number, -1 where the
// graph does not know it, and why it never links.
func (r *Resolution) look(id ID, e Entity) (x int64, block blockReason, ok bool) {
	if x, ok := r.f.number(id); ok {
		return int64(x), r.f.entries[x].block, r.entityOf(x) == e
	}
	if r.rs.checkIDs(e, id) != nil {
		return -1, linkable, false
	}
	return -1, r.rs.block(id), true
}

func (r *Resolution) clusterOf(id ID, e Entity) (*cluster, bool) {
	if r.empty() {
		return nil, false
	}
	x, ok := r.f.number(id)
	if !ok || r.person[x] < 0 {
		return nil, false
	}
	c := &r.clusters[r.person[x]]
	return c, c.entity == e
}

func (r *Resolution) personOf(c *cluster) Person {
	return Person{ID: c.id, Anchor: r.f.entries[c.anchor].id, IDs: r.ids[c.start:c.end:c.end], Shared: c.shared, Oversized: c.oversized}
}

func (r *Resolution) accountOf(c *cluster) Account {
	p := r.personOf(c)
	return Account{AccountID(p.ID), p.Anchor, p.IDs, p.Shared, p.Oversized}
}

// Person returns the person of an identifier, false if the identifier is unknown or
// never links. It costs one look-up and allocates nothing.
func (r *Resolution) Person(id ID) (Person, bool) {
	c, ok := r.clusterOf(id, PersonEntity)
	if !ok {
		return Person{}, false
	}
	return r.personOf(c), true
}

// AccountByID returns the account of an account identifier, false if the identifier is
// unknown or never links.
func (r *Resolution) AccountByID(id ID) (Account, bool) {
	c, ok := r.clusterOf(id, AccountEntity)
	if !ok {
		return r.derivedByID(id)
	}
	return r.accountOf(c), true
}

// lookup finds the cluster of an id by its anchor, present or past.
func (r *Resolution) lookup(u [16]byte, e Entity) (*cluster, bool) {
	if r.empty() || u == [16]byte{} {
		return nil, false
	}
	by := r.byID[e]
	if i, ok := slices.BinarySearchFunc(by, u, func(i int32, u [16]byte) int {
		return slices.Compare(r.clusters[i].id[:], u[:])
	}); ok {
		return &r.clusters[by[i]], true
	}
	x, ok := r.issued()[u]
	if !ok {
		return nil, false
	}
	c := &r.clusters[r.person[x]]
	return c, c.entity == e
}

// everyAnchor maps the id of each identifier to it: any of them may once have been the
// anchor of a person.
func (r *Resolution) everyAnchor() map[[16]byte]uint32 {
	m := r.rs.minter()
	all := make(map[[16]byte]uint32, len(r.order))
	for _, x := range r.order {
		e := &r.f.entries[x]
		all[m.mint(r.rs.types[e.typ].Entity, e.id)] = x
	}
	return all
}

// Lookup returns the person that holds the anchor of p. Every PersonID that was ever
// made from these facts keeps answering, whatever joined or parted since. The first
// look-up of a past id costs one digest for each identifier.
func (r *Resolution) Lookup(p PersonID) (Person, bool) {
	c, ok := r.lookup(p, PersonEntity)
	if !ok {
		return Person{}, false
	}
	return r.personOf(c), true
}

// LookupAccount is Lookup for accounts.
func (r *Resolution) LookupAccount(a AccountID) (Account, bool) {
	c, ok := r.lookup(a, AccountEntity)
	if !ok {
		return r.derivedByAccountID(a)
	}
	return r.accountOf(c), true
}

// People walks all people by PersonID.
func (r *Resolution) People() iter.Seq[Person] {
	return func(yield func(Person) bool) {
		if r.empty() {
			return
		}
		for _, i := range r.byID[PersonEntity] {
			if !yield(r.personOf(&r.clusters[i])) {
				return
			}
		}
	}
}

func (r *Resolution) lazily() {
	r.issued = sync.OnceValue(r.everyAnchor)
	r.derived = sync.OnceValue(r.deriveAccounts)
}

// Format prints how much a resolution holds, never what.
func (r *Resolution) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "identity.Resolution(%d people, %d accounts)", len(r.byID[PersonEntity]), len(r.byID[AccountEntity]))
}
