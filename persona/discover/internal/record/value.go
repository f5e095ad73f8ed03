// Package record is a row as an accumulator of package discover keeps it: cells in the
// order of their names, values in a form that is comparable, and their bytes.
package record

import (
	"math"

	"github.com/tabi-go/tabi/persona"
)

// A Form says what a Value is.
type Form byte

// The forms.
const (
	Text Form = iota
	Number
	False
	True
)

// A Value is a known persona.Value in a form that is comparable.
type Value struct {
	Form   Form
	Text   string  // of a Text
	Lo, Hi float64 // of a Number
}

// ValueOf returns a text, number or truth value in comparable form.
func ValueOf(v persona.Value) Value {
	if lo, hi, ok := v.Range(); ok {
		return Value{Form: Number, Lo: lo + 0, Hi: hi + 0} // no −0
	}
	if is, ok := v.Bool(); ok {
		if is {
			return Value{Form: True}
		}
		return Value{Form: False}
	}
	return Value{Form: Text, Text: v.String()}
}

// Persona returns the value as package persona has it.
func (v Value) Persona() persona.Value {
	switch v.Form {
	case Number:
		return persona.RangeValue(v.Lo, v.Hi)
	case Text:
		return persona.TextValue(v.Text)
	}
	return persona.BoolValue(v.Form == True)
}

// JSON returns the value as a condition states it, a range as text.
func (v Value) JSON() any {
	switch {
	case v.Form == Text:
		return v.Text
	case v.Form != Number:
		return v.Form == True
	case v.Lo == v.Hi:
		return v.Lo
	}
	return v.Persona().String()
}

// Middle returns the number that stands for a range: its foot where it has no top.
func (v Value) Middle() float64 {
	if math.IsInf(v.Hi, 1) {
		return v.Lo
	}
	return v.Lo + (v.Hi-v.Lo)/2
}
