package sim

import (
	"cmp"
	"slices"

	"github.com/tabi-go/tabi/stage"
)

// A visit is a stage that somebody stood in.
type visit struct {
	stage        string
	number       int
	enter, leave int64
	via          string
	source, id   string // of the touch that moved
}

// A stall is a silence longer than a stage allows.
type stall struct {
	stage           string
	since, resolved int64
}

// exposures are the kinds by which nobody did anything, records those that are no contact.
var (
	exposures = map[string]bool{"impression": true}
	records   = map[string]bool{"identify": true, "note": true, "stage_change": true}
)

func engaged(t Record) bool { return !exposures[t.Kind] && !records[t.Kind] }

// A fold is the history of one subject being told, instant by instant.
type fold struct {
	visits []visit
	stalls []stall
	quiet  int64 // the last sign of life since the present visit began
}

// history folds the touches of one subject, in order.
func (o *oracle) history(touches []Record) *fold {
	f := &fold{}
	for i := 0; i < len(touches); {
		n := i
		for n < len(touches) && touches[n].At == touches[i].At {
			n++
		}
		f.instant(touches[i:n])
		i = n
	}
	if n := len(f.visits); n > 0 {
		if s := stepOf(f.visits[n-1].stage); s.stall > 0 && o.at-f.quiet > s.stall {
			f.stalls = append(f.stalls, stall{s.id, f.quiet + s.stall, 0})
		}
	}
	return f
}

func stepOf(id string) step {
	i := slices.IndexFunc(steps, func(s step) bool { return s.id == id })
	if i < 0 {
		return step{}
	}
	return steps[i]
}

// A claim is what one touch says about where its subject stands.
type claim struct {
	touch  Record
	aim    step
	stated bool
}

func (f *fold) instant(touches []Record) {
	at := touches[0].At
	var claims []claim
	alive := false
	for _, t := range touches {
		claims = append(claims, f.claim(t))
		alive = alive || engaged(t)
	}
	slices.SortStableFunc(claims, func(a, b claim) int {
		switch {
		case a.stated != b.stated && b.stated:
			return -1
		case a.stated != b.stated:
			return 1
		case a.stated:
			return inOrder(a.touch, b.touch)
		}
		return cmp.Or(cmp.Compare(a.aim.rank, b.aim.rank), inOrder(a.touch, b.touch))
	})
	old := len(f.visits)
	for _, c := range claims {
		f.apply(c)
	}
	moved := len(f.visits) > old
	if old > 0 && (alive || moved) {
		if s := stepOf(f.visits[old-1].stage); s.stall > 0 && at-f.quiet > s.stall {
			f.stalls = append(f.stalls, stall{s.id, f.quiet + s.stall, at})
		}
	}
	if alive || moved {
		f.quiet = at
	}
}

func (f *fold) claim(t Record) claim {
	c := claim{touch: t}
	if s := stepOf(t.Stage); s.id != "" {
		c.aim, c.stated = s, true
		return c
	}
	for _, s := range steps {
		fits := slices.Contains(s.entry, t.Kind)
		if s.entry == nil {
			fits = !records[t.Kind]
		}
		if s.after != "" && !slices.ContainsFunc(f.visits, func(v visit) bool { return v.stage == s.after && v.enter < t.At }) {
			continue
		}
		if fits && s.rank > c.aim.rank {
			c.aim = s
		}
	}
	return c
}

func (f *fold) apply(c claim) {
	if c.aim.id == "" {
		return
	}
	if len(f.visits) == 0 {
		f.enter(c, "start")
		return
	}
	from, to := stepOf(f.visits[len(f.visits)-1].stage), c.aim
	if from.id == to.id {
		return
	}
	up := to.rank > from.rank
	switch {
	case to.kind == stage.Goal:
		if c.stated || up || from.kind == stage.Loss {
			f.enter(c, "win")
		}
	case to.kind == stage.Loss:
		if c.stated || up {
			f.enter(c, "lose")
		}
	case from.kind == stage.Loss || from.kind == stage.Goal && !up:
		if c.stated || from.kind == stage.Loss && to.reopens {
			f.enter(c, "reopen")
		}
	case up && f.passes(from, to):
		f.enter(c, "skip")
	case up:
		f.enter(c, "advance")
	case c.stated:
		f.enter(c, "regress")
	}
}

// passes reports whether an open stage between two was never visited.
func (f *fold) passes(from, to step) bool {
	return slices.ContainsFunc(steps, func(s step) bool {
		return s.kind == stage.Open && s.rank > from.rank && s.rank < to.rank &&
			!slices.ContainsFunc(f.visits, func(v visit) bool { return v.stage == s.id })
	})
}

func (f *fold) enter(c claim, via string) {
	v := visit{stage: c.aim.id, number: 1, enter: c.touch.At, via: via, source: c.touch.Source, id: c.touch.ID}
	for _, old := range f.visits {
		if old.stage == v.stage {
			v.number++
		}
	}
	if n := len(f.visits); n > 0 {
		f.visits[n-1].leave = v.enter
	}
	f.visits = append(f.visits, v)
}
