package chain_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/attribution/internal/chain"
)

// drunkard is the walk of Grinstead and Snell, Introduction to Probability, chapter 11:
// three corners between a bar (bad) and home (good), half a step to each side.
func drunkard(start int) *chain.Chain {
	c := &chain.Chain{Good: make([]float64, 4), Bad: make([]float64, 4), Reward: make([]float64, 4)}
	edge := func(from, to int) {
		c.From, c.To, c.Count = append(c.From, int32(from)), append(c.To, int32(to)), append(c.Count, 1)
	}
	edge(0, start)
	edge(1, 2)
	edge(2, 1)
	edge(2, 3)
	edge(3, 2)
	c.Bad[1], c.Good[3], c.Reward[3] = 1, 1, 10
	return c
}

func TestAbsorptionOfTheDrunkard(t *testing.T) {
	t.Parallel()
	groups := [][]int32{{1}, {2}, {3}, {1, 2}, nil}
	for start, want := range map[int]float64{1: .25, 2: .5, 3: .75} {
		for _, dense := range []int{600, 1} {
			s, err := drunkard(start).Solve(groups, dense)
			if err != nil || !(math.Abs(s.Hit-want) <= 1e-13 && math.Abs(s.Reward-10*want) <= 1e-12) {
				t.Errorf("from %d: %v %v", start, s, err)
			}
			// All ways home pass the last corner; without the middle one only a start there
			// gets home, with probability one half.
			via := []float64{0, 1, 1, 1, 0}
			if start == 3 {
				via[1], via[3] = 1-.5/.75, 1-.5/.75
			}
			if via[0] = s.HitVia[0]; !(math.Abs(s.RewardVia[0]-s.HitVia[0]) <= 1e-12) {
				t.Errorf("reward and hit differ: %v", s)
			}
			for g, x := range s.HitVia {
				if !(math.Abs(x-via[g]) <= 1e-12) {
					t.Errorf("from %d: group %d %v, want %v", start, g, x, via[g])
				}
			}
		}
	}
}

func TestInverse(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 40; n++ {
		a := make([]float64, n*n)
		for i := range a {
			a[i] = r.NormFloat64()
		}
		inv := chain.Inverse(append([]float64(nil), a...), n)
		for i := range n {
			for j := range n {
				x := 0.0
				for k := range n {
					x += a[i*n+k] * inv[k*n+j]
				}
				if i == j {
					x--
				}
				if !(math.Abs(x) <= 1e-8) {
					t.Fatalf("n=%d: %v off at %d,%d", n, x, i, j)
				}
			}
		}
	}
}

// Var(h_s) = p(1−p)/n exactly, whatever the order of the chain.
func TestVarianceOfTheHitIsBinomial(t *testing.T) {
	t.Parallel()
	c := &chain.Chain{
		From: []int32{0, 0, 1, 2}, To: []int32{1, 2, 2, 2}, Count: []float64{60, 40, 30, 20},
		Good: []float64{0, 20, 25}, Bad: []float64{0, 10, 45}, Reward: make([]float64, 3),
	}
	g := c.Gradient(nil)
	if p := 45. / 100; !(math.Abs(g.Hit-p) <= 1e-12 && math.Abs(c.Variance([]*chain.Gradient{g}, []float64{1})-p*(1-p)/100) <= 1e-6) {
		t.Errorf("hit %v, variance %v, want %v", g.Hit, c.Variance([]*chain.Gradient{g}, []float64{1}), p*(1-p)/100)
	}
}

// Conversions, value and removal effects of 50 channels: target 150 µs.
func BenchmarkSolve50(b *testing.B) {
	const n = 51
	r := rand.New(rand.NewPCG(3, 3))
	c := &chain.Chain{Good: make([]float64, n), Bad: make([]float64, n), Reward: make([]float64, n)}
	var groups [][]int32
	for i := range int32(n) {
		for j := int32(1); j < n; j++ {
			c.From, c.To, c.Count = append(c.From, i), append(c.To, j), append(c.Count, float64(1+r.IntN(100)))
		}
		c.Good[i], c.Bad[i], c.Reward[i] = float64(r.IntN(200)), float64(r.IntN(2000)), float64(r.IntN(9000))
		if i > 0 {
			groups = append(groups, []int32{i})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Solve(groups, 600); err != nil {
			b.Fatal(err)
		}
	}
}

// Two states that hand on to one another and almost never end: the sweeps creep, and say so.
func TestSweepsThatDoNotSettleSaySo(t *testing.T) {
	t.Parallel()
	c := &chain.Chain{From: []int32{0, 1}, To: []int32{1, 0}, Count: []float64{1e12, 1e12}, Good: []float64{1, 0}, Bad: []float64{0, 1}, Reward: []float64{1, 0}}
	if _, err := c.Solve(nil, 1); !errors.Is(err, chain.ErrNotConverged) {
		t.Errorf("%v", err)
	}
	if s, err := c.Solve(nil, 2); err != nil || !(math.Abs(s.Hit-.5) <= 1e-3) {
		t.Errorf("exactly: %v, %v", s, err)
	}
}

// A state that nobody was in, as replicates have them, adds nothing and divides nothing.
func TestAStateNobodyWasIn(t *testing.T) {
	t.Parallel()
	plain := &chain.Chain{From: []int32{0}, To: []int32{1}, Count: []float64{4}, Good: []float64{0, 3}, Bad: []float64{0, 1}, Reward: []float64{0, 30}}
	more := &chain.Chain{From: []int32{0, 0, 2}, To: []int32{1, 2, 1}, Count: []float64{4, 0, 0}, Good: []float64{0, 3, 0}, Bad: []float64{0, 1, 0}, Reward: []float64{0, 30, 0}}
	for _, dense := range []int{10, 1} {
		a, err := plain.Solve([][]int32{{1}}, dense)
		b, err2 := more.Solve([][]int32{{1}, {2}, {1, 2}}, dense)
		if err != nil || err2 != nil || a.Hit != b.Hit || a.Reward != b.Reward || a.HitVia[0] != b.HitVia[0] || b.HitVia[1] != 0 || b.HitVia[2] != a.HitVia[0] {
			t.Errorf("%v %v, %v %v", a, b, err, err2)
		}
	}
	g, h := plain.Gradient(nil), more.Gradient(nil)
	if v, w := plain.Variance([]*chain.Gradient{g}, []float64{1}), more.Variance([]*chain.Gradient{h}, []float64{1}); v != w || !(math.Abs(v-.75*.25/4) <= 1e-15) {
		t.Errorf("variances %v, %v", v, w)
	}
	if p := more.Prob(0, 1); p != 1 {
		t.Errorf("probability %v", p)
	}
	if p := more.Prob(2, 1); p != 0 {
		t.Errorf("from where nobody was: %v", p)
	}
}

// Staying where one is changes neither the end nor what passes through, exactly or by sweeps.
func TestSelfLoopsOnlyDelay(t *testing.T) {
	t.Parallel()
	loops := drunkard(2)
	for i := range int32(3) {
		loops.From, loops.To, loops.Count = append(loops.From, i+1), append(loops.To, i+1), append(loops.Count, float64(i+2))
	}
	groups := [][]int32{{1}, {2}, {3}, {1, 3}}
	want, err := drunkard(2).Solve(groups, 600)
	if err != nil {
		t.Fatal(err)
	}
	for _, dense := range []int{600, 1} {
		s, err := loops.Solve(groups, dense)
		if err != nil || !(math.Abs(s.Hit-want.Hit) <= 1e-13 && math.Abs(s.Reward-want.Reward) <= 1e-12) {
			t.Errorf("dense %d: %v %v, want %v", dense, s, err, want)
		}
		for g := range groups {
			if !(math.Abs(s.HitVia[g]-want.HitVia[g]) <= 1e-12 && math.Abs(s.RewardVia[g]-want.RewardVia[g]) <= 1e-12) {
				t.Errorf("dense %d: group %d %v, want %v", dense, g, s.HitVia[g], want.HitVia[g])
			}
		}
	}
}

// Who stays a million times does not make the sweeps creep.
func TestSweepsDoNotWaitForSelfLoops(t *testing.T) {
	t.Parallel()
	c := drunkard(2)
	c.From, c.To, c.Count = append(c.From, 2), append(c.To, 2), append(c.Count, 1e9)
	s, err := c.Solve([][]int32{{3}}, 1)
	if err != nil || !(math.Abs(s.Hit-.5) <= 1e-6 && math.Abs(s.HitVia[0]-1) <= 1e-12) {
		t.Errorf("%v, %v", s, err)
	}
}

// A chain may settle as a whole and creep without one of its states: that is said, too.
func TestSweepsThatDoNotSettleWithoutAGroupSaySo(t *testing.T) {
	t.Parallel()
	c := &chain.Chain{
		From: []int32{0, 0, 2, 3}, To: []int32{1, 2, 3, 2}, Count: []float64{1, 1, 1e13, 1e13},
		Good: []float64{0, 1, 1e-4, 0}, Bad: []float64{0, 0, 0, 1}, Reward: make([]float64, 4),
	}
	if _, err := c.Solve(nil, 1); err != nil {
		t.Fatalf("whole: %v", err)
	}
	if _, err := c.Solve([][]int32{{1}}, 1); !errors.Is(err, chain.ErrNotConverged) {
		t.Errorf("%v", err)
	}
}
