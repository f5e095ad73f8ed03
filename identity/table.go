package identity

import "slices"

// A table finds numbered things by hash: open addressing at most half full, 32 bits of
// the hash and the number in one word, so that most misses cost one cache line. The
// numbers are given by the owner; hashes never reach an output.
type table struct {
	slots []uint64 // tag<<32 | number+1; 0 is free
	n     int
}

func (t *table) clone() table { return table{slices.Clone(t.slots), t.n} }

// find returns the first number of the hash for which same is true.
func (t *table) find(h uint64, same func(uint32) bool) (uint32, bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	mask := uint64(len(t.slots) - 1)
	tag := h >> 32
	for i := tag & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			return 0, false
		}
		if s>>32 == tag && same(uint32(s)-1) {
			return uint32(s) - 1, true
		}
	}
}

// insert adds a number under a hash.
func (t *table) insert(h uint64, number uint32) {
	if 2*(t.n+1) > len(t.slots) {
		old := t.slots
		t.slots = make([]uint64, max(16, 2*len(old)))
		for _, s := range old {
			if s != 0 {
				t.put(s)
			}
		}
	}
	t.put(h&^0xFFFFFFFF | uint64(number+1))
	t.n++
}

func (t *table) put(s uint64) {
	mask := uint64(len(t.slots) - 1)
	i := s >> 32 & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

// mix spreads a 64-bit word over all bits (the finaliser of SplitMix64, Steele et al. 2014).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
