package logstore

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/tabi-go/tabi/storage"
)

// The log, all integers big-endian:
//
//	header   magic 8, id 8, CRC 4
//	record   magic 3, kind 1, length of the payload 4, sequence number 8, CRC of the id and
//	         these 4, CRC of the payload 4, payload
//	mark     magic 4, sequence number of the record before 8, CRC of the id and these 4
//
// The payload of an erasure begins with the number of facts that go and their 16-byte
// keys. Then come, in both kinds, facts: the distance to the sequence number before, the
// ReceivedAt in microseconds, the length, the encoding; the numbers are varints.
const (
	logMagic   = "tabilog1"
	magic      = "\xf1tb" // no text of a fact holds its first byte
	headerSize = 20
	recordHead = 24
	markSize   = 16

	factsKind   = 'F'
	erasureKind = 'E'
	markKind    = 'M'
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is the CRC of the log's id and some bytes: those of another log are no record here.
func sum(id uint64, b []byte) uint32 {
	return crc32.Update(crc32.Checksum(binary.BigEndian.AppendUint64(nil, id), castagnoli), castagnoli, b)
}

func appendHeader(b []byte, id uint64) []byte {
	start := len(b)
	b = append(b, logMagic...)
	b = binary.BigEndian.AppendUint64(b, id)
	return binary.BigEndian.AppendUint32(b, sum(id, b[start:]))
}

// appendMark says that the record of this number is durable.
func appendMark(b []byte, id, seq uint64) []byte {
	start := len(b)
	b = append(append(b, magic...), markKind)
	b = binary.BigEndian.AppendUint64(b, seq)
	return binary.BigEndian.AppendUint32(b, sum(id, b[start:]))
}

func isMark(b []byte, id uint64) bool {
	return len(b) >= markSize && b[3] == markKind && string(b[:3]) == magic &&
		binary.BigEndian.Uint32(b[12:]) == sum(id, b[:12])
}

// A writer makes a record.
type writer struct {
	b    []byte
	last uint64 // sequence number of the fact before
}

// newWriter begins a record whose first fact has this number. What goes is nil but for an
// erasure.
func newWriter(seq uint64, goes [][16]byte) *writer {
	w := &writer{make([]byte, recordHead, 1<<10), seq}
	copy(w.b, magic)
	w.b[3] = factsKind
	if goes != nil {
		w.b[3] = erasureKind
		w.b = binary.AppendUvarint(w.b, uint64(len(goes)))
		for _, k := range goes {
			w.b = append(w.b, k[:]...)
		}
	}
	binary.BigEndian.PutUint64(w.b[8:], seq)
	return w
}

func (w *writer) fact(seq uint64, received int64, body []byte) {
	w.b = binary.AppendUvarint(w.b, seq-w.last)
	w.b = binary.AppendVarint(w.b, received)
	w.b = binary.AppendUvarint(w.b, uint64(len(body)))
	w.b = append(w.b, body...)
	w.last = seq
}

func (w *writer) seq() uint64 { return binary.BigEndian.Uint64(w.b[8:]) }

// finish fills the head in and returns the record.
func (w *writer) finish(id uint64) []byte {
	binary.BigEndian.PutUint32(w.b[4:], uint32(len(w.b)-recordHead))
	binary.BigEndian.PutUint32(w.b[16:], sum(id, w.b[:16]))
	binary.BigEndian.PutUint32(w.b[20:], crc32.Checksum(w.b[recordHead:], castagnoli))
	return w.b
}

// A record is one of the log, as read.
type record struct {
	off     int64
	kind    byte
	seq     uint64
	payload []byte
}

func isHead(b []byte, id uint64) bool {
	return len(b) >= recordHead && string(b[:3]) == magic && (b[3] == factsKind || b[3] == erasureKind) &&
		binary.BigEndian.Uint32(b[16:]) == sum(id, b[:16])
}

// parseRecord reads the record at the beginning of b.
func parseRecord(b []byte, id uint64) (record, bool) {
	if !isHead(b, id) {
		return record{}, false
	}
	n := uint64(binary.BigEndian.Uint32(b[4:]))
	if n > uint64(len(b)-recordHead) {
		return record{}, false
	}
	r := record{kind: b[3], seq: binary.BigEndian.Uint64(b[8:]), payload: b[recordHead : recordHead+n]}
	return r, crc32.Checksum(r.payload, castagnoli) == binary.BigEndian.Uint32(b[20:])
}

// synced reports whether anything valid is in b: what stands before it was durable when
// that was written.
func synced(b []byte, id uint64) bool {
	for {
		i := bytes.Index(b, []byte(magic))
		if i < 0 {
			return false
		}
		if b = b[i:]; isHead(b, id) || isMark(b, id) {
			return true
		}
		b = b[1:]
	}
}

// A parsed log is its records and what is to be thought of its end.
type parsed struct {
	id      uint64
	records []record
	end     int64 // of the last record and its mark
	marked  bool  // the last record is known to be durable
	torn    bool  // behind it is the rest of a write that was never acknowledged
}

// parseLog finds the records of a log. A bad one that is no torn end is a *CorruptError.
func parseLog(data []byte) (parsed, error) {
	corrupt := func(off int64) error { return &storage.CorruptError{Where: logName, Offset: off} }
	if len(data) < headerSize || string(data[:8]) != logMagic {
		return parsed{}, corrupt(0)
	}
	l := parsed{id: binary.BigEndian.Uint64(data[8:]), end: headerSize, marked: true}
	if binary.BigEndian.Uint32(data[16:]) != sum(l.id, data[:16]) {
		return parsed{}, corrupt(8)
	}
	for l.end < int64(len(data)) {
		r, ok := parseRecord(data[l.end:], l.id)
		if !ok {
			if l.torn = true; synced(data[l.end+1:], l.id) {
				return l, corrupt(l.end)
			}
			return l, nil
		}
		r.off = l.end
		l.records = append(l.records, r)
		l.end += recordHead + int64(len(r.payload))
		l.marked = isMark(data[min(l.end, int64(len(data))):], l.id)
		l.end += markSize
	}
	return l, nil
}
