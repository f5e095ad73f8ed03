package simulate

import (
	"math"
	"time"
)

// The stages of a person, named as in the model Digital of package stage. Nobody is told of
// unaware: it is where there is no stage yet.
const (
	unaware uint8 = iota
	awareness
	engagement
	transaction
)

var stageNames = [...]string{"unaware", "awareness", "engagement", "transaction"}

// A move is a change of stage in a life.
type move struct {
	stage  uint8
	second int32 // since the start
	told   bool  // by an explicit record
}

// moves returns the stage moves of a life, whose touches are known to the second, by step.
func (m *model) moves(l *life, s *stream, touches []touch, sale int32, moves []move) []move {
	w := m.world.Stages
	moves = moves[:0]
	if w == nil || len(touches) == 0 && sale < 0 {
		return moves
	}
	first := int32(math.MaxInt32)
	for _, t := range touches {
		first = min(first, t.second)
	}
	cool := int((w.Cool + m.world.step() - 1) / m.world.step())
	s.open(m.part.stage, l.person)
	memory := 0.0
	var each [maxChannels]float64
	now, quiet := unaware, 0
	for t := range l.lived {
		hazard, told, toldSale := s.uniform(), s.uniform() < w.Told, s.uniform() < w.Told
		memory = 0
		for c := range m.world.Channels {
			each[c] = float64(each[c]*m.decay[c]) + float64(l.touched[t]>>c&1)
			memory += each[c]
		}
		quiet++
		if l.touched[t] != 0 {
			quiet = 0
		}
		late := int32(t)*m.seconds + m.causes // after the touches, before a sale
		switch {
		case now == unaware && l.touched[t] != 0:
			now = awareness
			moves = append(moves, move{now, first, told})
		case now == awareness && happens((w.Engage+float64(w.Warm*memory))*m.delta, hazard):
			now = engagement
			moves = append(moves, move{now, late, told})
		case now == engagement && cool > 0 && quiet >= cool:
			now = awareness
			moves = append(moves, move{now, late, told})
		}
		if l.end == t {
			moves = append(moves, move{transaction, sale, toldSale})
		}
	}
	return moves
}

// A StageMove is a person's entry into a stage.
type StageMove struct {
	Stage string // awareness, engagement or transaction
	At    time.Time
}
