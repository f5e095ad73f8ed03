package touchpoint

import (
	"errors"
	"fmt"
)

// A Status is what became of one offered record. The zero value is invalid on purpose.
type Status uint8

// The statuses. Accepted and Duplicate are said only when the bytes are durable.
const (
	Accepted   Status = iota + 1 // new, and durable
	Duplicate                    // known already, with the same content
	Conflict                     // the key is known with other content; the first stays
	Rejected                     // the record itself is bad; offering it again cannot help
	Suppressed                   // its subject was erased, or did not consent
	Retry                        // the store could not decide; offer it again
)

// String returns the status in lower case, "invalid" for an unknown one.
func (s Status) String() string {
	switch s {
	case Accepted:
		return "accepted"
	case Duplicate:
		return "duplicate"
	case Conflict:
		return "conflict"
	case Rejected:
		return "rejected"
	case Suppressed:
		return "suppressed"
	case Retry:
		return "retry"
	}
	return "invalid"
}

// An Outcome is the answer to one offered record, in the order of the offer.
type Outcome struct {
	Status Status
	Key    Key      // the derived id when none was given
	Fields []string // Conflict: the fields that differ, sorted
	Reason Reason   // Rejected, Suppressed
	Err    error    // typed cause; never holds a raw identifier
}

// A Tally counts outcomes by [Status]; index 0 stays 0.
type Tally [7]int

// Count tallies outcomes.
func Count(outs []Outcome) Tally {
	var t Tally
	for _, o := range outs {
		t.Add(o.Status)
	}
	return t
}

// Add counts one more outcome. An invalid status is counted at index 0.
func (t *Tally) Add(s Status) {
	if int(s) >= len(t) {
		s = 0
	}
	t[s]++
}

// Merge adds the counts of o.
func (t *Tally) Merge(o Tally) {
	for i, n := range o {
		t[i] += n
	}
}

// Offered is the number of records that were offered: the sum of all outcomes.
func (t Tally) Offered() int {
	n := 0
	for _, c := range t {
		n += c
	}
	return n
}

// String tells all counts in one line, as programs end with:
//
//	offered=5 accepted=3 duplicate=1 conflict=0 rejected=1 suppressed=0 retry=0
func (t Tally) String() string {
	text := fmt.Appendf(nil, "offered=%d", t.Offered())
	for s := Accepted; s <= Retry; s++ {
		text = fmt.Appendf(text, " %v=%d", s, t[s])
	}
	return string(text)
}

// A Reason is a code for why a record was refused. The list is closed and only grows.
type Reason string

// The reason codes.
const (
	Missing                 Reason = "missing"
	TooLong                 Reason = "too_long"
	TooMany                 Reason = "too_many"
	TooLarge                Reason = "too_large"
	TooDeep                 Reason = "too_deep"
	OutOfRange              Reason = "out_of_range"
	BadUTF8                 Reason = "utf8"
	Control                 Reason = "control"
	Invisible               Reason = "invisible"
	NotFinite               Reason = "not_finite"
	NotANumber              Reason = "not_a_number"
	Overflow                Reason = "overflow"
	TimeRange               Reason = "time_range"
	Expired                 Reason = "expired"
	DuplicateKey            Reason = "duplicate_key"
	Syntax                  Reason = "syntax"
	UnknownCurrency         Reason = "unknown_currency"
	UnknownType             Reason = "unknown_type"
	RefundWithoutConversion Reason = "refund_without_conversion"
	SuppressedReason        Reason = "suppressed"
	NoConsent               Reason = "no_consent"
	Bot                     Reason = "bot"
)

// ErrInvalid is what every [*InvalidError] is.
var ErrInvalid = errors.New("touchpoint: invalid record")

// An InvalidError names the field of a record that is wrong, and why. Field is a path
// such as "ids[2].value", never a value.
type InvalidError struct {
	Field  string
	Reason Reason
}

// Error returns the reason and the field.
func (e *InvalidError) Error() string {
	return "touchpoint: " + string(e.Reason) + " " + e.Field
}

// Unwrap makes errors.Is(err, ErrInvalid) true.
func (e *InvalidError) Unwrap() error { return ErrInvalid }
