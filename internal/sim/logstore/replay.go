package logstore

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/tabi-go/tabi/storage"
)

// A stored is a fact of the log.
type stored struct {
	place
	row
	hash [16]byte
	fact storage.Fact
	gone bool
}

// replay applies the records and returns the facts that are left, in the order of commits,
// the next sequence number, and whether bytes of facts that are gone are there. No number
// is given twice: the record of an erasure stays, and comes after what it removed.
func (l *parsed) replay() (left []stored, next uint64, unwept bool, err error) {
	var all []stored
	at := make(map[[16]byte]int) // index in all
	next = 1
	for _, r := range l.records {
		goes, facts, ok := r.decode()
		for _, k := range goes {
			i, known := at[k]
			if ok = ok && known; ok {
				all[i].gone = true
				delete(at, k)
			}
		}
		for _, f := range facts {
			_, known := at[f.hash]
			ok = ok && !known && f.seq >= next
			at[f.hash] = len(all)
			all = append(all, f)
			next = f.seq + 1
		}
		if !ok {
			return nil, 0, false, &storage.CorruptError{Where: logName, Offset: r.off}
		}
		unwept = unwept || r.kind == erasureKind
	}
	return slices.DeleteFunc(all, func(f stored) bool { return f.gone }), next, unwept, nil
}

// decode reads the payload.
func (r record) decode() (goes [][16]byte, facts []stored, ok bool) {
	b := r.payload
	if r.kind == erasureKind {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size)/16 {
			return nil, nil, false
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
			return nil, nil, false
		}
		b = b[n1+n2+n3:]
		seq += step
		f, ok := decodeFact(seq, received, b[:size])
		if !ok {
			return nil, nil, false
		}
		facts = append(facts, f)
		b = b[size:]
	}
	return goes, facts, true
}

func decodeFact(seq uint64, received int64, body []byte) (stored, bool) {
	f, err := storage.DecodeFact(body)
	if err != nil {
		return stored{}, false
	}
	if f.Touch != nil && received != storage.NoTime {
		f.Touch.ReceivedAt = time.UnixMicro(received).UTC()
	}
	key := f.Key()
	return stored{place: place{seq, key}, row: row{f.At().UnixMicro(), storage.HashBody(body)}, hash: key.Hash(), fact: f}, true
}
