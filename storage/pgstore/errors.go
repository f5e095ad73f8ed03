package pgstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A failure is what is told of an error of the driver: its class, and a cause without the
// driver's text, which quotes rows.
type failure struct {
	class error // storage.ErrUnavailable or storage.ErrUncertain
	cause error
}

func (f *failure) Error() string   { return "pgstore: " + f.cause.Error() }
func (f *failure) Unwrap() []error { return []error{f.class, f.cause} }

// A serverError is the code of an error that the server reported: SQLSTATE, appendix A of
// the manual.
type serverError string

func (e serverError) Error() string { return "the server reports " + string(e) }

// Is makes a full disk look as it does elsewhere.
func (e serverError) Is(target error) bool { return e == "53100" && target == syscall.ENOSPC }

var errConnection = errors.New("the connection failed")

// classify turns an error of the driver, before any commit was sent, into one of ours.
func classify(ctx context.Context, err error) error {
	var known *failure
	var corrupt *storage.CorruptError
	switch {
	case err == nil, errors.As(err, &known), errors.As(err, &corrupt), isOurs(err):
		return err
	case ctx.Err() != nil:
		return &failure{storage.ErrUnavailable, ctx.Err()}
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		if strings.HasPrefix(server.Code, "XX") {
			return &storage.CorruptError{Where: "database, SQLSTATE " + server.Code, Offset: -1}
		}
		return &failure{storage.ErrUnavailable, serverError(server.Code)}
	}
	return &failure{storage.ErrUnavailable, connectionError(err)}
}

// isOurs reports whether a step of ours has decided already.
func isOurs(err error) bool {
	for _, e := range []error{storage.ErrClosed, storage.ErrErasure, storage.ErrStale, storage.ErrSchemaNew, storage.ErrSchemaOld, touchpoint.ErrInvalid, errSchema, errGeneration} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// classifyCommit is classify for the answer to a commit. Only an answer says that nothing
// happened; that of a server which goes down does not. What the driver says of safety to
// retry is not looked at: a lost answer may come out of it as "conn closed", which it
// takes for an error before anything was sent.
func classifyCommit(ctx context.Context, err error) error {
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Severity == "ERROR" {
		return classify(ctx, err)
	}
	cause := ctx.Err()
	if server != nil {
		cause = serverError(server.Code)
	} else if cause == nil {
		cause = connectionError(err)
	}
	return &failure{storage.ErrUncertain, cause}
}

// connectionError keeps the number of a system error, and nothing of the text.
func connectionError(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return errConnection
}

// repeatable reports whether a transaction that failed so before its commit may succeed
// when it is begun again at once.
func repeatable(ctx context.Context, err error) bool {
	var f *failure
	if !errors.As(err, &f) || ctx.Err() != nil || !errors.Is(err, storage.ErrUnavailable) {
		return false
	}
	var no syscall.Errno
	switch code, ok := f.cause.(serverError); {
	case ok:
		return code == "40001" || code == "40P01" || code == "57P01"
	default:
		return f.cause == errConnection || errors.As(f.cause, &no)
	}
}

// isCode reports whether the server reported this error.
func isCode(err error, codes ...string) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && slices.Contains(codes, server.Code)
}
