package identity

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"iter"
	"slices"
)

// Components finds connected components of plain keys: the bulk path, without evidence,
// rules, times or undo. Its cost is the looking up of keys; per key of 49 bytes it holds
// some 80 bytes. Text and number keys do not mix: the text "7" and the number 7 are two
// keys, each with numbers of its own. The zero value is ready. Not safe for concurrent
// use; work may be split over several Components that are merged.
type Components struct {
	text    keyStore
	nums    []uint64
	numSlot table
	texts   forest
	numbers forest

	pending [pairBatch]struct{ a, b string }
	waiting int
}

// pairBatch is the number of pairs looked up together. Each step of a look-up (slot,
// offset, bytes) is done for all of them before the next, so that the waits for memory
// overlap; one by one they add up.
const pairBatch = 64

// Add says that a and b are of one component; Add(a, a) makes a known.
func (c *Components) Add(a, b string) {
	c.pending[c.waiting].a, c.pending[c.waiting].b = a, b
	if c.waiting++; c.waiting == pairBatch {
		c.flush()
	}
}

// AddKeys is Add for number keys.
func (c *Components) AddKeys(a, b uint64) {
	x := c.numberKey(a)
	y := x
	if a != b {
		y = c.numberKey(b)
	}
	c.numbers.union(x, y)
}

func (c *Components) numberKey(k uint64) uint32 {
	h := mix(k + 0x9e3779b97f4a7c15)
	if i, ok := c.numSlot.find(h, func(i uint32) bool { return c.nums[i] == k }); ok {
		return i
	}
	c.nums = append(c.nums, k)
	c.numSlot.insert(h, uint32(len(c.nums)-1))
	return c.numbers.add()
}

// flush looks up what waits.
func (c *Components) flush() {
	n := c.waiting
	c.waiting = 0
	var keys [2 * pairBatch]string
	var ends [pairBatch][2]uint8 // where the keys of each pair stand
	m := 0
	for i, p := range c.pending[:n] {
		keys[m], ends[i] = p.a, [2]uint8{uint8(m), uint8(m)}
		m++
		if p.a != p.b {
			keys[m], ends[i][1] = p.b, uint8(m)
			m++
		}
		c.pending[i].a, c.pending[i].b = "", ""
	}
	var found [2 * pairBatch]uint32
	c.text.lookUp(keys[:m], found[:m])
	for range len(c.text.offsets) - len(c.texts) {
		c.texts.add()
	}
	near := uint32(0)
	for _, x := range found[:m] {
		near += c.texts[x] // brings the parents near, all at once
	}
	c.text.warm(byte(near))
	for i := range n {
		c.texts.union(found[ends[i][0]], found[ends[i][1]])
	}
}

// Len returns the number of keys.
func (c *Components) Len() int {
	c.flush()
	return len(c.texts) + len(c.numbers)
}

// Count returns the number of components.
func (c *Components) Count() int {
	c.flush()
	return c.texts.count() + c.numbers.count()
}

// Find returns the number of a key's component: the place, from 0, at which its first
// key was added. It is false for an unknown key.
func (c *Components) Find(key string) (int, bool) {
	c.flush()
	i, ok := c.text.find(key)
	if !ok {
		return 0, false
	}
	return int(c.texts.find(i)), true
}

// FindKey is Find for number keys.
func (c *Components) FindKey(key uint64) (int, bool) {
	i, ok := c.numSlot.find(mix(key+0x9e3779b97f4a7c15), func(i uint32) bool { return c.nums[i] == key })
	if !ok {
		return 0, false
	}
	return int(c.numbers.find(i)), true
}

// All walks text keys with the numbers of their components, in the order of adding.
func (c *Components) All() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		c.flush()
		for i := range uint32(len(c.texts)) {
			if !yield(string(c.text.key(i)), int(c.texts.find(i))) {
				return
			}
		}
	}
}

// AllKeys walks number keys with the numbers of their components, in the order of adding.
func (c *Components) AllKeys() iter.Seq2[uint64, int] {
	return func(yield func(uint64, int) bool) {
		for i := range uint32(len(c.numbers)) {
			if !yield(c.nums[i], int(c.numbers.find(i))) {
				return
			}
		}
	}
}

// Merge adds every pair of o. The components do not depend on the order of merging,
// their numbers do.
func (c *Components) Merge(o *Components) {
	o.flush()
	for i := range uint32(len(o.texts)) {
		c.Add(string(o.text.key(i)), string(o.text.key(o.texts.find(i))))
	}
	for i := range uint32(len(o.numbers)) {
		c.AddKeys(o.nums[i], o.nums[o.numbers.find(i)])
	}
}

// MarshalBinary returns the components: equal ones give equal bytes, however they were
// added. A version byte, then the keys in order, each with the place of the least key of
// its component.
func (c *Components) MarshalBinary() ([]byte, error) {
	c.flush()
	e := &encoder{[]byte{encodingVersion}}
	order := orderOf(len(c.texts), func(a, b uint32) int { return bytes.Compare(c.text.key(a), c.text.key(b)) })
	least := leastOf(order, c.texts)
	e.num(int64(len(order)))
	for i, x := range order {
		e.num(int64(least[i]))
		k := c.text.key(x)
		e.b = append(binary.AppendUvarint(e.b, uint64(len(k))), k...)
	}
	order = orderOf(len(c.numbers), func(a, b uint32) int { return cmp.Compare(c.nums[a], c.nums[b]) })
	least = leastOf(order, c.numbers)
	e.num(int64(len(order)))
	for i, x := range order {
		e.num(int64(least[i]))
		e.b = binary.AppendUvarint(e.b, c.nums[x])
	}
	return e.b, nil
}

// UnmarshalBinary replaces the components by encoded ones; [ErrCorrupt] changes nothing.
func (c *Components) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != encodingVersion {
		return ErrCorrupt
	}
	d := &decoder{b: b[1:]}
	n := new(Components)
	var texts []string
	for i := range d.many() {
		least, k := d.num(), d.text()
		texts = append(texts, k)
		if d.bad || least < 0 || least > int64(i) {
			return ErrCorrupt
		}
		n.Add(texts[least], k)
	}
	for i := range d.many() {
		least := d.num()
		v, size := binary.Uvarint(d.b)
		if d.bad || size <= 0 || least < 0 || least > int64(i) {
			return ErrCorrupt
		}
		d.b = d.b[size:]
		if int(least) == i {
			n.AddKeys(v, v)
		} else {
			n.AddKeys(n.nums[min(int(least), len(n.nums)-1)], v)
		}
	}
	if again, _ := n.MarshalBinary(); d.bad || !bytes.Equal(again, b) {
		return ErrCorrupt
	}
	*c = *n
	return nil
}

func orderOf(n int, compare func(a, b uint32) int) []uint32 {
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, compare)
	return order
}

// leastOf returns for each place of an order the first place of its component.
func leastOf(order []uint32, f forest) []int {
	first := make(map[uint32]int)
	least := make([]int, len(order))
	for i, x := range order {
		root := f.find(x)
		if _, ok := first[root]; !ok {
			first[root] = i
		}
		least[i] = first[root]
	}
	return least
}

// A forest is a disjoint-set forest: each element's parent. The root of a component is
// its least element.
type forest []uint32

func (f *forest) add() uint32 {
	*f = append(*f, uint32(len(*f)))
	return uint32(len(*f) - 1)
}

func (f forest) find(x uint32) uint32 {
	for f[x] != x {
		f[x] = f[f[x]]
		x = f[x]
	}
	return x
}

func (f forest) union(x, y uint32) {
	x, y = f.find(x), f.find(y)
	if x < y {
		f[y] = x
	} else {
		f[x] = y
	}
}

func (f forest) count() (n int) {
	for i, p := range f {
		if uint32(i) == p {
			n++
		}
	}
	return n
}

// A keyStore numbers texts. Their bytes stand back to back in chunks, each behind its
// length.
type keyStore struct {
	slots   table
	offsets []uint64 // chunk<<chunkBits | place
	chunks  [][]byte
}

const chunkBits = 20

// at returns the bytes from an offset on.
func (k *keyStore) at(offset uint64) []byte {
	return k.chunks[offset>>chunkBits][offset&(1<<chunkBits-1):]
}

func (k *keyStore) key(i uint32) []byte {
	b := k.at(k.offsets[i])
	if b[0] < 0x80 {
		return b[1 : 1+b[0]]
	}
	n, size := binary.Uvarint(b)
	return b[size : uint64(size)+n]
}

func (k *keyStore) find(key string) (uint32, bool) {
	return k.findHashed(key, maphash.String(hashSeed, key))
}

// lookUp numbers keys, new ones in their order.
func (k *keyStore) lookUp(keys []string, found []uint32) {
	var hashes, slots [2 * pairBatch]uint64
	for i, key := range keys {
		hashes[i] = maphash.String(hashSeed, key)
	}
	// The next three loops only bring the memory of the look-ups near, all at once.
	if len(k.slots.slots) > 0 {
		mask := uint64(len(k.slots.slots) - 1)
		for i := range keys {
			slots[i] = k.slots.slots[hashes[i]>>32&mask]
		}
		for i := range keys {
			if s := slots[i]; s>>32 == hashes[i]>>32 && s != 0 {
				slots[i] = k.offsets[uint32(s)-1]
			} else {
				slots[i] = 0
			}
		}
		near := byte(0)
		for i := range keys {
			if slots[i] != 0 {
				near += k.at(slots[i])[0]
			}
		}
		k.warm(near)
	}
	for i, key := range keys {
		n, ok := k.findHashed(key, hashes[i])
		if !ok {
			n = k.insert(key, hashes[i])
		}
		found[i] = n
	}
}

// findHashed is table.find with the comparison written out: it is the hot loop.
func (k *keyStore) findHashed(key string, h uint64) (uint32, bool) {
	slots := k.slots.slots
	if len(slots) == 0 {
		return 0, false
	}
	mask, tag := uint64(len(slots)-1), h>>32
	for i := tag & mask; ; i = (i + 1) & mask {
		s := slots[i]
		if s == 0 {
			return 0, false
		}
		if n := uint32(s) - 1; s>>32 == tag && string(k.key(n)) == key {
			return n, true
		}
	}
}

// warm keeps the compiler from leaving the reads out.
//
//go:noinline
func (k *keyStore) warm(byte) {}

func (k *keyStore) insert(key string, h uint64) uint32 {
	last := len(k.chunks) - 1
	if last < 0 || len(k.chunks[last])+len(key)+binary.MaxVarintLen64 > cap(k.chunks[last]) {
		k.chunks = append(k.chunks, make([]byte, 0, max(1<<chunkBits, len(key)+binary.MaxVarintLen64)))
		last++
	}
	c := k.chunks[last]
	i := uint32(len(k.offsets))
	k.offsets = append(k.offsets, uint64(last)<<chunkBits|uint64(len(c)))
	k.chunks[last] = append(binary.AppendUvarint(c, uint64(len(key))), key...)
	k.slots.insert(h, i)
	return i
}
