// Package journey turns facts into journeys.
//
// A [Tracker] writes touches to a store and reads everything else back as a pure
// function of the facts, the [Options] and an instant: who is one person, which
// account a touch belongs to, which stages were entered, where one journey ends and
// the next begins.
//
// Which do I want?
//
//   - [NewTracker], then [Tracker.Record] for touches and [Tracker.Learn] for other
//     facts. Each record gets its own outcome; recording again is always safe.
//   - [Tracker.View] for everything at one instant: people, accounts, their merged
//     touches, stage histories and journeys. A view is immutable; ask it often.
//   - [Tracker.Journeys] to walk the journeys of everybody, [Tracker.Journey] for the
//     newest of one subject.
//   - [Journey.Paths] to hand journeys to package attribution.
//   - [Tracker.Summaries] and [Tracker.CountStages] for lists and counts of a large
//     population, answered from rows that [Tracker.Refresh] keeps beside the facts.
//   - [Tracker.Changes] for what new facts changed, and for whom.
//   - [Fold] when the touches of one subject are at hand and no store is.
//
// A journey runs from the first touch that belongs to none to its end by goal, loss or
// silence, see [Boundary]; the next purchase is a new journey. Records of other systems
// (a stage change, an import) are evidence and never steps.
//
// Nothing derived is stored as truth: late touches, repeated batches, a merge taken back need
// no special call. A view reads the facts it needs anew, so a program that asks in a loop
// should keep its view and make a new one when it wants newer facts. Rows of
// summaries may be thrown away at any time; no answer differs with or without them.
//
// For the next owner: people and accounts are walked apart, as neither joins the other. A row
// depends on its component of people, on the accounts of its touches and on the company
// domains that lead there, and on nothing else. The rows whose stage stands in parentheses
// are how a refresher, the feed and an erasure find each other through that; see [Tracker.Refresh]
// and the constants beside it.
package journey
