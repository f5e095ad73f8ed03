// Package sqlitestore keeps facts in one SQLite file: the store to ship inside a program.
//
// Call [Open] with a path, hand the [Store] to a journey.Tracker, and Close it at the end.
// The driver is modernc.org/sqlite, pure Go; another SQLite driver for database/sql can be
// named in [Options].
//
// What is acknowledged is durable: the write-ahead log is synced at every commit, and calls
// that wait at the same time share one commit. It rests on journal_mode=WAL and
// synchronous=FULL, which every connection gets from its DSN; a test reads them back, and
// another cuts the power in a log of the driver's system calls. Several
// processes may open one file on a local disk; a network file system is refused where it
// can be told. There is one writer at a time, so throughput comes from batches and from
// callers in parallel.
//
// An iteration holds one of the reading connections until it ends or its loop stops; one
// more than there are waits for a free one, or for the end of its context.
//
// Bytes of erased facts are overwritten in the file and leave the log with its next full
// checkpoint; while a reader holds the log, Receipt.OutOfReach names "journal" and
// [Store.Reclaim] finishes later.
//
// After a failed sync the store is poisoned: appends answer Retry with ErrUncertain until
// it is closed and opened again, because a second sync that succeeds proves nothing.
package sqlitestore
