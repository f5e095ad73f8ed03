package simulate

import "math/bits"

// A ref names a true touch of a person: a channel at a step.
type ref struct {
	channel int // −1: no touch
	step    int
}

var noTouch = ref{channel: -1}

// Rows that are no channel.
const (
	baseline = "(baseline)"
	synergy  = "(synergy)"
)

// A cause is what fired a sale or an opportunity. With no touch it was the baseline or,
// if together is set, two channels at once.
type cause struct {
	touch    ref
	member   int // whose touch, of an account's members
	together bool
}

func (m *model) label(c cause) string {
	switch {
	case c.touch.channel >= 0:
		return m.world.Channels[c.touch.channel].Name
	case c.together:
		return synergy
	}
	return baseline
}

// memoryOf is what a life remembers of channel c at the end of step t.
func (m *model) memoryOf(l *life, c, t int) float64 {
	a := 0.0
	for i := 0; i <= t; i++ {
		a = float64(a * m.decay[c])
		a += float64(l.touched[i] >> c & 1)
	}
	return a
}

// causeAt draws the cause of what happened to the members at step t, where base of the rate
// was there without us and each unit of effect counts weight. It takes two draws.
func (m *model) causeAt(s *stream, members []*life, t int, base, weight float64) cause {
	u, v := s.uniform(), s.uniform()
	rate := base
	var parts []float64
	for _, l := range members {
		var memory [maxChannels]float64
		for c := range m.world.Channels {
			memory[c] = m.memoryOf(l, c, t)
			part := float64(weight * l.effect[c] * m.sat(c, memory[c]))
			parts = append(parts, part)
			rate += part
		}
		if m.world.Accounts == nil {
			rate += m.interaction(&memory)
		}
	}
	at := float64(u*rate) - base
	if at < 0 {
		return cause{touch: noTouch}
	}
	last := -1 // of the parts that count: where rounding leaves a rest, it is meant
	for i, part := range parts {
		if part == 0 {
			continue
		}
		last = i
		if at -= part; at < 0 {
			break
		}
	}
	switch {
	case at >= 0 && len(m.synergy) > 0 && m.world.Accounts == nil:
		return cause{touch: noTouch, together: true}
	case last < 0:
		return cause{touch: noTouch}
	}
	member, c := last/len(m.world.Channels), last%len(m.world.Channels)
	return cause{touch: m.choose(members[member], c, t, v), member: member}
}

// choose draws one of the touches of channel c up to step t, the fresh ones before the old.
func (m *model) choose(l *life, c, t int, u float64) ref {
	at := float64(u * m.memoryOf(l, c, t))
	weight, chosen := 1.0, noTouch
	for i := t; i >= 0; i-- {
		if l.touched[i]>>c&1 == 1 {
			chosen = ref{c, i}
			if at -= weight; at < 0 {
				return chosen
			}
		}
		weight = float64(weight * m.decay[c])
	}
	return chosen // the oldest, where rounding left a rest
}

// parent draws what brought the touch r of a life: the touch of another channel a step
// before, or noTouch for targeting.
func (m *model) parent(s *stream, l *life, r ref) ref {
	if r.channel < 0 || r.step == 0 {
		return noTouch
	}
	by := m.excited[r.channel] & l.touched[r.step-1]
	if by == 0 {
		return noTouch
	}
	s.open(m.part.parent[r.channel], l.person)
	at := float64(s.at(r.step, 1).uniform() * (l.reach[r.channel] + m.excitement(by, r.channel)))
	if at -= l.reach[r.channel]; at < 0 {
		return noTouch
	}
	for ; by != 0; by &= by - 1 {
		d := bits.TrailingZeros32(by)
		if at -= m.excite[d][r.channel]; at < 0 || by&(by-1) == 0 {
			return ref{d, r.step - 1}
		}
	}
	return noTouch
}

// lineage lists the distinct channels of touch r and what brought it, the oldest first.
func (m *model) lineage(s *stream, l *life, r ref) []string {
	var chain []string
	seen := uint32(0)
	for ; r.channel >= 0; r = m.parent(s, l, r) {
		if seen>>r.channel&1 == 0 {
			seen |= 1 << r.channel
			chain = append([]string{m.world.Channels[r.channel].Name}, chain...)
		}
	}
	return chain
}
