package identity

import (
	"errors"
	"fmt"
)

// The errors a caller decides on. Test for them with errors.Is.
var (
	ErrUnknownType = errors.New("identity: unknown identifier type")
	ErrCrossEntity = errors.New("identity: a person and an account are never one")
	ErrTooMany     = errors.New("identity: too many identifiers")
	ErrNoScope     = errors.New("identity: a retraction needs a scope")
	ErrConflict    = errors.New("identity: override id already used with other content")
	ErrTenant      = errors.New("identity: graphs of two tenants")
	ErrRules       = errors.New("identity: graphs of two sets of rules")
	ErrNoKey       = errors.New("identity: a secret key is needed")
	ErrCorrupt     = errors.New("identity: bad encoding")
	ErrNilGraph    = errors.New("identity: nil graph")
)

// An IDError says why raw text is no identifier. Code is one of "utf8", "too_long",
// "control", "invisible" and "syntax", the words of touchpoint.Reason. It never carries
// the text.
type IDError struct {
	Type Type
	Code string
}

// Error returns the type and the code.
func (e *IDError) Error() string { return fmt.Sprintf("identity: %s: %s", e.Type, e.Code) }

// An InvalidError says which field of a fact cannot be taken, and why. Reason is one of
// the words of touchpoint.Reason, such as "missing" or "time_range".
type InvalidError struct {
	Field, Reason string
}

// Error returns the field and the reason.
func (e *InvalidError) Error() string { return "identity: " + e.Field + ": " + e.Reason }

// A CallbackError says that a hook of the rules panicked. It names the type of the
// panic value and never the value, which may be personal data.
type CallbackError struct {
	Where string // the hook, such as "email.Normalize"
	Value string // type of the panic value
	Stack []byte
}

// Error names the hook and the type of the panic value.
func (e *CallbackError) Error() string {
	return "identity: hook " + e.Where + " panicked with a " + e.Value
}
