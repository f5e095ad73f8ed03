package touchpoint

import (
	"fmt"
	"runtime/debug"
)

// A CallbackError says that a function given by the host panicked. It names the type of
// the panic value and never the value, which may be personal data.
type CallbackError struct {
	Where string // the function, such as "Options.Text"
	Value string // type of the panic value
	Stack []byte
}

// NewCallbackError returns the error of a function of the host that panicked with v, which
// recover returned. It is called in the deferred function, where the stack is still that
// of the panic.
func NewCallbackError(where string, v any) *CallbackError {
	return &CallbackError{where, fmt.Sprintf("%T", v), debug.Stack()}
}

// Error returns the function and the type of the panic value.
func (e *CallbackError) Error() string {
	return "touchpoint: " + e.Where + " panicked with a " + e.Value
}

// guard turns a panic of the function that defers it into a *CallbackError.
func guard(where string, err *error) {
	if v := recover(); v != nil {
		*err = NewCallbackError(where, v)
	}
}
