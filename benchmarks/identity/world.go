package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/graph/topo"

	"github.com/tabi-go/tabi/identity"
)

// A world is the seeded graph: people of Pareto sizes, most edges inside a person, one
// in ten thousand across.
type world struct {
	n     int
	edges [][2]int
	keys  []string
	ids   []identity.ID
}

func newWorld(edges int) *world {
	n := edges / 2
	r := rand.New(rand.NewPCG(1, 2))
	first, size := make([]int, n), make([]int, n)
	for at := 0; at < n; {
		s := min(int(2*math.Pow(1-r.Float64(), -1/1.8)), 500, n-at)
		for i := at; i < at+s; i++ {
			first[i], size[i] = at, s
		}
		at += s
	}
	w := &world{n: n}
	for id := range n {
		w.edges = append(w.edges, [2]int{id, first[id]})
	}
	for len(w.edges) < edges {
		id := r.IntN(n)
		if r.IntN(10000) == 0 {
			w.edges = append(w.edges, [2]int{id, r.IntN(n)})
			continue
		}
		o := first[id]
		if r.IntN(2) == 0 {
			o += r.IntN(size[id])
		}
		w.edges = append(w.edges, [2]int{id, o})
	}
	perm := r.Perm(n)
	for i := range w.edges {
		w.edges[i] = [2]int{perm[w.edges[i][0]], perm[w.edges[i][1]]}
	}
	r.Shuffle(len(w.edges), func(i, j int) { w.edges[i], w.edges[j] = w.edges[j], w.edges[i] })
	for i := range n {
		w.keys = append(w.keys, key(i))
		w.ids = append(w.ids, identity.MakeID(identity.DeviceID, w.keys[i]))
	}
	return w
}

// key is a key of 49 bytes.
func key(i int) string { return fmt.Sprintf("anonymous_id:%036x", uint64(i)*0x9e3779b97f4a7c15) }

func (w *world) id(i int) identity.ID { return w.ids[i] }

func (w *world) components() *identity.Components {
	c := new(identity.Components)
	for _, e := range w.edges {
		c.Add(w.keys[e[0]], w.keys[e[1]])
	}
	c.Count()
	return c
}

func (w *world) numberComponents() int {
	var c identity.Components
	for _, e := range w.edges {
		c.AddKeys(uint64(e[0]), uint64(e[1]))
	}
	return c.Count()
}

// mapForest is what one writes first: a map from key to number, and a union-find.
func (w *world) mapForest() (count int) {
	numbers := map[string]uint32{}
	var parent []uint32
	number := func(k string) uint32 {
		n, ok := numbers[k]
		if !ok {
			n = uint32(len(parent))
			numbers[k] = n
			parent = append(parent, n)
		}
		return n
	}
	find := func(x uint32) uint32 {
		for parent[x] != x {
			parent[x] = parent[parent[x]]
			x = parent[x]
		}
		return x
	}
	for _, e := range w.edges {
		a, b := find(number(w.keys[e[0]])), find(number(w.keys[e[1]]))
		if a < b {
			parent[b] = a
		} else {
			parent[a] = b
		}
	}
	for i, p := range parent {
		if uint32(i) == p {
			count++
		}
	}
	return count
}

// mapOfText keeps each key's parent as a key.
func (w *world) mapOfText() (count int) {
	parent := map[string]string{}
	find := func(k string) string {
		for {
			p, ok := parent[k]
			if !ok {
				parent[k] = k
				return k
			}
			if p == k {
				return k
			}
			g := parent[p]
			parent[k] = g
			k = g
		}
	}
	for _, e := range w.edges {
		a, b := find(w.keys[e[0]]), find(w.keys[e[1]])
		if a != b {
			parent[b] = a
		}
	}
	for k, p := range parent {
		if k == p {
			count++
		}
	}
	return count
}

func (w *world) gonum() int {
	numbers := map[string]int64{}
	g := simple.NewUndirectedGraph()
	number := func(k string) int64 {
		n, ok := numbers[k]
		if !ok {
			n = int64(len(numbers))
			numbers[k] = n
			g.AddNode(simple.Node(n))
		}
		return n
	}
	for _, e := range w.edges {
		if a, b := number(w.keys[e[0]]), number(w.keys[e[1]]); a != b {
			g.SetEdge(simple.Edge{F: simple.Node(a), T: simple.Node(b)})
		}
	}
	return len(topo.ConnectedComponents(g))
}

// sighting is an edge as a touch.
func (w *world) sighting(i int) identity.Sighting {
	e := w.edges[i]
	return identity.Sighting{Ref: identity.Ref{Source: "web", ID: strconv.Itoa(i)}, At: time.Unix(1_700_000_000+int64(i), 0),
		IDs: w.ids[e[0] : e[0]+1]}
}

// graph feeds the edges as touches, in batches.
func (w *world) graph() *identity.Graph {
	g := new(identity.Graph)
	var batch []identity.Sighting
	ids := make([]identity.ID, 2*1000)
	for i, e := range w.edges {
		pair := ids[2*len(batch) : 2*len(batch)+2]
		pair[0], pair[1] = w.ids[e[0]], w.ids[e[1]]
		batch = append(batch, identity.Sighting{Ref: identity.Ref{Source: "web", ID: strconv.Itoa(i)}, At: time.Unix(1_700_000_000+int64(i), 0), IDs: pair})
		if len(batch) == 1000 || i == len(w.edges)-1 {
			g.See(batch...)
			batch = batch[:0]
		}
	}
	return g
}
