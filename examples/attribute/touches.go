package main

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/examples/internal/rulefile"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// touchFlags say how touches become paths.
type touchFlags struct {
	mapping, by, identity string
	since, until          input.Time
	twins, engaged        bool
	entry, stratum        string
	conversions           []string
	stages                map[string][]string // milestone to stages
	currency              string
}

// readTouches reads touches, sorts out whose they are, and cuts them into paths.
func (c *config) readTouches(s input.Streams, d *data) error {
	rules, err := c.rules(s)
	if err != nil {
		return err
	}
	var all []touchpoint.Touch
	seen := map[touchpoint.Key]bool{}
	for t, err := range s.Touches(c.in, c.inputOptions(rules)) {
		var bad *input.Bad
		switch {
		case errors.As(err, &bad):
			d.reject(bad.Line, strings.TrimSpace(string(bad.Reason)+" "+bad.Field))
		case err != nil:
			return err
		default:
			d.used++
			if !seen[t.Key()] && c.observed(t.At) {
				seen[t.Key()] = true
				all = append(all, t)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, touchpoint.Compare)
	cut := &cutter{c: c, rules: rules, from: all[0].At, to: all[len(all)-1].At, orders: map[string]*attribution.Path{}}
	if !c.touch.since.IsZero() {
		cut.from = c.touch.since.Time
	}
	if !c.touch.until.IsZero() {
		cut.to = c.touch.until.Time
	}
	if err := cut.chooseCurrency(all); err != nil {
		return err
	}
	subjects, err := c.subjects(all, rules, d)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(subjects))
	for name := range subjects {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		cut.subject(name, c.contacts(subjects[name]))
	}
	cut.refund(d)
	unit := cut.scale(c.scale)
	d.scale = cut.digits
	for _, p := range cut.paths {
		p.Value *= unit
		for i := range p.Steps {
			p.Steps[i].Cost *= unit
		}
		if err := d.js.Add(*p); err != nil {
			return usage(err)
		}
		if c.explain != "" && c.explain == p.Subject && !p.Open {
			d.paths[c.explain] = append(d.paths[c.explain], *p)
		}
	}
	return nil
}

// observed reports whether an instant lies between -since and -until, both inclusive.
func (c *config) observed(at time.Time) bool {
	return (c.touch.since.IsZero() || !at.Before(c.touch.since.Time)) && (c.touch.until.IsZero() || !at.After(c.touch.until.Time))
}

// rules are the identifier rules of -identity.
func (c *config) rules(s input.Streams) (*identity.Rules, error) {
	f, err := rulefile.Read(s, c.touch.identity)
	if err != nil {
		return nil, err
	}
	return &f.Rules, nil
}

func (c *config) inputOptions(rules *identity.Rules) *input.Options {
	return &input.Options{Map: c.touch.mapping, Ingest: &ingest.Options{Rules: rules, Touch: &touchpoint.Options{Rules: rules}}}
}

// contacts is the view of one subject's touches in which what two systems recorded is
// one contact.
func (c *config) contacts(touches []touchpoint.Touch) []touchpoint.Touch {
	if !c.touch.twins {
		return touches
	}
	twins := touchpoint.Twins(touches, nil)
	out := make([]touchpoint.Touch, len(twins))
	for i, t := range twins {
		out[i] = t.Touch
	}
	return out
}

// subjects sorts touches by subject: by one identifier type, or stitched.
func (c *config) subjects(all []touchpoint.Touch, rules *identity.Rules, d *data) (map[string][]touchpoint.Touch, error) {
	out := map[string][]touchpoint.Touch{}
	if c.touch.by != "" {
		for _, t := range all {
			name := ""
			for _, id := range t.IDs {
				if v := id.Value(); string(id.Type()) == c.touch.by && (name == "" || v < name) {
					name = v
				}
			}
			if name != "" {
				out[name] = append(out[name], t)
			}
		}
		return out, nil
	}
	g, err := identity.New(rules)
	if err != nil {
		return nil, &input.UsageError{Err: err}
	}
	sightings := make([]identity.Sighting, len(all))
	for i, t := range all {
		sightings[i] = t.Sighting()
	}
	for _, err := range g.See(sightings...) {
		if err != nil {
			d.note("identity: " + err.Error())
		}
	}
	res := g.Resolve(all[len(all)-1].At)
	for i, t := range all {
		if p := res.Owner(sightings[i]).Person; p != (identity.PersonID{}) {
			out[p.String()] = append(out[p.String()], t)
		}
	}
	return out, nil
}

// A cutter makes paths of touches.
type cutter struct {
	c        *config
	rules    *identity.Rules
	from, to time.Time
	currency touchpoint.Currency
	digits   int // decimals of its amounts
	paths    []*attribution.Path
	orders   map[string]*attribution.Path // by order id
	returned []touchpoint.Touch
}

// chooseCurrency takes the one currency of all conversions, or the one asked for.
func (u *cutter) chooseCurrency(all []touchpoint.Touch) error {
	var found []string
	for _, t := range all {
		if u.converts(t) && !t.Value.IsZero() && !slices.Contains(found, t.Value.Currency.String()) {
			found = append(found, t.Value.Currency.String())
		}
	}
	slices.Sort(found)
	want := u.c.touch.currency
	switch {
	case want == "" && len(found) > 1:
		return errors.New("values in " + strings.Join(found, ", ") + ": choose one with -currency")
	case want == "" && len(found) == 1:
		want = found[0]
	case want == "":
		return nil
	}
	cur, err := touchpoint.ParseCurrency(want)
	if err != nil {
		return input.Usagef("-currency: %w", err)
	}
	u.currency = cur
	_, fraction, _ := strings.Cut(touchpoint.Money{Minor: 1, Currency: cur}.Text(), ".")
	u.digits = len(fraction)
	return nil
}

// scale gives values up to so many decimals, as long as their sum fits; amounts are to be
// multiplied by the unit returned.
func (u *cutter) scale(decimals int) (unit int64) {
	sum, unit := new(big.Int), int64(1)
	for _, p := range u.paths {
		sum.Add(sum, new(big.Int).Abs(big.NewInt(p.Value)))
		for _, s := range p.Steps {
			sum.Add(sum, big.NewInt(s.Cost))
		}
	}
	ten := big.NewInt(10)
	for sum.Mul(sum, ten); u.digits < decimals && sum.IsInt64(); sum.Mul(sum, ten) {
		u.digits++
		unit *= 10
	}
	return unit
}

func (u *cutter) converts(t touchpoint.Touch) bool {
	if kinds := u.c.touch.conversions; len(kinds) > 0 {
		return slices.Contains(kinds, string(t.Kind))
	}
	return t.Class() == touchpoint.Conversion
}

// subject cuts the touches of one subject, in order: a conversion closes a cycle.
func (u *cutter) subject(name string, touches []touchpoint.Touch) {
	slices.SortFunc(touches, touchpoint.Compare)
	start := u.from
	if e := u.c.touch.entry; e == "first" || e == "auto" && touches[0].Class() == touchpoint.Record {
		start = touches[0].At
	}
	stratum := ""
	for _, t := range touches {
		if stratum = field(t, u.c.touch.stratum); stratum != "" {
			break
		}
	}
	cycle := func() *attribution.Path {
		return &attribution.Path{Subject: name, Start: start, End: u.to, Stratum: stratum}
	}
	p := cycle()
	orders := map[string]bool{}
	sold := false
	begin := 0
	for i, t := range touches {
		u.milestones(p, t)
		class := t.Class()
		if class == touchpoint.Reversal {
			u.returned = append(u.returned, t)
			continue
		}
		order, _ := t.Props.Text("order_id")
		converts := u.converts(t) && (order == "" || !orders[order])
		if t.Channel != "" && class != touchpoint.Record && (!u.c.touch.engaged || t.Engaged() || converts) {
			p.Steps = append(p.Steps, u.step(t))
		}
		if !converts {
			continue
		}
		p.End, p.Converted = t.At, true
		if t.Value.Currency == u.currency {
			p.Value = t.Value.Minor
		}
		if order != "" {
			orders[order] = true
			u.orders[order] = p
		}
		u.known(p, touches[begin:i+1])
		u.paths = append(u.paths, p)
		start, sold, begin = t.At, true, i+1
		p = cycle()
	}
	// What is left is a journey without conversion; time without any touch is no journey,
	// but somebody was at risk.
	p.Open = len(p.Steps) == 0
	u.known(p, touches[begin:])
	if !sold || !p.Open || start.Before(u.to) {
		u.paths = append(u.paths, p)
	}
}

func (u *cutter) step(t touchpoint.Touch) attribution.Step {
	s := attribution.Step{Channel: string(t.Channel), At: t.At, Source: t.Source, ID: t.ID}
	switch t.Class() {
	case touchpoint.Exposure:
		s.Kind = attribution.Impression
	case touchpoint.Contact:
		s.Kind = attribution.Click
	}
	if t.Cost.Currency == u.currency {
		s.Cost = t.Cost.Minor
	}
	return s
}

// milestones notes which milestones of the cycle a touch is the first to reach.
func (u *cutter) milestones(p *attribution.Path, t touchpoint.Touch) {
	reach := func(name string) {
		if !slices.ContainsFunc(p.Milestones, func(m attribution.Milestone) bool { return m.Name == name }) {
			p.Milestones = append(p.Milestones, attribution.Milestone{Name: name, At: t.At})
		}
	}
	if t.Stage != "" {
		mapped := false
		for name, stages := range u.c.touch.stages {
			if slices.Contains(stages, t.Stage) {
				reach(name)
				mapped = true
			}
		}
		if !mapped {
			reach(t.Stage)
		}
	}
}

// known notes the first record of a cycle that says who the person is, as the milestone
// known of a cycle without a stage for it.
func (u *cutter) known(p *attribution.Path, touches []touchpoint.Touch) {
	if slices.ContainsFunc(p.Milestones, func(m attribution.Milestone) bool { return m.Name == "known" }) {
		return
	}
	for _, t := range touches {
		for _, id := range t.IDs {
			if r, ok := u.rules.Types[id.Type()]; ok && r.Entity == identity.PersonEntity &&
				(r.Class == identity.KeyClass || r.Class == identity.ContactClass) {
				p.Milestones = append(p.Milestones, attribution.Milestone{Name: "known", At: t.At})
				return
			}
		}
	}
}

// refund lowers the value of the conversions that reversals name, not below 0.
func (u *cutter) refund(d *data) {
	unmatched := 0
	slices.SortFunc(u.returned, touchpoint.Compare)
	for _, t := range u.returned {
		order, _ := t.Props.Text("order_id")
		p := u.orders[order]
		if order == "" || p == nil || !t.Value.IsZero() && t.Value.Currency != u.currency {
			unmatched++
			continue
		}
		amount := max(t.Value.Minor, -t.Value.Minor)
		if p.Value -= amount; p.Value < 0 {
			p.Value = 0
		}
	}
	if unmatched > 0 {
		d.note(fmt.Sprintf("unmatched: %d", unmatched))
	}
}

// field reads props.NAME or stage of a touch.
func field(t touchpoint.Touch, name string) string {
	if name == "stage" {
		return t.Stage
	}
	path, ok := strings.CutPrefix(name, "props.")
	if !ok {
		return ""
	}
	key := strings.Split(path, ".")
	text, ok := t.Props.Text(key...)
	if !ok {
		text, _ = t.Props.Raw(key...)
	}
	return cmp.Or(text, "")
}
