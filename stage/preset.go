package stage

import (
	"slices"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

const day = 24 * time.Hour

// Preset returns a ready model by its name: digital, classic, lifecycle, aarrr, hubspot,
// salesforce or leadtorevenue.
func Preset(name string) (Model, bool) {
	switch name {
	case "digital":
		return Digital(), true
	case "classic":
		return Classic(), true
	case "lifecycle":
		return Lifecycle(), true
	case "aarrr":
		return AARRR(), true
	case "hubspot":
		return HubSpot(), true
	case "salesforce":
		return Salesforce(), true
	case "leadtorevenue":
		return LeadToRevenue(), true
	}
	return Model{}, false
}

// authoritative lists the families whose rules are statements in the presets.
var authoritative = []string{"lost", "recycle", "pause", "reopen", "reversal", "downgrade", "cancel"}

// on is evidence of any of these families.
func on(families ...string) Rule {
	return Rule{Families: families, Statement: slices.Contains(authoritative, families[0])}
}

// times is the n-th touch of any of these families within d, 0 for ever.
func times(n int, d time.Duration, families ...string) Rule {
	r := on(families...)
	r.Count, r.Within = n, d
	return r
}

// identified asks for a known person as well.
func identified(r Rule) Rule {
	r.Identified = true
	return r
}

// reopens lets a rule leave a Loss.
func reopens(r Rule) Rule {
	r.Reopens = true
	return r
}

// after lets rules fire only once a stage was visited.
func after(stage ID, rules ...Rule) []Rule {
	for i := range rules {
		rules[i].After = stage
	}
	return rules
}

// at describes an Open stage. What differs is set on the result.
func at(id ID, rank int, en, ja string, entry ...Rule) Stage {
	return Stage{ID: id, Rank: rank, Names: map[string]string{"en": en, "ja": ja}, Entry: entry}
}

func goal(s Stage) Stage {
	s.Kind = Goal
	return s
}

func loss(s Stage) Stage {
	s.Kind = Loss
	return s
}

func optional(s Stage) Stage {
	s.Optional = true
	return s
}

func prior(p float64, s Stage) Stage {
	s.Probability = p
	return s
}

// common are the spellings that every preset with such a stage understands.
var common = map[string]ID{
	"marketing qualified lead": "mql", "sales accepted lead": "sal", "sales qualified lead": "sql",
}

// preset completes a model: every stage is also understood under its names, and the
// closed ones under the trade's words for them.
func preset(m Model) Model {
	m.Version = "1"
	m.Aliases = map[string]ID{}
	var won, lost ID
	for _, s := range m.Stages {
		for _, name := range s.Names {
			if touchpoint.Fold(name) != string(s.ID) {
				m.Aliases[name] = s.ID
			}
		}
		switch {
		case s.Kind == Goal:
			won = s.ID
		case s.Kind == Loss && lost == "":
			lost = s.ID
		}
	}
	for text, id := range common {
		if _, ok := m.Stage(id); ok {
			m.Aliases[text] = id
		}
	}
	m.Aliases["closed won"], m.Aliases["closedwon"] = won, won
	if lost != "" {
		m.Aliases["closed lost"], m.Aliases["closedlost"] = lost, lost
	}
	return m
}
