package attribution

import (
	"cmp"
	"slices"
	"strings"
)

// byName are the channel ids in order of their names.
func (js *Journeys) byName() []int {
	ids := make([]int, len(js.channels.names))
	for i := range ids {
		ids[i] = i
	}
	slices.SortFunc(ids, func(a, b int) int { return strings.Compare(js.channels.names[a], js.channels.names[b]) })
	return ids
}

// canonical is the set in canonical order (channel names, ages, everything else) with
// equal rows folded into one and rows that count nothing left out. Its channels and
// words are numbered in order of use, so equal sets have equal columns. It is kept until
// the next change; readers that race make it twice, to the same bytes.
func (js *Journeys) canonical() *Journeys {
	if c := js.sorted.Load(); c != nil {
		return c
	}
	c, rank := js.blank()
	if order := js.inOrder(rank, false); js.simple() {
		js.fold(c, order, rank)
	} else {
		for i := 0; i < len(order); {
			first := int(order[i].row)
			r := js.row(first)
			for i++; i < len(order) && js.compareRows(first, int(order[i].row), rank) == 0; i++ {
				same := int(order[i].row)
				r.conversions += js.conversions.at(same)
				r.nulls += js.nulls.at(same)
				r.open += js.open.at(same)
				r.value += js.values[same]
			}
			c.copyRow(js, first, r)
		}
	}
	c.totals.late, c.totals.ignored = js.totals.late, js.totals.ignored
	c.sorted.Store(c)
	js.sorted.Store(c)
	return c
}

// canonicalEarners is the canonical set, of which only the rows with conversions or a value
// need be there.
func (js *Journeys) canonicalEarners() *Journeys {
	if c := js.sorted.Load(); c != nil {
		return c
	}
	if c := js.earned.Load(); c != nil {
		return c
	}
	if !js.simple() {
		return js.canonical()
	}
	c, rank := js.blank()
	js.fold(c, js.inOrder(rank, true), rank)
	js.earned.Store(c)
	return c
}

// blank is an empty set with the channels of this one in order, and their ranks.
func (js *Journeys) blank() (c *Journeys, rank []int) {
	rank = make([]int, len(js.channels.names))
	used := make([]bool, len(rank))
	for i := range js.touches() {
		used[js.channel(i)] = true
	}
	c = &Journeys{}
	for i, id := range js.byName() {
		rank[id] = i
		if used[id] {
			c.channels.id(js.channels.names[id])
		}
	}
	return c, rank
}

// copyRow adds row r of src with the counts given; what was accepted there is accepted here.
func (js *Journeys) copyRow(src *Journeys, r int, counts row) {
	if counts.empty() {
		return
	}
	lo, hi := src.span(r)
	js.buf = js.buf[:0]
	for i := lo; i < hi; i++ {
		js.buf = append(js.buf, src.step(i))
	}
	_ = js.push(counts, js.buf) // its parts and sums are those of src
}

// row is the part of row r that is not steps.
func (js *Journeys) row(r int) row {
	x := row{
		subject: js.words.text(js.subjects.at(r)), stratum: js.words.text(js.strata.at(r)),
		conversions: js.conversions.at(r), nulls: js.nulls.at(r), open: js.open.at(r), value: js.values[r],
		start: js.starts.at(r), finish: js.finishes.at(r),
	}
	x.marks, x.changes = js.named(js.marks[r]), js.named(js.changes[r])
	return x
}

// named are marks with their names.
func (js *Journeys) named(marks []mark) (out []namedMark) {
	for _, m := range marks {
		out = append(out, namedMark{js.words.text(m.name), m.pos})
	}
	return out
}

// step is step i of the columns.
func (js *Journeys) step(i int) step {
	return step{
		channel: js.channels.names[js.channel(i)], age: js.age(i), kind: StepKind(js.kinds.at(i)),
		source: js.words.text(js.sources.at(i)), id: js.words.text(js.ids.at(i)),
		actor: js.words.text(js.actors.at(i)), role: js.words.text(js.roles.at(i)),
		weight: js.weights.get(i, 1), cost: js.costs.at(i),
	}
}

// compareRows orders rows by everything but their counts; rank orders the channels.
func (js *Journeys) compareRows(a, b int, rank []int) int {
	la, ha := js.span(a)
	lb, hb := js.span(b)
	n := min(ha-la, hb-lb)
	for i := range n {
		if c := cmp.Compare(rank[js.channel(la+i)], rank[js.channel(lb+i)]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(ha-la, hb-lb); c != 0 {
		return c
	}
	if js.ages.len() > 0 {
		for i := range n {
			if c := cmp.Compare(js.ages.at(la+i), js.ages.at(lb+i)); c != 0 {
				return c
			}
		}
	}
	word := func(x, y uint32) int {
		if x == y {
			return 0
		}
		return strings.Compare(js.words.text(x), js.words.text(y))
	}
	marks := func(x, y mark) int { return cmp.Or(word(x.name, y.name), cmp.Compare(x.pos, y.pos)) }
	if c := cmp.Or(
		word(js.subjects.at(a), js.subjects.at(b)),
		word(js.strata.at(a), js.strata.at(b)),
		cmp.Compare(js.starts.at(a), js.starts.at(b)),
		cmp.Compare(js.finishes.at(a), js.finishes.at(b)),
		slices.CompareFunc(js.marks[a], js.marks[b], marks),
		slices.CompareFunc(js.changes[a], js.changes[b], marks),
	); c != 0 {
		return c
	}
	if !js.extras() {
		return 0
	}
	for i := range n {
		x, y := la+i, lb+i
		if c := cmp.Or(
			cmp.Compare(js.kinds.at(x), js.kinds.at(y)),
			cmp.Compare(js.weights.get(x, 1), js.weights.get(y, 1)),
			cmp.Compare(js.costs.at(x), js.costs.at(y)),
			word(js.sources.at(x), js.sources.at(y)),
			word(js.ids.at(x), js.ids.at(y)),
			word(js.actors.at(x), js.actors.at(y)),
			word(js.roles.at(x), js.roles.at(y)),
		); c != 0 {
			return c
		}
	}
	return 0
}
