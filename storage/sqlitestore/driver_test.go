package sqlitestore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/tabi-go/tabi/storage/storetest"
)

// A wrecker is a driver that fails as it is told, for one store.
type wrecker struct {
	name  string
	inner driver.Driver
	fault atomic.Int32 // a storetest.Fault
	codes atomic.Int32 // result code of commits that are answered by an error; 0 = SQLITE_PROTOCOL
	cut   atomic.Bool

	step  func()       // called between what a kill may part; nil: nothing
	calls atomic.Int64 // of statements within transactions

	hold    sync.Mutex // held: commits wait
	waiting atomic.Int64
	commits atomic.Int64
}

var wreckers atomic.Int64

// newWrecker registers a driver of its own: sql.Register has no opposite.
func newWrecker() *wrecker {
	w := &wrecker{name: fmt.Sprint("sqlite-wrecker-", wreckers.Add(1)), inner: new(sqlite.Driver)}
	sql.Register(w.name, w)
	return w
}

// A codeError is an error of the engine; its text quotes a row, as those of drivers may.
type codeError struct{ code int }

func (e codeError) Error() string { return "constraint failed: zq-secret-value" }
func (e codeError) Code() int     { return e.code }

func (w *wrecker) Open(name string) (driver.Conn, error) {
	if w.cut.Load() {
		return nil, driver.ErrBadConn
	}
	c, err := w.inner.Open(name)
	if err != nil {
		return nil, err
	}
	return &wreckedConn{Conn: c, w: w}, nil
}

type wreckedConn struct {
	driver.Conn
	w *wrecker
}

func (c *wreckedConn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

func (c *wreckedConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if c.w.cut.Load() {
		return nil, driver.ErrBadConn
	}
	st, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &wreckedStmt{Stmt: st, c: c, text: text}, nil
}

type wreckedStmt struct {
	driver.Stmt
	c    *wreckedConn
	text string
}

// stepFor is how many statements within a transaction share a step: nothing of them is
// there before the commit.
const stepFor = 25

func (s *wreckedStmt) before() error {
	w := s.c.w
	if w.step != nil && (s.text == "BEGIN IMMEDIATE" || s.text == "COMMIT" || strings.HasPrefix(s.text, "PRAGMA wal") || w.calls.Add(1)%stepFor == 0) {
		w.step()
	}
	if w.cut.Load() {
		return driver.ErrBadConn
	}
	writes := strings.HasPrefix(s.text, "INSERT") || strings.HasPrefix(s.text, "UPDATE") || strings.HasPrefix(s.text, "DELETE")
	switch storetest.Fault(w.fault.Load()) {
	case storetest.BeforeCommit:
		if s.text == "COMMIT" {
			return codeError{codeFull}
		}
	case storetest.DiskFull:
		if writes {
			return codeError{codeFull}
		}
	case storetest.ReadOnly:
		if writes {
			return codeError{codeReadOnly}
		}
	}
	return nil
}

const (
	codeReadOnly = 8
	codeIOErr    = 10
	codeFull     = 13
	codeProtocol = 15
)

func (s *wreckedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.before(); err != nil {
		return nil, err
	}
	if s.text == "COMMIT" {
		s.c.w.waiting.Add(1)
		s.c.w.hold.Lock()
		s.c.w.commits.Add(1)
		s.c.w.hold.Unlock()
	}
	r, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if s.c.w.step != nil && s.text == "COMMIT" {
		s.c.w.step()
	}
	if err == nil && s.text == "COMMIT" && storetest.Fault(s.c.w.fault.Load()) == storetest.LostCommitReply {
		if code := s.c.w.codes.Load(); code != 0 {
			return nil, codeError{int(code)}
		}
		return nil, codeError{codeProtocol}
	}
	return r, err
}

func (s *wreckedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.before(); err != nil {
		return nil, err
	}
	r, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	return &wreckedRows{r, s.c.w}, nil
}

type wreckedRows struct {
	driver.Rows
	w *wrecker
}

func (r *wreckedRows) Next(dest []driver.Value) error {
	if r.w.cut.Load() {
		return driver.ErrBadConn
	}
	if storetest.Fault(r.w.fault.Load()) == storetest.SlowRead {
		time.Sleep(10 * time.Microsecond)
	}
	return r.Rows.Next(dest)
}

// A spy reads back the settings of every connection that it opens.
type spy struct {
	driver.Driver
	mu   sync.Mutex // guards seen
	seen []map[string]string
}

func (s *spy) Open(name string) (driver.Conn, error) {
	c, err := s.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	settings := make(map[string]string)
	for _, p := range []string{"journal_mode", "synchronous", "secure_delete", "temp_store", "trusted_schema", "busy_timeout", "query_only"} {
		rows, err := c.(driver.QueryerContext).QueryContext(context.Background(), "PRAGMA "+p, nil)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		value := make([]driver.Value, 1)
		if err := errors.Join(rows.Next(value), rows.Close()); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		settings[p] = fmt.Sprint(value[0])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, settings)
	return c, nil
}
