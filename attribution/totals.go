package attribution

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"

	"github.com/tabi-go/tabi/internal/num"
)

// Totals is an accumulator of one rule for streams that must not keep paths: it holds a
// few numbers a channel. Totals of the same rule and preparation merge and subtract like
// sets do; others are refused with [ErrIncompatible]. One goroutine may write, or many
// may read.
type Totals struct {
	model Model
	prep  Preparation
	name  string // what has to be equal to merge
	sums  totals
	share map[string]amounts
}

// amounts are the exact sums of one row of a result.
type amounts struct{ conversions, values num.Fixed }

// NewTotals makes an empty accumulator of a rule, [Linear] By [Distinct] being the Shapley
// game [Sum]. nil is no preparation. The error is always nil.
func NewTotals(m Model, p *Preparation) (*Totals, error) {
	if p == nil {
		p = &Preparation{}
	}
	return &Totals{model: m, prep: *p, name: m.Name() + " " + p.fingerprint(), share: map[string]amounts{}}, nil
}

// fingerprint tells preparations apart; of functions it knows only that they are there.
func (p *Preparation) fingerprint() string {
	roles := slices.Sorted(maps.Keys(p.Roles))
	for i, r := range roles {
		roles[i] = fmt.Sprintf("%q:%v", r, p.Roles[r])
	}
	cycle := ""
	if p.several() {
		cycle = fmt.Sprintf(" %v %v", p.ConversionGap, p.Cycle)
	}
	return fmt.Sprintf("%v %v %q %v %v %q %v %v %v %v %v %v %v", p.OpenAfter, p.Window, p.After, p.TouchGap, p.ClicksFirst,
		p.Exclude.Names, p.Exclude.Mode, p.Exclude.Match != nil, p.Transforms, p.LastSteps, roles, p.OncePerEvent, p.StepWeight != nil) + cycle
}

// Add divides paths and adds them. On an error the totals are unchanged. Where the
// preparation looks at several paths of a subject (ConversionGap, Cycle) they must come in
// one call: later ones are prepared on their own.
func (t *Totals) Add(ps ...Path) error {
	out, err := t.prep.set(ps)
	if err != nil {
		return err
	}
	if m, ok := t.model.(timedModel); ok && m.needsTimes() && !out.allTimed() {
		return ErrUntimed
	}
	ta := newTally(out)
	if err := ta.run(out, t.model); err != nil {
		return err
	}
	o := &Totals{name: t.name, sums: out.totals, share: map[string]amounts{}}
	slots, names := out.slots()
	for i, s := range slots {
		if a := (amounts{ta.conversions[s], ta.values[s]}); a != (amounts{}) {
			o.share[names[i]] = a
		}
	}
	return t.Merge(o)
}

// set is the prepared set of some paths.
func (p *Preparation) set(ps []Path) (*Journeys, error) {
	js := &Journeys{}
	for _, x := range ps {
		if err := js.Add(x); err != nil {
			return nil, err
		}
	}
	out, _, err := js.Prepare(p)
	return out, err
}

// Merge adds the totals of o.
func (t *Totals) Merge(o *Totals) error {
	if o.name != t.name {
		return ErrIncompatible
	}
	sums, err := t.sums.merge(o.sums)
	if err != nil {
		return err
	}
	t.sums = sums
	for name, a := range o.share {
		b := t.share[name]
		t.put(name, amounts{b.conversions.Add(a.conversions), b.values.Add(a.values)})
	}
	return nil
}

// Subtract takes the totals of o away again: [ErrUnderflow] if they were not added.
func (t *Totals) Subtract(o *Totals) error {
	if o.name != t.name {
		return ErrIncompatible
	}
	s := t.sums
	s.conversions -= o.sums.conversions
	s.nulls -= o.sums.nulls
	s.open -= o.sums.open
	s.earned -= o.sums.earned
	s.owed -= o.sums.owed
	if s.conversions < 0 || s.nulls < 0 || s.open < 0 || s.earned < 0 || s.owed < 0 {
		return ErrUnderflow
	}
	left := map[string]amounts{}
	for name, a := range o.share {
		b := t.share[name]
		x := amounts{b.conversions.Add(a.conversions.Neg()), b.values.Add(a.values.Neg())}
		if x.conversions.Hi < 0 {
			return ErrUnderflow
		}
		left[name] = x
	}
	t.sums = s
	for name, x := range left {
		t.put(name, x)
	}
	return nil
}

func (t *Totals) put(name string, a amounts) {
	if a == (amounts{}) {
		delete(t.share, name)
	} else {
		t.share[name] = a
	}
}

// Result is the result so far, without intervals.
func (t *Totals) Result() *Result {
	r := &Result{
		Model: t.model.Name(), Conserves: true, Split: t.model, Journeys: count(t.sums.conversions + t.sums.nulls),
		Conversions: count(t.sums.conversions), Nulls: count(t.sums.nulls), Value: t.sums.earned - t.sums.owed,
	}
	if x, ok := t.model.(raw); ok {
		r.Conserves = !x.raw()
	}
	names := slices.SortedFunc(maps.Keys(t.share), func(a, b string) int {
		switch {
		case isRow(a) != isRow(b) && isRow(b), isRow(a) == isRow(b) && a < b:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	parts, money := make([]num.Fixed, len(names)), make([]int64, len(names))
	for i, name := range names {
		parts[i] = t.share[name].values
	}
	num.Round(parts, r.Value, money)
	for i, name := range names {
		r.Credits = append(r.Credits, Credit{Channel: name, Conversions: t.share[name].conversions.Float() / million, Value: money[i], Why: "off"})
	}
	return r
}

// MarshalBinary is AppendBinary to nothing.
func (t *Totals) MarshalBinary() ([]byte, error) { return t.AppendBinary(nil) }

// AppendBinary appends the totals in a stable form. The error is always nil.
func (t *Totals) AppendBinary(b []byte) ([]byte, error) {
	begin := len(b)
	b = append(b, encodingVersion)
	b = appendText(b, t.name)
	for _, x := range []int64{t.sums.conversions, t.sums.nulls, t.sums.open, t.sums.earned, t.sums.owed, t.sums.late, t.sums.ignored} {
		b = binary.AppendUvarint(b, uint64(x))
	}
	b = binary.AppendUvarint(b, uint64(len(t.share)))
	for _, name := range slices.Sorted(maps.Keys(t.share)) {
		b = appendText(b, name)
		a := t.share[name]
		for _, f := range []num.Fixed{a.conversions, a.values} {
			b = binary.AppendVarint(b, f.Hi)
			b = binary.AppendUvarint(b, f.Lo)
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli)), nil
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// UnmarshalBinary replaces the totals by encoded ones of the same rule and preparation:
// others are [ErrIncompatible], broken bytes [ErrCorrupt]; both leave them unchanged.
func (t *Totals) UnmarshalBinary(b []byte) error {
	d, ok := newDecoder(b)
	if !ok {
		return ErrCorrupt
	}
	name := d.text()
	var s totals
	for _, x := range []*int64{&s.conversions, &s.nulls, &s.open, &s.earned, &s.owed, &s.late, &s.ignored} {
		*x = int64(d.uint(math.MaxInt64))
	}
	share := map[string]amounts{}
	for n := d.uint(uint64(len(b))); n > 0 && !d.bad; n-- {
		key := d.text()
		share[key] = amounts{num.Fixed{Hi: d.int(), Lo: d.uint(math.MaxUint64)}, num.Fixed{Hi: d.int(), Lo: d.uint(math.MaxUint64)}}
	}
	switch {
	case d.bad || len(d.b) != 0:
		return ErrCorrupt
	case name != t.name:
		return ErrIncompatible
	}
	t.sums, t.share = s, share
	return nil
}
