package sqlitestore_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// leftovers counts the pages of facts and summaries, and those with something between
// their pointers and cells: copies of cells that were moved, which no delete reaches.
func leftovers(t *testing.T, path string) (pages, dirty int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT p.data FROM dbstat AS d JOIN sqlite_dbpage AS p ON p.pgno = d.pageno WHERE d.name IN ('fact', 'summary') AND d.pagetype = 'leaf' AND d.path <> '/'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var page []byte
		if err := rows.Scan(&page); err != nil {
			t.Fatal(err)
		}
		pages++
		head := map[byte]int{10: 8, 13: 8}[page[0]]
		if gap := page[head+2*int(binary.BigEndian.Uint16(page[3:])) : binary.BigEndian.Uint16(page[5:])]; head == 0 || len(bytes.Trim(gap, "\x00")) > 0 {
			dirty++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return pages, dirty
}

// S11: an erasure leaves no copy in a page, neither of what it removes nor of what it moves,
// which a later one would miss.
func TestNoPageKeepsACopy(t *testing.T) {
	rounds := 40
	if long() {
		rounds = 1000
	}
	if testing.Short() {
		t.Skip("one goroutine and thousands of pages: not with -short")
	}
	path := filepath.Join(folder(t), "facts.db")
	s := open(t, path, nil)
	g := rand.New(rand.NewPCG(1, 8))
	next, most := 0, 0
	var cursor storage.Cursor
	for round := range rounds {
		var facts []storage.Fact
		for range 1 + g.IntN(400) {
			f := touch(next)
			f.Touch.Touchpoint = strings.Repeat("a page ", 1+g.IntN(20))
			if g.IntN(40) == 0 { // spills over
				f.Touch.Props = f.Touch.Props.SetText("x", strings.Repeat("y", g.IntN(20_000)))
			}
			facts = append(facts, f)
			next++
		}
		add(t, s, facts...)
		var rows []storage.Summary
		for range g.IntN(100) {
			rows = append(rows, storage.Summary{Subject: [16]byte{byte(g.Uint32()), byte(g.Uint32())}, IDs: []identity.ID{identity.MakeID(identity.UserID, fmt.Sprint("s", g.IntN(300)))}, Stage: "aware", Body: make([]byte, g.IntN(900))})
		}
		to := storage.MakeCursor(fmt.Sprint("place-", round))
		if err := s.PutSummaries(t.Context(), "m", cursor, to, nil, rows); err != nil {
			t.Fatal(err)
		}
		e := storage.Erasure{ID: fmt.Sprint("e", round), At: touch(0).At()}
		switch g.IntN(4) {
		case 0: // here and there
			e.Remove = []storage.Query{{IDs: []identity.ID{identity.MakeID(identity.UserID, fmt.Sprint("u", g.IntN(50)))}}}
		case 1: // much side by side
			e.Remove = []storage.Query{{From: touch(g.IntN(next)).At(), Limit: 1 + g.IntN(1500)}}
		case 2:
			e.Remove = []storage.Query{{Classes: []storage.Class{storage.ClassTouch}, Limit: 1 + g.IntN(300), Desc: true}}
		default:
			for n := g.IntN(next); n < next && len(e.Redact) < 60; n += 1 + g.IntN(9) {
				f := touch(n)
				f.Touch.IDs, f.Touch.Redacted = nil, true
				e.Redact = append(e.Redact, f)
			}
		}
		if rec, err := s.Erase(t.Context(), e); err != nil || !rec.Done || len(rec.OutOfReach) > 0 {
			t.Fatal(rec, err)
		}
		pages, dirty := leftovers(t, path)
		if most = max(most, pages); dirty > 0 {
			t.Fatalf("round %d: %d of %d pages hold copies", round, dirty, pages)
		}
		var err error
		if cursor, err = s.SummaryCursor(t.Context(), "m"); err != nil {
			t.Fatal(err)
		}
	}
	if most < 100 {
		t.Errorf("%d pages are too few to tell", most)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var text string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&text); err != nil || text != "ok" {
		t.Error(text, err)
	}
}
