package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// The primary result codes that decide something.
const (
	codeBusy     = 5
	codeLocked   = 6
	codeReadOnly = 8
	codeIOErr    = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeNotADB   = 26
)

// codeOf returns the primary result code that an error carries, 0 for none.
func codeOf(err error) int {
	var c interface{ Code() int }
	if errors.As(err, &c) {
		return c.Code() & 0xFF
	}
	return 0
}

// A resultError is what is kept of a driver's error: its text may quote a row.
type resultError struct {
	doing string
	code  int
}

func (e *resultError) Error() string {
	if e.code == 0 {
		return "sqlitestore: " + e.doing + ": the driver failed"
	}
	return "sqlitestore: " + e.doing + ": result code " + strconv.Itoa(e.code)
}

// Code returns SQLite's primary result code, 0 if it is not known.
func (e *resultError) Code() int { return e.code }

// Unwrap gives the errno that fits.
func (e *resultError) Unwrap() error {
	switch e.code {
	case codeFull:
		return syscall.ENOSPC
	case codeReadOnly:
		return syscall.EROFS
	case codeIOErr:
		return syscall.EIO
	case codeBusy, codeLocked:
		return syscall.EBUSY
	}
	return nil
}

// decided are errors that say what they mean already.
var decided = []error{
	storage.ErrClosed, storage.ErrUnavailable, storage.ErrUncertain, storage.ErrLimit, storage.ErrCursor, storage.ErrErasure, storage.ErrStale,
	storage.ErrSchemaOld, storage.ErrSchemaNew, storage.ErrNoContext,
}

// failure says what became of a call whose statement failed before any commit was sent.
func (s *Store) failure(ctx context.Context, doing string, err error) error {
	var invalid *touchpoint.InvalidError
	var corrupt *storage.CorruptError
	if err == nil || errors.As(err, &invalid) || errors.As(err, &corrupt) {
		return err
	}
	for _, d := range decided {
		if errors.Is(err, d) {
			return err
		}
	}
	code := codeOf(err)
	switch {
	case s.closed.Load():
		return storage.ErrClosed
	case ctx.Err() != nil:
		return fmt.Errorf("sqlitestore: %s: %w", doing, ctx.Err())
	case code == codeCorrupt || code == codeNotADB:
		return &storage.CorruptError{Where: "database", Offset: -1}
	}
	return fmt.Errorf("%w: %w", storage.ErrUnavailable, &resultError{doing, code})
}

// commitFailure says what became of a commit that was answered by an error, and poisons
// the store where a sync may have failed.
func (s *Store) commitFailure(err error) error {
	code := codeOf(err)
	switch code {
	case codeFull, codeReadOnly, codeBusy, codeLocked: // the commit's own frame was not written
		return s.failure(context.Background(), "commit", err)
	}
	err = fmt.Errorf("%w: %w", storage.ErrUncertain, &resultError{"commit", code})
	if code == 0 || code == codeIOErr {
		s.poison.Store(&err)
	}
	return err
}
