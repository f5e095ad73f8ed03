package logstore

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/tabi-go/tabi/storage"
)

// A stored is a fact of the log, and what is to be known of it. It is never changed.
type stored struct {
	row
	key  storage.Key
	hash [16]byte // of the key
	fact storage.Fact
}

// An entry is a fact and where it stands in the log.
type entry struct {
	*stored
	seq  uint64
	gone bool
}

// replay applies the records and returns the facts that are left, in the order of commits,
// the next sequence number, and whether bytes of facts that are gone are there. No number
// is given twice: the record of an erasure stays, and comes after what it removed.
func (l *parsed) replay(memo *Memo) (left []entry, next uint64, unwept bool, err error) {
	all := make([]entry, 0, l.end/minFact)
	at := make(map[[16]byte]int, cap(all)) // index in all
	next = 1
	for _, r := range l.records {
		old := len(all)
		goes, facts, ok := r.decode(all, memo)
		all = facts
		for _, k := range goes {
			i, known := at[k]
			if ok = ok && known; ok {
				all[i].gone = true
				delete(at, k)
			}
		}
		for i := old; i < len(all); i++ {
			f := &all[i]
			_, known := at[f.hash]
			ok = ok && !known && f.seq >= next
			at[f.hash] = i
			next = f.seq + 1
		}
		if !ok {
			return nil, 0, false, &storage.CorruptError{Where: logName, Offset: r.off}
		}
		unwept = unwept || r.kind == erasureKind
	}
	return slices.DeleteFunc(all, func(f entry) bool { return f.gone }), next, unwept, nil
}

// minFact is how many bytes of a log hold a fact, at a guess.
const minFact = 100

// decode reads the payload, and appends its facts to all.
func (r record) decode(all []entry, memo *Memo) (goes [][16]byte, with []entry, ok bool) {
	b := r.payload
	if r.kind == erasureKind {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size)/16 {
			return nil, all, false
		}
		for b = b[size:]; n > 0; n-- {
			goes = append(goes, [16]byte(b))
			b = b[16:]
		}
	}
	seq := r.seq
	for len(b) > 0 {
		step, n1 := binary.Uvarint(b)
		received, n2 := binary.Varint(b[max(n1, 0):])
		size, n3 := binary.Uvarint(b[max(n1, 0)+max(n2, 0):])
		if n1 <= 0 || n2 <= 0 || n3 <= 0 || size > uint64(len(b)-n1-n2-n3) {
			return nil, all, false
		}
		end := n1 + n2 + n3 + int(size)
		seq += step
		f := memo.decode(b[n1:end], received, b[end-int(size):end])
		if f == nil {
			return nil, all, false
		}
		all = append(all, entry{stored: f, seq: seq})
		b = b[end:]
	}
	return goes, all, true
}

// decode is decodeFact, once for each text: ReceivedAt, length and body.
func (m *Memo) decode(text []byte, received int64, body []byte) *stored {
	if m == nil {
		return decodeFact(received, body)
	}
	f := m.known[string(text)]
	if f == nil {
		if f = decodeFact(received, body); f != nil {
			if m.known == nil {
				m.known = make(map[string]*stored)
			}
			m.known[string(text)] = f
		}
	}
	return f
}

// decodeFact is nil for what encodes no fact.
func decodeFact(received int64, body []byte) *stored {
	f, err := storage.DecodeFact(body)
	if err != nil {
		return nil
	}
	if f.Touch != nil && received != storage.NoTime {
		f.Touch.ReceivedAt = time.UnixMicro(received).UTC()
	}
	key := f.Key()
	return &stored{row{f.At().UnixMicro(), received, storage.HashBody(body), slices.Clone(body)}, key, key.Hash(), f}
}
