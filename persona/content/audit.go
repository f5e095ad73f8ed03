package content

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tabi-go/tabi/persona/content/internal/tally"
)

// window is the span in which moving on counts as following a touch.
const window = 14 * day

// An Audit counts how content is met, for the cells of a plan. Set Plan and At, add every
// journey once, then ask for the [Matrix]. One writer at a time.
type Audit struct {
	Plan   *Plan // must not be nil
	At     time.Time
	Within time.Duration // to move on after a touch; 0 = 14 days

	rows  tally.Tally
	items index
}

// The rows of an audit: {rowStage, stage, persona} counts those who stood there,
// {rowReach, stage, persona, channel, language} those who touched content, with how many
// of them could be watched for Within and how many of these moved on, {rowOther, …} the
// same for touches that belong to no content. Language "" counts all languages together.
const (
	rowStage = "stage"
	rowReach = "reach"
	rowOther = "other"
)

func (a *Audit) within() time.Duration {
	if a.Within <= 0 {
		return window
	}
	return a.Within
}

// Add counts one subject's trail.
func (a *Audit) Add(t Trail) {
	if a.items.byID == nil {
		a.items = a.Plan.index()
	}
	w := t.way()
	seen := map[tally.Key]bool{}
	for _, s := range w {
		k := tally.Key{rowStage, s.Stage, t.Persona}
		if !s.Enter.After(a.At) && !seen[k] {
			seen[k] = true
			a.rows.Add(k, tally.Count{1})
		}
	}
	for _, touch := range t.contacts(a.At) {
		stay, ok := w.at(touch.At)
		if !ok {
			continue
		}
		row, channel := rowOther, string(touch.Channel)
		languages := []string{""}
		if item := a.items.find(&touch); item != nil {
			row = rowReach
			if item.Channel != "" {
				channel = item.Channel
			}
			language, _ := touch.Props.Text("lang")
			if language == "" && len(item.Languages) == 1 {
				language = item.Languages[0]
			}
			if language != "" {
				languages = append(languages, language)
			}
		}
		c := tally.Count{1}
		if !touch.At.After(a.At.Add(-a.within())) {
			c[1] = 1
			if w.advances(stay, touch.At, a.within()) {
				c[2] = 1
			}
		}
		for _, language := range languages {
			if k := (tally.Key{row, stay.Stage, t.Persona, channel, language}); !seen[k] {
				seen[k] = true
				a.rows.Add(k, c)
			}
		}
	}
}

// question names what is counted; only audits with equal ones can be joined.
func (a *Audit) question() string {
	text, _ := json.Marshal(a.Plan) // empty for a plan of Go's making that JSON cannot hold, such as a year 10000
	return fmt.Sprintf("audit %d %d %x", a.At.UnixMicro(), a.within().Microseconds(), sha256.Sum256(text))
}

// Merge adds the counts of o: [ErrIncompatible] if its plan, At or Within is another.
func (a *Audit) Merge(o *Audit) error {
	return a.rows.Merge(o.rows, a.question(), o.question())
}

// Subtract takes the counts of o away again: [ErrUnderflow] if they were not added.
func (a *Audit) Subtract(o *Audit) error {
	return a.rows.Subtract(o.rows, a.question(), o.question())
}

// MarshalBinary returns the counts in a stable form: equal counts give equal bytes. The
// error is always nil.
func (a *Audit) MarshalBinary() ([]byte, error) { return a.rows.Encode(a.question()), nil }

// UnmarshalBinary replaces the counts by encoded ones of the same Plan, At and Within:
// else [ErrIncompatible], for broken bytes [ErrCorrupt].
func (a *Audit) UnmarshalBinary(b []byte) error {
	return a.rows.Decode(b, a.question())
}
