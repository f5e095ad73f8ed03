// Package touchpoint holds the one dated contact, cleaned and comparable.
//
// A [Touch] says that somebody and the company met: when, by which [Channel], at which
// [Touchpoint], what happened (its [Kind]) and which identifiers were seen. It is keyed by
// its source and the id it has there, and never changes.
//
// Which function do I want?
//
//   - From a program's own data: fill a Touch and call [Touch.Normalize]. It cleans, fills
//     what the kind implies, sorts, and reports the first fault as an [*InvalidError].
//   - From a file: [NewReader] reads JSON Lines and CSV; a bad record is a [*LineError] and
//     reading goes on. [ParseTouch] reads a single record. [NewWriter] writes both formats,
//     [Touch.AppendJSON] the canonical JSON: equal touches are equal bytes.
//   - From other tools: package ingest below this one.
//   - Other people's words: [ReadVocabulary] maps them to one's own, [ParseCatalogue] names
//     touchpoints by their url, a [Report] says how dirty a source was.
//   - [Split] makes of a meeting one touch a participant; [Twins] finds the contacts that two
//     systems recorded.
//
// Amounts are [Money] in minor units, never floats. What has no field is in the [Props], a
// JSON object. What became of an offered record is an [Outcome] with a [Reason].
//
// Caveats. Two records without an id that are equal in every field are one touch: they get
// the same derived id. A touch keeps the normalised value of an identifier, not the raw
// text. Identifiers on one touch say "one person". Prop values that printing could leak are
// hidden: use the accessors. The table of kinds, the canonical JSON and the derived ids are
// a stable format; texts of errors and of Twin.Why are not.
//
// Nothing here reads a clock, a time zone or a random source. Values are safe for
// concurrent use while nobody changes them; a function's cost is that of its input's
// length unless its comment says more.
package touchpoint
