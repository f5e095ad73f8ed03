package attribution

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Add adds one path: its weight to the conversions if it converted, else to the nulls. A
// path without steps is legal; its conversions will be (unattributed). Steps after End
// are left out and counted ([Prepared].Dropped). On an error the set is unchanged.
//
// Start, End and Milestones need steps with times; of a path without, the first two are
// not kept and the last are refused with [ErrUntimed].
func (js *Journeys) Add(p Path) error {
	if p.Value != 0 && !p.Converted {
		return &InputError{Field: "value", Reason: "out_of_range"}
	}
	w := p.Weight
	if w == 0 {
		w = 1
	}
	n, err := millionths("weight", w)
	if err != nil {
		return err
	}
	r := row{value: p.Value}
	switch {
	case p.Converted:
		r.conversions = n
	case p.Open:
		r.open = n
	default:
		r.nulls = n
	}
	return js.addPath(p, r)
}

// Refund takes amount off the value of a path, added before or later: the exact negative
// of the same amount earned. amount is not negative.
func (js *Journeys) Refund(p Path, amount int64) error {
	if amount < 0 {
		return &InputError{Field: "amount", Reason: "out_of_range"}
	}
	return js.addPath(p, row{value: -amount})
}

// AddRow adds many equal journeys at once. On an error the set is unchanged.
func (js *Journeys) AddRow(a Row) error {
	c, err := millionths("conversions", a.Conversions)
	if err != nil {
		return err
	}
	n, err := millionths("nulls", a.Nulls)
	if err != nil {
		return err
	}
	if a.Value != 0 && c == 0 {
		return &InputError{Field: "value", Reason: "out_of_range"}
	}
	lists := [...]struct {
		name string
		n    int
	}{{"ages", len(a.Ages)}, {"weights", len(a.Weights)}, {"milestones", len(a.Milestones)}}
	for _, l := range lists {
		if l.n != 0 && l.n != len(a.Channels) {
			return &InputError{Field: l.name, Reason: "out_of_range"}
		}
	}
	r := row{stratum: a.Stratum, conversions: c, nulls: n, value: a.Value, start: unknown, finish: untimed}
	if a.Ages == nil && a.Weights == nil && a.Milestones == nil && js.known(a.Channels) {
		return js.pushPlain(r)
	}
	if len(a.Ages) > 0 {
		r.finish = agesOnly
	}
	js.buf = js.buf[:0]
	for i, name := range a.Channels {
		st := step{channel: name, weight: 1}
		if a.Ages != nil {
			st.age = a.Ages[i].Microseconds()
			if st.age < 0 || i > 0 && st.age > js.buf[i-1].age {
				return &InputError{Field: fmt.Sprintf("ages[%d]", i), Reason: "out_of_range"}
			}
		}
		if a.Weights != nil {
			if st.weight = a.Weights[i]; !finite(st.weight) || st.weight < 0 {
				return badFloat(fmt.Sprintf("weights[%d]", i), st.weight)
			}
		}
		if a.Milestones != nil {
			for _, m := range a.Milestones[i] {
				pos := int64(i)
				if a.Ages != nil {
					pos = st.age
				}
				r.marks = append(r.marks, namedMark{m, pos})
			}
		}
		js.buf = append(js.buf, st)
	}
	return js.push(r, js.buf)
}

// A row is what becomes one element of the row columns.
type row struct {
	subject, stratum          string
	conversions, nulls, value int64
	open                      int64
	start, finish             int64
	late                      int64
	marks, changes            []namedMark
}

// empty reports whether the row counts nothing.
func (r row) empty() bool { return r.conversions == 0 && r.nulls == 0 && r.open == 0 && r.value == 0 }

type namedMark struct {
	name string
	pos  int64
}

// A step is what becomes one element of the step columns.
type step struct {
	channel                 string
	known                   uint32 // one more than the number of the channel, where it has one
	age                     int64
	kind                    StepKind
	source, id, actor, role string
	weight                  float64
	cost                    int64
}

// addPath sorts the steps of p and pushes them with the counts of r.
func (js *Journeys) addPath(p Path, r row) error {
	r.subject, r.stratum = p.Subject, p.Stratum
	r.start, r.finish = unknown, untimed
	if len(p.Steps) > maxSteps {
		return ErrTooManySteps
	}
	times := 0
	for i := range p.Steps {
		if !p.Steps[i].At.IsZero() {
			times++
		}
	}
	js.buf = js.buf[:0]
	switch {
	case times < len(p.Steps) && times > 0:
		i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.At.IsZero() })
		return &InputError{Field: fmt.Sprintf("steps[%d].at", i), Reason: "missing"}
	case times == 0 && (len(p.Steps) > 0 || p.End.IsZero()):
		if len(p.Milestones) > 0 {
			return &InputError{Field: "milestones", Reason: "out_of_range", Err: ErrUntimed}
		}
		if len(p.Changes) > 0 {
			return &InputError{Field: "changes", Reason: "out_of_range", Err: ErrUntimed}
		}
		for _, s := range p.Steps {
			js.buf = append(js.buf, stepOf(s, 0))
		}
	default:
		if err := js.timeSteps(p, &r); err != nil {
			return err
		}
	}
	return js.push(r, js.buf)
}

// timeSteps fills the buffer with the steps of p that do not lie after its end, in order.
func (js *Journeys) timeSteps(p Path, r *row) error {
	end := p.End
	if end.IsZero() {
		for _, s := range p.Steps {
			if end.IsZero() || s.At.After(end) {
				end = s.At
			}
		}
	}
	if end.Year() < 1 || end.Year() > 9999 {
		return &InputError{Field: "end", Reason: "time_range"}
	}
	r.finish = end.UnixMicro()
	if !p.Start.IsZero() {
		if p.Start.After(end) {
			return &InputError{Field: "start", Reason: "out_of_range"}
		}
		r.start = p.Start.UnixMicro()
	}
	for i, s := range p.Steps {
		if y := s.At.Year(); y < 1 || y > 9999 {
			return &InputError{Field: fmt.Sprintf("steps[%d].at", i), Reason: "time_range"}
		}
		age := r.finish - s.At.UnixMicro()
		if age < 0 {
			r.late++
			continue
		}
		js.buf = append(js.buf, stepOf(s, age))
	}
	if !slices.IsSortedFunc(js.buf, compareSteps) {
		slices.SortStableFunc(js.buf, compareSteps)
	}
	for _, m := range p.Milestones {
		r.marks = append(r.marks, namedMark{m.Name, r.finish - m.At.UnixMicro()})
	}
	for _, c := range p.Changes {
		r.changes = append(r.changes, namedMark{c.Stratum, r.finish - c.At.UnixMicro()})
	}
	return nil
}

func stepOf(s Step, age int64) step {
	w := s.Weight
	if w == 0 {
		w = 1
	}
	return step{s.Channel, 0, age, s.Kind, s.Source, s.ID, s.Actor, s.Role, w, s.Cost}
}

// plain reports whether the step is a channel and an age.
func (s *step) plain() bool {
	return s.kind == 0 && s.weight == 1 && s.cost == 0 && s.source == "" && s.id == "" && s.actor == "" && s.role == ""
}

// compareSteps orders by (At, Source, ID).
func compareSteps(a, b step) int {
	return cmp.Or(cmp.Compare(b.age, a.age), strings.Compare(a.source, b.source), strings.Compare(a.id, b.id))
}

// check refuses what no row may hold.
func (js *Journeys) check(r row, steps []step) error {
	if len(steps) > maxSteps {
		return ErrTooManySteps
	}
	fresh := 0
	for i := range steps {
		s := &steps[i]
		if id, ok := js.recent.find(&js.channels, s.channel); ok {
			s.known = id + 1
		} else {
			s.known = 0
			if err := checkName(s.channel); err != nil {
				err.Field = fmt.Sprintf("steps[%d].channel", i)
				return err
			}
			fresh++
		}
		if !finite(s.weight) || s.weight < 0 {
			return badFloat(fmt.Sprintf("steps[%d].weight", i), s.weight)
		}
		if s.kind > Impression {
			return &InputError{Field: fmt.Sprintf("steps[%d].kind", i), Reason: "out_of_range"}
		}
	}
	if fresh > 0 && len(js.channels.names)+fresh > maxChannels {
		distinct := map[string]bool{}
		for i := range steps {
			if _, ok := js.channels.index[steps[i].channel]; !ok {
				distinct[steps[i].channel] = true
			}
		}
		if len(js.channels.names)+len(distinct) > maxChannels {
			return ErrTooManyChannels
		}
	}
	for _, m := range r.marks {
		if err := checkName(m.name); err != nil {
			err.Field = "milestones"
			return err
		}
	}
	return nil
}

// checkName refuses channel and milestone names that could not be told from rows of the
// result, or not be printed.
func checkName(name string) *InputError {
	switch {
	case name == "":
		return &InputError{Reason: "missing"}
	case len(name) > maxName:
		return &InputError{Reason: "too_long"}
	case !utf8.ValidString(name):
		return &InputError{Reason: "utf8"}
	}
	switch name {
	case "(start)", "(conversion)", "(null)", "(erased)", Baseline, Unattributed, OtherRow:
		return &InputError{Reason: "reserved", Err: ErrReserved}
	}
	return nil
}

// plus is the totals with one more row.
func (t totals) plus(r row) (totals, error) {
	if r.value >= 0 {
		t.earned += r.value
	} else {
		t.owed -= r.value
	}
	t.conversions += r.conversions
	t.nulls += r.nulls
	t.open += r.open
	if t.earned < 0 || t.owed < 0 || t.conversions < 0 || t.nulls < 0 || t.open < 0 || t.conversions+t.nulls < 0 {
		return t, ErrOverflow
	}
	t.late += r.late
	return t, nil
}

// millionths turns a count of journeys into an integer.
func millionths(field string, x float64) (int64, error) {
	if !finite(x) || x < 0 {
		return 0, badFloat(field, x)
	}
	y := math.RoundToEven(x * million)
	if y >= math.MaxInt64 {
		return 0, ErrOverflow
	}
	return int64(y), nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// badFloat is the error for a float that is not finite, or not in range.
func badFloat(field string, x float64) error {
	if finite(x) {
		return &InputError{Field: field, Reason: "out_of_range"}
	}
	return &InputError{Field: field, Reason: "not_finite"}
}
