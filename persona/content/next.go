package content

import (
	"fmt"
	"time"

	"github.com/tabi-go/tabi/persona/content/internal/tally"
	"github.com/tabi-go/tabi/touchpoint"
)

// A NextTouch learns from journeys which contact was followed by moving on. Set At, add
// every journey once, then ask [NextTouch.Suggest]. One writer at a time.
//
// It compares journeys that had a next contact with journeys that had another next contact,
// from that contact on, and only where the whole span behind it is past: so nobody gets
// credit for having lived long enough to be touched. Each journey counts once on each level
// (all; its stage; with its persona; with the contact before), by its first next contact
// there. Orders and their reversals are no contacts here: they are what one hopes for.
type NextTouch struct {
	At     time.Time
	Within time.Duration // to move on after the next contact; 0 = 14 days

	rows tally.Tally
	// next holds the next kinds of all rows, so that a question reads only the rows it is
	// about. Kinds whose rows were subtracted may stay.
	next map[string]bool
}

// levels of the back-off, the widest first: how many of stage, persona and the contact
// before a row names. Its key is {level, stage, persona, last, next}.
var levels = [4]string{"0", "1", "2", "3"}

func levelKey(level int, stage, personaID, last, next string) tally.Key {
	k := tally.Key{levels[level], stage, personaID, last, next}
	for i := level + 1; i < 4; i++ {
		k[i] = ""
	}
	return k
}

func (n *NextTouch) within() time.Duration {
	if n.Within <= 0 {
		return window
	}
	return n.Within
}

// Add counts one subject's trail.
func (n *NextTouch) Add(t Trail) {
	w := t.way()
	last := touchpoint.Kind("")
	seen := map[tally.Key]bool{}
	for _, touch := range t.contacts(n.At) {
		if c := touch.Class(); c == touchpoint.Conversion || c == touchpoint.Reversal {
			continue
		}
		before := last
		last = touch.Kind
		stay, ok := w.at(touch.At)
		if before == "" || !ok || touch.At.After(n.At.Add(-n.within())) {
			continue
		}
		c := tally.Count{0, 1}
		if w.advances(stay, touch.At, n.within()) {
			c[2] = 1
		}
		for level := range levels {
			k := levelKey(level, stay.Stage, t.Persona, string(before), "")
			if !seen[k] {
				seen[k] = true
				k[4] = string(touch.Kind)
				n.rows.Add(k, c)
				n.know(k)
			}
		}
	}
}

func (n *NextTouch) know(k tally.Key) {
	if n.next == nil {
		n.next = map[string]bool{}
	}
	n.next[k[4]] = true
}

func (n *NextTouch) question() string {
	return fmt.Sprintf("next %d %d", n.At.UnixMicro(), n.within().Microseconds())
}

// Merge adds the counts of o: [ErrIncompatible] if its At or Within is another.
func (n *NextTouch) Merge(o *NextTouch) error {
	if err := n.rows.Merge(o.rows, n.question(), o.question()); err != nil {
		return err
	}
	for k := range o.rows {
		n.know(k)
	}
	return nil
}

// Subtract takes the counts of o away again: [ErrUnderflow] if they were not added.
func (n *NextTouch) Subtract(o *NextTouch) error {
	return n.rows.Subtract(o.rows, n.question(), o.question())
}

// MarshalBinary returns the counts in a stable form: equal counts give equal bytes. The
// error is always nil.
func (n *NextTouch) MarshalBinary() ([]byte, error) { return n.rows.Encode(n.question()), nil }

// UnmarshalBinary replaces the counts by encoded ones of the same At and Within: else
// [ErrIncompatible], for broken bytes [ErrCorrupt].
func (n *NextTouch) UnmarshalBinary(b []byte) error {
	err := n.rows.Decode(b, n.question())
	for k := range n.rows {
		n.know(k)
	}
	return err
}
