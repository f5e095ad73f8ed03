// Package tabi (旅, "journey") is a library for programs that want to know their
// customers' journeys. It takes the touches that many systems record, stitches them
// into people and accounts, tells where each one stands, and says which touches earned
// a sale. This package holds no code: it is the map of the others.
//
// # Eight words
//
//   - A touch is one dated contact with a customer: a visit, a call, an order
//     ([github.com/tabi-go/tabi/touchpoint]).
//   - An identity is what stitching makes of identifiers: a person or an account
//     ([github.com/tabi-go/tabi/identity]).
//   - A stage is where a subject stands in a model of buying, told from evidence and
//     never set by hand ([github.com/tabi-go/tabi/stage]).
//   - A persona is a kind of buyer, with the traits one fits it by
//     ([github.com/tabi-go/tabi/persona]); leads, audiences and content rest on it.
//   - A journey is what one person or account met, from the first touch to a goal, a
//     loss or today ([github.com/tabi-go/tabi/journey]).
//   - Attribution says which touches earned a sale, with an interval and a reason
//     ([github.com/tabi-go/tabi/attribution]).
//   - A store keeps facts and gives them back ([github.com/tabi-go/tabi/storage]).
//   - A clock is the one source of "now" ([github.com/tabi-go/tabi/clock]).
//
// # The way of the data
//
//	records of other tools ──ingest──▶ touches ──Tracker.Record──▶ store (facts)
//	                                                                 │ iterate
//	       credit ◀── attribution ◀── journeys ◀── stages ◀── identity.Resolve
//
// One direction, no way back. The store keeps facts: touches, evidence that identifiers
// belong together, retractions. A fact never changes. Everything else is a pure function
// of the set of facts, the configuration and an instant.
//
// # What is promised
//
//   - The order of arrival, the batching, the number of processors and the choice of
//     store cannot change a result: the same facts give the same bytes.
//   - Recording a batch answers each record with one outcome. A bad record never stops
//     a good one, nothing is dropped in silence, and a retry is harmless.
//   - A wrong merge can be taken back, and taking it back equals never having made it.
//   - Money is counted in whole minor units, and the credit of a sale sums to its value.
//   - Errors and logs never carry an identifier.
//
// # Where to start
//
// The example below goes from touches to credit. In a program of your own:
//
//   - Make a [github.com/tabi-go/tabi/storage/memstore.Store] and a
//     [github.com/tabi-go/tabi/journey.Tracker] on it, and Record touches.
//   - To read flat files, see [github.com/tabi-go/tabi/touchpoint/ingest/csvmap].
//   - To attribute paths you have already, no store is needed: see
//     [github.com/tabi-go/tabi/attribution].
//   - To test against customers whose truth is known, see
//     [github.com/tabi-go/tabi/journey/simulate].
//   - To write a store of your own, pass
//     [github.com/tabi-go/tabi/storage/storetest].
//
// The programs in the folder examples do these things to files; docs/design.md tells why
// the house is built as it is.
package tabi
