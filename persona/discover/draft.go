package discover

import (
	"encoding/json"
	"math"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
)

// Bounds of a draft.
const (
	leastIV       = .02
	maxCriteria   = 100  // more cannot share 100 points
	maxLevels     = 1000 // of a condition
	disqualifying = .5   // lift
)

// draft proposes an ICP: nil if no attribute tells won from lost.
func (f *Findings) draft() *persona.ICP {
	icp := &persona.ICP{}
	icp.ID, icp.Draft = "draft", true
	icp.Counts = map[string]int{"won": f.Won, "lost": f.Lost, "open": f.Open}
	icp.Note = "Drawn from opportunities: accounts that never reached one were not seen."
	used := map[string]bool{}
	var weights []uint64
	for _, a := range f.Attributes {
		if a.CrossFitted < leastIV || !(a.Lower > 0) || len(icp.Criteria) == maxCriteria {
			continue
		}
		when, ok := condition(a.Name, a.Levels, func(v Level) bool { return v.Supported && v.Lift > 1 })
		if ok {
			used[a.Name] = true
			icp.Criteria = append(icp.Criteria, persona.Criterion{ID: a.Name, When: &when})
			weights = append(weights, uint64(math.Min(a.CrossFitted, 1e3)*0x1p40))
		}
	}
	if len(weights) == 0 {
		return nil
	}
	points := make([]int64, len(weights))
	num.Split(100, weights, points)
	kept := icp.Criteria[:0]
	for i, c := range icp.Criteria {
		if c.Weight = float64(points[i]); c.Weight > 0 {
			kept = append(kept, c)
		}
	}
	icp.Criteria = kept
	for _, a := range f.Attributes {
		when, ok := condition(a.Name, a.Levels, func(v Level) bool { return v.High < disqualifying })
		if !ok || len(icp.Disqualify) == maxCriteria {
			continue
		}
		id := "not " + a.Name
		for used[id] {
			id += "'"
		}
		used[id] = true
		icp.Disqualify = append(icp.Disqualify, persona.Disqualifier{ID: id, When: when})
	}
	return icp
}

type object map[string]any

// condition says that the field has one of the levels that choose takes, which are never
// unknown ones; false if there are none.
func condition(field string, levels []Level, choose func(Level) bool) (persona.Condition, bool) {
	var some []any
	var values []any
	for i := 0; i < len(levels) && len(values) < maxLevels; i++ {
		v := levels[i]
		if v.Unknown || !choose(v) {
			continue
		}
		if !v.bin {
			values = append(values, v.value.JSON())
			continue
		}
		for i+1 < len(levels) && levels[i+1].bin && choose(levels[i+1]) { // bins side by side are one
			i++
			v.hi = levels[i].hi
		}
		some = append(some, between(field, v.lo, v.hi))
	}
	var tree any = object{"any": some}
	switch {
	case values != nil:
		tree = object{"field": field, "op": "in", "value": values}
	case len(some) == 1:
		tree = some[0]
	case len(some) == 0:
		return persona.Condition{}, false
	}
	return conditionOf(tree)
}

// conditionOf makes a condition of texts and finite numbers; it fails where they are longer
// than a document.
func conditionOf(tree any) (persona.Condition, bool) {
	text, _ := json.Marshal(tree)
	c, err := persona.ParseCondition(text)
	return c, err == nil
}

// between says lo < field ≤ hi, where either may be infinite.
func between(field string, lo, hi float64) object {
	var all []any
	if !math.IsInf(lo, -1) {
		all = append(all, object{"field": field, "op": "gt", "value": lo})
	}
	if !math.IsInf(hi, 1) {
		all = append(all, object{"field": field, "op": "le", "value": hi})
	}
	if len(all) == 0 {
		return object{"field": field, "op": "exists"}
	}
	return object{"all": all}
}
