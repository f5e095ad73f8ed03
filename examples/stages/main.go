// Stages tells where people or accounts stand, how they moved, and the journeys they
// made, from files of touches.
//
//	stages -in FILE [-in FILE …] [-map FILE|preset:NAME] -model NAME|FILE.json [-do WHAT]
//
// WHAT is visits (default), now, moves, flow, journeys, stalls, refused, explain or model.
// Subjects are stitched persons, or with -by TYPE the touches' identifiers of that type;
// with -account-by TYPE or -account-by stitched they are accounts under a -policy.
package main

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

func main() { input.Main("stages", run) }

// A config is what the flags ask for.
type config struct {
	files           []string
	mapping, format string
	model           stage.Model
	plan            *stage.Plan
	by, accountBy   identity.Type
	policy          stage.Policy
	at, known       time.Time
	twins           touchpoint.TwinRules
	stall           map[stage.ID]time.Duration
	boundary        journey.Boundary
	goals           []journey.Goal
	shuffle         uint64
	do, as, subject string
}

// stitched is the value of -account-by that asks identity.
const stitched = "stitched"

func run(s input.Streams) error {
	c, err := parse(s)
	if err != nil {
		return err
	}
	if c.do == "model" {
		return c.printModel(s.Out)
	}
	fs, err := c.read(s)
	if err != nil {
		return err
	}
	return fs.dead.End("stages", c.print(s.Out, fs))
}

func parse(s input.Streams) (*config, error) {
	c := &config{stall: map[stage.ID]time.Duration{}}
	var at, known input.Time
	var inactivity, grace, reopen input.Duration
	f := flag.NewFlagSet("stages", flag.ContinueOnError)
	f.Func("in", "`file` of touches, - for standard input; may be repeated", func(name string) error {
		c.files = append(c.files, name)
		return nil
	})
	f.StringVar(&c.mapping, "map", "", "read a CSV through this mapping `file` or preset:NAME")
	f.StringVar(&c.format, "format", "", "form of the input, csv or jsonl, where its name does not tell")
	model := f.String("model", "", "stage model: a preset's `name` or a JSON file")
	by := f.String("by", "", "subjects are the identifiers of this `type`, not stitched persons")
	accountBy := f.String("account-by", "", "accounts instead: the identifier `type` that names them, or stitched")
	policy := f.String("policy", "max", "where an account stands: max, quorum or opportunity")
	f.Var(&at, "at", "the `instant` of the answer, RFC 3339; default the latest touch")
	f.Var(&known, "known", "keep what was received by this `instant`")
	twins := f.Bool("twins", true, "show one contact that two systems recorded once")
	boundary := f.String("boundary", "none", "where journeys end: b2c, b2b, relationship or none")
	f.Var(&inactivity, "inactivity", "`silence` that ends a journey")
	f.Var(&grace, "grace", "`time` after a goal that still belongs to its journey, negative for none")
	f.Var(&reopen, "reopen", "`time` in which a loss may be reopened, negative for none")
	goals := f.String("goals", "", "JSON `file` of goals")
	stall := f.String("stall", "", "stall thresholds, `STAGE=DURATION,…`")
	f.Uint64Var(&c.shuffle, "shuffle", 0, "feed in the random order of this `seed`; 0 leaves the order")
	f.StringVar(&c.do, "do", "visits", "what to print: "+strings.Join(whats, ", "))
	f.StringVar(&c.as, "as", "csv", "form of the output, csv or jsonl")
	f.StringVar(&c.subject, "subject", "", "print this subject alone")
	rest, err := s.Parse(f)
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, input.Usagef("unexpected argument %q", rest[0])
	case !slices.Contains(whats, c.do):
		return nil, input.Usagef("-do is one of %s, not %q", strings.Join(whats, ", "), c.do)
	case c.as != "csv" && c.as != "jsonl":
		return nil, input.Usagef("-as is csv or jsonl, not %q", c.as)
	case *model == "":
		return nil, input.Usagef("-model is missing: a preset such as leadtorevenue, or a JSON file")
	case len(c.files) == 0 && c.do != "model":
		return nil, input.Usagef("-in is missing")
	}
	c.at, c.known = at.Time, known.Time
	c.twins.Off = !*twins
	if err := c.setSubjects(*by, *accountBy, *policy); err != nil {
		return nil, err
	}
	if err := c.setModel(s, *model, *stall); err != nil {
		return nil, err
	}
	if err := c.setBoundary(f, *boundary, inactivity.Duration, grace.Duration, reopen.Duration); err != nil {
		return nil, err
	}
	return c, c.setGoals(s, *goals)
}

func (c *config) setGoals(s input.Streams, file string) error {
	if file == "" {
		return nil
	}
	text, err := s.ReadFile(file)
	if err != nil {
		return err
	}
	if c.goals, err = journey.ParseGoals(text); err != nil {
		return input.Usagef("%s: %w", file, err)
	}
	for _, g := range c.goals {
		if g.Rule != nil {
			err = errors.Join(err, g.Rule.Validate())
		}
	}
	if err == nil { // stages are checked where goals meet their model
		_, err = journey.Fold(journey.Subject{}, nil, time.Time{}, c.options())
	}
	if err != nil {
		return input.Usagef("%s: %w", file, err)
	}
	return nil
}

func (c *config) setSubjects(by, accountBy, policy string) error {
	types := identity.DefaultRules().Types
	c.by, c.accountBy = identity.Type(by), identity.Type(accountBy)
	if t, ok := types[c.by]; by != "" && (!ok || t.Entity != identity.PersonEntity && accountBy != "") {
		return input.Usagef("-by takes an identifier type such as email, not %q", by)
	}
	if t, ok := types[c.accountBy]; accountBy != "" && accountBy != stitched && (!ok || t.Entity != identity.AccountEntity) {
		return input.Usagef("-account-by takes an account's identifier type such as domain, or stitched, not %q", accountBy)
	}
	if by != "" && accountBy == stitched {
		return input.Usagef("-account-by stitched needs stitched persons: leave -by out")
	}
	switch policy {
	case "max":
		c.policy = stage.Max{}
	case "quorum":
		c.policy = stage.Quorum{}
	case "opportunity":
		c.policy = stage.OpportunityDriven{}
	default:
		return input.Usagef("-policy is max, quorum or opportunity, not %q", policy)
	}
	return nil
}

func (c *config) setModel(s input.Streams, name, stall string) error {
	m, ok := stage.Preset(name)
	if !ok {
		text, err := s.ReadFile(name)
		if err != nil {
			return input.Usagef("no preset and no file: %w", err)
		}
		if m, err = stage.ParseModel(text); err != nil {
			return input.Usagef("%s: %w", name, err)
		}
	}
	c.model = m
	for _, item := range strings.FieldsFunc(stall, func(r rune) bool { return r == ',' }) {
		id, text, _ := strings.Cut(item, "=")
		d, err := input.ParseDuration(text)
		if _, ok := m.Stage(stage.ID(id)); !ok || err != nil || d <= 0 {
			return input.Usagef("-stall takes STAGE=DURATION with a stage of the model, not %q", item)
		}
		c.stall[stage.ID(id)] = d
	}
	plan, err := m.Plan()
	if err != nil {
		return &input.UsageError{Err: err}
	}
	c.plan = plan
	return nil
}

func (c *config) setBoundary(f *flag.FlagSet, name string, inactivity, grace, reopen time.Duration) error {
	switch name {
	case "none":
	case "b2c":
		c.boundary = journey.B2C()
	case "b2b":
		c.boundary = journey.B2B()
	case "relationship":
		c.boundary = journey.Relationship()
	default:
		return input.Usagef("-boundary is b2c, b2b, relationship or none, not %q", name)
	}
	f.Visit(func(set *flag.Flag) { // what is given beats the preset, also where it is 0
		switch set.Name {
		case "inactivity":
			c.boundary.Inactivity = inactivity
		case "grace":
			c.boundary.Grace = orNone(grace)
		case "reopen":
			c.boundary.ReopenWithin = orNone(reopen)
		}
	})
	return nil
}

// orNone turns a given 0, which would ask for the default, into "none".
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// options are those of package journey.
func (c *config) options() *journey.Options {
	return &journey.Options{Model: &c.model, Goals: c.goals, Boundary: c.boundary, Policy: c.policy, Twins: &c.twins}
}
