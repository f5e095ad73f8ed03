package logstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sort"

	"github.com/tabi-go/tabi/storage"
)

// byKey returns the facts of some keys that are there.
func (s *Store) byKey(ctx context.Context, keys []storage.Key) (map[storage.Key]storage.Fact, error) {
	found := make(map[storage.Key]storage.Fact, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	for f, err := range s.Store.Scan(ctx, storage.Query{Keys: keys}) {
		if err != nil {
			return nil, err
		}
		found[f.Key()] = f
	}
	return found, nil
}

// walkChunk is how many facts a walk looks up at once.
const walkChunk = 256

// walk calls f for the facts of these places that are there, in their order.
func (s *Store) walk(ctx context.Context, order []place, f func(place, storage.Fact) error) error {
	for len(order) > 0 {
		chunk := order[:min(walkChunk, len(order))]
		order = order[len(chunk):]
		keys := make([]storage.Key, len(chunk))
		for i, p := range chunk {
			keys[i] = p.key
		}
		facts, err := s.byKey(ctx, keys)
		if err != nil {
			return err
		}
		for _, p := range chunk {
			if fact, ok := facts[p.key]; ok {
				if err := f(p, fact); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// errStop ends a walk whose loop was left.
var errStop = errors.New("logstore: stop")

// Changes is storage.Store's. Cursors survive the store.
func (s *Store) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		order, err := s.since(ctx, after)
		if err == nil {
			err = s.walk(ctx, order, func(p place, f storage.Fact) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				if !yield(storage.Change{Cursor: s.cursor(p.seq), Fact: f}, nil) {
					return errStop
				}
				return nil
			})
		}
		if err != nil && err != errStop {
			yield(storage.Change{}, err)
		}
	}
}

func (s *Store) cursor(seq uint64) storage.Cursor {
	return storage.MakeCursor(fmt.Sprintf("log-%016x-%d", s.id, seq))
}

// since returns the places after a cursor.
func (s *Store) since(ctx context.Context, after storage.Cursor) ([]place, error) {
	if ctx == nil {
		return nil, storage.ErrNoContext
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	after = storage.UnmarkCursor(after)
	if after == (storage.Cursor{}) {
		return s.order, nil
	}
	var id, seq uint64
	if _, err := fmt.Sscanf(after.String(), "log-%x-%d", &id, &seq); err != nil || after != s.cursor(seq) || seq == 0 || seq >= s.next {
		return nil, storage.ErrCursor
	}
	return s.order[sort.Search(len(s.order), func(i int) bool { return s.order[i].seq > seq }):], nil
}
