package attribution

import (
	"cmp"
	"slices"
	"time"
)

// several reports whether some part looks at all paths of a subject.
func (p *Preparation) several() bool { return p.ConversionGap > 0 || p.Cycle != CycleEach }

// join is a converted path after the parts that look at all paths of its subject; counts is
// false if its conversion does not count beside the others.
func (p *Preparation) join(x Path, others []Path) (joined Path, counts bool, err error) {
	if !p.several() || !x.Converted || x.Subject == "" {
		return x, true, nil
	}
	js := &Journeys{}
	x.Value, x.Weight = 1, 0 // by which it is known again
	if err := js.Add(x); err != nil {
		return x, false, err
	}
	for _, o := range others {
		o.Value, o.Weight = 0, 0
		if err := js.Add(o); err != nil {
			return x, false, err
		}
	}
	if js, err = p.cycles(js, &Prepared{}); err != nil {
		return x, false, err
	}
	r := slices.Index(js.values, 1)
	if r < 0 {
		return x, false, nil
	}
	late := slices.DeleteFunc(slices.Clone(x.Steps), func(s Step) bool { return x.End.IsZero() || !s.At.After(x.End) })
	row, v := js.row(r), js.view(r)
	at := func(age int64) time.Time { return time.UnixMicro(row.finish - age).UTC() }
	joined = Path{Subject: x.Subject, Converted: true, End: at(0), Stratum: row.stratum}
	for i := range v.Len() {
		s := js.step(v.lo + i)
		joined.Steps = append(joined.Steps, Step{s.channel, at(s.age), s.kind, s.source, s.id, s.actor, s.role, s.weight, s.cost})
	}
	joined.Steps = append(joined.Steps, late...)
	for _, m := range row.marks {
		joined.Milestones = append(joined.Milestones, Milestone{m.name, at(m.pos)})
	}
	for _, c := range row.changes {
		joined.Changes = append(joined.Changes, Change{c.name, at(c.pos)})
	}
	return joined, true, nil
}

// cycles applies the parts of a preparation that look at all paths of a subject: it
// returns the set itself if there are none. Paths without a subject, or without an
// instant of their end, stay as they are.
func (p *Preparation) cycles(js *Journeys, rep *Prepared) (*Journeys, error) {
	if !p.several() || js.subjects.v == nil {
		return js, nil
	}
	js = js.canonical() // of paths that end together, arrival must not choose one
	out := &Journeys{}
	var rows []int
	for r := range js.rows() {
		if js.subjects.v[r] != 0 && js.finishes.at(r) > agesOnly {
			rows = append(rows, r)
		} else {
			out.copyRow(js, r, js.row(r))
		}
	}
	js.byTurn(rows)
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && js.subjects.v[rows[j]] == js.subjects.v[rows[i]] {
			j++
		}
		for _, t := range p.turns(js, rows[i:j], rep) {
			if err := out.push(t.row, t.steps); err != nil {
				return nil, err
			}
		}
		i = j
	}
	out.totals.late, out.totals.ignored = js.totals.late, js.totals.ignored
	return out, nil
}

// byTurn sorts rows of subjects: by subject, then by their end, conversions first.
func (js *Journeys) byTurn(rows []int) {
	slices.SortStableFunc(rows, func(a, b int) int {
		return cmp.Or(cmp.Compare(js.subjects.v[a], js.subjects.v[b]), cmp.Compare(js.finishes.at(a), js.finishes.at(b)),
			cmp.Compare(js.conversions.at(b), js.conversions.at(a)))
	})
}

// A turn is a path of a subject that has several.
type turn struct {
	row
	steps []step // ages count from row.finish
}

// turns are the paths of one subject after the preparation.
func (p *Preparation) turns(js *Journeys, rows []int, rep *Prepared) []turn {
	var ts []turn
	var carried *turn // a conversion too close to the one before: its steps go to the next path
	sold := int64(0)
	any := false
	for _, r := range rows {
		t := turn{row: js.row(r)}
		lo, hi := js.span(r)
		for i := lo; i < hi; i++ {
			t.steps = append(t.steps, js.step(i))
		}
		if carried != nil {
			t.take(*carried)
			carried = nil
		}
		if t.conversions > 0 {
			if any && p.ConversionGap > 0 && time.Duration(t.finish-sold)*time.Microsecond < p.ConversionGap {
				rep.Merged += count(t.conversions)
				t.nulls += t.conversions
				t.conversions, t.value = 0, 0
				carried = &t
				continue
			}
			any, sold = true, t.finish
		}
		ts = append(ts, t)
	}
	if carried != nil && len(carried.steps) > 0 {
		ts = append(ts, *carried)
	}
	switch p.Cycle {
	case CycleOverlap:
		for i := len(ts) - 1; i > 0; i-- {
			for k := i - 1; k >= 0 && ts[i].conversions > 0; k-- {
				ts[i].take(ts[k])
			}
		}
	case CycleFirst, CycleLast:
		keep := -1
		for i := range ts {
			if ts[i].conversions > 0 && (keep < 0 || p.Cycle == CycleLast) {
				keep = i
			}
		}
		if keep < 0 {
			return ts
		}
		for i := range ts {
			if i != keep {
				rep.Merged += count(ts[i].conversions)
			}
		}
		ts = ts[keep : keep+1]
	}
	return ts
}

// take adds the steps of an earlier path, and its beginning.
func (t *turn) take(o turn) {
	for _, s := range o.steps {
		s.age += t.finish - o.finish
		t.steps = append(t.steps, s)
	}
	slices.SortStableFunc(t.steps, compareSteps)
	t.start = min(t.start, o.start)
	for _, m := range o.marks {
		t.marks = append(t.marks, namedMark{m.name, m.pos + t.finish - o.finish})
	}
	for _, c := range o.changes {
		t.changes = append(t.changes, namedMark{c.name, c.pos + t.finish - o.finish})
	}
}
