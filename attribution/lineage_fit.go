package attribution

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/tabi-go/tabi/attribution/internal/em"
	"github.com/tabi-go/tabi/internal/num"
)

// A lineageFit is the fitted rate of touches of a hazard's set.
type lineageFit struct {
	f     *hazardFit
	least float64
	omega float64
	arms  []*arm      // of each channel: where its touches come from
	mu    [][]float64 // [channel][stratum], a unit of the timeline
	e     [][]float64 // [channel][cause]
	bit   []int       // of each channel that takes part in excitation, -1 for others
	on    bool        // some excitation was found
}

// An arm is the fitting problem of one channel: touches with the same causes are one event.
type arm struct {
	p       em.Problem
	members []member // touches
}

type member struct{ row, event int }

// A parent is an earlier touch and how much of it still excites.
type parent struct {
	step int // in the columns, or in the path
	y    float64
}

// parents are the touches before step i that may have caused it, of a path whose steps
// lie at pos and belong to chans. Touches of one channel in one step count as one.
func (l *lineageFit) parents(out []parent, pos []float64, chans []int, i int) []parent {
	out = out[:0]
	for j := i - 1; j >= 0; j-- {
		age := pos[i] - pos[j]
		if age <= 0 || chans[j] < 0 {
			continue
		}
		if !l.grid() {
			if age < 40*l.omega {
				out = append(out, parent{j, exp(-age/l.omega) / l.omega})
			}
			continue
		}
		y := l.kernel(age)
		if y == 0 {
			break
		}
		same := 0
		for k := range i {
			if pos[k] == pos[j] && chans[k] == chans[j] {
				same++
			}
		}
		out = append(out, parent{j, y / float64(same)})
	}
	return out
}

func (l *lineageFit) grid() bool { return l.f.line.step > 0 }

// kernel is (1−ω)·ω^(age−1) on the grid, 0 where it is too small to matter.
func (l *lineageFit) kernel(age float64) float64 {
	if age == 1 {
		return 1 - l.omega
	}
	y := float64((1 - l.omega) * num.Pow(l.omega, age-1))
	if y < 1e-9 {
		return 0
	}
	return y
}

// fit fits the touches, for each candidate memory, and keeps the likeliest.
func (l Lineage) fit(f *hazardFit) (*lineageFit, error) {
	if len(f.touches) > maxExcited {
		return nil, ErrTooManyChannels
	}
	var best *lineageFit
	bestLL := math.Inf(-1)
	for _, omega := range l.memories(f.line.step > 0) {
		if omega < 0 || f.line.step > 0 && omega >= 1 || f.line.step == 0 && omega == 0 {
			return nil, &InputError{Field: "memory", Reason: "out_of_range"}
		}
		g := &lineageFit{f: f, least: l.minExcitation(), omega: omega}
		g.collect()
		if ll := g.learn(nil); best == nil || ll > bestLL {
			best, bestLL = g, ll
		}
	}
	return best, best.number()
}

// collect sorts all touches by channel, stratum and causes.
func (l *lineageFit) collect() {
	f := l.f
	g, n := len(f.strata), len(f.touches)
	l.arms = make([]*arm, n)
	groups := make([]map[string]int, n)
	for d := range l.arms {
		l.arms[d] = &arm{}
		l.arms[d].p.Begin = []int32{0}
		groups[d] = map[string]int{}
	}
	var ps []parent
	var key []byte
	var chans []int
	y := make([]float64, n)
	for r, s := range f.spells {
		if s.skipped {
			continue
		}
		lo, hi := f.js.span(r)
		chans = chans[:0]
		for i := lo; i < hi; i++ {
			chans = append(chans, f.js.channel(i))
		}
		for i := range chans {
			d := chans[i]
			ps = l.parents(ps, f.pos[lo:hi], chans, i)
			for _, p := range ps {
				y[chans[p.step]] += p.y
			}
			stratum := s.at(f.pos[lo+i])
			key = binary.AppendUvarint(key[:0], uint64(stratum))
			for c, v := range y {
				if v != 0 {
					key = binary.AppendUvarint(key, uint64(c))
					key = binary.BigEndian.AppendUint64(key, math.Float64bits(math.Round(v*1e12)))
				}
			}
			a := l.arms[d]
			e, ok := groups[d][string(key)]
			if !ok {
				e = len(a.p.Begin) - 1
				groups[d][string(key)] = e
				a.p.Index, a.p.Part = append(a.p.Index, int32(stratum)), append(a.p.Part, 1)
				for c, v := range y {
					if v != 0 {
						a.p.Index, a.p.Part = append(a.p.Index, int32(g+c)), append(a.p.Part, v)
					}
				}
				a.p.Begin = append(a.p.Begin, int32(len(a.p.Index)))
			}
			a.members = append(a.members, member{r, e})
			for _, p := range ps {
				y[chans[p.step]] = 0
			}
		}
	}
}

// learn fits all channels to the journeys as they weigh now, warm-started from another
// fit, and returns the log-likelihood.
func (l *lineageFit) learn(from *lineageFit) float64 {
	f := l.f
	g, n := len(f.strata), len(f.touches)
	exposure := l.exposure()
	l.mu, l.e = make([][]float64, n), make([][]float64, n)
	ll := 0.0
	for d, a := range l.arms {
		p := a.p
		p.Exposure = exposure
		p.Weight = make([]float64, len(p.Begin)-1)
		for _, m := range a.members {
			p.Weight[m.event] += f.atRisk[m.row]
		}
		theta := make([]float64, g+n)
		for e, w := range p.Weight {
			theta[p.Index[p.Begin[e]]] += w
		}
		for k := range theta {
			switch {
			case exposure[k] <= 0:
				theta[k] = 0
			case k < g:
				theta[k] = .8 * theta[k] / exposure[k]
			case from != nil:
				theta[k] = from.e[d][k-g]
			default:
				theta[k] = .02
			}
		}
		fit := p.Fit(theta, lineageRounds)
		held := append([]float64(nil), exposure...)
		small := false
		for c := range n {
			if theta[g+c] < l.least {
				small = small || theta[g+c] > 0
				theta[g+c], held[g+c] = 0, 0
			}
		}
		if small {
			p.Exposure = held
			fit = p.Fit(theta, lineageRounds)
		}
		ll += fit.LogLik
		l.mu[d], l.e[d] = theta[:g], theta[g:]
	}
	return ll
}

const lineageRounds = 300

// maxExcited bounds the channels of a lineage: each may excite each.
const maxExcited = 1024

// exposure is the time at risk of each stratum, and after each channel the sum of y.
func (l *lineageFit) exposure() []float64 {
	f := l.f
	out := make([]float64, len(f.strata)+len(f.touches))
	for r, s := range f.spells {
		f.line.each(&s, s.exit, func(g int, d float64) { out[g] += float64(f.atRisk[r] * d) })
	}
	for c, ts := range f.touches {
		row, at := -1, math.Inf(-1)
		for _, t := range ts {
			pos := f.pos[t.step]
			if l.grid() && t.row == row && pos == at {
				continue
			}
			row, at = t.row, pos
			left := f.spells[t.row].exit - pos
			switch {
			case !l.grid():
				out[len(f.strata)+c] += float64(f.atRisk[t.row] * (1 - exp(-left/l.omega)))
			case left > 0:
				out[len(f.strata)+c] += float64(f.atRisk[t.row] * (1 - num.Pow(l.omega, left)))
			}
		}
	}
	return out
}

// number gives bits to the channels that take part in excitation.
func (l *lineageFit) number() error {
	n := len(l.e)
	l.bit = make([]int, n)
	used := 0
	for c := range n {
		l.bit[c] = -1
		for d := range n {
			if c != d && (l.e[d][c] > 0 || l.e[c][d] > 0) {
				l.bit[c] = used
				used++
				break
			}
		}
	}
	l.on = used > 0
	if used > 64 {
		return ErrTooManyChannels
	}
	return nil
}

// A kin is a set of channels that brought about a touch, with the touches that stand for
// them: the weights of each channel's touches sum to p.
type kin struct {
	set uint64
	p   float64
	by  []parent
}

// minKin is the probability below which a set is taken to be the touch alone.
const minKin = 1e-6

// spread passes the shares w of the steps on to their ancestors.
func (l *lineageFit) spread(w []float64, pos []float64, chans []int, s spell, all bool) {
	if !l.on {
		return
	}
	kins := make([][]kin, len(w))
	out := make([]float64, len(w))
	var ps []parent
	for i, d := range chans {
		if d < 0 || l.bit[d] < 0 {
			out[i] += w[i]
			kins[i] = []kin{{p: 1, by: []parent{{i, 1}}}}
			continue
		}
		own := uint64(1) << l.bit[d]
		self := kin{set: own, by: []parent{{i, 0}}}
		ps = l.parents(ps, pos, chans, i)
		tot := l.muOf(d, s.at(pos[i]))
		for _, p := range ps {
			tot += float64(l.e[d][chans[p.step]] * p.y)
		}
		left := 1.0
		for _, p := range ps {
			share := float64(l.e[d][chans[p.step]] * p.y)
			if share == 0 {
				continue
			}
			share /= tot
			for _, k := range kins[p.step] {
				if q := float64(share * k.p); q >= minKin && k.set != 0 {
					kins[i] = addKin(kins[i], k, share, own, i)
					left -= q
				}
			}
		}
		self.p = max(0, left)
		self.by[0].y = self.p
		kins[i] = append(kins[i], self)
		if w[i] == 0 {
			continue
		}
		for _, k := range kins[i] {
			size := float64(bits.OnesCount64(k.set))
			if all {
				size = 1
			}
			for _, b := range k.by {
				out[b.step] += float64(w[i] * b.y / size)
			}
		}
	}
	copy(w, out)
}

// addKin adds the set of a parent, times share, with the own channel of step i.
func addKin(ks []kin, k kin, share float64, own uint64, i int) []kin {
	q := float64(share * k.p)
	at := -1
	for j := range ks {
		if ks[j].set == k.set|own {
			at = j
		}
	}
	if at < 0 {
		at = len(ks)
		ks = append(ks, kin{set: k.set | own})
	}
	x := &ks[at]
	x.p += q
	add := func(step int, y float64) {
		for j := range x.by {
			if x.by[j].step == step {
				x.by[j].y += y
				return
			}
		}
		x.by = append(x.by, parent{step, y})
	}
	for _, b := range k.by {
		add(b.step, float64(b.y*share))
	}
	if k.set&own == 0 {
		add(i, q)
	}
	return ks
}

// muOf is the rate of touches of a channel that no touch caused; for a stratum that the
// fit does not know, the mean.
func (l *lineageFit) muOf(d, stratum int) float64 {
	if stratum >= 0 {
		return l.mu[d][stratum]
	}
	return total(l.mu[d]) / float64(max(1, len(l.f.strata)))
}

func (l *lineageFit) params(h *HazardParams) *LineageParams {
	p := &LineageParams{Hazard: h, Excitation: map[[2]string]float64{}, Events: map[[2]string]float64{}, Memory: l.omega}
	names := l.f.js.channels.names
	g := len(l.f.strata)
	for d, row := range l.e {
		theta := append(append([]float64(nil), l.mu[d]...), row...)
		a := l.arms[d]
		weight := make([]float64, len(a.p.Begin)-1)
		for _, m := range a.members {
			weight[m.event] += l.f.atRisk[m.row]
		}
		for e, w := range weight {
			tot := 0.0
			for i := a.p.Begin[e]; i < a.p.Begin[e+1]; i++ {
				tot += float64(theta[a.p.Index[i]] * a.p.Part[i])
			}
			for i := a.p.Begin[e]; i < a.p.Begin[e+1] && tot > 0; i++ {
				if c := int(a.p.Index[i]) - g; c >= 0 && row[c] > 0 {
					p.Events[[2]string{names[c], names[d]}] += float64(w*float64(theta[g+c]*a.p.Part[i])) / tot
				}
			}
		}
		for c, e := range row {
			if e > 0 {
				p.Excitation[[2]string{names[c], names[d]}] = e
			}
		}
	}
	p.Radius = radius(l.e)
	return p
}

// radius is the spectral radius of a non-negative matrix, by power iteration on I+E.
func radius(e [][]float64) float64 {
	x := make([]float64, len(e))
	for i := range x {
		x[i] = 1
	}
	top := 0.0
	for range 200 {
		next := make([]float64, len(e))
		top = 0
		for d, row := range e {
			next[d] = x[d]
			for c, v := range row {
				next[d] += float64(v * x[c])
			}
			top = max(top, next[d])
		}
		if top == 0 {
			return 0
		}
		for i := range next {
			next[i] /= top
		}
		x = next
	}
	return max(0, top-1)
}
