package stage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// FoldOptions say what a fold looks at. The zero value, or nil, is everything.
type FoldOptions struct {
	Subject string    // copied into the history
	At      time.Time // what happens later does not exist; zero = the latest instant of the input
	// Known keeps only what had been received by then: "what did we know". A touch
	// without ReceivedAt counts as received when it happened. Zero = all.
	Known   time.Time
	Rules   *identity.Rules // for Rule.Identified; nil = the default rules
	Signals []Signal
	// StallAfter raises the stall thresholds of stages; a smaller value than the
	// model's is ignored. Such values come from the data, see analytics/survival.
	StallAfter map[ID]time.Duration
	Sticky     bool // accounts only: never fall below the furthest stage
}

// A Signal is evidence computed elsewhere, such as a score that crossed its threshold.
// It counts as rule evidence, never as a statement. Two signals are one if they are equal.
type Signal struct {
	At         time.Time
	Stage      ID
	Rule       string // what computed it; becomes Visit.Rule
	Source, ID string // becomes Visit.By
}

// Fold infers the history of one subject from its touches: the merged view, one touch
// a real contact, in any order; repeated keys count once. Data never fails a fold: what
// cannot move the subject is listed in [History.Refused]. The errors are a
// [*LimitError] and [ErrUnknownStage] for a StallAfter of no stage.
//
// Touches are taken instant by instant. A touch aims at one stage at most: the one it
// states, else the highest with a matching entry rule, judged by what stood before the
// instant. Inside an instant rule evidence goes first, lower stages before higher ones,
// then statements; ties go by source and id. Before each instant, and at the end, a
// silence of Model.DormantAfter pauses an Open stage. After each instant an engaged
// touch resumes what was paused before it, if nothing else moved.
//
// The history points into touches for the sake of [History.Explain]: they must not be
// changed while it is in use.
func (p *Plan) Fold(touches []touchpoint.Touch, opts *FoldOptions) (History, error) {
	if opts == nil {
		opts = &FoldOptions{}
	}
	if len(touches)+len(opts.Signals) > MaxTouches {
		return History{}, &LimitError{"touches", MaxTouches}
	}
	f := folds.Get().(*fold)
	defer f.release()
	if err := f.reset(p, opts); err != nil {
		return History{}, err
	}
	f.take(touches)
	if err := f.run(); err != nil {
		return History{}, err
	}
	return f.history(), nil
}

// A fold is the state of one Plan.Fold. It is pooled: what a history keeps is copied.
type fold struct {
	trail
	opts    *FoldOptions
	at      time.Time
	touches []*touchpoint.Touch
	signals []Signal
	link    linker

	counters [][]counter   // by edition and slot
	items    []item        // of the instant
	quiet    time.Time     // last engaged touch or Enter of the current visit
	patience time.Duration // how long the current visit may be quiet before it stalls
	refused  []Refused
	told     []int // by stage: number of visits when a refusal of rule evidence was listed
	stalls   []Stall
	raised   []time.Duration // by stage: FoldOptions.StallAfter
	support  []touchpoint.Key
	spans    []span   // by visit
	reasons  []reason // by visit
	stated   stated
}

// A span is where a visit's support stands in fold.support.
type span struct{ from, to int }

var folds = sync.Pool{New: func() any { return new(fold) }}

// release lets go of everything that belongs to the caller. A fold that has grown for one
// large subject is not kept, or every small one after it would pay for its size.
func (f *fold) release() {
	if cap(f.touches) > 1<<14 || cap(f.items) > 1<<8 {
		return
	}
	clear(f.touches)
	clear(f.visits)
	clear(f.items[:cap(f.items)])
	clear(f.refused)
	clear(f.support)
	clear(f.reasons)
	clear(f.link.seen)
	f.opts, f.signals, f.plan, f.stated, f.link = nil, nil, nil, stated{}, linker{seen: f.link.seen}
	folds.Put(f)
}

func (f *fold) reset(p *Plan, opts *FoldOptions) error {
	f.trail.reset(p)
	f.opts, f.at, f.quiet = opts, opts.At, time.Time{}
	f.touches, f.items, f.support, f.signals = f.touches[:0], f.items[:0], f.support[:0], nil
	f.refused, f.stalls, f.spans, f.reasons = f.refused[:0], f.stalls[:0], f.spans[:0], f.reasons[:0]
	f.told = append(f.told[:0], make([]int, len(p.stages))...)
	f.raised = append(f.raised[:0], make([]time.Duration, len(p.stages))...)
	for id, d := range opts.StallAfter {
		i, ok := p.index[id]
		if !ok {
			return fmt.Errorf("%w: StallAfter", ErrUnknownStage)
		}
		f.raised[i] = d
	}
	seen := f.link.seen[:0]
	f.link = newLinker(opts.Rules)
	f.link.seen = seen
	f.counters = f.counters[:0]
	for _, e := range p.editions {
		f.counters = append(f.counters, make([]counter, e.counters))
	}
	return nil
}

// take sorts what exists at f.at and was known by then.
func (f *fold) take(touches []touchpoint.Touch) {
	known := f.opts.Known
	for i := range touches {
		t := &touches[i]
		if !known.IsZero() {
			received := t.ReceivedAt
			if received.IsZero() {
				received = t.At
			}
			if received.After(known) {
				continue
			}
		}
		if f.opts.At.IsZero() && t.At.After(f.at) {
			f.at = t.At
		}
		if !t.At.After(f.at) {
			f.touches = append(f.touches, t)
		}
	}
	if !slices.IsSortedFunc(f.touches, compareTouches) {
		slices.SortFunc(f.touches, compareTouches)
	}
	f.touches = slices.CompactFunc(f.touches, func(a, b *touchpoint.Touch) bool {
		return a.ID == b.ID && a.Source == b.Source
	})
	if len(f.opts.Signals) == 0 {
		return
	}
	for _, s := range f.opts.Signals {
		if f.opts.At.IsZero() && s.At.After(f.at) {
			f.at = s.At
		}
		if !s.At.After(f.at) {
			f.signals = append(f.signals, s)
		}
	}
	slices.SortFunc(f.signals, compareSignals)
	f.signals = slices.CompactFunc(f.signals, func(a, b Signal) bool { return compareSignals(a, b) == 0 })
}

func compareSignals(a, b Signal) int {
	return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Source, b.Source), strings.Compare(a.ID, b.ID),
		cmp.Compare(a.Stage, b.Stage), strings.Compare(a.Rule, b.Rule))
}

func compareTouches(a, b *touchpoint.Touch) int {
	if c := a.At.Compare(b.At); c != 0 { // spares copying two touches
		return c
	}
	return touchpoint.Compare(*a, *b)
}

// run walks the instants.
func (f *fold) run() error {
	i, j := 0, 0
	for i < len(f.touches) || j < len(f.signals) {
		at := f.next(i, j)
		edition := f.plan.at(at)
		f.fallSilent(at, false)
		f.items = f.items[:0]
		for ; i < len(f.touches) && f.touches[i].At.Equal(at); i++ {
			f.items = append(f.items, f.judge(edition, f.touches[i]))
		}
		for ; j < len(f.signals) && f.signals[j].At.Equal(at); j++ {
			f.items = append(f.items, f.judgeSignal(edition, &f.signals[j]))
		}
		f.stated.until = i
		f.instant(f.plan.editions[edition], at)
		if len(f.visits) > MaxVisits {
			return &LimitError{"visits", MaxVisits}
		}
	}
	f.fallSilent(f.at, true)
	f.tellStall()
	return nil
}

func (f *fold) next(i, j int) time.Time {
	if j == len(f.signals) || i < len(f.touches) && f.touches[i].At.Before(f.signals[j].At) {
		return f.touches[i].At
	}
	return f.signals[j].At
}

// history copies what the fold has found.
func (f *fold) history() History {
	latest := f.plan.editions[f.plan.at(f.at)].model
	h := History{Subject: f.opts.Subject, Model: latest.ID, Version: latest.Version, Basis: f.plan.basis, At: f.at,
		Visits: keep(f.visits), Refused: keep(f.refused), Stalls: keep(f.stalls), plan: f.plan, reasons: keep(f.reasons)}
	support := keep(f.support)
	for i, s := range f.spans {
		if s.from < s.to {
			h.Visits[i].Support = support[s.from:s.to:s.to]
		}
	}
	return h
}

// keep copies what outlives the fold; of nothing it makes nil, whatever was pooled.
func keep[T any](s []T) []T { return append([]T(nil), s...) }
