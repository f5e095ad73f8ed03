package attribution

import (
	"cmp"
	"math"
	"slices"
)

// A spell is the time in which one row of a set was at risk, on the timeline.
type spell struct {
	entry, exit float64
	stratum     int     // at entry, -1 for one that the fit does not know
	phases      []phase // later strata, in order
	skipped     bool    // the subject had left
}

// A phase is a stratum from a place of the timeline on. On the grid it counts from its own
// step on, as touches do.
type phase struct {
	from    float64
	stratum int
}

// at is the stratum in force.
func (s *spell) at(pos float64) int {
	g := s.stratum
	for _, p := range s.phases {
		if p.from > pos {
			break
		}
		g = p.stratum
	}
	return g
}

// each tells the time spent in each stratum from entry to end; on the grid both ends are
// included.
func (t timeline) each(s *spell, end float64, f func(stratum int, d float64)) {
	if t.step > 0 {
		end++
	}
	g, from := s.stratum, s.entry
	for _, p := range s.phases {
		if p.from >= end {
			break
		}
		if p.from > from {
			f(g, p.from-from)
			from = p.from
		}
		g = p.stratum
	}
	f(g, end-from)
}

// place puts row r of any set on the timeline: the steps' places go to pos.
func (f *hazardFit) place(js *Journeys, r int, pos []float64) (s spell, known bool) {
	s, known = f.line.spell(js, r, pos)
	s.stratum = f.stratum(js.words.text(js.strata.at(r)))
	for _, c := range js.changes[r] {
		s.phases = append(s.phases, phase{f.line.at(js.finishes.at(r) - c.pos), f.stratum(js.words.text(c.name))})
	}
	slices.SortStableFunc(s.phases, func(a, b phase) int { return cmp.Compare(a.from, b.from) })
	return s, known
}

// stratum is the number of a stratum, -1 if the fit does not know it.
func (f *hazardFit) stratum(name string) int {
	if g, ok := slices.BinarySearch(f.strata, name); ok {
		return g
	}
	return -1
}

// spell is the place of a row and of its steps, without the strata.
func (t timeline) spell(js *Journeys, r int, pos []float64) (s spell, known bool) {
	lo, hi := js.span(r)
	finish := js.finishes.at(r)
	if finish == agesOnly {
		// Only differences are known: the end is taken to be the end of a step.
		for i := lo; i < hi; i++ {
			pos[i-lo] = -float64(js.age(i)) / float64(day.Microseconds())
			if t.step > 0 {
				pos[i-lo] = -math.Floor(float64(js.age(i)) / float64(t.step))
			}
		}
	} else {
		s.exit = t.at(finish)
		for i := lo; i < hi; i++ {
			pos[i-lo] = t.at(finish - js.age(i))
		}
	}
	start := js.starts.at(r)
	switch {
	case start != unknown && finish != agesOnly:
		s.entry = t.at(start)
		return s, true
	case hi > lo:
		s.entry = pos[0]
	default:
		s.entry = s.exit
	}
	return s, false
}

// duration is the time at risk of a spell: on the grid both ends are included.
func (t timeline) duration(s spell) float64 {
	if t.step > 0 {
		return s.exit - s.entry + 1
	}
	return s.exit - s.entry
}

// spells places all rows. A subject that leaves at its first conversion takes its later
// rows out.
func (f *hazardFit) makeSpells() {
	js := f.js
	f.spells = make([]spell, js.rows())
	f.pos = make([]float64, js.touches())
	strata := make([]bool, len(js.words.names)+1)
	for r := range f.spells {
		strata[js.strata.at(r)] = true
		for _, c := range js.changes[r] {
			strata[c.name] = true
		}
	}
	for id, used := range strata {
		if used {
			f.strata = append(f.strata, js.words.text(uint32(id)))
		}
	}
	slices.Sort(f.strata)
	for r := range f.spells {
		lo, hi := js.span(r)
		s, known := f.place(js, r, f.pos[lo:hi])
		f.spells[r] = s
		f.entryUnknown = f.entryUnknown || !known
		if r == 0 || s.exit > f.horizon {
			f.horizon = s.exit
		}
	}
	f.leave()
}

// leave marks what lies behind the conversion at which a subject leaves.
func (f *hazardFit) leave() {
	js := f.js
	if f.stays = f.h.Repeat == RepeatAlways; f.stays || js.subjects.v == nil {
		return
	}
	rows := make([]int, 0, len(f.spells))
	for r := range f.spells {
		if js.subjects.v[r] != 0 {
			rows = append(rows, r)
		}
	}
	js.byTurn(rows)
	var later []int
	repeats := false
	for i, r := range rows {
		if i == 0 || js.subjects.v[rows[i-1]] != js.subjects.v[r] {
			later = append(later, -1)
		}
		gone := &later[len(later)-1]
		if *gone >= 0 {
			repeats = repeats || js.conversions.at(r) > 0
			f.spells[r].skipped = true
		} else if js.conversions.at(r) > 0 {
			*gone = r
		}
	}
	if f.stays = f.h.Repeat == RepeatAuto && repeats; f.stays {
		for r := range f.spells {
			f.spells[r].skipped = false
		}
	}
}

// A memory is how a touch fades: the chance that it still acts, and the time it acted.
type memory struct {
	grid bool
	tau  float64 // in units of the timeline
	q    float64 // e^(−1/τ)
	pow  []float64
}

func (t timeline) memory(tau float64) *memory {
	return &memory{grid: t.step > 0, tau: tau, q: exp(-1 / tau)}
}

// left is what is left of a touch after a time.
func (m *memory) left(age float64) float64 {
	if !m.grid {
		return exp(-age / m.tau)
	}
	k := int(age)
	if k >= 4096 {
		return exp(-age / m.tau)
	}
	for len(m.pow) <= k {
		m.pow = append(m.pow, exp(-float64(len(m.pow))/m.tau))
	}
	return m.pow[k]
}

// acted is the sum of left over the time from begin to end, ages of a touch.
func (m *memory) acted(begin, end float64) float64 {
	if m.grid {
		return float64(m.left(begin)*(1-m.left(end-begin+1))) / (1 - m.q)
	}
	return float64(m.tau * (m.left(begin) - m.left(end)))
}
