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
