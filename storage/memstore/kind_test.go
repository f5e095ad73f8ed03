package memstore_test

import (
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// Only touches have a kind: not even the empty one finds anything else.
func TestAQueryByKindFindsTouchesOnly(t *testing.T) {
	s, at := memstore.New(nil), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	a, b := identity.MakeID(identity.UserID, "a"), identity.MakeID(identity.UserID, "b")
	if _, err := s.Append(t.Context(), []storage.Fact{
		{Touch: &touchpoint.Touch{Source: "s", ID: "1", At: at, Kind: "k", IDs: []identity.ID{a}}},
		{Evidence: &identity.Evidence{A: a, B: b, Source: "s", At: at}},
	}); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[touchpoint.Kind]int64{"": 0, "k": 1} {
		for _, q := range []storage.Query{{Kinds: []touchpoint.Kind{kind}}, {Kinds: []touchpoint.Kind{kind}, IDs: []identity.ID{a}}} {
			if n, err := storage.Count(t.Context(), s, q); n != want || err != nil {
				t.Errorf("kind %q: %d facts, %v", kind, n, err)
			}
		}
	}
}
