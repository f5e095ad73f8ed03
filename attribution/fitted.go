package attribution

// counts are the conversions and nulls of all rows.
func (js *Journeys) counts() (conv, nulls []float64) {
	conv, nulls = make([]float64, js.rows()), make([]float64, js.rows())
	for r := range conv {
		conv[r], nulls[r] = count(js.conversions.at(r)), count(js.nulls.at(r))
	}
	return conv, nulls
}

// attributeFitted runs a rule whose weights were fitted to the canonical set c of js; the
// bootstrap fits them again to what it draws.
func attributeFitted(c, js *Journeys, opts *Options, m Model, refit func(conv, nulls []float64) Model) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	plain := *opts
	plain.Interval = Interval{Method: NoInterval}
	res, err := attributeRule(c, &plain, m, m.Name())
	if err != nil {
		return nil, err
	}
	res.Subjects, res.Journeys = js.Subjects(), count(js.totals.conversions+js.totals.nulls)
	if iv := opts.Interval; iv.Method != NoInterval && iv.Method != Closed {
		if err := res.redrawModel(c, iv, refit); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// redrawModel is the bootstrap of a rule, fitted anew or not.
func (r *Result) redrawModel(c *Journeys, iv Interval, refit func(conv, nulls []float64) Model) error {
	var d division
	return r.redraw(c, iv, func(conv, nulls, _ []float64, put putter) error {
		m := refit(conv, nulls)
		var bad error
		err := guard(m.Name(), func() {
			for row := range conv {
				if conv[row] == 0 {
					continue
				}
				v := c.view(row)
				if bad = d.divide(m, v); bad != nil {
					return
				}
				val := float64(float64(c.values[row]) * (conv[row] / count(c.conversions.at(row))))
				for i := range d.w {
					share := d.share(i)
					put(c.slot(v, &d, i), float64(conv[row]*share), float64(val*share))
				}
			}
		})
		if err != nil {
			return err
		}
		return bad
	})
}

// An estimator is given what the rows of a canonical set weigh in a replicate, and puts
// the credits of its slots.
type estimator func(conv, nulls, open []float64, put putter) error

// A putter adds to the credit of a slot.
type putter func(slot int, conv, val float64)

// redraw makes intervals from replicates of the canonical set c.
func (r *Result) redraw(c *Journeys, iv Interval, estimate estimator) error {
	r.present(c)
	x, err := r.draw(c, iv, estimate)
	if err != nil {
		return err
	}
	x.set(r, iv.level())
	return nil
}

// draw is redraw without looking at what was drawn.
func (r *Result) draw(c *Journeys, iv Interval, estimate estimator) (*replicates, error) {
	n := len(c.channels.names)
	at := make([]int, n+2)
	for i := range at {
		at[i] = -1
	}
	for i, cr := range r.Credits {
		if id, ok := c.channels.index[cr.Channel]; ok {
			at[id] = i
		} else if cr.Channel == Baseline {
			at[n] = i
		} else if cr.Channel == Unattributed {
			at[n+1] = i
		}
		r.Credits[i].Why = ""
	}
	b := newBootstrap(c, iv.Seed)
	rows := c.rows()
	conv, nulls, open := make([]float64, rows), make([]float64, rows), make([]float64, rows)
	x := newReplicates(len(r.Credits), iv.reps())
	for rep := range iv.reps() {
		b.weights(rep, conv, nulls, open)
		err := estimate(conv, nulls, open, func(slot int, conv, val float64) {
			if i := at[slot]; i >= 0 {
				x.conv[i][rep] += conv
				x.val[i][rep] += val
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}
