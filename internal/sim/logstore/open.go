package logstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// Open opens the log in a folder, or makes it; nil options are the defaults. A log that
// another writer has open is storage.ErrLocked, at once. What a crash left unfinished is
// finished first: a torn end is cut, an erasure completed. A record that is damaged and
// not the torn end is a *storage.CorruptError with its offset. Where the files cannot be
// read or written it is storage.ErrUnavailable.
func Open(fsys crashfs.FS, dir string, o *Options) (*Store, error) {
	if o == nil {
		o = new(Options)
	}
	if err := fsys.Mkdir(dir); err != nil {
		return nil, unavailable(err)
	}
	own, err := own(fsys, dir, o.Steal)
	if err != nil {
		return nil, err
	}
	s := &Store{Store: memstore.New(nil), fs: fsys, dir: dir, owner: own, rows: make(map[[16]byte]row), next: 1, id: o.ID}
	if err := s.open(o.Steal, o.Memo); err != nil {
		if s.file != nil {
			err = errors.Join(err, s.file.Close())
		}
		return nil, errors.Join(err, own.Close())
	}
	return s, nil
}

// open reads the log, and writes it again where that is called for.
func (s *Store) open(stolen bool, memo *Memo) error {
	f, err := s.fs.Open(path.Join(s.dir, logName))
	if errors.Is(err, fs.ErrNotExist) {
		for s.id == 0 {
			var b [8]byte
			rand.Read(b[:]) // never fails
			s.id = binary.BigEndian.Uint64(b[:])
		}
		return s.rewrite()
	} else if err != nil {
		return unavailable(err)
	}
	s.file = f
	data, err := readAll(f)
	if err != nil {
		return unavailable(err)
	}
	l, err := parseLog(data)
	if err != nil {
		return err
	}
	facts, next, unwept, err := l.replay(memo)
	if err != nil {
		return err
	}
	s.id, s.next, s.end = l.id, next, l.end
	if err := s.load(facts); err != nil {
		return err
	}
	if stolen || unwept || l.torn || !l.marked {
		return s.rewrite()
	}
	// The last writer may have died before it renamed a new log, or before it synced the
	// folder.
	if err := s.fs.Remove(path.Join(s.dir, newName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unavailable(err)
	}
	if err := s.fs.SyncDir(s.dir); err != nil {
		return unavailable(err)
	}
	return nil
}

func readAll(f crashfs.File) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if n, err := f.ReadAt(data, 0); err != nil && !(errors.Is(err, io.EOF) && n == len(data)) {
		return nil, err
	}
	return data, nil
}

// loadBatch is how many facts are brought to memory at once: the longest fit into a batch.
const loadBatch = storage.MaxBatchBytes / storage.MaxBody

// errLoad says that a log holds what no store accepts.
var errLoad = &storage.CorruptError{Where: logName, Offset: -1}

// load brings the facts of the log to memory.
func (s *Store) load(facts []entry) error {
	ctx := context.Background()
	s.rows, s.order = make(map[[16]byte]row, len(facts)), make([]place, 0, len(facts))
	batch := make([]storage.Fact, 0, min(len(facts), loadBatch))
	flush := func() error {
		outs, err := s.Store.Append(ctx, batch)
		if err != nil || touchpoint.Count(outs)[touchpoint.Accepted] != len(batch) {
			return errLoad
		}
		batch = batch[:0]
		return nil
	}
	for _, f := range facts {
		s.rows[f.hash] = f.row
		s.order = append(s.order, place{f.seq, f.key, f.hash})
		if e := f.fact.Erasure; e != nil {
			s.list.Join(*e)
			if err := flush(); err != nil {
				return err
			}
			// In memory the erasure finds nothing to remove; what stays on record is the same.
			if _, err := s.Store.Erase(ctx, storage.Erasure{ID: e.ID, At: e.At, Suppress: e.Entries, Note: *e}); err != nil {
				return errLoad
			}
		} else if batch = append(batch, f.fact); len(batch) == loadBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// rewrite writes what is in memory to a new file and puts it in the place of the log. The
// lock is held. Until the rename an error has changed nothing; after it the store is
// poisoned, since a power cut could bring the old file back.
func (s *Store) rewrite() error {
	name := path.Join(s.dir, newName)
	f, err := s.fs.Create(name)
	if err != nil {
		return unavailable(err)
	}
	end, err := s.writeAll(f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = s.owner.check()
	}
	if err != nil {
		return errors.Join(unavailable(err), f.Close())
	}
	err = s.fs.Rename(name, path.Join(s.dir, logName))
	if err == nil {
		err = s.fs.SyncDir(s.dir)
	}
	if err != nil {
		s.poison = uncertain(err)
		return errors.Join(s.poison, f.Close())
	}
	if s.file != nil {
		_ = s.file.Close() // of the old file nothing is wanted any more
	}
	s.file, s.end, s.unwept = f, end, false
	return nil
}

// writeAll writes a whole log and returns its length. The marks are written with the
// records: the file gets its name only after it was synced.
func (s *Store) writeAll(f crashfs.File) (int64, error) {
	room := int(min(s.end, rewriteSize)) // the new log is about as long as the old one
	b := appendHeader(make([]byte, 0, room), s.id)
	end := int64(0)
	w := newWriter(0, nil)
	w.b = slices.Grow(w.b, room)
	flush := func() error {
		b = appendMark(append(b, w.finish(s.id)...), s.id, w.seq())
		_, err := f.WriteAt(b, end)
		end += int64(len(b))
		b = b[:0]
		return err
	}
	for _, p := range s.order {
		if len(w.b) > rewriteSize {
			if err := flush(); err != nil {
				return 0, err
			}
			w = newWriter(p.seq, nil)
		}
		r := s.rows[p.hash]
		w.fact(p.seq, r.received, r.body)
	}
	err := flush()
	return end, err
}

// rewriteSize is how long a record of a rewritten log may be before another is begun.
const rewriteSize = 64 << 10
