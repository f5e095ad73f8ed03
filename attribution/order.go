package attribution

import (
	"cmp"
	"math"
	"slices"

	"github.com/tabi-go/tabi/internal/num"
)

// An OrderFit says how well a Markov chain of one order describes a set.
type OrderFit struct {
	Order    int
	States   int
	Params   int     // Σ over states of the successors seen, less one
	LogLik   float64 // of all transitions, self-loops included
	AIC, BIC float64 // BIC with the logarithm of the number of transitions
	AUC      float64 // of conversion from the last state, ties ½; NaN if all convert or none
	HeldOut  float64 // the same in 10 folds of journeys, an unseen state standing for its longest seen suffix
	SD       float64 // mean bootstrap SD of the channels' shares
	Chosen   bool    // least BIC: a hint, the table is the answer
}

// folds is how many parts the held-out comparison has.
const folds = 10

// SelectOrder compares the orders 1 to max. opts gives the replicates and the seed of SD
// (0 replicates = 50); nil means defaults.
func SelectOrder(js *Journeys, max int, opts *Options) ([]OrderFit, error) {
	var iv Interval
	if opts != nil {
		iv = opts.Interval
	}
	if iv.Reps <= 0 {
		iv.Reps = 50
	}
	var fits []OrderFit
	best := 0
	for k := 1; k <= max; k++ {
		t := countTransitions(js, k, false, false)
		f := t.describe()
		f.Order = k
		f.AUC = auc(t.ended())
		f.HeldOut = heldOut(js.canonical(), k)
		sd, err := shareSD(js, k, iv)
		if err != nil {
			return nil, err
		}
		f.SD = sd
		if fits = append(fits, f); f.BIC < fits[best].BIC {
			best = k - 1
		}
	}
	if len(fits) > 0 {
		fits[best].Chosen = true
	}
	return fits, nil
}

// describe is the likelihood part of a fit.
func (t *transitions) describe() OrderFit {
	n := len(t.grams)
	out := make([]int64, n)
	kinds := make([]int, n)
	var moves []int64
	var froms []int32
	add := func(s int32, c int64) {
		if c > 0 {
			out[s] += c
			kinds[s]++
			moves, froms = append(moves, c), append(froms, s)
		}
	}
	for e, s := range t.from {
		add(s, t.count[e])
	}
	for s := range n {
		add(int32(s), t.good[s])
		add(int32(s), t.bad[s])
	}
	f := OrderFit{States: n}
	all := 0.0
	terms := make([]float64, 0, len(moves))
	for i, c := range moves {
		terms = append(terms, float64(count(c)*num.Log(float64(c)/float64(out[froms[i]]))))
		all += count(c)
	}
	// A fixed order of summation, whatever the numbering of states.
	slices.Sort(terms)
	for _, x := range terms {
		f.LogLik += x
	}
	for _, k := range kinds {
		if k > 0 {
			f.Params += k - 1
		}
	}
	f.AIC = float64(2*float64(f.Params)) - 2*f.LogLik
	f.BIC = float64(float64(f.Params)*num.Log(math.Max(all, 1))) - 2*f.LogLik
	return f
}

// A verdict is how probable a conversion seemed, and what came of so many journeys.
type verdict struct{ score, good, bad float64 }

// ended are the verdicts of all last states.
func (t *transitions) ended() []verdict {
	var vs []verdict
	for s := range t.grams {
		if g, b := count(t.good[s]), count(t.bad[s]); g+b > 0 {
			vs = append(vs, verdict{g / (g + b), g, b})
		}
	}
	return vs
}

// auc is the chance that a converting journey scores above another, ties ½.
func auc(vs []verdict) float64 {
	// Of one score by their counts, as the sums are floats.
	slices.SortFunc(vs, func(a, b verdict) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.good, b.good), cmp.Compare(a.bad, b.bad))
	})
	var below, good, bad, area float64
	for i := 0; i < len(vs); {
		var g, b float64
		j := i
		for ; j < len(vs) && vs[j].score == vs[i].score; j++ {
			g += vs[j].good
			b += vs[j].bad
		}
		area += float64(g * (below + b/2))
		below += b
		good += g
		bad += b
		i = j
	}
	if good == 0 || bad == 0 {
		return math.NaN()
	}
	return area / float64(good*bad)
}

// heldOut is the AUC where each journey is judged by the nine tenths of the others.
// Which tenth a journey belongs to depends on its content alone.
func heldOut(c *Journeys, order int) float64 {
	b := newBootstrap(c, 0)
	type ends struct{ good, bad float64 }
	var seen [folds]map[string]ends
	for f := range seen {
		seen[f] = map[string]ends{}
	}
	portion := func(r, f int, n int64, salt uint64) float64 {
		at := int64((b.hash[r] + salt) % folds)
		if n%million != 0 {
			if int64(f) == at {
				return count(n)
			}
			return 0
		}
		whole := n / million
		share := whole / folds
		if (int64(f)-at+folds)%folds < whole%folds {
			share++
		}
		return float64(share)
	}
	gram := func(r int) []byte {
		v := c.view(r)
		var key []byte
		if v.Len() < order {
			key = append(key, 0xff, 0xff) // the start, which no channel has: a short path is not the end of a longer one
		}
		for i := max(0, v.Len()-order); i < v.Len(); i++ {
			key = append(key, byte(v.id(i)>>8), byte(v.id(i)))
		}
		return key
	}
	for r := range c.rows() {
		key := gram(r)
		for f := range folds {
			g, n := portion(r, f, c.conversions.at(r), 0), portion(r, f, c.nulls.at(r), 3)
			if g+n == 0 {
				continue
			}
			for other := range folds {
				if other == f {
					continue
				}
				// Every suffix, so that an unseen state falls back on the longest seen.
				for at := 0; at <= len(key); at += 2 {
					e := seen[other][string(key[at:])]
					seen[other][string(key[at:])] = ends{e.good + g, e.bad + n}
				}
			}
		}
	}
	var vs []verdict
	for r := range c.rows() {
		key := gram(r)
		for f := range folds {
			g, n := portion(r, f, c.conversions.at(r), 0), portion(r, f, c.nulls.at(r), 3)
			if g+n == 0 {
				continue
			}
			score := 0.0
			for at := 0; at <= len(key); at += 2 {
				if e := seen[f][string(key[at:])]; e.good+e.bad > 0 {
					score = e.good / (e.good + e.bad)
					break
				}
			}
			vs = append(vs, verdict{score, g, n})
		}
	}
	return auc(vs)
}

// shareSD is the mean over channels of the bootstrap's SD of the share.
func shareSD(js *Journeys, order int, iv Interval) (float64, error) {
	m := Markov{Order: order}
	res := js.result(m.Name())
	for _, name := range js.Channels() {
		res.Credits = append(res.Credits, Credit{Channel: name})
	}
	if len(res.Credits) == 0 || js.totals.conversions == 0 {
		return 0, nil
	}
	x, err := m.replicates(js, res, iv)
	if err != nil {
		return 0, err
	}
	reps := len(x.conv[0])
	sum := 0.0
	for rep := range reps {
		all := 0.0
		for i := range x.conv {
			all += x.conv[i][rep]
		}
		for i := range x.conv {
			if all > 0 {
				x.conv[i][rep] /= all
			}
		}
	}
	for _, col := range x.conv {
		mean := total(col) / float64(reps)
		v := 0.0
		for _, s := range col {
			v += float64((s - mean) * (s - mean))
		}
		sum += math.Sqrt(v / math.Max(1, float64(reps-1)))
	}
	return sum / float64(len(x.conv)), nil
}
