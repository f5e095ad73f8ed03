package attribution

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// push checks everything that is left to check, then writes. A row that counts nothing
// is ignored.
func (js *Journeys) push(r row, steps []step) error {
	if err := js.check(r, steps); err != nil {
		return err
	}
	if counts, err := js.count(r, len(steps)); err != nil || !counts {
		return err
	}
	if r.finish != untimed && len(steps) > 0 && js.ages.len() == 0 {
		for range js.touches() {
			js.ages.append(0)
		}
	}
	for i := range steps {
		js.pushStep(&steps[i])
	}
	js.pushRow(r)
	return nil
}

// known finds the numbers of channels that are all in the set already; false also where
// its steps have more than channels.
func (js *Journeys) known(channels []string) bool {
	if js.narrow == nil || js.extras() || js.ages.len() > 0 || len(channels) > maxSteps {
		return false
	}
	js.found = js.found[:0]
	for _, name := range channels {
		id, ok := js.recent.find(&js.channels, name)
		if !ok {
			return false
		}
		js.found = append(js.found, uint16(id))
	}
	return true
}

// pushPlain writes a row of the channels that known found.
func (js *Journeys) pushPlain(r row) error {
	if counts, err := js.count(r, len(js.found)); err != nil || !counts {
		return err
	}
	for _, id := range js.found {
		js.narrow = append(js.narrow, uint8(id))
	}
	js.pushRow(r)
	return nil
}

// count adds a row with so many steps to the totals; false if there is nothing to keep.
func (js *Journeys) count(r row, steps int) (bool, error) {
	t, err := js.totals.plus(r)
	if err != nil {
		return false, err
	}
	if uint64(js.touches()+steps) > maxTouches || uint64(js.rows()) >= maxTouches {
		return false, ErrOverflow
	}
	js.totals = t
	if r.empty() {
		js.totals.ignored++
		return false, nil
	}
	js.changed()
	if r.finish == untimed && steps > 0 {
		js.totals.untimed++
	}
	return true, nil
}

// pushRow writes what a row has beside its steps, which are written.
func (js *Journeys) pushRow(r row) {
	n := js.rows()
	js.ends = append(js.ends, uint32(js.touches()))
	js.conversions.append(r.conversions)
	js.nulls.append(r.nulls)
	js.open.append(n, r.open, 0)
	js.values = append(js.values, r.value)
	js.subjects.append(n, js.words.word(r.subject), 0)
	js.strata.append(n, js.words.word(r.stratum), 0)
	js.starts.append(n, r.start)
	js.finishes.append(n, r.finish)
	js.pushMarks(&js.marks, n, r.marks)
	js.pushMarks(&js.changes, n, r.changes)
}

// pushMarks keeps the marks of row n in order of name and time.
func (js *Journeys) pushMarks(column *map[int][]mark, n int, marks []namedMark) {
	if len(marks) == 0 {
		return
	}
	if *column == nil {
		*column = map[int][]mark{}
	}
	ms := make([]mark, len(marks))
	for i, m := range marks {
		ms[i] = mark{js.words.word(m.name), m.pos}
	}
	slices.SortFunc(ms, func(a, b mark) int {
		return cmp.Or(strings.Compare(js.words.text(a.name), js.words.text(b.name)), cmp.Compare(b.pos, a.pos))
	})
	(*column)[n] = ms
}

func (js *Journeys) pushStep(s *step) {
	n := js.touches()
	ch := s.known - 1
	if s.known == 0 {
		ch = js.channels.id(s.channel)
	}
	if js.wide == nil && ch > math.MaxUint8 {
		js.wide = make([]uint16, n, 2*n+1)
		for i, c := range js.narrow {
			js.wide[i] = uint16(c)
		}
		js.narrow = nil
	}
	if js.wide != nil {
		js.wide = append(js.wide, uint16(ch))
	} else {
		js.narrow = append(js.narrow, uint8(ch))
	}
	if js.ages.len() > 0 || s.age > 0 {
		js.ages.append(s.age)
	}
	if s.plain() && !js.extras() {
		return
	}
	js.kinds.append(n, uint8(s.kind), 0)
	js.weights.append(n, s.weight, 1)
	js.costs.append(n, s.cost, 0)
	js.sources.append(n, js.words.word(s.source), 0)
	js.ids.append(n, js.words.word(s.id), 0)
	js.actors.append(n, js.words.word(s.actor), 0)
	js.roles.append(n, js.words.word(s.role), 0)
}

// extras reports whether steps have more than channels and ages.
func (js *Journeys) extras() bool {
	return js.kinds.v != nil || js.weights.v != nil || js.costs.v != nil || js.sources.v != nil || js.ids.v != nil ||
		js.actors.v != nil || js.roles.v != nil
}

// touches is the number of steps in the columns.
func (js *Journeys) touches() int { return len(js.narrow) + len(js.wide) }
