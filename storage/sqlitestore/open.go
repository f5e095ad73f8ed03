package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/storage"
)

var (
	errPath    = errors.New("sqlitestore: a path of a file is needed; for memory use memstore")
	errRemote  = errors.New("sqlitestore: a network file system cannot hold a database that several connections write")
	errForeign = errors.New("sqlitestore: the file is not a store of this program")
	errPragma  = errors.New("sqlitestore: the driver does not set a pragma")
	errOption  = errors.New("sqlitestore: negative option")
)

// openFor is how long Open waits for other processes that open or migrate the same file.
const openFor = 30 * time.Second

// Open opens the file, makes it where there is none, migrates it, and finishes erasures
// that a crash cut short. It refuses ":memory:" (use memstore), a file that is another
// program's database, and a schema that is newer than the program (storage.ErrSchemaNew).
func Open(path string, o *Options) (*Store, error) {
	s := &Store{}
	if o != nil {
		s.opts = *o
	}
	switch {
	case path == "" || path == ":memory:" || strings.ContainsRune(path, 0):
		return nil, errPath
	case s.opts.Readers < 0 || s.opts.CacheMiB < 0:
		return nil, errOption
	case remote(path):
		return nil, errRemote
	}
	if s.opts.Driver == "" {
		s.opts.Driver = "sqlite"
	}
	if s.opts.Readers == 0 {
		s.opts.Readers = 8
	}
	if s.opts.CacheMiB == 0 {
		s.opts.CacheMiB = 64
	}
	ctx, cancel := context.WithTimeout(context.Background(), openFor)
	defer cancel()
	err := s.connect(ctx, path)
	if err == nil {
		err = s.resume(ctx)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context, path string) (err error) {
	if s.path, err = filepath.Abs(path); err != nil {
		return errPath
	}
	if err := checkHeader(s.path); err != nil {
		return err
	}
	if s.writer, err = sql.Open(s.opts.Driver, s.dsn(false)); err != nil {
		return s.failure(ctx, "open", err)
	}
	s.writer.SetMaxOpenConns(1)
	if err := s.patient(ctx, func() error { return s.begin(ctx) }); err != nil {
		return err
	}
	if s.readers, err = sql.Open(s.opts.Driver, s.dsn(true)); err != nil {
		return s.failure(ctx, "open", err)
	}
	s.readers.SetMaxOpenConns(s.opts.Readers)
	s.readers.SetMaxIdleConns(s.opts.Readers)
	return s.patient(ctx, func() error {
		c, err := s.readers.Conn(ctx)
		if err != nil {
			return s.failure(ctx, "open", err)
		}
		defer c.Close()
		return s.checkPragmas(ctx, c, true)
	})
}

// checkHeader refuses a file that is no database, or another program's, before a
// connection changes it. A file that is new, or that a crash left half made, has no mark.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return errors.Join(storage.ErrUnavailable, errors.Unwrap(err))
	}
	defer f.Close()
	var head [100]byte
	switch n, err := io.ReadFull(f, head[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil || string(head[:16]) != "SQLite format 3\x00":
		return &storage.CorruptError{Where: "database", Offset: 0}
	}
	if id := binary.BigEndian.Uint32(head[68:]); id != 0 && id != applicationID {
		return errForeign
	}
	return nil
}

// begin takes the writer's connection, migrates the file and reads its name.
func (s *Store) begin(ctx context.Context) error {
	c, err := s.writer.Conn(ctx)
	if err != nil {
		return s.failure(ctx, "open", err)
	}
	defer c.Close()
	if err := s.checkPragmas(ctx, c, false); err != nil {
		return err
	}
	if err := migrate(ctx, c, !s.opts.KeepSchema); err != nil {
		if errors.Is(err, errForeign) {
			return err
		}
		return s.failure(ctx, "migrate", err)
	}
	if err := c.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'name'").Scan(&s.name); err != nil {
		return s.failure(ctx, "open", err)
	}
	return nil
}

// patient repeats what another process's lock keeps from being done.
func (s *Store) patient(ctx context.Context, do func() error) error {
	for {
		err := do()
		if code := codeOf(err); code != codeBusy && code != codeLocked || ctx.Err() != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// dsn names the file and sets the pragmas, so that every connection of a pool has them.
func (s *Store) dsn(reader bool) string {
	v := url.Values{}
	for _, p := range s.pragmas(reader) {
		v.Add("_pragma", p.name+"("+p.value+")")
	}
	return "file:" + (&url.URL{Path: filepath.ToSlash(s.path)}).EscapedPath() + "?" + v.Encode()
}

type pragma struct{ name, value, read string } // read: how SQLite prints the value

func (s *Store) pragmas(reader bool) []pragma {
	synchronous := pragma{"synchronous", "FULL", "2"} // costs nothing at batches of a thousand, which writes bound
	if s.opts.Unsafe {
		synchronous = pragma{"synchronous", "NORMAL", "1"}
	}
	cache := strconv.Itoa(-1024 * s.opts.CacheMiB)
	list := []pragma{
		{"busy_timeout", "5000", "5000"}, // first: the others may have to wait
		{"journal_mode", "WAL", "wal"},
		synchronous,
		{"wal_autocheckpoint", "16384", "16384"}, // pages; 40 % more throughput than the default
		{"secure_delete", "ON", "1"},             // erased bytes are overwritten
		{"temp_store", "MEMORY", "2"},            // sorting leaves no copies in files
		{"foreign_keys", "ON", "1"},
		{"cache_size", cache, cache},
		{"trusted_schema", "OFF", "0"},
	}
	if reader {
		list = append(list, pragma{"query_only", "ON", "1"})
	}
	return list
}

// checkPragmas reads the pragmas back: durability rests on them.
func (s *Store) checkPragmas(ctx context.Context, c *sql.Conn, reader bool) error {
	for _, p := range s.pragmas(reader) {
		var got string
		if err := c.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return s.failure(ctx, "open", err)
		}
		if got != p.read {
			return errPragma
		}
	}
	return nil
}
