package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// sorting changes what it was handed.
type sorting struct{ *memstore.Store }

func (s sorting) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	for _, f := range facts {
		if f.Touch != nil {
			slices.SortFunc(f.Touch.IDs, identity.CompareIDs)
		}
	}
	return s.Store.Append(ctx, facts)
}

// lenient begins anew where it does not know a cursor.
type lenient struct{ *memstore.Store }

func (s lenient) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		for c, err := range s.Store.Changes(ctx, after) {
			if errors.Is(err, storage.ErrCursor) {
				s.Store.Changes(ctx, storage.Cursor{})(yield)
				return
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// bodies is everything that a store has, as bytes; what was erased is there for ever.
func bodies(kept *bytes.Buffer) func(storage.Store) ([]io.ReadCloser, error) {
	return func(s storage.Store) ([]io.ReadCloser, error) {
		for f, err := range s.Scan(context.Background(), storage.Query{}) {
			if err != nil {
				return nil, err
			}
			b, err := storage.AppendFact(nil, f)
			if err != nil {
				return nil, err
			}
			kept.Write(b)
		}
		return []io.ReadCloser{io.NopCloser(bytes.NewReader(kept.Bytes()))}, nil
	}
}

func good(s *memstore.Store) storage.Store { return s }

// faultless has faults that do nothing.
func faultless() storetest.Harness {
	h := plain(good)
	h.Fault = func(storage.Store, storetest.Fault) (func() error, error) { return func() error { return nil }, nil }
	return h
}

// A harness that shows nothing, and a store that shows too much, are told by their rules.
func TestWrongHarnessesAndStoresAreCaughtByTheirRule(t *testing.T) {
	blank, hoarding := plain(good), plain(good)
	blank.Bytes = func(storage.Store) ([]io.ReadCloser, error) { return nil, nil }
	hoarding.Bytes = bodies(new(bytes.Buffer))
	for _, c := range []struct {
		name, rule, detail string
		harness            storetest.Harness
	}{
		{"bytes that show nothing", "S11/erase/bytes-are-gone", "cannot tell", blank},
		{"bytes that stay", "S11/erase/bytes-are-gone", "the erased value is there", hoarding},
		{"damage that nobody sees", "S10/fault/flipped-byte", "0 errors", faultless()},
		{"a disk that is never full", "S12/fault/disk-full", "outcome", faultless()},
		{"failures without an error", "S12/fault/no-identifier-in-errors", "the error is nil", faultless()},
		{"offered facts are sorted", "S13/append/", "was changed", plain(func(s *memstore.Store) storage.Store { return sorting{s} })},
		{"unknown cursors begin anew", "C6/changes/", "garbled cursor", plain(func(s *memstore.Store) storage.Store { return lenient{s} })},
	} {
		err := storetest.CheckOnly(t.Context(), c.harness, c.rule)
		var f *storetest.Failure
		if !errors.As(err, &f) || !strings.Contains(err.Error(), c.detail) {
			t.Errorf("%s: %v, want %q", c.name, err, c.detail)
		}
	}
}
