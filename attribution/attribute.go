package attribution

import "github.com/tabi-go/tabi/internal/num"

// rule is the attributor of a model.
type rule struct{ m Model }

func (r rule) Name() string { return r.m.Name() }

func (r rule) Attribute(js *Journeys, opts *Options) (*Result, error) {
	return attributeRule(js, opts, r.m, r.m.Name())
}

// attributeRule runs m over js under another name.
func attributeRule(js *Journeys, opts *Options, m Model, name string) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	if t, ok := m.(timedModel); ok && t.needsTimes() && !js.allTimed() {
		return nil, ErrUntimed
	}
	t := newTally(js)
	if err := t.run(js, m); err != nil {
		return nil, err
	}
	res := js.result(name)
	res.Split = m
	if x, ok := m.(raw); ok {
		res.Conserves = !x.raw()
	}
	res.fill(js, t)
	if opts.FromLedger {
		if err := res.fromLedger(js, m); err != nil {
			return nil, err
		}
	}
	if err := res.ruleIntervals(js, m, opts.Interval); err != nil {
		return nil, err
	}
	return res.finish(js, opts), nil
}

// result is an empty result about js.
func (js *Journeys) result(name string) *Result {
	res := &Result{
		Model: name, Conserves: true,
		Journeys: count(js.totals.conversions + js.totals.nulls), Conversions: js.Conversions(), Nulls: js.Nulls(),
		Subjects: js.Subjects(), Value: js.Value(),
	}
	switch {
	case js.rows() == 0:
		res.warn("empty")
	case js.totals.conversions == 0:
		res.warn("no_conversions")
	}
	return res
}

// slots are the slots of a tally in the order of a result, and their names.
func (js *Journeys) slots() (slots []int, names []string) {
	slots = js.byName()
	for _, id := range slots {
		names = append(names, js.channels.names[id])
	}
	n := len(slots)
	return append(slots, n, n+1), append(names, Baseline, Unattributed)
}

// fill makes the credits of a tally: money is rounded once, by largest remainder over the
// rows, so that it sums to the value of the set.
func (r *Result) fill(js *Journeys, t *tally) {
	slots, names := js.slots()
	parts := make([]num.Fixed, len(slots))
	for i, s := range slots {
		parts[i] = t.values[s]
	}
	money := make([]int64, len(slots))
	num.Round(parts, js.Value(), money)
	for i, s := range slots {
		c := Credit{Channel: names[i], Conversions: t.conversions[s].Float() / million, Value: money[i]}
		if i < len(slots)-2 || c.Conversions != 0 || c.Value != 0 {
			r.Credits = append(r.Credits, c)
		}
	}
}

// fromLedger replaces the money by the sums of the ledger.
func (r *Result) fromLedger(js *Journeys, m Model) error {
	sums := map[string]int64{}
	for e, err := range Ledger(js, m) {
		if err != nil {
			return err
		}
		sums[e.Channel] += e.Value
	}
	for i := range r.Credits {
		r.Credits[i].Value = sums[r.Credits[i].Channel]
	}
	return nil
}

// costs fills in what the channels of the set cost.
func (r *Result) costs(js *Journeys, spend map[string]int64) {
	if spend == nil && js.costs.v == nil {
		return
	}
	own := make([]int64, len(js.channels.names))
	for i := range js.costs.v {
		own[js.channel(i)] += js.costs.v[i]
	}
	for i := range r.Credits {
		name := r.Credits[i].Channel
		if c, ok := spend[name]; ok {
			r.Credits[i].Cost = c
		} else if id, ok := js.channels.index[name]; ok {
			r.Credits[i].Cost = own[id]
		}
	}
}
