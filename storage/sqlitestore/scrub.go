package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"math"
	"slices"
)

// secure_delete zeroes what is deleted, but not the copies that stay behind, between the
// pointers and the cells of a page, when balancing moves cells to the page beside it. Such
// a copy would outlive the erasure of its fact. Facts are appended at the end of their
// tree, which moves nothing; so it is enough to zero the gaps around what was deleted, in
// the transaction that deletes. Summaries are written anywhere in theirs: an erasure
// zeroes all gaps of it.

// A tree reads and writes the pages of the tree of facts, in a transaction.
type tree struct {
	w     *writing
	root  int64
	inner map[int64][]byte // pages that point to others
	done  map[int64]bool   // leaves whose gap is zero
}

// canScrub reports whether the driver shows pages.
func (w *writing) canScrub() (able bool, err error) {
	const both = "SELECT count(*) = 2 FROM pragma_module_list WHERE name IN ('dbstat', 'sqlite_dbpage')"
	return able, w.get(both).Scan(&able)
}

// scrubFacts zeroes the gaps around facts that the transaction has deleted. Balancing
// takes a page and up to two on one side of it.
func (w *writing) scrubFacts(seqs []int64) error {
	if able, err := w.canScrub(); !able || err != nil || len(seqs) == 0 {
		return err
	}
	t := &tree{w: w, inner: make(map[int64][]byte), done: make(map[int64]bool)}
	if err := w.get("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'fact'").Scan(&t.root); err != nil {
		return err
	}
	slices.Sort(seqs)
	last := int64(math.MinInt64) // what is below has been looked at with the page before
	for _, seq := range seqs {
		if seq <= last {
			continue
		}
		low, high, err := t.scrub(seq)
		last = high
		for range 2 {
			if err == nil && low > math.MinInt64 {
				low, _, err = t.scrub(low)
			}
			if err == nil && high < math.MaxInt64 {
				_, high, err = t.scrub(high + 1)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scrub zeroes the gap of the leaf of a number, which has those above low up to high.
func (t *tree) scrub(seq int64) (low, high int64, err error) {
	low, high = math.MinInt64, math.MaxInt64
	n := t.root
	for {
		page := t.inner[n]
		if page == nil {
			if t.done[n] {
				return low, high, nil
			}
			if err := t.w.get("SELECT data FROM sqlite_dbpage WHERE pgno = ?", n).Scan(&page); err != nil {
				return low, high, err
			}
		}
		if page[0] != innerTable {
			t.done[n] = true
			return low, high, t.w.zeroGap(n, page)
		}
		t.inner[n] = page
		n = int64(binary.BigEndian.Uint32(page[8:])) // of all above the last key
		for i := range int(binary.BigEndian.Uint16(page[3:])) {
			cell := page[binary.BigEndian.Uint16(page[12+2*i:]):]
			if key := varint(cell[4:]); seq <= key {
				n, high = int64(binary.BigEndian.Uint32(cell)), key
				break
			} else {
				low = key
			}
		}
	}
}

// varint reads a number as SQLite writes it.
func varint(b []byte) int64 {
	var x uint64
	for i := range 8 {
		x = x<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return int64(x)
		}
	}
	return int64(x<<8 | uint64(b[8]))
}

// scrubSummaries zeroes the gaps of all summaries. The caller leads the queue.
func (s *Store) scrubSummaries() error {
	return s.transact("reclaim", func(w *writing, _ state) error {
		rows, err := w.conn.QueryContext(context.Background(),
			"SELECT p.pgno, p.data FROM dbstat AS d CROSS JOIN sqlite_dbpage AS p ON p.pgno = d.pageno WHERE d.name = 'summary' AND d.pagetype <> 'overflow'")
		if err != nil {
			return err
		}
		defer rows.Close()
		var dirty []int64
		for rows.Next() {
			var n int64
			var page sql.RawBytes
			if err := rows.Scan(&n, &page); err != nil {
				return err
			}
			if !clean(gap(page)) {
				dirty = append(dirty, n)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, n := range dirty {
			var page []byte
			if err := w.get("SELECT data FROM sqlite_dbpage WHERE pgno = ?", n).Scan(&page); err != nil {
				return err
			}
			if err := w.zeroGap(n, page); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writing) zeroGap(n int64, page []byte) error {
	b := gap(page)
	if clean(b) {
		return nil
	}
	clear(b)
	return w.exec("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", page, n)
}

// Types of pages, their first byte, that point to others.
const (
	innerIndex = 2
	innerTable = 5
)

// gap is what lies between the pointers of a page of a tree and its cells.
func gap(page []byte) []byte {
	head := 8
	if page[0] == innerIndex || page[0] == innerTable {
		head = 12
	}
	from, to := head+2*int(binary.BigEndian.Uint16(page[3:])), int(binary.BigEndian.Uint16(page[5:]))
	if to == 0 {
		to = 1 << 16
	}
	if from >= to || to > len(page) {
		return nil
	}
	return page[from:to]
}

func clean(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }
