package attribution

import "time"

// Preparation is everything that happens to paths before a model sees them. The fields
// run in the order written. The zero value changes nothing: steps are sorted, and steps
// after the end are left out, when a path is added.
type Preparation struct {
	ConversionGap time.Duration // conversions of one subject closer than this are one: the first stays
	Cycle         Cycle         // how several conversions of one subject share the touches
	OpenAfter     time.Duration // unconverted paths with a younger last step are still open; 0 = none is
	Window        Window        // how old a step may be
	After         string        // only steps at or after this milestone
	TouchGap      time.Duration // the same channel again within the gap is one touch
	ClicksFirst   bool          // if a click remains, impressions go
	Exclude       Exclude
	Transforms    []Transform          // in the given order
	LastSteps     int                  // only the newest steps; 0 = all
	OncePerEvent  bool                 // one step where several actors attended one event: same channel and UTC day
	Roles         map[string]float64   // factor a buying role, absent = 1; 0 leaves the role without credit
	StepWeight    func(s Step) float64 // multiplies Step.Weight; finite and not negative
}

// Cycle says how several conversions of one subject share the touches.
type Cycle uint8

// The cycles.
const (
	CycleEach    Cycle = iota // a conversion closes the cycle; later touches belong to the next
	CycleOverlap              // every conversion looks back over all earlier touches
	CycleFirst                // only the first conversion of a subject
	CycleLast                 // only the last
)

// Window is the greatest age of a step that counts, inclusive; 0 = any.
type Window struct{ Click, Impression, Other time.Duration }

// Exclude leaves channels out.
type Exclude struct {
	Names []string
	Match func(name string) bool // as well as Names
	Mode  ExcludeMode
}

// ExcludeMode says when excluded channels go.
type ExcludeMode uint8

// The modes.
const (
	UnlessAll ExcludeMode = iota // unless nothing else is in the path
	Always                       // also then: the conversion may become (unattributed)
	Tail                         // only from the end of the path, unless all
)

// Prepared reports what a preparation took away.
type Prepared struct {
	Dropped map[Reason]int // steps by reason
	Open    float64        // journeys still open, left out of the nulls
	Merged  float64        // conversions within ConversionGap, or beyond the one of CycleFirst and CycleLast
}

// A Transform rewrites the steps of a path.
type Transform struct {
	kind transformKind
	days []int
}

type transformKind uint8

const (
	exposure transformKind = iota
	firstOnly
	frequency
	recency
)

// Exposure collapses immediate repeats: D A B B C D C C → D A B C D C.
func Exposure() Transform { return Transform{kind: exposure} }

// FirstOnly keeps the first step of each channel: D A B B C D C C → D A B C.
func FirstOnly() Transform { return Transform{kind: firstOnly} }

// Frequency keeps the first step of each channel, named with its count:
// D A B B C D C C → D(2) A(1) B(2) C(3).
func Frequency() Transform { return Transform{kind: frequency} }

// Recency keeps the last step of each channel, named with the smallest of the given
// days that covers its age: Email(7d), or Email(>30d) beyond the last.
func Recency(days ...int) Transform { return Transform{kind: recency, days: days} }

// Prepare makes the set that the models see, and reports what it took away. The receiver
// is unchanged. nil changes nothing.
func (js *Journeys) Prepare(p *Preparation) (*Journeys, Prepared, error) {
	if p == nil {
		p = &Preparation{}
	}
	rep := Prepared{Dropped: map[Reason]int{}}
	if js.totals.late > 0 {
		rep.Dropped[AfterConversion] = int(js.totals.late)
	}
	if p.needsTimes() && !js.allTimed() {
		return nil, rep, ErrUntimed
	}
	js, err := p.cycles(js, &rep)
	if err != nil {
		return nil, rep, err
	}
	out := &Journeys{}
	var d draft
	var steps []step
	for r := range js.rows() {
		for _, part := range js.outcomes(r, p) {
			d.start(js, r, part.conversions > 0 || part.nulls == 0)
			if n := d.view.Len(); part.nulls > 0 && n > 0 && d.view.Timed() && d.view.Age(n-1) < p.OpenAfter {
				rep.Open += count(part.nulls)
				part.nulls, part.open = 0, part.open+part.nulls
			}
			var bad error
			if err := guard("Preparation", func() { bad = p.apply(&d) }); err != nil {
				return nil, rep, err
			}
			if bad != nil {
				return nil, rep, bad
			}
			for _, why := range d.gone {
				if why != "" {
					rep.Dropped[why]++
				}
			}
			part.marks = d.moveMarks(part.marks)
			steps = d.steps(steps)
			if err := out.push(part, steps); err != nil {
				return nil, rep, err
			}
		}
	}
	return out, rep, nil
}

// needsTimes reports whether an untimed path cannot be prepared so.
func (p *Preparation) needsTimes() bool {
	if p.Window != (Window{}) || p.TouchGap > 0 || p.OncePerEvent {
		return true
	}
	for _, t := range p.Transforms {
		if t.kind == recency {
			return true
		}
	}
	return false
}

// outcomes are the parts of row r whose ages count from different instants: conversions
// from the end, journeys without conversion from their last step.
func (js *Journeys) outcomes(r int, p *Preparation) []row {
	x := js.row(r)
	lo, hi := js.span(r)
	if lo == hi || x.conversions == 0 || x.nulls == 0 || !p.needsTimes() || js.age(hi-1) == 0 {
		return []row{x}
	}
	y := x
	x.nulls = 0
	y.conversions, y.value, y.open = 0, 0, 0
	y.marks = append([]namedMark(nil), y.marks...)
	return []row{x, y}
}
