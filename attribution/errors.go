package attribution

import (
	"errors"
	"fmt"
)

// The sentinels of this package. Test with errors.Is: most arrive inside an [*InputError]
// or with the name of the model in front.
var (
	ErrReserved        = errors.New("attribution: name is reserved")
	ErrTooManyChannels = errors.New("attribution: too many channels")
	ErrTooManySteps    = errors.New("attribution: too many steps")
	ErrUntimed         = errors.New("attribution: paths have no times")
	ErrOverflow        = errors.New("attribution: sum does not fit")
	ErrNotConverged    = errors.New("attribution: not converged")
	ErrIncompatible    = errors.New("attribution: accumulators of different kinds")
	ErrUnderflow       = errors.New("attribution: subtracting what is not there")
	ErrThreshold       = errors.New("attribution: withheld for small groups")
	ErrCurrency        = errors.New("attribution: amounts of different currencies")
	ErrCalibration     = errors.New("attribution: lift tests do not fit the result")
	ErrCorrupt         = errors.New("attribution: corrupt encoding")
)

// An InputError names the part of an input that is wrong, and why. Field is a path such
// as "steps[2].channel", never a value; Reason is one of the reason codes that the whole
// library shares (missing, too_long, out_of_range, utf8, not_finite …) or "reserved".
type InputError struct {
	Field  string
	Reason string
	Err    error // the sentinel behind it, or nil
}

// Error returns the reason and the field.
func (e *InputError) Error() string { return "attribution: " + e.Reason + " " + e.Field }

// Unwrap returns the sentinel behind the error, or nil.
func (e *InputError) Unwrap() error { return e.Err }

// A CallbackError reports that a function given by the caller panicked. It names the type
// of the panic's value and never the value, which may hold data.
type CallbackError struct {
	Callback string // name of the model or option
	Value    string // type of what was passed to panic
}

// Error names the callback.
func (e *CallbackError) Error() string {
	return fmt.Sprintf("attribution: callback %s panicked", e.Callback)
}

// guard runs f and turns a panic of the caller's code into a [*CallbackError].
func guard(name string, f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &CallbackError{Callback: name, Value: fmt.Sprintf("%T", r)}
		}
	}()
	f()
	return nil
}
