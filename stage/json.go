package stage

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"
)

// MaxModelText is the largest JSON form of a model that is read, in bytes.
const MaxModelText = 1 << 20

// ParseModel reads the JSON form of a model and validates it. Keys are the field names
// in snake_case; durations are texts such as "90d", "2w", "36h" or "P90D". Unknown and
// repeated keys are errors; every error is a [*ModelError] that names the field.
func ParseModel(text []byte) (Model, error) {
	var m Model
	if err := m.UnmarshalJSON(text); err != nil {
		return Model{}, err
	}
	if err := m.Validate(); err != nil {
		return Model{}, err
	}
	return m, nil
}

var (
	kindNames      = []string{"open", "goal", "loss", "dormant"}
	flowNames      = []string{"linear", "free"}
	authorityNames = []string{"statement", "always", "never"}
	skipNames      = []string{"allow", "deny"}
)

// String returns the kind in lower case.
func (k Kind) String() string { return nameOf(kindNames, k) }

// String returns the flow in lower case.
func (f Flow) String() string { return nameOf(flowNames, f) }

// String returns the authority in lower case.
func (a Authority) String() string { return nameOf(authorityNames, a) }

func nameOf[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "invalid"
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames, string(text))
	if i < 0 {
		return errors.New("stage: unknown kind")
	}
	*k = Kind(i)
	return nil
}

// MarshalText writes the flow's name.
func (f Flow) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// MarshalText writes the authority's name.
func (a Authority) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// A span of time as models write it.
type durationText time.Duration

func (d durationText) MarshalText() ([]byte, error) {
	return []byte(formatDuration(time.Duration(d))), nil
}

// The plain types are their models without methods, so that they do not recurse.
type (
	plainModel Model
	plainStage Stage
	plainRule  Rule
	plainMatch Match
)

// MarshalJSON writes the form that [ParseModel] reads. Equal models give equal bytes.
func (m Model) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainModel
		DormantAfter durationText `json:"dormant_after,omitzero"`
	}{plainModel(m), durationText(m.DormantAfter)})
}

// MarshalJSON writes the policy; all three words always stand there.
func (m Moves) MarshalJSON() ([]byte, error) {
	skip := skipNames[0]
	if m.DenySkip {
		skip = skipNames[1]
	}
	return json.Marshal(struct {
		Skip     string    `json:"skip"`
		Backward Authority `json:"backward"`
		Reopen   Authority `json:"reopen"`
	}{skip, m.Backward, m.Reopen})
}

// MarshalJSON writes the stage as it stands in a model.
func (s Stage) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainStage
		SLA        durationText `json:"sla,omitzero"`
		StallAfter durationText `json:"stall_after,omitzero"`
	}{plainStage(s), durationText(s.SLA), durationText(s.StallAfter)})
}

// MarshalJSON writes the rule as it stands in a model.
func (r Rule) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainRule
		Within durationText `json:"within,omitzero"`
	}{plainRule(r), durationText(r.Within)})
}

// MarshalJSON writes one value as itself, several as an array.
func (m Match) MarshalJSON() ([]byte, error) {
	out := struct {
		plainMatch
		Value any `json:"value,omitempty"`
	}{plainMatch: plainMatch(m)}
	switch {
	case m.Op == In:
		out.Value = m.Values
	case len(m.Values) == 1:
		out.Value = m.Values[0]
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes, strictly, without validating the model.
func (m *Model) UnmarshalJSON(text []byte) error {
	*m = Model{}
	return decode(text, m.decode)
}

// UnmarshalJSON reads a stage as it stands in a model.
func (s *Stage) UnmarshalJSON(text []byte) error {
	*s = Stage{}
	return decode(text, s.decode)
}

// UnmarshalJSON reads a rule as it stands in a model.
func (r *Rule) UnmarshalJSON(text []byte) error {
	*r = Rule{}
	return decode(text, r.decode)
}

func (m *Model) decode(v value) error {
	return v.object(func(key string, v value) error {
		switch key {
		case "id":
			return v.into(&m.ID)
		case "version":
			return v.into(&m.Version)
		case "stages":
			return list(v, &m.Stages, (*Stage).decode)
		case "flow":
			return word(v, flowNames, &m.Flow)
		case "moves":
			return m.Moves.decode(v)
		case "dormant_after":
			return v.duration(&m.DormantAfter)
		case "aliases":
			m.Aliases = map[string]ID{}
			return v.object(func(text string, v value) error {
				var id ID
				err := v.into(&id)
				m.Aliases[text] = id
				return err
			})
		}
		return v.unknown()
	})
}

func (m *Moves) decode(v value) error {
	return v.object(func(key string, v value) error {
		switch key {
		case "skip":
			var skip uint8
			err := word(v, skipNames, &skip)
			m.DenySkip = skip == 1
			return err
		case "backward":
			return word(v, authorityNames, &m.Backward)
		case "reopen":
			return word(v, authorityNames, &m.Reopen)
		}
		return v.unknown()
	})
}

func (s *Stage) decode(v value) error {
	return v.object(func(key string, v value) error {
		switch key {
		case "id":
			return v.into(&s.ID)
		case "names":
			s.Names = map[string]string{}
			return v.object(func(lang string, v value) error {
				var text string
				err := v.into(&text)
				s.Names[lang] = text
				return err
			})
		case "rank":
			return v.into(&s.Rank)
		case "kind":
			return word(v, kindNames, &s.Kind)
		case "optional":
			return v.into(&s.Optional)
		case "recycle":
			return v.into(&s.Recycle)
		case "entry":
			return list(v, &s.Entry, (*Rule).decode)
		case "exit":
			return list(v, &s.Exit, (*Rule).decode)
		case "sla":
			return v.duration(&s.SLA)
		case "stall_after":
			return v.duration(&s.StallAfter)
		case "probability":
			return v.into(&s.Probability)
		case "category":
			return v.into(&s.Category)
		}
		return v.unknown()
	})
}

func (r *Rule) decode(v value) error {
	return v.object(func(key string, v value) error {
		switch key {
		case "id":
			return v.into(&r.ID)
		case "kinds":
			return v.texts(&r.Kinds)
		case "families":
			return v.texts(&r.Families)
		case "channels":
			return v.texts(&r.Channels)
		case "touchpoints":
			return v.texts(&r.Touchpoints)
		case "direction":
			return v.into(&r.Direction)
		case "identified":
			return v.into(&r.Identified)
		case "props":
			return list(v, &r.Props, (*Match).decode)
		case "count":
			return v.into(&r.Count)
		case "within":
			return v.duration(&r.Within)
		case "after":
			return v.into(&r.After)
		case "reopens":
			return v.into(&r.Reopens)
		case "statement":
			return v.into(&r.Statement)
		}
		return v.unknown()
	})
}

func (m *Match) decode(v value) error {
	return v.object(func(key string, v value) error {
		switch key {
		case "key":
			return v.into(&m.Key)
		case "op":
			return v.into((*string)(&m.Op))
		case "value":
			if v.text[0] == '[' {
				return list(v, &m.Values, matchValue)
			}
			m.Values = make([]string, 1)
			return matchValue(&m.Values[0], v)
		}
		return v.unknown()
	})
}

// matchValue reads a text, a number or a truth value, all as text.
func matchValue(s *string, v value) error {
	if v.text[0] == '"' {
		return v.into(s)
	}
	*s = string(v.text)
	if _, err := strconv.ParseBool(*s); err != nil && !isNumber(*s) {
		return v.fault("neither text, number nor truth value")
	}
	return nil
}

// word reads one of a few names.
func word[T ~uint8](v value, names []string, to *T) error {
	var text string
	if err := v.into(&text); err != nil {
		return err
	}
	i := slices.Index(names, text)
	if i < 0 {
		return v.fault("unknown word")
	}
	*to = T(i)
	return nil
}
