package identity

import "slices"

// Explain says why a and b are one, or why not.
//
// If they are one, the path is the walk from a to b in the tree of accepted pairs, which
// is unique. If not, it is a walk over all known pairs, dead and refused ones included,
// with the fewest refused links, ties by the order in which pairs are decided, the first
// refused link of the walk before the next; each refusal says its reason. Forcing each
// refused pair of the path, and clearing the separations it names, makes a and b one, size
// permitting, unless the path leads through an identifier that is blocked or off, which it
// only does where there is no other. Without a walk the reason is [NoEvidence], and
// [UnknownID] where the graph does
// not know a or b.
//
// It decides the component again, or the whole graph where a and b have no linkable
// evidence in common.
func (r *Resolution) Explain(a, b ID) Explanation {
	if r.empty() {
		return Explanation{Reason: UnknownID}
	}
	x, okA := r.f.number(a)
	y, okB := r.f.number(b)
	if !okA || !okB {
		return Explanation{Reason: UnknownID}
	}
	known := func(x uint32) bool { return r.known[x] || !r.linkable(x) }
	if !known(x) || !known(y) {
		return Explanation{Reason: UnknownID}
	}
	var ds []decided
	if r.linkable(x) && r.linkable(y) && r.comp[x] == r.comp[y] {
		ds = r.decideComp(r.solver(), r.comp[x])
	} else {
		ds = r.decideAll()
	}
	w := r.walker(ds)
	if w.home(x) == w.home(y) {
		e := Explanation{Same: true, Path: r.linksOf(x, w.tree(x, y))}
		if r.person[x] >= 0 && r.entityOf(x) == PersonEntity {
			e.Person = r.clusters[r.person[x]].id
		}
		return e
	}
	path := w.across(x, y)
	if path == nil {
		return Explanation{Reason: NoEvidence}
	}
	e := Explanation{Path: r.linksOf(x, path)}
	for _, l := range e.Path {
		if l.Verdict == Refused {
			e.Reason = l.Reason
			break
		}
	}
	return e
}

// linksOf writes a walk out, each link in the direction of the walk.
func (r *Resolution) linksOf(at uint32, path []*decided) []Link {
	links := make([]Link, len(path))
	for i, d := range path {
		l := r.linkOf(d)
		if d.a != at {
			l.A, l.B = l.B, l.A
		}
		links[i] = l
		at = d.a ^ d.b ^ at
	}
	return links
}

// A walker finds ways over decided pairs.
type walker struct {
	r        *Resolution
	accepted map[uint32][]*decided // by identifier
	refused  map[int64][]*decided  // by cluster
}

func (r *Resolution) walker(ds []decided) *walker {
	w := &walker{r: r, accepted: map[uint32][]*decided{}, refused: map[int64][]*decided{}}
	for i := range ds {
		d := &ds[i]
		switch d.verdict {
		case Accepted:
			w.accepted[d.a] = append(w.accepted[d.a], d)
			w.accepted[d.b] = append(w.accepted[d.b], d)
		case Refused:
			w.refused[w.home(d.a)] = append(w.refused[w.home(d.a)], d)
			w.refused[w.home(d.b)] = append(w.refused[w.home(d.b)], d)
		}
	}
	return w
}

// home names the cluster of an identifier; one that never links is a cluster of its own.
func (w *walker) home(x uint32) int64 {
	if c := w.r.person[x]; c >= 0 {
		return int64(c)
	}
	return -1 - int64(x)
}

// tree returns the accepted pairs from a to b, which are of one cluster.
func (w *walker) tree(a, b uint32) []*decided {
	from := map[uint32]*decided{a: nil}
	for queue := []uint32{a}; queue[0] != b; queue = queue[1:] {
		x := queue[0]
		for _, d := range w.accepted[x] {
			y := d.a ^ d.b ^ x
			if _, seen := from[y]; !seen {
				from[y] = d
				queue = append(queue, y)
			}
		}
	}
	var path []*decided
	for x := b; x != a; {
		d := from[x]
		path = append(path, d)
		x = d.a ^ d.b ^ x
	}
	slices.Reverse(path)
	return path
}

// across returns a walk between two clusters with the fewest refused pairs, nil for
// none. Pairs that no override can lift are a last resort.
func (w *walker) across(a, b uint32) []*decided {
	for _, lastResort := range []bool{false, true} {
		if steps := w.layers(w.home(a), w.home(b), lastResort); steps != nil {
			var path []*decided
			at := a
			for _, d := range steps {
				in, out := d.a, d.b
				if w.home(in) != w.home(at) {
					in, out = out, in
				}
				path = append(path, w.tree(at, in)...)
				path = append(path, d)
				at = out
			}
			return append(path, w.tree(at, b)...)
		}
	}
	return nil
}

// layers walks breadth-first over clusters and returns the refused pairs on the way.
// Clusters are met in the order of the walks to them, pairs in their own.
func (w *walker) layers(from, to int64, lastResort bool) []*decided {
	type step struct {
		d    *decided
		back int64
	}
	seen := map[int64]step{from: {}}
	for frontier := []int64{from}; len(frontier) > 0; {
		var next []int64
		for _, c := range frontier {
			for _, d := range w.refused[c] {
				if !lastResort && (d.reason == isBlocked || d.reason == isOff) {
					continue
				}
				end := w.home(d.a)
				if end == c {
					end = w.home(d.b)
				}
				if _, done := seen[end]; !done {
					seen[end] = step{d, c}
					next = append(next, end)
				}
			}
		}
		frontier = next
		if _, found := seen[to]; found {
			break
		}
	}
	if _, found := seen[to]; !found {
		return nil
	}
	var steps []*decided
	for c := to; c != from; c = seen[c].back {
		steps = append(steps, seen[c].d)
	}
	slices.Reverse(steps)
	return steps
}
