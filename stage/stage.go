// Package stage infers where customers stand, from evidence, along models of stages
// that are not assumed to be linear.
//
// Nobody sets a stage. A [Model] lists stages and the rules by which touches are
// evidence for them, and [Model.Fold] turns the touches of one subject into a
// [History]: the same touches give the same history in whatever order, batch or number
// of copies they came, so late and corrected evidence needs no special path.
//
// Which one do I want first?
//
//   - a ready model: [Digital], [Classic], [Lifecycle], [AARRR], [HubSpot],
//     [Salesforce], [LeadToRevenue], or by name [Preset]
//   - my own model: a [Model] value, or [ParseModel] for its JSON form
//   - one subject: [Model.Fold]; many subjects: [Model.Plan] once, then [Plan.Fold]
//   - last year's definitions for last year's touches: [Versions]
//   - an account of several people: [Plan.FoldAccount] with a [Policy]
//   - why: [History.Explain]
//
// A history gives three answers that are easily confused: [History.Current] (where the
// subject stands), [History.Furthest] (the highest stage it ever reached) and
// [History.AsOf] (where it stood at an instant). A customer who left is "churned" by
// the first and "active" by the second.
//
// What a rule may not do is as important as what it does: in a Linear model evidence
// without authority only pulls forward, so that reading a blog article does not throw a
// customer back to awareness. Statements (a touch's own stage field, or a rule marked
// Statement) may go back. A move that policy denies is listed in [History.Refused].
//
// Visits that are still open are censored: their dwell is not a duration, and no
// statistic may treat it as one.
package stage

import "time"

// An ID names a stage inside its model, such as "mql": 1 to 64 bytes of [a-z0-9_].
type ID string

// A Kind says what a stage means for the sale.
type Kind uint8

// The kinds of stages. The numbers are part of encodings and never change.
const (
	Open    Kind = iota // on the way, before the sale or after it
	Goal                // the sale, or what stands for it
	Loss                // given up; may be reopened
	Dormant             // paused by statement or by silence; has no rank of its own
)

// A Stage is one place to stand at. See [Model.Validate] for what makes one valid.
type Stage struct {
	ID          ID                `json:"id"`
	Names       map[string]string `json:"names"`          // language tag to name; "en" is required
	Rank        int               `json:"rank,omitempty"` // orders the stages; unique, gaps are free; unused for Dormant
	Kind        Kind              `json:"kind"`
	Optional    bool              `json:"optional,omitempty"`    // never reported as skipped
	Recycle     bool              `json:"recycle,omitempty"`     // leads are handed back to here for nurturing
	Entry       []Rule            `json:"entry,omitempty"`       // any of them is evidence for the stage
	Exit        []Rule            `json:"exit,omitempty"`        // any of them leaves the stage for no stage at all
	SLA         time.Duration     `json:"-"`                     // "sla": a visit longer than this is overdue; 0 = none
	StallAfter  time.Duration     `json:"-"`                     // "stall_after": silence longer than this is a stall; 0 = none, Open stages only
	Probability float64           `json:"probability,omitempty"` // prior chance of reaching a Goal from here, 0..1
	Category    string            `json:"category,omitempty"`    // free text, such as a forecast category
}

// Name returns the stage's name in a language, in English where that one is missing.
func (s *Stage) Name(lang string) string {
	if n, ok := s.Names[lang]; ok {
		return n
	}
	return s.Names["en"]
}

// Overdue reports whether a visit of the stage lasts longer than its SLA, whatever
// happened inside. An open visit is measured until at.
func (s *Stage) Overdue(v Visit, at time.Time) bool {
	d, _ := v.Dwell(at)
	return s.SLA > 0 && d > s.SLA
}
