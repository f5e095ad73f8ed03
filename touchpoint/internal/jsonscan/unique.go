package jsonscan

import (
	"strings"
	"unicode"
)

// fewKeys is the number of members up to which a key is compared with those before it
// that have its hash; more of them go through a map, whatever their hashes.
const fewKeys = 64

// keyHash returns the hash of a key, given with its quotes: of its length and three of
// its letters, which tell most keys of one object apart.
func (d *Doc) keyHash(start, end int, escaped bool) uint8 {
	k := d.text[start+1 : end-1]
	if escaped || !d.ascii && !ascii(k) {
		k = FoldKey(d.decode(int32(start), int32(end), escaped))
	}
	if k == "" {
		return 0
	}
	letter := func(i int) uint32 { return uint32(k[i] | 0x20) } // which makes ASCII lower case
	h := uint32(len(k))*0x9E3779B1 ^ letter(0)*0x85EBCA77 ^ letter(len(k)/2)*0xC2B2AE3D ^ letter(len(k)-1)*0x27D4EB2F
	return uint8(h >> 24)
}

// repeats reports whether a member of the object at parent before child has child's key,
// whatever the case.
func (d *Doc) repeats(parent, child int) bool {
	n := &d.nodes[child]
	key := d.decode(n.keyStart, n.keyEnd, n.keyEscaped)
	for o := parent + 1; o != child; o = int(d.nodes[o].next) {
		if p := &d.nodes[o]; p.hash == n.hash && strings.EqualFold(key, d.decode(p.keyStart, p.keyEnd, p.keyEscaped)) {
			return true
		}
	}
	return false
}

// unique refuses two keys of the object at parent that are equal but for case.
func (d *Doc) unique(parent int) *Error {
	obj := Value{d, parent}
	seen := make(map[string]bool, obj.Len())
	for m := obj.First(); m.OK(); m = m.Next() {
		k := FoldKey(m.Key())
		if seen[k] {
			return &Error{"duplicate_key", int(d.nodes[m.i].keyStart)}
		}
		seen[k] = true
	}
	return nil
}

// FoldKey maps keys that differ by case only to one text.
func FoldKey(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}
