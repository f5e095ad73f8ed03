package memstore

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/storage"
)

// Changes is storage.Store's.
func (s *Store) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		name, from, n, err := s.changesFrom(ctx, after)
		for err == nil && from < n {
			var rows []storage.Row
			var ends []uint32 // 1 + the index of each row
			rows, ends, from, err = s.changeRows(ctx, from, n)
			for i := range rows {
				f, err := rows[i].Fact()
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(storage.Change{}, err)
					return
				}
				if !yield(storage.Change{Cursor: cursor(name, ends[i]), Fact: f}, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(storage.Change{}, err)
		}
	}
}

func cursor(name string, n uint32) storage.Cursor {
	return storage.MakeCursor("mem-" + name + "-" + strconv.FormatUint(uint64(n), 10))
}

// changesFrom reads a cursor: the row to begin with, and how many there are.
func (s *Store) changesFrom(ctx context.Context, after storage.Cursor) (name string, from, n uint32, err error) {
	if ctx == nil {
		return "", 0, 0, storage.ErrNoContext
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return "", 0, 0, err
	}
	name, n = s.id(), s.rows.n
	after = storage.UnmarkCursor(after)
	if after == (storage.Cursor{}) {
		return name, 0, n, nil
	}
	from, err = s.parseCursor(after)
	return name, from, n, err
}

func (s *Store) parseCursor(c storage.Cursor) (uint32, error) {
	text := c.String()
	k, err := strconv.ParseUint(text[strings.LastIndexByte(text, '-')+1:], 10, 32)
	if err != nil || uint32(k) > s.rows.n || k == 0 || c != cursor(s.name, uint32(k)) {
		return 0, storage.ErrCursor
	}
	return uint32(k), nil
}

// changeRows copies the next live rows.
func (s *Store) changeRows(ctx context.Context, from, n uint32) (rows []storage.Row, ends []uint32, next uint32, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.begin(ctx); err != nil {
		return nil, nil, from, err
	}
	for next = from; next < n && len(rows) < lastChunk && next-from < maxWalk; next++ {
		if r := s.rows.at(next); r != nil && r.state() == live {
			rows = append(rows, *s.copyRow(r))
			ends = append(ends, next+1)
		}
	}
	return rows, ends, next, nil
}
