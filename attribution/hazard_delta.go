package attribution

import (
	"cmp"
	"slices"

	"github.com/tabi-go/tabi/attribution/internal/chain"
)

// jointRows is up to how many rows of a result the pairs are compared: every journey adds
// to the joint variance of all of them.
const jointRows = 64

// delta are intervals by the delta method, which is the bootstrap without drawing: a
// journey moves a credit by what it earns itself and by what it does to the parameters,
//
//	ψ = share + ∂credit/∂θ·I⁻¹·(z/λ − Z),   Var = Σ ψ²,   I = Σ_e z·zᵀ/λ²,
//
// z being there if it converted, Z its exposure. The memories, and for a lineage what
// touches excite, are taken as given: too narrow where they are not well known.
func (f *hazardFit) delta(res *Result, split *hazardSplit, iv Interval) error {
	p := f.problem(f.tau)
	var free []int
	for k, x := range f.fitted.Theta {
		if x > 0 {
			free = append(free, k)
		}
	}
	m, n := len(free), len(f.js.channels.names)
	info := p.Information(f.fitted.Theta, free)
	own := make([]float64, m) // what is known of each parameter if all others are
	for k := range own {
		own[k] = info[k*m+k]
	}
	cov := chain.Inverse(info, m)
	for k, x := range own {
		// Where the others leave next to nothing of that, the inverse is made of rounding.
		if inflated := float64(cov[k*m+k] * x); !(inflated > 0 && inflated < 1e9) {
			res.noIntervals("singular")
			return nil
		}
	}
	conv, val := f.slopes(split, free)
	byScore := func(slope []float64) []float64 { // of slots×m
		out := make([]float64, len(slope))
		for i := range out {
			for k := range m {
				out[i] += float64(slope[i/m*m+k] * cov[k*m+i%m])
			}
		}
		return out
	}
	conv, val = byScore(conv), byScore(val)
	v := newVariances(n + 2)
	if v.slots > jointRows {
		v.joint = nil
	}
	scores := f.scores(free)
	var w []float64
	// put adds times journeys of a row to the open unit, sold or not.
	put := func(r int, times float64, sold bool) {
		for s := range v.slots {
			x, y := 0.0, 0.0
			for _, sc := range scores[r] {
				d := -sc.exposure
				if sold {
					d += sc.pull
				}
				x += float64(conv[s*m+sc.param] * d)
				y += float64(val[s*m+sc.param] * d)
			}
			v.put(s, float64(times*x), float64(times*y))
		}
		if !sold {
			return
		}
		money := float64(f.js.values[r]) / count(f.js.conversions.at(r))
		if f.spells[r].skipped {
			v.put(n+1, times, float64(times*money))
			return
		}
		view := f.js.view(r)
		w = append(w[:0], make([]float64, view.Len())...)
		rest, _ := split.part(w, view)
		for i, share := range w {
			v.put(view.id(i), float64(times*share), float64(float64(times*money)*share))
		}
		v.put(n, float64(times*rest), float64(float64(times*money)*rest))
	}
	rows := f.bySubject()
	for i, r := range rows {
		c, b := count(f.js.conversions.at(r)), count(f.js.nulls.at(r)+f.js.open.at(r))
		if f.js.subjects.at(r) != 0 {
			v.scale = 1
			put(r, c, true)
			put(r, b, false)
			if i+1 == len(rows) || f.js.subjects.at(rows[i+1]) != f.js.subjects.at(r) {
				v.close()
			}
			continue
		}
		// Equal journeys, each a unit of its own; a fractional weight is one.
		for _, out := range []struct {
			n    float64
			sold bool
		}{{c, true}, {b, false}} {
			if out.n == 0 {
				continue
			}
			if v.scale = out.n; out.n != float64(int64(out.n)) {
				v.scale = 1
				put(r, out.n, out.sold)
			} else {
				put(r, 1, out.sold)
			}
			v.close()
		}
	}
	res.present(f.js)
	for _, c := range res.Credits {
		if id, ok := f.js.channels.index[c.Channel]; ok {
			v.n[id] = c.N
		}
	}
	res.setVariances(f.js, v, iv.level(), f.js.totals.owed > 0)
	return nil
}

// slopes are the derivatives of the credits and of their money by the free parameters.
func (f *hazardFit) slopes(split *hazardSplit, free []int) (conv, val []float64) {
	slots, m, g := len(f.js.channels.names)+2, len(free), len(f.strata)
	conv, val = make([]float64, slots*m), make([]float64, slots*m)
	sold, _ := f.js.counts()
	theta := slices.Clone(f.fitted.Theta)
	rep := *f
	rep.base, rep.beta = theta[:g], theta[g:]
	at := &hazardSplit{fit: &rep, reading: split.reading}
	if split.lineage != nil {
		l := *split.lineage
		l.f, at.lineage = &rep, &l
	}
	for i, k := range free {
		h := 1e-4 * theta[k]
		for _, d := range []float64{h, -h} {
			theta[k] = f.fitted.Theta[k] + d
			at.credit(sold, func(slot int, x, y float64) {
				conv[slot*m+i] += x / (2 * d)
				val[slot*m+i] += y / (2 * d)
			})
		}
		theta[k] = f.fitted.Theta[k]
	}
	return conv, val
}

// A score is what one journey of a row has to do with a free parameter.
type score struct {
	param          int
	pull, exposure float64 // z/λ if the journey converted, and Z
}

// scores are those of each row.
func (f *hazardFit) scores(free []int) [][]score {
	place := make([]int, len(f.fitted.Theta))
	for k := range place {
		place[k] = -1
	}
	for i, k := range free {
		place[k] = i
	}
	out := make([][]score, len(f.spells))
	lambda := make([]float64, len(f.events))
	add := func(r, k int, pull, exposure float64) {
		if i := place[k]; i >= 0 {
			out[r] = append(out[r], score{i, pull, exposure})
		}
	}
	for e, r := range f.events {
		lambda[e] = f.base[f.atExit(r)]
	}
	g := len(f.strata)
	cols := make([]*column, len(f.tau))
	for c, d := range f.tau {
		cols[c] = f.column(c, d)
		for i, e := range cols[c].event {
			lambda[e] += float64(f.beta[c] * cols[c].x[i])
		}
	}
	for r, s := range f.spells {
		if s.skipped {
			continue
		}
		f.line.each(&s, s.exit, func(g int, d float64) { add(r, g, 0, d) })
		if e := f.eventOf[r]; e >= 0 {
			add(r, f.atExit(r), 1/lambda[e], 0)
		}
	}
	for c, col := range cols {
		for i, r := range col.row {
			add(int(r), g+c, 0, col.acted[i])
		}
		for i, e := range col.event {
			add(f.events[e], g+c, col.x[i]/lambda[e], 0)
		}
	}
	return out
}

// bySubject are all rows, those of one subject next to each other.
func (f *hazardFit) bySubject() []int {
	rows := make([]int, len(f.spells))
	for r := range rows {
		rows[r] = r
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(f.js.subjects.at(a), f.js.subjects.at(b)) })
	return rows
}
