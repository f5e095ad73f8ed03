package stage

import (
	"sort"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Visit is one stay of a subject at a stage, [Enter, Leave). A visit of zero length
// was reached and left in the same instant.
type Visit struct {
	Stage    ID               `json:"stage"`
	Number   int              `json:"number"` // n-th visit of this stage by this subject, from 1
	Enter    time.Time        `json:"enter"`
	Leave    time.Time        `json:"leave,omitzero"`    // zero = still there
	Via      Move             `json:"via"`               // how it was entered
	From     ID               `json:"from,omitzero"`     // the stage visited before; empty for Start
	Skipped  []ID             `json:"skipped,omitzero"`  // required stages passed over and never visited, by rank
	Kind     Kind             `json:"kind"`              // of the stage, and
	Rank     int              `json:"rank"`              // its rank, in the version in force at Enter; Dormant has the rank of the stage it paused
	Rule     string           `json:"rule,omitzero"`     // rule id, [Explicit], [Silence] or [Engaged]; empty where an account moves without a member
	By       touchpoint.Key   `json:"by,omitzero"`       // the touch that did it, zero for silence
	Support  []touchpoint.Key `json:"support,omitzero"`  // further touches in the visit that are evidence for it or for stages below
	Resumed  bool             `json:"resumed,omitzero"`  // left Dormant for another stage than the paused one
	Conflict bool             `json:"conflict,omitzero"` // opened by one of several statements of one instant that disagree
	Snapshot Snapshot         `json:"snapshot,omitzero"`

	Member      string `json:"member,omitzero"`       // accounts: the member whose visit moved the account, and
	MemberVisit int    `json:"member_visit,omitzero"` // which of its visits that was, from 1
}

// What stands in [Visit.Rule] where no rule of the model moved the subject.
const (
	Explicit = "explicit" // the touch's own stage field
	Silence  = "silence"  // paused by Model.DormantAfter
	Engaged  = "engaged"  // resumed by a touch that aims at nothing that moves
)

// Dwell is Leave − Enter. Of an open visit it is what passed until at, and censored:
// the true dwell is longer.
func (v Visit) Dwell(at time.Time) (d time.Duration, censored bool) {
	if v.Leave.IsZero() {
		return at.Sub(v.Enter), true
	}
	return v.Leave.Sub(v.Enter), false
}

// A Refused is evidence that could not move the subject. Statements are listed one by
// one. Rule evidence that stays behind for want of a statement is listed once a visit
// and target, and only where its rule names kinds or families.
type Refused struct {
	Touch  touchpoint.Key `json:"touch"`
	At     time.Time      `json:"at"`
	From   ID             `json:"from"`          // where the subject stood; empty where it had no visit
	To     ID             `json:"to"`            // for [UnknownStage] the value as it was stated
	Move   Move           `json:"move,omitzero"` // zero for [UnknownStage]
	Reason string         `json:"reason"`
}

// The reasons of a [Refused].
const (
	UnknownStage   = "unknown_stage"    // the value names no stage of the model
	NothingToPause = "nothing_to_pause" // a pause before any visit
	NeedsStatement = "needs_statement"  // the move needs a statement
	SkipDenied     = "skip_denied"      // the model denies skipping by rules
	MoveDenied     = "move_denied"      // the model never allows the move
)

// A Stall is a silence longer than the stage's threshold inside one visit of an Open
// stage. It is told once a silence.
type Stall struct {
	Stage    ID        `json:"stage"`
	Visit    int       `json:"visit"`             // index into History.Visits
	Since    time.Time `json:"since"`             // quiet since, plus the threshold
	Resolved time.Time `json:"resolved,omitzero"` // the next engaged touch or move; zero = still quiet
}

// A Basis says by whose definitions a history was folded.
type Basis string

// The bases.
const (
	Restated Basis = "restated" // one model for all times
	AsWas    Basis = "as_was"   // each touch by the version in force at its At
)

// A History is where a subject stood, and why, as far as the facts up to At tell. It
// is immutable and safe for concurrent use.
type History struct {
	Subject string    `json:"subject"`
	Model   string    `json:"model"`
	Version string    `json:"version,omitzero"` // in force at At
	Basis   Basis     `json:"basis"`
	At      time.Time `json:"at"`
	Visits  []Visit   `json:"visits"`           // in order; never overlapping, gaps only after an Exit
	Refused []Refused `json:"refused,omitzero"` // by time
	Stalls  []Stall   `json:"stalls,omitzero"`  // by Since

	plan    *Plan    // for Explain, as
	reasons []reason // one a visit; of an account
	causes  []cause
}

// Current returns the visit in which the subject stands at h.At. There is none before
// the first evidence and after an Exit.
func (h History) Current() (Visit, bool) {
	if n := len(h.Visits); n > 0 && h.Visits[n-1].Leave.IsZero() {
		return h.Visits[n-1], true
	}
	return Visit{}, false
}

// Furthest returns the highest-ranked Open or Goal stage ever visited. Loss and Dormant
// do not count.
func (h History) Furthest() (ID, bool) {
	best := -1
	for i := range h.Visits {
		v := &h.Visits[i]
		if (v.Kind == Open || v.Kind == Goal) && (best < 0 || v.Rank > h.Visits[best].Rank) {
			best = i
		}
	}
	if best < 0 {
		return "", false
	}
	return h.Visits[best].Stage, true
}

// AsOf returns the visit in which the subject stood at t, found in logarithmic time.
// After h.At that is the current one.
func (h History) AsOf(t time.Time) (Visit, bool) {
	n := sort.Search(len(h.Visits), func(i int) bool { return h.Visits[i].Enter.After(t) })
	if n == 0 {
		return Visit{}, false
	}
	v := h.Visits[n-1]
	if !v.Leave.IsZero() && !t.Before(v.Leave) {
		return Visit{}, false
	}
	return v, true
}
