package ingest

import (
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Record is what one message of the input says: usually one touch, several for an
// activity with participants, none for a message that only relates or was left out.
type Record struct {
	// Index counts the messages of the input from 0. Line is the line on which the
	// message starts, from 1, in formats made of lines; else 0.
	Index, Line int

	Touches   []touchpoint.Touch
	Overrides []identity.Override   // merges that a system of record asserts
	Relations []identity.Membership // person and account, from tables of a CRM
	Consents  []touchpoint.Consent  // to be recorded before the touches
	Notes     []Note                // what was assumed, corrected or left out

	// Skipped says that a mapping's condition left the row out: it was not offered.
	Skipped bool

	// Raw is the message as it was read. It is valid until the next record and holds
	// whatever the sender put in: only a sink that asks for it may see it.
	Raw []byte

	// Err is why the message gives nothing, an [*touchpoint.InvalidError] or, where a
	// hook panicked, a [*touchpoint.CallbackError]; then the slices are empty.
	Err error
}

// A Note says what a decoder assumed, corrected or left out of one message. The list
// is closed and only grows.
type Note string

// The notes.
const (
	Rounded         Note = "rounded"          // an amount in a binary float had more places than the currency
	CurrencyAssumed Note = "currency_assumed" // none was stated: Options.Currency, or what the format documents
	ClockCorrected  Note = "clock_corrected"  // at is not what the sender's clock said
	AheadOfReceipt  Note = "ahead_of_receipt" // at lies after received_at
	NullRemoved     Note = "null_removed"     // a value that says nothing was dropped
	CostDropped     Note = "cost_dropped"     // cost and value had two currencies
	UnknownIDType   Note = "unknown_id_type"  // an identifier of a type that nobody mapped was dropped
	KeyAlias        Note = "key_alias"        // a key was there in two spellings; the documented one won
	TimeAmbiguous   Note = "time_ambiguous"   // a local time that exists twice; the earlier was taken
	NotIdempotent   Note = "not_idempotent"   // neither id nor a time of its own: the derived id changes with each delivery
)

// A Decoder turns one input into records. Decode yields them in the order of the input;
// a non-nil error comes last and once, with a zero Record: the input cannot be read
// further. The loop may stop at any time. received is the instant at which the whole
// input arrived, the zero time for files; a payload that states its own wins.
//
// Decoders are unchanged after construction and safe for concurrent use, each reader
// by one goroutine.
type Decoder interface {
	Decode(r io.Reader, received time.Time) iter.Seq2[Record, error]
}

// Options is what all decoders share. The zero value and nil are ready. A decoder
// copies it at construction.
type Options struct {
	// Source is the source of touches whose message names none; "" is the name of the
	// format, such as "segment".
	Source string
	// Currency is taken for amounts that state none. Zero: what the format documents,
	// or the amount is refused.
	Currency touchpoint.Currency
	// Rules normalise identifiers; nil means Touch.Rules, and there
	// identity.DefaultRules.
	Rules *identity.Rules
	// Touch is handed to Normalize; nil for its defaults.
	Touch *touchpoint.Options
	// At is the time of records that state none at all. Zero: they are refused
	// (missing). It is never taken from a clock.
	At time.Time
	// Skew says which of a message's times becomes At; zero keeps the event's own.
	Skew Skew
	// Tolerance is how far received and sent may differ before [SkewCorrect] acts.
	// 0 means 2 minutes; negative means always.
	Tolerance time.Duration
	// Minimise says what is masked. The zero value changes nothing.
	Minimise Minimise
	// ConsentPurposes gives the purposes that a consent category of the payload stands
	// for. Without an entry the category is ignored.
	ConsentPurposes map[string][]string
	// Keep names further parts to keep as props, as the format documents: for Snowplow
	// the schemas of contexts.
	Keep []string
	// Prefix is put before crm_* identifiers, for two systems that share a type but no
	// value space ("hubspot:").
	Prefix string
	// Zone is the zone of local times that state none, in tables; nil: such a time is
	// refused, unless the mapping names a zone.
	Zone *time.Location
	// Form says how messages in JSON stand in the input.
	Form Form
	// Limits bound the input; zero fields are the documented defaults.
	Limits Limits
	// Channel fills in channel, campaign and bot from the raw page, which it sees
	// before masking; nil leaves them alone. It is asked about touches of kinds visit,
	// pageview, screen and event. Its error refuses the message; a panic becomes a
	// [*touchpoint.CallbackError].
	Channel func(*touchpoint.Touch, touchpoint.Page) error
}

// Form says how messages in JSON stand in the input. Lines go on after a bad one; a
// document that is broken ends the input.
type Form uint8

// The forms.
const (
	FormAuto     Form = iota // lines if the first line is a whole JSON value, else a document
	FormLines                // one JSON value a line
	FormDocument             // one JSON value
)

// The default limits of a decoder's input.
const (
	MaxMessage  = 1 << 20  // bytes of one message or line
	MaxDocument = 16 << 20 // bytes of a document that must be read whole: one batch
	MaxURL      = 8 << 10  // bytes of a URL that is kept
)

// Limits bound what a decoder reads. A zero field is the default named; a negative one
// is an error at construction.
type Limits struct {
	Message  int // bytes of one message or line, default [MaxMessage]
	Document int // bytes of a batch in one JSON object, default [MaxDocument]
}

// Check reports the first setting that makes no sense. Constructors of decoders call it.
func (o *Options) Check() error {
	switch {
	case o == nil:
		return nil
	case o.Limits.Message < 0 || o.Limits.Document < 0:
		return fmt.Errorf("ingest: negative limit")
	case o.Form > FormDocument:
		return fmt.Errorf("ingest: unknown form %d", o.Form)
	case o.Skew > SkewReceived:
		return fmt.Errorf("ingest: unknown skew rule %d", o.Skew)
	case o.Currency != (touchpoint.Currency{}):
		if _, err := touchpoint.ParseCurrency(o.Currency.String()); err != nil {
			return fmt.Errorf("ingest: currency: %w", err)
		}
	}
	return o.Minimise.check()
}

// A Mapper makes a record of named values, such as the columns of a row: it fills the
// draft, which its caller may have begun with a source, an id and times, and finishes
// it. csvmap's Mapping is one; cloudevents takes one for each type of event.
type Mapper interface {
	Map(d *Draft, get func(name string) string) Record
}
