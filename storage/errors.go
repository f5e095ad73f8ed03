package storage

import (
	"errors"
	"strconv"
)

// The errors a caller decides by. ErrUnavailable and ErrUncertain wrap their cause. No
// error of a store holds an identifier or a value.
var (
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("storage: store is closed")
	// ErrUnavailable: nothing happened; repeat freely.
	ErrUnavailable = errors.New("storage: store is unavailable")
	// ErrUncertain: it may have happened. Repeating is right, as keys decide; views built
	// from the store must be built again.
	ErrUncertain = errors.New("storage: outcome is uncertain")
	// ErrBatchTooLarge: more than [MaxBatch] facts, or more than [MaxBatchBytes] of them.
	ErrBatchTooLarge = errors.New("storage: batch is too large")
	// ErrLimit: a query field with more than [MaxValues] values, a component with too many
	// ties, or more than [MaxIterations] open iterations.
	ErrLimit = errors.New("storage: limit exceeded")
	// ErrCursor: the cursor is garbled or of another store.
	ErrCursor = errors.New("storage: cursor is not of this store")
	// ErrStale: another refresher moved the cursor of the summaries first.
	ErrStale = errors.New("storage: summary cursor has moved")
	// ErrAll: an erasure with a query that has no condition, which would remove everything.
	ErrAll = errors.New("storage: erasure without a condition")
	// ErrErasure: an erasure without an id or instant, with a replacement that changes key,
	// class or instant, or with an added fact that is neither residue nor audit.
	ErrErasure = errors.New("storage: erasure is not well-formed")
	// ErrLocked: another process writes this store.
	ErrLocked = errors.New("storage: store is locked by another process")
	// ErrUnsupported: the store lacks the optional interface.
	ErrUnsupported = errors.New("storage: not supported by this store")
	// ErrSchemaOld: the database needs a migration.
	ErrSchemaOld = errors.New("storage: schema is older than the program")
	// ErrSchemaNew: the database was written by a later release.
	ErrSchemaNew = errors.New("storage: schema is newer than the program")
	// ErrNoContext: the context is nil.
	ErrNoContext = errors.New("storage: nil context")
)

// A CorruptError says where stored bytes are damaged: a file, table or encoding, and the
// offset in it, −1 where there is none. What is damaged is never skipped silently.
type CorruptError struct {
	Where  string
	Offset int64
}

// Error names the place.
func (e *CorruptError) Error() string {
	if e.Offset < 0 {
		return "storage: corrupt " + e.Where
	}
	return "storage: corrupt " + e.Where + " at " + strconv.FormatInt(e.Offset, 10)
}
