// Package ingest reads what other tools recorded and hands out touches: it is what all
// decoders share — reading, accounting, clock skew, masking and dead letters.
//
// The decoders themselves are packages below it: segment (also RudderStack and Jitsu),
// posthog, cloudevents, snowplow, ga4, and csvmap for any table with a header. Each
// makes a [Decoder] from an [Options] whose zero value works:
//
//	d, err := segment.New(nil)
//	for rec, err := range d.Decode(file, time.Time{}) {
//		// err: the input cannot be read further; rec.Err: this one message is bad
//	}
//
// One message is one [Record], in the order of the input. Where no store says what
// became of a touch, [Dedupe] does; an [Intake] counts the outcomes and passes on a
// [DeadLetter] for each record that was refused or in conflict, so that what was
// offered is always the sum of what became of it.
//
// To write a decoder of your own, fill a [Draft] with what one message says and call
// [Draft.Finish]: it applies time, channel, masking and normalisation in the one order
// that keeps masking from changing a channel or a key.
//
// A decoder is a pure function of the bytes, the options and the instant of receipt: it
// never asks the machine's clock, and holds one message at a time, never the file. Two
// records without an id that say the same in every field are one touch.
package ingest
