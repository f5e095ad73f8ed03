package storage_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

func TestIDsComeBack(t *testing.T) {
	ids := []identity.ID{identity.MakeID("other_id", "Á 'x'\x1f\x00"), identity.MakeID(identity.UserID, "u1")}
	b := storage.AppendIDs(nil, ids)
	if got, err := storage.ReadIDs(b); err != nil || !slices.Equal(got, ids) {
		t.Errorf("%d identifiers, error %v", len(got), err)
	}
	if got, err := storage.ReadIDs(nil); err != nil || got != nil {
		t.Errorf("of nothing: %d identifiers, error %v", len(got), err)
	}
	for n := 1; n < len(b); n++ { // cut anywhere but between two
		var c *storage.CorruptError
		if got, err := storage.ReadIDs(b[:n]); len(got) != 1 && !errors.As(err, &c) {
			t.Errorf("cut at %d: %d identifiers, error %v", n, len(got), err)
		}
	}
}

func TestCursorsKeepTheirPlaceUnderAMark(t *testing.T) {
	for _, text := range []string{"", "mem-1-7", "a!b", "a!01", "a!-3", "a!", "a!0"} {
		c := storage.MakeCursor(text)
		if storage.MarkCursor(c, 0) != c || storage.UnmarkCursor(c) != c {
			t.Errorf("%q is changed without a mark", text)
		}
		if m := storage.MarkCursor(c, 12); m == c || m == storage.MarkCursor(c, 13) || storage.UnmarkCursor(m) != c {
			t.Errorf("%q marked is %q", text, m)
		}
	}
}
