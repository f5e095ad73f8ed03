// Package storage is the contract that a store of facts keeps.
//
// A [Store] keeps facts (touches, identity evidence and overrides, memberships,
// consents, erasures) and gives them back. People, accounts, stages and journeys are
// derived from facts and never stored, so writers share nothing, need no order and
// cannot half-merge anybody.
//
// Programs open a store ([memstore] in memory, sqlitestore or pgstore for good), hand it
// to a journey.Tracker, and rarely call it themselves. Those that do read with
// [Touches] or [Store.Scan], follow with [Store.Changes], and move data with [Copy],
// [Dump] and [Restore]; [Digest] tells whether two stores hold the same facts.
// [Component] reads the neighbourhood of an identifier, which is all that is needed to
// know who somebody is.
//
// Authors of stores implement the six methods of [Store], build on [Row], whose Offer makes
// a fact ready and refuses what no store takes, and run package storetest, whose rules are
// the exact meaning of what is written here. Optional abilities ([Counter], [Snapshotter],
// …) are found by type assertion behind package functions such as [Count], with the same
// answers.
//
// The order of facts is everywhere the one of [Position]. Encodings, keys and digests are
// stable between releases.
//
// [memstore]: https://pkg.go.dev/github.com/tabi-go/tabi/storage/memstore
package storage

import (
	"context"
	"iter"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// The bounds of every store. At the limit is accepted; one over is the error named.
const (
	MaxBatch      = 10_000    // facts an Append: ErrBatchTooLarge
	MaxBatchBytes = 64 << 20  // encoded bytes an Append: ErrBatchTooLarge
	MaxBody       = 256 << 10 // encoded bytes a fact: rejected, too_large
	MaxText       = 1 << 10   // bytes a name: rejected, too_long
	MaxIDs        = 100       // identifiers a touch: rejected, too_many
	MaxValues     = 10_000    // values a field of a Query: ErrLimit
	MaxIterations = 1_000     // open iterations of a store that holds something for each: ErrLimit
)

// A Store keeps facts of one tenant. It is safe for concurrent use; its iterators are
// not. Nothing handed in is kept, nothing handed out is shared.
//
// Iteration: the error comes last and once, with a zero value; the loop may stop at any
// time; calling again restarts from the present. An iteration sees the facts committed at
// its first pull, and none that an erasure acknowledged before removed. It holds no lock
// that would stop Append, Erase or another iteration in the loop body.
//
// The interface does not grow: more is found behind optional interfaces.
type Store interface {
	// Append makes facts durable. There is one outcome a fact, in the order of the offer:
	//
	//	Rejected    what [Check] refuses, and every Erased fact
	//	Suppressed  one of its Tags is on the list: for ever under Refuse, else up to
	//	            the entry's At
	//	Retry       its key is being erased, or the store failed; offer it again
	//	Accepted    the key was new
	//	Duplicate   the key is known with the same content
	//	Conflict    the key is known with other content, which stays; Fields differ
	//
	// The first that applies holds. A bad fact never stops a good one, and repeats of a key
	// inside the batch are judged one after another. Accepted and Duplicate are said only
	// when the fact is durable and every later read sees it. The list is looked up in the
	// same atomic step as the insert.
	//
	// The error is nil, or the first cause where an outcome is Retry: ErrUnavailable before
	// the commit was sent, ErrUncertain after. A call that cannot begin returns no outcomes
	// and ErrBatchTooLarge, ErrClosed, ErrNoContext or ctx.Err().
	Append(ctx context.Context, facts []Fact) ([]touchpoint.Outcome, error)

	// Scan yields the facts that q selects in the order of [Position], reversed if q.Desc.
	// A damaged row is a *CorruptError and ends the scan.
	Scan(ctx context.Context, q Query) iter.Seq2[Fact, error]

	// Ties yields what ties identifiers together: each group of touches and each identity
	// fact that names one of ids, each once, in no order; nil = all, empty = none. Overrides
	// that name no identifier are yielded by every call.
	Ties(ctx context.Context, ids []identity.ID) iter.Seq2[Tie, error]

	// Changes yields facts in the order of their commit after a cursor, and ends when caught
	// up. No fact is ever jumped over; consumers must accept one again. Within one Append the
	// order is that of the offer. A redacted fact comes again in its new place; a removed one
	// no more. A cursor of another store is ErrCursor.
	Changes(ctx context.Context, after Cursor) iter.Seq2[Change, error]

	// Erase removes, redacts and suppresses in one atomic step, from which on reads and
	// appends obey it, then purges the bytes. The same ID again finishes or reports the
	// first. An error after that step leaves an erasure that the next Erase, and the next
	// open, finishes; Receipt.Done tells.
	Erase(ctx context.Context, e Erasure) (Receipt, error)

	// Close releases the store. A second Close is nil; any other call after it is ErrClosed.
	Close() error
}
