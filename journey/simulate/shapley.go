package simulate

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// sold is the number of sales and their value in cents.
type sold struct{ n, value int64 }

// sell runs the population once for each set of channels and counts the sales. Numbers are
// whole, so it does not matter who adds them up.
func (m *model) sell(sets []uint32) []sold {
	const block = 256 // units that a worker takes at a time
	var next atomic.Int64
	var all sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), m.units()/block+1)
	sums := make([][]sold, workers)
	for worker := range workers {
		all.Go(func() {
			s, sum := newStream(m.seed), make([]sold, len(sets))
			var u unit
			for {
				first := int(next.Add(block)) - block
				if first >= m.units() {
					break
				}
				for i := first; i < min(first+block, m.units()); i++ {
					m.drawUnit(&u, s, i, m.steps)
					for k, on := range sets {
						if step, value := m.liveUnit(&u, on, m.steps); step >= 0 {
							sum[k].n++
							sum[k].value += value
						}
					}
				}
			}
			sums[worker] = sum
		})
	}
	all.Wait()
	total := make([]sold, len(sets))
	for _, sum := range sums {
		for k, v := range sum {
			total[k].n += v.n
			total[k].value += v.value
		}
	}
	return total
}

// creditWorlds fills in what comes from running the worlds without some channels.
func (m *model) creditWorlds(t *Truth, skip bool) {
	sets := []uint32{0, m.all}
	if !skip {
		sets = subsets(m.all)
	}
	v := m.sell(sets)
	t.None, t.Full = v[0].n, v[len(v)-1].n
	if skip {
		return
	}
	t.Removal, t.Shapley, t.ShapleyValue = map[string]float64{}, map[string]float64{}, map[string]float64{}
	numbers, values := make([]int64, len(v)), make([]int64, len(v))
	for k, on := range sets {
		w := Sales{Conversions: v[k].n, On: []string{}, Value: float64(v[k].value) / 100}
		for c, ch := range m.world.Channels {
			if on>>c&1 == 1 {
				w.On = append(w.On, ch.Name)
			}
		}
		t.Worlds = append(t.Worlds, w)
		numbers[k], values[k] = v[k].n, v[k].value
	}
	bit := 0
	for c, ch := range m.world.Channels {
		if m.all>>c&1 == 0 {
			t.Removal[ch.Name], t.Shapley[ch.Name], t.ShapleyValue[ch.Name] = 0, 0, 0
			continue
		}
		t.Shapley[ch.Name] = shapley(numbers, bit)
		t.ShapleyValue[ch.Name] = shapley(values, bit) / 100
		t.Removal[ch.Name] = float64(numbers[len(v)-1] - numbers[len(v)-1-1<<bit])
		bit++
	}
}

// subsets lists the sets of the members of all, in the order of counting.
func subsets(all uint32) []uint32 {
	var sets []uint32
	for s := uint32(0); ; s = (s - all) & all {
		sets = append(sets, s)
		if s == all {
			return sets
		}
	}
}

// shapley is Σ_S |S|!(C−|S|−1)!/C!·(v(S∪c) − v(S)) for the player of a bit (Shapley 1953).
// Differences are summed as whole numbers, by the size of S: a player who changes nothing
// gets exactly 0.
func shapley(v []int64, bit int) float64 {
	players := bits.Len(uint(len(v))) - 1
	bySize := make([]int64, players)
	for s := range v {
		if s>>bit&1 == 0 {
			bySize[bits.OnesCount(uint(s))] += v[s|1<<bit] - v[s]
		}
	}
	sum, ways := 0.0, 1.0 // ways: sets of that size without the player
	for size, d := range bySize {
		sum += float64(d) / float64(float64(players)*ways)
		ways = ways * float64(players-1-size) / float64(size+1)
	}
	return sum
}
