package journey

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

var _ persona.Fields = Journey{}

// told is what a journey's fields need and its exported part does not hold.
type told struct {
	stands    bool // at a stage:
	stage     stage.ID
	kind      stage.Kind
	rank      int
	enter     time.Time
	dwell     time.Duration
	stalled   time.Time // since when, zero if not
	inbound   time.Time // the last step towards us
	sentiment int64     // sum in thousandths
	rated     int       // steps with a sentiment
}

// tell collects it. The newest journey of a subject tells where the subject stands at At,
// which may have changed since the last step; the others tell where it stood at their end.
func tell(j *Journey, seg *segment, touches []touchpoint.Touch, h *stage.History, newest bool) told {
	var t told
	var v stage.Visit
	if newest {
		v, t.stands = h.Current()
	} else {
		v, t.stands = h.AsOf(j.End)
	}
	t.stage, t.kind, t.rank, t.enter = v.Stage, v.Kind, v.Rank, v.Enter
	t.dwell, _ = v.Dwell(h.At)
	if n := len(h.Stalls); newest && n > 0 && h.Stalls[n-1].Resolved.IsZero() {
		t.stalled = h.Stalls[n-1].Since
	}
	for _, i := range seg.steps {
		if touches[i].Direction == touchpoint.Inbound {
			t.inbound = touches[i].At
		}
		if milli, ok := touches[i].Sentiment.Milli(); ok {
			t.sentiment += int64(milli)
			t.rated++
		}
	}
	return t
}

// Touches yields none: a journey keeps steps. Join it with [persona.OfTouches] of
// [View.Touches].
func (j Journey) Touches() iter.Seq[touchpoint.Touch] {
	return func(func(touchpoint.Touch) bool) {}
}

// Field answers the conditions of package persona:
//
//	journey.stage .stage_rank .days_in_stage   where the subject stands at At; an earlier
//	                                           journey tells where it stood at its end
//	journey.stage_furthest                     Furthest
//	journey.stalled .stall_days                a silence longer than the stage allows
//	journey.touches .channels                  the number of steps; the list of channels
//	journey.first_touch_at .last_touch_at .last_inbound_at .days_since_touch
//	journey.sentiment                          mean of the steps that have one, -1 to 1
//	journey.goals .value                       ids of goals reached; sum of their Net
//	journey.moves.<word>                       how often stages were entered so, such as
//	                                           journey.moves.regress; visits since Start
//	journey.members                            the number of people in an account's journey
//	journey.subject_kind                       person or account
//
// Days are of 24 hours and may have a fraction. What the journey cannot tell is unknown:
// the rank of a pause, the sentiment where nobody showed one, the value in several
// currencies.
func (j Journey) Field(name string) (persona.Value, persona.Why) {
	short, ok := strings.CutPrefix(name, "journey.")
	if !ok {
		return persona.Value{}, persona.Why{Unknown: persona.NeverObserved}
	}
	v, at := j.field(short)
	if v.Kind() == persona.None {
		why := persona.Why{Unknown: persona.NeverObserved}
		if short == "value" {
			why.Unknown = persona.WrongType
		}
		return v, why
	}
	return v, persona.Why{At: at}
}

// field returns the value and its date, none where it is unknown.
func (j *Journey) field(name string) (persona.Value, time.Time) {
	var none persona.Value
	var never time.Time
	switch name {
	case "stage", "stage_rank", "days_in_stage", "stalled", "stall_days":
		if j.told.stands {
			return j.standing(name), j.told.enter
		}
		return none, never
	case "first_touch_at", "last_touch_at", "last_inbound_at", "days_since_touch", "sentiment":
		if len(j.Steps) > 0 {
			return j.contacts(name), j.Steps[len(j.Steps)-1].At
		}
		return none, never
	case "touches":
		return persona.NumberValue(float64(len(j.Steps))), j.End
	case "channels":
		var list []string
		for i := range j.Steps {
			if c := string(j.Steps[i].Channel); c != "" {
				list = append(list, c)
			}
		}
		return persona.ListValue(list...), j.End
	case "stage_furthest":
		if j.Furthest != "" {
			return persona.TextValue(string(j.Furthest)), never
		}
		return none, never
	case "goals":
		var ids []string
		for _, g := range j.Goals {
			ids = append(ids, g.Goal)
		}
		return persona.ListValue(ids...), j.End
	case "value":
		return j.worth(), j.End
	case "members":
		if j.Subject.Entity == identity.AccountEntity {
			return persona.NumberValue(float64(len(j.Members))), j.End
		}
		return none, never
	case "subject_kind":
		if j.Subject.Entity == identity.AccountEntity {
			return persona.TextValue("account"), never
		}
		return persona.TextValue("person"), never
	}
	if word, ok := strings.CutPrefix(name, "moves."); ok && slices.Contains(moveWords, word) {
		n := 0
		for _, s := range j.Stages {
			if !s.Earlier && s.Via.String() == word {
				n++
			}
		}
		return persona.NumberValue(float64(n)), j.End
	}
	return none, never
}

var moveWords = func() (words []string) {
	for m := stage.Start; m.String() != ""; m++ {
		words = append(words, m.String())
	}
	return words
}()

func days(d time.Duration) persona.Value { return persona.NumberValue(d.Hours() / 24) }

// standing answers where there is a stage.
func (j *Journey) standing(name string) persona.Value {
	t := &j.told
	switch name {
	case "stage":
		return persona.TextValue(string(t.stage))
	case "stage_rank":
		if t.kind == stage.Dormant {
			return persona.Value{}
		}
		return persona.NumberValue(float64(t.rank))
	case "days_in_stage":
		return days(t.dwell)
	case "stalled":
		return persona.BoolValue(!t.stalled.IsZero())
	}
	switch {
	case t.stalled.IsZero():
		return persona.NumberValue(0)
	case j.At.IsZero():
		return persona.Value{}
	}
	return days(j.At.Sub(t.stalled))
}

// contacts answers where there are steps.
func (j *Journey) contacts(name string) persona.Value {
	last := j.Steps[len(j.Steps)-1].At
	switch name {
	case "first_touch_at":
		return persona.InstantValue(j.Steps[0].At)
	case "last_touch_at":
		return persona.InstantValue(last)
	case "last_inbound_at":
		if !j.told.inbound.IsZero() {
			return persona.InstantValue(j.told.inbound)
		}
	case "days_since_touch":
		if !j.At.IsZero() {
			return days(j.At.Sub(last))
		}
	case "sentiment":
		if j.told.rated > 0 {
			return persona.NumberValue(float64(j.told.sentiment) / float64(1000*j.told.rated))
		}
	}
	return persona.Value{}
}

// worth is the sum of what the goals brought, 0 for none.
func (j *Journey) worth() persona.Value {
	var sum touchpoint.Money
	for _, g := range j.Goals {
		var err error
		if sum, err = sum.Add(g.Net); err != nil {
			return persona.Value{} // several currencies, or too much
		}
	}
	if sum.IsZero() {
		return persona.NumberValue(0)
	}
	return persona.MoneyValue(sum)
}
