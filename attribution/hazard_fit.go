package attribution

import (
	"math"
	"slices"
	"time"

	"github.com/tabi-go/tabi/attribution/internal/em"
	"github.com/tabi-go/tabi/internal/num"
)

func exp(x float64) float64 { return num.Exp(x) }

// A hazardFit is a hazard model fitted to a canonical set, whose channels are numbered by
// name.
type hazardFit struct {
	h            Hazard
	js           *Journeys
	line         timeline
	strata       []string
	spells       []spell
	pos          []float64 // of each step
	horizon      float64   // the last end of observation
	entryUnknown bool
	stays        bool // subjects are at risk again after a conversion

	decays  []time.Duration
	touches [][]touch // of each channel, in order of rows
	events  []int     // rows with conversions, not skipped
	eventOf []int32   // of each row, -1 for none
	exposed []float64 // conversions after a touch of each channel
	cache   map[[2]int]*column

	// The parameters.
	tau      []int // place in decays, of each channel
	memories []*memory
	beta     []float64 // a unit of the timeline
	base     []float64
	fitted   em.Fit
	unproven []int // channels without evidence of an effect

	// What the journeys weigh: those of the set, or of a replicate.
	converted, atRisk []float64 // of each row
}

type touch struct {
	row, step int
}

// A column is what one channel with one memory does: x to events, exposure to rows.
type column struct {
	event []int32
	x     []float64
	row   []int32
	acted []float64
}

func newHazardFit(h Hazard, js *Journeys) *hazardFit {
	f := &hazardFit{h: h, js: js, line: h.timeline(), decays: h.decays(), cache: map[[2]int]*column{}}
	f.makeSpells()
	n := len(js.channels.names)
	f.touches = make([][]touch, n)
	f.eventOf = make([]int32, js.rows())
	f.converted, f.atRisk = make([]float64, js.rows()), make([]float64, js.rows())
	for r := range f.spells {
		f.eventOf[r] = -1
		if f.spells[r].skipped {
			continue
		}
		f.converted[r] = count(js.conversions.at(r))
		f.atRisk[r] = count(js.conversions.at(r) + js.nulls.at(r) + js.open.at(r))
		if f.converted[r] > 0 {
			f.eventOf[r] = int32(len(f.events))
			f.events = append(f.events, r)
		}
		lo, hi := js.span(r)
		for i := lo; i < hi; i++ {
			c := js.channel(i)
			f.touches[c] = append(f.touches[c], touch{r, i})
		}
	}
	f.exposed = make([]float64, n)
	for c, ts := range f.touches {
		last := -1
		for _, t := range ts {
			if t.row != last {
				f.exposed[c] += f.converted[t.row]
				last = t.row
			}
		}
	}
	return f
}

// column is what channel c does with the d-th decay.
func (f *hazardFit) column(c, d int) *column {
	key := [2]int{c, d}
	if col := f.cache[key]; col != nil {
		return col
	}
	m := f.memory(d)
	col := &column{}
	for _, t := range f.touches[c] {
		s := &f.spells[t.row]
		w := f.js.weights.get(t.step, 1)
		age := s.exit - f.pos[t.step]
		acted := float64(w * m.acted(max(0, s.entry-f.pos[t.step]), age))
		if n := len(col.row); n > 0 && int(col.row[n-1]) == t.row {
			col.acted[n-1] += acted
		} else {
			col.row, col.acted = append(col.row, int32(t.row)), append(col.acted, acted)
		}
		e := f.eventOf[t.row]
		if e < 0 {
			continue
		}
		x := float64(w * m.left(age))
		if n := len(col.event); n > 0 && col.event[n-1] == e {
			col.x[n-1] += x
		} else {
			col.event, col.x = append(col.event, e), append(col.x, x)
		}
	}
	f.cache[key] = col
	return col
}

// atExit is the stratum at the end of a row.
func (f *hazardFit) atExit(r int) int { return f.spells[r].at(f.spells[r].exit) }

func (f *hazardFit) memory(d int) *memory {
	return f.line.memory(float64(f.decays[d]) / float64(day) * f.line.perDay())
}

// problem puts the columns of the chosen decays together. Parameters are the baselines,
// then the effects.
func (f *hazardFit) problem(tau []int) *em.Problem {
	g := len(f.strata)
	p := &em.Problem{Exposure: make([]float64, g+len(tau)), Weight: make([]float64, len(f.events))}
	for r, s := range f.spells {
		f.line.each(&s, s.exit, func(g int, d float64) { p.Exposure[g] += float64(f.atRisk[r] * d) })
	}
	parts := make([]int32, len(f.events)+1)
	for e, r := range f.events {
		p.Weight[e] = f.converted[r]
		parts[e+1] = 1
	}
	cols := make([]*column, len(tau))
	for c, d := range tau {
		cols[c] = f.column(c, d)
		for i, r := range cols[c].row {
			p.Exposure[g+c] += float64(f.atRisk[r] * cols[c].acted[i])
		}
		for _, e := range cols[c].event {
			parts[e+1]++
		}
	}
	for e := range f.events {
		parts[e+1] += parts[e]
	}
	p.Begin = parts
	p.Index, p.Part = make([]int32, parts[len(f.events)]), make([]float64, parts[len(f.events)])
	next := slices.Clone(parts)
	for e, r := range f.events {
		p.Index[next[e]], p.Part[next[e]] = int32(f.atExit(r)), 1
		next[e]++
	}
	for c, col := range cols {
		for i, e := range col.event {
			p.Index[next[e]], p.Part[next[e]] = int32(g+c), col.x[i]
			next[e]++
		}
	}
	return p
}

// Rounds of a fit.
const (
	fullRounds      = 600
	candidateRounds = 60
)

// learn finds decays, effects and baselines; false if the fit did not converge.
func (f *hazardFit) learn() bool {
	g, n := len(f.strata), len(f.touches)
	f.tau = make([]int, n)
	middle := len(f.decays) / 2
	if i := slices.Index(f.decays, 3*day); i >= 0 {
		middle = i
	}
	for c := range f.tau {
		f.tau[c] = middle
	}
	p := f.problem(f.tau)
	theta := f.start(p)
	p.Fit(theta, candidateRounds)
	if len(f.decays) > 1 {
		for range 2 {
			for c := range f.tau {
				if f.exposed[c] > 0 {
					f.tau[c] = f.choose(c, 0, len(f.decays)-1, f.tau, theta)
				}
			}
		}
	}
	f.fitted = f.problem(f.tau).Fit(theta, fullRounds)
	f.base, f.beta = theta[:g], theta[g:]
	f.remember()
	return f.fitted.Converged
}

// remember makes the memories of the chosen decays.
func (f *hazardFit) remember() {
	f.memories = make([]*memory, len(f.tau))
	for c, d := range f.tau {
		f.memories[c] = f.memory(d)
	}
}

// start is half of everything to the baselines, half to the touches.
func (f *hazardFit) start(p *em.Problem) []float64 {
	g := len(f.strata)
	theta := make([]float64, len(p.Exposure))
	all, acted := 0.0, 0.0
	for e, r := range f.events {
		theta[f.atExit(r)] += p.Weight[e]
		all += p.Weight[e]
	}
	for _, z := range p.Exposure[g:] {
		acted += z
	}
	for k, z := range p.Exposure {
		switch {
		case z == 0:
			theta[k] = 0
		case k < g:
			theta[k] = theta[k] / 2 / z
		default:
			theta[k] = all / 2 / acted
		}
	}
	return theta
}

// choose is the decay of channel c between two places that makes the data likeliest, the
// shorter of equals; theta becomes the fit there.
func (f *hazardFit) choose(c, from, to int, tau []int, theta []float64) int {
	g := len(f.strata)
	best, bestLL := -1, math.Inf(-1)
	var bestTheta []float64
	try := slices.Clone(tau)
	for d := from; d <= to; d++ {
		try[c] = d
		p := f.problem(try)
		p.Warm = true
		th := slices.Clone(theta)
		if z := p.Exposure[g+c]; z > 0 && th[g+c] == 0 {
			th[g+c] = 1e-3 * f.exposed[c] / z
		}
		fit := p.Fit(th, candidateRounds)
		if best < 0 || fit.LogLik > bestLL+1e-9*max(1, math.Abs(bestLL)) {
			best, bestLL, bestTheta = d, fit.LogLik, th
		}
	}
	copy(theta, bestTheta)
	return best
}

// params are the parameters in units that people use.
func (f *hazardFit) params() *HazardParams {
	day := f.line.perDay()
	p := &HazardParams{
		Beta: map[string]float64{}, Decay: map[string]time.Duration{}, Baseline: map[string]float64{}, Exposed: map[string]float64{},
		LogLik: f.fitted.LogLik, Rounds: f.fitted.Rounds, Assumes: assumptions,
	}
	for i, s := range f.strata {
		p.Baseline[s] = float64(f.base[i] * day)
	}
	for c, name := range f.js.channels.names {
		p.Beta[name] = float64(f.beta[c] * day)
		p.Decay[name] = f.decays[f.tau[c]]
		p.Exposed[name] = f.exposed[c]
		if f.beta[c] > 0 && len(f.decays) > 1 && (f.tau[c] == 0 || f.tau[c] == len(f.decays)-1) {
			p.AtEdge = append(p.AtEdge, name)
		}
	}
	p.AUC, p.LogLoss, p.Used = f.report()
	f.unproven = f.noEvidence()
	for _, c := range f.unproven {
		p.NoEvidence = append(p.NoEvidence, f.js.channels.names[c])
	}
	return p
}

// noEvidence are the channels without which the data are not much less likely: a test of
// the likelihood ratio at 5 %.
func (f *hazardFit) noEvidence() []int {
	var out []int
	for c := range f.touches {
		if f.beta[c] > 0 {
			p := f.problem(f.tau)
			p.Exposure[len(f.strata)+c], p.Warm = 0, true // held at 0
			theta := slices.Clone(f.fitted.Theta)
			f.wake(theta)
			without := p.Fit(theta, candidateRounds)
			if 2*(f.fitted.LogLik-without.LogLik) >= 3.84 {
				continue
			}
		}
		out = append(out, c)
	}
	return out
}
