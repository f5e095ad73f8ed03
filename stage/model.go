package stage

import (
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Model is a set of stages, the evidence for them, and the policy of moving between
// them. It must not be changed once it folds; unchanged it is safe for concurrent use.
type Model struct {
	ID           string        `json:"id"`                // as in "model:stage" of explicit evidence
	Version      string        `json:"version,omitempty"` // free text, named by every visit's snapshot
	Stages       []Stage       `json:"stages"`            // in any order; Rank orders them
	Flow         Flow          `json:"flow"`
	Moves        Moves         `json:"moves"`
	DormantAfter time.Duration `json:"-"`                 // "dormant_after": silence after which an Open stage is paused; 0 = never
	Aliases      map[string]ID `json:"aliases,omitempty"` // spellings in explicit evidence: "Closed Won" to "won"
}

// A Flow says which way evidence without authority may move a subject.
type Flow uint8

// The flows.
const (
	Linear Flow = iota // rules only pull forward
	Free               // rules move anywhere, and nothing is ever skipped
)

// Moves is the policy of a Linear model for the moves that are not plain progress.
// A Free model allows every move.
type Moves struct {
	DenySkip bool      // refuse to skip by rules; a statement may always skip
	Backward Authority // what a regress or recycle needs
	Reopen   Authority // what leaving a closed stage needs
}

// An Authority says whose word is enough for a move.
type Authority uint8

// The authorities.
const (
	OnStatement Authority = iota // a statement; to reopen a Loss also a rule with Reopens
	Always                       // any evidence
	Never                        // nothing
)

// A Version is a model that is in force from an instant on.
type Version struct {
	From  time.Time // ignored for the first one, which also judges what came before
	Model Model
}

// Versions are the successive definitions of one model, ascending by From. Folding by
// them gives the history as it was: each touch is judged by the version in force at
// its At, and a later version changes no earlier visit. Folding by a single [Model]
// restates the whole history under that model's definitions.
type Versions []Version

// Plan makes the versions ready for folding. The error is a [*ModelError], all faults
// joined.
func (v Versions) Plan() (*Plan, error) { return newPlan(v, AsWas) }

// Plan makes the model ready for folding many subjects; [Model.Fold] does so for one.
// The error is a [*ModelError], all faults joined.
func (m *Model) Plan() (*Plan, error) { return newPlan(Versions{{Model: *m}}, Restated) }

// Fold infers the history of one subject. It is [Plan.Fold] of a plan made for the
// occasion: for many subjects make the plan once.
func (m *Model) Fold(touches []touchpoint.Touch, opts *FoldOptions) (History, error) {
	p, err := m.Plan()
	if err != nil {
		return History{}, err
	}
	return p.Fold(touches, opts)
}

// FoldAccount infers the history of an account from those of its members; see
// [Plan.FoldAccount].
func (m *Model) FoldAccount(members []Member, policy Policy, opts *FoldOptions) (History, error) {
	p, err := m.Plan()
	if err != nil {
		return History{}, err
	}
	return p.FoldAccount(members, policy, opts)
}

// Stage returns the stage of that id.
func (m *Model) Stage(id ID) (Stage, bool) {
	for i := range m.Stages {
		if m.Stages[i].ID == id {
			return m.Stages[i], true
		}
	}
	return Stage{}, false
}
