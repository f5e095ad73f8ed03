package memstore

import "encoding/binary"

const (
	firstArena = 8 << 10
	arenaSize  = 256 << 10
	header     = 8 // bytes before a body: its row and its length
)

// arenas hold the bodies; each is twice as long as the one before it, up to arenaSize. A
// body longer than an arena has one of its own.
type arenas []arena

type arena struct {
	buf  []byte // length: bytes in use; nil once everything in it was erased
	kept int    // bytes of bodies that are not erased, headers included
}

// put copies a body and returns its place, in the live state.
func (a *arenas) put(row uint32, body []byte) uint64 {
	need := header + len(body)
	last := len(*a) - 1
	if last < 0 || cap((*a)[last].buf)-len((*a)[last].buf) < need {
		*a = append(*a, arena{buf: make([]byte, 0, max(min(arenaSize, firstArena<<min(last+1, 5)), need))})
		last++
	}
	x := &(*a)[last]
	off := len(x.buf)
	x.buf = binary.LittleEndian.AppendUint32(x.buf, row)
	x.buf = binary.LittleEndian.AppendUint32(x.buf, uint32(len(body)))
	x.buf = append(x.buf, body...)
	x.kept += need
	return uint64(last)<<22 | uint64(off)<<2
}

// body returns the bytes of a row, which belong to the arena.
func (a arenas) body(r *row) []byte {
	buf := a[r.place>>22].buf
	off := r.place >> 2 & (1<<20 - 1)
	return buf[off+header:][:binary.LittleEndian.Uint32(buf[off+4:])]
}

// wipe overwrites the body of a row with zeros.
func (a arenas) wipe(r *row) {
	x := &a[r.place>>22]
	body := a.body(r)
	clear(body)
	if x.kept -= header + len(body); x.kept == 0 {
		x.buf = nil
	}
}

// rewrite moves what is left in arenas less than half full of it, and lets them go.
func (s *Store) rewrite() {
	for i := range len(s.bodies) - 1 { // the last one is being filled
		old := s.bodies[i].buf
		if len(old) == 0 || s.bodies[i].kept*2 >= len(old) {
			continue
		}
		for rest := old; len(rest) > 0; {
			ref, n := binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint32(rest[4:])
			if r := s.rows.at(ref); r != nil && r.state() != dead && r.place>>22 == uint64(i) {
				state := r.state()
				r.place = s.bodies.put(ref, rest[header:header+n]) | state
			}
			rest = rest[header+n:]
		}
		clear(old)
		s.bodies[i] = arena{}
	}
}
