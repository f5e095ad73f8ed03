package journey

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Options say how facts are read. The zero value and nil are the documented defaults.
// Options are copied where they are handed in and never changed.
type Options struct {
	Clock    clock.Clock           // nil: clock.System; only a Tracker asks it
	Logger   *slog.Logger          // nil: silent, but for the warning of an empty identity key
	Rules    *identity.Rules       // nil: identity.DefaultRules
	Model    *stage.Model          // nil: stage.Digital
	Versions stage.Versions        // each touch judged by the version in force at its At; nil: all by Model
	Goals    []Goal                // nil: one goal "purchase", see Goal
	Boundary Boundary              // see Boundary
	Policy   stage.Policy          // of accounts; nil: stage.Max
	Twins    *touchpoint.TwinRules // nil: the default rules; Off leaves every touch apart
	Bots     bool                  // keep touches marked as a bot's; by default they move no stage and are no steps
	Touch    *touchpoint.Options   // how offered touches are cleaned; its Now and Rules are set by the Tracker
}

// config is Options with every default filled in.
type config struct {
	rules    identity.Rules
	model    stage.Model
	plan     *stage.Plan // of model
	goals    []Goal
	boundary Boundary
	policy   stage.Policy
	twins    touchpoint.TwinRules
	bots     bool

	versions stage.Versions // all that judge a touch
	stages   []stage.Stage  // of all of them, by first appearance
	editions bool           // they differ, and silence does something in one of them
}

func (o *Options) config() (*config, error) {
	c := &config{policy: stage.Max{}}
	if o == nil {
		o = &Options{}
	}
	if o.Rules != nil {
		if err := o.Rules.Validate(); err != nil {
			return nil, fmt.Errorf("journey: identity rules: %w", err)
		}
		c.rules = *o.Rules
		if c.rules.Types == nil {
			c.rules.Types = identity.DefaultRules().Types
		}
	} else {
		c.rules = identity.DefaultRules()
	}
	if o.Model != nil {
		c.model = *o.Model
	} else {
		c.model = stage.Digital()
	}
	plan, err := c.model.Plan()
	if len(o.Versions) > 0 {
		c.model = o.Versions[len(o.Versions)-1].Model
		plan, err = o.Versions.Plan()
	}
	if err != nil {
		return nil, fmt.Errorf("journey: stage model: %w", err)
	}
	c.plan = plan
	c.versions = o.Versions
	if len(c.versions) == 0 {
		c.versions = stage.Versions{{Model: c.model}}
	}
	for _, v := range c.versions {
		for _, s := range v.Model.Stages {
			if !slices.ContainsFunc(c.stages, func(o stage.Stage) bool { return o.ID == s.ID }) {
				c.stages = append(c.stages, s)
			}
		}
		c.editions = c.editions || len(c.versions) > 1 && v.Model.DormantAfter > 0
	}
	if o.Policy != nil {
		c.policy = o.Policy
	}
	if o.Twins != nil {
		c.twins = *o.Twins
	}
	c.goals, c.boundary, c.bots = o.Goals, o.Boundary, o.Bots
	for i, g := range o.Goals {
		if _, known := c.model.Stage(g.Stage); g.Stage != "" && !known {
			return nil, fmt.Errorf("journey: goal %d (%q): %w", i+1, g.ID, stage.ErrUnknownStage)
		}
		if g.ID == "" || g.Stage == "" && g.Rule == nil {
			return nil, fmt.Errorf("journey: goal %d needs an id and a stage or a rule", i+1)
		}
		if g.Rule != nil {
			if err := g.Rule.Validate(); err != nil {
				return nil, fmt.Errorf("journey: goal %d (%q): %w", i+1, g.ID, err)
			}
		}
	}
	return c, nil
}
