package main

import (
	"errors"
	"flag"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/journey/simulate"
)

// simple is the name of a scenario as simulate lists it.
func simple(name string) string { return strings.ReplaceAll(name, "-", "_") }

// changes are what the flags change in a scenario.
type changes struct {
	observe    simulate.Observe
	skew, keep input.Duration
	on         string
	sets       settings
}

// settings collects the values of a repeated flag.
type settings []string

func (s *settings) String() string     { return strings.Join(*s, " ") }
func (s *settings) Set(v string) error { *s = append(*s, v); return nil }

func (c *changes) flags(f *flag.FlagSet) {
	o := &c.observe
	for name, part := range map[string]struct {
		p     *float64
		usage string
	}{
		"loss":      {&o.Loss, "chance that a touch goes unrecorded"},
		"fragment":  {&o.Fragment, "share of people with two or three devices"},
		"login":     {&o.Login, "chance of a login, per device"},
		"shared":    {&o.Shared, "share of people who use the next one's device"},
		"duplicate": {&o.Duplicate, "chance that a touch is recorded again"},
		"late":      {&o.Late, "chance that a touch arrives late"},
		"mislabel":  {&o.Mislabel, "chance of another channel's name"},
		"dirty":     {&o.Dirty, "chance of a defect"},
	} {
		f.Float64Var(part.p, name, 0, part.usage+"; default the scenario's")
	}
	f.Var(&c.skew, "skew", "standard deviation of the clocks of devices, a `duration`; default the scenario's")
	f.Var(&c.keep, "keep", "only records younger than this `duration` at the end")
	f.StringVar(&c.on, "on", "", "`list` of the channels that are on; default all")
	f.Var(&c.sets, "set", "`KEY=VALUE` of the world, repeatable: base gamma proxy link loss beta.NAME tau.NAME mu.NAME rho.NAME excite.A>B synergy.A,B")
}

// apply changes w as the given flags say.
func (c *changes) apply(w *simulate.World, given map[string]bool) error {
	o := &w.Observe
	for name, f := range map[string]func(){
		"loss":      func() { o.Loss = c.observe.Loss },
		"fragment":  func() { o.Fragment = c.observe.Fragment },
		"login":     func() { o.Login = c.observe.Login },
		"shared":    func() { o.Shared = c.observe.Shared },
		"duplicate": func() { o.Duplicate = c.observe.Duplicate },
		"late":      func() { o.Late = c.observe.Late },
		"mislabel":  func() { o.Mislabel = c.observe.Mislabel },
		"dirty":     func() { o.Dirty = c.observe.Dirty },
		"skew":      func() { o.Skew = c.skew.Duration },
		"keep":      func() { o.Keep = c.keep.Duration },
	} {
		if given[name] {
			f()
		}
	}
	for _, s := range c.sets {
		if err := set(w, s); err != nil {
			return err
		}
	}
	if !given["on"] {
		return nil
	}
	for i := range w.Channels {
		w.Channels[i].Off = true
	}
	for name := range strings.SplitSeq(c.on, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		ch := channel(w, name)
		if ch == nil {
			return input.Usagef("-on: no channel %q", name)
		}
		ch.Off = false
	}
	return nil
}

func channel(w *simulate.World, name string) *simulate.Channel {
	i := slices.IndexFunc(w.Channels, func(c simulate.Channel) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &w.Channels[i]
}

// set changes one number of the world.
func set(w *simulate.World, text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return input.Usagef("-set %q is no KEY=VALUE", text)
	}
	if key == "link" {
		switch value {
		case "additive":
			w.Link = simulate.Additive
		case "multiplicative":
			w.Link = simulate.Multiplicative
		default:
			return input.Usagef("-set %q: the links are additive and multiplicative", text)
		}
		return nil
	}
	field, name, _ := strings.Cut(key, ".")
	if field == "tau" {
		d, err := days(value)
		ch := channel(w, name)
		if err != nil || ch == nil {
			return input.Usagef("-set %q: no such channel or duration", text)
		}
		ch.Tau = d
		return nil
	}
	x, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return input.Usagef("-set %q: %q is no number", text, value)
	}
	if to := number(w, field, name); to != nil {
		*to = x
		return nil
	}
	if pairs, sep := pairsOf(w, field); pairs != nil {
		a, b, ok := strings.Cut(name, sep)
		if !ok || channel(w, a) == nil || channel(w, b) == nil {
			return input.Usagef("-set %q: no such channels", text)
		}
		pairs[[2]string{a, b}] = x
		return nil
	}
	return input.Usagef("-set %q: unknown key", text)
}

// number is the field of w that a key names, nil if there is none.
func number(w *simulate.World, field, name string) *float64 {
	if name == "" {
		return map[string]*float64{"base": &w.Base, "gamma": &w.Gamma, "proxy": &w.Proxy, "loss": &w.Loss}[field]
	}
	ch := channel(w, name)
	if ch == nil {
		return nil
	}
	return map[string]*float64{"beta": &ch.Beta, "mu": &ch.Mu, "rho": &ch.Rho}[field]
}

// pairsOf is the table of pairs that a key names, nil if there is none, and what stands
// between the two.
func pairsOf(w *simulate.World, field string) (pairs map[[2]string]float64, sep string) {
	switch field {
	case "excite":
		if w.Excite == nil {
			w.Excite = map[[2]string]float64{}
		}
		return w.Excite, ">"
	case "synergy":
		if w.Synergy == nil {
			w.Synergy = map[[2]string]float64{}
		}
		return w.Synergy, ","
	}
	return nil, ""
}

// days reads a duration, or a plain number of days.
func days(text string) (time.Duration, error) {
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		if !(x > 0 && x < 1e5) {
			return 0, errors.New("out of range")
		}
		return time.Duration(x * float64(24*time.Hour)), nil
	}
	return input.ParseDuration(text)
}
