package memstore

import (
	"bytes"
	"fmt"
	"io"
	"unsafe"
)

// Bytes returns the memory in which a store keeps facts.
func Bytes(s *Store) []io.ReadCloser {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []io.ReadCloser
	add := func(b []byte) { out = append(out, io.NopCloser(bytes.NewReader(bytes.Clone(b)))) }
	for _, a := range s.bodies {
		add(a.buf[:cap(a.buf)])
	}
	for _, b := range s.rows.blocks {
		if b.rows != nil {
			add(unsafe.Slice((*byte)(unsafe.Pointer(&b.rows[0])), len(b.rows)*int(unsafe.Sizeof(row{}))))
		}
	}
	for name := range s.byName {
		add([]byte(name))
	}
	for id := range s.members {
		add([]byte(id.Value()))
	}
	for _, g := range s.groups {
		if g != nil {
			add([]byte(g.name))
		}
	}
	add([]byte(fmt.Sprint(s.list)))
	return out
}

// Flip damages a bit of a body, and mends it when called again.
func Flip(s *Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[0].buf[len(s.bodies[0].buf)/2] ^= 4
}

// Held returns how many bytes the bodies take, and how many blocks of rows are kept.
func Held(s *Store) (bodies, blocks int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, a := range s.bodies {
		bodies += cap(a.buf)
	}
	for _, b := range s.rows.blocks {
		if b.rows != nil {
			blocks++
		}
	}
	return bodies, blocks
}

// Rows returns for how many rows there is room.
func Rows(s *Store) (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, b := range s.rows.blocks {
		n += len(b.rows)
	}
	return n
}

// Damages are ways in which the tables of a store with facts may contradict each other.
var Damages = map[string]func(*Store){
	"a key that leads nowhere":         func(s *Store) { s.keys.drop(&s.rows.at(1).key, 1) },
	"a key of no fact":                 func(s *Store) { s.keys.put(&[16]byte{1}, 0) },
	"a fact that its group has not":    func(s *Store) { s.groups[0].refs = s.groups[0].refs[1:] },
	"a group of no fact":               func(s *Store) { s.groups[1].refs = nil },
	"a group without a name":           func(s *Store) { delete(s.byName, s.groups[0].name) },
	"a group its identifier has not":   func(s *Store) { s.members[s.groups[0].ids[0]] = nil },
	"an identifier of an erased group": func(s *Store) { s.groups[0] = nil },
	"another count of facts":           func(s *Store) { s.live++ },
	"a fact that is in no order": func(s *Store) {
		s.order.runs[0].at, s.order.runs[0].ref = s.order.runs[0].at[1:], s.order.runs[0].ref[1:]
	},
	"a fact of another instant": func(s *Store) { s.rows.at(1).at++ },
	"facts in another order": func(s *Store) {
		r := s.order.runs[0]
		r.at[0], r.at[1], r.ref[0], r.ref[1] = r.at[1], r.at[0], r.ref[1], r.ref[0]
	},
}
