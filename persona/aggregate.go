package persona

import (
	"slices"
	"time"

	"github.com/tabi-go/tabi/persona/internal/normal"
	"github.com/tabi-go/tabi/touchpoint"
)

// An aggregate makes one value of the touches that a condition asks for.
type aggregate struct {
	Where  *Condition `json:"where,omitempty"`
	Within string     `json:"within,omitempty"`
	Agg    string     `json:"agg"`
	Of     string     `json:"of,omitempty"`

	span time.Duration // of Within, 0 for all touches
}

func (a *aggregate) of(f Fields, at time.Time) (Value, Why) {
	count := 0
	var last, first touchpoint.Touch
	texts := map[string]bool{}
	var numbers []float64
	for t := range f.Touches() {
		if t.At.After(at) || a.span > 0 && !t.At.After(at.Add(-a.span)) {
			continue
		}
		view := OfTouch(&t)
		if a.Where != nil && a.Where.Eval(view, at) != True {
			continue
		}
		if count == 0 || touchpoint.Compare(t, last) > 0 {
			last = t
		}
		if count == 0 || touchpoint.Compare(t, first) < 0 {
			first = t
		}
		count++
		if v, why := view.Field(a.Of); why.Known() {
			texts[normal.Fold(v.String())] = true
			if v = alike(v, Value{kind: Number}); v.kind == Number && v.lo == v.hi {
				numbers = append(numbers, v.lo)
			}
		}
	}
	slices.Sort(numbers) // a fixed order of summation
	sum := 0.0
	for _, x := range numbers {
		sum += x
	}
	why := Why{Source: last.Source, At: last.At}
	switch a.Agg {
	case "count":
		return NumberValue(float64(count)), why
	case "distinct":
		return NumberValue(float64(len(texts))), why
	case "sum":
		return NumberValue(sum), why
	case "age_last", "age_first":
		if count == 0 {
			return Value{}, Why{Unknown: NeverObserved}
		}
		if a.Agg == "age_first" {
			last = first
		}
		return NumberValue(at.Sub(last.At).Hours() / 24), Why{Source: last.Source, At: last.At}
	}
	switch {
	case numbers == nil:
		return Value{}, Why{Unknown: NeverObserved}
	case a.Agg == "min":
		return NumberValue(numbers[0]), why
	case a.Agg == "max":
		return NumberValue(numbers[len(numbers)-1]), why
	}
	return NumberValue(sum / float64(len(numbers))), why
}
