package discover

import (
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// ConditionOn is the condition of a draft that takes these texts.
func ConditionOn(field string, texts []string) (persona.Condition, bool) {
	levels := make([]Level, len(texts))
	for i, s := range texts {
		levels[i].value = record.ValueOf(persona.TextValue(s))
	}
	return condition(field, levels, func(Level) bool { return true })
}
