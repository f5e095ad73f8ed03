package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

// A subject is whose touches make one path: a person as far as we know them.
type subject struct {
	touches []touchpoint.Touch
	stratum string
}

// journeys makes the paths of a population as an analyst has them, from its records alone:
// one for each subject, from the start of the world to the sale or to its end, with the
// segment as stratum if that is wanted. Stitched subjects are the persons that package
// identity finds, each contact once; else each device is a subject, and everything that it
// sent is a contact.
func journeys(p *simulate.Population, start time.Time, days int, strata, stitched bool) (*attribution.Journeys, error) {
	subjects, err := subjectsOf(p, stitched)
	if err != nil {
		return nil, err
	}
	js := &attribution.Journeys{}
	end := start.AddDate(0, 0, days).Add(-time.Second)
	for i, s := range subjects {
		path := attribution.Path{Subject: fmt.Sprint(i), Start: start, End: end}
		if strata {
			path.Stratum = s.stratum
		}
		touches := s.touches
		if stitched {
			touches = touches[:0:0]
			for _, twin := range touchpoint.Twins(s.touches, nil) {
				touches = append(touches, twin.Touch)
			}
		}
		for _, tp := range touches {
			switch {
			case tp.Kind.Info().Class == touchpoint.Conversion:
				path.Converted, path.End, path.Value = true, tp.At, tp.Value.Minor
			case tp.Channel != "":
				path.Steps = append(path.Steps, attribution.Step{Channel: string(tp.Channel), At: tp.At, Source: tp.Source, ID: tp.ID})
			}
			if path.Converted {
				break
			}
		}
		if err := js.Add(path); err != nil {
			return nil, err
		}
	}
	return js, nil
}

// subjectsOf groups the records by subject, each in order of time.
func subjectsOf(p *simulate.Population, stitched bool) ([]*subject, error) {
	var touches []touchpoint.Touch
	for tp := range p.Touches() {
		if err := tp.Normalize(nil); err != nil {
			return nil, err
		}
		touches = append(touches, tp)
	}
	slices.SortFunc(touches, touchpoint.Compare)
	owner := func(tp touchpoint.Touch) any { return tp.IDs[0] } // anonymous_id before user_id
	if stitched {
		g, err := identity.New(nil)
		if err != nil {
			return nil, err
		}
		for _, tp := range touches {
			if err := errors.Join(g.See(tp.Sighting())...); err != nil {
				return nil, err
			}
		}
		r := g.Resolve(touches[len(touches)-1].At)
		owner = func(tp touchpoint.Touch) any { return r.Owner(tp.Sighting()).Person }
	}
	var subjects []*subject
	by := map[any]*subject{}
	for _, tp := range touches {
		key := owner(tp)
		s := by[key]
		if s == nil {
			s = &subject{}
			by[key] = s
			subjects = append(subjects, s)
		}
		s.touches = append(s.touches, tp)
		if segment, ok := tp.Props.Number("segment"); ok && s.stratum == "" {
			s.stratum = segment
		}
	}
	return subjects, nil
}
