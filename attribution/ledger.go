package attribution

import (
	"iter"
	"time"

	"github.com/tabi-go/tabi/internal/num"
)

// An Entry is what one step earned of one conversion.
type Entry struct {
	Subject     string
	End         time.Time // of the path; zero in untimed sets
	Step        int       // index in the path, -1 for what no step got
	Channel     string    // of the step, or (baseline) or (unattributed)
	At          time.Time
	Source, ID  string // key of the touch
	Actor, Role string
	Conversions float64
	Value       int64 // minor units
}

// Ledger divides every row of the set among its steps, in canonical order: the money of
// each row sums to its value to the unit, above and below 0, so that credit by channel,
// actor, role or campaign adds up. Models that do not conserve give their weights as they
// stand. An error ends the sequence; it may be stopped at any time and run again.
//
// A report rounds once and is closer to the exact shares: in a currency without decimals,
// rounding each conversion favours earlier touches.
func Ledger(js *Journeys, m Model) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		c := js.canonical()
		if t, ok := m.(timedModel); ok && t.needsTimes() && !c.allTimed() {
			yield(Entry{}, ErrUntimed)
			return
		}
		var d division
		var money []int64
		for r := range c.rows() {
			conv, val := c.conversions.at(r), c.values[r]
			if conv == 0 && val == 0 {
				continue
			}
			v := c.view(r)
			var bad error
			if err := guard(m.Name(), func() { bad = d.divide(m, v) }); err != nil {
				bad = err
			}
			if bad == nil {
				money, bad = d.money(m, val, money)
			}
			if bad != nil {
				yield(Entry{}, bad)
				return
			}
			for i, w := range d.w {
				if w == 0 && i == v.Len() {
					continue
				}
				e := c.entry(v, &d, i)
				e.Conversions = float64(count(conv) * d.share(i))
				e.Value = money[i]
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// money divides a value exactly, or, where the model does not conserve, by its weights.
func (d *division) money(m Model, val int64, out []int64) ([]int64, error) {
	if cap(out) < len(d.w) {
		out = make([]int64, len(d.w))
	}
	out = out[:len(d.w)]
	if x, ok := m.(raw); !ok || !x.raw() {
		num.Split(val, d.w, out)
		return out, nil
	}
	for i, w := range d.w {
		x, ok := num.Ratio(val, w, d.sum)
		if !ok {
			return nil, ErrOverflow
		}
		n, frac := x.Floor()
		out[i] = n + int64(frac>>62)
	}
	return out, nil
}

// entry is step i of a row, without what it earned; i = v.Len() is the rest.
func (js *Journeys) entry(v View, d *division, i int) Entry {
	e := Entry{Subject: js.words.text(js.subjects.at(v.row)), Step: -1}
	finish := js.finishes.at(v.row)
	instant := finish != untimed && finish != agesOnly
	if instant {
		e.End = time.UnixMicro(finish).UTC()
	}
	if i == v.Len() {
		e.Channel = d.to
		return e
	}
	s := js.step(v.lo + i)
	e.Step, e.Channel, e.Source, e.ID, e.Actor, e.Role = i, s.channel, s.source, s.id, s.actor, s.role
	if instant {
		e.At = time.UnixMicro(finish - s.age).UTC()
	}
	return e
}
