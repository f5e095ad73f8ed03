package simulate

import (
	"math"

	"github.com/tabi-go/tabi/internal/num"
)

// A life is what really happened to one person.
type life struct {
	person  int
	intent  float64
	segment int
	persona int
	value   int64     // of the order, in cents, whether or not there is one
	base    float64   // rate a day without us
	reach   []float64 // chance of a touch a step, without excitation
	effect  []float64 // β or m of each channel on this person

	// The draws of each step, for every set of channels the same.
	exposure       [][]float64
	convert, leave []float64

	// What follows from them and the channels that are on.
	touched []uint32  // channels by step, a bit each
	push    []float64 // worlds with accounts: summed effect by step
	end     int       // the step of the sale, −1 if there is none
	lived   int       // steps until the person left
}

func (m *model) newLife() *life {
	n := len(m.world.Channels)
	l := &life{
		reach: make([]float64, n), effect: make([]float64, n), exposure: make([][]float64, n),
		convert: make([]float64, m.steps), leave: make([]float64, m.steps), touched: make([]uint32, m.steps),
	}
	for c := range l.exposure {
		l.exposure[c] = make([]float64, m.steps)
	}
	if m.world.Accounts != nil {
		l.push = make([]float64, m.steps)
	}
	return l
}

// draw makes l the life of a person up to a step, before it is lived. The account's part of
// intent is shared.
func (m *model) draw(l *life, s *stream, person, steps int, shared float64) {
	m.drawProfile(l, s, person, shared)
	w := &m.world
	factor, median, sigma := 1.0, 80.0, 0.5
	var effects map[string]float64
	if len(w.Personas) > 0 {
		p := w.Personas[l.persona]
		factor, median, sigma = or(p.Base, factor), or(p.Median, median), or(p.Sigma, sigma)
		effects = p.Effect
	}
	order := float64(median*100) * num.Exp(sigma*num.Normal(s.open(m.part.revenue, person).rand))
	l.value = int64(math.Round(math.Min(order, 1e12)))
	l.base = w.Base * factor * num.Exp(float64(w.Gamma*l.intent)-float64(w.Gamma*w.Gamma)/2)
	for c, ch := range w.Channels {
		l.reach[c] = math.Min(maxReach, ch.Mu*m.delta*num.Exp(float64(ch.Rho*l.intent)-float64(ch.Rho*ch.Rho)/2))
		l.effect[c] = ch.Beta
		if w.Link == Multiplicative {
			l.effect[c] = ch.MultBeta
		}
		if f, ok := effects[ch.Name]; ok {
			l.effect[c] *= f
		}
		s.open(m.part.exposure[c], person).fill(l.exposure[c][:steps])
	}
	if w.Accounts != nil && w.Loss == 0 {
		return // nobody buys or leaves
	}
	s.open(m.part.convert, person)
	for t := range steps {
		l.convert[t], l.leave[t] = s.uniform(), s.uniform()
	}
}

// drawProfile makes l a person: what drives them and what we know of it.
func (m *model) drawProfile(l *life, s *stream, person int, shared float64) {
	w := &m.world
	l.person = person
	l.intent = num.Normal(s.open(m.part.intent, person).rand)
	if a := w.Accounts; a != nil {
		l.intent = float64(math.Sqrt(a.Shared)*shared) + float64(math.Sqrt(1-a.Shared)*l.intent)
	}
	noise := num.Normal(s.open(m.part.proxy, person).rand)
	z := float64(w.Proxy*l.intent) + float64(math.Sqrt(1-float64(w.Proxy*w.Proxy))*noise)
	l.segment = min(9, int(10*num.NormalCDF(z)))
	l.persona = m.choosePersona(s.open(m.part.persona, person).uniform())
}

func or(x, zero float64) float64 {
	if x == 0 {
		return zero
	}
	return x
}

func (m *model) choosePersona(u float64) int {
	for i, sum := range m.shares {
		if u*m.shares[len(m.shares)-1] < sum {
			return i
		}
	}
	return max(0, len(m.shares)-1)
}

// live runs a drawn life for some steps with the channels of a set switched on.
func (m *model) live(l *life, on uint32, steps int) {
	var memory [maxChannels]float64
	channels := m.world.Channels
	alone := m.world.Accounts == nil
	before := uint32(0)
	l.end, l.lived = -1, steps
	for t := range steps {
		touched := uint32(0)
		for c := range channels {
			if on>>c&1 == 0 {
				continue
			}
			p := l.reach[c]
			if by := m.excited[c] & before; by != 0 {
				p = math.Min(maxReach, p+m.excitement(by, c))
			}
			memory[c] = float64(memory[c] * m.decay[c])
			if l.exposure[c][t] < p {
				memory[c]++
				touched |= 1 << c
			}
		}
		l.touched[t] = touched
		before = touched
		switch {
		case !alone:
			l.push[t] = m.pushed(l, &memory)
		case happens(m.rate(l, t, &memory)*m.delta, l.convert[t]):
			l.end, l.lived = t, t+1
			return
		}
		if l.leave[t] < m.world.Loss {
			l.lived = t + 1
			clear(l.touched[t+1 : steps])
			if !alone {
				clear(l.push[t+1 : steps])
			}
			return
		}
	}
}

// excitement is the chance that the touches of the step before bring one of channel c.
func (m *model) excitement(by uint32, c int) float64 {
	sum := 0.0
	for d := range m.world.Channels {
		if by>>d&1 == 1 {
			sum += m.excite[d][c]
		}
	}
	return sum
}

// pushed is the summed effect of all channels.
func (m *model) pushed(l *life, memory *[maxChannels]float64) float64 {
	sum := 0.0
	for c, beta := range l.effect {
		if beta != 0 && memory[c] != 0 {
			sum += float64(beta * m.sat(c, memory[c]))
		}
	}
	return sum
}

// rate is λ, the sales a day.
func (m *model) rate(l *life, t int, memory *[maxChannels]float64) float64 {
	base := float64(l.base * m.season[t])
	if m.world.Link == Multiplicative {
		return base * num.Exp(math.Min(m.pushed(l, memory), 4))
	}
	return math.Max(0, base+m.pushed(l, memory)+m.interaction(memory))
}

func (m *model) interaction(memory *[maxChannels]float64) float64 {
	sum := 0.0
	for _, p := range m.synergy {
		sum += float64(p.weight * memory[p.a] * memory[p.b])
	}
	return sum
}

// happens reports whether something of that intensity happens by draw u. The intensity is
// above the chance, so most draws need no exponential.
func happens(intensity, u float64) bool {
	return u < intensity && u < -num.Expm1(-intensity)
}
