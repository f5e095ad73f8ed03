package identity

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Hierarchy is which account belongs to which at one instant. It does not change and
// is safe for concurrent use.
type Hierarchy struct {
	parent   map[AccountID]AccountID
	children map[AccountID][]AccountID // in no order
}

// A CycleError says that accounts would be their own ancestors. The edge with the
// greatest (At, Source, Ref, child) of the cycle is left out of the hierarchy.
type CycleError struct {
	Accounts []AccountID // the cycle, from the child of that edge upwards
}

// Error names the accounts of the cycle.
func (e *CycleError) Error() string {
	var ids []string
	for _, a := range e.Accounts {
		ids = append(ids, a.String())
	}
	return "identity: accounts in a cycle: " + strings.Join(ids, " ")
}

// Hierarchy returns which account belongs to which at an instant: for each child the
// parent that is valid then and was stated last, by (At, Source, Ref). The errors are
// [*CycleError]s, ordered by their first account; they do not depend on the order of the
// facts.
func (r *Resolution) Hierarchy(at time.Time) (*Hierarchy, []error) {
	h := &Hierarchy{parent: map[AccountID]AccountID{}, children: map[AccountID][]AccountID{}}
	if r.empty() {
		return h, nil
	}
	t := at.UnixMicro()
	edge := map[AccountID]Parent{}
	for _, p := range r.f.nests {
		child, okC := r.AccountByID(p.Child)
		parent, okP := r.AccountByID(p.Parent)
		if p.At.UnixMicro() > r.at || micros(p.From, minTime) > t || micros(p.To, maxTime) <= t ||
			!okC || !okP || child.ID == parent.ID {
			continue
		}
		if old, ok := edge[child.ID]; !ok || compareParents(old, p) < 0 {
			edge[child.ID], h.parent[child.ID] = p, parent.ID
		}
	}
	errs := h.cut(edge)
	for child, parent := range h.parent {
		h.children[parent] = append(h.children[parent], child)
	}
	return h, errs
}

func compareAccounts(a, b AccountID) int { return bytes.Compare(a[:], b[:]) }

// cut takes the last-stated edge out of every cycle.
func (h *Hierarchy) cut(edge map[AccountID]Parent) (errs []error) {
	mark := map[AccountID]int{} // the walk that met an account first
	for walk, start := range slices.SortedFunc(maps.Keys(h.parent), compareAccounts) {
		x, ok := start, true
		for ok && mark[x] == 0 {
			mark[x] = walk + 1
			x, ok = h.parent[x]
		}
		if !ok || mark[x] != walk+1 {
			continue
		}
		cycle := []AccountID{x}
		for y := h.parent[x]; y != x; y = h.parent[y] {
			cycle = append(cycle, y)
		}
		last := 0
		for i, y := range cycle {
			if cmp.Or(compareParents(edge[cycle[last]], edge[y]), compareAccounts(cycle[last], y)) < 0 {
				last = i
			}
		}
		delete(h.parent, cycle[last])
		errs = append(errs, &CycleError{append(slices.Clone(cycle[last:]), cycle[:last]...)})
	}
	slices.SortFunc(errs, func(a, b error) int {
		return compareAccounts(a.(*CycleError).Accounts[0], b.(*CycleError).Accounts[0])
	})
	return errs
}

// Ultimate returns the account at the top, a itself if it has no parent.
func (h *Hierarchy) Ultimate(a AccountID) AccountID {
	for {
		p, ok := h.parent[a]
		if !ok {
			return a
		}
		a = p
	}
}

// Ancestors returns the parent of a, its parent, and so on to the top.
func (h *Hierarchy) Ancestors(a AccountID) []AccountID {
	var out []AccountID
	for p, ok := h.parent[a]; ok; p, ok = h.parent[p] {
		out = append(out, p)
	}
	return out
}

// Descendants returns every account below a, nearer ones first, then by AccountID.
func (h *Hierarchy) Descendants(a AccountID) []AccountID {
	var out []AccountID
	for level := h.children[a]; len(level) > 0; {
		level = slices.SortedFunc(slices.Values(level), compareAccounts)
		out = append(out, level...)
		var next []AccountID
		for _, x := range level {
			next = append(next, h.children[x]...)
		}
		level = next
	}
	return out
}
