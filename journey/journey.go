package journey

import (
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Subject is whom a journey belongs to: a stitched person or an account, by the text
// of its id, or whatever name the caller of [Fold] gives. The zero Subject is nobody.
type Subject struct {
	Entity identity.Entity
	ID     string
}

// PersonSubject is the subject of a stitched person, the zero Subject for no person.
func PersonSubject(id identity.PersonID) Subject {
	if id == (identity.PersonID{}) {
		return Subject{}
	}
	return Subject{identity.PersonEntity, id.String()}
}

// AccountSubject is the subject of an account, the zero Subject for no account.
func AccountSubject(id identity.AccountID) Subject {
	if id == (identity.AccountID{}) {
		return Subject{}
	}
	return Subject{identity.AccountEntity, id.String()}
}

// IsZero reports whether s is nobody.
func (s Subject) IsZero() bool { return s == Subject{} }

// A Reason says why a journey ended.
type Reason string

// The reasons. An open journey has not ended at the instant of the question.
const (
	ByGoal    Reason = "goal"
	ByLoss    Reason = "loss"
	BySilence Reason = "silence"
	Open      Reason = "open"
)

// A Journey is one stretch of a subject's touches: from the first that belonged to no
// journey to a goal, a loss, a silence or the instant At. It is a value; reading it is
// safe for concurrent use.
type Journey struct {
	ID         string // UUIDv5 of the subject and the key of the first touch
	Subject    Subject
	Seq        int // from 1 within the subject
	Start, End time.Time
	Since      time.Time // from when the subject was under observation for it: the end of the journey before, else a record older than the first step; zero = unknown
	Reason     Reason
	Steps      []Step
	Stages     []Stay   // the subject's visits that overlap [Start, End], uncut
	Entry      stage.ID // where it stood after its first step
	Exit       stage.ID // where it stood at End
	Furthest   stage.ID // highest-ranked Open or Goal stage among Stages
	Goals      []Reached
	Milestones []Milestone
	Members    []Subject // account journeys: the people whose steps these are, sorted
	At         time.Time // the instant for which all this holds

	told told // what [Journey.Field] answers beyond the above
}

// A Step is one contact of a journey. Records of other systems are no steps.
type Step struct {
	Touch         touchpoint.Key
	At            time.Time
	Kind          touchpoint.Kind
	Channel       touchpoint.Channel // empty where the touch has none
	Touchpoint    string
	Campaign      string  // the campaign's name, else its id
	Person        Subject // who took it; in a person's journey the subject itself
	Role          string  // buying role of the person, where a membership states one
	Before, After stage.ID
	Move          stage.Move    // zero if the step moved nothing
	Gap           time.Duration // since the step before; 0 for the first
	Cost, Value   touchpoint.Money
}

// A Stay is a visit of a stage as a journey shows it. Earlier marks visits that began
// before the journey did.
type Stay struct {
	stage.Visit
	Earlier bool
}

// A Milestone is a dated point of a journey that milestone attribution uses:
// first_touch, known, mql, opportunity or won. One that did not happen is absent. Step is
// the index of the newest step at or before At, −1 where there is none.
type Milestone struct {
	Name string
	At   time.Time
	Step int
}

// Duration is the time from the first step to the last.
func (j Journey) Duration() time.Duration { return j.End.Sub(j.Start) }

// Converted reports whether the journey reached any goal.
func (j Journey) Converted() bool { return len(j.Goals) > 0 }
