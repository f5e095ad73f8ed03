package lead

import (
	"math"
	"slices"
	"sort"

	"github.com/tabi-go/tabi/persona/lead/internal/logit"
)

// A Calibration turns scores, which only rank, into probabilities. The zero Calibration is
// the logistic function. Make others by [Platt] and [Isotonic]. It is monotone.
type Calibration struct {
	Method string  `json:"method"` // none, platt or isotonic
	A      float64 `json:"a"`      // platt: P = 1/(1+e^(A·score+B))
	B      float64 `json:"b"`
	Knots  []Knot  `json:"knots"` // isotonic: linear between, level outside
	Bins   []Bin   `json:"bins"`  // how the calibrated probabilities came out
}

// A Knot is the probability P of a score X.
type Knot struct {
	X float64 `json:"x"`
	P float64 `json:"p"`
}

// P returns the probability of a score, a log-odds.
func (c Calibration) P(score float64) float64 {
	switch c.Method {
	case "platt":
		return logit.Logistic(-(float64(c.A*score) + c.B))
	case "isotonic":
		k := c.Knots
		i := sort.Search(len(k), func(i int) bool { return k[i].X >= score })
		switch {
		case i == len(k):
			return k[i-1].P
		case i == 0 || k[i].X == score:
			return k[i].P
		}
		share := (score - k[i-1].X) / (k[i].X - k[i-1].X)
		return min(max(k[i-1].P+float64(share*(k[i].P-k[i-1].P)), k[i-1].P), k[i].P)
	}
	return logit.Logistic(score)
}

// Platt fits 1/(1+e^(A·score+B)) to outcomes, of which there must be both, with the
// targets (N₊+1)/(N₊+2) and 1/(N₋+2) in place of 1 and 0 (Platt, 1999).
func Platt(scores []float64, y []bool) Calibration {
	events := 0.0
	for _, t := range y {
		events += target(t)
	}
	high, low := (events+1)/(events+2), 1/(float64(len(y))-events+2)
	sum, squares, mean := 0.0, 0.0, 0.0
	for _, s := range scores {
		sum += s
	}
	mean = sum / float64(len(scores))
	for _, s := range scores {
		squares += float64((s - mean) * (s - mean))
	}
	sd := math.Sqrt(squares / float64(len(scores)))
	p := &logit.Problem{Y: make([]float64, len(y))}
	for i, t := range y {
		if p.Y[i] = low; t {
			p.Y[i] = high
		}
	}
	if sd > 0 {
		z := make([]float64, len(scores))
		for i, s := range scores {
			z[i] = (s - mean) / sd
		}
		p.Z = [][]float64{z}
	}
	b := p.Solve().B
	if sd == 0 {
		return Calibration{Method: "platt", B: -b[0]}
	}
	slope := b[1] / sd
	return Calibration{Method: "platt", A: -slope, B: float64(slope*mean) - b[0]}
}

// Isotonic fits the nearest rising steps to outcomes by pooling adjacent violators; equal
// scores have one value. Knots are both ends of each step.
func Isotonic(scores []float64, y []bool) Calibration {
	type step struct{ from, to, sum, n float64 }
	var steps []step
	for _, i := range ascending(scores, y) {
		s, t := scores[i], target(y[i])
		if k := len(steps) - 1; k >= 0 && steps[k].to == s && steps[k].from == s {
			steps[k].sum += t
			steps[k].n++
			continue
		}
		steps = append(steps, step{s, s, t, 1})
	}
	pooled := steps[:0]
	for _, s := range steps {
		pooled = append(pooled, s)
		for k := len(pooled) - 1; k > 0 && pooled[k-1].sum*pooled[k].n >= pooled[k].sum*pooled[k-1].n; k-- {
			a, b := pooled[k-1], pooled[k]
			pooled[k-1] = step{a.from, b.to, a.sum + b.sum, a.n + b.n}
			pooled = pooled[:k]
		}
	}
	c := Calibration{Method: "isotonic"}
	for _, s := range pooled {
		c.Knots = append(c.Knots, Knot{s.from, s.sum / s.n})
		if s.to > s.from {
			c.Knots = append(c.Knots, Knot{s.to, s.sum / s.n})
		}
	}
	return c
}

// calibrate fits by method: auto is platt below a thousand rows, else isotonic.
func calibrate(method string, scores []float64, y []bool) Calibration {
	if method == "" || method == "auto" {
		method = "isotonic"
		if len(scores) < 1000 {
			method = "platt"
		}
	}
	var c Calibration
	switch method {
	case "platt":
		c = Platt(scores, y)
	case "isotonic":
		c = Isotonic(scores, y)
	default:
		c.Method = "none"
	}
	p := make([]float64, len(scores))
	for i, s := range scores {
		p[i] = c.P(s)
	}
	c.Bins = slices.Clip(bins(p, y))
	return c
}
