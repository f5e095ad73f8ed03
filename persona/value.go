package persona

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Kind says which sort of value a [Value] holds.
type Kind uint8

// The kinds of values.
const (
	None    Kind = iota // no value
	Text                // a text
	Number              // a number, or a range of numbers
	Bool                // true or false
	Instant             // an instant
	List                // a sorted set of texts
)

// A Value is one value of a trait. The zero Value is of kind [None]. A number may be a
// range, for firms state "51-200"; conditions then say unknown where the range straddles
// their bound. Safe for concurrent use.
type Value struct {
	kind     Kind
	text     string
	lo, hi   float64 // a number, or both ends; hi may be +Inf
	currency string  // of a number that is money, ISO 4217
	list     []string
	at       time.Time
	exact    bool // the truth of a bool
}

// TextValue returns a text.
func TextValue(s string) Value { return Value{kind: Text, text: s} }

// NumberValue returns a number. NaN gives no value.
func NumberValue(x float64) Value { return RangeValue(x, x) }

// RangeValue returns all numbers from lo to hi, both included; hi may be +Inf. No value
// if lo > hi or one is NaN.
func RangeValue(lo, hi float64) Value {
	if !(lo <= hi) || math.IsInf(lo, 0) {
		return Value{}
	}
	return Value{kind: Number, lo: lo, hi: hi}
}

// MoneyValue returns an amount of money, no value for an absent one.
func MoneyValue(m touchpoint.Money) Value {
	x, err := strconv.ParseFloat(m.Text(), 64)
	if m.IsZero() || err != nil {
		return Value{}
	}
	v := NumberValue(x)
	v.currency = m.Currency.String()
	return v
}

// BoolValue returns true or false.
func BoolValue(b bool) Value { return Value{kind: Bool, exact: b} }

// InstantValue returns an instant, in UTC.
func InstantValue(t time.Time) Value { return Value{kind: Instant, at: t.UTC()} }

// ListValue returns the sorted set of texts.
func ListValue(texts ...string) Value {
	set := slices.Clone(texts)
	slices.Sort(set)
	return Value{kind: List, list: slices.Compact(set)}
}

// Kind returns which sort of value v holds.
func (v Value) Kind() Kind { return v.kind }

// Range returns both ends of a number, which are equal unless it is a range.
func (v Value) Range() (lo, hi float64, ok bool) { return v.lo, v.hi, v.kind == Number }

// Currency returns the ISO 4217 code a number was stated in, or "".
func (v Value) Currency() string { return v.currency }

// Bool returns the truth of a value of kind [Bool].
func (v Value) Bool() (value, ok bool) { return v.exact, v.kind == Bool }

// Instant returns the instant of a value of kind [Instant].
func (v Value) Instant() (time.Time, bool) { return v.at, v.kind == Instant }

// List returns a copy of the texts of a value of kind [List].
func (v Value) List() []string { return slices.Clone(v.list) }

// String returns the value as text: a range as "51-200" or "1000+", money with its code
// in front, an instant in RFC 3339, a list joined by "|". No value is "".
func (v Value) String() string {
	switch v.kind {
	case Text:
		return v.text
	case Number:
		s := decimal(v.lo)
		switch {
		case math.IsInf(v.hi, 1):
			s += "+"
		case v.hi != v.lo:
			s += "-" + decimal(v.hi)
		}
		return strings.TrimSpace(v.currency + " " + s)
	case Bool:
		return strconv.FormatBool(v.exact)
	case Instant:
		return v.at.Format(time.RFC3339Nano)
	case List:
		return strings.Join(v.list, "|")
	}
	return ""
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
