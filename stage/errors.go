package stage

import (
	"errors"
	"fmt"
)

// Limits of this package.
const (
	MaxStages  = 64        // of a model
	MaxRules   = 32        // of a stage, entry and exit together
	MaxTouches = 1_000_000 // of one fold, signals included
	MaxVisits  = 100_000   // of one history
)

// ErrUnknownStage says that a caller named a stage the model does not have. Touches
// that do so fail nothing; see [UnknownStage].
var ErrUnknownStage = errors.New("stage: unknown stage")

// A ModelError names a fault of a model. Errors of several faults are joined.
type ModelError struct {
	Stage  ID     // empty where the fault is the model's own
	Field  string // as spelled in JSON, such as "entry[2].within"
	Reason string
}

// Error returns stage, field and reason.
func (e *ModelError) Error() string {
	if e.Stage == "" {
		return fmt.Sprintf("stage: model: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("stage: model: %s: %s: %s", e.Stage, e.Field, e.Reason)
}

// A LimitError says that an input is larger than this package takes.
type LimitError struct {
	What  string // "touches" or "visits"
	Limit int
}

// Error returns what was too many, and the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("stage: more than %d %s", e.Limit, e.What)
}

// A CallbackError says that a [Policy] panicked. It names the type of the panic value,
// never the value.
type CallbackError struct {
	Where string // the method
	Value string // type of the panic value
	Stack []byte
}

// Error returns where it happened and the type of the panic value.
func (e *CallbackError) Error() string {
	return "stage: " + e.Where + " panicked with a " + e.Value
}
