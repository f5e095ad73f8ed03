// Identity prints the performance table of package identity: each path beside its peers,
// all in one process run, medians of several runs taken in turn.
//
//	go -C benchmarks run ./identity [-edges 1000000] [-runs 5] [-long]
//
// It checks that all find the same components before it prints anything. -long adds the
// rows that take minutes and gigabytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

func main() {
	edges := flag.Int("edges", 1_000_000, "edges of the graph")
	runs := flag.Int("runs", 5, "runs of which the median is taken")
	long := flag.Bool("long", false, "also 16 and 50 million edges")
	flag.Parse()
	if err := table(*edges, *runs, *long); err != nil {
		fmt.Fprintln(os.Stderr, "identity:", err)
		os.Exit(1)
	}
}

func table(edges, runs int, long bool) error {
	w := newWorld(edges)
	fmt.Printf("%d edges, %d ids, %d runs, %s, GOMAXPROCS %d\n\n", edges, w.n, runs, runtime.Version(), runtime.GOMAXPROCS(0))
	fmt.Println("| path | measured | beside | target |\n|---|---|---|---|")

	counts := map[string]int{}
	t := race(runs, map[string]func(){
		"components":  func() { counts["components"] = w.components().Count() },
		"map":         func() { counts["map"] = w.mapForest() },
		"map of text": func() { counts["map of text"] = w.mapOfText() },
		"gonum":       func() { counts["gonum"] = w.gonum() },
		"graph":       func() { w.graph() },
		"numbers":     func() { counts["numbers"] = w.numberComponents() },
	})
	for path, n := range counts {
		if n != counts["map"] {
			return fmt.Errorf("%s finds %d components, the map %d", path, n, counts["map"])
		}
	}
	perEdge := func(path string) string {
		return fmt.Sprintf("%.0f ns/edge", float64(t[path].Nanoseconds())/float64(edges))
	}
	ratio := func(a, b string) string { return fmt.Sprintf("%.2f×", float64(t[a])/float64(t[b])) }
	row := func(path, measured, beside, target string) {
		fmt.Printf("| %s | %s | %s | %s |\n", path, measured, beside, target)
	}
	row("`Components` from strings", perEdge("components"), "map and slice union-find "+perEdge("map")+": "+ratio("map", "components"), "≥ 2.0× faster")
	row("same", "", "`map[string]string` "+perEdge("map of text")+": "+ratio("map of text", "components"), "≥ 3×")
	row("same", "", "gonum "+perEdge("gonum")+": "+ratio("gonum", "components"), "≥ 8×")
	row("`Components` from uint64", perEdge("numbers"), "", "≤ 120 ns/edge at 1 M")
	row("`Graph.See`", perEdge("graph"), "map union-find: "+ratio("graph", "map"), "≤ 2.0× its time")

	var c *identity.Components
	bytes := heap(func() { c = w.components() })
	row("memory of `Components`", fmt.Sprintf("%.0f B an id", bytes/float64(w.n)), "", "≤ 90 B")
	runtime.KeepAlive(c)
	var g *identity.Graph
	more := heap(func() { g = w.graph() }) - bytes
	row("memory of `Graph` above it", fmt.Sprintf("%.0f B an observation", more/float64(edges)), "", "≤ 40 B a pair and 24 B an observation")

	w.reads(g, row)
	w.retracts(row)
	shapes(row)
	if long {
		large(row)
	}
	fmt.Printf("\n%d ids in %d components, the same for all.\n", w.n, counts["map"])
	return nil
}

// race runs every path in turn, several times, and returns the medians.
func race(runs int, paths map[string]func()) map[string]time.Duration {
	names := make([]string, 0, len(paths))
	for name := range paths {
		names = append(names, name)
	}
	slices.Sort(names)
	took := map[string][]time.Duration{}
	for range runs {
		for _, name := range names {
			runtime.GC()
			start := time.Now()
			paths[name]()
			took[name] = append(took[name], time.Since(start))
		}
	}
	out := map[string]time.Duration{}
	for name, ds := range took {
		slices.Sort(ds)
		out[name] = ds[len(ds)/2]
	}
	return out
}

// heap returns the bytes that what is made keeps alive.
func heap(do func()) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	do()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// reads measures warm reads.
func (w *world) reads(g *identity.Graph, row func(a, b, c, d string)) {
	r := g.Resolve(time.Time{})
	g.Person(w.id(0))
	i := 0
	for _, read := range []struct {
		name string
		do   func()
	}{
		{"`Graph.Person(id)` warm", func() { g.Person(w.id(w.edges[i%len(w.edges)][0])); i += 7 }},
		{"`Resolution.Person(id)`", func() { r.Person(w.id(w.edges[i%len(w.edges)][0])); i += 7 }},
		{"`Resolution.Owner(s)`", func() { r.Owner(w.sighting(i % len(w.edges))); i += 7 }},
	} {
		bench := testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				read.do()
			}
		})
		row(read.name, fmt.Sprintf("%d ns, %d allocs", bench.NsPerOp(), bench.AllocsPerOp()), "", "≤ 1 µs, 0 allocs")
	}
}

// retracts measures taking one pair back and reading again, in components of 500.
func (w *world) retracts(row func(a, b, c, d string)) {
	g := new(identity.Graph)
	at := time.Unix(1_700_000_000, 0)
	id := func(c, i int) identity.ID {
		if i == 0 {
			return identity.MakeID(identity.UserID, fmt.Sprint("user", c))
		}
		return identity.MakeID(identity.DeviceID, fmt.Sprintf("device %d %d", c, i))
	}
	const comps = 100
	for c := range comps {
		for i := 1; i < 500; i++ {
			g.See(identity.Sighting{Ref: identity.Ref{Source: "web", ID: fmt.Sprint(c, i)}, At: at, IDs: []identity.ID{id(c, 0), id(c, i)}})
		}
	}
	g.Person(id(0, 0))
	var took []time.Duration
	for n := range 1000 {
		c, i := n%comps, 1+n/comps
		o := identity.Override{ID: fmt.Sprint("o", n), At: at, Op: identity.Retract, Scope: identity.Scope{A: id(c, 0), B: id(c, i)}}
		start := time.Now()
		g.Apply(o)
		g.Person(id(c, 0))
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	row("retract in a component of 500", fmt.Sprintf("p50 %v, p99 %v", took[500].Round(time.Microsecond), took[990].Round(time.Microsecond)), "", "p99 ≤ 0.5 ms")
}

// shapes measures a chain, a star and binary merges of a million ids.
func shapes(row func(a, b, c, d string)) {
	const n = 1_000_000
	for _, s := range []struct {
		name string
		edge func(c *identity.Components, i uint64)
	}{
		{"chain", func(c *identity.Components, i uint64) { c.AddKeys(n-i, n-i-1) }},
		{"star", func(c *identity.Components, i uint64) { c.AddKeys(n, i) }},
		{"binary merges", func(c *identity.Components, i uint64) { c.AddKeys(i, i|(i+1)) }},
	} {
		start := time.Now()
		var c identity.Components
		bytes := heap(func() {
			for i := range uint64(n) {
				s.edge(&c, i)
			}
		})
		took := time.Since(start)
		row(s.name+" of 1 M ids", fmt.Sprintf("%v, %.0f MB", took.Round(time.Millisecond), bytes/1e6), "", "< 5 s, < 200 MB")
		runtime.KeepAlive(&c)
	}
}

// large measures what does not fit a quick run.
func large(row func(a, b, c, d string)) {
	start := time.Now()
	var c identity.Components
	x := uint64(1)
	next := func() uint64 { x = x*6364136223846793005 + 1442695040888963407; return x >> 33 }
	for range 50_000_000 {
		c.AddKeys(next()%25_000_000, next()%25_000_000)
	}
	row("`Components` from uint64, 50 M edges", fmt.Sprintf("%.0f ns/edge", float64(time.Since(start).Nanoseconds())/50e6), "", "≤ 300 ns/edge")
	c = identity.Components{}
	start = time.Now()
	for i := range 16_000_000 {
		c.Add(key(i%10_000_000), key(int(next()%10_000_000)))
	}
	n := c.Count()
	row("16 M edges over 10 M records", fmt.Sprintf("%v (%d components)", time.Since(start).Round(100*time.Millisecond), n), "a SQL implementation on DuckDB, published: 143 s", "< 30 s")
}
