package memstore

import (
	"sync"

	"github.com/tabi-go/tabi/storage"
)

// A row is one fact, 64 bytes without a pointer. Its index is its place in the order of
// commits, which never changes and is never used again.
type row struct {
	key, sum     [16]byte
	at, received int64
	place        uint64 // arena<<22 | offset<<2 | state
	group        uint32
	origin       uint32 // 1 + index of the row it replaced; 0 = none
}

// The states of a row.
const (
	live   = iota // reads see it
	hidden        // on the work list of an erasure
	dead          // purged: everything else is zero
)

func (r *row) state() uint64      { return r.place & 3 }
func (r *row) setState(st uint64) { r.place = r.place&^3 | st }

const (
	blockRows = 4096
	firstRows = 64 // of the first block at first
)

type block struct {
	rows []row // with room for blockRows, but in the first block of a small store
	kept int   // rows that are not dead
}

// rows are kept in blocks, so that growing copies nothing but the first of them, which
// doubles from small: many stores hold little. A block whose rows are all dead is let go.
type rows struct {
	blocks []block
	n      uint32
}

// at returns a row, nil if it was purged with its whole block. It moves when rows are added.
func (r *rows) at(i uint32) *row {
	if list := r.blocks[i/blockRows].rows; list != nil {
		return &list[i%blockRows]
	}
	return nil
}

func (r *rows) add() (uint32, *row) {
	i := r.n % blockRows
	if i == 0 {
		r.blocks = append(r.blocks, block{})
	}
	b := &r.blocks[r.n/blockRows]
	if int(i) == len(b.rows) {
		size := blockRows
		if r.n < blockRows {
			size = max(firstRows, 2*len(b.rows))
		}
		old := b.rows
		b.rows = make([]row, size)
		copy(b.rows, old)
		clear(old)
	}
	b.kept++
	r.n++
	return r.n - 1, &b.rows[i]
}

// bury wipes a row.
func (r *rows) bury(i uint32) {
	b := &r.blocks[i/blockRows]
	b.rows[i%blockRows] = row{place: dead}
	if b.kept--; b.kept == 0 && i/blockRows < r.n/blockRows {
		b.rows = nil
	}
}

// visible reports whether a view of the first n rows sees row i: it was there, or it
// replaces one that was.
func (r *rows) visible(i, n uint32) bool {
	x := r.at(i)
	return x != nil && x.state() == live && (i < n || x.origin > 0 && x.origin-1 < n)
}

// copies are rows taken out of the store, to be decoded without its lock. They are used
// again; what was in them is wiped first.
type copies struct {
	rows   []storage.Row // Sum, At, Received and Body
	bodies []byte        // one after another
}

var copied = sync.Pool{New: func() any { return new(copies) }}

func (c *copies) wipe() {
	clear(c.rows)
	clear(c.bodies)
	c.rows, c.bodies = c.rows[:0], c.bodies[:0]
}

// release lets another call use them, unless they are very large.
func (c *copies) release() {
	if c.wipe(); cap(c.bodies) <= 4*chunkSize {
		copied.Put(c)
	}
}

// A table finds rows by key: open addressing with linear probing. A slot holds 32 bits of
// the key, which also say where it belongs, and 1 + the row's index; so neither a miss nor
// growing touches the rows.
type table struct {
	slots []uint64
	used  int
	shift uint
}

func fragment(key *[16]byte) uint64 {
	return uint64(key[0])<<24 | uint64(key[1])<<16 | uint64(key[2])<<8 | uint64(key[3])
}

// find returns the row of a key.
func (t *table) find(key *[16]byte, rs *rows) (uint32, bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	f := fragment(key)
	for i := f >> t.shift; ; i++ {
		slot := t.slots[i&uint64(len(t.slots)-1)]
		if slot == 0 {
			return 0, false
		}
		if slot>>32 == f {
			if ref := uint32(slot) - 1; rs.at(ref).key == *key {
				return ref, true
			}
		}
	}
}

// put adds a key that is not there.
func (t *table) put(key *[16]byte, ref uint32) {
	if t.used*4 >= len(t.slots)*3 {
		t.grow()
	}
	t.used++
	t.place(fragment(key)<<32 | uint64(ref+1))
}

func (t *table) place(slot uint64) {
	i := slot >> 32 >> t.shift
	for ; t.slots[i&uint64(len(t.slots)-1)] != 0; i++ {
	}
	t.slots[i&uint64(len(t.slots)-1)] = slot
}

func (t *table) grow() {
	old := t.slots
	if len(old) == 0 {
		t.slots, t.shift = make([]uint64, 64), 32-6
		return
	}
	t.slots = make([]uint64, 2*len(old))
	t.shift--
	for _, slot := range old {
		if slot != 0 {
			t.place(slot)
		}
	}
}

// drop takes the slot of a key that leads to ref out, moving later ones up.
func (t *table) drop(key *[16]byte, ref uint32) {
	mask := uint64(len(t.slots) - 1)
	i := fragment(key) >> t.shift
	for ; t.slots[i&mask] != fragment(key)<<32|uint64(ref+1); i++ {
		if t.slots[i&mask] == 0 {
			return // the key leads to a later row
		}
	}
	t.used--
	hole := i & mask
	for j := (hole + 1) & mask; t.slots[j] != 0; j = (j + 1) & mask {
		home := t.slots[j] >> 32 >> t.shift
		if (j-home)&mask >= (j-hole)&mask {
			t.slots[hole], hole = t.slots[j], j
		}
	}
	t.slots[hole] = 0
}

// point makes a key that is there lead to another row.
func (t *table) point(key *[16]byte, from, to uint32) {
	mask := uint64(len(t.slots) - 1)
	for i := fragment(key) >> t.shift; ; i++ {
		if p := &t.slots[i&mask]; *p == fragment(key)<<32|uint64(from+1) {
			*p = fragment(key)<<32 | uint64(to+1)
			return
		}
	}
}
