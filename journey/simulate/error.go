package simulate

import (
	"math"
	"strconv"
	"time"
)

// A WorldError names the field of a world, or of the size it is run at, that cannot be.
type WorldError struct{ Field string }

// Error returns the field.
func (e *WorldError) Error() string { return "simulate: invalid " + e.Field }

const maxChannels = 20 // their sets fit in 32 bits, and a pair of them in a table

// Validate returns a [*WorldError] for the first field that is wrong, nil if there is none.
func (w World) Validate() error {
	if len(w.Channels) > maxChannels {
		return &WorldError{"Channels"}
	}
	names := make(map[string]bool, len(w.Channels))
	for i, c := range w.Channels {
		field := "Channels[" + strconv.Itoa(i) + "]."
		switch _, err := c.cost(); {
		case c.Name == "" || names[c.Name] || c.Name[0] == '(':
			return &WorldError{field + "Name"}
		case c.Kind == "":
			return &WorldError{field + "Kind"}
		case !rate(c.Mu):
			return &WorldError{field + "Mu"}
		case !finite(c.Rho):
			return &WorldError{field + "Rho"}
		case !finite(c.Beta):
			return &WorldError{field + "Beta"}
		case !finite(c.MultBeta):
			return &WorldError{field + "MultBeta"}
		case c.Tau <= 0:
			return &WorldError{field + "Tau"}
		case c.Saturate != nil && !(rate(c.Saturate.H) && rate(c.Saturate.K) && c.Saturate.K > 0):
			return &WorldError{field + "Saturate"}
		case err != nil:
			return &WorldError{field + "Cost"}
		}
		names[c.Name] = true
	}
	switch step := w.step(); {
	case !rate(w.Base):
		return &WorldError{"Base"}
	case !finite(w.Gamma):
		return &WorldError{"Gamma"}
	case w.Proxy < -1 || w.Proxy > 1 || math.IsNaN(w.Proxy):
		return &WorldError{"Proxy"}
	case w.Link > Multiplicative:
		return &WorldError{"Link"}
	case !probability(w.Loss):
		return &WorldError{"Loss"}
	case step < time.Minute || step%time.Second != 0:
		return &WorldError{"Step"}
	case w.start().Year() < 1970 || w.start().Year() > 9000:
		return &WorldError{"Start"}
	}
	for pair, e := range w.Excite {
		if !names[pair[0]] || !names[pair[1]] || !probability(e) {
			return &WorldError{"Excite"}
		}
	}
	for pair, s := range w.Synergy {
		if !names[pair[0]] || !names[pair[1]] || !finite(s) {
			return &WorldError{"Synergy"}
		}
	}
	for i, p := range w.Personas {
		if !p.valid(names) {
			return &WorldError{"Personas[" + strconv.Itoa(i) + "]"}
		}
	}
	if a := w.Accounts; a != nil && !a.valid(names) {
		return &WorldError{"Accounts"}
	}
	if s := w.Stages; s != nil && !(rate(s.Engage) && rate(s.Warm) && s.Cool >= 0 && probability(s.Told)) {
		return &WorldError{"Stages"}
	}
	if field := w.Observe.invalid(names); field != "" {
		return &WorldError{"Observe." + field}
	}
	return nil
}

func (p Persona) valid(names map[string]bool) bool {
	ok := rate(p.Share) && rate(p.Base) && rate(p.Median) && rate(p.Sigma) && p.Sigma < 5 && p.Median < 1e6
	for name, f := range p.Effect {
		ok = ok && names[name] && rate(f)
	}
	return ok
}

func (a Accounts) valid(names map[string]bool) bool {
	ok := a.Max >= 1 && a.Max <= 1000 && probability(a.Shared) && rate(a.Opportunity) && rate(a.Push) &&
		rate(a.Won) && rate(a.Lost) && rate(a.Worth) && a.Worth <= 1e6
	for name, p := range a.Known {
		ok = ok && names[name] && probability(p)
	}
	return ok
}

func (o Observe) invalid(names map[string]bool) string {
	for _, part := range []struct {
		name string
		p    float64
	}{{"Loss", o.Loss}, {"Fragment", o.Fragment}, {"Login", o.Login}, {"Email", o.Email}, {"Shared", o.Shared},
		{"Duplicate", o.Duplicate}, {"Late", o.Late}, {"Mislabel", o.Mislabel}, {"Dirty", o.Dirty}} {
		if !probability(part.p) {
			return part.name
		}
	}
	for name, p := range o.LossOf {
		if !names[name] || !probability(p) {
			return "LossOf"
		}
	}
	switch {
	case o.Skew < 0:
		return "Skew"
	case o.Keep < 0:
		return "Keep"
	}
	return ""
}

func finite(x float64) bool      { return !math.IsNaN(x) && !math.IsInf(x, 0) }
func rate(x float64) bool        { return finite(x) && x >= 0 }
func probability(x float64) bool { return x >= 0 && x <= 1 }
