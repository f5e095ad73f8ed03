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
