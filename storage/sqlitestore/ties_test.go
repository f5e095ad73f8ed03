package sqlitestore_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// The touches of groups are read as they lie in the table: in the order of sets, which is
// that of digests, each would be a page from somewhere.
func TestTiesAreReadInTheOrderOfTheTable(t *testing.T) {
	s := open(t, filepath.Join(folder(t), "facts.db"), nil)
	for n := range 300 {
		add(t, s, seen(n))
	}
	var last time.Time
	n := 0
	for tie, err := range s.Ties(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; tie.Sighting.At.Before(last) {
			t.Fatalf("tie %d is of %v, after one of %v", n, tie.Sighting.At, last)
		}
		last = tie.Sighting.At
	}
	if n != 300 {
		t.Errorf("%d ties", n)
	}
}

// More groups than are held at once.
func TestTiesOfManyGroups(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred thousand groups: not with -short")
	}
	const n = 110_000
	path := filepath.Join(folder(t), "facts.db")
	s := open(t, path, nil)
	add(t, s, seen(0))
	if err := execute(path, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
INSERT INTO fact(key, class, at, received, source, id, kind, idset, hash, body) SELECT randomblob(16), 1, f.at + i, received, source, i, kind, randomblob(16), hash, body FROM n, fact AS f WHERE f.seq = 1;
INSERT INTO idset SELECT idset, 1, source, x'' FROM fact WHERE seq > 1`, n-1)); err != nil {
		t.Fatal(err)
	}
	var told [n]bool
	for tie, err := range s.Ties(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		i := tie.Last.Sub(tie.Sighting.At).Microseconds()
		if tie.Count != 1 || told[i] {
			t.Fatalf("group %d comes again, or has %d touches", i, tie.Count)
		}
		told[i] = true
	}
	for i, ok := range told {
		if !ok {
			t.Fatalf("group %d is not told", i)
		}
	}
}

// seen is a touch of the n-th of many people.
func seen(n int) storage.Fact {
	return storage.Fact{Touch: &touchpoint.Touch{
		Source: "web", ID: fmt.Sprint(n), At: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC), Kind: touchpoint.KindPageview,
		IDs: []identity.ID{identity.MakeID(identity.UserID, fmt.Sprint("u", n))},
	}}
}
