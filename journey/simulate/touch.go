package simulate

// A touch is a true touch of a life, with what the tracker makes of it.
type touch struct {
	ref
	second int32 // since the start
	lost   bool
	device int8  // from 0, or borrowed
	twin   bool  // recorded again
	shift  int32 // the second recorder's clock, in seconds
	spell  uint8 // its spelling of the label
	delay  int32 // until it arrived
	delay2 int32 // until its twin arrived
	named  uint8 // the channel on the record
	defect defect
}

// borrowed stands for device 0 of the next person.
const borrowed int8 = -1

// touches lists the true touches of a lived life, by channel and then by step.
func (m *model) touches(l *life, s *stream, ts []touch) []touch {
	ts = ts[:0]
	for c := range m.world.Channels {
		s.open(m.part.jitter[c], l.person)
		for t, touched := range l.touched[:l.lived] {
			if touched>>c&1 == 0 {
				continue
			}
			ts = append(ts, m.place(ref{c, t}, s.at(t, 1).uniform()))
		}
	}
	return ts
}

// touchOf is the true touch of a person by itself.
func (m *model) touchOf(s *stream, person int, at ref) touch {
	return m.place(at, s.open(m.part.jitter[at.channel], person).at(at.step, 1).uniform())
}

func (m *model) place(at ref, u float64) touch {
	return touch{ref: at, second: int32(at.step)*m.seconds + int32(u*float64(m.causes)), named: uint8(at.channel)}
}

// saleSecond is when the sale of a unit happened, −1 if it did not.
func (m *model) saleSecond(s *stream, person, step int) int32 {
	if step < 0 {
		return -1
	}
	u := s.open(m.part.order, person).uniform()
	return int32(step)*m.seconds + m.causes + int32(u*float64(m.seconds-m.causes))
}
