// Package audience says who is in a segment, who came and left and why, and hands an
// audience to an advertising platform without names.
//
// Which function do I want?
//
//   - [Parse] reads segments; a [Segment] is a JSON document.
//   - One subject: [Segment.Has]. All of them: [Segment.Members].
//   - Who entered or left between two evaluations, and which tests changed: [Changes].
//   - What to find out, so that the undecided can be decided: [Members.Undecided].
//   - How segments overlap: [Overlap]. Where a segment can be met: [Members.Channels] and
//     [Members.Languages].
//   - Lists for other tools: [Export].
//
// What segments ask, they ask of [persona.Fields]: join a profile, the touches, a
// journey, and the answers to "persona.id" or "lead.score" that were computed before.
// Consent is the field "consent.<purpose>"; who does not enforce it joins a
// [persona.Map] that says true.
//
// Somebody of whom too little is known is undecided, which is neither in nor out.
//
// Caveats. Members keep the tests of every subject they saw, about 200 bytes a test. A
// hash of an address is still personal data: see [Export].
package audience

import (
	"bytes"
	"fmt"
	"time"

	"github.com/tabi-go/tabi/persona"
)

// MaxSegments is the largest number of segments of a document.
const MaxSegments = 5000

// A Segment says who belongs to an audience. Do not change one while it is used; it is
// then safe for concurrent use.
type Segment struct {
	ID      string             `json:"id"`
	Names   map[string]string  `json:"names,omitempty"`   // by language
	Subject string             `json:"subject,omitempty"` // "person" (default) or "account"
	Where   persona.Condition  `json:"where"`
	Exclude *persona.Condition `json:"exclude,omitempty"` // leaves out only whom it is true of
	// Purpose is what the members must have agreed to. Empty is the strictest: both
	// profile and activate. Accounts are not asked; their people are by [Export].
	Purpose string `json:"purpose,omitempty"`
	MinSize int    `json:"min_size,omitzero"` // fewest people that may be exported, default 100
}

// Parse reads one segment or an array of them from JSON, strictly, and validates them.
// The error is a [*persona.DefinitionError].
func Parse(text []byte) ([]Segment, error) {
	list := make([]Segment, 1)
	var err error
	isList := bytes.HasPrefix(bytes.TrimSpace(text), []byte("["))
	if isList {
		err = persona.Decode(text, &list)
	} else {
		err = persona.Decode(text, &list[0])
	}
	if err != nil {
		return nil, err
	}
	if len(list) > MaxSegments {
		return nil, &persona.DefinitionError{Reason: fmt.Sprintf("more than %d segments", MaxSegments)}
	}
	seen := map[string]bool{}
	for i, s := range list {
		path, reason := s.check()
		if seen[s.ID] && reason == "" {
			path, reason = "/id", "used twice"
		}
		seen[s.ID] = true
		if reason == "" {
			continue
		}
		if isList {
			path = fmt.Sprint("/", i, path)
		}
		return nil, &persona.DefinitionError{Path: path, Reason: reason}
	}
	return list, nil
}

func (s *Segment) check() (path, reason string) {
	switch {
	case s.ID == "":
		return "/id", "missing"
	case s.Where == persona.Condition{}:
		return "/where", "missing" // everybody, by mistake
	case s.Subject != "" && s.Subject != "person" && s.Subject != "account":
		return "/subject", "unknown word"
	case s.MinSize < 0:
		return "/min_size", "negative"
	}
	return "", ""
}

// Has tests a subject as of at: whether where is true, exclude is not, and the subject
// has agreed. Only an undecided where leaves it undecided; unknown consent is none. The
// leaves are those of where, then exclude, then one for each purpose.
func (s *Segment) Has(f persona.Fields, at time.Time) (persona.Truth, []persona.Leaf) {
	truth, leaves, _ := s.judge(f, at)
	return truth, leaves
}

// judge also returns how many of the leaves are those of where.
func (s *Segment) judge(f persona.Fields, at time.Time) (truth persona.Truth, leaves []persona.Leaf, where int) {
	truth, leaves = s.Where.Explain(f, at)
	where = len(leaves)
	if s.Exclude != nil {
		out, more := s.Exclude.Explain(f, at)
		leaves = append(leaves, more...)
		if out == persona.True {
			truth = persona.False
		}
	}
	for _, purpose := range s.purposes() {
		leaf := persona.Leaf{Field: "consent." + purpose, Op: "eq", Truth: persona.True}
		leaf.Value, leaf.Why = f.Field(leaf.Field)
		if !persona.Consented(f, purpose) {
			leaf.Truth, truth = persona.False, persona.False
		}
		leaves = append(leaves, leaf)
	}
	return truth, leaves, where
}

func (s *Segment) purposes() []string {
	switch {
	case s.Subject == "account":
		return nil
	case s.Purpose == "":
		return []string{"profile", "activate"}
	}
	return []string{s.Purpose}
}
