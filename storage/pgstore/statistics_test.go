package pgstore_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
)

// The server keeps samples of columns for its planner: an erased value must not be in them.
func TestNoStatisticKeepsAValue(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	ctl := os.Getenv("TABI_TEST_POSTGRES_CTL")
	place := l.dsn + "\ntabi\n" + ctl[strings.LastIndexByte(ctl, ' ')+1:]
	if _, err := os.ReadDir(filepath.Join(folderOf(place), "data")); ctl == "" || err != nil {
		t.Skip("TABI_TEST_POSTGRES_CTL names no folder of the server's files that can be read")
	}
	s, err := l.open(ctx, pgstore.Options{Reclaim: pgstore.Full})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	secret := fmt.Sprintf("zq-%d-ann@example.com", os.Getpid())
	id := identity.MakeID(identity.Email, secret)
	var facts []storage.Fact
	var rows []storage.Summary
	for n := range 200 {
		f := view(n, id)
		f.Touch.ID, f.Touch.Touchpoint = fmt.Sprint(secret, " ", n), "page of "+secret
		facts = append(facts, f)
		rows = append(rows, storage.Summary{Subject: [16]byte{byte(n)}, IDs: []identity.ID{id, identity.MakeID(identity.UserID, fmt.Sprint("u", n))}, Stage: "aware", Body: []byte(secret)})
	}
	mustAppend(t, s, facts...)
	if err := s.PutSummaries(ctx, "m", storage.Cursor{}, storage.MakeCursor("place-1"), nil, rows); err != nil {
		t.Fatal(err)
	}
	if err := l.exec(ctx, s, "analyze {}fact, {}summary, {}suppression, {}erasing"); err != nil {
		t.Fatal(err)
	}
	found := func() (names []string) {
		t.Helper()
		list, err := filesOf(place)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			b, err := io.ReadAll(f)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if err == nil && bytes.Contains(b, []byte(secret)) {
				names = append(names, strings.TrimPrefix(f.(*os.File).Name(), folderOf(place)))
			}
		}
		return names
	}
	if len(found()) == 0 {
		t.Fatal("the search finds nothing before the erasure: it cannot tell")
	}
	rec, err := s.Erase(ctx, storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Classes: []storage.Class{storage.ClassTouch}}}})
	if err != nil || !rec.Done {
		t.Fatal(rec, err)
	}
	if rec.OutOfReach[0] == "table pages" { // others' transactions are in the way
		rec.OutOfReach = reclaimed(t, s)
	}
	if names := found(); len(names) > 0 {
		t.Errorf("the erased value is in %v, out of reach of %v", names, rec.OutOfReach)
	}
}
