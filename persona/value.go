package persona

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona/internal/normal"
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
//
// Values are copied for every test of a condition, so they are kept to 64 bytes, and
// texts are folded once, when they are made.
type Value struct {
	kind         Kind
	truth        bool                // of a bool
	currency     touchpoint.Currency // of a number that is money
	text, folded string
	lo, hi       float64 // a number, or both ends, hi may be +Inf; seconds and nanoseconds of an instant
	list         *texts
}

// texts are the texts of a list, as they are and folded.
type texts struct{ stated, folded []string }

// TextValue returns a text.
func TextValue(s string) Value { return Value{kind: Text, text: s, folded: normal.Fold(s)} }

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
	v.currency = m.Currency
	return v
}

// BoolValue returns true or false.
func BoolValue(b bool) Value { return Value{kind: Bool, truth: b} }

// InstantValue returns an instant, in UTC.
func InstantValue(t time.Time) Value {
	// Seconds of all years that have four digits are exact in a float64.
	return Value{kind: Instant, lo: float64(t.Unix()), hi: float64(t.Nanosecond())}
}

// ListValue returns the sorted set of texts.
func ListValue(stated ...string) Value {
	set := slices.Clone(stated)
	slices.Sort(set)
	set = slices.Compact(set)
	folded := make([]string, len(set))
	for i, s := range set {
		folded[i] = normal.Fold(s)
	}
	return Value{kind: List, list: &texts{set, folded}}
}

// Kind returns which sort of value v holds.
func (v Value) Kind() Kind { return v.kind }

// Range returns both ends of a number, which are equal unless it is a range.
func (v Value) Range() (lo, hi float64, ok bool) { return v.lo, v.hi, v.kind == Number }

// Currency returns the ISO 4217 code a number was stated in, or "".
func (v Value) Currency() string { return v.currency.String() }

// Bool returns the truth of a value of kind [Bool].
func (v Value) Bool() (value, ok bool) { return v.truth, v.kind == Bool }

// Instant returns the instant of a value of kind [Instant].
func (v Value) Instant() (time.Time, bool) {
	if v.kind != Instant {
		return time.Time{}, false
	}
	return time.Unix(int64(v.lo), int64(v.hi)).UTC(), true
}

// List returns a copy of the texts of a value of kind [List].
func (v Value) List() []string {
	if v.kind != List {
		return nil
	}
	return slices.Clone(v.list.stated)
}

// same compares the texts of values, folded.
func (v *Value) same(w *Value) bool {
	if v.kind == Text && w.kind == Text {
		return v.folded == w.folded
	}
	return normal.Fold(v.String()) == normal.Fold(w.String())
}

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
		return strings.TrimSpace(v.currency.String() + " " + s)
	case Bool:
		return strconv.FormatBool(v.truth)
	case Instant:
		t, _ := v.Instant()
		return t.Format(time.RFC3339Nano)
	case List:
		return strings.Join(v.list.stated, "|")
	}
	return ""
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
